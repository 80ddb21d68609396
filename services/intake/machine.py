"""The life of a first-visit form: filled in, checked item by item, signed, handed over, acknowledged (FD-005 to FD-009)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.context import Actor
from kernel.states import StateMachine, Transition

# The answers may still change.
FILLING = "filling"
# Nothing was handed over yet: the desk has work with it.
WITH_THE_DESK = ("filling", "to_sign", "signed")
OPEN = (*WITH_THE_DESK, "handed_over", "acknowledged")


def _check(row: Any, by: Actor, **facts: Any) -> None:
    """Who read every item back and answers for it."""
    row.checked_by_id, row.checked_by_name = by.user_id, by.name


def _reopen(row: Any, by: Actor, **facts: Any) -> None:
    """The check counts no more."""
    row.checked_at, row.checked_by_id, row.checked_by_name = None, None, ""


SHEET = StateMachine(
    name="intake.sheet",
    initial=FILLING,
    states={
        "filling": pgettext_lazy("first visit", "Being filled in"),
        "to_sign": pgettext_lazy("first visit", "To be signed"),
        "signed": pgettext_lazy("first visit", "To be handed over"),
        "handed_over": pgettext_lazy("first visit", "Handed over"),
        "acknowledged": pgettext_lazy("first visit", "Acknowledged"),
        "dropped": pgettext_lazy("first visit", "Given up"),
    },
    transitions=(
        Transition(
            source="filling",
            target="to_sign",
            who=("intake.check",),
            effect=_check,
            stamp="checked_at",
            guard_note=_("no item is blank"),
            ledger=("FD-005", "FD-008"),
        ),
        Transition(source="to_sign", target="filling", who=("intake.check",), effect=_reopen, ledger=("FD-008",)),
        Transition(source="to_sign", target="signed", who=("intake.fill",), ledger=("FD-007",)),
        Transition(
            # Something special may come up after the acknowledgement: then it is handed over once more.
            source=("to_sign", "signed", "acknowledged"),
            target="handed_over",
            who=("intake.hand_over",),
            stamp="handed_over_at",
            guard_note=_("signed, where the tenant demands it"),
            ledger=("FD-005", "FD-007", "FD-009"),
        ),
        Transition(
            source="handed_over",
            target="acknowledged",
            who=("intake.acknowledge",),
            stamp="acknowledged_at",
            limit=_("hand_over_confirm_minutes, else a breach"),
            ledger=("FD-009",),
        ),
        Transition(
            source=WITH_THE_DESK, target="dropped", effect_note=_("the visitor left, or the booking was given up")
        ),
    ),
)
