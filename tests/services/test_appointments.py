"""Bookings: whole units, duty, nobody twice at once, one reminder per slot."""

from __future__ import annotations

from datetime import UTC, date, timedelta

import pytest

from kernel import clock, parameters
from kernel.errors import Conflict, Forbidden, NotFound, RuleRefused, StaleVersion
from kernel.messaging.models import Message
from kernel.parameters import Scope
from services.appointments import actions, reminders, selectors
from services.appointments.blocks import block_time, unblock_time
from services.appointments.models import Appointment, AppointmentCard, AppointmentMove
from services.appointments.slots import Window, best_slots, common, merged, next_free, starts_in, unit, without
from services.sites.actions import set_exception
from services.staff.actions import change_shift
from services.staff.models import DutyShift
from services.tasks.models import Task
from tests.services.doors import SYSTEM, person, staff
from tests.services.flow import SHANGHAI, booked, center, chair, clockwork, local, patient


@pytest.fixture(autouse=True)
def tuesday(smile, at):
    at("2026-12-08 09:00")
    return at


def confirmations(**states: str) -> list[Task]:
    return list(Task.objects.filter(kind=reminders.CONFIRM, **states).order_by("due_at"))


# --- free time, as arithmetic ----------------------------------------------------------------------------------------


def window(start: str, end: str) -> Window:
    return Window(local(f"2026-12-09 {start}"), local(f"2026-12-09 {end}"))


def test_spans_touch_without_overlapping():
    assert not window("10:00", "10:30").overlaps(window("10:30", "11:00"))
    assert merged([window("10:30", "11:00"), window("10:00", "10:30")]) == [window("10:00", "11:00")]
    assert common([window("08:00", "12:00")], [window("11:00", "13:00")]) == [window("11:00", "12:00")]
    assert without([window("08:00", "12:00")], [window("09:00", "10:00")]) == [
        window("08:00", "09:00"),
        window("10:00", "12:00"),
    ]


def test_starts_lie_on_the_grid_of_units():
    quarter = timedelta(minutes=15)
    found = starts_in([window("10:07", "11:00")], 2 * quarter, quarter, zone=SHANGHAI, after=local("2026-12-09 08:00"))

    assert [f"{clock.local(start, SHANGHAI):%H:%M}" for start in found] == ["10:15", "10:30"]


# --- what is stored ---------------------------------------------------------------------------------------------------


@pytest.mark.ledger("AP-002")
def test_a_booking_keeps_everything_that_was_said(tuesday):
    who = patient("韩博")

    row = booked(
        who, "2026-12-09 10:00", assistant=staff("201"), channel="phone", complaint="牙疼", note="想先问价格",
        preference="male", preference_reason="害怕", visit_class="return",
    )  # fmt: skip

    kept = Appointment.objects.get(code=row.code)
    assert (kept.patient, kept.doctor, kept.chair, kept.assistant) == (who, staff("011"), chair("1"), staff("201"))
    assert (kept.units, kept.ends_at - kept.starts_at) == (2, timedelta(minutes=30))
    assert (kept.complaint, kept.note, kept.preference, kept.preference_reason) == (
        "牙疼",
        "想先问价格",
        "male",
        "害怕",
    )
    assert (kept.visit_class, kept.channel, kept.booked_by_id) == ("return", "phone", person("bai.lan").user_id)
    assert kept.state == "booked"


@pytest.mark.ledger("AP-003")
def test_a_routine_check_takes_one_unit_by_itself_and_minutes_must_be_whole_units(tuesday):
    who = patient("苗圃")
    check = booked(who, "2026-12-09 10:00", units=None)
    assert check.units == 1

    with pytest.raises(RuleRefused) as refusal:
        booked(who, "2026-12-09 11:00", units=None, minutes=20)
    assert refusal.value.code == "duration_not_whole_units"
    assert booked(who, "2026-12-09 11:00", units=None, minutes=45).units == 3

    parameters.set_parameter(by=SYSTEM, key="exam_units", scope=Scope.tenant(), value=2, effective_from=clock.now())
    assert booked(who, "2026-12-09 14:00", units=None).units == 2


