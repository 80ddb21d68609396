"""Charts: what was done, what was written, and who may read it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, Forbidden, NotFound, RuleRefused, StaleVersion
from kernel.ids import uuid7
from kernel.outbox.models import OutboxEvent
from services.catalogue.actions import ensure_item
from services.catalogue.models import Item
from services.patients.actions import register_patient
from services.patients.models import Patient
from services.records import actions, selectors
from services.records.models import ClinicalNote, Treatment
from services.sites.models import Site
from tests.services.doors import SYSTEM, api, browser, person, staff

NOTE = "远中咬合面龋，去腐充填"


@pytest.fixture
def center(smile, at) -> Site:
    at("2026-12-07 10:05")
    return Site.objects.get(slug="center")


@pytest.fixture
def patient(center) -> Patient:
    return register_patient(by=SYSTEM, site=center, name="陈雨", sex="female", stated_age=41, phone="13812344417")


@pytest.fixture
def filling(smile) -> Item:
    return ensure_item(by=SYSTEM, key="test-filling", name_zh="试验充填", category="treatment", price_fen=42_000)


def treat(patient: Patient, item: Item, **facts) -> Treatment:
    known = {"by": person("dr.lin"), "site": patient.site, "doctor": staff("011"), "note": NOTE}
    return actions.record_treatment(patient=patient, item=item, **(known | facts))


def note(patient: Patient, text: str, **facts) -> ClinicalNote:
    known = {"by": person("dr.lin"), "site": patient.site, "author": staff("011")}
    return actions.add_note(patient=patient, text=text, **(known | facts))


# --- treatments -------------------------------------------------------------------------------------------------------


def test_a_treatment_is_recorded_and_told_in_codes_only(patient, filling):
    visit = uuid7()
    done = treat(patient, filling, visit_code=visit, assistant=staff("201"))

    assert list(selectors.treatments_of(patient)) == [done]
    assert list(selectors.treatments_in_visit(visit)) == [done]
    assert (done.performed_at, done.note) == (datetime(2026, 12, 7, 2, 5, tzinfo=UTC), NOTE)
    event = OutboxEvent.objects.get(type="records.treatment_recorded")
    assert event.payload == {
        "treatment": str(done.code),
        "patient": str(patient.code),
        "site": str(patient.site.code),
        "doctor": str(staff("011").code),
        "item": str(filling.code),
        "item_key": "test-filling",
        "vertical": "",
        "visit": str(visit),
        "performed_at": "2026-12-07T02:05:00+00:00",
    }
    assert NOTE not in str([entry.data for entry in AuditEntry.objects.all()])


def test_a_treatment_must_be_possible(patient, filling, at):
    cases = {
        "not_a_doctor": {"doctor": staff("201")},
        "performed_in_future": {"performed_at": at("2026-12-07 10:05") + timedelta(seconds=1)},
        "quantity_impossible": {"quantity": 0},
    }
    for code, facts in cases.items():
        with pytest.raises(RuleRefused) as refused:
            treat(patient, filling, **facts)
        assert refused.value.code == code
    assert not Treatment.objects.exists()
    assert not OutboxEvent.objects.filter(type="records.treatment_recorded").exists()


def test_the_last_treatment_is_found_by_item_and_doctor(patient, filling, at):
    first = treat(patient, filling)
    at("2026-12-08 10:00")
    second = treat(patient, filling, by=person("dr.xu"), doctor=staff("020"))
    assert selectors.last_treatment(patient) == second
    assert selectors.last_treatment(patient, doctor=staff("011")) == first
    assert selectors.last_treatment(patient, item=filling) == second
    assert selectors.last_treatment(patient, vertical="elsewhere") is None


@pytest.mark.ledger("CR-010")
def test_a_mistake_is_struck_through_and_stays(patient, filling):
    done = treat(patient, filling)
    with pytest.raises(RuleRefused):
        actions.void_treatment(by=person("dr.lin"), treatment=done, reason=" ")
    actions.void_treatment(by=person("dr.lin"), treatment=done, reason="wrong patient", version=1)

    assert not selectors.treatments_of(patient).exists()
    assert list(selectors.treatments_of(patient, with_voided=True)) == [done]
    with pytest.raises(StaleVersion):
        actions.void_treatment(by=person("dr.lin"), treatment=done, reason="again", version=1)
    with pytest.raises(Conflict):
        actions.void_treatment(by=person("dr.lin"), treatment=done, reason="again")
    assert OutboxEvent.objects.filter(type="records.treatment_voided").count() == 1


# --- notes ------------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CR-010")
def test_a_note_is_corrected_by_another_and_never_changed(patient, center):
    first = note(patient, "36 远中")
    second = note(patient, "36 近中", corrects=first)

    assert [row.text for row in selectors.notes_of(patient)] == ["36 近中", "36 远中"]
    assert ClinicalNote.objects.get(pk=first.pk).corrected_by == second
    with pytest.raises(Conflict) as refused:
        note(patient, "又一次", corrects=first)
    assert refused.value.code == "note_already_corrected"
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        ClinicalNote.objects.filter(pk=first.pk).update(visit_code=uuid7())
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        second.delete()


def test_a_note_must_say_something_about_this_patient(patient, center):
    other = register_patient(by=SYSTEM, site=center, name="吴飞", sex="male", stated_age=50, phone="13900000000")
    with pytest.raises(RuleRefused) as refused:
        note(patient, "  ")
    assert refused.value.code == "note_empty"
    with pytest.raises(RuleRefused) as refused:
        note(patient, "x", corrects=note(other, "y"))
    assert refused.value.code == "note_of_another_patient"


def test_charts_are_stored_sealed(patient, filling):
    treat(patient, filling)
    note(patient, NOTE)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT row_to_json(t)::text FROM records_treatment t UNION ALL SELECT row_to_json(n)::text FROM records_clinicalnote n"
        )
        assert all(NOTE not in row[0] for row in cursor.fetchall())


# --- who may ----------------------------------------------------------------------------------------------------------


def test_the_doctor_writes_the_nurse_reads_the_desk_does_neither(patient, filling):
    done = treat(patient, filling)
    for username in ("bai.lan", "fang.li", "gao.wen"):
        with pytest.raises(NotFound):
            selectors.access_treatment(person(username), done.code)
        assert browser(username).get(f"/records/patients/{patient.code}/").status_code == 403
        assert api(username).get(f"/api/v1/records/treatments/?patient={patient.code}").status_code == 403
    with pytest.raises(Forbidden):
        treat(patient, filling, by=person("mo.xiao"))
    page = browser("mo.xiao").get(f"/records/patients/{patient.code}/")
    assert NOTE in page.content.decode()
    assert browser("mo.xiao").post(f"/records/patients/{patient.code}/", {"text": "x"}).status_code == 403


def test_the_timeline_shows_treatments_to_those_who_may_read_charts(patient, filling):
    treat(patient, filling)
    url = f"/patients/{patient.code}/"
    assert "试验充填" in browser("dr.lin").get(url).content.decode()
    desk = browser("bai.lan").get(url).content.decode()
    assert "试验充填" not in desk
    assert "/records/" not in desk


def test_the_doctor_writes_into_the_chart(patient, filling):
    done = treat(patient, filling)
    doctor, url = browser("dr.lin"), f"/records/patients/{patient.code}/"
    assert doctor.post(url, {"text": "复查无异常"}).status_code == 303
    first = ClinicalNote.objects.get()
    assert (first.text, first.author) == ("复查无异常", staff("011"))
    assert doctor.post(url, {"text": "复查：轻微敏感", "corrects": first.code}).status_code == 303
    assert doctor.post(url, {"text": ""}).status_code == 422
    assert doctor.post(url, {"text": "x", "corrects": first.code}).status_code == 409
    assert doctor.post(f"/records/treatments/{done.code}/void/", {"reason": "", "version": 1}).status_code == 422
    assert doctor.post(f"/records/treatments/{done.code}/void/", {"reason": "wrong", "version": 1}).status_code == 303
    shown = doctor.get(url).content.decode()
    assert "复查无异常" in shown
    assert "wrong" in shown


def test_the_api_of_charts(patient, filling):
    doctor = api("dr.lin")
    facts = {
        "patient": str(patient.code), "site": str(patient.site.code), "doctor": str(staff("011").code),
        "item": str(filling.code), "note": NOTE,
    }  # fmt: skip
    made = doctor.post("/api/v1/records/treatments/", facts)
    assert (made.status_code, made.json()["item_key"]) == (201, "test-filling")
    wrong = doctor.post("/api/v1/records/treatments/", facts | {"doctor": str(staff("201").code)})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "not_a_doctor")
    written = doctor.post(
        "/api/v1/records/notes/", {"patient": facts["patient"], "site": facts["site"], "text": "复查"}
    )
    assert written.status_code == 201
    assert doctor.get(f"/api/v1/records/treatments/?patient={patient.code}").json()["count"] == 1
    assert doctor.get(f"/api/v1/records/notes/?patient={patient.code}").json()["results"][0]["text"] == "复查"
    assert doctor.get(f"/api/v1/records/treatments/{made.json()['code']}/").json()["note"] == NOTE
    assert doctor.get("/api/v1/records/treatments/").status_code == 400
    assert api("bai.lan").post("/api/v1/records/treatments/", facts).status_code == 403


@pytest.mark.ledger("CR-006")
def test_reading_a_chart_is_logged_and_writing_one_is_too(patient, filling):
    api("dr.lin").get(f"/api/v1/records/notes/?patient={patient.code}")
    done = treat(patient, filling)
    api("dr.lin").get(f"/api/v1/records/treatments/{done.code}/")
    reads = AuditEntry.objects.filter(verb="read", target_code=patient.code).order_by("id")
    assert [(entry.actor_name, entry.purpose, entry.data["part"]) for entry in reads] == [
        ("dr.lin", "treatment", "chart"),
        ("dr.lin", "treatment", "treatment"),
    ]
    assert AuditEntry.objects.filter(verb="records.treatment_recorded", target_code=done.code).exists()
