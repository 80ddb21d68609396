"""The life of a doctor's change or refund (state machine a8), from the doctor's signature to the note in the chart."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kernel.context import Actor
from kernel.errors import DomainError, RuleRefused
from kernel.states import StateMachine, Transition

# Something is still to be done; the original chart stays, recalls wait.
OPEN = ("filled", "ready", "paid", "received", "noted")
# Approved, and money or a signature is missing.
HALF_DONE = ("ready", "paid", "received")


def same_person_twice() -> RuleRefused:
    """The refusal for whoever has signed this refund before in another part."""
    return RuleRefused("same_person_twice", _("You have signed this already. The next signature is somebody else's."))


def _another_with_opinion(row: Any, by: Actor, *, opinion: str = "", **facts: Any) -> DomainError | None:
    """not the doctor; an opinion in words"""
    if by.code is not None and by.code == row.doctor_by:
        return same_person_twice()
    if opinion.strip():
        return None
    sentence = _("Write your opinion.")
    return RuleRefused("opinion_missing", sentence, fields={"opinion": [sentence]})


def _opinion(row: Any, by: Actor, *, opinion: str, **facts: Any) -> None:
    """the supervisor's name and words stand on register and form"""
    row.supervisor_by, row.supervisor_name, row.opinion = by.code, by.name, opinion.strip()


def _moves_money(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """money is to go back"""
    if row.amount_fen:
        return None
    return RuleRefused("no_money_moves", _("Only the text changes here: no money is paid and nobody receives any."))


def _third_person(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """neither the doctor nor the supervisor; money is to go back; not more than is refundable"""
    if by.code is not None and by.code in (row.doctor_by, row.supervisor_by):
        return same_person_twice()
    return _moves_money(row, by)


def _pays(row: Any, by: Actor, **facts: Any) -> None:
    """the payer's name; money leaves on the present business day"""
    row.payer_by, row.payer_name = by.code, by.name
    row.put_off_on, row.put_off_reason = None, ""


def _no_money(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """only the text changes"""
    if not row.amount_fen:
        return None
    return RuleRefused("money_moves", _("Money moves here: it is paid and signed for first."))


def _back(row: Any, by: Actor, **facts: Any) -> None:
    """the money is back where it came from; the payer signs again"""
    row.payer_by, row.payer_name, row.paid_at = None, "", None


REFUND = StateMachine(
    name="refunds.refund",
    initial="filled",
    states={
        "filled": pgettext_lazy("refund", "Waits for the supervisor"),
        "refused": pgettext_lazy("refund", "Refused"),
        "withdrawn": pgettext_lazy("refund", "Withdrawn"),
        "ready": pgettext_lazy("refund", "To be paid"),
        "paid": pgettext_lazy("refund", "Paid, to be signed for"),
        "received": pgettext_lazy("refund", "Signed for, to be sealed"),
        "noted": pgettext_lazy("refund", "Noted in the chart"),
        "closed": pgettext_lazy("refund", "Closed"),
    },
    transitions=(
        Transition(
            source="filled",
            target="ready",
            who=("refunds.approve",),
            guard=_another_with_opinion,
            effect=_opinion,
            stamp="opinion_at",
            ledger=("CA-026", "CA-029"),
        ),
        Transition(
            source="filled",
            target="refused",
            who=("refunds.approve",),
            guard=_another_with_opinion,
            effect=_opinion,
            stamp="opinion_at",
            ledger=("CA-026",),
        ),
        Transition(source=("filled", "ready"), target="withdrawn", who=("refunds.request",), ledger=("CA-024",)),
        Transition(
            source="ready",
            target="noted",
            guard=_no_money,
            stamp="noted_at",
            effect_note=gettext_lazy("the chart says what was changed"),
            ledger=("CA-028", "CA-033"),
        ),
        Transition(
            source="ready",
            target="paid",
            who=("refunds.pay",),
            guard=_third_person,
            effect=_pays,
            stamp="paid_at",
            ledger=("CA-029", "CA-030", "CA-032"),
        ),
        Transition(
            source="paid",
            target="ready",
            who=("refunds.pay",),
            effect=_back,
            ledger=("CA-029",),
        ),
        Transition(
            source="paid",
            target="received",
            who=("refunds.pay",),
            stamp="received_at",
            guard_note=gettext_lazy("the patient in person, or whom the parameter admits; identity as in the file"),
            ledger=("CA-027", "CA-029"),
        ),
        Transition(
            source="received",
            target="noted",
            who=("refunds.pay",),
            stamp="noted_at",
            effect_note=gettext_lazy("seal of today, once; the chart says time, reason, amount and who paid"),
            ledger=("CA-031", "CA-033", "CA-058"),
        ),
        Transition(source="noted", target="closed", stamp="closed_at", ledger=("CA-032",)),
    ),
)
