"""The life of a sudden change of condition: seen, doctor contacted, transferred or settled here (QU-014)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import pgettext_lazy

from kernel.context import Actor
from kernel.states import StateMachine, Transition


def _contacted(row: Any, by: Actor, *, doctor: Any, **facts: Any) -> None:
    """which doctor, and who told them"""
    row.doctor, row.contacted_by_name = doctor, by.name


def _transferred(row: Any, by: Actor, *, destination: str, **facts: Any) -> None:
    """where to; the wait of the guest ends"""
    row.destination, row.transferred_by_name = destination, by.name


def _settled(row: Any, by: Actor, *, outcome: str, **facts: Any) -> None:
    """how it ended; the guest goes on waiting"""
    row.outcome, row.settled_by_name = outcome, by.name


WATCH = ("dermatology.watch",)
CHANGE = StateMachine(
    name="dermatology.change",
    initial="seen",
    states={
        "seen": pgettext_lazy("change", "Seen"),
        "contacted": pgettext_lazy("change", "Doctor contacted"),
        "transferred": pgettext_lazy("change", "Emergency transfer"),
        "settled": pgettext_lazy("change", "Settled here"),
    },
    transitions=(
        Transition(
            source="seen", target="contacted", who=WATCH, effect=_contacted, stamp="contacted_at", ledger=("QU-014",)
        ),
        Transition(
            source="contacted",
            target="transferred",
            who=WATCH,
            effect=_transferred,
            stamp="transferred_at",
            ledger=("QU-014", "DM-006"),
        ),
        Transition(
            source="contacted", target="settled", who=WATCH, effect=_settled, stamp="settled_at", ledger=("QU-014",)
        ),
    ),
)
