"""An outage: what counts as one, what is entered from paper, and where each emergency receipt went."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from kernel import clock
from kernel.errors import Conflict, Forbidden, NotFound, RuleRefused
from kernel.outbox.models import OutboxEvent
from services.kpis.actions import measure
from services.outage import actions, selectors
from services.outage.kpis import waits_excluded
from services.outage.models import EmergencyNumber, OutageVisit, OutageWindow
from services.reception import actions as reception
from services.reception.kpis import median_wait, unexplained_waits
from services.reception.models import Visit
from services.reception.paper import PaperTimes
from services.shift.leftovers import gathered
from services.sites.models import Site
from services.tasks.models import Task
from tenants import pulse
from tests.kernel.probes import at_once
from tests.services.doors import api, browser, person, staff
from tests.services.flow import booked, center, chair, clockwork, local, patient, walked_in
from tests.services.till import charged, signed

BAI, FANG, SUPER = "bai.lan", "fang.li", "gao.wen"
DAY = "2026-12-07"


def moment(text: str) -> Any:
    return local(f"{DAY} {text}")


@pytest.fixture
def monday(smile: Any, at: Any) -> Any:
    at(f"{DAY} 09:00")
    return at


def silent(at: Any, since: str, until: str) -> None:
    """The server lived until ``since`` and again from ``until`` on."""
    at(f"{DAY} {since}")
    pulse.note()
    at(f"{DAY} {until}")
    pulse.note()


def declared(since: str, until: str | None, **more: Any) -> OutageWindow:
    return actions.declare_window(
        by=person(SUPER),
        site=center(),
        since=moment(since),
        until=moment(until) if until else None,
        reason="停电",
        **more,
    )


def times(*texts: str) -> PaperTimes:
    names = ("arrived", "registered", "led_in", "finished", "left")
    return PaperTimes(**dict(zip(names, map(moment, texts), strict=False)))


def entered(window: OutageWindow, who: Any, *texts: str, by: str = BAI, **more: Any) -> OutageVisit:
    facts = {"doctor": staff("011"), "chair": chair("2"), "patient": who} | more
    return actions.enter_visit(by=person(by), site=center(), window=window, times=times(*texts), **facts)


def refused(kind: Any, code: str, act: Any) -> Any:
    with pytest.raises(kind) as refusal:
        act()
    assert refusal.value.code == code
    return refusal.value


def test_a_silence_of_the_server_is_known_afterwards_and_proposed(monday: Any) -> None:
    pulse.note()
    monday.advance(minutes=2)
    pulse.note()  # two minutes are no silence
    assert selectors.proposals(center()) == []
    silent(monday, "09:04", "09:50")
    assert selectors.proposals(center()) == [(moment("09:04"), moment("09:50"))]
    declared("09:04", "09:50")
    assert selectors.proposals(center()) == []


def test_only_a_supervisor_declares_and_windows_do_not_overlap(monday: Any) -> None:
    monday(f"{DAY} 11:00")
    with pytest.raises(Forbidden):
        actions.declare_window(by=person(BAI), site=center(), since=moment("09:05"), reason="停电")
    refused(RuleRefused, "reason_missing", lambda: actions.declare_window(
        by=person(SUPER), site=center(), since=moment("09:05"), reason=" "))  # fmt: skip
    refused(RuleRefused, "window_in_future", lambda: declared("09:05", "11:30"))
    refused(RuleRefused, "window_reversed", lambda: declared("09:05", "09:00"))
    window = declared("09:05", None)
    refused(Conflict, "window_overlaps", lambda: declared("10:00", "10:30"))
    refused(RuleRefused, "window_reversed", lambda: actions.close_window(
        by=person(SUPER), site=center(), window=window, until=moment("09:00")))  # fmt: skip
    closed = actions.close_window(by=person(SUPER), site=center(), window=window, until=moment("10:00"))
    assert (closed.until, closed.closed_at) == (moment("10:00"), moment("11:00"))
    refused(Conflict, "window_closed", lambda: actions.close_window(by=person(SUPER), site=center(), window=window))
    assert declared("10:00", "10:30").pk != window.pk


@pytest.mark.ledger("QU-004")
def test_a_wait_that_ran_over_in_the_silence_is_left_out_and_counted_as_left_out(monday: Any) -> None:
    first, second = walked_in(patient("阮欣")), walked_in(patient("邵晴"), doctor="020")
    silent(monday, "09:05", "09:50")
    clockwork()
    assert Task.objects.filter(kind="reception.explain_wait", state="open").count() == 2
    for visit, room in ((first, "1"), (second, "3")):
        reception.lead_in(by=person("su.qi"), visit=visit, chair=chair(room))
    day = clock.today(center().timezone)
    assert unexplained_waits(center(), day).numerator == 2
    assert waits_excluded(center(), day) is None

    window = declared("09:05", "09:50")
    assert set(window.visits.values_list("visit", "basis")) == {(first.pk, "silence"), (second.pk, "silence")}
    assert unexplained_waits(center(), day) is None
    assert median_wait(center(), day) is None
    assert waits_excluded(center(), day).n == 2


@pytest.mark.ledger("QU-004")
def test_a_window_heals_no_breach_that_the_living_server_raised(monday: Any) -> None:
    visit = walked_in(patient("阮欣"))
    monday(f"{DAY} 09:25")
    clockwork()
    silent(monday, "09:40", "10:10")
    reception.lead_in(by=person("su.qi"), visit=visit, chair=chair("1"))
    day = clock.today(center().timezone)
    window = declared("09:40", "10:10", confirmed_reason="全楼断网")
    assert not window.visits.exists()
    assert unexplained_waits(center(), day).numerator == 1


@pytest.mark.ledger("QU-004")
def test_without_a_silence_a_window_counts_only_when_its_reason_is_confirmed(monday: Any) -> None:
    pulse.note()
    visit = walked_in(patient("阮欣"))
    for _minute in range(20):
        monday.advance(minutes=2)
        pulse.note()
    reception.lead_in(by=person("su.qi"), visit=visit, chair=chair("1"))
    other = walked_in(patient("邵晴"), doctor="020")
    monday.advance(minutes=12)
    reception.lead_in(by=person("su.qi"), visit=other, chair=chair("3"))
    window = declared("09:05", "09:20")
    assert not window.visits.exists()
    confirmed = declared("09:20", "09:50", confirmed_reason="前台断网，服务器正常")
    # The first one's limit ran out while the server lived: no reason heals that.
    assert [(one.visit_id, one.basis) for one in confirmed.visits.all()] == [(other.pk, "confirmed")]
    listed = selectors.exclusions(person(SUPER), clock.today() - timedelta(days=1))
    assert [one.visit_id for one in listed] == [other.pk]
    assert "前台断网" in browser(SUPER).get("/policy/exceptions/").content.decode()


@pytest.mark.ledger("QU-001", "QU-004")
def test_a_visit_from_paper_keeps_its_paper_times_and_no_wait_is_measured(monday: Any) -> None:
    who = patient("阮欣")
    slot = booked(who, f"{DAY} 10:00")
    monday(f"{DAY} 11:00")
    window = declared("09:05", "10:50")
    row = entered(window, None, "09:50", "09:52", "10:30", "10:40", "10:45", appointment=slot)
    visit = Visit.objects.get(pk=row.visit_id)
    assert (visit.state, visit.patient_id, visit.wait_seconds) == ("left", who.pk, 38 * 60)
    assert (visit.arrived_at, visit.left_at) == (moment("09:50"), moment("10:45"))
    slot.refresh_from_db()
    assert slot.state == "completed"
    assert (row.basis, row.by_name, row.at) == ("paper", "白岚", moment("11:00"))
    assert [event.data["paper"] for event in visit.events.all()] == [True] * 5
    day = clock.today(center().timezone)
    assert (unexplained_waits(center(), day), waits_excluded(center(), day).n) == (None, 1)


@pytest.mark.ledger("QU-004", "QU-005")
@pytest.mark.parametrize("while_it_lasts", [False, True])
def test_who_still_waits_when_the_outage_ends_is_watched_again_from_there(monday: Any, while_it_lasts: bool) -> None:
    pulse.note()
    visit = walked_in(patient("阮欣"))
    silent(monday, "09:05", "09:50")
    clockwork()
    alerts = Task.objects.filter(kind="reception.explain_wait", subject_code=visit.patient.code)
    assert alerts.get().state == "open"
    if while_it_lasts:
        window = declared("09:05", None)
        assert not alerts.filter(state="open").exists()
        actions.close_window(by=person(SUPER), site=center(), window=window, until=moment("09:50"))
    else:
        declared("09:05", "09:50")
    assert not alerts.filter(state="open").exists()
    monday(f"{DAY} 10:10")
    clockwork()
    assert not alerts.filter(state="open").exists()
    monday.advance(seconds=1)
    clockwork()
    assert alerts.get(state="open").due_at == clock.now()
    reception.explain_wait(by=person("su.qi"), visit=visit, reason="emergency", words="急诊插入")
    assert not alerts.filter(state="open").exists()


def test_a_clock_that_is_moved_makes_no_silence(monday: Any, settings: Any, tmp_path: Any) -> None:
    settings.CLOCK_FILE = tmp_path / "clock.json"
    pulse.note()
    clock.advance(timedelta(hours=3))
    monday(f"{DAY} 12:01")
    assert selectors.proposals(center()) == []
    pulse.note()
    assert selectors.proposals(center()) == []
    clock.advance(timedelta(hours=-2))
    monday(f"{DAY} 10:02")
    pulse.note()
    assert selectors.proposals(center()) == []
    clock.real()
    # The clock went on by ten minutes and was moved by two hours: ten minutes are the silence.
    settings.CLOCK_FILE = tmp_path / "other.json"
    monday(f"{DAY} 13:00")
    clock.advance(timedelta(hours=3, minutes=48))
    pulse.note()
    assert selectors.proposals(center()) == [(moment("12:50"), moment("13:00"))]


def test_a_day_that_headquarters_knows_is_sent_again_when_waits_are_taken_out(monday: Any) -> None:
    visit = walked_in(patient("阮欣"))
    silent(monday, "09:05", "09:50")
    reception.lead_in(by=person("su.qi"), visit=visit, chair=chair("1"))
    day = clock.today(center().timezone)
    measure(center(), day)
    monday("2026-12-08 09:00")
    clockwork()
    pushed = OutboxEvent.objects.filter(type="kpis.day_measured", payload__day=day.isoformat()).order_by("-id")
    assert pushed[0].payload["facts"]["unexplained_waits"][1:] == [1, 1, 1]
    declared("09:05", "09:50")
    monday.advance(seconds=2)
    clockwork()
    monday.advance(seconds=2)
    clockwork()
    assert "unexplained_waits" not in pushed[0].payload["facts"]
    assert pushed[0].payload["facts"]["waits_excluded"][1] == 1


def test_paper_times_lie_in_the_window_in_order_and_not_in_the_future(monday: Any) -> None:
    who = patient("阮欣")
    monday(f"{DAY} 10:00")
    window = declared("09:05", None)
    refused(RuleRefused, "time_outside_window", lambda: entered(window, who, "09:00", "09:10"))
    refused(RuleRefused, "time_outside_window", lambda: entered(window, who, "09:10", "10:30"))
    refused(RuleRefused, "times_out_of_order", lambda: entered(window, who, "09:30", "09:20"))
    gap = PaperTimes(arrived=moment("09:10"), led_in=moment("09:20"))
    refused(RuleRefused, "time_missing", lambda: actions.enter_visit(
        by=person(BAI), site=center(), window=window, times=gap, patient=who, doctor=staff("011"), chair=chair("2")))  # fmt: skip
    with pytest.raises(Forbidden):
        entered(window, who, "09:10", by="dr.lin")
    elsewhere = Site.objects.exclude(pk=center().pk).first()
    with pytest.raises((NotFound, Forbidden)):
        actions.enter_visit(by=person(SUPER), site=elsewhere, window=window, times=times("09:10"), patient=who)
    assert not Visit.objects.filter(patient=who).exists()
    row = entered(window, who, "09:10", "09:12", "09:30")
    refused(Conflict, "already_here", lambda: entered(window, who, "09:11", "09:12", "09:30"))
    # What is still to come goes on live.
    going_on = reception.seat_in_chair(by=person("dr.lin"), visit=row.visit)
    assert going_on.in_chair_at == moment("10:00")


@pytest.mark.ledger("GV-036")
def test_an_emergency_receipt_with_money_blocks_the_close_until_it_is_entered(monday: Any) -> None:
    block = actions.issue_block(by=person(SUPER), site=center(), size=5)
    first, second, third, *_rest = block.numbers.all()
    assert len({one.number for one in block.numbers.all()}) == 5
    day = clock.today(center().timezone)

    def open_now() -> dict[str, tuple[int, bool]]:
        found = gathered(center(), day)
        return {one.source: (len(one.keys), one.money) for one in found if one.source.startswith("outage.")}

    assert open_now() == {}
    actions.note_written(by=person(FANG), site=center(), number=second)
    assert open_now() == {"outage.written": (1, True), "outage.gaps": (1, False)}
    receipt = charged(signed(patient("阮欣")))
    actions.enter_receipt(by=person(FANG), site=center(), number=second, receipt=receipt)
    refused(Conflict, "number_accounted", lambda: actions.enter_receipt(
        by=person(FANG), site=center(), number=second, receipt=receipt))  # fmt: skip
    refused(Conflict, "receipt_has_number", lambda: actions.enter_receipt(
        by=person(FANG), site=center(), number=third, receipt=receipt))  # fmt: skip
    refused(RuleRefused, "reason_missing", lambda: actions.void_number(
        by=person(FANG), site=center(), number=first, reason=""))  # fmt: skip
    actions.void_number(by=person(FANG), site=center(), number=first, reason="写错")
    assert open_now() == {}
    with pytest.raises(Forbidden):
        actions.issue_block(by=person(BAI), site=center(), size=5)
    with pytest.raises(IntegrityError), transaction.atomic():
        EmergencyNumber.objects.filter(pk=third.pk).update(number=first.number)


def test_two_people_use_one_emergency_number_at_the_same_moment(own_database: Any, smile: Any, at: Any) -> None:
    at(f"{DAY} 09:00")
    number = actions.issue_block(by=person(SUPER), site=center(), size=1).numbers.get()
    receipts = [charged(signed(patient(name))) for name in ("阮欣", "邵晴")]

    def use(receipt: Any) -> Any:
        def run() -> object:
            try:
                return actions.enter_receipt(by=person(FANG), site=center(), number=number, receipt=receipt).standing
            except Conflict as refusal:
                return refusal.code

        return run

    results = at_once(smile, use(receipts[0]), use(receipts[1]))
    assert sorted(results) == ["entered", "number_accounted"]


def test_the_pages_of_desk_and_supervisor(monday: Any) -> None:
    booked(patient("阮欣", phone="13812345678"), f"{DAY} 10:00")
    desk, lead = browser(BAI), browser(SUPER)
    sheet = desk.get("/outage/sheet/").content.decode()
    assert "阮欣" in sheet
    assert "5678" in sheet
    assert "13812345678" not in sheet
    asked = {"since": f"{DAY}T08:30", "reason": "停电"}
    assert desk.post("/outage/", asked).status_code == 403
    assert lead.post("/outage/", asked).status_code == 303
    window = OutageWindow.objects.get()
    assert desk.get("/outage/").status_code == 200
    assert desk.post(f"/outage/{window.code}/close/").status_code == 403
    assert lead.post(f"/outage/{window.code}/close/").status_code == 303
    assert lead.post("/outage/numbers/", {"size": "3"}).status_code == 303
    number = EmergencyNumber.objects.order_by("position").first()
    assert desk.post(f"/outage/numbers/{number.code}/written/").status_code == 303
    assert number.number in desk.get("/outage/numbers/").content.decode()
    assert browser("dr.lin").get("/outage/").status_code == 403


def test_the_paper_sheet_is_entered_line_by_line(monday: Any) -> None:
    who, other, third = patient("阮欣"), patient("邵晴"), patient("卫兰")
    slot, late = booked(who, f"{DAY} 09:30"), booked(third, f"{DAY} 10:00", doctor="020")
    monday(f"{DAY} 11:00")
    window = declared("09:05", "10:50")
    desk, url = browser(BAI), f"/outage/{window.code}/enter/"
    page = desk.get(url).content.decode()
    assert "阮欣" in page
    lines = {"day": DAY, "line-0": slot.code, "line-1": late.code, "line-2": "", "line-3": ""}
    shared = {"doctor": staff("011").code, "chair": chair("2").code}
    typed = {
        "row-0": shared
        | {"arrived": "0925", "registered": "0926", "led_in": "940", "finished": "09:50", "left": "0955"},
        "row-1": shared | {"arrived": "0955", "registered": "09"},
        "row-2": shared | {"patient": other.record_number, "arrived": "0900"},
        "row-3": shared,
    }
    fields = {f"{row}-{name}": value for row, cells in typed.items() for name, value in cells.items()}
    answer = desk.post(url, lines | fields)
    assert answer.status_code == 422
    left = answer.content.decode()
    assert ("阮欣" in left, "卫兰" in left) == (False, True)
    assert set(Visit.objects.values_list("patient__code", "state")) == {(who.code, "left")}
    # What was wrong is put right, the rest goes in.
    again = {name: value for name, value in (lines | fields).items() if not name.startswith(("row-0", "line-0"))}
    again |= {"row-1-registered": "0957", "row-2-arrived": "1040"}
    assert desk.post(url, again).status_code == 303
    states = dict(Visit.objects.values_list("patient__code", "state"))
    assert states == {who.code: "left", third.code: "registered", other.code: "arrived"}
    assert browser("dr.lin").get(url).status_code == 403


@pytest.mark.ledger("GV-036")
def test_a_paper_receipt_never_ends_in_a_dead_end(monday: Any) -> None:
    charging, linking, spoilt = actions.issue_block(by=person(SUPER), site=center(), size=3).numbers.all()
    slip, receipt = signed(patient("阮欣")), charged(signed(patient("邵晴")))
    till, desk = browser(FANG), browser(BAI)
    assert till.get("/outage/numbers/").status_code == 200
    page = f"/outage/numbers/{charging.code}/"
    assert "阮欣" in till.get(page).content.decode()
    pay = f"{page}charge/{slip.code}/"
    assert till.get(pay).status_code == 200
    assert desk.get(pay).status_code == 404
    assert till.post(pay, {"tender": "cash", "tendered_fen": "1.00"}).status_code == 422
    charging.refresh_from_db()
    assert charging.standing == "blank"
    assert till.post(pay, {"tender": "cash", "tendered_fen": "1680.00"}).status_code == 303
    charging.refresh_from_db()
    assert (charging.standing, charging.receipt.slip_id) == ("entered", slip.pk)
    link = f"/outage/numbers/{linking.code}/"
    assert till.post(link, {"number": "nothing"}).status_code == 422
    assert till.post(link, {"number": receipt.number}).status_code == 303
    void = f"/outage/numbers/{spoilt.code}/void/"
    assert till.post(void, {"reason": " "}).status_code == 422
    assert till.post(void, {"reason": "写错"}).status_code == 303
    assert [one.standing for one in EmergencyNumber.objects.order_by("position")] == ["entered", "entered", "void"]


def test_the_sheet_of_tomorrow_with_complaint_and_remarks(monday: Any) -> None:
    booked(patient("阮欣"), "2026-12-08 10:00", complaint="右上牙疼", note="坐轮椅")
    desk = browser(BAI)
    assert "阮欣" not in desk.get("/outage/sheet/").content.decode()
    sheet = desk.get("/outage/sheet/?day=tomorrow").content.decode()
    assert "右上牙疼" in sheet
    assert "坐轮椅" in sheet


def test_the_api_declares_enters_and_accounts_like_the_pages(monday: Any) -> None:
    who, site = patient("阮欣"), center()
    monday(f"{DAY} 11:00")
    root, lead, desk, till = "/api/v1/outage", api(SUPER), api(BAI), api(FANG)
    asked = {"site": str(site.code), "since": f"{DAY}T09:05:00+08:00", "reason": "停电"}
    assert desk.post(f"{root}/windows/", asked).status_code == 403
    elsewhere = Site.objects.exclude(pk=site.pk).first()
    assert lead.post(f"{root}/windows/", asked | {"site": str(elsewhere.code)}).status_code in (403, 404)
    made = lead.post(f"{root}/windows/", asked)
    assert made.status_code == 201
    visits = f"{root}/windows/{made.json()['code']}/visits/"
    line = {"patient": str(who.code), "doctor": str(staff("011").code), "arrived": f"{DAY}T09:10:00+08:00"}
    assert desk.post(visits, line | {"patient": str(site.code)}).status_code == 404
    assert desk.post(visits, line | {"arrived": f"{DAY}T09:00:00+08:00"}).json()["code"] == "time_outside_window"
    assert desk.post(visits, line).status_code == 201
    closed = lead.post(f"{root}/windows/{made.json()['code']}/close/", {"until": f"{DAY}T10:00:00+08:00"})
    assert (closed.status_code, desk.get(f"{root}/windows/").json()["results"][0]["reason"]) == (200, "停电")
    assert lead.post(f"{root}/blocks/", {"site": str(site.code), "size": 2}).status_code == 201
    first, second = till.get(f"{root}/numbers/").json()["results"]
    receipt = charged(signed(who))
    path = f"{root}/numbers/{first['code']}"
    assert till.post(f"{path}/written/", {}).json()["standing"] == "written"
    assert till.post(f"{path}/receipt/", {"receipt": str(who.code)}).status_code == 404
    assert till.post(f"{path}/receipt/", {"receipt": str(receipt.code)}).json()["standing"] == "entered"
    assert till.post(f"{path}/void/", {"reason": "写错"}).status_code == 409
    assert till.post(f"{root}/numbers/{second['code']}/void/", {"reason": "写错"}).json()["standing"] == "void"
    booked(patient("邵晴"), "2026-12-08 10:00")
    sheet = desk.get(f"{root}/sheet/", {"site": str(site.code), "day": "2026-12-08"}).json()
    assert [row["patient"] for row in sheet["results"]] == ["邵晴"]
    assert desk.get(f"{root}/sheet/", {"site": str(site.code), "day": "2026-12-20"}).status_code == 400
