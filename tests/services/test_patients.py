"""Patients: opening a file, correcting it, families, and who looked at it."""

from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from kernel.audit.models import AuditEntry
from kernel.context import Actor
from kernel.errors import Conflict, Forbidden, NotFound, RuleRefused, StaleVersion
from kernel.identity import actions as identity
from kernel.identity.models import User
from kernel.outbox.models import OutboxEvent
from services.patients import actions, reading, selectors
from services.patients.models import ContactChange, Patient, PatientRelation
from services.patients.phones import canonical_phone
from services.sites.models import Site
from tests.kernel.probes import at_once
from tests.services.doors import SYSTEM, api, browser, person

PHONE = "13812344417"


@pytest.fixture
def center(smile, at) -> Site:
    at("2026-12-07 10:05")
    return Site.objects.get(slug="center")


def register(site: Site, **facts) -> Patient:
    known = {"name": "罗敏", "sex": "female", "stated_age": 34, "phone": PHONE, "by": SYSTEM}
    return actions.register_patient(site=site, **(known | facts))


# --- registration -----------------------------------------------------------------------------------------------------


@pytest.mark.ledger("FD-002")
def test_a_file_holds_name_sex_age_and_phone(center):
    patient = register(center, by=person("bai.lan"), birth_date=date(1992, 5, 1))

    stored = Patient.objects.get(pk=patient.pk)
    assert (stored.name, stored.sex, stored.phone, stored.birth_year) == ("罗敏", "female", PHONE, 1992)
    assert stored.record_number.startswith("A-")
    assert stored.age_on(date(2026, 4, 30)) == 33
    assert stored.age_on(date(2026, 5, 1)) == 34
    assert OutboxEvent.objects.filter(type="patients.registered", key=str(stored.code)).exists()
    assert AuditEntry.objects.filter(verb="patients.registered", target_code=stored.code).exists()


@pytest.mark.ledger("FD-002")
@pytest.mark.parametrize(
    ("missing", "code", "field"),
    [
        ({"name": "  "}, "name_required", "name"),
        ({"sex": ""}, "sex_required", "sex"),
        ({"sex": "unknown"}, "sex_required", "sex"),
        ({"stated_age": None}, "age_required", "stated_age"),
        ({"stated_age": 140}, "age_impossible", "stated_age"),
        ({"birth_date": date(2026, 12, 8)}, "age_impossible", "birth_date"),
        ({"phone": ""}, "phone_or_reason_required", "phone"),
        ({"phone": "abc"}, "phone_invalid", "phone"),
        ({"phone": "12"}, "phone_invalid", "phone"),
    ],
)
def test_what_is_missing_is_refused_and_nothing_is_stored(center, missing, code, field):
    before = Patient.objects.count()
    with pytest.raises(RuleRefused) as refused:
        register(center, by=person("bai.lan"), **missing)
    assert refused.value.code == code
    assert field in refused.value.fields
    assert Patient.objects.count() == before
    assert AuditEntry.objects.filter(verb="refused", data__code=code).exists()


@pytest.mark.ledger("FD-002")
def test_everything_that_is_missing_is_said_at_once(center):
    with pytest.raises(RuleRefused) as refused:
        register(center, name="", sex="", stated_age=None, phone="")
    assert set(refused.value.fields) == {"name", "sex", "stated_age", "phone"}


@pytest.mark.ledger("FD-003")
def test_a_missing_phone_needs_its_reason_and_marks_the_file(center):
    with pytest.raises(RuleRefused):
        register(center, phone="", phone_absent_reason="  ")

    patient = register(center, phone="", phone_absent_reason="declines, privacy")

    assert patient.untraceable
    assert Patient.objects.get(phone_index="", pk=patient.pk).phone_absent_reason == "declines, privacy"
    assert not register(center, name="别人", phone_absent_reason="not needed").phone_absent_reason


@pytest.mark.ledger("FD-003")
def test_the_database_refuses_a_file_without_phone_and_reason(center):
    patient = register(center)
    with pytest.raises(IntegrityError), transaction.atomic():
        Patient.objects.filter(pk=patient.pk).update(phone_index="")
    with pytest.raises(IntegrityError), transaction.atomic():
        Patient.objects.filter(pk=patient.pk).update(sex="")
    with pytest.raises(IntegrityError), transaction.atomic():
        Patient.objects.filter(pk=patient.pk).update(birth_date=date(1970, 1, 1))


def test_a_stated_age_gives_a_year_that_may_be_off(center):
    patient = register(center)
    assert patient.birth_is_approximate
    assert patient.birth_year == 1992
    assert not selectors.is_minor(patient, date(2026, 12, 7))
    assert selectors.is_minor(register(center, name="丁然", stated_age=18, phone="13800000001"), date(2026, 12, 7))
    grown = register(center, name="阮欣", birth_date=date(2008, 12, 7), phone="13800000002")
    assert not selectors.is_minor(grown, date(2026, 12, 7))
    assert selectors.is_minor(grown, date(2026, 12, 6))
    assert selectors.is_elder(register(center, name="老人", stated_age=70, phone="13800000003"), date(2026, 12, 7))


