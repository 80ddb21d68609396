"""Months: the one step of a calendar that has no fixed length."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import TypeVar

D = TypeVar("D", bound=date)


def add_months_clamped(day: D, months: int) -> D:
    """The same day ``months`` later (earlier if negative), or the last day of a month that is too short for it.

    31 January plus one month is the last of February; 29 February plus twelve is 28 February. A ``datetime`` keeps its
    time. Always count from the original day: 31 January plus one plus one is not 31 January plus two.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return day.replace(year=year, month=month + 1, day=min(day.day, monthrange(year, month + 1)[1]))


def first_of_month(day: date) -> date:
    """The first day of the month of ``day``."""
    return date(day.year, day.month, 1)


def last_of_month(day: date) -> date:
    """The last day of the month of ``day``."""
    return add_months_clamped(first_of_month(day), 1) - timedelta(days=1)


def months_between(start: date, end: date) -> int:
    """How many whole months have passed at ``end`` since ``start``; negative if ``end`` lies before.

    A month is whole when ``add_months_clamped(start, n)`` is reached, so 31 January to 28 February is one.
    """
    if end < start:
        return -months_between(end, start)
    months = (end.year - start.year) * 12 + end.month - start.month
    return months if add_months_clamped(start, months) <= end else months - 1
