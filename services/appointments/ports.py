"""Whom a line of business wants to see a patient first: the slot ``appointments.original_doctor``.

A callable ``(patient, day) -> list[FirstChoice]``: doctors who are the first choice on that local day because of what they
did before (a guarantee, or the days after it). Whoever books proposes them first; nothing is refused here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.module_loading import import_string

from kernel import registry
from services.patients.models import Patient
from services.staff.models import StaffMember

SLOT = "appointments.original_doctor"


@dataclass(frozen=True, slots=True)
class FirstChoice:
    """A doctor who goes first until a day (included), and why in words."""

    doctor: StaffMember
    until: date
    why: str


def first_choices(patient: Patient, day: date) -> list[FirstChoice]:
    """The doctors who are the first choice for ``patient`` on ``day``, as the lines of business say (AP-024)."""
    return [
        choice
        for room in registry.active_rooms()
        for path in room.slots.get(SLOT, ())
        for choice in import_string(path)(patient, day)
    ]
