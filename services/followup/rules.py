"""Which rules are in force, and which day an offset means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.functional import Promise

from kernel import registry
from kernel.calendars import NeverOpen, WeeklyHours, add_months_clamped, next_opening_day_after
from services.followup.models import Rule

_OFFSET = re.compile(r"([DM])(\d{1,3})")


@dataclass(frozen=True, slots=True)
class Effective:
    """A rule as it counts here and now: declared by a room, changed or added by the tenant."""

    key: str
    label: str | Promise
    room: str
    trigger: str
    offsets: tuple[str, ...]
    roles: tuple[str, ...]
    script: str
    opening_days: bool
    is_active: bool = True
    own: bool = False
    items: tuple[str, ...] = ()
    steps: tuple[tuple[str, str | Promise], ...] = ()
    questions: tuple[tuple[str, str | Promise], ...] = ()
    education: str = ""
    promotional: bool = False
    supersedes: bool = False
    asks_satisfaction: bool = False
    problems_to: tuple[str, ...] = ("doctor",)


def rules() -> dict[str, Effective]:
    """Every rule of the active rooms and of the tenant, by key; one query."""
    found = {
        declared.key: Effective(
            key=declared.key,
            label=declared.label,
            room=room.key,
            trigger=declared.trigger,
            offsets=tuple(declared.offsets),
            roles=tuple(declared.assignee_roles),
            script=declared.script,
            opening_days=declared.working_days,
            items=declared.items,
            steps=declared.steps,
            questions=declared.questions,
            education=declared.education,
            promotional=declared.promotional,
            supersedes=declared.supersedes,
            asks_satisfaction=declared.asks_satisfaction,
            problems_to=declared.problems_to,
        )
        for room in registry.active_rooms()
        for declared in room.followups
    }
    for row in Rule.objects.all():
        declared = found.get(row.key)
        found[row.key] = Effective(
            key=row.key,
            label=row.label or (declared.label if declared else row.key),
            room=declared.room if declared else "followup",
            trigger=row.trigger,
            offsets=tuple(row.offsets),
            roles=tuple(row.roles),
            script=row.script or (declared.script if declared else ""),
            opening_days=row.opening_days,
            is_active=row.is_active,
            own=True,
            # What is asked strictly and when it rests belongs to the room that declared the rule.
            items=declared.items if declared else (),
            steps=declared.steps if declared else (),
            questions=declared.questions if declared else (),
            education=declared.education if declared else "",
            promotional=declared.promotional if declared else False,
            supersedes=declared.supersedes if declared else False,
            asks_satisfaction=declared.asks_satisfaction if declared else False,
            problems_to=declared.problems_to if declared else ("doctor",),
        )
    return found


def rules_for(trigger: str, *, room: str = "", item: str = "") -> list[Effective]:
    """The rules in force that ``trigger`` starts. Those of a line of business only for its own events (``room``), those of
    certain items only after them (``item``, a catalogue key)."""
    verticals = registry.verticals()
    return [
        rule
        for rule in rules().values()
        if rule.is_active
        and rule.trigger == trigger
        and (rule.room not in verticals or rule.room == room)
        and (not rule.items or item in rule.items)
    ]


def is_offset(text: str) -> bool:
    """Is it D0 … D999 or M1 … M999?"""
    return bool(_OFFSET.fullmatch(text)) and text != "M0"


def due_on(anchor: date, offset: str, hours: WeeklyHours, *, opening_days: bool = True) -> date:
    """The day that ``offset`` after ``anchor`` means: months clamp to their last day (FU-017), a day on which the site is
    closed moves to its next opening day; the same day (D0) stays.

    Raises ValueError for an offset that is none.
    """
    match = _OFFSET.fullmatch(offset)
    if match is None:
        raise ValueError(f"{offset!r} is not an offset")
    number = int(match[2])
    day = anchor + timedelta(days=number) if match[1] == "D" else add_months_clamped(anchor, number)
    if offset == "D0" or not opening_days or hours.is_opening_day(day):
        return day
    try:
        return next_opening_day_after(hours, day)
    except NeverOpen:
        return day
