"""The front desk through the doors: check-in in three keystrokes, the board, the chairs, the doctor's day, the API."""

from __future__ import annotations

import pytest

from services.policy.models import OverrideRecord
from services.reception import actions, selectors, waits
from services.reception.models import Visit
from services.staff.models import DutyShift
from services.tasks.models import Task
from services.tasks.web.views import badge
from tests.services.doors import api, browser, person, staff, statements
from tests.services.flow import booked, center, chair, clockwork, patient, walked_in

API = "/api/v1/reception/"


@pytest.fixture(autouse=True)
def monday(smile, at):
    at("2026-12-07 08:50")
    return at


# --- check-in ---------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("QU-001")
def test_a_booked_patient_is_checked_in_by_choosing_and_one_submit(monday):
    row = booked(patient("陈雨"), "2026-12-07 09:00")
    web = browser("bai.lan")
    drawer = web.get("/reception/check-in/", headers={"HX-Request": "true"}).content.decode()
    assert str(row.code) in drawer
    assert "data-autofocus" in drawer

    done = web.post("/reception/check-in/", {"appointment": str(row.code)})

    assert done.status_code == 303
    visit = Visit.objects.get()
    assert (visit.state, visit.patient, visit.doctor) == ("registered", row.patient, staff("011"))
    assert "陈雨" in web.get("/reception/").content.decode()


def test_a_walk_in_needs_a_patient_and_gets_the_shortest_queue(monday):
    web = browser("bai.lan")
    assert web.post("/reception/check-in/", {}).status_code == 422
    walked_in(patient("排着"), doctor="005")
    suggested = selectors.suggested_doctor(center())
    assert suggested is not None
    assert suggested.staff == staff("011")

    who = patient("罗敏")
    form = {"patient": str(who.code), "doctor": str(suggested.staff.code), "complaint": "咬物痛", "emergency": ""}
    assert web.post("/reception/check-in/", form).status_code == 303
    again = web.post("/reception/check-in/", form)
    assert again.status_code == 409
    assert 'data-code="already_here"' in again.content.decode()
    assert Visit.objects.filter(patient=who).count() == 1


def test_only_desks_check_in(monday):
    assert browser("fang.li").get("/reception/check-in/").status_code == 403
    assert browser("fang.li").get("/reception/").status_code == 200
    assert browser(None).get("/reception/").status_code == 302


# --- the board --------------------------------------------------------------------------------------------------------


def test_the_one_screen_shows_waits_arrivals_tasks_and_figures(monday, at):
    at("2026-12-07 09:00:00")
    walked_in(patient("陈雨"))
    actions.record_arrival(by=person("bai.lan"), site=center(), patient=patient("何静"), doctor=staff("020"))
    at("2026-12-07 09:20:01")
    clockwork()

    page = browser("yao.jing").get("/reception/").content.decode()

    assert "wait-over" in page
    assert page.count("wait-card") == 1
    assert "何静" in page
    assert str(Task.objects.get(kind=waits.EXPLAIN).code) in page


def test_the_board_takes_twelve_queries_at_most_however_many_wait(monday, at):
    for number in range(12):
        walked_in(patient(f"患者{number}"), doctor=("011", "020", "005", "014")[number % 4])
    for number, room in enumerate("1235"):
        visit = Visit.objects.order_by("id")[number]
        actions.lead_in(by=person("su.qi"), visit=visit, chair=chair(room))
    for number, doctor in enumerate(("020", "005")):
        row = booked(patient(f"预约{number}"), "2026-12-07 09:00", doctor=doctor)
        actions.check_in(by=person("bai.lan"), site=center(), appointment=row)
    DutyShift.objects.filter(staff=staff("014"), starts_at__date="2026-12-07").update(kind="rest", chair=None)
    at("2026-12-07 09:20:01")
    clockwork()
    web = browser("yao.jing")
    page = web.get("/reception/").content.decode()
    assert Task.objects.filter(kind=waits.EXPLAIN).count() == 10
    assert 'class="wait-card' in page
    for part in ("", "board", "queue"):
        ask = {"path": f"/reception/?part={part}", "headers": {"X-Poll": "1"} if part else {}}
        assert statements(lambda ask=ask: web.get(**ask)) <= 12, part
        assert web.get(**ask).status_code == 200
        assert web.get(ask["path"]).content.decode().startswith("<!doctype html>")


