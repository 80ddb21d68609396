"""When the deployment was alive: one row per stretch of life, so that a silence is known afterwards.

The store of ``heartbeats`` forgets; an outage is proven hours later. The worker's round writes here (every 15 seconds),
so a sign means that database, beat and worker were all at work.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from kernel import clock
from tenants.directory import public_schema
from tenants.models import LifeSpan

# A longer silence than this is a gap; a restart or one slow round is not.
SILENCE = timedelta(minutes=3)


def note() -> None:
    """The deployment lives now: the last stretch grows, or a new one begins after a silence."""
    now = clock.now()
    with public_schema():
        last = LifeSpan.objects.order_by("-began_at", "-id").first()
        if last is not None and last.last_at <= now <= last.last_at + SILENCE:
            LifeSpan.objects.filter(pk=last.pk, last_at__lt=now).update(last_at=now)
        elif last is None or now > last.last_at:
            LifeSpan.objects.create(began_at=now, last_at=now)


def silences(since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """The gaps between two signs of life within [``since``, ``until``), cut to it, oldest first.

    Before the first sign ever nothing is known, so nothing is a gap; after the last one the silence lasts until now.
    """
    with public_schema():
        stretches = list(
            LifeSpan.objects.filter(began_at__lte=until).order_by("began_at", "id").values_list("began_at", "last_at")
        )
    ends = [last for _began, last in stretches]
    begins = [began for began, _last in stretches[1:]] + [max(until, clock.now())]
    gaps = []
    for end, begin in zip(ends, begins, strict=False):
        if begin - end > SILENCE and end < until and begin > since:
            gaps.append((max(end, since), min(begin, until)))
    return gaps
