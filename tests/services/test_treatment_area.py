"""Beside the chairs: companions, the take-over, silent notes, rounds, priorities and the sheet of the day."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from kernel import parameters
from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, Forbidden, RuleRefused
from services.policy.actions import override_gate
from services.reception import actions as desk
from services.reception.models import Visit
from services.staff.models import DutyShift
from services.tasks.models import Task
from services.treatment_area import actions, companions, rounds, selectors
from services.treatment_area.models import (
    AccompanyingRelative,
    Concern,
    DailySheet,
    Feedback,
    FloorEntry,
    SilentNote,
)
from tests.services.doors import SYSTEM, person, staff
from tests.services.flow import center, chair, clockwork, local, patient, walked_in

ALL_GROUNDS = ["minor", "disability", "interpreter", "hired", "nurse_reason"]


@pytest.fixture(autouse=True)
def monday(smile, at):
    at("2026-12-07 10:40")
    return at


def led_in(name: str, room: str, *, by: str = "su.qi", doctor: str = "011", **facts: object) -> Visit:
    """A guest who was led to the chair of this room."""
    return desk.lead_in(by=person(by), visit=walked_in(patient(name, **facts), doctor=doctor), chair=chair(room))


def gone(visit: Visit) -> Visit:
    desk.finish_treatment(by=person("dr.lin"), visit=visit)
    return desk.leave_area(by=person("su.qi"), visit=visit)


def admit(visit: Visit, name: str = "家属", relation: str = "mother", *, by: str = "su.qi", **more: str):
    return actions.admit_companion(by=person(by), visit=visit, name=name, relation=relation, **more)


def tasks(kind: str, **more: object) -> list[Task]:
    return list(Task.objects.filter(kind=kind, **more))


def set_grounds(*grounds: str) -> None:
    parameters.set_parameter(by=SYSTEM, key="companion_grounds", value=list(grounds))


# --- companions -------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("QU-008", "QU-011", "QU-023", "CR-023")
def test_the_discipline_of_the_treatment_area(monday, at):
    """SC-07: exactly twelve today, one relative; the second is kept outside with a note; times are kept."""
    ma = led_in("马先生", "3")
    at("2026-12-07 11:02")
    desk.finish_treatment(by=person("dr.lin"), visit=ma)
    ruan = walked_in(patient("阮欣", birth_date=date(2014, 12, 7)))
    at("2026-12-07 11:03")
    with pytest.raises(Conflict) as occupied:
        desk.lead_in(by=person("su.qi"), visit=ruan, chair=chair("3"))
    assert occupied.value.code == "chair_not_free"
    at("2026-12-07 11:06")
    desk.leave_area(by=person("su.qi"), visit=ma)
    ruan = desk.lead_in(by=person("su.qi"), visit=ruan, chair=chair("3"))

    mother = admit(ruan, "阮母")
    with pytest.raises(Conflict) as second:
        admit(ruan, "阮父", "father")
    assert second.value.code == "companion_limit"
    father = actions.refuse_companion(
        by=person("su.qi"), visit=ruan, name="阮父", relation="father", refusal="second", words="劝说后在候诊区等候"
    )

    assert (mother.state, mother.ground, mother.in_at) == ("inside", "child", local("2026-12-07 11:06"))
    assert (father.state, father.refusal, father.note) == ("refused", "second", "劝说后在候诊区等候")
    assert AuditEntry.objects.filter(verb="refused", data__code="companion_limit").exists()
    at("2026-12-07 11:30")
    actions.companion_out(by=person("su.qi"), relative=mother)
    assert (mother.state, mother.out_at) == ("out", local("2026-12-07 11:30"))
    assert admit(ruan, "阮父", "father").state == "inside"  # one at a time


@pytest.mark.ledger("QU-011", "CR-023")
@pytest.mark.parametrize(
    ("born", "day", "ground"),
    [
        (date(2014, 12, 7), "2026-12-07", "child"),
        (date(2013, 12, 8), "2026-12-07", "child"),  # thirteen tomorrow
        (date(2013, 12, 6), "2026-12-07", ""),
        (date(1956, 12, 8), "2026-12-07", ""),
        (date(1956, 12, 8), "2026-12-08", "elder"),
        (date(1980, 5, 1), "2026-12-07", ""),
    ],
)
def test_the_age_counts_on_the_day_of_the_visit(at, born, day, ground):
    at(f"{day} 11:00")
    visit = led_in("丁一", "3", birth_date=born)
    if ground:
        assert admit(visit).ground == ground
    else:
        with pytest.raises(RuleRefused) as refusal:
            admit(visit)
        assert refusal.value.code == "companion_not_exempt"
        assert not AccompanyingRelative.objects.exists()


@pytest.mark.ledger("QU-011")
def test_a_visit_that_began_before_midnight_keeps_its_day(at):
    at("2026-12-07 23:50")
    visit = walked_in(patient("傅老", birth_date=date(1956, 12, 8)))
    at("2026-12-08 00:10")
    visit = desk.lead_in(by=person("su.qi"), visit=visit, chair=chair("3"))
    with pytest.raises(RuleRefused) as refusal:
        admit(visit, relation="child")
    assert refusal.value.code == "companion_not_exempt"


@pytest.mark.ledger("QU-011", "CR-023")
@pytest.mark.parametrize(
    ("age", "code", "ground"),
    [
        (11, "", "child"),
        (12, "companion_age_unproven", ""),
        (13, "companion_age_unproven", ""),
        (14, "companion_not_exempt", ""),
        (69, "companion_age_unproven", ""),
        (70, "companion_age_unproven", ""),
        (71, "", "elder"),
    ],
)
def test_with_the_year_of_birth_alone_only_what_is_certain_counts(age, code, ground):
    visit = led_in("钱七", "3", stated_age=age)
    if ground:
        assert admit(visit, relation="spouse").ground == ground
        return
    with pytest.raises(RuleRefused) as refusal:
        admit(visit, relation="spouse")
    assert refusal.value.code == code


@pytest.mark.ledger("QU-011")
def test_only_the_family_comes_in_and_only_with_a_guest_who_is_inside():
    waiting = walked_in(patient("小宝", birth_date=date(2018, 1, 1)))
    with pytest.raises(Conflict) as outside:
        admit(waiting)
    assert outside.value.code == "guest_not_inside"
    visit = desk.lead_in(by=person("su.qi"), visit=waiting, chair=chair("3"))
    with pytest.raises(RuleRefused) as friend:
        admit(visit, relation="friend")
    assert friend.value.code == "companion_not_family"
    with pytest.raises(RuleRefused) as nameless:
        admit(visit, name=" ")
    assert nameless.value.code == "name_missing"
    assert admit(visit).ground == "child"


@pytest.mark.ledger("QU-023")
def test_no_superior_overrides_the_limit_but_a_doctor_enters_a_medical_need():
    visit = led_in("宋先生", "1", birth_date=date(1985, 3, 3))
    with pytest.raises(RuleRefused) as refusal:
        admit(visit, by="gao.wen", relation="spouse")
    assert refusal.value.code == "companion_not_exempt"
    with pytest.raises(RuleRefused) as override:
        override_gate(by=person("gao.wen"), gate=actions.COMPANION, subject=visit, site=center(), reason="坚持要进")
    assert override.value.code == "gate_cannot_be_overridden"
    with pytest.raises(Forbidden):
        actions.enter_medical_need(by=person("gao.wen"), visit=visit, reason="坚持要进")
    with pytest.raises(Forbidden):
        actions.enter_medical_need(by=person("mo.xiao"), visit=visit, reason="护士代填")

    need = actions.enter_medical_need(by=person("dr.lin"), visit=visit, reason="癫痫病史")
    first = admit(visit, "宋妻", "spouse")
    assert (first.ground, first.medical_need) == ("medical_need", need)
    with pytest.raises(RuleRefused):  # it has been used
        admit(visit, "宋母", "mother")


@pytest.mark.ledger("QU-023")
def test_a_medical_need_admits_a_second_one_beside_the_exemption():
    visit = led_in("阮欣", "3", birth_date=date(2016, 1, 1))
    admit(visit, "阮母")
    actions.enter_medical_need(by=person("dr.xu"), visit=visit, reason="无法配合")
    assert admit(visit, "阮父", "father").ground == "medical_need"
    with pytest.raises(Conflict) as third:
        admit(visit, "阮爷", "grandparent")
    assert third.value.code == "companion_limit"


@pytest.mark.ledger("QU-011")
def test_the_database_itself_lets_one_in():
    visit = led_in("阮欣", "3", birth_date=date(2016, 1, 1))
    mother = admit(visit, "阮母")
    for change in ({"state": "inside", "ground": "child"}, {"state": "refused"}, {"state": "out"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            AccompanyingRelative.objects.create(
                site=visit.site, visit=visit, name="阮父", relation="father", asked_at=mother.asked_at,
                in_at=mother.in_at if change["state"] == "inside" else None, **change,
            )  # fmt: skip


@pytest.mark.ledger("QU-011")
def test_further_grounds_of_the_tenant_are_kept_with_their_ground():
    teenager = led_in("丁一", "3", birth_date=date(2011, 5, 5))
    adult = led_in("外宾", "2", birth_date=date(1990, 5, 5), doctor="020")
    for ground in ("disability", "nurse_reason"):
        with pytest.raises(RuleRefused) as literal:  # the manual's own wording knows the two ages alone
            admit(adult, "翻译", "interpreter", by="mei.hua", ground=ground, note="听不懂")
        assert literal.value.code == "companion_ground_not_admitted"

    set_grounds(*ALL_GROUNDS)
    # A parameter counts from when it is set, for visits that begin afterwards.
    gone(teenager)
    desk.finish_treatment(by=person("dr.xu"), visit=adult)
    desk.leave_area(by=person("su.qi"), visit=adult)
    teenager = led_in("丁二", "3", birth_date=date(2011, 5, 5))
    adult = led_in("外宾二", "2", birth_date=date(1990, 5, 5), doctor="020")

    with pytest.raises(RuleRefused):
        admit(teenager, "同学", "friend")
    assert admit(teenager, "丁母").ground == "minor"
    with pytest.raises(RuleRefused) as wrong:
        admit(adult, "友", "friend", ground="interpreter")
    assert wrong.value.code == "companion_not_the_ground"
    with pytest.raises(Forbidden):
        admit(adult, "友", "friend", ground="nurse_reason", note="紧张")
    assert admit(adult, "翻译", "interpreter", ground="interpreter").ground == "interpreter"
    gone(teenager)


@pytest.mark.ledger("QU-023")
def test_a_refused_request_needs_its_reason_and_changes_nothing_else():
    visit = led_in("丁一", "3", birth_date=date(2013, 12, 6))
    with pytest.raises(RuleRefused) as wordless:
        actions.refuse_companion(by=person("su.qi"), visit=visit, name="父", relation="father", refusal="other")
    assert wordless.value.code == "reason_missing"
    kept = actions.refuse_companion(
        by=person("su.qi"), visit=visit, name="丁父", relation="father", refusal="not_exempt"
    )
    assert (kept.state, kept.ground, kept.in_at) == ("refused", "", None)
    with pytest.raises(Conflict):
        actions.companion_out(by=person("su.qi"), relative=kept)


@pytest.mark.ledger("QU-011")
def test_nobody_stays_inside_without_the_guest(at):
    visit = led_in("阮欣", "3", birth_date=date(2016, 1, 1))
    mother = admit(visit, "阮母")
    at("2026-12-07 11:20")
    gone(visit)
    clockwork()
    mother.refresh_from_db()
    assert (mother.state, mother.out_at) == ("out", local("2026-12-07 11:20"))


# --- take-over and feedback -------------------------------------------------------------------------------------------


@pytest.mark.ledger("QU-010")
def test_a_nurse_signs_and_the_giver_does_not(at):
    visit = led_in("阮欣", "3", by="mo.xiao")
    assert not selectors.is_taken_over(visit)
    with pytest.raises(Forbidden):
        actions.sign_take_over(by=person("su.qi"), visit=visit)  # no nurse
    with pytest.raises(Forbidden) as own:
        actions.sign_take_over(by=person("mo.xiao"), visit=visit)
    assert own.value.code == "giver_cannot_sign"
    at("2026-12-07 10:42")
    entry = actions.sign_take_over(by=person("tang.rui"), visit=visit, remark="牙疼，紧张")
    assert (entry.given_by_name, entry.received_by_name) == (person("mo.xiao").name, person("tang.rui").name)
    assert selectors.is_taken_over(visit)
    with pytest.raises(Conflict) as twice:
        actions.sign_take_over(by=person("meng.jie"), visit=visit)
    assert twice.value.code == "already_taken_over"
    with pytest.raises(IntegrityError), transaction.atomic():
        FloorEntry.objects.create(
            site=visit.site, visit=led_in("乙", "2", doctor="020"), given_by=entry.received_by,
            received_by=entry.received_by, received_by_name="x", signed_at=entry.signed_at,
        )  # fmt: skip


@pytest.mark.ledger("QU-010")
def test_a_missing_signature_becomes_a_task_and_goes_with_the_guest(at):
    signed, unsigned, left = led_in("甲", "1"), led_in("乙", "2", doctor="020"), led_in("丙", "5", doctor="014")
    actions.sign_take_over(by=person("tang.rui"), visit=signed)
    clockwork()
    assert tasks(actions.TAKE_OVER) == []
    desk.finish_treatment(by=person("dr.zhao"), visit=left)
    desk.leave_area(by=person("su.qi"), visit=left)
    clockwork()
    at("2026-12-07 10:45:00")
    clockwork()
    [task] = tasks(actions.TAKE_OVER)
    assert (task.key, task.state, task.roles) == (str(unsigned.code), "open", ["nurse", "assistant"])
    actions.sign_take_over(by=person("tang.rui"), visit=unsigned)
    task.refresh_from_db()
    assert (task.state, task.result) == ("done", "signed")


@pytest.mark.ledger("QU-010", "QU-020")
def test_feedback_is_given_by_another_and_once():
    visit = led_in("阮欣", "3", by="yao.jing")
    give = {"visit": visit, "about": "reception", "is_good": True}
    with pytest.raises(Conflict) as early:
        actions.give_feedback(by=person("su.qi"), **give)
    assert early.value.code == "not_taken_over"
    actions.sign_take_over(by=person("tang.rui"), visit=visit)
    with pytest.raises(Forbidden):
        actions.give_feedback(by=person("tang.rui"), **give)
    with pytest.raises(RuleRefused) as wordless:
        actions.give_feedback(by=person("su.qi"), **give | {"is_good": False})
    assert wordless.value.code == "words_missing"
    actions.give_feedback(by=person("su.qi"), **give | {"is_good": False, "words": "没有起身迎接"})
    with pytest.raises(Conflict) as again:
        actions.give_feedback(by=person("su.qi"), **give)
    assert again.value.code == "feedback_given"

    with pytest.raises(Conflict) as unfinished:
        actions.give_feedback(by=person("su.qi"), visit=visit, about="chart", is_good=True)
    assert unfinished.value.code == "not_finished"
    desk.finish_treatment(by=person("dr.lin"), visit=visit)
    actions.give_feedback(by=person("su.qi"), visit=visit, about="chart", is_good=True)
    assert sorted(Feedback.objects.values_list("about", "is_good")) == [("chart", True), ("reception", False)]


# --- silent notes -----------------------------------------------------------------------------------------------------


@pytest.fixture
def tian_and_lin(at):
    """SC-07: Tian Yuan wants to see Dr Lin, whose chair is occupied; nurse Tang took the guest there over."""
    busy = led_in("韩博", "1")
    actions.sign_take_over(by=person("tang.rui"), visit=busy)
    at("2026-12-07 11:00:00")
    return walked_in(patient("田原"))


@pytest.mark.ledger("QU-012")
def test_a_note_reaches_doctor_and_nurse_and_the_time_until_the_reply_is_kept(tian_and_lin, at):
    note = actions.send_note(by=person("su.qi"), visit=tian_and_lin, text="田女士想咨询")
    [to_doctor], [to_nurse] = tasks(actions.NOTE_TO_DOCTOR), tasks(actions.NOTE_TO_NURSE)
    assert (to_doctor.assignee, to_nurse.assignee) == (staff("011").user, staff("202").user)
    with pytest.raises(Conflict) as twice:
        actions.send_note(by=person("su.qi"), visit=tian_and_lin, text="再问一次")
    assert twice.value.code == "note_open"
    with pytest.raises(Forbidden) as other:
        actions.reply_note(by=person("dr.xu"), note=note, reply="让她等")
    assert other.value.code == "note_for_another"

    at("2026-12-07 11:02:30")
    actions.reply_note(by=person("dr.lin"), note=note, reply="10分钟")

    note = SilentNote.objects.get()
    assert (note.state, note.reply, note.reply_seconds) == ("answered", "10分钟", 150)
    assert {task.state for task in Task.objects.filter(key=str(note.code))} == {"done"}
    tian_and_lin.refresh_from_db()
    assert tian_and_lin.state == "registered"  # not led in
    at("2026-12-07 11:10")
    clockwork()
    assert tasks(actions.NOTE_UNANSWERED) == []


@pytest.mark.ledger("QU-012")
def test_an_unanswered_note_goes_to_the_head_nurse(tian_and_lin, at):
    note = actions.send_note(by=person("su.qi"), visit=tian_and_lin, text="田女士想咨询")
    at("2026-12-07 11:04:59")
    clockwork()
    assert tasks(actions.NOTE_UNANSWERED) == []
    at("2026-12-07 11:05:00")
    clockwork()
    [task] = tasks(actions.NOTE_UNANSWERED)
    note.refresh_from_db()
    assert (task.roles, note.state, note.escalated_at) == (["head_nurse"], "escalated", local("2026-12-07 11:05"))
    actions.reply_note(by=person("mo.xiao"), note=note, reply="请先拍片")
    task.refresh_from_db()
    assert (note.reply_seconds, task.state) == (300, "done")


@pytest.mark.ledger("QU-012")
def test_a_note_is_for_a_busy_doctor_and_a_waiting_guest(tian_and_lin):
    free = walked_in(patient("何静"), doctor="020")
    with pytest.raises(RuleRefused) as refusal:
        actions.send_note(by=person("su.qi"), visit=free, text="想咨询")
    assert refusal.value.code == "doctor_is_free"
    note = actions.send_note(by=person("su.qi"), visit=tian_and_lin, text="想咨询")
    desk.lead_in(by=person("su.qi"), visit=tian_and_lin, chair=chair("2"))
    clockwork()
    note.refresh_from_db()
    assert note.state == "withdrawn"
    with pytest.raises(Conflict) as inside:
        actions.send_note(by=person("su.qi"), visit=tian_and_lin, text="想咨询")
    assert inside.value.code == "guest_not_waiting"


# --- rounds, concerns, priorities -------------------------------------------------------------------------------------


@pytest.mark.ledger("QU-006")
def test_rounds_are_noted_with_needs_and_how_many_waited(at):
    walked_in(patient("陈雨"))
    patrol = rounds.note_patrol(by=person("su.qi"), site=center(), needs="要热水")
    assert (patrol.waiting, patrol.needs) == (1, "要热水")
    area = selectors.area(center())
    assert area.patrol == patrol
    assert area.patrol_due_at == local("2026-12-07 11:00")
    with pytest.raises(Forbidden):
        rounds.note_patrol(by=person("fang.li"), site=center())


@pytest.mark.ledger("QU-006")
def test_a_complaint_of_a_long_wait_goes_to_the_head_nurse_who_must_resolve_it(at):
    visit = walked_in(patient("脱海"))
    with pytest.raises(RuleRefused):
        rounds.report_concern(by=person("yao.jing"), site=center(), kind="long_wait", words="")
    concern = rounds.report_concern(by=person("yao.jing"), site=center(), kind="long_wait", words="等太久", visit=visit)
    [task] = tasks(rounds.RESOLVE)
    assert (task.roles, task.due_at, task.closed_in_inbox) == (["head_nurse"], local("2026-12-07 11:10"), False)
    for nobody in ("yao.jing", "gao.wen"):
        with pytest.raises(Forbidden):
            rounds.resolve_concern(by=person(nobody), concern=concern, resolution="解释")
    with pytest.raises(RuleRefused) as wordless:
        rounds.resolve_concern(by=person("mei.hua"), concern=concern, resolution=" ")
    assert wordless.value.code == "resolution_missing"
    at("2026-12-07 11:10:01")
    clockwork()
    task.refresh_from_db()
    assert task.escalated_at is not None  # the director sees it too
    at("2026-12-07 11:15")
    rounds.resolve_concern(by=person("mei.hua"), concern=concern, resolution="换到徐医生")
    concern = Concern.objects.get()
    task.refresh_from_db()
    assert (concern.state, concern.resolution_seconds, task.state) == ("resolved", 35 * 60, "done")


@pytest.mark.ledger("QU-015")
def test_a_guest_who_needs_help_comes_first_and_the_guide_gets_the_condition(at):
    walked_in(patient("陈雨"))
    at("2026-12-07 10:50")
    weak = walked_in(patient("傅老"))
    mark = rounds.raise_priority(by=person("su.qi"), visit=weak, reason="weak", condition="走路不稳，需轮椅")
    assert selectors.area(center()).waiting[0].line.visit == weak
    [task] = tasks(rounds.ACCOMPANY)
    assert task.roles == ["guide"]
    with pytest.raises(Forbidden):
        rounds.accompany(by=person("su.qi"), priority=mark)
    rounds.accompany(by=person("yao.jing"), priority=mark)
    task.refresh_from_db()
    assert (mark.state, mark.accompanied_by_name, task.state) == ("accompanied", person("yao.jing").name, "done")
    with pytest.raises(Conflict):
        rounds.raise_priority(by=person("su.qi"), visit=weak, reason="ill")
    desk.leave_unseen(by=person("bai.lan"), visit=weak, reason="回家")
    clockwork()
    mark.refresh_from_db()
    assert mark.state == "ended"


# --- the daily sheet --------------------------------------------------------------------------------------------------


@pytest.fixture
def a_day(at):
    """A guest with her mother, taken over poorly, chart written; one relative kept outside, one complaint, one round."""
    visit = led_in("阮欣", "3", birth_date=date(2016, 1, 1))
    admit(visit, "阮母")
    actions.refuse_companion(by=person("su.qi"), visit=visit, name="阮父", relation="father", refusal="second")
    actions.sign_take_over(by=person("tang.rui"), visit=visit)
    actions.give_feedback(by=person("su.qi"), visit=visit, about="reception", is_good=False, words="未微笑")
    at("2026-12-07 11:10")
    gone(visit)
    actions.give_feedback(by=person("su.qi"), visit=visit, about="chart", is_good=True)
    rounds.note_patrol(by=person("su.qi"), site=center())
    rounds.report_concern(by=person("su.qi"), site=center(), kind="service", words="水太凉")
    led_in("韩博", "1")
    clockwork()
    return visit


@pytest.mark.ledger("QU-020")
def test_the_sheet_is_computed_from_what_was_kept(a_day):
    sheet = selectors.day_sheet(center(), date(2026, 12, 7))
    [line] = next(one.lines for one in sheet.chairs if one.chair == chair("3"))
    assert (line.visit, line.entry.received_by_name) == (a_day, person("tang.rui").name)
    assert [one.name for one in line.relatives] == ["阮母"]
    figures = sheet.figures()
    assert {key: figures[key] for key in ("led_in", "left", "signed", "companions", "refused")} == {
        "led_in": 2, "left": 1, "signed": 1, "companions": 1, "refused": 1,
    }  # fmt: skip
    assert (figures["reception_poor"], figures["chart_written"], figures["concerns_open"]) == (1, 1, 1)
    assert selectors.day_sheet(center(), date(2026, 12, 8)).lines == []


@pytest.mark.ledger("QU-020")
def test_the_sheet_is_due_at_the_end_of_the_shift_and_missed_when_it_is_not_handed_in(a_day, at):
    [task] = tasks(rounds.SHEET)
    due = selectors.sheet_due_at(center(), date(2026, 12, 7))
    assert (task.roles, task.due_at) == (["waiting_attendant"], due)
    with pytest.raises(Forbidden):
        rounds.hand_in_sheet(by=person("gao.wen"), site=center(), day=date(2026, 12, 7))
    with pytest.raises(RuleRefused):
        rounds.hand_in_sheet(by=person("su.qi"), site=center(), day=date(2026, 12, 8))
    at.advance(minutes=int((due - local("2026-12-07 11:10")).total_seconds() // 60) + 1)
    clockwork()
    task.refresh_from_db()
    assert task.escalated_at is not None
    sheet = rounds.hand_in_sheet(by=person("su.qi"), site=center(), day=date(2026, 12, 7), remark="下午拥挤")
    task.refresh_from_db()
    assert (sheet.is_late, task.state) == (True, "done")
    with pytest.raises(Conflict) as twice:
        rounds.hand_in_sheet(by=person("su.qi"), site=center(), day=date(2026, 12, 7))
    assert twice.value.code == "sheet_handed_in"


@pytest.mark.ledger("QU-020")
def test_a_sheet_of_the_roster_keeps_its_figures(a_day, at):
    DutyShift.objects.filter(staff=staff("111")).delete()
    DutyShift.objects.create(
        staff=staff("111"), site=center(), starts_at=local("2026-12-07 08:30"), ends_at=local("2026-12-07 15:00")
    )
    at("2026-12-07 15:00")
    sheet = rounds.hand_in_sheet(by=person("su.qi"), site=center(), day=date(2026, 12, 7))
    assert (sheet.due_at, sheet.is_late) == (local("2026-12-07 15:00"), False)
    led_in("后来", "2", doctor="020")
    kept = DailySheet.objects.get()
    assert kept.figures["led_in"] == 2
    assert selectors.sheets(center())[0][1] == kept


def test_the_age_span_of_a_stated_age_is_one_year_wide_to_either_side():
    who = patient("钱七", stated_age=40)
    assert companions.age_span(who, date(2026, 12, 7)) == (39, 41)
