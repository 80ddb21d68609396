"""What begins and ends within a day of a site: the day itself, its meeting, who is away, who came, what was handed over."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.context import Actor
from kernel.states import StateMachine, Transition

UNOPENED = ("planned", "in_progress")


def _open(row: Any, by: Actor, *, override: Any = None, **facts: Any) -> None:
    """Who opened, and the override that let them."""
    row.opened_by_name, row.override = by.name, override


def _close(row: Any, by: Actor, **facts: Any) -> None:
    """Who closed."""
    row.closed_by_name = by.name


def _chair(row: Any, by: Actor, **facts: Any) -> None:
    """Who chairs the meeting."""
    row.chair_id, row.chair_name = by.user_id, by.name


def _minutes(row: Any, by: Actor, *, notes: str = "", **facts: Any) -> None:
    """The notes are kept."""
    row.notes = notes


def _answer(row: Any, by: Actor, **facts: Any) -> None:
    """Which superior knows of it."""
    row.answered_by_id, row.answered_by_name = by.user_id, by.name


def _outcome(row: Any, by: Actor, *, outcome: str, **facts: Any) -> None:
    """How it ended, and who says so."""
    row.outcome, row.closed_by_name = outcome, by.name


def _finish(row: Any, by: Actor, *, result: str, **facts: Any) -> None:
    """What came of it, and who says so."""
    row.result, row.ended_by_name = result, by.name


def _give(
    row: Any, by: Actor, *, cash_fen: int | None, remark: str, snapshot: list[dict[str, Any]], **facts: Any
) -> None:
    """The signature of whoever hands over, and what stood open at that moment."""
    row.given_by_id, row.given_by_name = by.user_id, by.name
    row.cash_fen, row.remark, row.snapshot = cash_fen, remark, snapshot


def _receive(row: Any, by: Actor, **facts: Any) -> None:
    """The signature of whoever takes over."""
    row.received_by_id, row.received_by_name = by.user_id, by.name


def _resolve(row: Any, by: Actor, *, resolution: str, **facts: Any) -> None:
    """What was found and done."""
    row.resolution, row.resolved_by_name = resolution, by.name


DAY = StateMachine(
    name="shift.day",
    initial="planned",
    states={
        "planned": pgettext_lazy("day of a site", "Planned"),
        "in_progress": pgettext_lazy("day of a site", "Opening in progress"),
        "opened": pgettext_lazy("day of a site", "Opened"),
        "closed": pgettext_lazy("day of a site", "Closed"),
    },
    transitions=(
        Transition(
            source="planned",
            target="in_progress",
            who=("shift.open",),
            stamp="begun_at",
            effect_note=_("with the first answered item"),
            ledger=("GV-006",),
        ),
        Transition(
            source=UNOPENED,
            target="opened",
            who=("shift.open",),
            stamp="opened_at",
            effect=_open,
            guard_note=_("every mandatory item is ticked or has its reason, or the gate is overridden"),
            ledger=("GV-007",),
        ),
        Transition(
            source=(*UNOPENED, "opened"),
            target="closed",
            who=("shift.hand_over",),
            stamp="closed_at",
            effect=_close,
            guard_note=_("no money is open, and all else is passed on with its reason"),
            ledger=("GV-013", "GV-036"),
        ),
    ),
)

MEETING = StateMachine(
    name="shift.meeting",
    initial="planned",
    states={
        "planned": pgettext_lazy("meeting", "Planned"),
        "running": pgettext_lazy("meeting", "In progress"),
        "held": pgettext_lazy("meeting", "Held"),
        "missed": pgettext_lazy("meeting", "Not held"),
    },
    transitions=(
        Transition(
            source="planned",
            target="running",
            who=("shift.meet",),
            stamp="started_at",
            effect=_chair,
            limit=_("at morning_meeting_time"),
            ledger=("GV-004",),
        ),
        Transition(
            source="running",
            target="held",
            who=("shift.meet",),
            stamp="ended_at",
            effect=_minutes,
            guard_note=_("who did not come is absent"),
            ledger=("GV-004",),
        ),
        Transition(source="planned", target="missed", limit=_("when the day is over"), ledger=("GV-004",)),
    ),
)

AWAY = StateMachine(
    name="shift.absence",
    initial="away",
    states={"away": pgettext_lazy("absence", "Away"), "back": pgettext_lazy("absence", "Back")},
    transitions=(
        Transition(source="away", target="back", who=("shift.leave_post",), stamp="back_at", ledger=("GV-018",)),
    ),
)

VISITOR = StateMachine(
    name="shift.visitor",
    initial="waiting",
    states={
        "waiting": pgettext_lazy("visitor", "Waiting"),
        "received": pgettext_lazy("visitor", "With the host"),
        "left": pgettext_lazy("visitor", "Left"),
    },
    transitions=(
        Transition(
            source="waiting", target="received", who=("shift.register",), stamp="received_at", ledger=("GV-015",)
        ),
        Transition(
            source=("waiting", "received"), target="left", who=("shift.register",), stamp="left_at", ledger=("GV-015",)
        ),
    ),
)

ENTRY = StateMachine(
    name="shift.cashier_entry",
    initial="inside",
    states={"inside": pgettext_lazy("cashier area", "Inside"), "out": pgettext_lazy("cashier area", "Out again")},
    transitions=(
        Transition(source="inside", target="out", who=("shift.cashier_area",), stamp="out_at", ledger=("GV-017",)),
    ),
)

INCIDENT = StateMachine(
    name="shift.incident",
    initial="reported",
    states={
        "reported": pgettext_lazy("incident", "Manager called"),
        "answered": pgettext_lazy("incident", "Manager is there"),
        "closed": pgettext_lazy("incident", "Closed"),
    },
    transitions=(
        Transition(
            source="reported",
            target="answered",
            who=("shift.answer_incident",),
            stamp="answered_at",
            effect=_answer,
            limit=_("at once"),
            ledger=("GV-023",),
        ),
        Transition(
            source=("reported", "answered"),
            target="closed",
            who=("shift.answer_incident",),
            stamp="closed_at",
            effect=_outcome,
            guard_note=_("the outcome in words"),
            ledger=("GV-023",),
        ),
    ),
)

TICKET = StateMachine(
    name="shift.hygiene_ticket",
    initial="open",
    states={"open": pgettext_lazy("ticket", "Open"), "closed": pgettext_lazy("ticket", "Cleaned")},
    transitions=(
        Transition(
            source="open", target="closed", who=("shift.clean",), stamp="ended_at", effect=_finish, ledger=("GV-022",)
        ),
    ),
)

ERRAND = StateMachine(
    name="shift.errand",
    initial="open",
    states={
        "open": pgettext_lazy("errand", "Open"),
        "done": pgettext_lazy("errand", "Done"),
        "withdrawn": pgettext_lazy("errand", "Withdrawn"),
    },
    transitions=(
        Transition(
            source="open",
            target="done",
            who=("tasks.work",),
            stamp="ended_at",
            effect=_finish,
            guard_note=_("by whom it was given to, with the result"),
            ledger=("GV-024",),
        ),
        Transition(
            source="open",
            target="withdrawn",
            who=("tasks.assign",),
            stamp="ended_at",
            effect=_finish,
            ledger=("GV-024",),
        ),
    ),
)

HANDOVER = StateMachine(
    name="shift.handover",
    initial="draft",
    states={
        "draft": pgettext_lazy("hand-over", "Being prepared"),
        "given": pgettext_lazy("hand-over", "Handed over"),
        "received": pgettext_lazy("hand-over", "Taken over"),
    },
    transitions=(
        Transition(
            source="draft",
            target="given",
            who=("shift.hand_over",),
            stamp="given_at",
            effect=_give,
            guard_note=_("at the close: no money open, all else passed on with its reason"),
            ledger=("GV-013", "GV-017", "GV-036"),
        ),
        Transition(
            source="given",
            target="received",
            who=("shift.receive",),
            stamp="received_at",
            effect=_receive,
            guard_note=_("another person than who handed over"),
            ledger=("GV-013",),
        ),
    ),
)

DISCREPANCY = StateMachine(
    name="shift.discrepancy",
    initial="open",
    states={"open": pgettext_lazy("discrepancy", "Open"), "resolved": pgettext_lazy("discrepancy", "Resolved")},
    transitions=(
        Transition(
            source="open",
            target="resolved",
            who=("shift.resolve",),
            stamp="resolved_at",
            effect=_resolve,
            guard_note=_("what was found"),
            ledger=("GV-013",),
        ),
    ),
)