def test_bookings_begin_on_a_unit_and_never_in_the_past(tuesday):
    who = patient("苗圃")
    with pytest.raises(RuleRefused) as refusal:
        booked(who, "2026-12-09 10:07")
    assert refusal.value.code == "start_not_on_unit"
    with pytest.raises(RuleRefused) as refusal:
        booked(who, "2026-12-08 08:30")
    assert refusal.value.code == "slot_in_the_past"
    assert booked(who, "2026-12-08 09:00").state == "booked"


@pytest.mark.ledger("AP-005")
@pytest.mark.parametrize(
    "when,doctor,code",
    [
        ("2026-12-10 10:00", "014", "doctor_not_on_duty"),  # Thursday is Dr Zhao's day of rest
        ("2026-12-09 12:30", "011", "outside_opening_hours"),
        ("2026-12-09 11:45", "011", "outside_opening_hours"),  # would reach into the break
        ("2026-12-13 10:00", "011", "outside_opening_hours"),  # Sunday
        ("2026-12-09 10:00", "105", "not_a_doctor"),
    ],
)
def test_a_doctor_is_booked_only_while_on_duty_and_the_site_open(tuesday, when, doctor, code):
    with pytest.raises(RuleRefused) as refusal:
        booked(patient("石磊"), when, doctor=doctor)

    assert refusal.value.code == code
    assert not Appointment.objects.exists()


def test_a_doctor_without_a_chair_in_the_roster_needs_one(tuesday):
    with pytest.raises(RuleRefused) as refusal:
        booked(patient("童欣"), "2026-12-09 10:00", doctor="023")
    assert refusal.value.code == "chair_missing"
    assert booked(patient("童欣"), "2026-12-09 10:00", doctor="023", chair=chair("6")).chair == chair("6")


# --- SC-03 ------------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("AP-006")
def test_doctor_room_and_assistant_are_never_taken_twice(tuesday):
    booked(patient("宋倩"), "2026-12-09 10:00", assistant=staff("201"))

    with pytest.raises(Conflict) as by_doctor:
        booked(patient("鲁岩"), "2026-12-09 10:15", units=1, by="ren.tao")
    assert by_doctor.value.code == "booking_conflict"
    assert by_doctor.value.facts["resource"] == "doctor"
    assert by_doctor.value.facts["occupied_until"] == local("2026-12-09 10:30").astimezone(UTC).isoformat()
    assert by_doctor.value.facts["next_starts_at"] == local("2026-12-09 10:30").astimezone(UTC).isoformat()

    with pytest.raises(Conflict) as by_room:
        booked(patient("鲁岩"), "2026-12-09 10:15", doctor="014", chair=chair("1"), units=1, by="ren.tao")
    assert by_room.value.facts["resources"] == ["chair"]

    with pytest.raises(Conflict) as by_assistant:
        booked(patient("鲁岩"), "2026-12-09 10:15", doctor="020", assistant=staff("201"), units=1)
    assert by_assistant.value.facts["resources"] == ["assistant"]

    touching = booked(patient("鲁岩"), "2026-12-09 10:30", assistant=staff("201"), units=1)
    assert touching.state == "booked"
    assert Appointment.objects.count() == 2


def test_the_proposal_of_a_conflict_is_free_for_all_three(tuesday):
    booked(patient("宋倩"), "2026-12-09 10:00", assistant=staff("201"))
    booked(patient("吴飞"), "2026-12-09 10:45", doctor="020", assistant=staff("201"), units=1)
    booked(patient("石磊"), "2026-12-09 11:15", doctor="014", chair=chair("1"), units=1)

    with pytest.raises(Conflict) as refusal:
        booked(patient("鲁岩"), "2026-12-09 10:00", assistant=staff("201"), units=2)

    # 10:30 meets the assistant at 10:45, 11:00 the chair at 11:15, 11:30 is the last before the break.
    assert refusal.value.facts["next_starts_at"] == local("2026-12-09 11:30").astimezone(UTC).isoformat()


def test_a_cancelled_booking_frees_its_time(tuesday):
    first = booked(patient("宋倩"), "2026-12-09 10:00")
    actions.cancel_appointment(by=person("bai.lan"), appointment=first, reason="no time")

    assert booked(patient("鲁岩"), "2026-12-09 10:00").state == "booked"


