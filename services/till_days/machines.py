"""The life of a till day (state machine a9), of a difference, of a small expense and of a cashier's way out."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kernel.context import Actor
from kernel.errors import DomainError, Forbidden
from kernel.states import StateMachine, Transition

# Money can still come in on it.
RUNNING = ("open", "closing")


def _closer(row: Any, by: Actor, *, reconciler: Any, **facts: Any) -> None:
    """who closes, and who is to count a second time"""
    row.cashier, row.cashier_name, row.reconciler = by.code, by.name, reconciler


def _second_person(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """the designated person, never the cashier"""
    if by.code == row.cashier:
        return Forbidden("reconciler_is_cashier", _("Whoever closes the till does not count it a second time."))
    if row.reconciler.user_id != by.user_id:
        return Forbidden(
            "not_the_reconciler", _("%(name)s is named to count a second time.") % {"name": row.reconciler.name}
        )
    return None


DAY = StateMachine(
    name="till_days.day",
    initial="open",
    states={
        "open": pgettext_lazy("till day", "Open"),
        "closing": pgettext_lazy("till day", "Closing"),
        "reconciled": pgettext_lazy("till day", "Reconciled"),
        "difference_open": pgettext_lazy("till day", "Closed, difference open"),
        "reported": pgettext_lazy("till day", "Reported"),
        "deposited": pgettext_lazy("till day", "Deposited"),
        "locked": pgettext_lazy("till day", "Locked"),
    },
    transitions=(
        Transition(
            source="open",
            target="closing",
            who=("till_days.work",),
            guard_note=gettext_lazy("nothing blocks; a second person is named"),
            effect=_closer,
            stamp="closing_at",
            ledger=("CA-008", "CA-037", "AP-028"),
        ),
        Transition(source="closing", target="open", who=("till_days.work",), ledger=("CA-046",)),
        Transition(
            source="closing",
            target="reconciled",
            who=("till_days.reconcile",),
            guard=_second_person,
            stamp="reconciled_at",
            effect_note=gettext_lazy("the books of the day are closed; later money falls on the next business day"),
            ledger=("CA-046", "CA-047"),
        ),
        Transition(
            source="closing",
            target="difference_open",
            who=("till_days.reconcile",),
            guard=_second_person,
            stamp="reconciled_at",
            effect_note=gettext_lazy("a difference case is open; the books of the day are closed"),
            ledger=("CA-015", "CA-046"),
        ),
        Transition(
            source="difference_open",
            target="reconciled",
            guard_note=gettext_lazy("cause and liable person are stated"),
            ledger=("CA-015",),
        ),
        Transition(source="reconciled", target="reported", stamp="reported_at", ledger=("CA-036",)),
        Transition(
            source="reported",
            target="deposited",
            stamp="deposited_at",
            guard_note=gettext_lazy("the slips are counted cash less the change fund"),
            ledger=("CA-038",),
        ),
        Transition(source="deposited", target="locked", stamp="locked_at", ledger=("CA-047",)),
    ),
)


def _stated(row: Any, by: Actor, *, cause: str, liable: Any, investigation: str, recovery: str, **facts: Any) -> None:
    """cause, liable person, what was looked into, and how it is made good"""
    row.cause, row.liable, row.investigation, row.recovery = cause, liable, investigation, recovery
    row.stated_by_name = by.name


def _not_oneself(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """not the cashier of the day"""
    if by.code is not None and by.code == row.day.cashier:
        return Forbidden(
            "own_difference", _("Somebody other than the cashier of the day states cause and liable person.")
        )
    return None


CASE = StateMachine(
    name="till_days.difference",
    initial="open",
    states={
        "open": pgettext_lazy("difference", "To be traced"),
        "stated": pgettext_lazy("difference", "Cause and liable person stated"),
        "recovered": pgettext_lazy("difference", "Recovered"),
    },
    transitions=(
        Transition(
            source="open",
            target="stated",
            who=("till_days.trace",),
            guard=_not_oneself,
            effect=_stated,
            stamp="stated_at",
            ledger=("CA-015",),
        ),
        Transition(
            source="stated", target="recovered", who=("till_days.work",), stamp="recovered_at", ledger=("CA-015",)
        ),
    ),
)


def _decided(row: Any, by: Actor, **facts: Any) -> None:
    """who decided"""
    row.decided_by, row.decided_by_name = by.code, by.name


def _not_ones_own(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """not whoever asks"""
    if by.code is not None and by.code == row.asked_by:
        return Forbidden("own_request", _("Nobody approves what they ask for themselves."))
    return None


def _paid(row: Any, by: Actor, **facts: Any) -> None:
    """who paid it out"""
    row.paid_by_name = by.name


PETTY = StateMachine(
    name="till_days.petty_cash",
    initial="asked",
    states={
        "asked": pgettext_lazy("petty cash", "Waits for the supervisor"),
        "approved": pgettext_lazy("petty cash", "Approved"),
        "refused": pgettext_lazy("petty cash", "Refused"),
        "paid": pgettext_lazy("petty cash", "Paid out"),
    },
    transitions=(
        *(
            Transition(
                source="asked",
                target=target,
                who=("till_days.approve",),
                guard=_not_ones_own,
                effect=_decided,
                stamp="decided_at",
                ledger=("CA-016",),
            )
            for target in ("approved", "refused")
        ),
        Transition(
            source="approved",
            target="paid",
            who=("till_days.work",),
            effect=_paid,
            stamp="paid_at",
            ledger=("CA-016",),
        ),
    ),
)

LEAVE = StateMachine(
    name="till_days.leave",
    initial="asked",
    states={
        "asked": pgettext_lazy("leave", "Waits for the supervisor"),
        "approved": pgettext_lazy("leave", "Approved"),
        "refused": pgettext_lazy("leave", "Refused"),
        "out": pgettext_lazy("leave", "Out"),
        "unapproved": pgettext_lazy("leave", "Out without approval"),
        "back": pgettext_lazy("leave", "Back"),
    },
    transitions=(
        *(
            Transition(
                source="asked",
                target=target,
                who=("till_days.approve",),
                guard=_not_ones_own,
                effect=_decided,
                stamp="decided_at",
                ledger=("CA-039",),
            )
            for target in ("approved", "refused")
        ),
        Transition(source="approved", target="out", who=("till_days.work",), stamp="out_at", ledger=("CA-039",)),
        Transition(
            source=("asked", "refused"),
            target="unapproved",
            who=("till_days.work",),
            stamp="out_at",
            effect_note=gettext_lazy("an incident is reported"),
            ledger=("CA-039",),
        ),
        Transition(
            source=("out", "unapproved"), target="back", who=("till_days.work",), stamp="back_at", ledger=("CA-039",)
        ),
    ),
)
