"""The treatment area through the doors: the attendant's screen, a guest's page, notes, concerns, the sheet, the API."""

from __future__ import annotations

from datetime import date

import pytest

from kernel.identity import sessions
from kernel.parameters import set_parameter
from services.reception import actions as desk
from services.reception.models import Visit
from services.tasks.models import Task
from services.treatment_area import actions, rounds
from services.treatment_area.models import (
    AccompanyingRelative,
    Concern,
    DailySheet,
    Feedback,
    FloorEntry,
    MedicalNeed,
    Patrol,
    Priority,
    SilentNote,
)
from tests.services.doors import SYSTEM, api, browser, person, statements
from tests.services.flow import center, chair, clockwork, patient, walked_in

AREA = "/treatment_area/"
API = "/api/v1/treatment_area/"


@pytest.fixture(autouse=True)
def monday(smile, at):
    at("2026-12-07 10:40")
    return at


def led_in(name: str, room: str, *, doctor: str = "011", **facts: object) -> Visit:
    return desk.lead_in(by=person("su.qi"), visit=walked_in(patient(name, **facts), doctor=doctor), chair=chair(room))


def child(name: str = "阮欣") -> Visit:
    return led_in(name, "3", birth_date=date(2016, 1, 1))


def page_of(visit: Visit) -> str:
    return f"{AREA}visits/{visit.code}/"


# --- the attendant's screen -------------------------------------------------------------------------------------------


@pytest.mark.ledger("QU-010", "QU-011")
def test_the_screen_shows_each_chair_its_guest_the_relative_and_what_is_open():
    visit = child()
    actions.admit_companion(by=person("su.qi"), visit=visit, name="阮母", relation="mother")
    waiting = walked_in(patient("田原"))
    actions.send_note(by=person("su.qi"), visit=waiting, text="想咨询")
    web = browser("su.qi")
    page = web.get(AREA).content.decode()
    assert all(name in page for name in ("阮欣", "阮母", "田原"))
    assert f'data-chair="{chair("1").code}"' in page
    assert 'data-key="C"' in page
    assert 'data-key="T"' not in page  # the attendant does not sign
    assert 'data-key="T"' in browser("tang.rui").get(AREA).content.decode()
    assert web.get("/").status_code == 302
    assert web.get("/").headers["Location"].endswith(AREA)


def test_the_screen_takes_twelve_queries_at_most_however_many_are_here():
    for number, room in enumerate("1235"):
        visit = led_in(f"患者{number}", room, birth_date=date(2016, 1, 1), doctor=("011", "020", "005", "014")[number])
        actions.admit_companion(by=person("su.qi"), visit=visit, name="家属", relation="mother")
    for number in range(8):
        visit = walked_in(patient(f"等候{number}"), doctor=("011", "020", "005", "014")[number % 4])
        rounds.raise_priority(by=person("su.qi"), visit=visit, reason="ill")
        if number < 4:
            actions.send_note(by=person("su.qi"), visit=visit, text="想咨询")
        rounds.report_concern(by=person("su.qi"), site=center(), kind="long_wait", words="等太久", visit=visit)
    rounds.note_patrol(by=person("su.qi"), site=center())
    web = browser("su.qi")
    web.get(AREA)
    poll = {"HX-Request": "true", "X-Poll": "1"}
    # One to learn whether anything changed, twelve to draw it.
    assert statements(lambda: web.get(AREA, headers=poll)) <= 13
    assert web.get(AREA, headers=poll).content.decode().count("wait-card") == len(chair("1").site.chairs.all()) + 8


def test_nobody_else_comes_in():
    visit = child()
    assert browser("fang.li").get(AREA).status_code == 403
    assert browser(None).get(AREA).status_code == 302
    assert browser("fang.li").get(page_of(visit)).status_code == 403
    assert browser("an.qin").get(page_of(visit)).status_code == 404  # works at the other site
    assert (
        browser("dr.lin").post(f"{page_of(visit)}relatives/", {"name": "母", "relation": "mother"}).status_code == 403
    )