def test_a_queue_in_which_only_time_has_passed_is_not_sent_again(monday, at):
    walked_in(patient("陈雨"))
    at("2026-12-07 09:09:50")
    web, ask = browser("yao.jing"), {"X-Poll": "1"}
    first = web.get("/reception/?part=queue", headers=ask)
    assert 'name="csrfmiddlewaretoken"' in first.content.decode(), "the card's own form is part of it"

    at.advance(seconds=7)
    again = web.get("/reception/?part=queue", headers=ask | {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")

    # The moment the wait is longer than told, the card says something else.
    at("2026-12-07 09:10:01")
    late = web.get("/reception/?part=queue", headers=ask | {"If-None-Match": first.headers["ETag"]})
    assert late.status_code == 200
    assert "wait-over" in late.content.decode()


def test_a_card_says_what_the_wait_asks_for_and_who_may_do_it(monday, at):
    """Told, asked, explained, blocked: each stage of one wait, and the acts of three posts."""
    desk, guide = person("bai.lan"), person("su.qi")
    visit = walked_in(patient("<b>陈</b>"))
    who = visit.patient
    who.is_special = True
    who.save(update_fields=["is_special"])

    def card(reader: str = "yao.jing") -> str:
        page = browser(reader).get("/reception/").content.decode()
        return page.split(f'data-code="{visit.code}"')[1].split("</article>")[0]

    untold = card()
    assert "&lt;b&gt;陈&lt;/b&gt;" in untold
    assert "<b>陈" not in untold
    assert f'href="/reception/visits/{visit.code}/#wait"' in untold
    assert f'action="/reception/visits/{visit.code}/lead-in/"' in untold
    assert untold.count("badge") == 1
    assert 'class="wait wait-calm" data-wait' in untold

    actions.announce_wait(by=desk, visit=visit, minutes=18)
    visit.refresh_from_db()
    asked = card()
    assert "18" in asked
    assert f'href="/reception/visits/{visit.code}/#wait"' in asked, "longer than 15: the guest is asked"
    actions.record_opinion(by=desk, visit=visit, opinion="stay", education_topic="刷牙")
    assert "刷牙" in card()
    assert "#wait" not in card()

    at("2026-12-07 09:20:01")
    assert f'href="/reception/visits/{visit.code}/#explain"' in card()
    actions.explain_wait(by=guide, visit=visit, reason="overrun", words="前一位治疗延长")
    explained = card()
    assert "#explain" not in explained
    assert "tone-ok" in explained

    # A chair that is taken locks the way in, and says by whom.
    room = chair("3")
    Visit.objects.filter(pk=visit.pk).update(chair=room)
    before = walked_in(patient("先到"), doctor="011")
    Visit.objects.filter(pk=before.pk).update(state="in_chair", chair=room, led_in_at=before.registered_at)
    blocked = card()
    assert "先到" in blocked
    assert f'href="/reception/visits/{visit.code}/#lead-in"' in blocked
    assert "/lead-in/" not in blocked
    # Who only looks may do none of it.
    assert "btn" not in card("fang.li")


def test_the_number_at_the_rail_is_the_same_on_the_board_and_elsewhere(monday, at):
    walked_in(patient("陈雨"))
    at("2026-12-07 09:20:01")
    clockwork()
    web = browser("yao.jing")
    numbers = [web.get(page).context["request"] for page in ("/reception/", "/patients/")]
    assert numbers[0].tasks_due == badge(numbers[1]) > 0


def test_both_halves_are_polled_with_an_etag(monday):
    web = browser("bai.lan")
    first = web.get("/reception/?part=queue", headers={"X-Poll": "1"})
    assert (
        web.get("/reception/?part=queue", headers={"X-Poll": "1", "If-None-Match": first.headers["ETag"]}).status_code
        == 304
    )
    walked_in(patient("陈雨"))
    assert (
        web.get("/reception/?part=queue", headers={"X-Poll": "1", "If-None-Match": first.headers["ETag"]}).status_code
        == 200
    )


# --- SC-01 and SC-07 by hand ------------------------------------------------------------------------------------------


@pytest.mark.ledger("QU-003", "QU-004")
def test_sc01_on_the_page_of_the_visit(monday, at):
    at("2026-12-07 09:00:00")
    visit = walked_in(patient("陈雨"))
    desk, guide = browser("bai.lan"), browser("yao.jing")
    url = f"/reception/visits/{visit.code}/"
    assert desk.post(f"{url}announce/", {"minutes": "18"}).status_code == 303
    visit.refresh_from_db()
    assert visit.state == "registered"
    assert desk.post(f"{url}opinion/", {"opinion": "stay", "education_topic": "brushing"}).status_code == 303
    visit.refresh_from_db()
    assert visit.state == "waiting"

    at("2026-12-07 09:24:00")
    assert guide.post(f"{url}explain/", {"reason": "overrun", "words": ""}).status_code == 422
    assert guide.post(f"{url}explain/", {"reason": "overrun", "words": "root canal overrun"}).status_code == 303
    at("2026-12-07 09:26:00")
    assert browser("su.qi").post(f"{url}lead-in/", {"chair": str(chair("1").code)}).status_code == 303
    page = desk.get(url).content.decode()
    assert "root canal overrun" in page
    assert desk.post(f"{url}announce/", {"minutes": "5"}).status_code == 409


@pytest.mark.ledger("QU-008")
def test_sc07_on_the_page_of_the_visit(monday):
    ma = walked_in(patient("马林"))
    attendant, nurse, supervisor = browser("su.qi"), browser("mo.xiao"), browser("gao.wen")
    room = {"chair": str(chair("3").code)}
    assert attendant.post(f"/reception/visits/{ma.code}/lead-in/", room).status_code == 303
    assert nurse.post(f"/reception/visits/{ma.code}/in-chair/").status_code == 303
    assert browser("dr.pan").post(f"/reception/visits/{ma.code}/finish/").status_code == 303
    ruan = walked_in(patient("阮欣"))
    url = f"/reception/visits/{ruan.code}/"

    refused = attendant.post(f"{url}lead-in/", room, headers={"HX-Request": "true"})
    assert refused.status_code == 409
    assert refused.headers["X-Refusal"] == "chair_not_free"
    assert attendant.post(f"{url}override/", {"reason": "in a hurry"}).status_code == 403
    assert supervisor.post(f"{url}override/", {"reason": "child in pain"}).status_code == 303
    assert attendant.post(f"{url}lead-in/", room).status_code == 303

    assert "child in pain" in browser("shen.ke").get("/policy/exceptions/").content.decode()
    assert OverrideRecord.objects.get().used_at is not None


def test_the_chairs_and_the_doctors_day(monday):
    visit = walked_in(patient("梁博"))
    waiting = walked_in(patient("陈雨"))
    actions.lead_in(by=person("su.qi"), visit=visit, chair=chair("1"))
    doctor = browser("dr.lin")
    day = doctor.get("/reception/doctor/").content.decode()
    assert "梁博" in day
    assert "陈雨" in day
    assert "陈雨" not in browser("dr.xu").get("/reception/doctor/").content.decode()
    assert (
        doctor.post(f"/reception/visits/{visit.code}/finish/", {"next": "/reception/doctor/"}).headers["Location"]
        == "/reception/doctor/"
    )
    card = {"state": "complete", "units": "1"}
    assert doctor.post(f"/reception/visits/{visit.code}/card/", card).status_code == 303
    chairs = browser("su.qi").get("/reception/chairs/").content.decode()
    assert "梁博" in chairs
    assert browser("su.qi").post(f"/reception/visits/{visit.code}/leave/").status_code == 303
    assert actions.next_visit_settled(visit)
    assert Visit.objects.get(pk=waiting.pk).state == "registered"


@pytest.mark.ledger("AP-030", "QU-022")
def test_rebooking_and_leaving_on_the_page(monday):
    first, second = walked_in(patient("拓海")), walked_in(patient("走了"))
    web = browser("bai.lan")
    form = {"doctor": str(staff("011").code), "day": "2026-12-08", "time": "15:00", "units": "2"}
    assert web.post(f"/reception/visits/{first.code}/rebook/", {**form, "time": "12:15"}).status_code == 422
    assert web.post(f"/reception/visits/{first.code}/rebook/", form).status_code == 303
    assert web.post(f"/reception/visits/{second.code}/left-unseen/", {"reason": ""}).status_code == 422
    assert web.post(f"/reception/visits/{second.code}/left-unseen/", {"reason": "walked out"}).status_code == 303
    assert list(Visit.objects.order_by("id").values_list("state", flat=True)) == ["rebooked", "left_unseen"]


def test_the_file_of_a_patient_shows_where_they_are(monday):
    visit = walked_in(patient("陈雨"))
    page = browser("bai.lan").get(f"/patients/{visit.patient.code}/")
    assert page.status_code == 200
    assert f"/reception/visits/{visit.code}/" in page.content.decode()


# --- the API ----------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("QU-003", "QU-004", "QU-008")
def test_a_whole_visit_over_the_api(monday, at):
    at("2026-12-07 09:00:00")
    row = booked(patient("陈雨"), "2026-12-07 09:00")
    desk, guide, attendant, doctor = api("bai.lan"), api("yao.jing"), api("su.qi"), api("dr.lin")

    made = desk.post(f"{API}visits/", {"site": str(center().code), "appointment": str(row.code)})
    assert (made.status_code, made.json()["state"]) == (201, "registered")
    url = f"{API}visits/{made.json()['code']}/"
    assert desk.post(f"{url}announce/", {"minutes": 18}).json()["state"] == "registered"
    seat = desk.post(f"{url}seat/")
    assert (seat.status_code, seat.json()["code"]) == (422, "wait_opinion_missing")
    assert desk.post(f"{url}opinion/", {"opinion": "stay", "education_topic": "brushing"}).json()["state"] == "waiting"
    at("2026-12-07 09:24:00")
    [line] = desk.get(f"{API}waiting/?site={center().code}").json()["results"]
    assert (line["stage"], line["needs_explanation"]) == ("over", True)
    told = guide.post(f"{url}explanations/", {"reason": "overrun", "words": "root canal overrun"})
    assert (told.status_code, told.json()["late_seconds"]) == (201, 239)
    led = attendant.post(f"{url}lead-in/", {})
    assert (led.status_code, led.json()["wait_seconds"]) == (200, 1440)
    assert desk.post(f"{url}announce/", {"minutes": 3}).json()["code"] == "wait_is_over"

    other = desk.post(
        f"{API}visits/",
        {"site": str(center().code), "patient": str(patient("吴飞").code), "doctor": str(staff("011").code)},
    )
    refused = attendant.post(f"{API}visits/{other.json()['code']}/lead-in/", {"chair": str(chair("1").code)})
    assert (refused.status_code, refused.json()["code"]) == (409, "chair_not_free")
    assert doctor.post(f"{url}finish/").json()["state"] == "finished"
    assert attendant.post(f"{url}leave/").json()["state"] == "left"
    assert attendant.post(f"{url}leave/").status_code == 409


def test_the_wait_cannot_be_written_from_outside(monday):
    visit = walked_in(patient("陈雨"))
    desk = api("bai.lan")
    for method in (desk.put, desk.patch):
        assert method(f"{API}visits/{visit.code}/", {"registered_at": "2026-12-07T01:00:00Z"}).status_code == 405
    made = desk.post(f"{API}visits/", {"site": str(center().code), "registered_at": "2026-12-07T01:00:00Z"})
    assert made.status_code == 400


@pytest.mark.ledger("PL-001")
def test_visits_of_other_sites_and_tenants_look_missing(monday, working_for):
    visit = walked_in(patient("蓝鲸壹"))
    assert api("luo.ping").get(f"{API}visits/{visit.code}/").status_code == 404
    assert browser("luo.ping").get(f"/reception/visits/{visit.code}/").status_code == 404
    assert api("luo.ping").get(f"{API}waiting/?site={center().code}").status_code == 404
    with working_for("derma"):
        stranger = api("lian.qiao")
        assert stranger.get(f"{API}visits/{visit.code}/").status_code == 404
        assert "蓝鲸" not in stranger.get(f"{API}visits/").content.decode()
