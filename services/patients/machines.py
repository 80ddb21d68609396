"""The life of an export: asked for by one person, released or refused by another."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from kernel.context import Actor
from kernel.errors import DomainError, Forbidden
from kernel.states import StateMachine, Transition


def _another(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """never by whoever asked"""
    if by.user_id is not None and by.user_id != row.asked_by_id:
        return None
    return Forbidden("export_own_request", _("Whoever asked for an export does not release it; ask a colleague."))


def _decide(row: Any, by: Actor, **facts: Any) -> None:
    """who decided is kept"""
    row.decided_by_id, row.decided_by_name = by.user_id, by.name


def _release(row: Any, by: Actor, *, data_file: Any, readable_file: Any, expires_at: Any, **facts: Any) -> None:
    """both files are written and end after export_days"""
    _decide(row, by)
    row.data_file, row.readable_file, row.expires_at = data_file, readable_file, expires_at


def _refuse(row: Any, by: Actor, *, refusal: str, **facts: Any) -> None:
    """the reason stands beside the request"""
    _decide(row, by)
    row.refusal = refusal


EXPORT = StateMachine(
    name="patients.export",
    initial="requested",
    states={
        "requested": pgettext_lazy("export", "Asked for"),
        "released": pgettext_lazy("export", "Released"),
        "refused": pgettext_lazy("export", "Refused"),
    },
    transitions=(
        Transition(
            source="requested",
            target="released",
            who=("patients.release_export",),
            guard=_another,
            effect=_release,
            stamp="decided_at",
            ledger=("CR-006",),
        ),
        Transition(
            source="requested",
            target="refused",
            who=("patients.release_export",),
            guard=_another,
            effect=_refuse,
            stamp="decided_at",
            ledger=("CR-006",),
        ),
    ),
)