def test_record_numbers_have_no_gap_after_a_refusal(center):
    first = register(center)
    with pytest.raises(Conflict):
        register(center)
    second = register(center, name="田园", stated_age=50, phone="13900000000")
    assert int(second.record_number[2:]) == int(first.record_number[2:]) + 1


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("138 1234 4417", PHONE),
        ("+86 138-1234-4417", PHONE),
        ("0086 13812344417", PHONE),
        ("１３８１２３４４４１７", PHONE),
        ("021-62880101", "02162880101"),
        ("+852 9123 4567", "+85291234567"),
        ("00852 91234567", "+85291234567"),
        ("no", None),
    ],
)
def test_a_phone_has_one_spelling(typed, stored):
    assert canonical_phone(typed) == stored


# --- duplicates -------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("FD-012")
@pytest.mark.parametrize(
    ("again", "shared"),
    [
        ({"name": "别人", "stated_age": 60, "phone": "+86 138-1234-4417"}, ["phone"]),
        ({"phone": "", "phone_absent_reason": "declined"}, ["name"]),
        ({"stated_age": 35, "phone": "13700000000"}, ["name"]),
        ({"name": "Luo Min", "phone": "13700000000"}, ["name"]),
        ({"phone": "138 1234 4417"}, ["phone", "name"]),
    ],
)
def test_the_existing_file_is_proposed_before_a_second_one(center, again, shared):
    known = register(center)

    with pytest.raises(Conflict) as refused:
        register(center, **again)

    assert refused.value.code == "possible_duplicates"
    assert refused.value.facts["candidates"] == [
        {"code": str(known.code), "record_number": known.record_number, "shared": shared}
    ]
    second = register(center, **again, confirmed_new=True)
    assert second.pk != known.pk


@pytest.mark.ledger("FD-012")
@pytest.mark.parametrize(
    "another",
    [
        {"stated_age": 40, "phone": "13700000000"},
        {"name": "罗民", "phone": "13700000000"},
        {"name": "田园", "stated_age": 34, "phone": "13700000000"},
    ],
)
def test_somebody_else_is_not_proposed(center, another):
    register(center)
    assert register(center, **another).pk


@pytest.mark.ledger("FD-012")
def test_two_known_dates_of_birth_must_agree_exactly(center):
    register(center, birth_date=date(1992, 5, 1))
    assert register(center, birth_date=date(1993, 5, 1), phone="13700000000").pk


@pytest.mark.ledger("FD-012")
def test_two_desks_at_once_open_one_file(own_database, smile, at):
    at("2026-12-07 10:05")
    center = Site.objects.get(slug="center")

    def one_desk() -> str:
        try:
            return register(center).record_number
        except Conflict as refused:
            return refused.code

    results = at_once(smile, *[one_desk] * 4)
    assert results.count("possible_duplicates") == 3
    assert Patient.objects.filter(name="罗敏").count() == 1


# --- corrections ------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("FD-011", "CR-011")
def test_a_correction_keeps_old_and_new_value_time_and_person(center, at):
    patient = register(center, address="静安区 1 号")
    moment = at("2026-12-08 09:00")

    actions.update_contact(
        by=person("bai.lan"), patient=patient, version=patient.version, phone="139 0000 1111", address="静安区 2 号"
    )

    history = {change.field: change for change in selectors.contact_history(patient)}
    assert (history["phone"].old_value, history["phone"].new_value) == (PHONE, "13900001111")
    assert (history["address"].old_value, history["address"].new_value) == ("静安区 1 号", "静安区 2 号")
    assert {change.changed_at for change in history.values()} == {moment}
    assert {change.changed_by.username for change in history.values()} == {"bai.lan"}
    fresh = Patient.objects.get(pk=patient.pk)
    assert (fresh.phone, fresh.address, fresh.version) == ("13900001111", "静安区 2 号", 2)
    assert Patient.objects.filter(phone_last_four__marks="1111").get() == fresh


@pytest.mark.ledger("FD-011")
def test_a_stale_editor_changes_nothing(center):
    patient = register(center)
    actions.update_contact(by=SYSTEM, patient=patient, version=1, phone="13900001111", address="")
    with pytest.raises(StaleVersion):
        actions.update_contact(by=SYSTEM, patient=patient, version=1, phone="13900002222", address="")
    assert Patient.objects.get(pk=patient.pk).phone == "13900001111"
    assert ContactChange.objects.filter(patient=patient).count() == 1


