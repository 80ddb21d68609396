"""Calendar weeks as a roster walks them."""

from __future__ import annotations

from datetime import date, timedelta


def monday_of(day: date) -> date:
    """The Monday of the week of ``day``."""
    return day - timedelta(days=day.weekday())


def parse_week(text: str, default: date) -> date:
    """The Monday that "2026-W50" or a day of that week names; the week of ``default`` for anything else."""
    try:
        if "-W" in text:
            year, week = text.split("-W")
            return date.fromisocalendar(int(year), int(week), 1)
        return monday_of(date.fromisoformat(text))
    except ValueError:
        return monday_of(default)


def week_name(monday: date) -> str:
    """As the address of a roster carries it: "2026-W50"."""
    year, week, _weekday = monday.isocalendar()
    return f"{year}-W{week:02d}"


def days_of(monday: date) -> list[date]:
    """The seven days from ``monday`` on."""
    return [monday + timedelta(days=offset) for offset in range(7)]
