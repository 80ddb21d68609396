"""The lives of a message and of a promise (state machine a18)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kernel import clock
from kernel.context import Actor
from kernel.errors import DomainError, Forbidden, RuleRefused
from kernel.states import StateMachine, Transition

# Not yet with the person it is for: these stand in the hand-over of the shift.
UNDELIVERED = ("taken",)
# Until the customer was told.
OWED = ("captured", "with_superior", "answer_ready")


def is_for(row: Any, by: Actor) -> bool:
    """Is the message for ``by``, or for somebody whom ``by`` stands in for?"""
    user = row.recipient.user
    return user is not None and (user.pk == by.user_id or user.code in by.deputy_for)


def _own(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """only the person it is for, or who stands in for them"""
    if is_for(row, by):
        return None
    return Forbidden(
        "slip_not_yours",
        _("This message is for %(name)s; only they can do this.") % {"name": row.recipient.name},
    )


def _deliver(row: Any, by: Actor, **facts: Any) -> None:
    """who passed it on is kept"""
    row.delivered_by_id, row.delivered_by_name = by.user_id, by.name


def _acknowledge(row: Any, by: Actor, **facts: Any) -> None:
    """the task leaves the inbox's open list only when the matter is closed"""
    row.acknowledged_by_name = by.name
    row.delivered_at = row.delivered_at or clock.now()


def _close(row: Any, by: Actor, *, reply: str = "", **facts: Any) -> None:
    """a reply is owed to the caller"""
    row.reply = reply


MESSAGE = StateMachine(
    name="telephone.message",
    initial="taken",
    states={
        "taken": pgettext_lazy("message", "Taken"),
        "delivered": pgettext_lazy("message", "Passed on"),
        "acknowledged": pgettext_lazy("message", "Acknowledged"),
        "closed": pgettext_lazy("message", "Settled"),
    },
    transitions=(
        Transition(
            source="taken",
            target="delivered",
            who=("telephone.log",),
            effect=_deliver,
            stamp="delivered_at",
            limit=gettext_lazy("promptly; else it stands in the hand-over"),
            ledger=("TC-007",),
        ),
        Transition(
            source=("taken", "delivered"),
            target="acknowledged",
            who=("telephone.receive",),
            guard=_own,
            effect=_acknowledge,
            effect_note=gettext_lazy("it has reached them"),
            stamp="acknowledged_at",
            ledger=("TC-006", "TC-007"),
        ),
        Transition(
            source="acknowledged",
            target="closed",
            who=("telephone.receive",),
            guard=_own,
            effect=_close,
            stamp="closed_at",
            ledger=("TC-007", "TC-032"),
        ),
    ),
)


def _answer(row: Any, by: Actor, *, answer: str, author: Actor | None = None, **facts: Any) -> None:
    """the agent is asked to tell the customer"""
    who = author or by
    row.answer = answer
    row.answered_by_id, row.answered_by_name = who.user_id, who.name


def _customer_was_told(row: Any, by: Actor, *, customer_told: bool = False, **facts: Any) -> DomainError | None:
    """the customer was told; nothing else closes it"""
    if customer_told:
        return None
    sentence = _("Tell the customer first; only that closes it. An answer in the file reaches nobody.")
    return RuleRefused("customer_not_told", sentence, fields={"customer_told": [sentence]})


def _told_with_words(row: Any, by: Actor, *, note: str = "", **facts: Any) -> DomainError | None:
    """the customer was told, and the words of the answer; nothing else closes it"""
    untold = _customer_was_told(row, by, **facts)
    if untold is not None or note.strip():
        return untold
    sentence = _("Write the answer.")
    return RuleRefused("answer_missing", sentence, fields={"note": [sentence]})


def _told(row: Any, by: Actor, *, how: str, note: str = "", **facts: Any) -> None:
    """kept or broken is decided by the clock"""
    now = clock.now()
    row.told_by_id, row.told_by_name = by.user_id, by.name
    row.told_how, row.told_note = how, note
    if row.outcome == "" and now > row.due_at:
        row.outcome, row.outcome_at, row.outcome_by_name = "broken", row.due_at, row.owner_name
    elif row.outcome == "":
        row.outcome, row.outcome_at, row.outcome_by_name = "fulfilled", now, by.name


def _told_personally(row: Any, by: Actor, *, note: str = "", **facts: Any) -> None:
    """what was said is the answer; kept or broken is decided by the clock"""
    row.answer, row.answered_at = note, clock.now()
    row.answered_by_id, row.answered_by_name = by.user_id, by.name
    _told(row, by, note=note, **facts)


PROMISE = StateMachine(
    name="telephone.promise",
    initial="captured",
    states={
        "captured": pgettext_lazy("promise", "Owed"),
        "with_superior": pgettext_lazy("promise", "With the superior"),
        "answer_ready": pgettext_lazy("promise", "Answer ready"),
        "told": pgettext_lazy("promise", "Customer told"),
    },
    transitions=(
        Transition(
            source="captured",
            target="with_superior",
            stamp="forwarded_at",
            guard_note=gettext_lazy("full name, phone, when reachable; a request with the alternative offered"),
            effect_note=gettext_lazy("a task for the superior"),
            limit=gettext_lazy("at once"),
            ledger=("TC-011", "TC-012", "TC-013"),
        ),
        Transition(
            source="captured",
            target="answer_ready",
            effect=_answer,
            effect_note=gettext_lazy("the reply to a message waits to be told"),
            stamp="answered_at",
            ledger=("TC-032",),
        ),
        Transition(
            source="with_superior",
            target="answer_ready",
            who=("telephone.answer",),
            effect=_answer,
            effect_note=gettext_lazy("the agent is asked to tell the customer"),
            stamp="answered_at",
            ledger=("TC-011",),
        ),
        Transition(
            source="with_superior",
            target="told",
            who=("telephone.answer",),
            guard=_told_with_words,
            effect=_told_personally,
            stamp="told_at",
            limit="callback_due_hours",
            ledger=("TC-011", "TC-016"),
        ),
        Transition(
            source=("captured", "answer_ready"),
            target="told",
            who=("telephone.log", "telephone.answer"),
            guard=_customer_was_told,
            effect=_told,
            stamp="told_at",
            limit="callback_due_hours",
            ledger=("TC-011", "TC-012", "TC-016"),
        ),
    ),
)
