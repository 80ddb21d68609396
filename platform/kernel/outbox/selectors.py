"""Reading the outbox."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Min, QuerySet

from kernel import clock
from kernel.outbox.models import EventState, OutboxEvent


def dead_letters() -> QuerySet[OutboxEvent]:
    """Events that could not be delivered, the latest first."""
    return OutboxEvent.objects.filter(state=EventState.FAILED).order_by("-id")


def oldest_pending() -> timedelta:
    """The age of the oldest event that is not delivered yet; zero when none waits."""
    first = OutboxEvent.objects.filter(state=EventState.PENDING).aggregate(first=Min("occurred_at"))["first"]
    return clock.now() - first if first else timedelta(0)