# --- a guest ----------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("QU-011", "QU-023")
def test_one_relative_comes_in_through_the_page_and_the_second_stays_outside():
    visit = child()
    web, url = browser("su.qi"), page_of(visit)
    assert web.post(f"{url}relatives/", {"name": "", "relation": "mother"}).status_code == 422
    assert web.post(f"{url}relatives/", {"name": "阮母", "relation": "mother"}).status_code == 303
    refused = web.post(f"{url}relatives/", {"name": "阮父", "relation": "father"})
    assert refused.status_code == 409
    body = refused.content.decode()
    assert 'data-code="companion_limit"' in body
    assert "阮父" in body  # what was typed is still there
    kept = {"name": "阮父", "relation": "father", "refusal": "second", "words": "在候诊区等候"}
    assert web.post(f"{url}relatives/refuse/", kept).status_code == 303
    assert set(AccompanyingRelative.objects.values_list("state", flat=True)) == {"inside", "refused"}
    mother = AccompanyingRelative.objects.get(state="inside")
    assert web.post(f"{AREA}relatives/{mother.code}/out/").status_code == 303
    mother.refresh_from_db()
    assert mother.state == "out"


@pytest.mark.ledger("QU-011")
def test_the_nurses_reason_is_offered_to_who_may_give_it():
    """Given a house that admits the nurse's reason, when the attendant opens the form, then it is not among the grounds;
    who sends it all the same is refused by the rule."""
    set_parameter(by=SYSTEM, key="companion_grounds", value=["nurse_reason"])
    visit = led_in("阮欣", "1")
    url, offered = page_of(visit), '<option value="nurse_reason"'
    assert offered not in browser("su.qi").get(url).content.decode()
    assert offered in browser("mo.xiao").get(url).content.decode()
    sent = {"name": "阮母", "relation": "mother", "ground": "nurse_reason", "note": "害怕"}
    refused = browser("su.qi").post(f"{url}relatives/", sent)
    assert refused.status_code == 403
    assert offered not in refused.content.decode()
    assert browser("mo.xiao").post(f"{url}relatives/", sent).status_code == 303


@pytest.mark.ledger("QU-011")
def test_with_a_year_of_birth_only_the_page_says_what_is_missing():
    visit = led_in("钱七", "3", stated_age=12)
    web = browser("su.qi")
    refused = web.post(f"{page_of(visit)}relatives/", {"name": "母", "relation": "mother"})
    assert refused.status_code == 422
    assert 'data-code="companion_age_unproven"' in refused.content.decode()
    assert "11–13" in web.get(page_of(visit)).content.decode()


@pytest.mark.ledger("QU-023")
def test_the_doctor_enters_the_medical_need_and_the_head_of_shift_cannot():
    visit = led_in("宋先生", "1", birth_date=date(1985, 3, 3))
    form = {"reason": "癫痫病史"}
    assert browser("gao.wen").post(f"{page_of(visit)}medical-need/", form).status_code == 403
    assert not MedicalNeed.objects.exists()
    assert browser("dr.lin").post(f"{page_of(visit)}medical-need/", {"reason": ""}).status_code == 422
    assert browser("dr.lin").post(f"{page_of(visit)}medical-need/", form).status_code == 303
    admitted = browser("su.qi").post(f"{page_of(visit)}relatives/", {"name": "宋妻", "relation": "spouse"})
    assert admitted.status_code == 303
    assert AccompanyingRelative.objects.get().ground == "medical_need"


@pytest.mark.ledger("QU-010")
def test_the_signature_asks_for_a_fresh_proof():
    visit = child()
    web, url = browser("tang.rui"), page_of(visit)
    session = web.session
    session[sessions.CONFIRMED] = 0
    session.save()
    refused = web.post(f"{url}take-over/", {"remark": ""})
    assert refused.status_code == 403
    assert "/accounts/" in refused.content.decode()
    assert not FloorEntry.objects.exists()
    session[sessions.CONFIRMED] = sessions.machine_seconds()
    session.save()
    assert web.post(f"{url}take-over/", {"remark": "牙疼"}).status_code == 303
    assert FloorEntry.objects.get().remark == "牙疼"
    assert browser("su.qi").post(f"{url}take-over/", {"remark": ""}).status_code == 403
    good = {"about": "reception", "is_good": "yes", "words": ""}
    assert browser("su.qi").post(f"{url}feedback/", good).status_code == 303
    assert Feedback.objects.get().is_good
    beside = browser("bai.lan").get(f"/reception/visits/{visit.code}/").content.decode()
    assert person("tang.rui").name in beside
    assert url in beside


