"""Patients through pages and API: what the desk types, sees and is refused."""

from datetime import date

import pytest

from services.patients import actions, selectors
from services.patients.models import Patient, PatientRelation
from services.sites.models import Site
from tests.services.doors import SYSTEM, api, browser, statements

PHONE = "13812344417"
TYPED = {"name": "罗敏", "sex": "female", "stated_age": "34", "phone": "138 1234 4417"}


@pytest.fixture
def center(smile, at) -> Site:
    at("2026-12-07 10:05")
    return Site.objects.get(slug="center")


@pytest.fixture
def patient(center) -> Patient:
    return actions.register_patient(
        by=SYSTEM, site=center, name="陈雨", sex="female", birth_date=date(1985, 3, 22), phone=PHONE, alert="青霉素过敏"
    )


# --- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("FD-002")
def test_the_desk_opens_a_file(center):
    answer = browser("bai.lan").post("/patients/new/", TYPED)
    patient = Patient.objects.get(name="罗敏")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/patients/{patient.code}/")
    assert (patient.phone, patient.site, patient.initials) == (PHONE, center, "lm")


@pytest.mark.ledger("FD-002", "FD-003")
@pytest.mark.parametrize("gap", [{"sex": ""}, {"phone": ""}, {"name": ""}, {"stated_age": ""}])
def test_a_gap_is_shown_beside_its_field(center, gap):
    answer = browser("bai.lan").post("/patients/new/", TYPED | gap)
    assert answer.status_code == 422
    assert "field-bad" in answer.content.decode()
    assert not Patient.objects.exists()


@pytest.mark.ledger("FD-003")
def test_the_reason_is_chosen_or_written(center):
    desk = browser("bai.lan")
    assert desk.post("/patients/new/", TYPED | {"phone": "", "absent": "declined"}).status_code == 303
    other = {"name": "田园", "phone": "", "absent": "other", "absent_words": "lost it", "stated_age": "60"}
    assert desk.post("/patients/new/", TYPED | other).status_code == 303
    assert set(Patient.objects.values_list("phone_absent_reason", flat=True)) == {"declined", "lost it"}


@pytest.mark.ledger("FD-012")
def test_the_known_file_is_offered_and_may_be_overruled(center, patient):
    desk = browser("bai.lan")
    same_phone = TYPED | {"name": "陈宇"}

    live = desk.get("/patients/new/duplicates/", same_phone).content.decode()
    assert patient.record_number in live

    refused = desk.post("/patients/new/", same_phone)
    assert refused.status_code == 409
    assert f"/patients/{patient.code}/" in refused.content.decode()
    assert not Patient.objects.filter(name="陈宇").exists()

    assert desk.post("/patients/new/", same_phone | {"confirmed_new": "on"}).status_code == 303
    assert Patient.objects.filter(name="陈宇").exists()


def test_registration_leads_back_to_where_it_was_asked_for(center):
    answer = browser("bai.lan").post("/patients/new/", TYPED | {"next": "/appointments/new/?day=2026-12-08"})
    code = Patient.objects.get().code
    assert answer.headers["Location"] == f"/appointments/new/?day=2026-12-08&patient={code}"
    elsewhere = browser("bai.lan").post(
        "/patients/new/", TYPED | {"confirmed_new": "on", "next": "https://evil.example/"}
    )
    assert elsewhere.headers["Location"].startswith("/patients/")


def test_the_file_shows_a_masked_phone_and_the_alert(patient):
    page = browser("bai.lan").get(f"/patients/{patient.code}/").content.decode()
    assert "138****4417" in page
    assert PHONE not in page
    assert "青霉素过敏" in page
    assert patient.record_number in page


def test_the_phone_is_shown_on_demand_only(patient):
    assert PHONE in browser("bai.lan").post(f"/patients/{patient.code}/phone/").content.decode()
    assert browser("mo.xiao").post(f"/patients/{patient.code}/phone/").status_code == 403
    assert browser("bai.lan").get(f"/patients/{patient.code}/phone/").status_code == 405


