"""The lives of a coupon and of a discount that somebody has to approve."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from kernel.context import Actor
from kernel.errors import RuleRefused
from kernel.states import StateMachine, Transition


def _lies_with(coupon: Any, by: Actor, *, receipt_number: str) -> None:
    """it lies with the stub of one receipt"""
    coupon.receipt_number = receipt_number


def _by_another(approval: Any, by: Actor, **facts: str) -> RuleRefused | None:
    """not whoever asked"""
    if approval.asked_by is not None and approval.asked_by == by.code:
        return RuleRefused("own_request", _("Nobody decides what they asked for themselves."))
    return None


def _decided(approval: Any, by: Actor, *, words: str = "") -> None:
    """keeps who decided, and in which words"""
    approval.decided_by, approval.decided_by_name, approval.words = by.code, by.name, words


COUPON = StateMachine(
    name="discounts.coupon",
    initial="issued",
    states={
        "issued": pgettext_lazy("coupon", "To be used"),
        "used": pgettext_lazy("coupon", "Used"),
        "withdrawn": pgettext_lazy("coupon", "Withdrawn"),
    },
    transitions=(
        Transition(
            source="issued",
            target="used",
            who=("cashier.charge",),
            stamp="used_at",
            ledger=("CA-005",),
            effect=_lies_with,
        ),
        Transition(source="issued", target="withdrawn", who=("discounts.manage",), ledger=("CA-005",)),
    ),
)

APPROVAL = StateMachine(
    name="discounts.approval",
    initial="asked",
    states={
        "asked": pgettext_lazy("discount", "Asked for"),
        "approved": pgettext_lazy("discount", "Approved"),
        "refused": pgettext_lazy("discount", "Refused"),
        "used": pgettext_lazy("discount", "Used"),
    },
    transitions=(
        Transition(
            source="asked",
            target="approved",
            who=("discounts.approve",),
            stamp="decided_at",
            guard=_by_another,
            effect=_decided,
            ledger=("CA-006",),
        ),
        Transition(
            source="asked",
            target="refused",
            who=("discounts.approve",),
            stamp="decided_at",
            guard=_by_another,
            effect=_decided,
            ledger=("CA-006",),
        ),
        Transition(source="approved", target="used", who=("cashier.charge",), ledger=("CA-006",)),
    ),
)
