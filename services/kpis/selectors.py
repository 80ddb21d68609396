"""Reading figures in the branch."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Sum

from kernel.access import accessible
from kernel.context import Actor
from kernel.registry import Kpi
from services.kpis.actions import active_kpis
from services.kpis.models import DailyFact
from services.sites.models import Site


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure over a period: its value (None: nothing measured), what it is made of, and the days it covers.

    ``excluded`` is how many it leaves out because of a declared outage; None for a figure that never leaves anything out.
    """

    kpi: Kpi
    numerator: int
    denominator: int | None
    n: int
    days: int
    excluded: int | None = None

    @property
    def value(self) -> float | None:
        """Count or sum as it is; ratio and mean divided; None without anything measured."""
        return value_of(self.kpi, self.numerator, self.denominator, self.days)


def value_of(kpi: Kpi, numerator: int, denominator: int | None, days: int) -> float | None:
    """The value of a figure from its parts. ``percent`` is 0 to 100, ``fen`` integer fen, ``minutes`` minutes."""
    if not days:
        return None
    if kpi.aggregate in ("ratio", "mean"):
        if not denominator:
            return None
        return numerator / denominator * (100 if kpi.unit == "percent" else 1)
    return numerator


def figures(actor: Actor, *, site: Site, start: date, end: date) -> list[Figure]:
    """Every figure of one site from ``start`` to ``end`` (both included), in two queries."""
    facts = accessible(DailyFact.objects.filter(site=site, day__range=(start, end)), actor, "kpis.view")
    kpis = active_kpis()
    rows = facts.values("key", "version").annotate(
        numerator=Sum("numerator"),
        denominator=Sum("denominator"),
        total=Sum("n"),
        days=Count("day"),
    )
    found = {(row["key"], row["version"]): row for row in rows}
    standing = facts.filter(key__in=[kpi.key for kpi in kpis if kpi.aggregate == "last"])
    latest = {
        (fact.key, fact.version): fact
        for fact in standing.order_by("key", "version", "-day").distinct("key", "version")
    }
    versions = {kpi.key: kpi.version for kpi in kpis}
    result = []
    for kpi in kpis:
        row, last = found.get((kpi.key, kpi.version)), latest.get((kpi.key, kpi.version))
        excluded = None
        if kpi.excluded_by in versions:
            counted = found.get((kpi.excluded_by, versions[kpi.excluded_by]))
            excluded = counted["numerator"] if counted else 0
        if row and last:
            result.append(Figure(kpi, last.numerator, last.denominator, last.n, row["days"], excluded))
        elif row:
            result.append(Figure(kpi, row["numerator"], row["denominator"], row["total"], row["days"], excluded))
        else:
            result.append(Figure(kpi, 0, None, 0, 0, excluded))
    return result


def days_of(actor: Actor, *, site: Site, start: date, end: date) -> dict[date, dict[str, DailyFact]]:
    """The facts of a site by day and key, under the versions of today's definitions."""
    versions = {kpi.key: kpi.version for kpi in active_kpis()}
    table: dict[date, dict[str, DailyFact]] = defaultdict(dict)
    for fact in accessible(DailyFact.objects.filter(site=site, day__range=(start, end)), actor, "kpis.view"):
        if versions.get(fact.key) == fact.version:
            table[fact.day][fact.key] = fact
    return {
        start + timedelta(days=step): table.get(start + timedelta(days=step), {})
        for step in range((end - start).days + 1)
    }
