"""How files are kept: restricted, opened by exception, watched, exported by two people, merged and taken apart."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from kernel import clock
from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, Forbidden, RuleRefused
from kernel.files.storage import media
from kernel.parameters.actions import set_parameter
from services.appointments.models import Appointment
from services.cashier.models import Receipt
from services.catalogue.actions import ensure_item
from services.patients import actions, doubles, exporting, merging, reading, restriction, selectors
from services.patients.models import ContactChange, Patient, PatientDistinction, PatientExport, PatientRelation
from services.policy.models import OverrideRecord
from services.records.actions import add_note, record_treatment
from services.records.models import ClinicalNote, Treatment
from services.tasks.models import Task
from tests.services.doors import SYSTEM, api, browser, person, staff, statements
from tests.services.flow import booked, center, local, patient

LIN, DOU, GAO, BAI = "dr.lin", "dou.heng", "gao.wen", "bai.lan"


@pytest.fixture(autouse=True)
def monday(smile: Any, at: Any) -> Any:
    at("2026-12-07 10:05")
    return at


def restrict(who: Patient) -> None:
    restriction.restrict_file(by=person(DOU), patient=who, reason="患者提出异议", until=local("2026-12-31 18:00"))
    who.refresh_from_db()


# --- restriction and exception (CR-006) -------------------------------------------------------------------------------


@pytest.mark.ledger("CR-006")
def test_a_restricted_file_is_opened_by_exception_only_for_a_while(monday: Any) -> None:
    who = patient("陈雨", phone="13812344417")
    restrict(who)
    doctor, desk, file = browser(LIN), browser(BAI), f"/patients/{who.code}/"

    for client in (doctor, desk, browser(DOU)):
        for url in (file, f"/records/patients/{who.code}/", f"/consents/patients/{who.code}/"):
            assert client.get(url).status_code == 403
    assert api(LIN).get(f"/api/v1/patients/{who.code}/").json()["code"] == "file_restricted"
    with pytest.raises(Forbidden):
        actions.reveal_phone(by=person(LIN), patient=who)
    assert f"{file}exception/" in doctor.get(file).content.decode()

    assert doctor.post(f"{file}exception/", {"reason": ""}).status_code == 422
    assert desk.post(f"{file}exception/", {"reason": "想看看"}).status_code == 403
    assert doctor.post(f"{file}exception/", {"reason": "急诊，昏迷"}).status_code == 303

    assert doctor.get(file).status_code == 200
    assert AuditEntry.objects.filter(verb="read", target_code=who.code, purpose="exception").exists()
    assert browser("dr.xu").get(file).status_code == 403  # open for who gave the reason, for nobody else
    record = OverrideRecord.objects.get()
    assert (record.gate, record.by_name, record.review) == ("patients.restricted_file", "林医生", "open")
    alert = Task.objects.get(kind="policy.law_overridden")
    assert set(alert.roles) == {"clinic_director", "dean"}
    assert "急诊，昏迷" in browser(DOU).get(f"/policy/exceptions/{record.code}/").content.decode()
    monday("2026-12-07 11:05")
    assert doctor.get(file).status_code == 403
    monday("2026-12-31 18:00")
    assert doctor.get(file).status_code == 200  # a restriction ends by itself


@pytest.mark.ledger("CR-006")
def test_lists_name_no_restricted_file_but_the_desk_of_the_day_goes_on(monday: Any) -> None:
    canary = "金丝雀"
    who, twin = patient(canary), patient(canary)
    booked(who, "2026-12-07 15:00")
    booked(who, "2026-12-09 10:00")
    desk, number = browser(GAO), who.record_number
    pages = ("/patients/", f"/patients/?q={number}", "/patients/doubles/", "/appointments/?day=2026-12-09")
    assert all(canary in desk.get(page).content.decode() for page in pages)

    restrict(who)
    restrict(twin)
    for page in pages:
        assert canary not in desk.get(page).content.decode(), page
    for query in ("", f"?q={number}"):
        answer = api(GAO).get(f"/api/v1/patients/{query}")
        assert canary not in answer.content.decode()
        assert number in answer.content.decode()
    assert canary in desk.get("/appointments/?day=2026-12-07").content.decode()
    assert canary in browser(DOU).get("/patients/").content.decode()  # who restricts has to know whom
    assert Patient.objects.filter(name=canary).count() == 2


@pytest.mark.ledger("CR-006")
def test_a_restriction_says_who_and_why_and_is_lifted_with_a_reason() -> None:
    who = patient("陈雨")
    with pytest.raises(Forbidden):
        restriction.restrict_file(by=person(GAO), patient=who, reason="x", until=local("2026-12-31 18:00"))
    with pytest.raises(RuleRefused) as past:
        restriction.restrict_file(by=person(DOU), patient=who, reason="x", until=local("2026-12-07 10:05"))
    assert past.value.code == "until_in_the_past"
    dean, page = browser(DOU), f"/patients/{who.code}/keeping/"
    assert dean.post(f"/patients/{who.code}/restrict/", {"reason": "患者提出异议", "until": "2026-12-20"}).status_code == 303  # fmt: skip
    assert "患者提出异议" in dean.get(page).content.decode()
    assert who.record_number in dean.get("/patients/restricted/").content.decode()
    with pytest.raises(Conflict):
        restrict(who)
    assert dean.post(f"/patients/{who.code}/lift/", {"reason": ""}).status_code == 422
    assert dean.post(f"/patients/{who.code}/lift/", {"reason": "异议已处理"}).status_code == 303
    assert browser(LIN).get(f"/patients/{who.code}/").status_code == 200
    with pytest.raises(Conflict) as open_already:
        restriction.open_by_exception(by=person(LIN), patient=Patient.objects.get(pk=who.pk), site=center(), reason="x")
    assert open_already.value.code == "not_restricted"


@pytest.mark.ledger("CR-006")
def test_whoever_opens_unusually_many_files_is_noticed() -> None:
    set_parameter(by=SYSTEM, key="view_alarm_per_hour", value=5)
    files = [patient(f"患者{number}") for number in range(6)]
    doctor = person(LIN)
    for who in (*files[:5], *files[:5]):
        reading.note_read(doctor, who)
    assert not Task.objects.filter(kind=reading.VIEW_ALARM).exists()
    reading.note_read(doctor, files[5])
    task = Task.objects.get(kind=reading.VIEW_ALARM)
    assert (task.args["name"], set(task.roles)) == ("林医生", {"clinic_director", "dean"})
    page = browser(DOU).get("/patients/readers/")
    assert [row["alarms"] for row in page.context["rows"] if row["actor_name"] == LIN] == [1]
    assert browser(BAI).get("/patients/readers/").status_code == 403


# --- export by two people ---------------------------------------------------------------------------------------------


@pytest.mark.ledger("CR-006")
def test_one_person_asks_for_an_export_and_another_releases_it(monday: Any) -> None:
    who = patient("陈雨", phone="13812344417", address="南京西路 1 号")
    add_note(by=person(LIN), site=center(), patient=who, author=staff("011"), text="36 远中龋")
    booked(who, "2026-12-09 10:00")
    assert browser(BAI).post(f"/patients/{who.code}/export/", {"purpose": "transfer", "words": ""}).status_code == 422
    own = exporting.ask_export(by=person(GAO), patient=who, purpose="patient")
    with pytest.raises(Conflict):
        exporting.ask_export(by=person(BAI), patient=who, purpose="patient")

    with pytest.raises(Forbidden) as refused:
        exporting.release_export(by=person(GAO), export=own)
    assert refused.value.code == "export_own_request"
    with pytest.raises(IntegrityError, match="patients_export_two_people"), transaction.atomic():
        PatientExport.objects.filter(pk=own.pk).update(decided_by=own.asked_by)
    with pytest.raises(Forbidden):
        exporting.release_export(by=person(BAI), export=own)

    dean = browser(DOU)
    assert dean.post(f"/patients/exports/{own.code}/release/").status_code == 303
    own.refresh_from_db()
    data = json.loads(media().open(own.data_file.location).read())
    assert data["patients.patient"][0]["phone"] == "13812344417"
    assert data["records.clinicalnote"][0]["text"] == "36 远中龋"
    assert data["appointments.appointment"][0]["starts_at"].startswith("2026-12-09")
    assert not [row for rows in data.values() for row in rows if "id" in row or "phone_index" in row]
    assert "36 远中龋" in media().open(own.readable_file.location).read().decode()

    file = f"/files/{own.data_file.code}/"
    assert dean.get(file).status_code == 200
    assert browser(BAI).get(file).status_code == 404
    assert AuditEntry.objects.get(verb="patients.exported").data["sha256"] == own.data_file.sha256
    assert "13812344417" not in str(list(AuditEntry.objects.values_list("data", flat=True)))
    monday("2026-12-14 10:05")
    assert dean.get(file).status_code == 404  # seven days and no longer
    assert dean.get("/patients/exports/").status_code == 200


# --- merging (CR-001) -------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CR-001")
def test_two_files_of_one_person_become_one_and_apart_again(monday: Any) -> None:
    item = ensure_item(by=SYSTEM, key="test-filling", name_zh="试验充填", category="treatment", price_fen=42_000)
    kept = patient("陈雨", phone="13812344417")
    double = patient("陈雨", phone="13812344418")
    mother = patient("陈母", stated_age=55)
    add_note(by=person(LIN), site=center(), patient=kept, author=staff("011"), text="甲")
    moved_note = add_note(by=person(LIN), site=center(), patient=double, author=staff("011"), text="乙")
    treatment = record_treatment(by=person(LIN), site=center(), patient=double, doctor=staff("011"), item=item)
    visit = booked(double, "2026-12-09 10:00")
    actions.update_contact(by=person(BAI), patient=double, phone="13812344419", address="")
    for who in (kept, double):
        actions.add_relation(by=person(BAI), patient=who, kind="mother", relative=mother)
    before = snapshot()

    assert any({one.pk, other.pk} == {kept.pk, double.pk} for one, other, _shared in doubles.proposed_pairs())
    with pytest.raises(Forbidden):
        merging.merge_patients(by=person(BAI), survivor=kept, merged=double, reason="同一人")
    with pytest.raises(RuleRefused):
        merging.merge_patients(by=person(GAO), survivor=kept, merged=kept, reason="同一人")
    desk = browser(GAO)
    facts = {"record_number": double.record_number, "reason": "身份证一致"}
    assert desk.post(f"/patients/{kept.code}/merge/", facts | {"reason": ""}).status_code == 422
    assert desk.post(f"/patients/{kept.code}/merge/", facts).status_code == 303

    for row in (moved_note, treatment, visit):
        row.refresh_from_db()
        assert row.patient_id == kept.pk
    assert ClinicalNote.objects.get(pk=moved_note.pk).text == "乙"
    assert selectors.find_patients(double.record_number) == [kept]
    assert selectors.find_patients(kept.record_number) == [kept]
    assert selectors.by_record_number(person(BAI), double.record_number) == kept
    assert selectors.access_patient(person(BAI), double.code) == kept
    assert double not in selectors.newest()
    assert PatientRelation.objects.filter(patient=kept).count() == 1  # the mother stands there once
    with pytest.raises(Conflict) as again:
        merging.merge_patients(by=person(GAO), survivor=kept, merged=double, reason="同一人")
    assert again.value.code == "already_merged"

    later = add_note(by=person(LIN), site=center(), patient=kept, author=staff("011"), text="丙")
    merge = merging.recent_merges().get()
    monday("2027-01-06 10:05")
    assert desk.post(f"/patients/merges/{merge.code}/undo/").status_code == 303
    stays = {("records.clinicalnote", later.pk, kept.pk), ("records.entryreview", later.entry_review.pk, kept.pk)}
    assert snapshot() - stays == before
    assert selectors.find_patients(double.record_number) == [Patient.objects.get(pk=double.pk)]
    assert selectors.access_patient(person(BAI), double.code).pk == double.pk
    with pytest.raises(Conflict):
        merging.undo_merge(by=person(GAO), merge=merge)


def snapshot() -> set[tuple[str, int, int]]:
    """Whose each row is, in every table that knows patients."""
    return {
        (model._meta.label_lower, pk, who)
        for model, column in merging.references()
        for pk, who in model._base_manager.values_list("pk", column.attname)
        if who is not None
    }


def test_a_merge_is_not_taken_back_after_its_time_nor_made_in_a_dispute_of_files(monday: Any) -> None:
    kept, double = patient("陈雨"), patient("陈雨")
    merge = merging.merge_patients(by=person(GAO), survivor=kept, merged=double, reason="同一人")
    monday("2027-01-06 10:06")
    with pytest.raises(Conflict) as late:
        merging.undo_merge(by=person(GAO), merge=merge)
    assert late.value.code == "undo_too_late"
    third = patient("陈雨")
    restriction.restrict_file(by=person(DOU), patient=third, reason="异议", until=clock.now() + timedelta(days=9))
    with pytest.raises(Conflict) as restricted:
        merging.merge_patients(by=person(GAO), survivor=kept, merged=third, reason="同一人")
    assert restricted.value.code == "merge_restricted"


@pytest.mark.ledger("CR-001")
def test_a_pair_that_is_two_people_stays_dismissed_until_that_is_taken_back() -> None:
    one, other = patient("陈雨"), patient("陈雨")
    desk, url = browser(GAO), f"/patients/doubles/{one.code}/{other.code}/"

    def proposed() -> set[frozenset[int]]:
        return {frozenset((a.pk, b.pk)) for a, b, _shared in doubles.proposed_pairs()}

    assert url in desk.get("/patients/doubles/").content.decode()
    assert desk.post(url, {"reason": " "}).status_code == 422
    assert browser(BAI).post(url, {"reason": "双胞胎"}).status_code == 403
    assert proposed() == {frozenset((one.pk, other.pk))}
    assert desk.get(url).status_code == 200
    assert desk.post(url, {"reason": "双胞胎"}).status_code == 303

    assert proposed() == set()
    page = desk.get("/patients/doubles/").content.decode()
    assert "双胞胎" in page
    assert url not in page
    assert desk.post(url, {"reason": "再说一次"}).status_code == 409
    with pytest.raises(Conflict) as two:
        merging.merge_patients(by=person(GAO), survivor=other, merged=one, reason="同一人")
    assert two.value.code == "known_to_be_two"
    third = patient("陈雨")  # a new file of the name is proposed all the same, with the oldest
    assert proposed() == {frozenset((one.pk, third.pk))}
    doubles.distinguish_patients(by=person(GAO), one=third, other=one, reason="身份证不同")
    assert proposed() == {frozenset((other.pk, third.pk))}

    row = doubles.distinctions().get(reason__isnull=False, second=other)
    assert desk.post(f"/patients/distinctions/{row.code}/undo/").status_code == 303
    assert frozenset((one.pk, other.pk)) in proposed()
    with pytest.raises(Conflict) as undone:
        doubles.undo_distinction(by=person(GAO), distinction=row)
    assert undone.value.code == "already_undone"
    said = AuditEntry.objects.get(verb="patients.distinguished", data__distinction=str(row.code))
    assert (said.actor_name, said.data["other"]) == (GAO, str(other.code))
    assert AuditEntry.objects.filter(verb="patients.distinction_undone", target_code=one.code).exists()


def test_the_api_tells_a_pair_apart_and_takes_it_back() -> None:
    one, other = patient("陈雨"), patient("陈雨")
    url, facts = "/api/v1/patients/distinctions/", {"patient": str(one.code), "other": str(other.code)}
    client = api(GAO)
    assert api(BAI).post(url, facts | {"reason": "双胞胎"}).status_code == 403
    assert client.post(url, facts).json()["code"] == "reason_required"
    made = client.post(url, facts | {"reason": "双胞胎"})
    assert (made.status_code, made.json()["said_by"]) == (201, "高文")
    assert doubles.proposed_pairs() == []
    assert [row["code"] for row in client.get(url).json()["results"]] == [made.json()["code"]]
    assert client.delete(f"{url}{made.json()['code']}/").status_code == 204
    assert len(doubles.proposed_pairs()) == 1
    with pytest.raises(IntegrityError, match="patients_distinction_order"), transaction.atomic():
        PatientDistinction.objects.update(first=other, second=one)


def test_every_table_with_patients_lets_its_rows_move() -> None:
    """A room that is added later moves too: what is never edited may still change whose it is."""
    columns = {f"{model._meta.label_lower}.{column.name}" for model, column in merging.references()}
    assert {"records.clinicalnote.patient", "cashier.receipt.patient", "appointments.appointment.patient"} <= columns
    nobody = Patient.objects.filter(pk=-1)
    for model, column in merging.references():
        model._base_manager.filter(**{f"{column.name}__in": nobody}).update(
            **{column.name: None if column.null else -1}
        )
    assert {Receipt, ClinicalNote, ContactChange, Treatment, Appointment} <= {
        model for model, _c in merging.references()
    }


# --- out of date (CR-004) ---------------------------------------------------------------------------------------------


@pytest.mark.ledger("CR-004")
def test_contact_data_are_asked_for_again_after_a_year(monday: Any) -> None:
    who = patient("陈雨")
    desk = browser(BAI)
    monday("2027-12-07 10:05")
    assert who not in selectors.stale_profiles(person(BAI))
    monday("2027-12-07 10:06")
    assert who in selectors.stale_profiles(person(BAI))
    assert who.record_number in desk.get("/patients/stale/").content.decode()
    assert "2026-12-07" in desk.get(f"/patients/{who.code}/").content.decode().split('id="phone"')[1]
    one = statements(lambda: desk.get("/patients/stale/"))
    for name in ("吴飞", "朱蕾"):
        patient(name)
    monday("2028-12-10 10:06")
    assert statements(lambda: desk.get("/patients/stale/")) == one
    actions.verify_contact(by=person(BAI), patient=who)
    assert who not in selectors.stale_profiles(person(BAI))
