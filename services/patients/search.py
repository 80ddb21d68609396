"""Patients in the search box."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import clock
from kernel.context import Actor
from services.patients import listing, reading, selectors
from services.patients.models import Patient
from services.patients.phones import last_four
from services.search.hits import Hit


def find_patients(actor: Actor, q: str, limit: int) -> list[Hit]:
    """Patients by name, pinyin, initials, last four digits, phone or record number; who was shown is logged."""
    if not actor.can("patients.view"):
        return []
    found = listing.listed(actor, selectors.find_patients(q, limit=limit))
    reading.note_listing(actor, found)
    states = selectors.present_states(found)
    return [
        Hit(
            kind="patient",
            title=patient.name,
            subtitle=line_of(patient),
            url=reverse("patients:detail", args=[patient.code]),
            state=states[patient.pk].key if patient.pk in states else "",
            code=patient.code,
        )
        for patient in found
    ]


def line_of(patient: Patient) -> str:
    """What tells people of one name apart: sex, age, last four digits, record number."""
    digits = last_four(patient.phone)
    return " · ".join(
        (
            f"{patient.get_sex_display()} {patient.age_on(clock.today())}",
            _("no. …%(digits)s") % {"digits": digits} if digits else _("no phone"),
            patient.record_number,
        )
    )
