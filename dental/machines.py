"""The lives of a laboratory's model (state machine a14) and of a set that is prepared for a specialist."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.context import Actor
from kernel.states import StateMachine, Transition

# Nothing lies ready for the fitting yet.
AWAITED = ("created", "sent", "received", "remake")
OPEN = (*AWAITED, "checked")


def _send(row: Any, by: Actor, *, lab: str, handler: str, due_on: date, **facts: Any) -> None:
    """Laboratory, handler and due date kept."""
    row.lab, row.due_on = lab, due_on


def _back(row: Any, by: Actor, *, handler: str, **facts: Any) -> None:
    """Who handed it over kept; the overdue alert ends."""


def _made_anew(row: Any, by: Actor, *, reason: str, **facts: Any) -> None:
    """One round more; the earlier ones stay in the history."""
    row.round += 1
    row.due_on = row.sent_at = row.received_at = row.checked_at = None


def _fit(row: Any, by: Actor, *, visit_code: Any = None, **facts: Any) -> None:
    """The visit is linked."""
    row.fitted_visit_code = visit_code


LAB_MODEL = StateMachine(
    name="dental.lab_model",
    initial="created",
    states={
        "created": pgettext_lazy("lab model", "Impression taken"),
        "sent": pgettext_lazy("lab model", "At the laboratory"),
        "received": pgettext_lazy("lab model", "Received back"),
        "checked": pgettext_lazy("lab model", "Checked"),
        "fitted": pgettext_lazy("lab model", "Fitted"),
        "remake": pgettext_lazy("lab model", "To be made anew"),
        "lost": pgettext_lazy("lab model", "Lost"),
    },
    transitions=(
        Transition(
            source=("created", "remake"),
            target="sent",
            who=("dental.handle_models",),
            effect=_send,
            stamp="sent_at",
            ledger=("DE-020",),
        ),
        Transition(
            source="sent",
            target="received",
            who=("dental.handle_models",),
            effect=_back,
            stamp="received_at",
            limit=_("the due date; the alert comes before the fitting"),
            ledger=("DE-020",),
        ),
        Transition(
            source="received",
            target="checked",
            who=("dental.order_models",),
            stamp="checked_at",
            limit=_("before the fitting is confirmed"),
            ledger=("DE-021",),
        ),
        Transition(
            source=("received", "checked"),
            target="remake",
            who=("dental.order_models",),
            effect=_made_anew,
            ledger=("DE-020",),
        ),
        Transition(
            source="checked",
            target="fitted",
            who=("dental.treat",),
            effect=_fit,
            stamp="fitted_at",
            ledger=("DE-020",),
        ),
        Transition(
            source=OPEN,
            target="lost",
            who=("dental.handle_models",),
            effect_note=_("a task for the superiors"),
            limit=_("the same shift"),
            stamp="lost_at",
            ledger=("DE-020", "GV-013"),
        ),
        Transition(source="lost", target="remake", who=("dental.order_models",), effect=_made_anew, ledger=("DE-020",)),
    ),
)


def _complete(row: Any, by: Actor, **facts: Any) -> Any:
    """Every item of the list is there."""
    from dental.preparation import refuse_incomplete

    return refuse_incomplete(row)


def _withdraw(row: Any, by: Actor, *, reason: str, **facts: Any) -> None:
    """Reason kept."""
    row.end_reason = reason


PREPARATION = StateMachine(
    name="dental.preparation",
    initial="open",
    states={
        "open": pgettext_lazy("preparation", "In preparation"),
        "prepared": pgettext_lazy("preparation", "Prepared"),
        "withdrawn": pgettext_lazy("preparation", "Withdrawn"),
    },
    transitions=(
        Transition(
            source="open",
            target="prepared",
            who=("dental.prepare",),
            guard=_complete,
            stamp="prepared_at",
            ledger=("DE-011", "DE-012"),
        ),
        Transition(
            source="prepared",
            target="open",
            who=("dental.prepare",),
            effect_note=_("something of the list turned out to be missing"),
            ledger=("DE-011", "DE-012"),
        ),
        Transition(source="open", target="withdrawn", who=("dental.prepare",), effect=_withdraw, stamp="ended_at"),
    ),
)
