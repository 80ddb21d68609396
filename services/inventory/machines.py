"""The lives of a stock count (a11), of an expiry check, a scrap application and a monthly pack (a12), and of supply."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kernel import clock
from kernel.context import Actor
from kernel.errors import DomainError, RuleRefused
from kernel.states import StateMachine, Transition


def _today(row: Any) -> Any:
    return clock.today(row.site.timezone)


def _before_the_day(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """the pre-count is earlier than the count day"""
    if _today(row) < row.planned_on:
        return None
    return RuleRefused("precount_too_late", _("The pre-count is made before the day of the count."))


def _on_the_day(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """not before the count day"""
    if _today(row) >= row.planned_on:
        return None
    return RuleRefused(
        "count_too_early",
        _("The count is on %(day)s. Until then only the pre-count is made.") % {"day": row.planned_on.isoformat()},
    )


def _another(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """not whoever counted"""
    if by.code is not None and by.code == row.counted_by:
        return RuleRefused("same_person_twice", _("Whoever counted does not accept the count."))
    return None


def _another_with_reason(row: Any, by: Actor, *, reason: str = "", **facts: Any) -> DomainError | None:
    """not whoever counted; a reason"""
    refused = _another(row, by)
    return refused or _reason_missing(reason)


def _reason_missing(reason: str) -> DomainError | None:
    if reason.strip():
        return None
    sentence = _("Say why.")
    return RuleRefused("reason_missing", sentence, fields={"reason": [sentence]})


def _recount(row: Any, by: Actor, *, reason: str, **facts: Any) -> None:
    """all lines are counted anew"""
    row.recount_reason = reason.strip()[:200]
    row.round += 1


def _hand_over(row: Any, by: Actor, *, variance_fen: int, variance_quantity: int, **facts: Any) -> None:
    """profit and loss per line and total"""
    row.variance_fen, row.variance_quantity = variance_fen, variance_quantity
    row.counted_by, row.counted_by_name = by.code, by.name


def _accept(row: Any, by: Actor, **facts: Any) -> None:
    """the differences become movements"""
    row.accepted_by, row.accepted_by_name = by.code, by.name


def _settle(row: Any, by: Actor, **facts: Any) -> None:
    """the month is settled"""
    row.settled_by, row.settled_by_name = by.code, by.name


COUNT = StateMachine(
    name="inventory.count",
    initial="planned",
    states={
        "planned": pgettext_lazy("stock count", "Planned"),
        "precounted": pgettext_lazy("stock count", "Pre-counted"),
        "counting": pgettext_lazy("stock count", "Being counted"),
        "handed_over": pgettext_lazy("stock count", "With the head nurse"),
        "accepted": pgettext_lazy("stock count", "Accepted"),
        "settled": pgettext_lazy("stock count", "Month settled"),
    },
    transitions=(
        Transition(
            source="planned",
            target="precounted",
            who=("inventory.count",),
            guard=_before_the_day,
            stamp="precounted_at",
            ledger=("IN-003", "CA-042"),
        ),
        Transition(
            source="precounted",
            target="counting",
            who=("inventory.count",),
            guard=_on_the_day,
            stamp="begun_at",
            effect_note=gettext_lazy("each line is compared with the book at its own moment"),
            ledger=("IN-003", "IN-004"),
        ),
        Transition(
            source="counting",
            target="handed_over",
            who=("inventory.count",),
            guard_note=gettext_lazy("no blank line"),
            effect=_hand_over,
            stamp="handed_over_at",
            ledger=("IN-003", "IN-004"),
        ),
        Transition(
            source="handed_over",
            target="counting",
            who=("inventory.accept_count",),
            guard=_another_with_reason,
            effect=_recount,
            ledger=("IN-003",),
        ),
        Transition(
            source="handed_over",
            target="accepted",
            who=("inventory.accept_count",),
            guard=_another,
            effect=_accept,
            stamp="accepted_at",
            ledger=("IN-003",),
        ),
        Transition(
            source="accepted",
            target="settled",
            who=("inventory.count", "inventory.settle"),
            effect=_settle,
            stamp="settled_at",
            ledger=("CA-043",),
        ),
    ),
)


CHECK = StateMachine(
    name="inventory.expiry_check",
    initial="due",
    states={"due": pgettext_lazy("expiry check", "Due"), "checked": pgettext_lazy("expiry check", "Checked")},
    transitions=(
        Transition(
            source="due",
            target="checked",
            who=("inventory.keep",),
            guard_note=gettext_lazy("every lot confirmed"),
            stamp="checked_at",
            limit=gettext_lazy("last day of the month"),
            ledger=("IN-007",),
        ),
    ),
)


def _another_than_applicant(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """not the applicant"""
    if by.code is not None and by.code == row.applicant_by:
        return RuleRefused("same_person_twice", _("Whoever applied does not decide. That is for the dean."))
    return None


def _rejects(row: Any, by: Actor, *, opinion: str = "", **facts: Any) -> DomainError | None:
    """not the applicant; a reason"""
    return _another_than_applicant(row, by) or _reason_missing(opinion)


def _decide(row: Any, by: Actor, *, opinion: str = "", **facts: Any) -> None:
    """the dean's name and opinion"""
    row.decided_by, row.decided_by_name, row.opinion = by.code, by.name, opinion.strip()[:300]


