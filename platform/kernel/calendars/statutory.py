"""Statutory working days, make-up workdays on weekends included.

The state publishes each year's arrangement in the autumn before. For a year that is not known yet the fixed holidays
and the weekends still answer, and the answer says that it is provisional.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import holidays

# Exceptions of a tenant: True makes the day a working day, False a free one.
Exceptions = Mapping[date, bool]

DEFAULT_COUNTRY = "CN"
_NONE: Exceptions = {}


@dataclass(frozen=True, slots=True)
class WorkingDay:
    """What a calendar says about one day. ``provisional``: the year's arrangement is not published yet."""

    day: date
    is_working: bool
    provisional: bool
    holiday: str = ""


def working_day(day: date, *, exceptions: Exceptions = _NONE, country: str = DEFAULT_COUNTRY) -> WorkingDay:
    """Everything known about ``day``. An exception of the tenant is certain, whatever the state publishes."""
    calendar = _calendar(country, day.year)
    name = str(calendar.get(day) or "")
    if day in exceptions:
        return WorkingDay(day, exceptions[day], provisional=False, holiday=name)
    return WorkingDay(day, calendar.is_working_day(day), is_provisional(day.year, country=country), name)


def is_working_day(day: date, *, exceptions: Exceptions = _NONE, country: str = DEFAULT_COUNTRY) -> bool:
    """Is ``day`` a working day by law, weekends swapped for bridge days included?"""
    known = exceptions.get(day)
    return _calendar(country, day.year).is_working_day(day) if known is None else known


def is_provisional(year: int, *, country: str = DEFAULT_COUNTRY) -> bool:
    """Is the arrangement of ``year`` still unpublished (or older than what is known)?"""
    published = _published(country)
    return bool(published) and year not in published


def add_working_days(day: date, count: int, *, exceptions: Exceptions = _NONE, country: str = DEFAULT_COUNTRY) -> date:
    """The ``count``-th working day after ``day`` (before, if negative). ``day`` itself is never counted; 0 is ``day``.

    Raises ValueError where the exceptions leave no working day within a year.
    """
    step = timedelta(days=1 if count > 0 else -1)
    left, free = abs(count), 0
    while left:
        day += step
        if is_working_day(day, exceptions=exceptions, country=country):
            left, free = left - 1, 0
        else:
            free += 1
            if free > 366:
                raise ValueError("no working day within a year")
    return day


def working_days_between(
    start: date, end: date, *, exceptions: Exceptions = _NONE, country: str = DEFAULT_COUNTRY
) -> int:
    """How many working days lie after ``start`` up to and including ``end``; negative if ``end`` lies before."""
    if end < start:
        return -working_days_between(end, start, exceptions=exceptions, country=country)
    days = (start + timedelta(days=number) for number in range(1, (end - start).days + 1))
    return sum(is_working_day(day, exceptions=exceptions, country=country) for day in days)


@cache
def _calendar(country: str, year: int) -> holidays.HolidayBase:
    # One object per year, filled here and only read afterwards: the package fills years lazily, which threads would
    # share.
    return holidays.country_holidays(country, years=year, expand=False)


@cache
def _published(country: str) -> frozenset[int]:
    """The years whose swaps of days are known; empty for a country that swaps none."""
    calendar = holidays.country_holidays(country)
    return frozenset(getattr(calendar, "special_public_holidays", {}))
