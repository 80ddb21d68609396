"""Opening hours of a site: a week with breaks, exceptions by date, and counting in open minutes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Any, Self

from kernel import clock

MIDNIGHT = 24 * 60
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# A site that stays shut longer than this is not waiting for its next opening day.
HORIZON_DAYS = 400


class NeverOpen(ValueError):
    """The hours leave no open minute within the horizon."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """An open stretch of one local day, ``start`` up to but not including ``end``, in minutes after midnight."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= MIDNIGHT:
            raise ValueError("an opening span lies within one day and ends after it starts")

    @classmethod
    def parse(cls, start: str, end: str) -> Self:
        """From "HH:MM" to "HH:MM"; "24:00" ends the day. Raises ValueError."""
        return cls(_minutes(start), _minutes(end))

    def __str__(self) -> str:
        return f"{_wall(self.start)}-{_wall(self.end)}"


def _spans(value: Sequence[Any]) -> tuple[Span, ...]:
    spans = tuple(sorted(item if isinstance(item, Span) else Span.parse(*item) for item in value))
    for earlier, later in pairwise(spans):
        if later.start < earlier.end:
            raise ValueError("opening spans of one day must not overlap")
    return spans


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """The opening hours of a site, in its own local time.

    ``week`` holds the spans of Monday to Sunday (two spans = a lunch break, none = closed); ``exceptions`` replace a
    whole day: ``()`` closes it, spans open it at other hours.

    Raises ValueError for spans that overlap or leave their day.
    """

    week: tuple[tuple[Span, ...], ...] = ((),) * 7
    exceptions: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.week) != 7:
            raise ValueError("a week has seven days")
        object.__setattr__(self, "week", tuple(_spans(day) for day in self.week))
        object.__setattr__(self, "exceptions", {day: _spans(spans) for day, spans in self.exceptions.items()})

    @classmethod
    def from_json(cls, value: Mapping[str, Any], exceptions: Mapping[date | str, Sequence[Any]] | None = None) -> Self:
        """From ``{"mon": [["08:00", "12:00"], ["13:30", "17:00"]], …}``; a day that is left out is closed.

        Raises ValueError for unknown days and malformed spans.
        """
        unknown = set(value) - set(WEEKDAYS)
        if unknown:
            raise ValueError(f"no such weekday: {', '.join(sorted(unknown))}")
        days = {
            date.fromisoformat(day) if isinstance(day, str) else day: _spans(spans)
            for day, spans in (exceptions or {}).items()
        }
        return cls(tuple(_spans(value.get(name, ())) for name in WEEKDAYS), days)

    def to_json(self) -> dict[str, list[list[str]]]:
        """The week in the form that ``from_json`` reads; exceptions are rows of their own and not in it."""
        return {
            name: [[_wall(span.start), _wall(span.end)] for span in self.week[number]]
            for number, name in enumerate(WEEKDAYS)
        }

    def with_exceptions(self, exceptions: Mapping[date, Sequence[Any]]) -> Self:
        """The same week with these exceptions added; a later one for the same day wins."""
        merged = {**self.exceptions, **{day: _spans(spans) for day, spans in exceptions.items()}}
        return type(self)(self.week, merged)

    def on(self, day: date) -> tuple[Span, ...]:
        """The open spans of ``day`` in order; empty when the site is closed."""
        known = self.exceptions.get(day)
        return self.week[day.weekday()] if known is None else known

    def is_opening_day(self, day: date) -> bool:
        """Does the site open at all on ``day``?"""
        return bool(self.on(day))


def opening_days(hours: WeeklyHours, start: date, end: date) -> list[date]:
    """The opening days from ``start`` to ``end``, both included."""
    days = (start + timedelta(days=number) for number in range((end - start).days + 1))
    return [day for day in days if hours.is_opening_day(day)]


def last_opening_day_before(hours: WeeklyHours, day: date) -> date:
    """The last opening day strictly before ``day``: "the day before" of a confirmation call. Raises NeverOpen."""
    return _search(hours, day, -1)


def next_opening_day_after(hours: WeeklyHours, day: date) -> date:
    """The first opening day strictly after ``day``. Raises NeverOpen."""
    return _search(hours, day, 1)


def is_open(hours: WeeklyHours, moment: datetime, tz: tzinfo) -> bool:
    """Is the site open at ``moment``? The minute of opening counts, the minute of closing does not."""
    return any(start <= moment < end for start, end in open_spans(hours, clock.local(moment, tz).date(), tz))


def open_spans(hours: WeeklyHours, day: date, tz: tzinfo) -> list[tuple[datetime, datetime]]:
    """The open spans of a local ``day`` as moments in UTC."""
    return [(_moment(day, span.start, tz), _moment(day, span.end, tz)) for span in hours.on(day)]


def business_minutes_between(start: datetime, end: datetime, hours: WeeklyHours, tz: tzinfo) -> int:
    """The whole open minutes from ``start`` to ``end``; negative if ``end`` lies before ``start``."""
    if end < start:
        return -business_minutes_between(end, start, hours, tz)
    total, day, last = timedelta(0), clock.local(start, tz).date(), clock.local(end, tz).date()
    while day <= last:
        for opens, closes in open_spans(hours, day, tz):
            total += max(timedelta(0), min(closes, end) - max(opens, start))
        day += timedelta(days=1)
    return total // timedelta(minutes=1)


def add_business_minutes(start: datetime, minutes: int, hours: WeeklyHours, tz: tzinfo) -> datetime:
    """The earliest moment (UTC) at which ``minutes`` open minutes have passed since ``start``; ``start`` itself for 0.

    A due time that falls on closing time stays there and does not wait for the next morning.

    Raises ValueError for negative minutes, NeverOpen where the site does not open within the horizon.
    """
    if minutes < 0:
        raise ValueError("business minutes are added, not taken away")
    left = timedelta(minutes=minutes)
    moment, day, closed = start.astimezone(UTC), clock.local(start, tz).date(), 0
    while left:
        for opens, closes in open_spans(hours, day, tz):
            begin = max(opens, moment)
            if begin >= closes:
                continue
            if closes - begin >= left:
                return begin + left
            left -= closes - begin
        closed = 0 if hours.is_opening_day(day) else closed + 1
        if closed > HORIZON_DAYS:
            raise NeverOpen("the site does not open within the horizon")
        day += timedelta(days=1)
    return moment


def _search(hours: WeeklyHours, day: date, step: int) -> date:
    for _attempt in range(HORIZON_DAYS):
        day += timedelta(days=step)
        if hours.is_opening_day(day):
            return day
    raise NeverOpen("the site does not open within the horizon")


def _moment(day: date, minute: int, tz: tzinfo) -> datetime:
    if minute == MIDNIGHT:
        return clock.at_local(day + timedelta(days=1), time.min, tz)
    return clock.at_local(day, time(*divmod(minute, 60)), tz)


def _minutes(text: str) -> int:
    if text == "24:00":
        return MIDNIGHT
    wall = time.fromisoformat(text)
    if wall.second or wall.microsecond or wall.tzinfo:
        raise ValueError("opening hours are whole minutes of local time")
    return wall.hour * 60 + wall.minute


def _wall(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
