"""From facts per day to months, and from months to quarters and years, so that a page reads one row per figure and site
and never a thousand days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from django.db.models import Count, Max, Sum

from kernel.registry import Kpi
from services.headquarters.definitions import definition, value_of
from services.headquarters.models import BranchSite, RolledUp, SiteFact, SiteMonth, SiteSpan

SPARK_MONTHS = 13
SPARK_WIDTH, SPARK_HEIGHT = 34, 14
# Noise must look like noise: the range is never narrower than this share of the mean on either side.
SPARK_RANGE = 0.22
PARTS = ("numerator", "denominator", "n", "days")

# The months of one figure under one version, oldest first.
Months = dict[date, SiteMonth]


def first_of(day: date) -> date:
    """The first day of the month of ``day``."""
    return day.replace(day=1)


def shifted(month: date, by: int) -> date:
    """The month ``by`` months later (negative: earlier)."""
    index = month.year * 12 + month.month - 1 + by
    return date(index // 12, index % 12 + 1, 1)


def last_of(length: str, month: date) -> date:
    """The last month of the calendar's quarter or year (``SiteSpan.Length``) in which ``month`` lies."""
    return date(month.year, 12 if length == SiteSpan.Length.YEAR else (month.month - 1) // 3 * 3 + 3, 1)


def roll_up(site: BranchSite, day: date, keys: Iterable[str]) -> None:
    """Bring the month of ``day`` up to date for ``keys``, the sparks that contain it, and the quarters and years in which
    any of this is shown."""
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
    old = SiteMonth.objects.filter(site=site, month=month, key__in=wanted).values_list("pk", "key", "version")
    SiteMonth.objects.filter(pk__in=[pk for pk, *what in old if tuple(what) not in found]).delete()
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
        update_fields=PARTS,
    )
    series = _series(site, month, wanted)
    _draw_sparks(series, month)
    _roll_up_spans(site, series, month, wanted)


def _reach(month: date) -> date:
    """The last month whose spark contains ``month``."""
    return shifted(month, SPARK_MONTHS - 1)


def _series(site: BranchSite, month: date, keys: Sequence[str]) -> dict[tuple[str, int], Months]:
    """Per figure and version every month that a change of ``month`` has to do with."""
    first, last = shifted(month, -SPARK_MONTHS + 1), last_of(SiteSpan.Length.YEAR, _reach(month))
    series: dict[tuple[str, int], Months] = defaultdict(dict)
    rows = SiteMonth.objects.filter(site=site, key__in=keys, month__gte=first, month__lte=last)
    for row in rows.order_by("month"):
        series[row.key, row.version][row.month] = row
    return series


def _draw_sparks(series: dict[tuple[str, int], Months], month: date) -> None:
    redrawn = []
    for (key, _version), months in series.items():
        kpi = definition(key)
        if kpi is None:
            continue
        for row in months.values():
            if not month <= row.month <= _reach(month):
                continue
            values = [
                _value(kpi, months.get(shifted(row.month, step - SPARK_MONTHS + 1))) for step in range(SPARK_MONTHS)
            ]
            row.spark = spark_path(values)
            redrawn.append(row)
    SiteMonth.objects.bulk_update(redrawn, ["spark"])


def _roll_up_spans(site: BranchSite, series: dict[tuple[str, int], Months], month: date, keys: Sequence[str]) -> None:
    """The quarters and years from that of ``month`` to the last one that shows a spark with it."""
    for length in SiteSpan.Length.values:
        touched = {last_of(length, shifted(month, step)) for step in range(SPARK_MONTHS)}
        fresh: dict[tuple[str, int, date], SiteSpan] = {}
        for (key, version), months in series.items():
            kpi = definition(key)
            for row in months.values():
                last = last_of(length, row.month)
                if last not in touched:
                    continue
                span = fresh.setdefault(
                    (key, version, last),
                    SiteSpan(site=site, length=length, last=last, key=key, version=version, days=0, numerator=0, n=0),
                )
                _extend(span, row, is_state=kpi is not None and kpi.aggregate == "last")
        old = SiteSpan.objects.filter(site=site, length=length, last__in=touched, key__in=keys)
        gone = [pk for pk, *what in old.values_list("pk", "key", "version", "last") if tuple(what) not in fresh]
        SiteSpan.objects.filter(pk__in=gone).delete()
        SiteSpan.objects.bulk_create(
            fresh.values(),
            update_conflicts=True,
            unique_fields=["site", "key", "version", "length", "last"],
            update_fields=[*PARTS, "spark"],
        )


def _extend(span: RolledUp, later: RolledUp, *, is_state: bool) -> None:
    """Let ``span`` reach over one ``later`` month too: parts are added up, a state is what it was last."""
    known = [part for part in (span.denominator, later.denominator) if part is not None]
    if is_state:
        span.numerator, span.denominator, span.n, span.days = later.numerator, later.denominator, later.n, later.days
    else:
        span.numerator, span.denominator = span.numerator + later.numerator, sum(known) if known else None
        span.n, span.days = span.n + later.n, span.days + later.days
    span.spark = later.spark


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
