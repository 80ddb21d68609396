"""Geometry of a board: resources across, time down, one row per unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any

Folded = Sequence[tuple[time, time]]


def _minutes(moment: time | datetime) -> int:
    return moment.hour * 60 + moment.minute


@dataclass(frozen=True)
class Label:
    """A word on the time axis. ``row`` counts from 1."""

    row: int
    text: str
    folded: bool = False


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Turns site-local times into rows.

    ``unit`` is the length of a row in minutes. ``folded`` spans (the lunch break) take one row each instead of their
    full height; a block inside a folded span lies in that row.
    """

    start: time
    end: time
    unit: int = 15
    folded: Folded = field(default_factory=tuple)

    def row(self, moment: time | datetime) -> int:
        """The row (from 1) in which ``moment`` lies; before the start it is 1, after the end the last."""
        minute = min(max(_minutes(moment), _minutes(self.start)), _minutes(self.end))
        rows = (minute - _minutes(self.start)) // self.unit
        for begin, finish in self.folded:
            first, last = _minutes(begin), _minutes(finish)
            if minute >= last:
                rows -= (last - first) // self.unit - 1
            elif minute > first:
                rows -= (minute - first) // self.unit
        return rows + 1

    def span(self, start: time | datetime, end: time | datetime) -> int:
        """How many rows from ``start`` to ``end``, at least one."""
        return max(1, self.row(end) - self.row(start))

    @property
    def rows(self) -> int:
        """Number of rows of the whole board."""
        return self.row(self.end) - 1

    def labels(self) -> list[Label]:
        """The words of the axis: the start, every full hour, and each folded span."""
        found = []
        minute, end = _minutes(self.start), _minutes(self.end)
        while minute < end:
            moment = time(minute // 60, minute % 60)
            span = next(((a, b) for a, b in self.folded if _minutes(a) <= minute < _minutes(b)), None)
            if span is not None:
                found.append(Label(self.row(span[0]), f"{span[0]:%H:%M}–{span[1]:%H:%M}", folded=True))
                minute = _minutes(span[1])
                if minute % 60:
                    found.append(Label(self.row(span[1]), f"{span[1]:%H:%M}"))
            elif minute == _minutes(self.start) or minute % 60 == 0:
                found.append(Label(self.row(moment), f"{moment:%H:%M}"))
                minute += self.unit
            else:
                minute += self.unit
        return found

    def now_row(self, moment: time | datetime) -> float | None:
        """Where the now line runs, in rows from the top (fractions count), or None outside of the board."""
        minute = _minutes(moment)
        if not _minutes(self.start) <= minute < _minutes(self.end):
            return None
        if any(_minutes(a) <= minute < _minutes(b) for a, b in self.folded):
            return self.row(moment) - 0.5
        return self.row(moment) - 1 + (minute - _minutes(self.start)) % self.unit / self.unit


SUBCOLUMNS = 6


def laned(blocks: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Blocks of one column, sorted, with ``lane`` (first of six sub-columns) and ``lanes`` (how many it takes).

    Bookings of one resource never overlap; a visit that moved, a no-show or a walk-in may: then they share the width.
    """
    placed: list[dict[str, Any]] = []
    group: list[dict[str, Any]] = []
    free: list[int] = []

    def close() -> None:
        width = SUBCOLUMNS // min(SUBCOLUMNS, max(1, len(free)))
        for block in group:
            block["lanes"] = width
            block["lane"] = min(block["lane"], SUBCOLUMNS - 1) * width + 1

    for block in sorted((dict(block) for block in blocks), key=lambda one: (one["row"], -one["span"])):
        if group and block["row"] >= max(free):
            close()
            group, free = [], []
        lane = next((number for number, until in enumerate(free) if until <= block["row"]), len(free))
        if lane == len(free):
            free.append(0)
        free[lane] = block["row"] + block["span"]
        block["lane"] = lane
        group.append(block)
        placed.append(block)
    close()
    return placed
