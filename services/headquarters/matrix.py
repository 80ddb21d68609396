"""The matrix: figures × sites for a period, read from months in a handful of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby

from django.db.models import Count, QuerySet, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from kernel.registry import Kpi
from services.headquarters.definitions import definitions
from services.headquarters.judging import FEW, Mark, judge
from services.headquarters.models import BranchSite, BranchTenant, SiteMonth
from services.headquarters.rollups import first_of, shifted

WINDOW_SITES = 30
SPANS = {"month": 1, "quarter": 3, "year": 12}


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
    chosen = key if key in SPANS else "month"
    if chosen == "quarter":
        last = date(last.year, (last.month - 1) // 3 * 3 + 3, 1)
    if chosen == "year":
        last = date(last.year, 12, 1)
    return Period(chosen, last)


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
    verticals: tuple[str, ...] = field(default_factory=tuple)

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
    months = period.months
    chain = _chain_values(wanted, months, vertical)
    cells = _site_values([site.pk for site in columns], wanted, months)
    rows = []
    for key, kpi in wanted.items():
        over_all = chain.get(key)
        whole = _cell(kpi, None, over_all[:4] if over_all else None, None, spark="", applies=True)
        rate = whole.numerator / whole.denominator if kpi.aggregate == "ratio" and whole.denominator else None
        row = tuple(
            _cell(
                kpi,
                site,
                cells.get((site.pk, key)),
                rate,
                spark=cells.get((site.pk, key), (0, 0, 0, 0, ""))[4],
                applies=key in site.tenant.applicable,
            )
            for site in columns
        )
        rows.append(Row(kpi, whole, over_all[4] if over_all else 0, applicable[key], row))
    groups = tuple(TenantGroup(tenant, tuple(sites)) for tenant, sites in _by_tenant(columns))
    return Matrix(
        period=period,
        groups=groups,
        rows=tuple(rows),
        sentences=_sentences(rows),
        sites_total=total,
        window=window,
        windows=windows,
        verticals=tuple(
            sorted({key for keys in BranchTenant.objects.values_list("verticals", flat=True) for key in keys})
        ),
    )


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


def _chain_values(
    wanted: dict[str, Kpi], months: Sequence[date], vertical: str
) -> dict[str, tuple[int, int | None, int, int, int]]:
    """Per figure over all sites: numerator, denominator, n, days, number of sites that reported."""
    rows = SiteMonth.objects.filter(month__in=months, key__in=wanted)
    if vertical:
        rows = rows.filter(site__tenant__verticals__contains=[vertical])
    sums = rows.values("key", "version", "month").annotate(
        a=Sum("numerator"), b=Sum("denominator"), c=Sum("n"), d=Sum("days"), sites=Count("site", distinct=True)
    )
    found: dict[str, list[dict[str, object]]] = defaultdict(list)
    for row in sums:
        kpi = wanted[row["key"]]
        if row["version"] == kpi.version:
            found[row["key"]].append(row)
    result = {}
    for key, parts in found.items():
        if wanted[key].aggregate == "last":
            parts = [max(parts, key=lambda part: part["month"])]  # type: ignore[arg-type, return-value]
        denominators = [part["b"] for part in parts if part["b"] is not None]
        result[key] = (
            sum(part["a"] for part in parts),  # type: ignore[misc]
            sum(denominators) if denominators else None,  # type: ignore[arg-type]
            sum(part["c"] for part in parts),  # type: ignore[misc]
            sum(part["d"] for part in parts),  # type: ignore[misc]
            max(part["sites"] for part in parts),  # type: ignore[type-var]
        )
    return result  # type: ignore[return-value]


def _site_values(
    site_ids: Sequence[int], wanted: dict[str, Kpi], months: Sequence[date]
) -> dict[tuple[int, str], tuple[int, int | None, int, int, str]]:
    """Per site and figure: numerator, denominator, n, days and the spark of the last month."""
    rows = (
        SiteMonth.objects.filter(site__in=site_ids, month__in=months)
        .order_by("month")
        .values_list("site_id", "key", "version", "numerator", "denominator", "n", "days", "spark")
    )
    found: dict[tuple[int, str], tuple[int, int | None, int, int, str]] = {}
    for site_id, key, version, numerator, denominator, n, days, spark in rows:
        kpi = wanted.get(key)
        if kpi is None or kpi.version != version:
            continue
        before = found.get((site_id, key))
        if before is not None and kpi.aggregate != "last":
            numerator += before[0]
            denominator = denominator + (before[1] or 0) if denominator is not None else before[1]
            n += before[2]
            days += before[3]
        found[site_id, key] = (numerator, denominator, n, days, spark)
    return found


def _cell(
    kpi: Kpi,
    site: BranchSite | None,
    parts: tuple[object, ...] | None,
    chain_rate: float | None,
    *,
    spark: str,
    applies: bool,
) -> Cell:
    if not applies:
        return Cell("na", site)
    if parts is None:
        return Cell("missing", site)
    numerator, denominator, n, days = parts[0], parts[1], parts[2], parts[3]
    if kpi.aggregate in ("ratio", "mean"):
        value = None if not denominator else numerator / denominator * (100 if kpi.unit == "percent" else 1)  # type: ignore[operator]
    else:
        value = float(numerator)  # type: ignore[arg-type]
    if value is None:
        return Cell("missing", site)
    few = site is not None and kpi.sensitive and (denominator if denominator is not None else n) < FEW  # type: ignore[operator]
    mark = None if site is None or few else judge(kpi, numerator, denominator, chain_rate)  # type: ignore[arg-type]
    return Cell("few" if few else "value", site, value, numerator, denominator, n, "" if few else spark, mark, days)  # type: ignore[arg-type]


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
