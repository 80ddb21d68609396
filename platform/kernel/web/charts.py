"""Charts drawn on the server as plain SVG, each with the same numbers as a table.

Zero line for counts and rates, labels at the point, no smoothing, no second axis. Shape and word carry the meaning,
colour repeats it. The sentence under a chart comes from whoever computed it, never from mood.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from kernel.web import formatting

Text = str | Promise
Shape = Literal["dot", "square", "triangle", "diamond"]

HEIGHT = 236
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 18, 30
SPARK_WIDTH, SPARK_HEIGHT = 34, 14
SPARK_BAND = 0.22  # noise must look like noise: the range is never narrower than this share of the mean, each way


@dataclass(frozen=True, slots=True)
class Table:
    """The twin: the same numbers with the same rounding."""

    head: tuple[Text, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """What every chart says in its title line, and how it writes a value."""

    title: Text
    unit: Text = ""
    period: Text = ""
    n: int | None = None
    reading: Text = ""
    version: str = ""
    width: int = 640  # drawn at this size, never scaled: words stay readable, narrow places scroll
    write: Callable[[float | None], str] = formatting.figure

    def draw(self) -> SafeString:
        """The SVG."""
        raise NotImplementedError

    def table(self) -> Table:
        """The table twin."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Point:
    """A value with its words; ``mark`` is set by the statistics: above, below or run."""

    label: Text
    value: float | None
    note: str = ""
    mark: str = ""


@dataclass(frozen=True, kw_only=True)
class BarChart(Chart):
    """Counts and amounts side by side, from zero."""

    points: Sequence[Point]
    limit: float | None = None
    limit_label: Text = ""

    def draw(self) -> SafeString:
        plane = _Plane.over([point.value for point in self.points] + [self.limit, 0.0], len(self.points), self.width)
        parts = [plane.frame(self.write)]
        width = min(44.0, plane.step * 0.62)
        for index, point in enumerate(self.points):
            x = plane.x(index)
            if point.value is not None:
                y, zero = plane.y(point.value), plane.y(0)
                parts.append(
                    format_html(
                        '<rect class="ch-bar{}" x="{}" y="{}" width="{}" height="{}"/>',
                        " ch-bar-mark" if point.mark else "",
                        _r(x - width / 2), _r(min(y, zero)), _r(width), _r(max(1.0, abs(zero - y))),
                    )
                )  # fmt: skip
                parts.append(_text(x, min(y, zero) - 5, self.write(point.value), "middle", "ch-value"))
            parts.append(_text(x, HEIGHT - 10, str(point.label), "middle", "ch-label"))
        if self.limit is not None:
            parts.append(plane.rule(self.limit, "ch-limit", self.limit_label or self.write(self.limit)))
        return _svg(parts, self)

    def table(self) -> Table:
        return Table(
            (_("Label"), self.unit or _("Value")), tuple((str(p.label), self.write(p.value)) for p in self.points)
        )


@dataclass(frozen=True, kw_only=True)
class Series:
    """One line of a line chart."""

    label: Text
    values: Sequence[float | None]
    dashed: bool = False


@dataclass(frozen=True, kw_only=True)
class LineChart(Chart):
    """A course over time, from zero; a gap where nothing was measured."""

    labels: Sequence[Text]
    series: Sequence[Series]

    def draw(self) -> SafeString:
        everything = [value for line in self.series for value in line.values]
        plane = _Plane.over([*everything, 0.0], len(self.labels), self.width)
        parts = [plane.frame(self.write), *_axis(plane, self.labels)]
        for number, line in enumerate(self.series):
            points = [(plane.x(i), plane.y(v)) if v is not None else None for i, v in enumerate(line.values)]
            parts.append(
                format_html(
                    '<path class="ch-line ch-line-{}{}" d="{}"/>',
                    number % 4,
                    " ch-dashed" if line.dashed else "",
                    _path(points),
                )
            )
            last = next((point for point in reversed(points) if point), None)
            if last:
                parts.append(
                    format_html(
                        '<circle class="ch-dot ch-line-{}" cx="{}" cy="{}" r="3.5"/>', number % 4, *map(_r, last)
                    )
                )
                parts.append(_text(last[0], last[1] - 8, str(line.label), "end", "ch-name"))
        return _svg(parts, self)

    def table(self) -> Table:
        rows = tuple(
            (str(label), *(self.write(line.values[index]) for line in self.series))
            for index, label in enumerate(self.labels)
        )
        return Table((_("Period"), *(line.label for line in self.series)), rows)