@pytest.mark.ledger("AP-006")
def test_the_database_refuses_an_overlap_that_nobody_looked_for(tuesday, monkeypatch):
    booked(patient("宋倩"), "2026-12-09 10:00")
    monkeypatch.setattr(actions.controls, "refuse_taken", lambda **_asked: None)

    with pytest.raises(Conflict) as refusal:
        booked(patient("鲁岩"), "2026-12-09 10:15")

    assert refusal.value.code == "booking_conflict"
    assert refusal.value.facts["next_starts_at"] == local("2026-12-09 10:30").astimezone(UTC).isoformat()
    assert Appointment.objects.count() == 1


@pytest.mark.ledger("AP-006")
def test_offered_slots_leave_no_gap_where_they_can(tuesday):
    booked(patient("宋倩"), "2026-12-09 10:00", units=4)
    quarter = unit(center())

    offered = best_slots(
        site=center(), doctor=staff("011"), length=2 * quarter, after=local("2026-12-09 08:00"), limit=2, per_day=2
    )

    assert [f"{clock.local(slot.starts_at, SHANGHAI):%m-%d %H:%M}" for slot in offered] == [
        "12-09 08:30",
        "12-09 09:30",
    ]
    assert all(slot.seams for slot in offered)


def test_the_next_gap_skips_breaks_rest_days_and_closed_days(tuesday):
    half_day = 14 * unit(center())
    for day in ("2026-12-09", "2026-12-10", "2026-12-11"):
        booked(patient("满"), f"{day} 08:30", units=14)
        booked(patient("满"), f"{day} 13:30", units=16)
    set_exception(by=SYSTEM, site=center(), day=date(2026, 12, 14), spans=(), reason="stocktaking")

    # Saturday is Dr Lin's rest, Sunday closed, Monday an exception.
    [slot] = next_free(site=center(), doctor=staff("011"), length=half_day, after=local("2026-12-09 09:00"))

    assert slot.starts_at == local("2026-12-15 08:30")


# --- moving -----------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("AP-012", "AP-017", "FU-022")
def test_moving_withdraws_the_old_reminder_and_makes_one_new(tuesday):
    row = booked(patient("喻晓"), "2026-12-09 10:00")
    [old] = confirmations()
    [receipt] = Message.objects.filter(template="booking_receipt")

    moved = actions.move_appointment(
        by=person("bai.lan"), appointment=row, starts_at=local("2026-12-10 15:00"), reason="exam at school"
    )

    old.refresh_from_db()
    assert (old.state, old.result) == ("cancelled", "withdrawn")
    [fresh] = confirmations(state="open")
    assert fresh.due_at == local("2026-12-09 17:30")
    receipt.refresh_from_db()
    assert receipt.state == "withdrawn"
    assert Message.objects.filter(template="booking_receipt", state="queued").count() == 1
    assert (moved.code, moved.state, moved.starts_at) == (row.code, "booked", local("2026-12-10 15:00"))
    [kept] = AppointmentMove.objects.all()
    assert (kept.old_starts_at, kept.new_starts_at) == (local("2026-12-09 10:00"), local("2026-12-10 15:00"))
    assert (kept.reason, kept.asked_by) == ("exam at school", "patient")


@pytest.mark.ledger("AP-017")
def test_doctor_and_assistant_are_told_of_a_move(tuesday):
    row = booked(patient("喻晓"), "2026-12-09 10:00", assistant=staff("201"))

    actions.move_appointment(by=person("bai.lan"), appointment=row, starts_at=local("2026-12-09 15:00"), reason="work")

    told = Task.objects.filter(kind="appointments.told").values_list("assignee__username", flat=True)
    assert sorted(told) == ["dr.lin", "mo.xiao"]


