"""The life of one follow-up (state machine a17)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.context import Actor
from kernel.states import StateMachine, Transition

# Not yet done: a plan that moves takes these along.
UNDONE = ("planned", "due", "no_phone", "attempting")
DUE = ("due", "no_phone", "attempting")


def _close(row: Any, by: Actor, *, result: str, note: str = "", closing_note: str = "", **facts: Any) -> None:
    """Result and note kept."""
    row.result = result
    if note:
        row.note = note
    if closing_note:
        row.doctor_note = closing_note


def _give_up(row: Any, by: Actor, *, reason: str, **facts: Any) -> None:
    """Reason kept."""
    row.cancel_reason = reason


MACHINE = StateMachine(
    name="followup.task",
    initial="planned",
    states={
        "planned": pgettext_lazy("follow-up", "Planned"),
        "due": pgettext_lazy("follow-up", "Due"),
        "no_phone": pgettext_lazy("follow-up", "No phone"),
        "attempting": pgettext_lazy("follow-up", "Not reached yet"),
        "with_doctor": pgettext_lazy("follow-up", "With the doctor"),
        "closed": pgettext_lazy("follow-up", "Done"),
        "closed_unreached": pgettext_lazy("follow-up", "Closed, not reached"),
        "cancelled": pgettext_lazy("follow-up", "Cancelled"),
    },
    transitions=(
        Transition(
            source="planned", target="due", stamp="became_due_at", limit=_("due date"), ledger=("FU-001", "FU-003")
        ),
        Transition(
            source="planned",
            target="no_phone",
            stamp="became_due_at",
            guard_note=_("no number is known; shown all the same"),
            ledger=("FU-003", "FU-016"),
        ),
        Transition(source=("due", "no_phone"), target="attempting", who=("followup.call",), ledger=("FU-016",)),
        Transition(
            source=DUE,
            target="closed",
            who=("followup.call",),
            effect=_close,
            stamp="closed_at",
            ledger=("FU-006", "FU-007"),
        ),
        Transition(
            source=DUE,
            target="with_doctor",
            who=("followup.call",),
            effect=_close,
            stamp="reached_at",
            effect_note=_("the doctor gets the problem"),
            ledger=("FU-007", "FU-008"),
        ),
        Transition(
            source="with_doctor",
            target="closed",
            who=("followup.answer",),
            effect=_close,
            stamp="closed_at",
            guard_note=_("the doctor's note"),
            ledger=("FU-008",),
        ),
        Transition(
            source=("due", "no_phone", "attempting"),
            target="closed_unreached",
            who=("followup.call",),
            effect=_close,
            stamp="closed_at",
            guard_note=_("as many attempts on different days as the tenant wants"),
            ledger=("FU-016",),
        ),
        Transition(
            source=UNDONE,
            target="cancelled",
            who=("followup.cancel",),
            effect=_give_up,
            stamp="closed_at",
            guard_note=_("a reason"),
            ledger=("FU-018",),
        ),
        Transition(
            source="no_phone",
            target="due",
            effect_note=_("a number was given"),
            ledger=("FU-021",),
        ),
        Transition(
            source=DUE,
            target="planned",
            effect_note=_("the treatment moved: due again on another day"),
            ledger=("FU-022",),
        ),
    ),
)