@dataclass(frozen=True, kw_only=True)
class ControlChart(Chart):
    """Months against their own limits. ``limits`` holds (lower, upper) per point, stepping with n."""

    points: Sequence[Point]
    centre: float
    limits: Sequence[tuple[float, float]]
    baseline: Text = ""

    def draw(self) -> SafeString:
        values = [point.value for point in self.points] + [upper for _lower, upper in self.limits] + [0.0]
        plane = _Plane.over(values, len(self.points), self.width)
        parts = [plane.frame(self.write), *_axis(plane, [point.label for point in self.points])]
        for side in (0, 1):
            edge: list[tuple[float, float] | None] = []
            for index, pair in enumerate(self.limits):
                half = plane.step / 2
                edge += [(plane.x(index) - half, plane.y(pair[side])), (plane.x(index) + half, plane.y(pair[side]))]
            parts.append(format_html('<path class="ch-limit" d="{}"/>', _path(edge)))
        parts.append(plane.rule(self.centre, "ch-mean", self.baseline))
        course = [(plane.x(i), plane.y(p.value)) if p.value is not None else None for i, p in enumerate(self.points)]
        parts.append(format_html('<path class="ch-line ch-line-0" d="{}"/>', _path(course)))
        for point, place in zip(self.points, course, strict=True):
            if place:
                shape: Shape = "diamond" if point.mark in ("above", "below") else "dot"
                parts.append(
                    _mark(place, shape, "ch-out" if shape == "diamond" else "ch-run" if point.mark else "ch-in")
                )
        return _svg(parts, self)

    def table(self) -> Table:
        rows = tuple(
            (str(p.label), self.write(p.value), p.note, f"{self.write(low)}–{self.write(high)}")
            for p, (low, high) in zip(self.points, self.limits, strict=True)
        )
        return Table((_("Period"), self.unit or _("Value"), _("Cases"), _("Limits")), rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelPoint:
    """A site: ``x`` events among ``n``; ``outside`` when it lies beyond the outer limits; hollow when not judged."""

    label: Text
    x: int
    n: int
    shape: Shape = "dot"
    outside: bool = False
    judged: bool = True

    @property
    def rate(self) -> float:
        return self.x / self.n if self.n else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelLimit:
    """Exact limits at one size."""

    n: int
    lower95: float
    upper95: float
    lower998: float
    upper998: float


@dataclass(frozen=True, kw_only=True)
class FunnelChart(Chart):
    """Rates against their size: what cannot be told from luck lies between the lines. Never a ranking."""

    points: Sequence[FunnelPoint]
    mean: float
    limits: Sequence[FunnelLimit] = field(default_factory=tuple)

    def draw(self) -> SafeString:
        top_n = max([point.n for point in self.points] + [limit.n for limit in self.limits] + [1])
        rates = [point.rate for point in self.points] + [min(1.0, limit.upper998) for limit in self.limits[1:]] + [0.0]
        plane = _Plane.over(rates, 1, self.width)

        def place(n: int, rate: float) -> tuple[float, float]:
            return LEFT + n / (top_n * 1.06) * (self.width - LEFT - RIGHT), max(TOP, plane.y(rate))

        parts = [plane.frame(self.write)]
        for name, kind in (("lower998", ""), ("upper998", ""), ("lower95", " ch-dashed"), ("upper95", " ch-dashed")):
            line = [place(limit.n, getattr(limit, name)) for limit in self.limits]
            parts.append(format_html('<path class="ch-limit{}" d="{}"/>', kind, _path(line)))
        parts.append(plane.rule(self.mean, "ch-mean", self.write(self.mean)))
        for point in sorted(self.points, key=lambda one: one.outside):
            spot = place(point.n, point.rate)
            parts.append(
                _mark(spot, point.shape, "ch-out" if point.outside else "ch-in" if point.judged else "ch-small")
            )
            words = (
                f"{point.label} {self.write(point.rate)} ({point.x}/{point.n})" if point.outside else str(point.label)
            )
            anchor = "end" if spot[0] > self.width * 0.7 else "start"
            parts.append(_text(spot[0] + (8 if anchor == "start" else -8), spot[1] - 7, words, anchor, "ch-name"))
        for share in (0.25, 0.5, 0.75, 1):
            parts.append(
                _text(
                    place(round(top_n * share), 0)[0], HEIGHT - 10, f"n {round(top_n * share):,}", "middle", "ch-label"
                )
            )
        return _svg(parts, self)

    def table(self) -> Table:
        rows = tuple((str(p.label), self.write(p.rate), f"{p.x}/{p.n}") for p in self.points)
        return Table((_("Site"), self.unit or _("Rate"), _("Cases")), rows)


def spark(values: Sequence[float | None], *, label: str = "", tone: str = "") -> SafeString:
    """A course of 34 × 14 px with a dot at the end; gaps stay gaps, all zeros are a flat line."""
    known = [float(value) for value in values if value is not None]
    if not known:
        return mark_safe("")
    mean = sum(known) / len(known)
    band = max(abs(mean) * SPARK_BAND, (max(known) - min(known)) / 2, 1e-9)
    middle = mean if band == abs(mean) * SPARK_BAND else (max(known) + min(known)) / 2
    inner = SPARK_HEIGHT - 4

    def place(index: int, value: float) -> tuple[float, float]:
        x = 1 + index * (SPARK_WIDTH - 5) / max(1, len(values) - 1)
        if not any(known):
            return x, SPARK_HEIGHT - 2.5
        return x, 2 + inner / 2 - max(-1.0, min(1.0, (value - middle) / band)) * inner / 2

    points = [place(i, float(v)) if v is not None else None for i, v in enumerate(values)]
    last = next(point for point in reversed(points) if point)
    return format_html(
        '<svg class="spark{}" width="{}" height="{}" viewBox="0 0 {} {}"{}>'
        '<path d="{}"/><circle cx="{}" cy="{}" r="2"/></svg>',
        f" spark-{tone}" if tone else "",
        SPARK_WIDTH, SPARK_HEIGHT, SPARK_WIDTH, SPARK_HEIGHT,
        format_html(' role="img" aria-label="{}"', label) if label else mark_safe(' aria-hidden="true"'),
        _path(points), _r(last[0]), _r(last[1]),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Plane:
    low: float
    high: float
    count: int
    width: int

    @classmethod
    def over(cls, values: Iterable[float | None], count: int, width: int) -> _Plane:
        known = [float(value) for value in values if value is not None] or [0.0]
        low, high = min(known), max(known)
        step = _nice((high - low) / 4 or 1.0)
        return cls(math.floor(low / step) * step, math.ceil(high / step + 0.15) * step, max(1, count), width)

    @property
    def step(self) -> float:
        return (self.width - LEFT - RIGHT) / self.count

    def x(self, index: int) -> float:
        return LEFT + self.step * (index + 0.5)

    def y(self, value: float) -> float:
        return TOP + (self.high - value) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)

    def frame(self, write: Callable[[float | None], str]) -> SafeString:
        """Value lines with their words; the zero line is drawn stronger."""
        step = _nice((self.high - self.low) / 4)
        parts = []
        value = self.low
        while value <= self.high + step / 1000:
            y = _r(self.y(value))
            css = "ch-zero" if abs(value) < step / 1000 else "ch-grid"
            parts.append(format_html('<path class="{}" d="M{} {}H{}"/>', css, LEFT, y, self.width - RIGHT))
            parts.append(_text(LEFT - 8, self.y(value) + 4, write(value), "end", "ch-label"))
            value += step
        return mark_safe("".join(parts))  # noqa: S308  (escaped parts)

    def rule(self, value: float, css: str, words: Text) -> SafeString:
        y = _r(self.y(value))
        return format_html(
            '<path class="{}" d="M{} {}H{}"/>{}',
            css,
            LEFT,
            y,
            self.width - RIGHT,
            _text(self.width - RIGHT, self.y(value) - 4, str(words), "end", "ch-name"),
        )


def _nice(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(abs(step) or 1.0))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= step * 0.999)


