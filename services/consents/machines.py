"""The life of a consent: signed, and withdrawn when the patient wants it back."""

from __future__ import annotations

from typing import Any

from django.utils.translation import pgettext_lazy

from kernel.context import Actor
from kernel.states import StateMachine, Transition


def _withdraw(row: Any, by: Actor, *, words: str, **facts: Any) -> None:
    """what was signed stays readable; it carries nothing any more"""
    row.withdrawn_by_name, row.withdrawal = by.name, words


CONSENT = StateMachine(
    name="consents.consent",
    initial="signed",
    states={"signed": pgettext_lazy("consent", "In force"), "withdrawn": pgettext_lazy("consent", "Withdrawn")},
    transitions=(
        Transition(
            source="signed",
            target="withdrawn",
            who=("consents.take",),
            effect=_withdraw,
            stamp="withdrawn_at",
            ledger=("CR-005",),
        ),
    ),
)