SCRAP = StateMachine(
    name="inventory.scrap",
    initial="applied",
    states={
        "applied": pgettext_lazy("scrap", "Waits for the dean"),
        "approved": pgettext_lazy("scrap", "Approved"),
        "rejected": pgettext_lazy("scrap", "Rejected"),
        "written_off": pgettext_lazy("scrap", "Written off"),
    },
    transitions=(
        Transition(
            source="applied",
            target="approved",
            who=("inventory.decide",),
            guard=_another_than_applicant,
            effect=_decide,
            stamp="decided_at",
            ledger=("IN-007",),
        ),
        Transition(
            source="applied",
            target="rejected",
            who=("inventory.decide",),
            guard=_rejects,
            effect=_decide,
            stamp="decided_at",
            ledger=("IN-007",),
        ),
        Transition(
            source="approved",
            target="written_off",
            stamp="written_off_at",
            effect_note=gettext_lazy("the write-off is a movement"),
            ledger=("IN-007",),
        ),
    ),
)


def _submit(row: Any, by: Actor, **facts: Any) -> None:
    """the head nurse's name"""
    row.submitted_by, row.submitted_by_name = by.code, by.name


PACK = StateMachine(
    name="inventory.pack",
    initial="drafting",
    states={
        "drafting": pgettext_lazy("monthly pack", "Being written"),
        "overdue": pgettext_lazy("monthly pack", "Overdue"),
        "submitted": pgettext_lazy("monthly pack", "Submitted"),
    },
    transitions=(
        Transition(
            source=("drafting", "overdue"),
            target="submitted",
            who=("inventory.keep",),
            guard_note=gettext_lazy("all three tables are there"),
            effect=_submit,
            stamp="submitted_at",
            limit=gettext_lazy("24:00 of the 5th"),
            ledger=("IN-005",),
        ),
        Transition(
            source="drafting",
            target="overdue",
            stamp="overdue_at",
            effect_note=gettext_lazy("the dean is told"),
            limit=gettext_lazy("from the 6th 00:00"),
            ledger=("IN-005",),
        ),
    ),
)


def _issue(row: Any, by: Actor, **facts: Any) -> None:
    """the store's signature; the goods leave the store"""
    row.issued_by, row.issued_by_name = by.code, by.name


def _not_the_issuer(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """not whoever signed for the store"""
    if by.code is not None and by.code == row.issued_by:
        return RuleRefused("same_person_twice", _("You have signed for the store. Somebody else signs for what came."))
    return None


def _receive(row: Any, by: Actor, **facts: Any) -> None:
    """the receiver's signature; the goods are at their place"""
    row.received_by, row.received_by_name = by.code, by.name


REQUISITION = StateMachine(
    name="inventory.requisition",
    initial="requested",
    states={
        "requested": pgettext_lazy("requisition", "Requested"),
        "issued": pgettext_lazy("requisition", "Issued, to be signed for"),
        "received": pgettext_lazy("requisition", "Signed by both"),
        "sent_back": pgettext_lazy("requisition", "Sent back to the store"),
        "declined": pgettext_lazy("requisition", "Declined"),
    },
    transitions=(
        Transition(
            source="requested",
            target="issued",
            who=("inventory.keep",),
            effect=_issue,
            stamp="issued_at",
            ledger=("IN-001", "IN-006"),
        ),
        Transition(source="requested", target="declined", who=("inventory.keep",), ledger=("IN-006",)),
        Transition(
            source="issued",
            target="received",
            who=("inventory.request",),
            guard=_not_the_issuer,
            effect=_receive,
            stamp="received_at",
            ledger=("IN-001",),
        ),
        Transition(
            source="issued", target="sent_back", who=("inventory.request", "inventory.keep"), ledger=("IN-001",)
        ),
    ),
)

ORDER = StateMachine(
    name="inventory.order",
    initial="planned",
    states={
        "planned": pgettext_lazy("purchase", "Planned"),
        "ordered": pgettext_lazy("purchase", "Ordered"),
        "received": pgettext_lazy("purchase", "Received"),
        "cancelled": pgettext_lazy("purchase", "Cancelled"),
    },
    transitions=(
        Transition(source="planned", target="ordered", who=("inventory.keep",), stamp="ordered_at", ledger=("IN-006",)),
        Transition(
            source="ordered",
            target="received",
            who=("inventory.keep",),
            guard_note=gettext_lazy("everything has come"),
            stamp="received_at",
            ledger=("IN-006",),
        ),
        Transition(source=("planned", "ordered"), target="cancelled", who=("inventory.keep",), ledger=("IN-006",)),
    ),
)
