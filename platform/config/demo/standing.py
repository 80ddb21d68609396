"""Where the demo's clock stands: real time while clinics are open, else a morning on which there is work to see."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.utils import timezone

from kernel import clock

MORNING = time(10, 20)
FROM, UNTIL = time(8, 45), time(17, 15)
SUNDAY = 6


def is_working_time(moment: datetime) -> bool:
    """Are the clinics of the cast open at ``moment``, with something left of the day?"""
    local = clock.local(moment, timezone.get_default_timezone())
    return local.weekday() != SUNDAY and FROM <= local.time() < UNTIL


def proper_moment(*, present: datetime, real: datetime, played: datetime | None) -> datetime:
    """Where the clock shall stand when the demo starts.

    ``present`` is where it stands, ``real`` the real time, ``played`` until when the demo has been played. Time never
    goes back behind what was played: where a morning is used up, the next one comes, even before it really does.
    """
    if is_working_time(present) and (played is None or present >= played):
        return present
    if is_working_time(real) and (played is None or real >= played):
        return real
    morning = _morning(real)
    if played is None or morning >= played:
        return morning
    if is_working_time(played + timedelta(minutes=1)):
        return played + timedelta(minutes=1)
    return _next_morning(played)


def _morning(moment: datetime) -> datetime:
    """10:20 of the last opening day up to ``moment``."""
    zone = timezone.get_default_timezone()
    day = clock.local(moment, zone).date()
    while day.weekday() == SUNDAY or _at(day) > moment:
        day -= timedelta(days=1)
    return _at(day)


def _next_morning(moment: datetime) -> datetime:
    zone = timezone.get_default_timezone()
    day = clock.local(moment, zone).date()
    while day.weekday() == SUNDAY or _at(day) <= moment:
        day += timedelta(days=1)
    return _at(day)


def _at(day: date) -> datetime:
    return clock.at_local(day, MORNING, timezone.get_default_timezone())
