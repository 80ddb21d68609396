"""Whose time is it: the server's own, moved by the product's clock file or by a control call, or a test clock's."""

from __future__ import annotations

import calendar
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stripe_server.store import Store

DAY = 86_400


class Moments:
    """Seconds since the epoch, for the server and for each customer."""

    def __init__(self, store: Store, clock_file: Path | None) -> None:
        self.store = store
        self.clock_file = clock_file
        self.offset = 0.0
        self._pretended: int | None = None

    @contextmanager
    def at(self, moment: int) -> Iterator[None]:
        """Work as if it were ``moment`` (catching up on what fell due). The store's lock is held by the caller."""
        before, self._pretended = self._pretended, moment
        try:
            yield
        finally:
            self._pretended = before

    def server(self) -> int:
        """The server's time in whole seconds."""
        if self._pretended is not None:
            return self._pretended
        return int(time.time() + self.offset + self._file_offset())

    def of(self, row: dict[str, Any] | None) -> int:
        """The time an object lives in: its test clock's, else the server's."""
        if self._pretended is not None:
            return self._pretended
        clock = self.store.find(row["test_clock"]) if row and row.get("test_clock") else None
        return int(clock["frozen_time"]) if clock else self.server()

    def _file_offset(self) -> float:
        if not self.clock_file:
            return 0.0
        try:
            data = json.loads(self.clock_file.read_text())
        except (OSError, ValueError):
            return 0.0
        if isinstance(data, int | float):
            return float(data)
        return float(data.get("offset_seconds", data.get("offset", 0)) or 0)


def add_interval(start: int, interval: str, count: int, *, day: int | None = None, periods: int = 1) -> int:
    """The moment ``periods`` intervals after ``start``. Months keep the wanted day where the month has it (UTC)."""
    total = count * periods
    if interval == "day":
        return start + total * DAY
    if interval == "week":
        return start + total * 7 * DAY
    months = total * (12 if interval == "year" else 1)
    begin = datetime.fromtimestamp(start, UTC)
    index = begin.year * 12 + begin.month - 1 + months
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return int(begin.replace(year=year, month=month + 1, day=min(day or begin.day, last)).timestamp())


def period_around(moment: int, anchor: int, interval: str, count: int, day: int | None = None) -> tuple[int, int]:
    """The period of the cycle of ``anchor`` that contains ``moment``: [start, end)."""
    step = 0
    while add_interval(anchor, interval, count, day=day, periods=step) > moment:
        step -= 1
    while add_interval(anchor, interval, count, day=day, periods=step + 1) <= moment:
        step += 1
    return (
        add_interval(anchor, interval, count, day=day, periods=step),
        add_interval(anchor, interval, count, day=day, periods=step + 1),
    )


def next_anchor(after: int, config: dict[str, Any]) -> int:
    """The first moment after ``after`` that fits ``billing_cycle_anchor_config`` (day_of_month, month, hour, minute,
    second).
    """
    begin = datetime.fromtimestamp(after, UTC)
    parts = {name: int(config.get(name, getattr(begin, name))) for name in ("hour", "minute", "second")}
    for ahead in range(14):
        year, month = divmod(begin.year * 12 + begin.month - 1 + ahead, 12)
        if config.get("month") and int(config["month"]) != month + 1:
            continue
        day = min(int(config["day_of_month"]), calendar.monthrange(year, month + 1)[1])
        moment = int(datetime(year, month + 1, day, **parts, tzinfo=UTC).timestamp())
        if moment > after:
            return moment
    raise ValueError("no moment fits the anchor")


def date_text(moment: int) -> str:
    """A UTC day as Stripe writes it in descriptions."""
    return datetime.fromtimestamp(moment, UTC).strftime("%d %b %Y")