def test_a_move_needs_a_reason_a_free_slot_and_the_version_that_was_seen(tuesday):
    row = booked(patient("喻晓"), "2026-12-09 10:00")
    booked(patient("石磊"), "2026-12-09 11:00")
    desk = person("bai.lan")

    with pytest.raises(RuleRefused) as refusal:
        actions.move_appointment(by=desk, appointment=row, starts_at=local("2026-12-09 15:00"), reason=" ")
    assert refusal.value.code == "reason_missing"
    with pytest.raises(Conflict):
        actions.move_appointment(by=desk, appointment=row, starts_at=local("2026-12-09 11:15"), reason="work")
    with pytest.raises(StaleVersion):
        actions.move_appointment(
            by=desk, appointment=row, starts_at=local("2026-12-09 15:00"), reason="work", version=9
        )

    row.refresh_from_db()
    assert (row.starts_at, row.version, AppointmentMove.objects.count()) == (local("2026-12-09 10:00"), 1, 0)
    # Its own old slot does not stand in its way.
    assert actions.move_appointment(
        by=desk, appointment=row, starts_at=local("2026-12-09 10:15"), reason="later bus", version=1
    ).starts_at == local("2026-12-09 10:15")


# --- confirming -------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("AP-013", "FU-022")
def test_one_confirmation_is_due_on_the_last_opening_day_before(tuesday):
    friday_visit = booked(patient("蔡敏"), "2026-12-14 10:00")  # a Monday; Sunday is closed

    [task] = confirmations()
    assert task.due_at == local("2026-12-12 17:30")
    assert task.escalates_at == local("2026-12-14 09:00")  # 60 minutes before, earlier than noon
    assert set(task.roles) >= {"front_desk", "guide"}

    reminders.plan(by=SYSTEM, appointment=friday_visit)
    assert len(confirmations()) == 1


@pytest.mark.ledger("FU-002")
def test_what_is_not_confirmed_by_noon_or_before_the_visit_goes_to_the_supervisor(tuesday, at):
    booked(patient("早"), "2026-12-09 10:00")
    booked(patient("晚"), "2026-12-09 16:00", doctor="020")
    early, late = Task.objects.filter(kind=reminders.CONFIRM).order_by("rank_at")
    assert (early.escalates_at, late.escalates_at) == (local("2026-12-09 09:00"), local("2026-12-09 12:00"))

    at("2026-12-09 08:59:59")
    clockwork()
    assert not Task.objects.filter(escalated_at__isnull=False).exists()
    at("2026-12-09 09:00:00")
    clockwork()
    early.refresh_from_db()
    late.refresh_from_db()
    assert early.escalated_at is not None
    assert late.escalated_at is None
    at("2026-12-09 12:00:00")
    clockwork()
    late.refresh_from_db()
    assert late.escalated_at is not None
    assert "supervisor" in late.escalates_to


@pytest.mark.ledger("AP-013", "AP-041")
def test_a_result_closes_the_confirmation_and_not_reached_leaves_it_open(tuesday):
    row = booked(patient("樊星"), "2026-12-09 10:00")
    desk = person("bai.lan")

    missed = actions.record_confirmation(by=desk, appointment=row, result="unreachable")
    assert (missed.state, missed.is_confirmed, confirmations()[0].state) == ("unreachable", False, "open")

    reached = actions.record_confirmation(by=desk, appointment=row, result="confirmed")
    assert (reached.state, reached.is_confirmed) == ("confirmed", True)
    assert [task.state for task in confirmations()] == ["done"]
    assert [attempt.result for attempt in row.confirmations.all()] == ["unreachable", "confirmed"]

    moved = actions.move_appointment(by=desk, appointment=row, starts_at=local("2026-12-10 10:00"), reason="work")
    assert not moved.is_confirmed  # what was said about the old time says nothing about the new one


@pytest.mark.ledger("AP-012")
def test_the_receipt_is_queued_once_and_not_for_people_without_phone_or_consent(tuesday):
    row = booked(patient("邵晴"), "2026-12-09 10:00")
    for _crash in range(3):
        reminders.send_receipt(row)
    assert Message.objects.filter(template="booking_receipt").count() == 1
    clockwork()
    clockwork()
    [message] = Message.objects.filter(template="booking_receipt")
    assert message.state == "sent"
    assert "2026-12-09 10:00" in message.body

    booked(patient("无", phone=""), "2026-12-09 11:00")
    booked(patient("拒", message_consent=False), "2026-12-09 14:00")
    assert Message.objects.filter(template="booking_receipt").count() == 1


# --- not coming, roster, blocks, cards --------------------------------------------------------------------------------