@pytest.mark.ledger("FD-011")
def test_what_stays_the_same_is_no_correction(center):
    patient = register(center)
    actions.update_contact(by=SYSTEM, patient=patient, phone="138 1234 4417", address="")
    assert not selectors.contact_history(patient).exists()
    assert Patient.objects.get(pk=patient.pk).version == 1


@pytest.mark.ledger("FD-011")
def test_the_history_cannot_be_rewritten(center):
    patient = register(center)
    actions.update_contact(by=SYSTEM, patient=patient, phone="13900001111", address="")
    change = ContactChange.objects.get(patient=patient)
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        ContactChange.objects.filter(pk=change.pk).update(changed_by_name="nobody")
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        change.delete()


def test_a_phone_that_goes_away_needs_its_reason_too(center):
    patient = register(center)
    with pytest.raises(RuleRefused) as refused:
        actions.update_contact(by=SYSTEM, patient=patient, phone="", address="")
    assert refused.value.code == "phone_or_reason_required"
    actions.update_contact(by=SYSTEM, patient=patient, phone="", address="", phone_absent_reason="none")
    assert Patient.objects.get(pk=patient.pk).untraceable


def test_a_new_name_is_found_and_the_old_one_is_not(center):
    patient = register(center)
    actions.update_patient(by=SYSTEM, patient=patient, name="单青")
    assert [found.pk for found in selectors.find_patients("shanqing")] == [patient.pk]
    assert selectors.find_patients("luomin") == []


def test_consent_carries_its_time(center):
    patient = register(center, message_consent=True)
    assert patient.message_consent_at == datetime(2026, 12, 7, 2, 5, tzinfo=UTC)
    patient = actions.update_patient(by=SYSTEM, patient=patient, message_consent=None)
    assert patient.message_consent_at is None


def test_the_nurse_reads_and_does_not_change(center):
    patient = register(center)
    with pytest.raises(Forbidden):
        actions.update_patient(by=person("mo.xiao"), patient=patient, occupation="教师")
    with pytest.raises(Forbidden):
        register(center, by=person("mo.xiao"), name="另一人", phone="13700000000")
    with pytest.raises(Forbidden):
        actions.reveal_phone(by=person("mo.xiao"), patient=patient)


@pytest.mark.ledger("CR-001")
def test_gaps_of_a_file_are_named(center):
    patient = register(center)
    gaps = selectors.completeness(patient)
    assert (gaps.have, gaps.total, len(gaps.missing)) == (4, 10, 6)
    patient = actions.update_patient(by=SYSTEM, patient=patient, occupation="教师", message_consent=False)
    assert selectors.completeness(patient).have == 6


# --- families ---------------------------------------------------------------------------------------------------------


def test_a_family_names_guardian_and_payer(center):
    child = register(center, name="阮欣", birth_date=date(2014, 12, 7), phone="13700000001")
    mother = register(center, name="阮母", stated_age=40, phone="13700000001", confirmed_new=True)

    actions.add_relation(by=SYSTEM, patient=child, relative=mother, kind="mother", is_guardian=True, is_payer=True)
    actions.add_relation(by=SYSTEM, patient=child, name="阮父", phone="137 0000 0002", kind="father")

    assert [relation.display_name for relation in selectors.family_of(child)] == ["阮母", "阮父"]
    assert selectors.payer_of(child).relative == mother
    assert [relation.patient for relation in selectors.named_in(mother)] == [child]
    actions.add_relation(by=SYSTEM, patient=child, name="祖母", kind="grandparent", is_payer=True)
    assert selectors.payer_of(child).name == "祖母"


def test_a_relation_must_be_possible(center):
    child = register(center)
    other = register(center, name="田园", phone="13700000003")
    actions.add_relation(by=SYSTEM, patient=child, relative=other, kind="other")
    for code, facts in {
        "relative_required": {"kind": "mother"},
        "relative_is_patient": {"kind": "mother", "relative": child},
        "relation_exists": {"kind": "mother", "relative": other},
        "phone_invalid": {"kind": "mother", "name": "x", "phone": "1"},
    }.items():
        with pytest.raises((RuleRefused, Conflict)) as refused:
            actions.add_relation(by=SYSTEM, patient=child, **facts)
        assert refused.value.code == code
    assert PatientRelation.objects.filter(patient=child).count() == 1


# --- who looked -------------------------------------------------------------------------------------------------------


def reads(patient: Patient) -> list[tuple[str, str, str]]:
    entries = AuditEntry.objects.filter(verb="read", target_code=patient.code).order_by("id")
    return [(entry.actor_name, entry.purpose, entry.data["part"]) for entry in entries]


