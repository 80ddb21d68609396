"""Every life cycle of bookings, follow-ups, the front desk, guests, the treatment area and dentistry, over the API.

Each step of each machine is taken, with what it leaves behind; from each state each other operation is refused: with its
code, in the audit, and nothing else has changed. A new step, machine or operation without a walk fails here.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from django.utils.module_loading import import_string

from kernel import registry
from kernel.states import StateMachine
from tests.scenarios.machines import (
    lives_appointments,
    lives_dental,
    lives_followup,
    lives_guest_care,
    lives_reception,
    lives_treatment_area,
)
from tests.scenarios.machines.walks import House, Life, walk
from tests.services.doors import api, statements

ROOMS = ("appointments", "followup", "reception", "guest_care", "treatment_area", "dental")
LIVES: tuple[Life, ...] = (
    *lives_appointments.LIVES,
    *lives_followup.LIVES,
    *lives_reception.LIVES,
    *lives_guest_care.LIVES,
    *lives_treatment_area.LIVES,
    *lives_dental.LIVES,
)
# Operations on something with a code that make a row of their own, or change one that has no machine.
BESIDE = {
    "appointments/{code}/arrange/",
    "appointments/{code}/preparation/",
    "appointments/groups/{code}/cancel/",
    "appointments/groups/{code}/confirm/",
    "appointments/groups/{code}/move/",
    "appointments/houses/{code}/",
    "guest_care/visits/{code}/passes/",
    "guest_care/visits/{code}/reminders/",
    "guest_care/visits/{code}/steps/",
    "guest_care/visits/{code}/ticket/",
    "treatment_area/visits/{code}/feedback/",
    "treatment_area/visits/{code}/medical-needs/",
    "treatment_area/visits/{code}/notes/",
    "treatment_area/visits/{code}/priority/",
    "treatment_area/visits/{code}/relatives/",
    "treatment_area/visits/{code}/relatives/refused/",
    "treatment_area/visits/{code}/take-over/",
    "dental/patients/{code}/health/",
    "dental/patients/{code}/findings/",
    "dental/patients/{code}/preparations/",
    "dental/patients/{code}/teeth/",
    "dental/treatments/{code}/redo/",
}
# Lists that show how far the rows of a machine are.
LISTS = (
    "guest_care/passes/", "guest_care/reminders/", "guest_care/faults/", "guest_care/tickets/",
    "treatment_area/priorities/", "treatment_area/notes/", "appointments/referrals/", "appointments/consultations/",
)  # fmt: skip


@pytest.mark.parametrize(
    "life", [pytest.param(life, id=life.machine.name, marks=pytest.mark.ledger(*life.ledger)) for life in LIVES]
)
def test_every_step_of_a_life_is_taken_and_every_other_one_is_refused(smile: Any, at: Any, life: Life) -> None:
    walk(House(at, life.moment), life)


def machines() -> list[StateMachine]:
    """The machines that these rooms declare."""
    rooms = [room for room in registry.rooms() if room.key in ROOMS]
    assert len(rooms) == len(ROOMS)
    return [import_string(path) for room in rooms for path in room.machines]


@pytest.mark.parametrize("machine", machines(), ids=lambda machine: machine.name)
def test_no_step_of_the_code_is_left_out(machine: StateMachine) -> None:
    walked = {step for life in LIVES if life.machine is machine for step in life.walked}
    table = {(source, row.target) for row in machine.transitions for source in row.sources}
    assert walked == table


def test_no_operation_on_a_row_is_left_out() -> None:
    offered = set()
    for room in registry.rooms():
        if room.key in ROOMS:
            for pattern in import_module(str(room.api_urls)).urlpatterns:
                path = f"{room.key}/{pattern.pattern}".replace("<uuid:code>", "{code}")
                if "{code}" in path and set(pattern.callback.permissions) - {"GET"}:
                    offered.add(path)
    tried = {verb.path for life in LIVES for verb in life.verbs.values() if "{code}" in verb.path}
    assert offered == tried | BESIDE


@pytest.mark.parametrize("path", LISTS)
def test_how_far_all_of_them_are_is_read_in_a_few_statements(smile: Any, at: Any, path: str) -> None:
    house = House(at, "2026-12-07 10:00")
    life = next(one for one in LIVES if any(verb.path.startswith(path) for verb in one.verbs.values()))
    life.puts[life.machine.initial](house)
    client = api("gao.wen")
    client.get(f"/api/v1/{path}")
    assert client.get(f"/api/v1/{path}").json()["count"] >= 1
    assert statements(lambda: client.get(f"/api/v1/{path}")) <= 12