@pytest.mark.ledger("QU-012")
def test_a_silent_note_is_sent_answered_and_seen_at_the_chairs(at):
    led_in("韩博", "1")
    tian = walked_in(patient("田原"))
    attendant, doctor = browser("su.qi"), browser("dr.lin")
    assert attendant.post(f"{page_of(tian)}notes/", {"text": ""}).status_code == 422
    assert attendant.post(f"{page_of(tian)}notes/", {"text": "田女士想咨询"}).status_code == 303
    note = SilentNote.objects.get()
    assert "田女士想咨询" in doctor.get(f"{AREA}notes/").content.decode()
    assert "田女士想咨询" not in browser("dr.xu").get(f"{AREA}notes/").content.decode()
    assert "田原" in doctor.get("/tasks/").content.decode()
    at("2026-12-07 10:42")
    assert doctor.post(f"{AREA}notes/{note.code}/reply/", {"reply": ""}).status_code == 422
    assert doctor.post(f"{AREA}notes/{note.code}/reply/", {"reply": "10分钟"}).status_code == 303
    page = attendant.get(AREA).content.decode()
    assert "10分钟" in page
    assert "2:00" in page
    assert doctor.post(f"{AREA}notes/{note.code}/reply/", {"reply": "20分钟"}).status_code == 409
    assert attendant.get(f"{AREA}notes/{note.code}/").status_code == 200


@pytest.mark.ledger("QU-015")
def test_a_mark_is_seen_on_the_lists_and_the_guide_accompanies():
    visit = walked_in(patient("傅老"))
    form = {"reason": "disabled", "condition": "轮椅"}
    assert browser("fang.li").post(f"{page_of(visit)}priority/", form).status_code == 403
    assert browser("su.qi").post(f"{page_of(visit)}priority/", form).status_code == 303
    mark = Priority.objects.get()
    assert mark.get_reason_display() in browser("su.qi").get(AREA).content.decode()
    assert mark.get_reason_display() in browser("bai.lan").get(f"/reception/visits/{visit.code}/").content.decode()
    assert mark.get_reason_display() in browser("bai.lan").get(f"/patients/{visit.patient.code}/").content.decode()
    assert browser("su.qi").post(f"{AREA}priorities/{mark.code}/accompany/").status_code == 403
    assert browser("yao.jing").post(f"{AREA}priorities/{mark.code}/accompany/").status_code == 303
    assert browser("su.qi").post(f"{AREA}priorities/{mark.code}/end/").status_code == 303
    mark.refresh_from_db()
    assert mark.state == "ended"


# --- rounds and the sheet ---------------------------------------------------------------------------------------------


@pytest.mark.ledger("QU-006")
def test_rounds_and_concerns_through_the_pages():
    visit = walked_in(patient("脱海"))
    attendant, nurse = browser("su.qi"), browser("mei.hua")
    assert attendant.post(f"{AREA}patrols/", {"needs": "热水"}).status_code == 303
    assert Patrol.objects.get().needs == "热水"
    form = {"kind": "long_wait", "to": "head_nurse", "words": "等太久", "visit": str(visit.code)}
    assert attendant.post(f"{AREA}concerns/report/", form | {"words": ""}).status_code == 422
    assert attendant.post(f"{AREA}concerns/report/", form).status_code == 303
    concern = Concern.objects.get()
    url = f"{AREA}concerns/{concern.code}/"
    assert "脱海" in nurse.get(f"{AREA}concerns/").content.decode()
    assert "等太久" in nurse.get(url).content.decode()
    assert attendant.post(f"{url}resolve/", {"resolution": "好"}).status_code == 403
    assert nurse.post(f"{url}resolve/", {"resolution": ""}).status_code == 422
    assert nurse.post(f"{url}resolve/", {"resolution": "换到徐医生"}).status_code == 303
    assert "脱海" not in nurse.get(f"{AREA}concerns/").content.decode()
    assert "脱海" in nurse.get(f"{AREA}concerns/?show=all").content.decode()


def test_many_concerns_are_paged_with_few_queries():
    for number in range(60):
        rounds.report_concern(by=person("su.qi"), site=center(), kind="other", words=f"情况{number}")
    web = browser("mei.hua")
    web.get(f"{AREA}concerns/")
    assert statements(lambda: web.get(f"{AREA}concerns/")) <= 12
    assert "data-row-open" in web.get(f"{AREA}concerns/?page=2").content.decode()


