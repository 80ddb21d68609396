"""The drawings of headquarters: a funnel over all sites, a site's thirteen months, its days."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from kernel import registry
from kernel.registry import Kpi
from kernel.web.charts import BarChart, Chart, ControlChart, FunnelChart, FunnelLimit, FunnelPoint, Point, Shape
from kernel.web.formatting import listed
from services.headquarters.definitions import value_of
from services.headquarters.judging import LEAST_EXPECTED, Mark, judge, limits, too_few
from services.headquarters.matrix import Period
from services.headquarters.models import BranchSite, BranchTenant, SiteFact, SiteMonth
from services.headquarters.writing import written

SHAPES: tuple[Shape, ...] = ("dot", "square", "triangle", "diamond")
SIGNS = {"dot": "●", "square": "■", "triangle": "▲", "diamond": "◆"}
WIDE = 820
# A baseline needs this many months and cases before limits around it say anything.
BASELINE_MONTHS = 6
BASELINE_CASES = 10


def unit_of(kpi: Kpi) -> str:
    """A figure's unit as a heading says it."""
    return {"percent": "%", "fen": _("yuan"), "minutes": _("min"), "count": ""}[kpi.unit]


def shape_of(tenant: BranchTenant) -> Shape:
    """The shape of a tenant's points: one per line of business, in the order in which this build knows them."""
    known = list(registry.verticals())
    found = next((known.index(key) for key in tenant.verticals if key in known), 0)
    return SHAPES[found % len(SHAPES)]


def shapes_in(sites: Sequence[BranchSite]) -> list[dict[str, object]]:
    """The legend: sign and line of business for every shape that is drawn."""
    known = registry.verticals()
    keys = {key for site in sites for key in site.tenant.verticals if key in known}
    order = list(known)
    return [
        {"sign": SIGNS[SHAPES[order.index(key) % len(SHAPES)]], "label": known[key].label}
        for key in order
        if key in keys
    ]


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A site's line beside the funnel. ``beyond`` sorts it: the distance to the nearer limit, never a rank."""

    site: BranchSite
    value: str
    numerator: int
    denominator: int | None
    n: int
    mark: Mark | None
    few: bool
    judged: bool
    expected: float | None
    low: float | None
    high: float | None
    beyond: float

    @property
    def limits(self) -> str:
        """The limits at this site's size: "17.0 – 50.5 %"."""
        return (
            f"{self.low * 100:.1f} – {self.high * 100:.1f} %" if self.low is not None and self.high is not None else ""
        )


def figure_rows(
    kpi: Kpi, rows: Sequence[tuple[BranchSite, int, int | None, int]], rate: float | None
) -> list[FigureRow]:
    """The sites of a figure, what lies farthest outside the limits first."""
    found = []
    for site, numerator, denominator, n in rows:
        few = too_few(kpi, denominator, n)
        mark = None if few else judge(kpi, numerator, denominator, rate)
        low = high = expected = None
        judged, beyond = False, -1.0
        if rate is not None and denominator:
            expected = rate * denominator
            judged = not few and min(rate, 1 - rate) * denominator >= LEAST_EXPECTED
            if judged:
                low, high = limits(rate, denominator)
                here = numerator / denominator
                beyond = max(here - high, low - here)
        value = written(kpi, value_of(kpi, numerator, denominator))
        found.append(FigureRow(site, value, numerator, denominator, n, mark, few, judged, expected, low, high, beyond))
    return sorted(found, key=lambda row: -row.beyond) if rate is not None else found


def funnel(kpi: Kpi, period: Period, rows: Sequence[FigureRow], rate: float) -> FunnelChart:
    """Rates against their size, with the limits around the chain's own rate."""
    points = [
        FunnelPoint(
            label=row.site.short_name,
            x=row.numerator,
            n=row.denominator,
            shape=shape_of(row.site.tenant),
            outside=row.mark is not None,
            judged=row.judged,
        )
        for row in rows
        if row.denominator and not row.few
    ]
    largest = max((point.n for point in points), default=1)
    steps = []
    for n in sorted({max(1, round(largest * step / 24)) for step in range(1, 26)}):
        low, high = limits(rate, n)
        narrow = (high - low) * 0.3171
        steps.append(
            FunnelLimit(
                n=n, lower95=max(0.0, rate - narrow), upper95=min(1.0, rate + narrow), lower998=low, upper998=high
            )
        )
    outside = [point for point in points if point.outside]
    reading = (
        _("Only %(sites)s lie outside the 99.8 %% limits; the others cannot be told from luck and are not ranked.")
        % {"sites": listed(p.label for p in outside)}
        if outside
        else _("No site lies outside the 99.8 % limits; what is higher or lower cannot be told from luck.")
    )
    return FunnelChart(
        title=kpi.label,
        period=period.label,
        unit="%",
        n=sum(point.n for point in points),
        reading=reading,
        version=f"v{kpi.version}",
        width=WIDE,
        write=lambda share: "—" if share is None else f"{share * 100:.1f} %",
        points=points,
        mean=rate,
        limits=steps,
    )


