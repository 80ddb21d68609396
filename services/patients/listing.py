"""Patients in lists: a restricted file stands there by its number, and only who may read it sees name and phone (CR-006).

The name keeps to itself wherever it is shown (``services.patients.names``); lists of files leave out the phone too.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable

from kernel import context
from kernel.context import Actor, Reading
from services.patients.models import Patient
from services.patients.names import nobody, reads
from services.patients.restriction import is_restricted


def listed(actor: Actor, patients: Iterable[Patient]) -> list[Patient]:
    """``patients`` as ``actor`` may read them in a list: restricted ones as copies without name and phone.

    Only restricted rows cost a question, all of them together. Who may read a name: ``names.reads``.
    """
    rows = list(patients)
    reading = context.reading()
    if reading is None or reading.actor != actor:
        reading = Reading(actor)
    return [_veiled(row) if is_restricted(row) and not reads(reading, row.pk) else row for row in rows]


def _veiled(patient: Patient) -> Patient:
    """A copy to be shown, never written: the file itself stays as it is."""
    shown = copy.copy(patient)
    shown.name, shown.phone = nobody(), ""
    return shown
