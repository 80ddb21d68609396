"""What about guests begins and must end: luggage, wishes, questions, opinions, passes, reminders, tickets, faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kernel.context import Actor
from kernel.errors import DomainError, Forbidden
from kernel.states import StateMachine, Transition

IN_CUSTODY = ("taken", "at_desk")
UNTOLD = ("asked", "answered")
IN_QUEUE = ("waiting", "called", "skipped")


def _signs(prefix: str, *facts: str) -> Callable[..., None]:
    """Who did it is kept in ``<prefix>_by_name``, with these facts."""

    def effect(row: Any, by: Actor, **given: Any) -> None:
        setattr(row, f"{prefix}_by_name", by.name)
        for fact in facts:
            setattr(row, fact, given.get(fact, ""))

    return effect


LUGGAGE = StateMachine(
    name="guest_care.luggage",
    initial="taken",
    states={
        "taken": pgettext_lazy("luggage", "Taken at the door"),
        "at_desk": pgettext_lazy("luggage", "At the main desk"),
        "returned": pgettext_lazy("luggage", "Returned"),
    },
    transitions=(
        Transition(
            source="taken",
            target="at_desk",
            who=("guest_care.log",),
            effect=_signs("carried"),
            effect_note=gettext_lazy("who carried it"),
            stamp="at_desk_at",
            ledger=("FD-017",),
        ),
        Transition(
            source=IN_CUSTODY,
            target="returned",
            who=("guest_care.log",),
            effect=_signs("returned", "returned_to"),
            effect_note=gettext_lazy("to whom"),
            stamp="returned_at",
            limit=gettext_lazy("before the close; else it is listed"),
            ledger=("FD-017",),
        ),
    ),
)

ADVICE = StateMachine(
    name="guest_care.advice",
    initial="follow_up",
    states={
        "follow_up": pgettext_lazy("advice", "To be followed up"),
        "done": pgettext_lazy("advice", "Done"),
    },
    transitions=(
        Transition(
            source="follow_up",
            target="done",
            who=("guest_care.log",),
            effect=_signs("followed", "result"),
            effect_note=gettext_lazy("what came of it"),
            stamp="followed_at",
            ledger=("FD-033",),
        ),
    ),
)

OPINION = StateMachine(
    name="guest_care.opinion",
    initial="taken",
    states={
        "taken": pgettext_lazy("opinion", "With the duty superior"),
        "acknowledged": pgettext_lazy("opinion", "Acknowledged"),
    },
    transitions=(
        Transition(
            source="taken",
            target="acknowledged",
            who=("guest_care.acknowledge",),
            effect=_signs("acknowledged", "remark"),
            effect_note=gettext_lazy("who has read it, and what follows"),
            stamp="acknowledged_at",
            limit="opinion_minutes",
            ledger=("FD-024",),
        ),
    ),
)

REQUEST = StateMachine(
    name="guest_care.request",
    initial="open",
    states={
        "open": pgettext_lazy("request", "Open"),
        "met": pgettext_lazy("request", "Met"),
        "unmet": pgettext_lazy("request", "Not met"),
    },
    transitions=(
        Transition(
            source="open",
            target="met",
            who=("guest_care.log",),
            effect=_signs("closed", "remark"),
            effect_note=gettext_lazy("who saw to it"),
            stamp="closed_at",
            ledger=("FD-036",),
        ),
        Transition(
            source="open",
            target="unmet",
            who=("guest_care.log",),
            effect=_signs("closed", "unmet_reason", "remark"),
            guard_note=gettext_lazy("a reason"),
            effect_note=gettext_lazy("why not"),
            stamp="closed_at",
            ledger=("FD-036",),
        ),
    ),
)

QUESTION = StateMachine(
    name="guest_care.question",
    initial="asked",
    states={
        "asked": pgettext_lazy("question", "With the doctor"),
        "answered": pgettext_lazy("question", "Answer to be brought back"),
        "told": pgettext_lazy("question", "Answer brought back"),
    },
    transitions=(
        Transition(
            source="asked",
            target="answered",
            who=("guest_care.answer",),
            effect=_signs("answered", "answer"),
            effect_note=gettext_lazy("whoever asked brings the answer back"),
            stamp="answered_at",
            limit=gettext_lazy("the same day"),
            ledger=("FD-038", "GV-036"),
        ),
        Transition(
            source="answered",
            target="told",
            who=("guest_care.log",),
            effect=_signs("told"),
            effect_note=gettext_lazy("nothing else closes it"),
            stamp="told_at",
            ledger=("FD-038",),
        ),
    ),
)


def _another(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """somebody else than who passed the guest on"""
    if by.user_id is not None and by.user_id != row.by_id:
        return None
    return Forbidden("pass_not_to_oneself", _("The colleague who takes the guest acknowledges it."))


def _takes(row: Any, by: Actor, **facts: Any) -> None:
    """who has the guest now"""
    row.acknowledged_by_id, row.acknowledged_by_name = by.user_id, by.name


PASS = StateMachine(
    name="guest_care.pass",
    initial="offered",
    states={
        "offered": pgettext_lazy("guest pass", "Passed on, not taken yet"),
        "acknowledged": pgettext_lazy("guest pass", "Taken"),
        "withdrawn": pgettext_lazy("guest pass", "Withdrawn"),
    },
    transitions=(
        Transition(
            source="offered",
            target="acknowledged",
            who=("guest_care.pass",),
            guard=_another,
            effect=_takes,
            stamp="acknowledged_at",
            limit="pass_minutes",
            ledger=("FD-040",),
        ),
        Transition(
            source="offered",
            target="withdrawn",
            who=("guest_care.pass",),
            effect_note=gettext_lazy("by hand, or because the guest was led in or has gone"),
            stamp="withdrawn_at",
            ledger=("FD-040",),
        ),
    ),
)

REMINDER = StateMachine(
    name="guest_care.reminder",
    initial="open",
    states={
        "open": pgettext_lazy("reminder", "To be done"),
        "done": pgettext_lazy("reminder", "Done"),
        "withdrawn": pgettext_lazy("reminder", "Withdrawn"),
    },
    transitions=(
        Transition(
            source="open",
            target="done",
            who=("guest_care.hand_over", "guest_care.inject"),
            guard_note=gettext_lazy("an injection: only who gives injections"),
            effect=_signs("closed"),
            effect_note=gettext_lazy("who did it"),
            stamp="closed_at",
            ledger=("FD-028",),
        ),
        Transition(
            source="open",
            target="withdrawn",
            who=("guest_care.inject",),
            effect=_signs("closed", "reason"),
            effect_note=gettext_lazy("the reason"),
            stamp="closed_at",
            ledger=("FD-028",),
        ),
    ),
)

TICKET = StateMachine(
    name="guest_care.ticket",
    initial="waiting",
    states={
        "waiting": pgettext_lazy("ticket", "Waiting"),
        "called": pgettext_lazy("ticket", "Called"),
        "skipped": pgettext_lazy("ticket", "Skipped"),
        "served": pgettext_lazy("ticket", "Led in"),
        "void": pgettext_lazy("ticket", "Void"),
    },
    transitions=(
        Transition(
            source=("waiting", "skipped", "called"),
            target="called",
            who=("guest_care.queue",),
            effect_note=gettext_lazy("each call is kept; a repeated one is a recall"),
            stamp="called_at",
            ledger=("QU-013",),
        ),
        Transition(
            source="called",
            target="skipped",
            who=("guest_care.queue",),
            effect_note=gettext_lazy("the number stays and can be called again"),
            ledger=("QU-013",),
        ),
        Transition(
            source=IN_QUEUE,
            target="served",
            effect_note=gettext_lazy("the guest was led in"),
            ledger=("QU-013",),
        ),
        Transition(
            source=IN_QUEUE,
            target="void",
            effect_note=gettext_lazy("the guest rebooked or left"),
            ledger=("QU-013",),
        ),
    ),
)

FAULT = StateMachine(
    name="guest_care.device_fault",
    initial="open",
    states={
        "open": pgettext_lazy("fault", "Out of order, numbers are called by voice"),
        "repaired": pgettext_lazy("fault", "Repaired"),
    },
    transitions=(
        Transition(
            source="open",
            target="repaired",
            who=("guest_care.queue",),
            effect=_signs("repaired", "remark"),
            effect_note=gettext_lazy("the device calls again"),
            stamp="repaired_at",
            ledger=("QU-013",),
        ),
    ),
)