@pytest.mark.ledger("AP-040")
def test_who_did_not_come_is_a_no_show_the_next_morning_with_a_task(tuesday, at):
    row = booked(patient("马林"), "2026-12-09 10:00")
    arrived = booked(patient("到了"), "2026-12-09 11:00")
    actions.mark_arrived(by=person("bai.lan"), appointment=arrived)
    from services.appointments.handlers import morning_check

    at("2026-12-09 18:00")
    morning_check(date(2026, 12, 9))
    row.refresh_from_db()
    assert row.state == "booked"

    at("2026-12-10 07:30")
    morning_check(date(2026, 12, 10))
    row.refresh_from_db()
    arrived.refresh_from_db()
    assert (row.state, arrived.state) == ("no_show", "arrived")
    assert Task.objects.get(kind=actions.NO_SHOW).subject_code == row.patient.code
    morning_check(date(2026, 12, 10))
    assert Task.objects.filter(kind=actions.NO_SHOW).count() == 1


@pytest.mark.ledger("AP-020")
def test_a_changed_roster_lists_the_bookings_it_leaves_alone(tuesday):
    row = booked(patient("欧阳"), "2026-12-09 10:00")
    other = booked(patient("顾盼"), "2026-12-09 14:00")
    morning = DutyShift.objects.get(staff=staff("011"), starts_at=local("2026-12-09 08:30"))

    change_shift(
        by=SYSTEM, site=center(), shift=morning, starts_at=morning.starts_at, ends_at=morning.ends_at, kind="rest"
    )
    clockwork()

    row.refresh_from_db()
    other.refresh_from_db()
    assert (row.state, other.state) == ("affected", "booked")
    assert list(selectors.affected(center())) == [row]
    task = Task.objects.get(kind=actions.AFFECTED)
    assert (task.state, task.subject_code) == ("open", row.patient.code)

    actions.acknowledge_affected(by=person("bai.lan"), appointment=row)
    task.refresh_from_db()
    assert (task.state, task.result) == ("done", "told")
    assert not selectors.affected(center()).exists()


@pytest.mark.ledger("AP-020")
def test_a_roster_that_comes_back_gives_the_bookings_back(tuesday):
    row = booked(patient("欧阳"), "2026-12-09 10:00")
    morning = DutyShift.objects.get(staff=staff("011"), starts_at=local("2026-12-09 08:30"))
    facts = {"by": SYSTEM, "site": center(), "starts_at": morning.starts_at, "ends_at": morning.ends_at}
    change_shift(shift=morning, kind="rest", **facts)
    clockwork()
    change_shift(shift=morning, kind="clinic", chair=chair("1"), **facts)
    clockwork()

    row.refresh_from_db()
    assert row.state == "booked"
    assert Task.objects.get(kind=actions.AFFECTED).result == "restored"


def test_a_blocked_time_cannot_be_booked_and_booked_time_cannot_be_blocked(tuesday):
    head = person("gao.wen")
    morning = {"starts_at": local("2026-12-09 10:00"), "ends_at": local("2026-12-09 11:00")}
    block = block_time(by=head, site=center(), staff=staff("011"), reason="meeting", **morning)

    with pytest.raises(Conflict) as refusal:
        booked(patient("宋倩"), "2026-12-09 10:30")
    assert refusal.value.facts["next_starts_at"] == local("2026-12-09 11:00").astimezone(UTC).isoformat()

    unblock_time(by=head, block=block)
    booked(patient("宋倩"), "2026-12-09 10:30")
    with pytest.raises(Conflict) as refusal:
        block_time(by=head, site=center(), chair=chair("1"), reason="repair", **morning)
    assert refusal.value.code == "block_meets_bookings"


@pytest.mark.ledger("AP-004")
def test_the_appointment_card_is_closed_by_its_booking(tuesday):
    who, doctor = patient("段宏"), person("dr.lin")
    card = actions.write_card(by=doctor, site=center(), patient=who, doctor=staff("011"), units=3)
    assert list(selectors.open_cards(center())) == [card]

    row = booked(who, "2026-12-16 10:00", units=card.units, channel="card", card=card)

    card.refresh_from_db()
    assert (card.state, card.appointment) == ("booked", row)
    assert not selectors.open_cards(center()).exists()
    with pytest.raises(RuleRefused):
        actions.write_card(
            by=doctor, site=center(), patient=who, doctor=staff("011"), state=AppointmentCard.State.DECLINED
        )


