"""Follow-ups: planned once, due on their day, never silently dropped."""

from __future__ import annotations

from datetime import date

import pytest

from kernel.calendars import WeeklyHours
from kernel.errors import Conflict, Forbidden, RuleRefused
from services.followup import actions, kpis, selectors
from services.followup.models import FollowUp, Plan
from services.followup.rules import due_on, rules
from services.patients.models import Patient
from services.reception import actions as desk
from services.reception.models import Visit
from services.tasks.models import Task
from tests.services.doors import SYSTEM, api, browser, person, staff
from tests.services.flow import booked, center, chair, clockwork, local, patient, walked_in

MONDAY = date(2026, 12, 7)
OPEN_SIX_DAYS = WeeklyHours(((("08:30", "17:30"),),) * 6 + ((),))


@pytest.fixture(autouse=True)
def monday(smile, at):
    at("2026-12-07 10:00")
    return at


def treated(who: Patient, room: str = "1") -> Visit:
    """Somebody who was treated just now, and what follows from it."""
    visit = walked_in(who)
    desk.lead_in(by=person("su.qi"), visit=visit, chair=chair(room))
    visit = desk.finish_treatment(by=person("dr.lin"), visit=visit)
    clockwork()
    return visit


def planned(who: Patient, anchor: date = MONDAY, source: str = "treatment:1") -> list[FollowUp]:
    """What the rule "recall" plans for ``who``."""
    actions.plan_from(
        by=SYSTEM,
        trigger="test.done",
        source_key=source,
        site=center(),
        patient=who,
        anchor_on=anchor,
        doctor=staff("011"),
    )
    return list(FollowUp.objects.filter(plan__rule_key="recall").order_by("due_on"))


@pytest.fixture
def recall(monday) -> None:
    actions.set_rule(
        by=person("gao.wen"), key="recall", trigger="test.done", offsets=["D1", "D7", "M6", "M12"], roles=["front_desk"]
    )


def same_day(who: Patient) -> FollowUp:
    return FollowUp.objects.get(plan__patient=who, plan__rule_key="same_day_call")


# --- days -------------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("FU-017")
@pytest.mark.parametrize(
    "anchor,offset,expected",
    [
        (date(2026, 8, 31), "M6", date(2027, 3, 1)),  # 28 February 2027 is a Sunday
        (date(2028, 2, 29), "M12", date(2029, 2, 28)),
        (date(2026, 12, 7), "D7", date(2026, 12, 14)),
        (date(2026, 12, 7), "D6", date(2026, 12, 14)),  # a Sunday moves to Monday
        (date(2026, 12, 13), "D0", date(2026, 12, 13)),  # the same day stays, even on a Sunday
    ],
)
def test_months_clamp_and_closed_days_move_on(anchor, offset, expected):
    assert due_on(anchor, offset, OPEN_SIX_DAYS) == expected


@pytest.mark.ledger("FU-001")
def test_a_rule_of_the_tenant_plans_every_offset(recall):
    rows = planned(patient("韩博"))
    assert [row.due_on for row in rows] == [
        date(2026, 12, 8), date(2026, 12, 14), date(2027, 6, 7), date(2027, 12, 7),
    ]  # fmt: skip
    assert {row.state for row in rows} == {"planned"}
    with pytest.raises(RuleRefused):
        actions.set_rule(by=person("gao.wen"), key="x", trigger="t", offsets=["W1"], roles=["nurse"])
    with pytest.raises(Forbidden):
        actions.set_rule(by=person("bai.lan"), key="x", trigger="t", offsets=["D1"], roles=["nurse"])


@pytest.mark.ledger("FU-022")
def test_planning_again_adds_nothing_and_a_new_date_moves_only_what_is_undone(recall, at):
    who = patient("韩博")
    planned(who)
    planned(who)
    assert (Plan.objects.count(), FollowUp.objects.count()) == (1, 4)
    at("2026-12-08 09:00")
    first = FollowUp.objects.order_by("due_on").first()
    actions.make_due(by=SYSTEM, followup=first)
    actions.close_with_result(by=person("bai.lan"), followup=first, result="fine")

    rows = planned(who, anchor=date(2026, 12, 9))

    assert len(rows) == 4
    assert [row.due_on for row in rows] == [
        date(2026, 12, 8), date(2026, 12, 16), date(2027, 6, 9), date(2027, 12, 9),
    ]  # fmt: skip


