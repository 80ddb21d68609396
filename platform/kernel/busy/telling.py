"""Telling the houses of a busy calendar that something changed: that there is something to look at, and nothing else.

A house knows nothing of the others, so it names the calendar and the platform finds who else has joined it. Headquarters,
which ends memberships, names them, because the rows are gone when the event arrives.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from kernel.busy.models import Calendar, Membership
from kernel.outbox import emit

# Somebody's sharing ended. The receiver's payload: ``staff`` (its own person), ``own`` (is it the receiver that is out?).
ENDED = "busy.sharing_ended"
# What the others hold of a person changed in a way that makes or settles clashes. The receiver's payload: ``staff``.
CHANGED = "busy.changed"


def tell_others(type_: str, *, calendar: UUID, key: str) -> None:
    """From a house: every other house that has joined ``calendar`` hears of ``type_``."""
    emit(type_, key=key, payload={"calendar": str(calendar)}, to="houses")


def tell_ended(*, calendar: Calendar, ended: Iterable[Membership], staying: Iterable[Membership]) -> None:
    """From headquarters, before the rows go: the houses that are out, and those that stay, hear of it."""
    receivers: list[dict[str, Any]] = [
        {"schema": member.schema_name, "staff": str(member.staff), "own": own}
        for own, members in ((True, ended), (False, staying))
        for member in members
    ]
    if receivers:
        emit(ENDED, key=f"calendar:{calendar.code}", payload={"receivers": receivers}, to="houses")