def bars(kpi: Kpi, period: Period, rows: Sequence[FigureRow]) -> BarChart:
    """Everything that is no rate: the sites side by side in the order of the columns."""
    shown = [row for row in rows if not row.few]
    return BarChart(
        title=kpi.label,
        period=period.label,
        unit=unit_of(kpi),
        n=sum(row.n for row in shown),
        reading=_("The sites in the order of the matrix; no judgement and no ranking."),
        version=f"v{kpi.version}",
        width=max(WIDE, 64 * len(shown)),
        points=[
            Point(label=row.site.short_name, value=_plotted(kpi, value_of(kpi, row.numerator, row.denominator)))
            for row in shown
        ],
    )


def months_chart(kpi: Kpi, site: BranchSite, months: Sequence[tuple[date, SiteMonth | None]]) -> Chart:
    """Thirteen months of a site. A rate gets limits around its own baseline once that holds enough months and cases."""
    title = f"{site.tenant.name} · {site.short_name}"
    known = [
        (month, row)
        for month, row in months
        if row is not None and row.denominator and not too_few(kpi, row.denominator, row.n)
    ]
    baseline = [row for _month, row in known[:-3]]
    cases = sum(row.numerator for row in baseline)
    if kpi.aggregate == "ratio" and len(baseline) >= BASELINE_MONTHS and cases >= BASELINE_CASES:
        return _control(kpi, title, known, baseline)
    return BarChart(
        title=title,
        period=_("13 months"),
        unit=unit_of(kpi),
        version=f"v{kpi.version}",
        width=WIDE,
        reading=_("Too few months or cases for limits: the course is shown, not judged."),
        points=[
            Point(
                label=f"{month:%y-%m}",
                value=_plotted(kpi, value_of(kpi, row.numerator, row.denominator))
                if row is not None and not too_few(kpi, row.denominator, row.n)
                else None,
            )
            for month, row in months
        ],
    )


def _control(
    kpi: Kpi, title: str, known: Sequence[tuple[date, SiteMonth]], baseline: Sequence[SiteMonth]
) -> ControlChart:
    centre = sum(row.numerator for row in baseline) / sum(row.denominator or 0 for row in baseline)
    steps = []
    points = []
    for month, row in known:
        total = row.denominator or 1
        spread = 3 * math.sqrt(max(0.0, centre * (1 - centre)) / total)
        low, high = max(0.0, centre - spread), min(1.0, centre + spread)
        here = row.numerator / total
        steps.append((low * 100, high * 100))
        mark = "above" if here > high else "below" if here < low else ""
        points.append(Point(label=f"{month:%y-%m}", value=here * 100, note=f"{row.numerator}/{total}", mark=mark))
    special = [str(point.label) for point in points if point.mark]
    first, last = known[0][0], known[len(baseline) - 1][0]
    reading = (
        _("Beyond three standard deviations of the site's own course: %(months)s. A clue, not a conclusion.")
        % {"months": listed(special)}
        if special
        else _("Every month lies within the limits of the site's own course: ordinary variation.")
    )
    return ControlChart(
        title=title,
        period=_("13 months"),
        unit="%",
        n=sum(row.denominator or 0 for _month, row in known),
        version=f"v{kpi.version}",
        width=WIDE,
        write=lambda value: "—" if value is None else f"{value:.1f} %",
        reading=reading,
        points=points,
        centre=centre * 100,
        limits=steps,
        baseline=_("baseline %(first)s – %(last)s: %(rate).1f %%")
        % {"first": f"{first:%y-%m}", "last": f"{last:%y-%m}", "rate": centre * 100},
    )


def days_chart(kpi: Kpi, site: BranchSite, period: Period, days: Sequence[tuple[date, SiteFact | None]]) -> BarChart:
    """A site's days: where headquarters stops."""
    return BarChart(
        title=f"{site.tenant.name} · {site.short_name}",
        period=period.label,
        unit=unit_of(kpi),
        n=sum(fact.n for _day, fact in days if fact),
        version=f"v{kpi.version}",
        width=max(WIDE, 30 * len(days)),
        reading=_("Totals per day; empty days were not measured."),
        points=[
            Point(
                label=f"{day:%d}",
                value=_plotted(kpi, value_of(kpi, fact.numerator, fact.denominator))
                if fact is not None and not too_few(kpi, fact.denominator, fact.n)
                else None,
            )
            for day, fact in days
        ],
    )


def _plotted(kpi: Kpi, value: float | None) -> float | None:
    return value / 100 if value is not None and kpi.unit == "fen" else value
