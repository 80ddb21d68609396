"""Earlier treatments that make trouble: the port through which a vertical names their doctor (AP-024).

A vertical answers the slot ``appointments.earlier_treatments`` ``(patient, day) -> Iterable[Earlier]`` with everything
whose original doctor is still the first choice on that day. Bookings know no guarantee of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from uuid import UUID

from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from kernel import registry
from kernel.errors import NotFound
from services.patients.models import Patient
from services.staff.models import StaffMember

SLOT = "appointments.earlier_treatments"


@dataclass(frozen=True, slots=True)
class Earlier:
    """A treatment of the past. ``first_until`` is the last day on which its doctor is the first choice."""

    code: UUID
    label: str
    doctor: StaffMember
    guaranteed_until: date
    first_until: date


def earlier_treatments(patient: Patient, day: date) -> list[Earlier]:
    """What the active verticals know of ``patient`` whose original doctor is the first choice on ``day``."""
    found: list[Earlier] = []
    for room in registry.active_rooms():
        for path in room.slots.get(SLOT, ()):
            found += [one for one in _answer(path)(patient, day) if day <= one.first_until]
    return found


def find_earlier(patient: Patient, code: UUID, day: date) -> Earlier:
    """The earlier treatment ``code`` of the patient. Raises NotFound (``earlier_treatment_not_found``), also when its time
    is over: then its doctor is no longer the first choice and the booking is one like any other."""
    for one in earlier_treatments(patient, day):
        if one.code == code:
            return one
    raise NotFound(
        "earlier_treatment_not_found",
        _("There is no such treatment of this patient whose doctor would come first on that day."),
    )


@cache
def _answer(path: str) -> Callable[[Patient, date], Iterable[Earlier]]:
    return import_string(path)
