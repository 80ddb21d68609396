"""Reading timers."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from kernel.timers.models import WAITING, Timer, TimerState


def waiting(kind: str, key: str) -> Timer | None:
    """The timer of ``kind`` and ``key`` that waits (or sleeps), if any."""
    return Timer.objects.filter(kind=kind, key=key, state__in=WAITING).first()


def due_at(kind: str, key: str) -> datetime | None:
    """When the waiting timer of ``kind`` and ``key`` is due (UTC)."""
    return Timer.objects.filter(kind=kind, key=key, state__in=WAITING).values_list("due_at", flat=True).first()


def dead_letters() -> QuerySet[Timer]:
    """Timers that failed for good, the latest first."""
    return Timer.objects.filter(state=TimerState.FAILED).order_by("-try_at")
