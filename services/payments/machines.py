"""The life of a payment by the payer's code, and of money on its way back (ledger 17 P)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy, pgettext_lazy

from kernel.context import Actor
from kernel.states import StateMachine, Transition

# The acquirer may have the payer's money and nobody here knows yet.
WAITING = ("paying", "unknown")
# A second attempt for the same slip would ask for the money twice.
LIVE = ("created", "paying", "unknown", "reversing")


def _answered(row: Any, by: Actor, **facts: Any) -> None:
    """what the acquirer said is kept"""
    for name in ("transaction_id", "captured_at", "receipt", "error"):
        if name in facts:
            setattr(row, name, facts[name])


ATTEMPT = StateMachine(
    name="payments.attempt",
    initial="created",
    states={
        "created": pgettext_lazy("payment", "To be sent"),
        "paying": pgettext_lazy("payment", "The payer confirms"),
        "unknown": pgettext_lazy("payment", "Result not known"),
        "reversing": pgettext_lazy("payment", "Being given back"),
        "paid": pgettext_lazy("payment", "Paid"),
        "reversed": pgettext_lazy("payment", "Given back"),
        "failed": pgettext_lazy("payment", "Not paid"),
    },
    transitions=(
        Transition(source="created", target="paying", stamp="sent_at", limit=gettext_lazy("at once")),
        Transition(
            source="created",
            target="failed",
            effect=_answered,
            stamp="ended_at",
            guard_note=gettext_lazy("it was never sent to the acquirer"),
        ),
        Transition(
            source="paying",
            target="unknown",
            effect=_answered,
            guard_note=gettext_lazy("no answer, or one that cannot be read"),
        ),
        Transition(
            source=WAITING,
            target="paid",
            effect=_answered,
            stamp="ended_at",
            guard_note=gettext_lazy("the acquirer has the money"),
            effect_note=gettext_lazy("the slip is charged in the same transaction, once"),
            ledger=("CA-001", "CA-003"),
        ),
        Transition(
            source=WAITING,
            target="failed",
            effect=_answered,
            stamp="ended_at",
            guard_note=gettext_lazy("the acquirer says that no money was taken"),
        ),
        Transition(
            source=WAITING,
            target="reversing",
            who=("payments.take",),
            effect=_answered,
            guard_note=gettext_lazy("not known in time, stopped at the till, or the slip cannot be charged any more"),
            limit=gettext_lazy("as the parameter says"),
        ),
        Transition(
            source="reversing",
            target="reversed",
            effect=_answered,
            stamp="ended_at",
            guard_note=gettext_lazy("the acquirer confirms that nothing is kept"),
        ),
    ),
)

GIVE_BACK = StateMachine(
    name="payments.give_back",
    initial="refunding",
    states={
        "refunding": pgettext_lazy("refund", "On its way"),
        "refunded": pgettext_lazy("refund", "Arrived"),
        "failed": pgettext_lazy("refund", "Not given back"),
    },
    transitions=(
        Transition(
            source="refunding",
            target="refunded",
            effect=_answered,
            stamp="ended_at",
            guard_note=gettext_lazy("the acquirer confirms"),
            ledger=("CA-030",),
        ),
        Transition(
            source="refunding",
            target="failed",
            effect=_answered,
            stamp="ended_at",
            guard_note=gettext_lazy("the acquirer refuses"),
            effect_note=gettext_lazy("finance has a task"),
        ),
        Transition(source="failed", target="refunding", who=("payments.match",)),
    ),
)
