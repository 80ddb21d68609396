"""The matrix: figures × sites for a period, read from what was rolled up, in a handful of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from kernel.registry import Kpi
from services.headquarters.definitions import definitions, value_of
from services.headquarters.judging import Mark, judge, too_few
from services.headquarters.models import BranchSite, BranchTenant, SiteMonth, SiteSpan
from services.headquarters.rollups import first_of, last_of, shifted

WINDOW_SITES = 30
SPANS = {"month": 1, "quarter": 3, "year": 12}
# Addresses name months of this century; the sparks reach back from there.
YEARS = range(2000, 2100)


@dataclass(frozen=True, slots=True)
class Period:
    """A span of whole months; ``key`` is "month", "quarter" or "year", ``last`` its last month."""

    key: str
    last: date

    @property
    def months(self) -> list[date]:
        return [shifted(self.last, -step) for step in range(SPANS[self.key] - 1, -1, -1)]

    @property
    def label(self) -> str:
        """ "2026-12", or "2026-10 – 2026-12"."""
        first = self.months[0]
        return f"{self.last:%Y-%m}" if first == self.last else f"{first:%Y-%m} – {self.last:%Y-%m}"

    def moved(self, by: int) -> Period:
        return Period(self.key, shifted(self.last, by * SPANS[self.key]))


def period(key: str, month: str, today: date) -> Period:
    """The period that an address names; the present month for anything it does not know."""
    try:
        last = first_of(date.fromisoformat(f"{month}-01"))
    except ValueError:
        last = first_of(today)
    if last.year not in YEARS:
        last = first_of(today)
    chosen = key if key in SPANS else "month"
    return Period(chosen, last if chosen == "month" else last_of(chosen, last))


@dataclass(frozen=True, slots=True)
class Parts:
    """What a figure is made of in a period: at one site, or over all of them (then ``sites`` counts who reported)."""

    numerator: int
    denominator: int | None
    n: int
    days: int
    spark: str = ""
    sites: int = 1


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure at one site. ``kind``: value, few, missing (it should have been reported), na (no such thing there)."""

    kind: str
    site: BranchSite | None
    value: float | None = None
    numerator: int = 0
    denominator: int | None = None
    n: int = 0
    spark: str = ""
    mark: Mark | None = None
    days: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A figure with its value for the whole chain and a cell per site of the window."""

    kpi: Kpi
    chain: Cell
    reporting: int
    applicable: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class TenantGroup:
    """Neighbouring columns of one tenant."""

    tenant: BranchTenant
    sites: tuple[BranchSite, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One of the three sentences above the matrix."""

    tone: str
    label: str
    where: str
    text: str
    site: BranchSite
    kpi: Kpi


@dataclass(frozen=True, slots=True)
class Matrix:
    """What the page shows: the columns of this window, the rows by group, and what to look at first."""

    period: Period
    groups: tuple[TenantGroup, ...]
    rows: tuple[Row, ...]
    sentences: tuple[Sentence, ...]
    sites_total: int
    window: int
    windows: int
    # Sites per vertical of the whole chain, whatever filter is chosen; the empty key counts all of them.
    verticals: dict[str, int] = field(default_factory=dict)

    @property
    def sections(self) -> list[tuple[str | Promise, list[Row]]]:
        """The rows under their headings, in the order of the definitions."""
        return [(label, list(rows)) for label, rows in groupby(self.rows, key=lambda row: row.kpi.group)]

    @property
    def window_numbers(self) -> range:
        return range(1, self.windows + 1)

    @property
    def sites(self) -> list[BranchSite]:
        return [site for group in self.groups for site in group.sites]


def sites_of(vertical: str = "") -> QuerySet[BranchSite]:
    """The chain's sites in the order of the columns, of one vertical only if named."""
    rows = BranchSite.objects.select_related("tenant").order_by("tenant__name", "tenant_id", "order", "id")
    return rows.filter(tenant__verticals__contains=[vertical]) if vertical else rows


