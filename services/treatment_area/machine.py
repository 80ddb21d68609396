"""What lives and ends beside the chair: a relative inside, a note to a doctor, a concern, a priority."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.context import Actor
from kernel.states import StateMachine, Transition

UNANSWERED = ("sent", "escalated")


def _admit(row: Any, by: Actor, *, ground: str, medical_need: Any = None, note: str = "", **facts: Any) -> None:
    """The ground is kept."""
    row.ground, row.medical_need, row.note = ground, medical_need, note
    row.admitted_by_name = by.name


def _refuse(row: Any, by: Actor, *, why: str, words: str = "", **facts: Any) -> None:
    """The request is kept with its reason."""
    row.refusal, row.note = why, words
    row.refused_by_name = by.name


def _reply(row: Any, by: Actor, *, reply: str, **facts: Any) -> None:
    """The answer and who gave it."""
    row.reply, row.replied_by_id, row.replied_by_name = reply, by.user_id, by.name


def _resolve(row: Any, by: Actor, *, resolution: str, **facts: Any) -> None:
    """What was done, and by whom."""
    row.resolution, row.resolved_by_id, row.resolved_by_name = resolution, by.user_id, by.name


def _accompany(row: Any, by: Actor, **facts: Any) -> None:
    """Who accompanies the guest."""
    row.accompanied_by_id, row.accompanied_by_name = by.user_id, by.name


RELATIVE = StateMachine(
    name="treatment_area.relative",
    initial="asked",
    states={
        "asked": pgettext_lazy("relative", "Wants to come in"),
        "inside": pgettext_lazy("relative", "Inside"),
        "out": pgettext_lazy("relative", "Left again"),
        "refused": pgettext_lazy("relative", "Stayed outside"),
    },
    transitions=(
        Transition(
            source="asked",
            target="inside",
            who=("treatment_area.companions",),
            effect=_admit,
            stamp="in_at",
            guard_note=_("12 or younger, 70 or older, or another admitted ground; one at a time"),
            ledger=("QU-011", "CR-023"),
        ),
        Transition(
            source="asked",
            target="refused",
            who=("treatment_area.companions",),
            effect=_refuse,
            stamp="refused_at",
            ledger=("QU-023",),
        ),
        Transition(
            source="inside",
            target="out",
            who=("treatment_area.companions",),
            stamp="out_at",
            limit=_("at the latest with the guest"),
            ledger=("QU-011",),
        ),
    ),
)

NOTE = StateMachine(
    name="treatment_area.note",
    initial="sent",
    states={
        "sent": pgettext_lazy("silent note", "Sent"),
        "escalated": pgettext_lazy("silent note", "Unanswered"),
        "answered": pgettext_lazy("silent note", "Answered"),
        "withdrawn": pgettext_lazy("silent note", "Withdrawn"),
    },
    transitions=(
        Transition(
            source="sent",
            target="escalated",
            stamp="escalated_at",
            effect_note=_("the head nurse gets it"),
            limit=_("after note_reply_minutes"),
            ledger=("QU-012",),
        ),
        Transition(
            source=UNANSWERED,
            target="answered",
            who=("treatment_area.reply",),
            effect=_reply,
            stamp="replied_at",
            ledger=("QU-012",),
        ),
        Transition(
            source=UNANSWERED,
            target="withdrawn",
            who=("treatment_area.note",),
            stamp="withdrawn_at",
            guard_note=_("by hand, or because the guest was led in or has gone"),
            ledger=("QU-012",),
        ),
    ),
)

CONCERN = StateMachine(
    name="treatment_area.concern",
    initial="open",
    states={
        "open": pgettext_lazy("concern", "Open"),
        "resolved": pgettext_lazy("concern", "Resolved"),
    },
    transitions=(
        Transition(
            source="open",
            target="resolved",
            who=("treatment_area.resolve",),
            effect=_resolve,
            stamp="resolved_at",
            guard_note=_("what was done"),
            ledger=("QU-006",),
        ),
    ),
)

PRIORITY = StateMachine(
    name="treatment_area.priority",
    initial="raised",
    states={
        "raised": pgettext_lazy("priority", "Needs help"),
        "accompanied": pgettext_lazy("priority", "Accompanied"),
        "ended": pgettext_lazy("priority", "Ended"),
    },
    transitions=(
        Transition(
            source="raised",
            target="accompanied",
            who=("treatment_area.accompany",),
            effect=_accompany,
            stamp="accompanied_at",
            ledger=("QU-015",),
        ),
        Transition(
            source=("raised", "accompanied"),
            target="ended",
            who=("treatment_area.flag",),
            stamp="ended_at",
            guard_note=_("by hand, or because the guest has gone"),
            ledger=("QU-015",),
        ),
    ),
)
