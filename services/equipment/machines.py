"""The life of a device, of a fault (a13), and of a report of damage or loss (a12)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kernel.context import Actor
from kernel.errors import DomainError, RuleRefused
from kernel.states import StateMachine, Transition

# Nothing is done with it now.
DOWN = ("in_maintenance", "fault", "out_of_service")
WORKS = ("in_service", "due")


def _another(row: Any, by: Actor, **facts: Any) -> DomainError | None:
    """the opinion is there; neither who reported nor who gave it"""
    if row.opinion_at is None:
        return RuleRefused("opinion_first", _("The head nurse's preliminary opinion comes first."))
    if by.code is not None and by.code in (row.reported_by, row.opinion_by):
        return RuleRefused("own_report", _("Whoever reported it or gave the opinion does not decide about it."))
    return None


def _judges(row: Any, by: Actor, *, opinion: str, **facts: Any) -> None:
    """the preliminary opinion and its name"""
    row.opinion, row.opinion_by, row.opinion_by_name = opinion, by.code, by.name


def _decides(row: Any, by: Actor, *, outcome: str, decision: str, **facts: Any) -> None:
    """the decision and its name"""
    row.outcome, row.decision, row.decided_by, row.decided_by_name = outcome, decision, by.code, by.name


def _executes(row: Any, by: Actor, *, done: str, **facts: Any) -> None:
    """what was done"""
    row.done, row.executed_by_name = done, by.name


def _closes(row: Any, by: Actor, *, remark: str, **facts: Any) -> None:
    """what was done, by whom; the downtime ends or stays"""
    row.remark, row.closed_by_name = remark, by.name


DEVICE = StateMachine(
    name="equipment.device",
    initial="in_service",
    states={
        "in_service": pgettext_lazy("device", "In service"),
        "due": pgettext_lazy("device", "Maintenance due"),
        "in_maintenance": pgettext_lazy("device", "In maintenance"),
        "fault": pgettext_lazy("device", "Fault"),
        "out_of_service": pgettext_lazy("device", "Out of service"),
        "written_off": pgettext_lazy("device", "Written off"),
    },
    transitions=(
        Transition(source="in_service", target="due", limit=gettext_lazy("plan date"), ledger=("IN-009",)),
        Transition(source=WORKS, target="in_maintenance", who=("equipment.maintain",), ledger=("IN-009",)),
        Transition(
            source="in_maintenance",
            target="in_service",
            who=("equipment.maintain",),
            guard_note=gettext_lazy("a maintenance record"),
            ledger=("IN-009",),
        ),
        Transition(
            source=(*WORKS, "in_maintenance"),
            target="fault",
            who=("equipment.report",),
            effect_note=gettext_lazy("ticket at once; whoever keeps the linked bookings is warned"),
            ledger=("IN-009", "IN-010"),
        ),
        Transition(source="fault", target="in_service", who=("equipment.maintain",), ledger=("IN-009",)),
        Transition(source="fault", target="out_of_service", who=("equipment.maintain",), ledger=("IN-009",)),
        Transition(source="out_of_service", target="in_service", who=("equipment.maintain",), ledger=("IN-009",)),
        Transition(
            source=(*WORKS, *DOWN),
            target="written_off",
            who=("equipment.judge",),
            guard_note=gettext_lazy("the dean's decision to write it off is carried out"),
            ledger=("IN-008",),
        ),
    ),
)

FAULT = StateMachine(
    name="equipment.fault",
    initial="open",
    states={
        "open": pgettext_lazy("device fault", "Open"),
        "repaired": pgettext_lazy("device fault", "Repaired"),
        "given_up": pgettext_lazy("device fault", "Out of service"),
    },
    transitions=(
        Transition(
            source="open",
            target="repaired",
            who=("equipment.maintain",),
            effect=_closes,
            stamp="closed_at",
            limit=gettext_lazy("immediately"),
            ledger=("IN-009", "IN-010"),
        ),
        Transition(
            source="open",
            target="given_up",
            who=("equipment.maintain",),
            effect=_closes,
            stamp="closed_at",
            ledger=("IN-009",),
        ),
    ),
)

DAMAGE = StateMachine(
    name="equipment.damage",
    initial="reported",
    states={
        "reported": pgettext_lazy("damage", "Waits for the head nurse's opinion"),
        "judged": pgettext_lazy("damage", "Waits for the dean"),
        "decided": pgettext_lazy("damage", "Decided, to be carried out"),
        "executed": pgettext_lazy("damage", "Carried out"),
    },
    transitions=(
        Transition(
            source="reported",
            target="judged",
            who=("equipment.judge",),
            effect=_judges,
            stamp="opinion_at",
            limit=gettext_lazy("promptly"),
            ledger=("IN-008",),
        ),
        Transition(
            source="judged",
            target="decided",
            who=("equipment.decide",),
            guard=_another,
            effect=_decides,
            stamp="decided_at",
            ledger=("IN-008",),
        ),
        Transition(
            source="decided",
            target="executed",
            who=("equipment.judge",),
            effect=_executes,
            stamp="executed_at",
            ledger=("IN-008",),
        ),
    ),
)
