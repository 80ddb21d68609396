"""The day board of a full house: 20 doctors, 300 visits, against the same board of a day that nobody has booked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import Any

import pytest

from kernel import clock
from services.appointments.models import Appointment
from services.patients.models import Patient
from services.reception.models import Visit, WaitExplanation
from services.sites.models import Chair, Room
from services.staff.actions import hire_staff
from services.staff.models import DutyShift, StaffMember
from tests.harness.bench import Budget, p95, sized, taking_turns
from tests.services.doors import SYSTEM
from tests.services.flow import center, patient

DOCTORS = 20
VISITS = 300
EACH = VISITS // DOCTORS
FULL, EMPTY = date(2026, 12, 9), date(2026, 12, 16)
# Half hours of a day of 08:30 to 12:00 and 13:30 to 18:00.
STARTS = [time(8, 30), *(time(hour, minute) for hour in (9, 10, 11) for minute in (0, 30))]
STARTS += [time(13, 30), *(time(hour, minute) for hour in (14, 15, 16, 17) for minute in (0, 30))]
TURNS = sized(80, 12)


def _house() -> list[tuple[StaffMember, Chair]]:
    """Twenty doctors with a chair each, on duty on both days and nobody else."""
    site = center()
    DutyShift.objects.filter(site=site).delete()
    Chair.objects.filter(site=site).update(is_active=False)
    pairs = []
    for number in range(DOCTORS):
        room = Room.objects.create(site=site, number=f"B{number:02d}", name=f"{number + 1}诊室", order=number)
        chair = Chair.objects.create(site=site, room=room, name=f"{number + 1}诊室")
        doctor = hire_staff(
            by=SYSTEM,
            site=site,
            number=f"B{number:02d}",
            name=f"医生{number}",
            post="医生",
            gender="female",
            is_doctor=True,
        )
        pairs.append((doctor, chair))
    for day in (FULL, EMPTY):
        DutyShift.objects.bulk_create(
            DutyShift(
                staff=doctor, site=site, chair=chair, starts_at=clock.at_local(day, time(8, 30), site.timezone),
                ends_at=clock.at_local(day, time(18), site.timezone),
            )
            for doctor, chair in pairs
        )  # fmt: skip
    return pairs


def _full_day(pairs: list[tuple[StaffMember, Chair]], people: list[Patient], now: datetime) -> None:
    """Every doctor's day is full; who was booked for the last hours waits, everybody else has been here and left."""
    site = center()
    bookings, visits = [], []
    for number, who in enumerate(people):
        doctor, chair = pairs[number // EACH]
        start = clock.at_local(FULL, STARTS[number % EACH], site.timezone)
        gone = start + timedelta(minutes=30) <= now
        booking = Appointment(
            site=site, patient=who, doctor=doctor, chair=chair, starts_at=start, ends_at=start + timedelta(minutes=30),
            units=2, booked_at=start - timedelta(days=3), arrived_at=start, state="completed" if gone else "arrived",
        )  # fmt: skip
        moments: dict[str, Any] = {"registered_at": start, "arrived_at": start}
        if gone:
            moments |= {"led_in_at": start + timedelta(minutes=number % 25), "left_at": now, "settled_at": now}
        visits.append(
            Visit(
                site=site, patient=who, appointment=booking, doctor=doctor, chair=chair if gone else None,
                vertical="dental", state="settled" if gone else "registered", announced_wait_minutes=10, **moments,
            )
        )  # fmt: skip
        bookings.append(booking)
    Appointment.objects.bulk_create(bookings)
    Visit.objects.bulk_create(visits)
    WaitExplanation.objects.bulk_create(
        WaitExplanation(visit=visit, by_name="导诊", at=visit.arrived_at, reason="overrun", words="前一位治疗延长")
        for visit in visits[::3]
    )


@pytest.mark.bench
def test_the_board_of_a_full_day(
    own_database: str, smile: Any, at: Callable[[str], Any], client_for: Callable[..., Any], budget: Budget
) -> None:
    at("2026-12-09 17:05")
    pairs = _house()
    _full_day(pairs, [patient(f"患者{number}") for number in range(VISITS)], clock.now())
    web = client_for("bai.lan", "smile")

    def page(path: str) -> Callable[[], None]:
        def read() -> None:
            assert web.get(path).status_code == 200

        return read

    full, desk = f"/appointments/?day={FULL}", "/reception/"
    assert web.get(full).content.count("患者".encode()) >= VISITS
    booked, empty, here = taking_turns(TURNS, page(full), page(f"/appointments/?day={EMPTY}"), page(desk))

    note = f"{DOCTORS} doctors, {VISITS} visits"
    budget.figure("day board p95", p95(booked) * 1000, promised=120, unit="ms", note=note)
    budget.figure("front desk p95", p95(here) * 1000, promised=120, unit="ms", note=f"{note}, with the waiting list")
    budget.figure("day board p95, nobody booked", p95(empty) * 1000, unit="ms", note=f"{DOCTORS} doctors")
    budget("day board, full : empty", median(booked) / median(empty), at_most=4, unit="x", note="medians")
    budget("front desk, full : empty board", median(here) / median(empty), at_most=5, unit="x", note="medians")
