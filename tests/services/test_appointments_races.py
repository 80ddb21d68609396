"""Two people take the same at the same moment: exactly one gets it (AP-006, QU-008, settled 3)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.errors import Conflict
from services.appointments import actions
from services.appointments.blocks import block_time
from services.appointments.models import Appointment
from services.followup.actions import plan_from
from services.followup.models import FollowUp, Plan
from services.patients.models import Patient
from services.reception import actions as desk
from services.reception.models import Visit
from services.tasks.actions import open_task, take_task
from services.tasks.models import Task
from tests.kernel.probes import at_once
from tests.services.doors import SYSTEM, person, staff
from tests.services.flow import booked, center, chair, local, patient, walked_in

SLOTS = ("09:00", "10:00", "11:00", "13:30", "14:30", "15:30")


@pytest.fixture(autouse=True)
def tuesday(own_database, smile, at):
    at("2026-12-08 08:30")
    return at


def outcomes(results: list[object]) -> tuple[int, int]:
    """(how many won, how many met a conflict); anything else fails the test."""
    refused = [result for result in results if isinstance(result, Conflict)]
    won = [result for result in results if not isinstance(result, BaseException)]
    assert len(won) + len(refused) == len(results), results
    return len(won), len(refused)


def trying(function):
    """``function`` with a refusal as its result."""

    def run() -> object:
        try:
            return function()
        except Conflict as refusal:
            return refusal

    return run


@pytest.mark.ledger("AP-006")
def test_two_desks_book_the_same_slot_and_exactly_one_gets_it(smile):
    people = [patient(f"患者{number}") for number in range(4)]
    for slot in SLOTS:
        tries = [
            trying(lambda who=who, by=by, slot=slot: booked(who, f"2026-12-09 {slot}", by=by))
            for who, by in zip(people, ("bai.lan", "ren.tao", "yao.jing", "gao.wen"), strict=True)
        ]
        results = at_once(smile, *tries)

        assert outcomes(results) == (1, 3), slot
        lost = next(result for result in results if isinstance(result, Conflict))
        assert lost.code == "booking_conflict"
        assert lost.facts["next_starts_at"] is not None
    assert Appointment.objects.count() == len(SLOTS)


@pytest.mark.ledger("AP-006")
def test_doctor_room_and_assistant_race_without_the_locks(smile, monkeypatch):
    """The constraints alone hold, also when nobody locks or looks first."""
    monkeypatch.setattr(actions.locking, "lock", lambda _resources: None)
    people = [patient(f"患者{number}") for number in range(3)]
    for slot in SLOTS[:4]:
        when = f"2026-12-09 {slot}"
        results = at_once(
            smile,
            trying(lambda when=when: booked(people[0], when, assistant=staff("201"))),
            trying(lambda when=when: booked(people[1], when, doctor="020", assistant=staff("201"))),
            trying(lambda when=when: booked(people[2], when, doctor="014", chair=chair("2"), assistant=staff("202"))),
        )
        won, refused = outcomes(results)
        assert won in (1, 2), slot
        assert won + refused == 3
    rows = list(Appointment.objects.values_list("doctor_id", "chair_id", "assistant_id", "starts_at"))
    for column in range(3):
        held = [(row[column], row[3]) for row in rows]
        assert len(held) == len(set(held))


@pytest.mark.ledger("AP-006")
def test_two_moves_to_the_same_slot(smile):
    first, second = booked(patient("甲"), "2026-12-09 09:00"), booked(patient("乙"), "2026-12-09 10:00")
    results = at_once(
        smile,
        *(
            trying(
                lambda row=row: actions.move_appointment(
                    by=person("bai.lan"), appointment=row, starts_at=local("2026-12-09 14:00"), reason="work"
                )
            )
            for row in (first, second)
        ),
    )
    assert outcomes(results) == (1, 1)
    assert Appointment.objects.filter(starts_at=local("2026-12-09 14:00")).count() == 1


def test_a_block_and_a_booking_at_once(smile):
    for slot in SLOTS[:3]:
        when = local(f"2026-12-09 {slot}")
        results = at_once(
            smile,
            trying(lambda slot=slot: booked(patient(f"患者{slot}"), f"2026-12-09 {slot}")),
            trying(
                lambda when=when: block_time(
                    by=person("gao.wen"), site=center(), staff=staff("011"), starts_at=when,
                    ends_at=when + timedelta(minutes=30), reason="meeting",
                )
            ),
        )  # fmt: skip
        assert outcomes(results) == (1, 1), slot


@pytest.mark.ledger("QU-008")
def test_two_guests_are_led_to_one_chair_and_one_gets_in(smile):
    for number in ("1", "2", "3"):
        visits = [walked_in(patient(f"{number}号{name}")) for name in ("甲", "乙")]
        results = at_once(
            smile,
            *(
                trying(
                    lambda visit=visit, number=number: desk.lead_in(
                        by=person("su.qi"), visit=visit, chair=chair(number)
                    )
                )
                for visit in visits
            ),
        )
        assert outcomes(results) == (1, 1)
        assert Visit.objects.filter(chair=chair(number), state="led_in").count() == 1


def test_two_desks_register_the_same_walk_in_once(smile):
    who = patient("何静")
    results = at_once(smile, *(trying(lambda by=by: walked_in(who, by=by)) for by in ("bai.lan", "ren.tao")))
    assert outcomes(results) == (1, 1)
    assert Visit.objects.count() == 1


def test_the_same_task_and_the_same_plan_are_made_once(smile):
    who = patient("韩博")

    def task() -> Task:
        return open_task(
            by=SYSTEM, kind="tasks.test", key="a", room="tasks", title="x", due_at=local("2026-12-09 10:00"),
            roles=["front_desk"], site=center(),
        )  # fmt: skip

    def plan() -> list[Plan]:
        return plan_from(
            by=SYSTEM, trigger="visit.finished", source_key="visit:1", site=center(), patient=who,
            anchor_on=local("2026-12-08 10:00").date(), doctor=staff("011"),
        )  # fmt: skip

    assert len({found.pk for found in at_once(smile, task, task, task)}) == 1
    at_once(smile, plan, plan, plan)
    assert (Task.objects.filter(kind="tasks.test").count(), Plan.objects.count(), FollowUp.objects.count()) == (1, 1, 1)

    taken = at_once(
        smile,
        *(trying(lambda by=by: take_task(by=person(by), task=task())) for by in ("bai.lan", "ren.tao")),
    )
    assert outcomes(taken) == (1, 1)


@pytest.mark.ledger("AP-008")
def test_two_desks_at_once_are_given_two_different_doctors(smile):
    people = [patient(f"新{number}") for number in range(4)]
    desks = ("bai.lan", "ren.tao", "yao.jing", "gao.wen")

    def given(who: Patient, by: str) -> str:
        row = actions.book_appointment(
            by=person(by), site=center(), patient=who, starts_at=local("2026-12-11 10:00"), units=1
        )
        return row.doctor.number

    results = at_once(smile, *(lambda who=who, by=by: given(who, by) for who, by in zip(people, desks, strict=True)))

    assert sorted(results) == ["005", "011", "014", "020"]
    walked = at_once(
        smile,
        *(
            lambda name=name, by=by: (
                desk.check_in(by=person(by), site=center(), patient=patient(name), by_rule=True).doctor.number
            )
            for name, by in (("甲", "bai.lan"), ("乙", "ren.tao"))
        ),
    )
    assert sorted(walked) == ["005", "011"]
