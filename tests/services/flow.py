"""The clinic of the flow tests: patients, bookings and visits of the cast, and the clock's work done by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from kernel import clock, timers
from kernel.identity.actions import appoint_deputy
from kernel.identity.models import Role, User
from kernel.outbox import relay_pending
from services.appointments.actions import book_appointment
from services.appointments.models import Appointment
from services.patients.actions import register_patient
from services.patients.models import Patient
from services.reception.actions import check_in
from services.reception.models import Visit
from services.sites.models import Chair, Site
from tests.services.doors import SYSTEM, person, staff

SHANGHAI = ZoneInfo("Asia/Shanghai")
NUMBERS = {"count": 0}


def local(text: str) -> datetime:
    """A moment of Shanghai, "2026-12-09 10:00"."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def center() -> Site:
    """The site of most tests."""
    return Site.objects.get(slug="center")


def chair(number: str, site: Site | None = None) -> Chair:
    """The chair in the room with this number."""
    return Chair.objects.select_related("room", "site").get(site=site or center(), room__number=number)


def patient(name: str, *, phone: str | None = None, site: Site | None = None, **facts: Any) -> Patient:
    """A registered patient with a phone of their own (``phone=""``: none, with its reason)."""
    NUMBERS["count"] += 1
    given = f"138{NUMBERS['count']:08d}" if phone is None else phone
    reason = {} if given else {"phone_absent_reason": "privacy"}
    return register_patient(
        by=SYSTEM,
        site=site or center(),
        name=name,
        sex=facts.pop("sex", "female"),
        stated_age=facts.pop("stated_age", 30),
        phone=given,
        confirmed_new=True,
        **reason,
        **facts,
    )


def booked(
    who: Patient, at: str, *, doctor: str = "011", units: int = 2, by: str = "bai.lan", **more: Any
) -> Appointment:
    """A booking of ``who`` at the center, at a local time, with the doctor of this number."""
    return book_appointment(
        by=person(by), site=center(), patient=who, doctor=staff(doctor), starts_at=local(at), units=units, **more
    )


def walked_in(who: Patient, *, doctor: str = "011", by: str = "bai.lan", **more: Any) -> Visit:
    """A patient without a booking, registered now."""
    return check_in(by=person(by), site=center(), patient=who, doctor=staff(doctor), **more)


def stand_in(principal: str, deputy: str, role: str) -> None:
    """``deputy`` stands in for ``principal`` from now until tomorrow."""
    now = clock.now()
    appoint_deputy(
        by=SYSTEM,
        principal=User.objects.get(username=principal),
        deputy=User.objects.get(username=deputy),
        role=Role.objects.get(slug=role),
        starts_at=now - timedelta(minutes=1),
        ends_at=now + timedelta(days=1),
        reason="ill",
    )


def clockwork() -> None:
    """Everything that is due now happens: timers, then events and what they make due."""
    for _round in range(4):
        fired = timers.fire_due().fired
        delivered = relay_pending().delivered
        if not fired and not delivered:
            return
