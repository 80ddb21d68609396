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
    """The deployment lives now: the last stretch grows, or a new one begins after a silence.

    How long it was silent the real clock says; the stretches themselves are in the time that the product shows.
    """
    now = clock.now()
    real = now - clock.offset()
    with public_schema():
        last = LifeSpan.objects.order_by("-began_at", "-id").first()
        if last is None:
            LifeSpan.objects.create(began_at=now, last_at=now, real_at=real)
            return
        heard = _heard(last, now)
        if real - last.real_at > SILENCE and now > heard:
            LifeSpan.objects.filter(pk=last.pk).update(last_at=heard)
            LifeSpan.objects.create(began_at=now, last_at=now, real_at=real)
        else:
            LifeSpan.objects.filter(pk=last.pk).update(last_at=max(now, last.last_at), real_at=max(real, last.real_at))


def silences(since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """The gaps between two signs of life within [``since``, ``until``), cut to it, oldest first.

    Before the first sign ever nothing is known, so nothing is a gap; after the last one the silence lasts until now.
    """
    now = clock.now()
    with public_schema():
        stretches = list(LifeSpan.objects.filter(began_at__lte=until).order_by("began_at", "id"))
        newest = LifeSpan.objects.order_by("-began_at", "-id").first()
    ends = [_heard(one, now) if one == newest else one.last_at for one in stretches]
    begins = [one.began_at for one in stretches[1:]] + [max(until, now)]
    gaps = []
    for end, begin in zip(ends, begins, strict=False):
        if begin - end > SILENCE and end < until and begin > since:
            gaps.append((max(end, since), min(begin, until)))
    return gaps


def _heard(last: LifeSpan, now: datetime) -> datetime:
    """The moment of the last sign as the clock of ``now`` counts back to it: a jump of the clock belongs to the life."""
    return max(last.last_at, now - (now - clock.offset() - last.real_at))
