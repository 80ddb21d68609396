"""The life of an entry in the correction book (state machine a7), up to its tick."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kernel import parameters
from kernel.context import Actor
from kernel.errors import DomainError, Forbidden, RuleRefused
from kernel.states import StateMachine, Transition

# A signature or the change itself is missing: the day is not closed over it.
UNSIGNED = ("drafted", "signed")
EDITORS = {"supervisor": "corrections.verify", "higher_supervisor": "corrections.acknowledge"}


def _not_the_cashier(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """not the cashier who erred"""
    if by.code is not None and by.code == row.cashier:
        return RuleRefused("own_correction", _("Whoever erred signs and changes nothing here. Ask the supervisor."))
    return None


def _with_reason(row: Any, by: Actor, *, opinion: str = "", **facts: Any) -> DomainError | None:
    """not the cashier who erred; says why not"""
    own = _not_the_cashier(row, by)
    if own is not None or opinion.strip():
        return own
    sentence = _("Say why not.")
    return RuleRefused("reason_missing", sentence, fields={"opinion": [sentence]})


def _verified(row: Any, by: Actor, *, opinion: str = "", verified_hash: str = "", **facts: Any) -> None:
    """the supervisor's name, words and hash stand in the book"""
    row.verified_by, row.verified_by_name, row.opinion = by.code, by.name, opinion.strip()
    row.verified_hash = verified_hash


def _the_editor(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """whom `correction_editor` names, never the cashier who erred"""
    own = _not_the_cashier(row, by)
    if own is not None:
        return own
    word = EDITORS[parameters.value("correction_editor", site=row.site)]
    if by.kind != "system" and not by.can(word, site=row.site.code):
        return Forbidden("not_the_editor", _("Here others change the data after the approval."), permission=word)
    return None


def _applied(row: Any, by: Actor, **facts: Any) -> None:
    """the receipt is void and another one stands for it"""
    row.applied_by, row.applied_by_name = by.code, by.name


def _third_person(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """neither the cashier nor the supervisor who signed"""
    own = _not_the_cashier(row, by)
    if own is None and by.code is not None and by.code == row.verified_by:
        return RuleRefused(
            "same_person_twice", _("You have signed this already. The next signature is somebody else's.")
        )
    return own


def _acknowledged(row: Any, by: Actor, **facts: Any) -> None:
    """the higher supervisor has seen it"""
    row.acknowledged_by, row.acknowledged_by_name = by.code, by.name


CORRECTION = StateMachine(
    name="corrections.correction",
    initial="drafted",
    states={
        "drafted": pgettext_lazy("correction", "To be verified"),
        "rejected": pgettext_lazy("correction", "Rejected"),
        "signed": pgettext_lazy("correction", "To be applied"),
        "applied": pgettext_lazy("correction", "To be acknowledged"),
        "acknowledged": pgettext_lazy("correction", "Acknowledged"),
        "ticked": pgettext_lazy("correction", "√"),
    },
    transitions=(
        Transition(
            source="drafted",
            target="signed",
            who=("corrections.verify",),
            guard=_not_the_cashier,
            effect=_verified,
            stamp="verified_at",
            ledger=("CA-019",),
        ),
        Transition(
            source="drafted",
            target="rejected",
            who=("corrections.verify",),
            guard=_with_reason,
            effect=_verified,
            stamp="verified_at",
            ledger=("CA-019",),
        ),
        Transition(
            source="signed",
            target="applied",
            who=("corrections.verify", "corrections.acknowledge"),
            guard=_the_editor,
            effect=_applied,
            stamp="applied_at",
            ledger=("CA-020", "CA-022", "CA-023"),
        ),
        Transition(
            source="applied",
            target="acknowledged",
            who=("corrections.acknowledge",),
            guard=_third_person,
            effect=_acknowledged,
            stamp="acknowledged_at",
            ledger=("CA-020",),
        ),
        Transition(
            source="acknowledged",
            target="ticked",
            stamp="ticked_at",
            effect_note=gettext_lazy("nothing of it changes any more"),
            ledger=("CA-021",),
        ),
    ),
)