@pytest.mark.ledger("QU-020")
def test_the_sheet_is_printed_signed_and_kept(at):
    visit = child()
    actions.admit_companion(by=person("su.qi"), visit=visit, name="阮母", relation="mother")
    clockwork()
    web = browser("su.qi")
    page = web.get(f"{AREA}sheet/").content.decode()
    assert all(word in page for word in ("阮欣", "阮母", "data-print", "2026-12-07"))
    assert browser("bai.lan").get(f"{AREA}sheet/").status_code == 403
    url = f"{AREA}sheet/2026-12-07/"
    assert browser("gao.wen").get(url).status_code == 200
    assert browser("gao.wen").post(f"{url}hand-in/", {"remark": ""}).status_code == 403
    assert {web.get(f"{AREA}sheet/{day}/").status_code for day in ("2026-13-07", "9999-12-31", "x")} == {404}
    session = web.session
    session[sessions.CONFIRMED] = 0
    session.save()
    assert web.post(f"{url}hand-in/", {"remark": ""}).status_code == 403
    assert not DailySheet.objects.exists()
    session[sessions.CONFIRMED] = sessions.machine_seconds()
    session.save()
    assert web.post(f"{url}hand-in/", {"remark": "下午拥挤"}).status_code == 303
    assert web.post(f"{url}hand-in/", {"remark": ""}).status_code == 409
    assert "下午拥挤" in web.get(url).content.decode()
    assert Task.objects.get(kind=rounds.SHEET).state == "done"


# --- the API ----------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("QU-010", "QU-011", "QU-012", "QU-023")
def test_the_same_over_the_api():
    visit = child()
    attendant, nurse, doctor = api("su.qi"), api("tang.rui"), api("dr.lin")
    url = f"{API}visits/{visit.code}/"
    mother = attendant.post(f"{url}relatives/", {"name": "阮母", "relation": "mother"})
    assert (mother.status_code, mother.json()["ground"]) == (201, "child")
    second = attendant.post(f"{url}relatives/", {"name": "阮父", "relation": "father"})
    assert (second.status_code, second.json()["code"]) == (409, "companion_limit")
    kept = attendant.post(f"{url}relatives/refused/", {"name": "阮父", "relation": "father", "refusal": "second"})
    assert (kept.status_code, kept.json()["state"]) == (201, "refused")
    assert len(attendant.get(f"{url}relatives/").json()["results"]) == 2
    out = attendant.post(f"{API}relatives/{mother.json()['code']}/out/")
    assert (out.status_code, out.json()["state"]) == (200, "out")
    assert attendant.post(f"{url}medical-needs/", {"reason": "x"}).status_code == 403
    assert doctor.post(f"{url}medical-needs/", {"reason": "癫痫"}).status_code == 201
    assert attendant.post(f"{url}take-over/", {}).status_code == 403
    assert nurse.post(f"{url}take-over/", {}).status_code == 201
    assert nurse.post(f"{url}take-over/", {}).json()["code"] == "already_taken_over"
    assert attendant.post(f"{url}feedback/", {"about": "reception", "is_good": True}).status_code == 201

    tian = walked_in(patient("田原"))
    note = attendant.post(f"{API}visits/{tian.code}/notes/", {"text": "想咨询"})
    assert note.status_code == 201
    answered = doctor.post(f"{API}notes/{note.json()['code']}/reply/", {"reply": "10分钟"})
    assert (answered.json()["state"], answered.json()["reply_seconds"]) == ("answered", 0)
    assert len(attendant.get(f"{API}notes/?state=answered").json()["results"]) == 1
    assert attendant.post(f"{API}visits/{tian.code}/priority/", {"reason": "weak"}).status_code == 201
    report = {"site": str(center().code), "kind": "other", "words": "地面湿滑", "visit": str(tian.code)}
    concern = attendant.post(f"{API}concerns/", report)
    assert concern.status_code == 201
    assert (
        api("mei.hua")
        .post(f"{API}concerns/{concern.json()['code']}/resolve/", {"resolution": "已擦干"})
        .json()["state"]
        == "resolved"
    )
