"""The life of an entry that is looked through: entered, reviewed or returned, entered again."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from kernel.context import Actor
from kernel.errors import DomainError, Forbidden, RuleRefused
from kernel.states import StateMachine, Transition


def _another(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """never by whoever entered it"""
    if by.user_id is not None and by.user_id != row.entered_by_id:
        return None
    return Forbidden("own_entry", _("Your own entry is looked through by somebody else."))


def _another_with_words(row: Any, by: Actor, *, objection: str = "", **facts: Any) -> DomainError | None:
    """never by whoever entered it; says what is wrong"""
    own = _another(row, by)
    if own is not None or objection.strip():
        return own
    sentence = _("Say what is wrong.")
    return RuleRefused("objection_missing", sentence, fields={"objection": [sentence]})


def _enterer(row: Any, by: Actor, *, answer: str = "", **facts: Any) -> DomainError | None:
    """only whoever entered it; says what was put right"""
    if by.user_id is None or by.user_id != row.entered_by_id:
        return Forbidden("not_your_entry", _("Only whoever made the entry puts it right."))
    if answer.strip():
        return None
    sentence = _("Say what you put right.")
    return RuleRefused("answer_missing", sentence, fields={"answer": [sentence]})


def _reviewed(row: Any, by: Actor, **facts: Any) -> None:
    """who looked it through is kept"""
    row.reviewed_by_id, row.reviewed_by_name = by.user_id, by.name


def _returned(row: Any, by: Actor, *, objection: str, **facts: Any) -> None:
    """a task for whoever entered it"""
    _reviewed(row, by)
    row.objection, row.returned = objection, row.returned + 1


def _entered_again(row: Any, by: Actor, *, answer: str, **facts: Any) -> None:
    """it waits for its review again"""
    row.answer = answer
    row.reviewed_by_id, row.reviewed_by_name, row.reviewed_at = None, "", None


REVIEW = StateMachine(
    name="records.entry",
    initial="entered",
    states={
        "entered": pgettext_lazy("review", "Entered"),
        "reviewed": pgettext_lazy("review", "Looked through"),
        "returned": pgettext_lazy("review", "Returned"),
    },
    transitions=(
        Transition(
            source="entered",
            target="reviewed",
            who=("records.review",),
            guard=_another,
            effect=_reviewed,
            stamp="reviewed_at",
            limit="review_due_days",
            ledger=("CR-003",),
        ),
        Transition(
            source="entered",
            target="returned",
            who=("records.review",),
            guard=_another_with_words,
            effect=_returned,
            stamp="reviewed_at",
            ledger=("CR-003",),
        ),
        Transition(
            source="returned",
            target="entered",
            who=("records.write",),
            guard=_enterer,
            effect=_entered_again,
            ledger=("CR-003",),
        ),
    ),
)
