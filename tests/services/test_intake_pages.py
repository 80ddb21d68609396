"""The pages and the API of the first visit, in the three lines of business that have a form."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.cache import cache

from kernel import parameters
from kernel.identity.models import User
from services.appointments.actions import book_appointment, cancel_appointment
from services.catalogue.models import Item
from services.intake import actions, selectors
from services.intake.models import HandOver, IntakeSheet
from services.patients.actions import update_patient
from services.patients.models import Patient
from services.reception.actions import check_in
from services.reception.models import Visit
from services.sites.models import Site
from services.staff.models import StaffMember
from tests.services.doors import SYSTEM, api, browser, person, staff, statements
from tests.services.flow import center, chair, clockwork, local, patient, walked_in
from tests.services.test_intake import ASKED, BAI, COMPLETE, SU, TANG, begun, checked, in_two_places, signed

REGISTRATION = {"name": "罗敏", "stated_age": "34", "absent": "declined"}
ANSWERS = {
    "symptoms": "右下后牙疼三天", "address_declined": "on", "occupation": "会计", "heard_by": "map",
    **dict.fromkeys(ASKED, "no"),
}  # fmt: skip


@pytest.fixture
def monday(smile: Any, at: Any) -> Any:
    at("2026-12-07 10:05")
    return at


def said(answer: Any) -> str:
    return answer.content.decode()


@pytest.mark.ledger("FD-007", "FD-008", "FD-009")
def test_sc_02_a_walk_in_with_a_hidden_risk(monday):
    """SC-02 through the browser: two lead-ins are refused, the third one succeeds."""
    parameters.set_parameter(by=SYSTEM, key="first_visit_form", value=True)
    desk, attendant = browser(BAI), browser(SU)
    assert desk.post("/patients/new/", REGISTRATION).status_code == 422
    assert desk.post("/patients/new/", {**REGISTRATION, "sex": "female"}).status_code == 303
    luo = Patient.objects.get(name="罗敏")
    arrived = desk.post(
        "/reception/check-in/", {"patient": luo.code, "doctor": staff("020").code, "visit_class": "first"}
    )
    visit = Visit.objects.get(patient=luo)
    assert arrived["Location"] == f"/intake/visits/{visit.code}/"  # the next step, without a search
    assert 'data-key="Y"' in said(desk.get(arrived["Location"]))
    sheet_page = desk.post(arrived["Location"])["Location"]
    sheet = IntakeSheet.objects.get(visit=visit)

    gaps = desk.post(f"{sheet_page}answers/", {**ANSWERS, "medication": "yes", "symptoms": "", "check": "1"})
    assert gaps.status_code == 422
    assert {"symptoms", "medication"} == set(gaps.context["answers_form"].errors)
    warfarin = {**ANSWERS, "medication": "yes", "medication_words": "华法林", "check": "1"}
    assert desk.post(f"{sheet_page}answers/", warfarin).status_code == 303
    assert desk.post(f"{sheet_page}hand-over/", {"receiver": staff("202").code}).status_code == 422  # unsigned
    assert desk.post(f"{sheet_page}sign/", {"signer": "patient", "signer_name": "罗敏"}).status_code == 303

    lead_in = (f"/reception/visits/{visit.code}/lead-in/", {"chair": chair("2").code})
    assert attendant.post(*lead_in).status_code == 422
    assert desk.post(f"{sheet_page}special/", {"question": ["medication"]}).status_code == 303
    assert desk.post(f"{sheet_page}alert/", {"text": "服用华法林"}).status_code == 303
    monday("2026-12-07 10:15")
    assert desk.post(f"{sheet_page}hand-over/", {"receiver": staff("202").code}).status_code == 303
    refused = attendant.post(*lead_in)
    assert (refused.status_code, Visit.objects.get().state) == (422, "registered")
    shown = attendant.get(f"/reception/visits/{visit.code}/")
    assert "华法林" in said(shown)
    monday("2026-12-07 10:19")
    hand = HandOver.objects.get()
    assert browser("mo.xiao").post(f"/intake/hand-overs/{hand.code}/acknowledge/").status_code == 403
    assert "华法林" in said(browser(TANG).get(sheet_page))
    assert browser(TANG).post(f"/intake/hand-overs/{hand.code}/acknowledge/").status_code == 303
    assert attendant.post(*lead_in).status_code == 303

    hand.refresh_from_db()
    assert (hand.acknowledged_at, Visit.objects.get().state) == (local("2026-12-07 10:19"), "led_in")
    assert "服用华法林" in said(browser(TANG).get(f"/patients/{luo.code}/"))  # the alert, and what stands out
    assert "特殊情况" in said(attendant.get("/reception/chairs/"))
    printed = browser(BAI).get(sheet_page).context["document"]
    assert printed.number == luo.record_number
    sheet.refresh_from_db()
    assert (sheet.filler, sheet.state) == ("desk", "acknowledged")


def test_what_the_check_found_blank_is_filled_in_and_checked_on_the_same_page(monday):
    sheet, desk = begun(walked_in(patient("罗敏"))), browser(BAI)
    page = f"/intake/{sheet.code}/"
    version = desk.get(page).context["answers_form"]["version"].value()
    gaps = desk.post(f"{page}answers/", {**ANSWERS, "heard_by": "", "check": "1", "version": version})
    assert (gaps.status_code, set(gaps.context["answers_form"].errors)) == (422, {"heard_by"})
    kept = gaps.context["answers_form"]["version"].value()
    stale = desk.post(f"{page}answers/", {**ANSWERS, "check": "1", "version": version})
    assert stale.status_code == 412  # the page that was opened before knows nothing of what was kept
    form = gaps.context["answers_form"]
    shown = {name: str(form[name].value()) for name in form.fields if form[name].value()}
    assert (shown["symptoms"], shown["version"]) == ("右下后牙疼三天", str(kept))
    assert desk.post(f"{page}answers/", {**shown, "heard_by": "map", "check": "1"}).status_code == 303
    sheet.refresh_from_db()
    assert (sheet.state, selectors.answers_of(sheet)["symptoms"]["value"]) == ("to_sign", "右下后牙疼三天")


@pytest.mark.ledger("FD-008")
def test_the_visitor_fills_in_and_signs_on_a_tablet_that_is_not_signed_in(monday):
    cache.clear()
    visit = walked_in(patient("罗敏"))
    sheet, desk, tablet = begun(visit), browser(BAI), browser(None)
    page = f"/intake/{sheet.code}/"

    def link() -> str:
        return re.sub("^https?://[^/]+", "", desk.post(f"{page}link/").context["link"])

    first = link()
    second = link()
    assert tablet.get(first).status_code == 404  # the link before has ended
    assert said(tablet.get(second)).count("罗敏") >= 1
    half = {key: value for key, value in ANSWERS.items() if key != "symptoms"}
    assert tablet.post(second, half, follow=True).status_code == 200
    assert tablet.post(second, ANSWERS).status_code == 200
    sheet.refresh_from_db()
    assert (sheet.filler, sheet.filled_by_name, sheet.state) == ("patient", "罗敏", "filling")
    assert tablet.get(page).status_code == 302  # nothing but this form

    # The desk reads it back as it is: it stays the visitor's own; then nothing can be written by the link any more.
    assert desk.post(f"{page}answers/", {**ANSWERS, "check": "1"}).status_code == 303
    sheet.refresh_from_db()
    assert (sheet.filler, sheet.state, sheet.checked_by_name) == ("patient", "to_sign", "白岚")
    assert tablet.post(second, ANSWERS).status_code == 404
    third = link()
    assert tablet.post(third, {"signer": "patient", "signer_name": ""}).status_code == 422
    assert tablet.post(third, {"signer": "patient", "signer_name": "罗敏"}).status_code == 200
    assert (sheet.signature.on_tablet, sheet.signature.witness_name) == (True, "")
    assert tablet.get(third).status_code == 404
    other = begun(walked_in(patient("韩江")))
    late = actions.open_link(by=person(BAI), sheet=other)
    monday("2026-12-07 11:06")
    assert tablet.get(f"/intake/fill/{late}/").status_code == 404


def test_the_desk_sees_its_work_and_how_much_of_it_is_left(monday):
    desk = browser(BAI)
    assert desk.get("/intake/").context["rows"] == []
    walked_in(patient("甲一"))
    begun(walked_in(patient("乙二")))
    checked(walked_in(patient("丙三")))
    signed(walked_in(patient("丁四")))
    sheet = in_two_places(walked_in(patient("戊五")))
    stages = [row["line"].stage for row in desk.get("/intake/").context["rows"]]
    assert stages == ["missing", "filling", "to_sign", "signed", "signed"]
    assert [row["line"].patient.name for row in desk.get("/intake/?show=to_sign").context["rows"]] == ["丙三"]

    def badge(page: str = "/intake/") -> int:
        entries = desk.get(page).context["shell"].nav
        return next(one.badge for one in entries if one.key == "intake")

    assert badge() == 5
    assert desk.post(f"/intake/{sheet.code}/hand-over/", {"receiver": staff("202").code}).status_code == 303
    assert badge() == badge("/reception/") == 4  # the desk's screen counts without a query of its own
    few = statements(lambda: desk.get("/intake/"))
    for name in ("己六", "庚七", "辛八", "壬九"):
        begun(walked_in(patient(name)))
    assert statements(lambda: desk.get("/intake/")) == few
    assert len(selectors.work_list(center(), local("2026-12-07 12:00").date())) == 9
    assert browser("luo.ping").get("/intake/").context["rows"] == []  # another branch
    assert browser("fang.li").get("/intake/").status_code == 403


@pytest.mark.ledger("FD-026")
def test_a_foreign_patient_is_handed_to_who_speaks_the_language(monday):
    who = patient("铃木", language="日语")
    tang = staff("202")
    tang.languages = ["普通话", "日语"]
    tang.save(update_fields=["languages"])
    sheet = signed(walked_in(who))
    assert browser(BAI).get(f"/intake/{sheet.code}/").context["speaking"] == [tang]
    update_patient(by=SYSTEM, patient=who, language="")
    assert browser(BAI).get(f"/intake/{sheet.code}/").context["speaking"] == []


@pytest.mark.ledger("FD-027")
def test_who_is_known_is_greeted_by_their_form_of_address(monday):
    sheet = begun(walked_in(patient("罗敏", form_of_address="罗女士")))
    token = actions.open_link(by=person(BAI), sheet=sheet)
    assert "罗女士" in said(browser(None).get(f"/intake/fill/{token}/"))


@pytest.mark.ledger("FD-006", "FD-032")
def test_dermatology_asks_where_it_hurts_and_how_they_heard_of_the_hospital(derma, at):
    """SC-22: without media source or condition the booklet is not finished."""
    at("2027-03-02 09:00")
    site = Site.objects.get(slug="main")
    who = patient("冯梅", site=site, stated_age=71)
    visit = check_in(by=person("lian.qiao"), site=site, patient=who, doctor=staff("041"))
    guide = browser("lian.qiao")
    page = guide.post(f"/intake/visits/{visit.code}/")["Location"]
    answers = {
        "help": "walking_aid", "place": "limbs", "earlier": "无", "medication": "no", "allergy": "no", "fever": "no",
        "pregnancy": "no", "chronic": "no", "check": "1",
    }  # fmt: skip
    gaps = guide.post(f"{page}answers/", answers)
    assert gaps.status_code == 422
    assert {"condition", "source"} == set(gaps.context["answers_form"].errors)
    done = guide.post(f"{page}answers/", {**answers, "condition": "湿疹，一周", "source": "social"})
    assert done.status_code == 303
    who.refresh_from_db()
    sheet = IntakeSheet.objects.get()
    assert (who.media_source, sheet.state) == ("social", "to_sign")
    assert [one.question for one in sheet.findings.all()] == ["help"]  # walks with difficulty: told to whoever treats


@pytest.mark.ledger("FD-005", "FD-031")
def test_aesthetics_begins_the_file_with_the_booking_and_passes_it_to_the_consultant(lumen, at):
    at("2026-12-07 10:00")
    site = Site.objects.order_by("id").first()
    who = patient("许贝拉", site=site, stated_age=29)
    booking = book_appointment(
        by=person("cui.ling"), site=site, patient=who, doctor=staff("051"), starts_at=local("2026-12-07 14:00"), units=2,
        item=Item.objects.get(key="aesth-consultation"), complaint="眼睑",
    )  # fmt: skip
    clockwork()
    sheet = IntakeSheet.objects.get()
    assert (sheet.visit, sheet.state, selectors.answers_of(sheet)["need"]["value"]) == (None, "filling", "眼睑")
    line = selectors.work_list(site, local("2026-12-07 12:00").date())[0]
    assert (line.stage, line.with_desk) == ("filling", True)

    at("2026-12-07 13:50")
    visit = check_in(by=person("cui.ling"), site=site, appointment=booking)
    clockwork()
    assert actions.start_sheet(by=person("cui.ling"), site=site, visit=visit) == sheet
    desk, page = browser("cui.ling"), f"/intake/{sheet.code}/"
    answers = {
        "need": "重睑", "on_camera": "yes", "source": "recommended", "earlier": "no", "keloid": "no", "allergy": "no",
        "medication": "no", "pregnancy": "no", "chronic": "no", "check": "1",
    }  # fmt: skip
    assert set(desk.post(f"{page}answers/", answers).context["answers_form"].errors) == {"occupation"}
    assert desk.post(f"{page}answers/", {**answers, "occupation": "演员"}).status_code == 303
    at("2026-12-07 13:55")
    nora = StaffMember.objects.get(user=User.objects.get(username="nora.shen"))
    assert desk.post(f"{page}hand-over/", {"receiver": nora.code}).status_code == 303
    given, (who, checked_sheet) = HandOver.objects.get(), (Patient.objects.get(), IntakeSheet.objects.get())
    assert (given.receiver, given.given_at, given.complaint) == (nora, local("2026-12-07 13:55"), "重睑")
    assert (who.occupation, checked_sheet.checked_by_name) == ("演员", "崔玲")

    other = patient("改期", site=site)
    booking = book_appointment(
        by=person("cui.ling"), site=site, patient=other, doctor=staff("052"), starts_at=local("2026-12-08 14:00"), units=2,
        item=Item.objects.get(key="aesth-consultation"),
    )  # fmt: skip
    clockwork()
    cancel_appointment(by=person("cui.ling"), appointment=booking, reason="改期")
    clockwork()
    assert IntakeSheet.objects.get(patient=other).state == "dropped"


def test_the_api_does_what_the_pages_do(monday):
    visit = walked_in(patient("罗敏"))
    desk = api(BAI)
    root = "/api/v1/intake/"
    made = desk.post(f"{root}visits/{visit.code}/sheet/")
    assert made.status_code == 201
    one = f"{root}sheets/{made.json()['code']}/"
    gaps = desk.post(f"{one}check/")
    assert (gaps.status_code, gaps.json()["code"]) == (422, "blanks_left")
    filled = {**COMPLETE, "medication": {"value": "yes", "words": "华法林"}}
    assert desk.post(f"{one}answers/", {"answers": filled, "filler": "desk"}).status_code == 200
    assert desk.post(f"{one}answers/", {"answers": {"x": {}}, "filler": "desk"}).json()["code"] == "question_unknown"
    assert desk.post(f"{one}check/").json()["missing"] == ["highlight", "alert", "hand_over"]
    assert desk.post(f"{one}signature/", {"signer": "patient", "signer_name": "罗敏"}).json()["state"] == "signed"
    assert desk.post(f"{one}special/", {"question": "medication"}).json()["missing"] == ["alert", "hand_over"]
    assert desk.post(f"{one}alert/", {"text": "华法林"}).json()["missing"] == ["hand_over"]
    assert desk.post(f"{one}hand-overs/", {"receiver": str(visit.code)}).status_code == 404
    given = desk.post(f"{one}hand-overs/", {"receiver": str(staff("202").code)})
    assert given.status_code == 201
    heard = api(TANG).post(f"{root}hand-overs/{given.json()['code']}/acknowledgement/")
    assert heard.json()["acknowledged_at"] == "2026-12-07T02:05:00Z"
    listed = desk.get(f"{root}sheets/?state=acknowledged&site={center().code}").json()
    assert [row["missing"] for row in listed["results"]] == [[]]
    assert desk.get(one).json()["findings"][0]["highlighted"] is True
    assert api("fang.li").get(one).status_code == 403