def build_matrix(*, period: Period, vertical: str = "", window: int = 1) -> Matrix:
    """Read the matrix: columns are at most ``WINDOW_SITES`` sites, the chain's own column counts all of them.

    The number of queries depends neither on the figures nor on the sites.
    """
    chosen = sites_of(vertical)
    total = chosen.count()
    windows = max(1, -(-total // WINDOW_SITES))
    window = min(max(window, 1), windows)
    columns = list(chosen[(window - 1) * WINDOW_SITES : window * WINDOW_SITES])
    applicable = _applicable_counts(vertical)
    wanted = {key: kpi for key, kpi in definitions().items() if applicable.get(key)}
    chain = _chain_values(wanted, period, vertical)
    cells = site_values(wanted, period, [site.pk for site in columns])
    rows = []
    for key, kpi in wanted.items():
        over_all = chain.get(key)
        whole = _cell(kpi, None, over_all, None)
        rate = whole.numerator / whole.denominator if kpi.aggregate == "ratio" and whole.denominator else None
        row = tuple(
            _cell(kpi, site, cells.get((site.pk, key)), rate) if key in site.tenant.applicable else Cell("na", site)
            for site in columns
        )
        rows.append(Row(kpi, whole, over_all.sites if over_all else 0, applicable[key], row))
    groups = tuple(TenantGroup(tenant, tuple(sites)) for tenant, sites in _by_tenant(columns))
    return Matrix(
        period=period,
        groups=groups,
        rows=tuple(rows),
        sentences=_sentences(rows),
        sites_total=total,
        window=window,
        windows=windows,
        verticals=_sites_by_vertical(),
    )


def _sites_by_vertical() -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for verticals, sites in BranchTenant.objects.annotate(columns=Count("sites")).values_list("verticals", "columns"):
        counts[""] += sites
        for key in verticals:
            counts[key] += sites
    return dict(sorted(counts.items()))


def _by_tenant(columns: Sequence[BranchSite]) -> list[tuple[BranchTenant, list[BranchSite]]]:
    found: dict[int, tuple[BranchTenant, list[BranchSite]]] = {}
    for site in columns:
        found.setdefault(site.tenant_id, (site.tenant, []))[1].append(site)
    return list(found.values())


def _applicable_counts(vertical: str) -> dict[str, int]:
    tenants = BranchTenant.objects.annotate(columns=Count("sites"))
    if vertical:
        tenants = tenants.filter(verticals__contains=[vertical])
    counts: dict[str, int] = defaultdict(int)
    for tenant in tenants:
        for key in tenant.applicable:
            counts[key] += tenant.columns
    return counts


def _rolled_up(wanted: dict[str, Kpi], period: Period) -> QuerySet[Any]:
    """The period as it was rolled up: one row per site, figure and version, however many months it has."""
    if period.key == "month":
        return SiteMonth.objects.filter(month=period.last, key__in=wanted)
    return SiteSpan.objects.filter(length=period.key, last=period.last, key__in=wanted)


def _chain_values(wanted: dict[str, Kpi], period: Period, vertical: str) -> dict[str, Parts]:
    """Per figure over all sites of the chain: one query, however many figures, months and sites there are."""
    rows = _rolled_up(wanted, period)
    if vertical:
        rows = rows.filter(site__tenant__verticals__contains=[vertical])
    sums = rows.values("key", "version").annotate(
        a=Sum("numerator"), b=Sum("denominator"), c=Sum("n"), d=Sum("days"), sites=Count("pk")
    )
    return {
        row["key"]: Parts(row["a"], row["b"], row["c"], row["d"], sites=row["sites"])
        for row in sums
        if row["version"] == wanted[row["key"]].version
    }


def site_values(
    wanted: dict[str, Kpi], period: Period, sites: Sequence[int] | None = None
) -> dict[tuple[int, str], Parts]:
    """Per (site's pk, figure), with the spark of the last month; of every site unless ``sites`` are named."""
    rows = _rolled_up(wanted, period)
    if sites is not None:
        rows = rows.filter(site__in=sites)
    names = ("site_id", "key", "version", "numerator", "denominator", "n", "days", "spark")
    return {
        (site_id, key): Parts(*parts)
        for site_id, key, version, *parts in rows.values_list(*names)
        if wanted[key].version == version
    }


def _cell(kpi: Kpi, site: BranchSite | None, parts: Parts | None, chain_rate: float | None) -> Cell:
    value = None if parts is None else value_of(kpi, parts.numerator, parts.denominator)
    if parts is None or value is None:
        return Cell("missing", site)
    few = too_few(kpi, parts.denominator, parts.n)
    mark = None if site is None or few else judge(kpi, parts.numerator, parts.denominator, chain_rate)
    return Cell(
        "few" if few else "value",
        site,
        value,
        parts.numerator,
        parts.denominator,
        parts.n,
        "" if few else parts.spark,
        mark,
        parts.days,
    )


def _sentences(rows: Sequence[Row]) -> tuple[Sentence, ...]:
    """At most three: the two worst special causes and the best good one, by how many events lie beyond the limit."""
    bad: list[tuple[float, Sentence]] = []
    good: list[tuple[float, Sentence]] = []
    for row in rows:
        for cell in row.cells:
            if cell.mark is None or cell.site is None or not cell.denominator:
                continue
            beyond = abs(cell.numerator / cell.denominator - cell.mark.limit) * cell.denominator
            chain = row.chain.value or 0.0
            text = _("%(kpi)s %(value).1f %% (%(x)d/%(n)d), chain %(chain).1f %%, limit %(limit).1f %%") % {
                "kpi": row.kpi.label,
                "value": cell.value,
                "x": cell.numerator,
                "n": cell.denominator,
                "chain": chain,
                "limit": cell.mark.limit * 100,
            }
            where = f"{cell.site.tenant.name} · {cell.site.short_name}"
            label = _("Improving") if cell.mark.good else _("Needs a look")
            sentence = Sentence("ok" if cell.mark.good else "late", label, where, text, cell.site, row.kpi)
            (good if cell.mark.good else bad).append((beyond, sentence))
    bad.sort(key=lambda item: -item[0])
    good.sort(key=lambda item: -item[0])
    chosen = [sentence for _beyond, sentence in bad[: 2 if good else 3]]
    chosen += [sentence for _beyond, sentence in good[: 3 - len(chosen)]]
    return tuple(chosen)