def test_contact_and_file_are_edited_at_their_version(patient):
    desk = browser("bai.lan")
    contact = {"phone": "13900001111", "address": "静安区", "version": "1"}
    assert desk.post(f"/patients/{patient.code}/contact/", contact).status_code == 303
    assert desk.post(f"/patients/{patient.code}/contact/", contact | {"phone": "13900002222"}).status_code == 412
    assert (
        desk.post(f"/patients/{patient.code}/contact/", {"phone": "", "address": "", "version": "2"}).status_code == 422
    )

    details = {"name": "陈雨", "sex": "female", "birth_date": "1985-03-22", "occupation": "教师", "version": "2"}
    assert desk.post(f"/patients/{patient.code}/edit/", details).status_code == 303
    assert desk.post(f"/patients/{patient.code}/edit/", details | {"version": "3", "sex": ""}).status_code == 422
    fresh = Patient.objects.get(pk=patient.pk)
    assert (fresh.phone, fresh.occupation, fresh.version) == ("13900001111", "教师", 3)
    assert desk.post(f"/patients/{patient.code}/contact/verified/").status_code == 303
    assert desk.get(f"/patients/{patient.code}/contact/").status_code == 200
    assert browser("mo.xiao").get(f"/patients/{patient.code}/edit/").status_code == 403


def test_relatives_are_added_by_record_number_or_name(center, patient):
    child = actions.register_patient(
        by=SYSTEM, site=center, name="陈小雨", sex="male", birth_date=date(2016, 1, 1), phone="13700000000"
    )
    desk, url = browser("bai.lan"), f"/patients/{child.code}/family/"
    assert (
        desk.post(
            url, {"kind": "mother", "record_number": patient.record_number.lower(), "is_guardian": "on"}
        ).status_code
        == 303
    )
    assert desk.post(url, {"kind": "father", "name": "陈父"}).status_code == 303
    assert desk.post(url, {"kind": "father"}).status_code == 422
    assert desk.post(url, {"kind": "father", "record_number": "A-999999"}).status_code == 404
    mother, father = selectors.family_of(child)
    assert (mother.relative, father.name) == (patient, "陈父")
    assert "陈雨" in desk.get(f"/patients/{child.code}/").content.decode()

    assert desk.post(f"{url}{mother.code}/remove/").status_code == 303
    assert desk.post(f"/patients/{patient.code}/family/{father.code}/remove/").status_code == 404
    assert PatientRelation.objects.filter(patient=child).count() == 1


def test_the_list_finds_by_what_is_typed(patient):
    desk = browser("bai.lan")
    for typed in ("cy", "chenyu", "陈", "4417", PHONE, patient.record_number):
        assert "陈雨" in desk.get("/patients/", {"q": typed}).content.decode(), typed
    nothing = desk.get("/patients/", {"q": "zz"}).content.decode()
    assert "陈雨" not in nothing
    assert "/patients/new/?name=zz" in nothing
    assert "陈雨" in desk.get("/patients/").content.decode()
    assert "/patients/new/" not in browser("mo.xiao").get("/patients/", {"q": "zz"}).content.decode()


def test_a_list_costs_the_same_for_many_files(center):
    desk = browser("bai.lan")

    def files(first: int, last: int) -> None:
        for number in range(first, last):
            actions.register_patient(
                by=SYSTEM,
                site=center,
                name=f"陈{chr(0x4E00 + number * 7)}",
                sex="male",
                stated_age=20 + number,
                phone=f"1390000{number:04d}",
            )

    files(0, 2)
    for path in ("/patients/", "/patients/?q=chen"):
        desk.get(path)  # from here on the person's rights and the host are known to this process
    few = {path: statements(lambda path=path: desk.get(path)) for path in ("/patients/", "/patients/?q=chen")}
    files(2, 45)
    for path, cost in few.items():
        assert statements(lambda path=path: desk.get(path)) <= cost <= 12


def test_what_other_rooms_contribute_stands_on_the_page(patient, monkeypatch):
    from services.patients.web import page

    def contributed(name, request, **context):
        if name == "patient.timeline":
            return [{"at": patient.created_at, "title": "Somebody called", "kind": "phone", "kind_label": "Calls"}]
        return []

    monkeypatch.setattr(page, "slot_items", contributed)
    shown = browser("bai.lan").get(f"/patients/{patient.code}/").content.decode()
    assert "Somebody called" in shown
    assert "?kind=phone" in shown
    assert "Somebody called" not in browser("bai.lan").get(f"/patients/{patient.code}/?kind=visit").content.decode()