@pytest.mark.ledger("AP-018")
def test_habits_count_late_moved_and_missed_visits(tuesday, at):
    who, desk = patient("葛青"), person("bai.lan")
    late = booked(who, "2026-12-08 10:00")
    at("2026-12-08 10:12")
    actions.mark_arrived(by=desk, appointment=late)
    moved = booked(who, "2026-12-09 10:00")
    actions.move_appointment(by=desk, appointment=moved, starts_at=local("2026-12-09 11:00"), reason="work")
    at("2026-12-10 08:00")
    actions.mark_no_show(by=desk, appointment=moved)

    found = selectors.habits_of(who)

    assert (found.kept, found.late, found.late_minutes, found.moved, found.missed) == (1, 1, 12, 1, 1)


def test_only_those_who_may_book_do(tuesday):
    with pytest.raises(Forbidden):
        booked(patient("夏冰"), "2026-12-09 10:00", by="fang.li")
    row = booked(patient("夏冰"), "2026-12-09 10:00")
    with pytest.raises(NotFound):
        selectors.access_appointment(person("luo.ping"), row.code)  # works at the other site


@pytest.mark.ledger("AP-040")
def test_the_share_of_no_shows_leaves_out_what_is_still_open(tuesday, at):
    from services.appointments.kpis import no_show, reminders_completed

    desk = person("bai.lan")
    kept, gone, missed = (booked(patient(f"人{n}"), f"2026-12-09 {n}:00") for n in (10, 11, 14))
    booked(patient("还在"), "2026-12-09 15:00")
    actions.record_confirmation(by=desk, appointment=kept, result="confirmed")
    actions.cancel_appointment(by=desk, appointment=gone, reason="ill")
    at("2026-12-09 10:00")
    actions.mark_arrived(by=desk, appointment=kept)
    actions.mark_completed(by=desk, appointment=kept)
    at("2026-12-09 15:00")
    actions.mark_no_show(by=desk, appointment=missed)

    fact = no_show(center(), date(2026, 12, 9))
    assert fact is not None
    assert (fact.numerator, fact.denominator) == (1, 3)
    done = reminders_completed(center(), date(2026, 12, 8))
    assert done is not None
    # Due on the 8th: the confirmed one and the one still open; cancelled and missed ones are withdrawn.
    assert (done.numerator, done.denominator) == (1, 2)
    assert no_show(center(), date(2026, 12, 20)) is None


@pytest.mark.ledger("AP-017")
def test_everybody_whose_day_changes_learns_of_a_move(tuesday):
    row = booked(patient("鲁岩"), "2026-12-09 10:00", assistant=staff("201"))
    moved = actions.move_appointment(
        by=person("bai.lan"), appointment=row, starts_at=local("2026-12-09 14:00"), doctor=staff("020"),
        assistant=staff("202"), reason="work", asked_by="clinic",
    )  # fmt: skip

    told = set(Task.objects.filter(kind="appointments.told").values_list("assignee__username", flat=True))
    assert told == {"dr.lin", "mo.xiao", "dr.xu", "tang.rui"}
    kept = AppointmentMove.objects.get(appointment=moved)
    assert (kept.old_doctor, kept.old_assistant, kept.old_starts_at) == (
        staff("011"), staff("201"), local("2026-12-09 10:00"),
    )  # fmt: skip
    assert (kept.new_doctor, kept.new_assistant, kept.new_starts_at) == (
        staff("020"), staff("202"), local("2026-12-09 14:00"),
    )  # fmt: skip
    assert (kept.reason, kept.asked_by) == ("work", "clinic")


@pytest.mark.ledger("AP-016")
@pytest.mark.parametrize(
    "language,asked",
    [
        ("en", "beforehand to cancel or change it. Thank you."),
        ("zh-hans", "如需取消或改期，请提前致电"),
        ("zh-hant", "如需取消或改期，請提前致電"),
    ],
)
def test_the_receipt_asks_with_thanks_to_call_before_cancelling_or_changing(tuesday, language, asked):
    booked(patient("请先来电", language=language), "2026-12-09 10:00")
    [receipt] = Message.objects.filter(template="booking_receipt")
    assert asked in receipt.body
    assert center().phone in receipt.body
