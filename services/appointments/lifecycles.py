"""What goes on beside a booking and has a life of its own: referrals, arrangements on the day, remote consultations."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kernel import clock
from kernel.context import Actor
from kernel.errors import DomainError, Forbidden, RuleRefused
from kernel.states import StateMachine, Transition

BOOK, WRITE, ASSIGN, CONSULT = (
    "appointments.book", "appointments.write_card", "appointments.assign", "appointments.consult",
)  # fmt: skip


def _whole(row: Any, by: Actor, **given: Any) -> DomainError | None:
    """item, charge, and the next appointment or why there is none"""
    known = {name: given.get(name) or getattr(row, name) for name in ("item", "next_appointment", "no_next_reason")}
    charge = row.charge_fen if given.get("charge_fen") is None else given["charge_fen"]
    missing = {
        "item": known["item"] is None,
        "charge_fen": charge is None,
        "next_appointment": known["next_appointment"] is None and not known["no_next_reason"],
    }
    if not any(missing.values()):
        return None
    return RuleRefused(
        "referral_incomplete",
        _("Still open: what is done, what it costs, or when the next visit is. Ask the doctor or the assistant today."),
        fields={name: [_("Required")] for name, lacks in missing.items() if lacks},
    )


def _settle(row: Any, by: Actor, **given: Any) -> None:
    """the details are settled"""
    for name in ("item", "charge_fen", "next_appointment", "no_next_reason"):
        if given.get(name) not in (None, ""):
            setattr(row, name, given[name])
    row.settled_by_name = by.name


def _withdraw(row: Any, by: Actor, *, reason: str, **facts: Any) -> None:
    """Reason kept."""
    row.withdrawn_reason, row.settled_by_name = reason, by.name


REFERRAL = StateMachine(
    name="appointments.referral",
    initial="open",
    states={
        "open": pgettext_lazy("referral", "To be settled"),
        "settled": pgettext_lazy("referral", "Settled"),
        "withdrawn": pgettext_lazy("referral", "Withdrawn"),
    },
    transitions=(
        Transition(
            source="open",
            target="settled",
            who=(BOOK, WRITE),
            guard=_whole,
            effect=_settle,
            stamp="settled_at",
            limit=gettext_lazy("the same day: open parts stand in the closing list"),
            ledger=("AP-028",),
        ),
        Transition(
            source="open",
            target="withdrawn",
            who=(BOOK, WRITE),
            effect=_withdraw,
            stamp="settled_at",
            ledger=("AP-028",),
        ),
    ),
)


def _difficult(row: Any, by: Actor, *, difficulty: str, **facts: Any) -> None:
    """the clinic director has a task"""
    row.difficulty = difficulty


def _arranged(row: Any, by: Actor, **facts: Any) -> None:
    """the doctor is asked to acknowledge"""
    row.arranged_by_name = by.name


def _knows_twice(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """told in person and acknowledged in the system"""
    if row.told_at is not None and row.acknowledged_at is not None:
        return None
    return RuleRefused(
        "doctor_not_informed", _("The doctor is informed when told in person and acknowledged in the system: both.")
    )


ARRANGEMENT = StateMachine(
    name="appointments.arrangement",
    initial="asked",
    states={
        "asked": pgettext_lazy("arrangement", "Duty doctor asked"),
        "difficult": pgettext_lazy("arrangement", "With the director"),
        "arranged": pgettext_lazy("arrangement", "Arranged"),
        "informed": pgettext_lazy("arrangement", "Doctor informed"),
    },
    transitions=(
        Transition(
            source="asked",
            target="difficult",
            who=(BOOK,),
            effect=_difficult,
            limit=gettext_lazy("at once"),
            ledger=("AP-031",),
        ),
        Transition(
            source="asked", target="arranged", who=(BOOK,), effect=_arranged, stamp="arranged_at", ledger=("AP-031",)
        ),
        Transition(
            source="difficult",
            target="arranged",
            who=(ASSIGN,),
            effect=_arranged,
            stamp="arranged_at",
            ledger=("AP-031",),
        ),
        Transition(source="arranged", target="informed", guard=_knows_twice, ledger=("AP-031",)),
    ),
)


def is_doctor_of(row: Any, actor: Actor) -> bool:
    """Is ``actor`` one of the doctors of a remote consultation, or who stands in for one?"""
    users = [one.user for one in (row.doctor, row.colleague) if one is not None and one.user is not None]
    return any(user.pk == actor.user_id or user.code in actor.deputy_for for user in users)


def _own(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """one of its doctors"""
    if by.kind == "system" or is_doctor_of(row, by):
        return None
    return Forbidden("not_your_consultation", _("Only its doctors hold this consultation and write down the result."))


def _consented(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """the patient agreed that the data are passed on"""
    if row.consented_at is not None:
        return None
    return RuleRefused(
        "consent_missing", _("Ask the patient first: without consent no data leave the house."), fields={"consent": [_("Required")]}
    )  # fmt: skip


def _accept(row: Any, by: Actor, *, partner_doctor: str = "", **facts: Any) -> None:
    """who answers is named"""
    row.partner_doctor = partner_doctor or row.partner_doctor


def _schedule(row: Any, by: Actor, *, starts_at: Any, ends_at: Any, **facts: Any) -> None:
    """the time of the doctors of the house is kept from bookings"""
    row.starts_at, row.ends_at = starts_at, ends_at


def _held_in_time(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """one of its doctors, not before its time"""
    if clock.now() < row.starts_at:
        return RuleRefused("consultation_to_come", _("This consultation has not begun yet."))
    return _own(row, by)


def _with_result(row: Any, by: Actor, *, result: str = "", **facts: Any) -> DomainError | None:
    """one of its doctors, with the result in words"""
    if not result.strip():
        return RuleRefused("result_missing", _("Write down the result."), fields={"result": [_("Required")]})
    return _own(row, by)


def _record(row: Any, by: Actor, *, result: str, **facts: Any) -> None:
    """who asked reads it"""
    row.result, row.recorded_by_name = result.strip(), by.name


def _end(row: Any, by: Actor, *, reason: str, **facts: Any) -> None:
    """Reason kept."""
    row.end_reason = reason


REMOTE = StateMachine(
    name="appointments.remote",
    initial="requested",
    states={
        "requested": pgettext_lazy("remote", "Requested"),
        "accepted": pgettext_lazy("remote", "Accepted"),
        "scheduled": pgettext_lazy("remote", "Scheduled"),
        "held": pgettext_lazy("remote", "Held"),
        "recorded": pgettext_lazy("remote", "Result recorded"),
        "refused": pgettext_lazy("remote", "Refused by the partner"),
        "cancelled": pgettext_lazy("remote", "Cancelled"),
    },
    transitions=(
        Transition(
            source="requested",
            target="accepted",
            who=(CONSULT,),
            guard=_consented,
            effect=_accept,
            ledger=("AP-036", "CR-005"),
        ),
        Transition(source="requested", target="refused", who=(CONSULT,), effect=_end, ledger=("AP-036",)),
        Transition(source="accepted", target="scheduled", who=(CONSULT,), effect=_schedule, ledger=("AP-036",)),
        Transition(
            source="scheduled",
            target="held",
            who=(CONSULT,),
            guard=_held_in_time,
            stamp="held_at",
            ledger=("AP-036",),
        ),
        Transition(
            source="held",
            target="recorded",
            who=(CONSULT,),
            guard=_with_result,
            effect=_record,
            stamp="recorded_at",
            limit=gettext_lazy("after the session"),
            ledger=("AP-036", "CS-002"),
        ),
        Transition(
            source=("requested", "accepted", "scheduled"),
            target="cancelled",
            who=(CONSULT,),
            effect=_end,
            effect_note=gettext_lazy("the kept time is free again"),
            ledger=("AP-036",),
        ),
    ),
)