@pytest.mark.ledger("CR-006")
def test_every_way_into_a_file_is_logged_with_its_purpose(center):
    patient = register(center)
    browser("bai.lan").get(f"/patients/{patient.code}/")
    api("dr.lin").get(f"/api/v1/patients/{patient.code}/")
    browser("fang.li").get(f"/patients/{patient.code}/")
    browser("ren.tao").post(f"/patients/{patient.code}/phone/")
    browser("bai.lan").get(f"/patients/{patient.code}/contact/")
    api("gao.wen").get(f"/api/v1/patients/{patient.code}/contacts/")
    browser("dr.lin").get(f"/records/patients/{patient.code}/")
    assert reads(patient) == [
        ("bai.lan", "registration", "file"),
        ("dr.lin", "treatment", "file"),
        ("fang.li", "payment", "file"),
        ("ren.tao", "registration", "phone"),
        ("bai.lan", "registration", "phone"),
        ("gao.wen", "supervision", "contact_history"),
        ("dr.lin", "treatment", "chart"),
    ]


@pytest.mark.ledger("CR-006")
def test_lists_and_search_hits_are_logged_too(center):
    patient = register(center)
    browser("bai.lan").get("/patients/?q=lm")
    api("bai.lan").get("/api/v1/patients/?q=4417")
    api("bai.lan").get("/api/v1/patients/")
    browser("bai.lan").get("/search/?q=lm")
    listed = AuditEntry.objects.filter(verb="patients.listed", actor_name="bai.lan")
    assert [entry.data["patients"] for entry in listed] == [[str(patient.code)]] * 4


@pytest.mark.ledger("CR-006")
def test_the_log_holds_no_personal_data(center):
    patient = register(center, address="静安区 1 号")
    actions.update_contact(by=person("bai.lan"), patient=patient, phone="13900001111", address="静安区 2 号")
    browser("bai.lan").post(f"/patients/{patient.code}/phone/")
    written = " ".join(str(entry.data) for entry in AuditEntry.objects.all())
    for secret in ("罗敏", PHONE, "13900001111", "静安区"):
        assert secret not in written


@pytest.mark.ledger("CR-006")
def test_a_role_without_purpose_is_asked(center):
    patient = register(center)
    role = identity.create_role(by=SYSTEM, slug="archivist", name="Archivist", words=["patients.view"])
    user = identity.create_user(
        by=SYSTEM, username="ar.chiv", display_name="Archivist", password="quiet-lantern-47-harbour"
    )
    identity.assign_role(by=SYSTEM, user=user, role=role)
    User.objects.filter(pk=user.pk).update(must_change_password=False)

    asked = browser("ar.chiv").get(f"/patients/{patient.code}/")
    assert patient.name not in asked.content.decode()
    assert reads(patient) == []
    refused = api("ar.chiv").get(f"/api/v1/patients/{patient.code}/")
    assert (refused.status_code, refused.json()["code"]) == (422, "purpose_required")

    shown = browser("ar.chiv").post(f"/patients/{patient.code}/", {"purpose": "legal"})
    assert patient.name in shown.content.decode()
    assert api("ar.chiv").get(f"/api/v1/patients/{patient.code}/?purpose=legal").status_code == 200
    assert [purpose for _name, purpose, _part in reads(patient)] == ["legal", "legal"]


@pytest.mark.ledger("CR-006")
def test_who_has_no_business_with_files_sees_none(center):
    patient = register(center)
    with pytest.raises(NotFound):
        selectors.access_patient(person("admin.smile"), patient.code)
    assert browser("admin.smile").get(f"/patients/{patient.code}/").status_code == 403
    assert api("admin.smile").get("/api/v1/patients/").status_code == 403
    assert reads(patient) == []


def test_readers_are_shown_on_the_file(center, at):
    patient = register(center)
    reading.note_read(person("dr.lin"), patient)
    at("2026-12-07 11:00")
    reading.note_read(person("bai.lan"), patient)
    shown = [(reader["name"], reader["purpose"]) for reader in reading.recent_readers(patient)]
    assert shown == [("白岚", reading.PURPOSES["registration"]), ("林医生", reading.PURPOSES["treatment"])]
    at("2027-01-30 11:00")
    assert reading.recent_readers(patient) == []


def test_phones_and_addresses_are_stored_sealed(center):
    register(center, address="静安区 1 号", id_number="310101199205010011", alert="青霉素过敏")
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(p)::text FROM patients_patient p")
        stored = " ".join(row[0] for row in cursor.fetchall())
    for secret in (PHONE, "静安区", "310101199205010011", "青霉素"):
        assert secret not in stored


def test_an_actor_without_a_tenant_role_derives_no_purpose(center):
    patient = register(center)
    nobody = Actor.public("link", "patients.view")
    assert reading.purpose_of(nobody, patient) == ""
    assert reading.purpose_of(nobody, patient, stated="rubbish") == ""
