"""The life of a booking (state machine a3).

Of a3, "proposed" is an answer and no row, "confirmation-sent" is the delivery state of the receipt (kept on the message),
and "rescheduled (old)" is a row of ``AppointmentMove``: the booking itself keeps its code and goes back to "booked".
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from kernel import clock
from kernel.context import Actor
from kernel.errors import Cure, DomainError, RuleRefused
from kernel.states import StateMachine, Transition

# What holds doctor, chair and assistant. A patient who did not come holds the time until the next-morning check.
ACTIVE = ("booked", "confirmed", "unreachable", "affected", "arrived", "in_service", "completed")
AWAITED = ("booked", "confirmed", "unreachable", "affected")


def _relocate(
    row: Any, by: Actor, *, resources: Any = None, window: Any = None, units: int = 1, also: Any = None, **facts: Any
) -> None:
    """The new slot; what was known of the old one (confirmed, told) is asked anew. Nothing where the roster came back."""
    if resources is None:
        return
    row.doctor, row.chair, row.assistant = resources.doctor, resources.chair, resources.assistant
    row.starts_at, row.ends_at, row.units = window.start, window.end, units
    row.slot_no += 1
    row.confirmed_at = row.affected_acknowledged_at = None
    for name, value in (also or {}).items():
        setattr(row, name, value)


def _knows_the_roster(row: Any, by: Actor, *, since: Any = None, **facts: Any) -> DomainError | None:
    """of a changed roster the patient knows, or the roster came back"""
    if row.state != "affected" or row.affected_acknowledged_at is not None or since is not None:
        return None
    return RuleRefused(
        "roster_not_told",
        gettext("The roster of this visit has changed and the patient does not know it yet."),
        cures=(Cure(gettext("Tell the patient of the changed roster")), Cure(gettext("Move the visit"))),
    )


def _confirm(row: Any, by: Actor, *, since: Any = None, **facts: Any) -> None:
    """What was confirmed before the roster changed was confirmed then."""
    if since is not None:
        row.confirmed_at = since


def _time_is_over(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """its time is over"""
    if clock.now() >= row.ends_at:
        return None
    return RuleRefused(
        "visit_to_come",
        gettext("The time of this visit is not over. Who will not come gets another time, or the visit is cancelled."),
    )


def _tell_anew(row: Any, by: Actor, **facts: Any) -> None:
    """What the patient was told of an earlier change does not count for this one."""
    row.affected_acknowledged_at = None


def _give_up(row: Any, by: Actor, *, reason: str, **facts: Any) -> None:
    """Reason kept."""
    row.cancel_reason = reason


MACHINE = StateMachine(
    name="appointments.appointment",
    initial="booked",
    states={
        "booked": pgettext_lazy("appointment", "Booked"),
        "confirmed": pgettext_lazy("appointment", "Confirmed"),
        "unreachable": pgettext_lazy("appointment", "Not reached"),
        "affected": pgettext_lazy("appointment", "Roster changed"),
        "arrived": pgettext_lazy("appointment", "Arrived"),
        "in_service": pgettext_lazy("appointment", "In service"),
        "completed": pgettext_lazy("appointment", "Completed"),
        "cancelled": pgettext_lazy("appointment", "Cancelled"),
        "no_show": pgettext_lazy("appointment", "No-show"),
    },
    transitions=(
        Transition(
            source=("booked", "unreachable", "affected"),
            target="confirmed",
            who=("appointments.confirm",),
            guard=_knows_the_roster,
            effect=_confirm,
            stamp="confirmed_at",
            limit=_("the opening day before; at the latest noon of the day and before the visit"),
            ledger=("AP-013", "FU-002"),
        ),
        Transition(
            source="booked",
            target="unreachable",
            who=("appointments.confirm",),
            ledger=("AP-013", "FU-016"),
        ),
        Transition(
            source=AWAITED,
            target="booked",
            who=("appointments.book",),
            effect=_relocate,
            guard_note=_("doctor, chair and assistant are free at the new time; reason given"),
            effect_note=_("old slot kept; reminder withdrawn and made anew; doctor and assistant told"),
            ledger=("AP-017", "FU-022"),
        ),
        Transition(
            source=("booked", "confirmed", "unreachable"),
            target="affected",
            effect=_tell_anew,
            effect_note=_("a task to tell the patient"),
            ledger=("AP-020",),
        ),
        Transition(
            source=AWAITED,
            target="cancelled",
            who=("appointments.book",),
            stamp="cancelled_at",
            effect=_give_up,
            effect_note=_("reminder withdrawn"),
            ledger=("AP-016", "FU-022"),
        ),
        Transition(
            source="arrived",
            target="cancelled",
            stamp="cancelled_at",
            effect=_give_up,
            effect_note=_("the wait was too long: the visit was rebooked or ended unseen"),
            ledger=("AP-030", "QU-022"),
        ),
        Transition(
            source=AWAITED, target="arrived", who=("appointments.attend",), stamp="arrived_at", ledger=("AP-018",)
        ),
        Transition(
            source="arrived",
            target="in_service",
            who=("appointments.attend",),
            stamp="began_at",
            ledger=("QU-009", "AP-018"),
        ),
        Transition(
            source=("arrived", "in_service"),
            target="completed",
            who=("appointments.attend",),
            stamp="completed_at",
            ledger=("AP-004", "AP-018"),
        ),
        Transition(
            source=AWAITED,
            target="no_show",
            who=("appointments.attend",),
            guard=_time_is_over,
            effect_note=_("a task to contact the patient"),
            limit=_("the next morning"),
            ledger=("AP-040",),
        ),
    ),
)