# --- API --------------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("FD-002", "FD-003", "FD-012")
def test_the_api_opens_files_under_the_same_rules(center):
    desk, url = api("bai.lan"), "/api/v1/patients/"
    facts = {"site": str(center.code), "name": "罗敏", "sex": "female", "stated_age": 34}

    for wrong, status, code in (
        (facts, 422, "phone_or_reason_required"),
        ({**facts, "phone": "1"}, 422, "phone_invalid"),
        ({key: value for key, value in facts.items() if key != "sex"} | {"phone": PHONE}, 422, "sex_required"),
        ({**facts, "phone": PHONE, "sex": "x"}, 400, "validation_error"),
        ({**facts, "phone": PHONE, "pk": 1}, 400, "validation_error"),
        ({**facts, "phone": PHONE, "record_number": "A-1"}, 400, "validation_error"),
    ):
        answer = desk.post(url, wrong)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not Patient.objects.exists()

    made = desk.post(url, facts | {"phone_absent_reason": "declines, privacy"})
    assert made.status_code == 201
    body = made.json()
    assert (body["untraceable"], body["phone_masked"], body["age"]) == (True, None, 34)
    assert "id" not in body

    again = desk.post(url, facts | {"phone": "138 1234 4417"})
    assert (again.status_code, again.json()["code"]) == (409, "possible_duplicates")
    assert again.json()["facts"]["candidates"][0]["code"] == body["code"]
    assert desk.post(url, facts | {"phone": PHONE, "confirmed_new": True}).status_code == 201
    assert api("mo.xiao").post(url, facts | {"phone": PHONE}).status_code == 403


def test_the_same_key_opens_one_file(center):
    desk, url = api("bai.lan"), "/api/v1/patients/"
    facts = {"site": str(center.code), "name": "罗敏", "sex": "female", "stated_age": 34, "phone": PHONE}
    first = desk.post(url, facts, headers={"Idempotency-Key": "k-1"})
    second = desk.post(url, facts, headers={"Idempotency-Key": "k-1"})
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["code"] == second.json()["code"]
    assert Patient.objects.count() == 1


@pytest.mark.ledger("FD-011")
def test_the_api_changes_at_the_version_that_was_seen(patient):
    desk, url = api("bai.lan"), f"/api/v1/patients/{patient.code}/"
    tag = desk.get(url).headers["ETag"]
    assert desk.patch(url, {"phone": "13900001111"}).status_code == 400
    changed = desk.patch(url, {"phone": "139 0000 1111", "occupation": "教师"}, headers={"If-Match": tag})
    assert (changed.status_code, changed.json()["phone_masked"]) == (200, "139****1111")
    stale = desk.patch(url, {"phone": "13900002222"}, headers={"If-Match": tag})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    history = desk.get(f"{url}contacts/").json()["results"]
    assert [(row["field"], row["old_value"], row["new_value"], row["changed_by"]) for row in history] == [
        ("phone", "138****4417", "139****1111", "白岚")
    ]


def test_the_api_gives_a_whole_phone_only_on_demand(patient):
    desk, url = api("bai.lan"), f"/api/v1/patients/{patient.code}/"
    for path in (url, "/api/v1/patients/", "/api/v1/patients/?q=cy"):
        assert PHONE not in desk.get(path).content.decode()
    assert desk.post(f"{url}phone/", {}).json() == {"phone": PHONE}
    assert api("mo.xiao").post(f"{url}phone/", {}).status_code == 403


def test_phones_are_not_collected_in_bulk(patient, settings):
    desk = browser("bai.lan")
    answers = [desk.post(f"/patients/{patient.code}/phone/").status_code for _try in range(61)]
    assert answers == [200] * 60 + [429]


def test_what_is_foreign_or_missing_looks_alike(patient, working_for):
    with working_for("derma"):
        foreign = actions.register_patient(
            by=SYSTEM, site=Site.objects.first(), name="外人", sex="male", stated_age=30, phone="13600000000"
        ).code
    desk = api("bai.lan")
    answers = [desk.get(f"/api/v1/patients/{code}/") for code in (foreign, "01a1998e-4400-7689-801a-1515a26cdf3a")]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "patient_not_found")] * 2
    assert browser("bai.lan").get(f"/patients/{foreign}/").status_code == 404
    assert desk.get("/api/v1/patients/?q=外人").json()["count"] == 0


def test_unknown_parameters_are_refused(patient):
    desk = api("bai.lan")
    assert desk.get("/api/v1/patients/?name__startswith=x").status_code == 400
    assert desk.get(f"/api/v1/patients/?q=cy&site={patient.site.code}").json()["count"] == 1
    harbor = Site.objects.get(slug="harbor").code
    assert desk.get(f"/api/v1/patients/?q=cy&site={harbor}").json()["count"] == 0
