"""Marking days as dirty, measuring them again, and telling headquarters what changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.utils.module_loading import import_string

from kernel import clock, outbox, registry, tenancy, timers
from kernel.registry import Fact, Kpi
from services.kpis.models import DailyFact, DayPush
from services.sites.models import Site

# Several changes within this time are measured once.
SETTLE = timedelta(seconds=1)


_later: ContextVar[bool] = ContextVar("kpis_measured_later", default=False)


@contextmanager
def measuring_later() -> Iterator[None]:
    """Nothing becomes dirty inside the block: whoever loads a whole history measures its days once, at its end."""
    token = _later.set(True)
    try:
        yield
    finally:
        _later.reset(token)


def is_measured_later() -> bool:
    """Does somebody load a history here and measure afterwards?"""
    return _later.get()


def mark_dirty(site: Site, day: date) -> None:
    """Let the figures of ``site`` on the local ``day`` be measured again shortly.

    Called by handlers, after the change was committed, so that no booking ever waits for a figure.
    """
    if is_measured_later():
        return
    timers.schedule(
        "kpis.measure",
        f"{site.code}:{day}",
        clock.now() + SETTLE,
        {"site": str(site.code), "day": day.isoformat()},
        keep_earlier=True,
    )


def measure(site: Site, day: date) -> int:
    """Compute every active figure of ``site`` on ``day``, store what changed, and push it; how many rows changed.

    A figure whose computation says that nothing was measured loses its row.
    """
    with connection.cursor() as cursor:
        # Two rounds over the same day at once would push in an order that says nothing.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext(%s), hashtext(current_schema()))", [f"kpis:{site.code}:{day}"]
        )
    now = clock.now()
    known = {(fact.key, fact.version): fact for fact in DailyFact.objects.filter(site=site, day=day)}
    changed, gone, values = [], [], {}
    for kpi in active_kpis():
        fact = compute(kpi, site, day)
        row = known.get((kpi.key, kpi.version))
        if fact is None:
            if row:
                gone.append(row.pk)
            continue
        values[kpi.key] = [kpi.version, fact.numerator, fact.denominator, fact.n]
        if row is None or (row.numerator, row.denominator, row.n) != (fact.numerator, fact.denominator, fact.n):
            changed.append(
                DailyFact(
                    site=site,
                    day=day,
                    key=kpi.key,
                    version=kpi.version,
                    numerator=fact.numerator,
                    denominator=fact.denominator,
                    n=fact.n,
                    computed_at=now,
                )
            )
    DailyFact.objects.filter(pk__in=gone).delete()
    DailyFact.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["site", "day", "key", "version"],
        update_fields=["numerator", "denominator", "n", "computed_at"],
    )
    _push(site, day, values)
    return len(changed) + len(gone)


def _push(site: Site, day: date, values: dict[str, Any]) -> None:
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
    push = DayPush.objects.filter(site=site, day=day).first()
    if push and push.digest == digest:
        return
    now = clock.now()
    DayPush.objects.update_or_create(site=site, day=day, defaults={"digest": digest, "pushed_at": now})
    tenant = tenancy.current()
    outbox.emit(
        "kpis.day_measured",
        key=f"day:{site.code}:{day}",
        to="headquarters",
        payload={
            "tenant": {
                "code": str(tenant.code),
                "slug": tenant.slug,
                "name": tenant.name,
                "verticals": sorted(tenant.verticals),
                "profile": tenant.profile,
            },
            "site": {
                "code": str(site.code),
                "name": site.name,
                "short_name": site.short_name,
                "city": site.city,
                "order": site.order,
            },
            "day": day.isoformat(),
            "measured_at": now.isoformat(),
            "applicable": [kpi.key for kpi in active_kpis()],
            "facts": values,
        },
    )


def compute(kpi: Kpi, site: Site, day: date) -> Fact | None:
    """Ask a definition for one site and day."""
    return import_string(kpi.compute)(site, day)


def active_kpis() -> list[Kpi]:
    """The figures that apply to the current tenant, in their order.

    What a switched-off vertical measures is not among them, nor what this kind of tenant does not have at all:
    without a waiting area its figure is not applicable, which is something else than missing (HQ-004).
    """
    kind = tenancy.current().kind
    found = [kpi for room in registry.active_rooms() for kpi in room.kpis if not kpi.kinds or kind in kpi.kinds]
    return sorted(found, key=lambda kpi: kpi.order)