def test_what_was_due_and_moves_away_leaves_the_inbox(recall, at):
    who = patient("韩博")
    planned(who)
    at("2026-12-08 09:00")
    first = FollowUp.objects.order_by("due_on").first()
    actions.make_due(by=SYSTEM, followup=first)
    [task] = Task.objects.filter(kind=actions.CALL)

    planned(who, anchor=date(2026, 12, 9))

    task.refresh_from_db()
    first.refresh_from_db()
    assert (task.state, first.state, first.due_on) == ("cancelled", "planned", date(2026, 12, 10))
    at("2026-12-10 06:00")
    from services.followup.handlers import open_due

    open_due(date(2026, 12, 10))
    open_due(date(2026, 12, 10))
    assert Task.objects.filter(kind=actions.CALL, state="open").count() == 1


# --- the same day -----------------------------------------------------------------------------------------------------


@pytest.mark.ledger("FU-003")
def test_everybody_treated_today_is_called_today(monday):
    who = patient("韩博")
    visit = treated(who)

    call = same_day(who)
    assert (call.state, call.due_on, call.due_at) == ("due", MONDAY, local("2026-12-07 17:30"))
    task = Task.objects.get(kind=actions.CALL)
    assert (task.due_at, task.subject_code, task.state) == (local("2026-12-07 17:30"), who.code, "open")
    desk.leave_area(by=person("su.qi"), visit=visit)
    clockwork()
    assert FollowUp.objects.filter(plan__rule_key="same_day_call").count() == 1


@pytest.mark.ledger("FU-003", "FU-016")
def test_a_patient_without_a_phone_is_not_silently_left_out(monday):
    who = patient("罗敏", phone="")
    treated(who)

    call = same_day(who)
    assert call.state == "no_phone"
    task = Task.objects.get(kind=actions.CALL)
    assert task.state == "open"
    closed = actions.close_with_result(by=person("bai.lan"), followup=call, result="fine", channel="visit")
    assert closed.state == "closed"


@pytest.mark.ledger("FU-023")
def test_what_ends_after_closing_time_is_called_the_next_morning_and_marked(monday, at):
    at("2026-12-12 17:45")  # Saturday; Sunday is closed
    who = patient("夜归")
    treated(who)

    call = same_day(who)
    assert (call.not_same_day, call.due_at) == (True, local("2026-12-14 12:00"))
    at("2026-12-14 09:00")
    actions.close_with_result(by=person("bai.lan"), followup=call, result="fine")
    fact = kpis.on_time(center(), date(2026, 12, 12))
    assert fact is not None
    assert (fact.numerator, fact.denominator) == (0, 1)


# --- the call ---------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("FU-016")
def test_not_reached_is_tried_on_three_different_days_and_then_closed_as_such(monday, at):
    who = patient("难找")
    treated(who)
    call, desk_person = same_day(who), person("bai.lan")

    for moment in ("2026-12-07 15:00", "2026-12-07 16:00", "2026-12-08 10:00"):
        at(moment)
        call = actions.record_attempt(by=desk_person, followup=call, reached=False)
        assert call.state == "attempting"
    assert Task.objects.get(kind=actions.CALL).due_at == local("2026-12-09 17:30")

    at("2026-12-09 10:00")
    call = actions.record_attempt(by=desk_person, followup=call, reached=False)

    assert (call.state, call.result, call.attempts.count()) == ("closed_unreached", "unreached", 4)
    assert Task.objects.get(kind=actions.CALL).state == "done"
    with pytest.raises(Conflict):
        actions.record_attempt(by=desk_person, followup=call, reached=False)


@pytest.mark.ledger("FU-007", "FU-008")
def test_a_problem_closes_only_with_the_doctors_note(monday):
    who = patient("疼")
    treated(who)
    call = same_day(who)
    with pytest.raises(RuleRefused):
        actions.close_with_result(by=person("bai.lan"), followup=call, result="problem")

    call = actions.close_with_result(by=person("bai.lan"), followup=call, result="problem", note="swollen since noon")
    assert call.state == "with_doctor"
    task = Task.objects.get(kind=actions.DOCTOR_ITEM)
    assert task.assignee is not None
    assert task.assignee.username == "dr.lin"
    with pytest.raises(Forbidden):
        actions.answer_problem(by=person("bai.lan"), followup=call, note="ice")
    with pytest.raises(RuleRefused):
        actions.answer_problem(by=person("dr.lin"), followup=call, note=" ")

    call = actions.answer_problem(by=person("dr.lin"), followup=call, note="normal, ice, call again tomorrow")
    task.refresh_from_db()
    assert (call.state, call.note, task.state) == ("closed", "swollen since noon", "done")


