"""Patients in lists: a restricted file stands there by its number, and only who may open it reads the name (CR-006)."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from kernel.context import Actor
from services.patients.models import Patient
from services.patients.restriction import is_restricted, opened_by, restricts
from services.patients.selectors import present_states


def listed(actor: Actor, patients: Iterable[Patient]) -> list[Patient]:
    """``patients`` as ``actor`` may read them in a list: restricted ones as copies without name and phone.

    The name stays for the clock and events, for who restricts files or opened this one by exception, and for everybody
    while the patient is in the house, so that the desk and the room can work. Only restricted rows cost a question.
    """
    rows = list(patients)
    closed = [row for row in rows if is_restricted(row)]
    if not closed or actor.kind == "system" or actor.can("patients.restrict"):
        return rows
    here = present_states(closed)
    hidden = {row.pk for row in closed if row.pk not in here and opened_by(actor, row) is None}
    return [_veiled(row) if row.pk in hidden else row for row in rows]


def name_on_board(name: str, restricted_until: datetime | None, *, is_today: bool) -> str:
    """The name on a day's board: the desk treats by today's one; on others a restricted file has none. A board reads
    hundreds, so it asks for these two fields of the file and not for the file."""
    return name if is_today or not restricts(restricted_until) else _("Restricted file")


def _veiled(patient: Patient) -> Patient:
    """A copy to be shown, never written: the file itself stays as it is."""
    shown = copy.copy(patient)
    shown.name, shown.phone = _("Restricted file"), ""
    return shown