def _axis(plane: _Plane, labels: Sequence[Text]) -> list[SafeString]:
    every = max(1, math.ceil(len(labels) / 13))
    return [
        _text(plane.x(index), HEIGHT - 10, str(label), "middle", "ch-label")
        for index, label in enumerate(labels)
        if index % every == 0 or index == len(labels) - 1
    ]


def _path(points: Iterable[tuple[float, float] | None]) -> str:
    text, pen = [], "M"
    for point in points:
        if point is None:
            pen = "M"
            continue
        text.append(f"{pen}{_r(point[0])} {_r(point[1])}")
        pen = "L"
    return "".join(text)


def _mark(place: tuple[float, float], shape: Shape, css: str) -> SafeString:
    x, y = place
    size = 5.5 if css == "ch-out" else 4.5
    if shape == "dot":
        return format_html('<circle class="{}" cx="{}" cy="{}" r="{}"/>', css, _r(x), _r(y), size - 0.5)
    corners: dict[str, tuple[tuple[float, float], ...]] = {
        "square": ((-1, -1), (1, -1), (1, 1), (-1, 1)),
        "triangle": ((0, -1.2), (1.1, 0.9), (-1.1, 0.9)),
        "diamond": ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)),
    }
    points = " ".join(f"{_r(x + dx * size)},{_r(y + dy * size)}" for dx, dy in corners[shape])
    return format_html('<polygon class="{}" points="{}"/>', css, points)


def _text(x: float, y: float, words: str, anchor: str, css: str) -> SafeString:
    return format_html('<text class="{}" x="{}" y="{}" text-anchor="{}">{}</text>', css, _r(x), _r(y), anchor, words)


def _svg(parts: Iterable[Any], chart: Chart) -> SafeString:
    return format_html(
        '<svg class="chart-svg" width="{}" height="{}" role="img" aria-label="{}">{}</svg>',
        chart.width, HEIGHT, " · ".join(str(part) for part in (chart.title, chart.period, chart.reading) if part),
        mark_safe("".join(parts)),  # noqa: S308  (every part went through format_html)
    )  # fmt: skip


def _r(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
