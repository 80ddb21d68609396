"""Background work of billing: one event at a time, and the round of everything that is due."""

from __future__ import annotations

from celery import shared_task

from tenants.billing import inbox, ticking
from tenants.jobs import PlatformTask
from tenants.sending import begun

MARK = "billing"


@shared_task(base=PlatformTask, name="tenants.billing.work_on_event")
def work_on_event(event_id: str) -> None:
    """Work on one stored event and on what follows from it at once."""
    inbox.work_on(event_id)
    ticking.advance_due()


@shared_task(base=PlatformTask, name="tenants.billing.advance")
def advance_billing() -> None:
    """Everything that is due: stored events, steps of the ladder, reports, copies."""
    begun(MARK)
    ticking.advance_due()
