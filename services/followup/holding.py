"""What keeps a promotional call from being made: the patient opted out, complains, or waits for money back (FU-018).

A room that knows of a reason puts a callable into the slot ``followup.holds``: ``(patient) -> code | None``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from kernel import registry
from services.followup.models import OptOut
from services.patients.models import Patient

SLOT = "followup.holds"
OPTED_OUT, COMPLAINS, LATER_TREATMENT = "opted_out", "open_complaint", "later_treatment"
REFUND = "open_refund"
STRUCK_THROUGH = "struck_through"
WORDS: dict[str, str | Promise] = {
    OPTED_OUT: _("the patient does not want such calls"),
    COMPLAINS: _("a complaint of the patient is open"),
    REFUND: _("a refund to the patient is open"),
    STRUCK_THROUGH: _("struck through"),
    LATER_TREATMENT: _("treated again; the later treatment is asked about"),
}


def hold_on(patient: Patient) -> str | None:
    """Why ``patient`` is not called for anything promotional now: a code of ``WORDS``, or None."""
    for room in registry.active_rooms():
        for path in room.slots.get(SLOT, ()):
            found = _holder(path)(patient)
            if found is not None:
                return found
    return None


def opted_out(patient: Patient) -> str | None:
    """Has the patient opted out?"""
    return OPTED_OUT if OptOut.objects.filter(patient=patient, lifted_at__isnull=True).exists() else None


def reason_words(stored: str) -> str | Promise:
    """Why a follow-up was cancelled, in the reader's language; a reason in free words as it was written."""
    return WORDS.get(stored, stored)


@cache
def _holder(path: str) -> Callable[[Patient], str | None]:
    found: Callable[[Patient], str | None] = import_string(path)
    return found
