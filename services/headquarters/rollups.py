"""From facts per day to months, so that a page reads months and never a thousand days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from django.db.models import Count, Max, Sum

from kernel.registry import Kpi
from services.headquarters.definitions import definition, value_of
from services.headquarters.models import BranchSite, SiteFact, SiteMonth

SPARK_MONTHS = 13
SPARK_WIDTH, SPARK_HEIGHT = 34, 14
# Noise must look like noise: the range is never narrower than this share of the mean on either side.
SPARK_RANGE = 0.22


def first_of(day: date) -> date:
    """The first day of the month of ``day``."""
    return day.replace(day=1)


def shifted(month: date, by: int) -> date:
    """The month ``by`` months later (negative: earlier)."""
    index = month.year * 12 + month.month - 1 + by
    return date(index // 12, index % 12 + 1, 1)


def roll_up(site: BranchSite, day: date, keys: Iterable[str]) -> None:
    """Bring the month of ``day`` up to date for ``keys``, and the sparks that contain it."""
    month = first_of(day)
    wanted = sorted(set(keys))
    following = shifted(month, 1)
    rows = (
        SiteFact.objects.filter(site=site, key__in=wanted, day__gte=month, day__lt=following)
        .values("key", "version")
        .annotate(
            numerator=Sum("numerator"),
            denominator=Sum("denominator"),
            total=Sum("n"),
            days=Count("day"),
            last=Max("day"),
        )
    )
    found = {(row["key"], row["version"]): row for row in rows}
    SiteMonth.objects.filter(site=site, month=month, key__in=wanted).exclude(
        key__in=[key for key, _version in found]
    ).delete()
    fresh = []
    for (key, version), row in found.items():
        numerator, denominator, total = row["numerator"], row["denominator"], row["total"]
        kpi = definition(key)
        if kpi is not None and kpi.aggregate == "last":
            fact = SiteFact.objects.get(site=site, key=key, version=version, day=row["last"])
            numerator, denominator, total = fact.numerator, fact.denominator, fact.n
        fresh.append(
            SiteMonth(
                site=site,
                month=month,
                key=key,
                version=version,
                numerator=numerator,
                denominator=denominator,
                n=total,
                days=row["days"],
            )
        )
    SiteMonth.objects.bulk_create(
        fresh,
        update_conflicts=True,
        unique_fields=["site", "key", "version", "month"],
        update_fields=["numerator", "denominator", "n", "days"],
    )
    _draw_sparks(site, month, wanted)


def _draw_sparks(site: BranchSite, month: date, keys: Sequence[str]) -> None:
    start, end = shifted(month, -SPARK_MONTHS + 1), shifted(month, SPARK_MONTHS - 1)
    series: dict[tuple[str, int], dict[date, SiteMonth]] = defaultdict(dict)
    for row in SiteMonth.objects.filter(
        site=site, key__in=keys, month__gte=shifted(start, -SPARK_MONTHS + 1), month__lte=end
    ):
        series[row.key, row.version][row.month] = row
    redrawn = []
    for (key, _version), months in series.items():
        kpi = definition(key)
        if kpi is None:
            continue
        for row in months.values():
            if not month <= row.month <= end:
                continue
            values = [
                _value(kpi, months.get(shifted(row.month, step - SPARK_MONTHS + 1))) for step in range(SPARK_MONTHS)
            ]
            row.spark = spark_path(values)
            redrawn.append(row)
    SiteMonth.objects.bulk_update(redrawn, ["spark"])


def _value(kpi: Kpi, row: SiteMonth | None) -> float | None:
    return None if row is None else value_of(kpi, row.numerator, row.denominator)


def spark_path(values: Sequence[float | None]) -> str:
    """The path of a spark of 34 × 14 px; a gap where nothing was measured."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    mean = sum(known) / len(known)
    half = max(abs(mean) * SPARK_RANGE, max(abs(value - mean) for value in known)) or 1.0
    path, pen = [], "M"
    for position, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        x = round(position * (SPARK_WIDTH - 2) / (len(values) - 1) + 1, 1)
        y = round(SPARK_HEIGHT / 2 - (value - mean) / half * (SPARK_HEIGHT / 2 - 1.5), 1)
        path.append(f"{pen}{x:g} {y:g}")
        pen = "L"
    return "".join(path)
