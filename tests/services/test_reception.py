"""The front desk: the wait clock, the chair's gate, and what became of everybody who came."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from kernel import clock, parameters
from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, Forbidden, NotFound, RuleRefused
from kernel.outbox.models import OutboxEvent
from kernel.parameters import Scope
from services.appointments.actions import write_card
from services.appointments.board import stages_of
from services.appointments.models import Appointment
from services.policy.models import NudgeCount, OverrideRecord
from services.reception import actions, kpis, selectors, waits
from services.reception.models import Visit, WaitExplanation
from services.tasks.models import Task
from tests.services.doors import SYSTEM, person, staff
from tests.services.flow import booked, center, chair, clockwork, local, patient, stand_in, walked_in

MONDAY = date(2026, 12, 7)


@pytest.fixture(autouse=True)
def monday(smile, at):
    at("2026-12-07 08:40")
    return at


def alerts(visit: Visit, **more: str) -> list[Task]:
    return list(Task.objects.filter(kind=waits.EXPLAIN, key__startswith=str(visit.code), **more))


def in_chair(number: str, name: str = "韩博") -> Visit:
    """Somebody who sits in the chair of this room."""
    visit = walked_in(patient(name))
    actions.lead_in(by=person("su.qi"), visit=visit, chair=chair(number))
    return actions.seat_in_chair(by=person("mo.xiao"), visit=visit)


# --- checking in ------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("QU-001", "FD-001")
def test_the_wait_clock_starts_at_registration_and_stops_at_lead_in(monday, at):
    row = booked(patient("陈雨"), "2026-12-07 09:00")
    at("2026-12-07 08:55:00")
    visit = actions.record_arrival(by=person("bai.lan"), site=center(), appointment=row)
    assert (visit.state, visit.registered_at, visit.wait_seconds) == ("arrived", None, None)

    at("2026-12-07 09:00:00")
    visit = actions.register_visit(by=person("bai.lan"), visit=visit)
    at("2026-12-07 09:07:30")
    [line] = selectors.waiting_list(center())
    assert (line.visit, line.stage) == (visit, "calm")
    visit = actions.lead_in(by=person("su.qi"), visit=visit)

    assert visit.wait_seconds == 450
    assert selectors.waiting_list(center()) == []
    row.refresh_from_db()
    assert (row.state, row.late_seconds) == ("arrived", -300)


@pytest.mark.ledger("QU-001")
def test_the_board_colours_a_wait_strictly_after_15_and_20_minutes(monday, at):
    at("2026-12-07 09:00:00")
    walked_in(patient("陈雨"))
    stages = {}
    for moment in ("09:15:00", "09:15:01", "09:20:00", "09:20:01"):
        at(f"2026-12-07 {moment}")
        stages[moment] = selectors.waiting_list(center())[0].stage
    assert stages == {"09:15:00": "calm", "09:15:01": "ask", "09:20:00": "ask", "09:20:01": "over"}


def test_nobody_is_checked_in_twice_and_only_for_a_booking_of_this_site(monday):
    who = patient("何静")
    visit = walked_in(who)
    with pytest.raises(Conflict) as refusal:
        walked_in(who)
    assert refusal.value.code == "already_here"
    assert Visit.objects.get() == visit

    row = booked(patient("吴飞"), "2026-12-07 10:00")
    actions.check_in(by=person("bai.lan"), site=center(), appointment=row)
    with pytest.raises(Conflict):
        actions.check_in(by=person("bai.lan"), site=center(), appointment=row)
    with pytest.raises(RuleRefused) as missing:
        actions.check_in(by=person("bai.lan"), site=center(), patient=patient("无医"))
    assert missing.value.code == "doctor_missing"


def test_the_first_visit_of_a_patient_is_known_as_such(monday, at):
    who = patient("罗敏")
    first = walked_in(who)
    assert first.is_first
    actions.leave_unseen(by=person("bai.lan"), visit=first, reason="no time")
    again = walked_in(who)
    assert again.is_first  # who was not seen has not been here yet
    actions.lead_in(by=person("su.qi"), visit=again, chair=chair("1"))
    actions.finish_treatment(by=person("dr.lin"), visit=again)
    actions.leave_area(by=person("su.qi"), visit=again)
    at("2026-12-08 09:00")
    assert not walked_in(who).is_first


# --- SC-01 ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def chen_and_wu(monday, at):
    """SC-01: both wait for Dr Lin, whose chair is occupied; he announces 18 minutes for Chen and exactly 15 for Wu."""
    in_chair("1")
    desk = person("bai.lan")
    chen_booked, wu_booked = (
        booked(patient("陈雨"), "2026-12-07 09:00", units=1),
        booked(patient("吴飞"), "2026-12-07 09:15", units=1),
    )
    at("2026-12-07 09:00:00")
    chen = actions.check_in(by=desk, site=center(), appointment=chen_booked)
    at("2026-12-07 09:01:00")
    wu = actions.check_in(by=desk, site=center(), appointment=wu_booked)
    chen = actions.announce_wait(by=desk, visit=chen, minutes=18)
    wu = actions.announce_wait(by=desk, visit=wu, minutes=15)
    return chen, wu


@pytest.mark.ledger("QU-002", "QU-003", "QU-019")
def test_more_than_15_announced_asks_the_opinion_and_exactly_15_does_not(chen_and_wu):
    chen, wu = chen_and_wu
    assert (chen.state, wu.state) == ("registered", "waiting")

    with pytest.raises(RuleRefused) as refusal:
        actions.seat_visit(by=person("bai.lan"), visit=chen)
    assert refusal.value.code == "wait_opinion_missing"
    assert AuditEntry.objects.filter(verb="refused", data__code="wait_opinion_missing").exists()

    chen = actions.record_opinion(by=person("bai.lan"), visit=chen, opinion="stay", education_topic="brushing")
    assert (chen.state, chen.opinion, chen.education_topic) == ("waiting", "stay", "brushing")


@pytest.mark.ledger("QU-002")
def test_nobody_waits_without_having_been_told_how_long(monday):
    visit = walked_in(patient("陈雨"))
    with pytest.raises(RuleRefused) as refusal:
        actions.seat_visit(by=person("bai.lan"), visit=visit)
    assert refusal.value.code == "wait_not_announced"


@pytest.mark.ledger("QU-004")
def test_the_server_raises_the_alert_at_20_01_with_no_browser_open(chen_and_wu, at):
    chen, wu = chen_and_wu
    actions.record_opinion(by=person("bai.lan"), visit=chen, opinion="stay")

    at("2026-12-07 09:20:00")
    clockwork()
    assert alerts(chen) == []

    at("2026-12-07 09:20:01")
    clockwork()
    [alert] = alerts(chen)
    assert set(alert.roles) == {"guide", "supervisor"}
    assert alert.state == "open"
    assert alerts(wu) == []  # began a minute later
    clockwork()
    assert len(alerts(chen)) == 1


@pytest.mark.ledger("QU-004", "QU-018")
def test_sc01_explained_late_counts_as_explained_and_the_other_in_neither_list(chen_and_wu, at):
    chen, wu = chen_and_wu
    guide = person("yao.jing")
    at("2026-12-07 09:20:01")
    clockwork()
    at("2026-12-07 09:20:30")
    wu = actions.lead_in(by=person("su.qi"), visit=wu, chair=chair("2"))
    at("2026-12-07 09:24:00")
    note = actions.explain_wait(by=guide, visit=chen, reason="overrun", words="root canal overrun")
    at("2026-12-07 09:26:00")
    chen = actions.lead_in(by=person("su.qi"), visit=chen, chair=chair("3"))

    assert (note.late_seconds, note.late_note, note.by_name) == (239, False, "姚静")  # 3 min 59 s
    assert [alert.state for alert in alerts(chen)] == ["done"]
    assert (wu.wait_seconds, selectors.is_unexplained(wu), selectors.is_unexplained(chen)) == (1170, False, False)
    fact = kpis.unexplained_waits(center(), MONDAY)
    assert fact is not None
    assert (fact.numerator, fact.denominator) == (0, 3)

    with pytest.raises(Conflict) as refusal:
        actions.announce_wait(by=person("bai.lan"), visit=chen, minutes=5)
    assert refusal.value.code == "wait_is_over"


@pytest.mark.ledger("QU-004")
def test_an_explanation_after_lead_in_is_a_late_note_and_heals_nothing(chen_and_wu, at):
    chen, _wu = chen_and_wu
    at("2026-12-07 09:20:01")
    clockwork()
    at("2026-12-07 09:26:00")
    chen = actions.lead_in(by=person("su.qi"), visit=chen, chair=chair("3"))
    assert [alert.state for alert in alerts(chen)] == ["cancelled"]
    before = kpis.unexplained_waits(center(), MONDAY)

    at("2026-12-07 17:00:00")
    note = actions.explain_wait(by=person("bai.lan"), visit=chen, reason="overrun", words="root canal overrun")

    assert note.late_note
    assert selectors.is_unexplained(Visit.objects.get(pk=chen.pk))
    assert before is not None
    assert before.numerator == 1
    assert kpis.unexplained_waits(center(), MONDAY) == before


@pytest.mark.ledger("QU-004")
def test_a_wait_of_exactly_20_minutes_is_no_breach(monday, at):
    at("2026-12-07 09:00:00")
    exactly, longer = walked_in(patient("正好")), walked_in(patient("超出"), doctor="020")
    at("2026-12-07 09:20:00")
    exactly = actions.lead_in(by=person("su.qi"), visit=exactly, chair=chair("1"))
    at("2026-12-07 09:20:01")
    longer = actions.lead_in(by=person("su.qi"), visit=longer, chair=chair("2"))

    assert [selectors.is_unexplained(visit) for visit in (exactly, longer)] == [False, True]


@pytest.mark.ledger("QU-005")
def test_still_waiting_after_an_explanation_asks_for_the_next_one(monday, at):
    at("2026-12-07 09:00:00")
    visit = walked_in(patient("陈雨"))
    at("2026-12-07 09:20:01")
    clockwork()
    at("2026-12-07 09:24:00")
    actions.explain_wait(by=person("yao.jing"), visit=visit, reason="overrun", words="ten more minutes")
    at("2026-12-07 09:44:00")
    clockwork()
    assert [alert.state for alert in alerts(visit)] == ["done"]
    at("2026-12-07 09:44:01")
    clockwork()
    assert [alert.state for alert in alerts(visit)] == ["done", "open"]
    at("2026-12-07 09:50:00")
    clockwork()
    assert alerts(visit, state="open")[0].escalated_at is not None  # 40 minutes are over


@pytest.mark.ledger("PL-006")
def test_a_changed_limit_counts_for_waits_that_begin_after_it(monday, at):
    at("2026-12-07 09:00:00")
    old = walked_in(patient("旧"))
    parameters.set_parameter(
        by=SYSTEM, key="wait_explain_minutes", scope=Scope.tenant(), value=10, effective_from=local("2026-12-07 09:05")
    )
    at("2026-12-07 09:06:00")
    new = walked_in(patient("新"), doctor="020")
    at("2026-12-07 09:17:00")
    clockwork()

    assert (alerts(old), len(alerts(new))) == ([], 1)


# --- SC-07: the chair -------------------------------------------------------------------------------------------------


@pytest.fixture
def ruan_after_ma(monday, at):
    """SC-07: guest Ma has finished at 11:02 and is still in the area of chair 3; Ruan is next."""
    at("2026-12-07 10:30")
    ma = in_chair("3", "马林")
    ruan = actions.check_in(
        by=person("bai.lan"), site=center(), appointment=booked(patient("阮欣"), "2026-12-07 11:00", doctor="005")
    )
    at("2026-12-07 11:02")
    ma = actions.finish_treatment(by=person("dr.pan"), visit=ma)
    at("2026-12-07 11:03")
    return ma, ruan


@pytest.mark.ledger("QU-008")
def test_the_next_is_not_led_in_before_the_previous_has_finished_and_left(ruan_after_ma, at):
    ma, ruan = ruan_after_ma

    with pytest.raises(Conflict) as refusal:
        actions.lead_in(by=person("su.qi"), visit=ruan)
    assert refusal.value.code == "chair_not_free"
    assert refusal.value.facts["occupied_by"] == str(ma.code)
    ruan.refresh_from_db()
    assert (ruan.state, ruan.led_in_at) == ("registered", None)

    at("2026-12-07 11:06")
    actions.leave_area(by=person("su.qi"), visit=ma)
    assert actions.lead_in(by=person("su.qi"), visit=ruan).chair == chair("3")


@pytest.mark.ledger("QU-008")
def test_only_the_supervisor_overrides_and_only_once(ruan_after_ma):
    _ma, ruan = ruan_after_ma
    with pytest.raises(Forbidden):
        actions.override_chair(by=person("su.qi"), site=center(), visit=ruan, reason="in a hurry")
    with pytest.raises(Forbidden) as refusal:
        actions.override_chair(by=person("dr.lin"), site=center(), visit=ruan, reason="in a hurry")
    assert refusal.value.code == "override_not_yours"
    with pytest.raises(RuleRefused) as empty:
        actions.override_chair(by=person("gao.wen"), site=center(), visit=ruan, reason="  ")
    assert empty.value.code == "reason_missing"

    record = actions.override_chair(by=person("gao.wen"), site=center(), visit=ruan, reason="child in pain")
    ruan = actions.lead_in(by=person("su.qi"), visit=ruan)

    record.refresh_from_db()
    assert (ruan.state, ruan.lead_in_override, record.used_at is not None) == ("led_in", record, True)
    third = walked_in(patient("第三"))
    with pytest.raises(Conflict):
        actions.lead_in(by=person("su.qi"), visit=third, chair=chair("3"))


@pytest.mark.ledger("QU-008")
def test_a_deputy_of_the_supervisor_may_override_too(ruan_after_ma):
    _ma, ruan = ruan_after_ma
    stand_in("gao.wen", "ren.tao", "supervisor")

    record = actions.override_chair(by=person("ren.tao"), site=center(), visit=ruan, reason="child in pain")

    assert (record.as_role, record.deputy_of) == ("supervisor", "高文")


def test_an_override_that_is_not_used_in_time_is_worth_nothing(ruan_after_ma, at):
    _ma, ruan = ruan_after_ma
    actions.override_chair(by=person("gao.wen"), site=center(), visit=ruan, reason="child in pain")
    at.advance(minutes=121)
    with pytest.raises(Conflict):
        actions.lead_in(by=person("su.qi"), visit=ruan)
    assert OverrideRecord.objects.get().used_at is None


@pytest.mark.ledger("QU-008")
def test_the_database_lets_nobody_into_a_taken_chair(ruan_after_ma):
    _ma, ruan = ruan_after_ma
    with pytest.raises(IntegrityError), transaction.atomic():
        Visit.objects.filter(pk=ruan.pk).update(state="led_in", chair=chair("3"), led_in_at=clock.now())


@pytest.mark.ledger("QU-009")
def test_every_step_of_the_chair_is_kept_and_seen_at_the_desk(monday, at):
    row = booked(patient("梁博"), "2026-12-07 09:00", doctor="020")
    visit = actions.check_in(by=person("bai.lan"), site=center(), appointment=row)
    steps = [
        ("led_in", lambda: actions.lead_in(by=person("su.qi"), visit=visit)),
        ("in_chair", lambda: actions.seat_in_chair(by=person("tang.rui"), visit=visit)),
        ("finished", lambda: actions.finish_treatment(by=person("dr.xu"), visit=visit)),
        ("left", lambda: actions.leave_area(by=person("su.qi"), visit=visit)),
    ]
    looks = []
    for _what, step in steps:
        at.advance(minutes=5)
        step()
        looks.append(stages_of(center(), MONDAY)[row.pk].look)

    assert looks == ["in_chair", "in_chair", "finished", "left"]
    assert list(visit.events.values_list("what", flat=True)) == [
        "arrived",
        "registered",
        *(what for what, _step in steps),
    ]
    row.refresh_from_db()
    assert row.state == "completed"
    told = OutboxEvent.objects.filter(type__startswith="visit.").order_by("id").values_list("type", flat=True)
    assert list(told) == ["visit.registered", "visit.led_in", "visit.finished", "visit.left"]


def test_chairs_show_who_is_inside_and_who_comes_next(ruan_after_ma):
    ma, ruan = ruan_after_ma
    line = next(line for line in selectors.chair_board(center()) if line.chair == chair("3"))
    assert (line.state, line.visit, line.following) == ("finished_not_left", ma, ruan)


# --- ways out of the queue --------------------------------------------------------------------------------------------


@pytest.mark.ledger("AP-030", "QU-022")
def test_who_will_not_wait_gets_a_new_time_and_the_visit_stays(monday, at):
    at("2026-12-07 10:41:00")
    row = booked(patient("拓海"), "2026-12-07 10:45")
    visit = actions.check_in(by=person("bai.lan"), site=center(), appointment=row)
    at("2026-12-07 11:05:00")

    visit = actions.rebook_visit(by=person("bai.lan"), visit=visit, starts_at=local("2026-12-08 15:00"))

    row.refresh_from_db()
    assert (visit.state, visit.wait_seconds, visit.end_reason) == ("rebooked", 24 * 60, "wait_too_long")
    assert visit.rebooked_as is not None
    assert (visit.rebooked_as.starts_at, visit.rebooked_as.channel) == (local("2026-12-08 15:00"), "rebooked")
    assert row.state == "cancelled"
    assert Appointment.objects.filter(patient=row.patient, state="booked").count() == 1
    with pytest.raises(Conflict):
        actions.lead_in(by=person("su.qi"), visit=visit, chair=chair("1"))


@pytest.mark.ledger("QU-022")
def test_who_walks_out_is_left_unseen_with_the_wait_and_a_reason(monday, at):
    at("2026-12-07 10:41:00")
    visit = walked_in(patient("拓海"))
    at("2026-12-07 11:05:00")
    with pytest.raises(RuleRefused):
        actions.leave_unseen(by=person("bai.lan"), visit=visit, reason="")

    visit = actions.leave_unseen(by=person("bai.lan"), visit=visit, reason="walked out without a word")

    assert (visit.state, visit.wait_seconds) == ("left_unseen", 24 * 60)
    assert selectors.is_unexplained(visit)
    assert selectors.waiting_list(center()) == []


@pytest.mark.ledger("QU-003")
def test_who_does_not_want_to_wait_as_long_as_announced_may_leave(chen_and_wu):
    chen, _wu = chen_and_wu
    chen = actions.record_opinion(by=person("bai.lan"), visit=chen, opinion="leave")
    assert (chen.state, chen.opinion, chen.end_reason) == ("left_unseen", "leave", "declined_wait")


# --- SC-08 ------------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("QU-007")
def test_an_emergency_goes_first_and_the_supervisor_knows_at_once(monday, at):
    at("2026-12-07 11:00:00")
    waiting = walked_in(patient("拓海"))
    at("2026-12-07 11:10:00")
    wei = walked_in(patient("卫丹"), emergency="jaw_dislocation", by="yao.jing")

    assert [line.visit for line in selectors.waiting_list(center())] == [wei, waiting]
    task = Task.objects.get(kind=waits.EMERGENCY)
    assert (task.roles, task.due_at) == (["supervisor"], clock.now())

    with pytest.raises(RuleRefused) as refusal:
        walked_in(patient("小伤"), emergency="stubbed_toe")
    assert refusal.value.code == "unknown_emergency"


@pytest.mark.ledger("QU-007", "PL-006")
def test_a_condition_taken_off_the_list_no_longer_triggers_from_then_on(monday, at):
    rest = ["trauma", "acute_pulpitis", "jaw_dislocation"]
    parameters.set_parameter(
        by=SYSTEM, key="emergency_list", scope=Scope.tenant(), value=rest, effective_from=local("2026-12-08 00:00")
    )
    assert walked_in(patient("骨折"), emergency="jaw_fracture").emergency == "jaw_fracture"
    at("2026-12-08 09:00")
    with pytest.raises(RuleRefused):
        walked_in(patient("骨折乙"), emergency="jaw_fracture")


# --- leaving, settling, figures ---------------------------------------------------------------------------------------


@pytest.mark.ledger("AP-004", "AP-015")
def test_leaving_without_a_next_visit_is_counted_and_never_blocked(monday):
    first, second = in_chair("1", "甲"), in_chair("2", "乙")
    for visit in (first, second):
        actions.finish_treatment(by=person("dr.lin"), visit=visit)
    write_card(
        by=person("dr.lin"), site=center(), patient=second.patient, doctor=staff("011"), visit_code=second.code,
        state="complete",
    )  # fmt: skip

    actions.leave_area(by=person("su.qi"), visit=first)
    actions.leave_area(by=person("su.qi"), visit=second)

    assert NudgeCount.objects.get(gate=actions.NEXT_VISIT).count == 1


def test_the_till_settles_a_visit_before_or_after_it_left(monday):
    early, late = in_chair("1", "甲"), in_chair("2", "乙")
    actions.note_charged(by=SYSTEM, visit=early)
    assert Visit.objects.get(pk=early.pk).state == "in_chair"
    for visit in (early, late):
        write_card(
            by=person("dr.lin"), site=center(), patient=visit.patient, doctor=staff("011"), visit_code=visit.code,
            state="complete",
        )  # fmt: skip
        actions.finish_treatment(by=person("dr.lin"), visit=visit)
        actions.leave_area(by=person("su.qi"), visit=visit)
    late.refresh_from_db()
    assert late.state == "left"
    actions.note_charged(by=SYSTEM, visit=late)

    assert set(Visit.objects.values_list("state", flat=True)) == {"closed"}


@pytest.mark.ledger("QU-018")
def test_the_figures_of_a_day(monday, at):
    for number, (minutes, doctor, room) in enumerate([(5, "011", "1"), (10, "020", "2"), (25, "005", "3")]):
        at("2026-12-07 09:00:00")
        visit = walked_in(patient(f"患者{number}"), doctor=doctor)
        at.advance(minutes=minutes)
        actions.lead_in(by=person("su.qi"), visit=visit, chair=chair(room))
    median, visits, first = (
        compute(center(), MONDAY) for compute in (kpis.median_wait, kpis.visits, kpis.first_visit_share)
    )

    assert median is not None
    assert (median.numerator, median.denominator, median.n) == (30, 3, 3)
    assert visits is not None
    assert visits.numerator == 3
    assert first is not None
    assert (first.numerator, first.denominator) == (3, 3)
    unexplained = kpis.unexplained_waits(center(), MONDAY)
    assert unexplained is not None
    assert (unexplained.numerator, unexplained.denominator) == (1, 3)
    assert kpis.visits(center(), date(2026, 12, 6)) is None


def test_visits_of_another_site_look_missing(monday):
    visit = walked_in(patient("蓝鲸壹"))
    with pytest.raises(NotFound):
        selectors.access_visit(person("luo.ping"), visit.code)
    assert WaitExplanation.objects.count() == 0