@pytest.mark.ledger("FU-007")
def test_severe_needs_the_return_visit_in_the_call_or_the_reason_why_not(monday):
    who, other = patient("重"), patient("别人")
    treated(who)
    call, by = same_day(who), person("bai.lan")
    facts = {"by": by, "followup": call, "result": "severe", "note": "bleeding"}
    with pytest.raises(RuleRefused) as refusal:
        actions.close_with_result(**facts)
    assert refusal.value.code == "return_visit_missing"
    with pytest.raises(RuleRefused):
        actions.close_with_result(**facts, return_visit=booked(other, "2026-12-08 09:00"))

    done = actions.close_with_result(**facts, return_visit=booked(who, "2026-12-08 10:00"))
    assert (done.state, done.result) == ("closed", "severe")


@pytest.mark.ledger("FU-018")
def test_a_follow_up_is_cancelled_only_with_a_reason_and_by_who_may(monday):
    who = patient("退出")
    treated(who)
    call = same_day(who)
    with pytest.raises(Forbidden):
        actions.cancel_followup(by=person("bai.lan"), followup=call, reason="opted out")
    with pytest.raises(RuleRefused):
        actions.cancel_followup(by=person("gao.wen"), followup=call, reason="")

    call = actions.cancel_followup(by=person("gao.wen"), followup=call, reason="opted out")
    assert (call.state, call.cancel_reason, Task.objects.get(kind=actions.CALL).state) == (
        "cancelled", "opted out", "cancelled",
    )  # fmt: skip


@pytest.mark.ledger("FU-020")
def test_on_time_is_done_by_the_end_of_its_day(monday, at):
    early, late = patient("早"), patient("晚")
    treated(early, "1")
    treated(late, "2")
    at("2026-12-07 20:00")
    actions.close_with_result(by=person("bai.lan"), followup=same_day(early), result="fine")
    at("2026-12-08 09:00")
    actions.close_with_result(by=person("bai.lan"), followup=same_day(late), result="fine")

    fact = kpis.on_time(center(), MONDAY)
    assert fact is not None
    assert (fact.numerator, fact.denominator) == (1, 2)
    assert kpis.on_time(center(), date(2026, 12, 1)) is None


def test_a_rule_that_is_switched_off_plans_nothing(monday):
    rule = rules()["same_day_call"]
    actions.set_rule(
        by=person("gao.wen"),
        key=rule.key,
        trigger=rule.trigger,
        offsets=rule.offsets,
        roles=rule.roles,
        is_active=False,
    )
    treated(patient("无"))
    assert not FollowUp.objects.exists()


# --- pages and API ----------------------------------------------------------------------------------------------------


def test_the_list_and_the_call_on_pages(monday, django_assert_max_num_queries):
    for number in range(12):
        actions.plan_from(
            by=SYSTEM, trigger="visit.finished", source_key=f"visit:{number}", site=center(),
            patient=patient(f"患者{number}"), anchor_on=MONDAY, doctor=staff("011"),
        )  # fmt: skip
    web = browser("bai.lan")
    web.get("/followup/")
    with django_assert_max_num_queries(12):
        page = web.get("/followup/")
    assert page.content.decode().count("data-row-open") == 12

    call = FollowUp.objects.first()
    assert web.get(f"/followup/{call.code}/").status_code == 200
    assert (
        web.post(f"/followup/{call.code}/result/", {"result": "severe", "channel": "phone", "note": "x"}).status_code
        == 422
    )
    assert web.post(f"/followup/{call.code}/result/", {"result": "fine", "channel": "phone"}).status_code == 303
    call.refresh_from_db()
    assert call.state == "closed"
    assert web.get("/followup/?show=done").content.decode().count("data-row-open") == 1
    assert web.get("/followup/rules/").status_code == 200
    assert browser("fang.li").get("/followup/").status_code == 403


def test_the_api_records_results(monday):
    treated(patient("韩博"))
    call = FollowUp.objects.get()
    desk_api = api("bai.lan")
    assert desk_api.get("/api/v1/followup/?state=due").json()["count"] == 1
    tried = desk_api.post(f"/api/v1/followup/{call.code}/attempts/", {"reached": False})
    assert (tried.status_code, tried.json()["state"]) == (201, "attempting")
    refused = desk_api.post(f"/api/v1/followup/{call.code}/result/", {"result": "severe", "note": "bleeding"})
    assert (refused.status_code, refused.json()["code"]) == (422, "return_visit_missing")
    done = desk_api.post(f"/api/v1/followup/{call.code}/result/", {"result": "fine"})
    assert (done.status_code, done.json()["state"]) == (200, "closed")
    assert selectors.of_patient(call.plan.patient).count() == 1
