"""Days and months of an account's zone: where periods begin, and how many days of one a line stands for."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from kernel import clock


def anchor_config(zone: ZoneInfo, now: datetime) -> dict[str, int]:
    """The moment at which each month begins in ``zone``, as Stripe wants it: a day and time of UTC.

    East of Greenwich the local first of the month begins on the last day of the month before, which Stripe calls day
    31.
    """
    local = clock.local(now, zone)
    offset = local.utcoffset() or timedelta(0)
    minutes = int(-offset.total_seconds() // 60) % 1440
    return {
        "day_of_month": 31 if offset > timedelta(0) else 1,
        "hour": minutes // 60,
        "minute": minutes % 60,
        "second": 0,
    }


def start_of_day(zone: ZoneInfo, now: datetime) -> datetime:
    """The midnight in ``zone`` that began the running day, in UTC."""
    return clock.at_local(clock.local(now, zone).date(), time.min, zone)


def one_interval_before(end: datetime, interval: str, zone: ZoneInfo) -> datetime:
    """Where the period that ends at ``end`` begins when it is whole."""
    local = clock.local(end, zone)
    months = 12 if interval == "year" else 1
    index = local.year * 12 + local.month - 1 - months
    year, month = divmod(index, 12)
    day = min(local.day, _last_day(year, month + 1))
    return local.replace(year=year, month=month + 1, day=day).astimezone(UTC)


def days_between(start: datetime, end: datetime, zone: ZoneInfo) -> Decimal:
    """Local days from ``start`` to ``end``, with two decimals where they are not whole."""
    first, last = clock.local(start, zone), clock.local(end, zone)
    whole = Decimal((last.date() - first.date()).days)
    part = Decimal(_seconds(last) - _seconds(first)) / 86_400
    return (whole + part).quantize(Decimal("0.01")).normalize()


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """The local day of a moment."""
    return clock.local(moment, zone).date()


def moment_of(seconds: int) -> datetime:
    """Stripe's seconds since the epoch as an aware moment."""
    return datetime.fromtimestamp(seconds, UTC)


def from_stripe(seconds: int | None) -> datetime | None:
    """The same where there may be none."""
    return moment_of(seconds) if seconds is not None else None


def _seconds(moment: datetime) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def _last_day(year: int, month: int) -> int:
    return ((date(year + month // 12, month % 12 + 1, 1)) - timedelta(days=1)).day
