"""Reading the due index. Under the scheduler's role it covers all tenants, under a tenant's role that tenant only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min

from kernel import clock
from kernel.schedule.models import DueEntry


@dataclass(frozen=True, slots=True)
class Due:
    """A tenant with something due: how much of which kind, and since when."""

    schema_name: str
    kind: str
    count: int
    since: datetime


def due(*, at: datetime | None = None, limit: int = 1_000) -> list[Due]:
    """Who has something due at ``at`` (default: now), the longest wait first."""
    rows = (
        DueEntry.objects.filter(due_at__lte=at or clock.now())
        .values("schema_name", "kind")
        .annotate(count=Count("id"), since=Min("due_at"))
        .order_by("since")[:limit]
    )
    return [Due(**row) for row in rows]


def oldest_delay() -> timedelta:
    """For how long the longest-waiting due entry has been due; zero when nothing is. Shown by the readiness page."""
    present = clock.now()
    first = DueEntry.objects.filter(due_at__lte=present).aggregate(first=Min("due_at"))["first"]
    return present - first if first else timedelta(0)


def next_due_at() -> datetime | None:
    """When the next entry falls due (it may already have)."""
    return DueEntry.objects.aggregate(next=Min("due_at"))["next"]
