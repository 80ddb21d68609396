"""What the clock and the book of appointments do to visits."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from kernel.context import Actor
from kernel.outbox import Event
from kernel.timers.models import Timer
from services.appointments.selectors import visit_of_booked_card
from services.reception import actions, waits
from services.reception.models import Visit

CLOCK = Actor.system("timers")
TILL = Actor.system("till")


def on_wait_over(timer: Timer) -> None:
    """A wait has become longer than its limit and is still not explained."""
    visit = (
        Visit.objects.select_for_update(of=("self",))
        .select_related("site", "patient", "doctor")
        .filter(code=UUID(timer.key))
        .first()
    )
    if visit is not None:
        since = timer.payload.get("since")
        waits.alert(by=CLOCK, visit=visit, since=datetime.fromisoformat(since) if since else None)


def on_booked(event: Event) -> None:
    """The next time is booked from the card of a visit that was waiting for nothing else: it is over."""
    code = visit_of_booked_card(event.payload["appointment"])
    visit = Visit.objects.select_related("site").filter(code=code, state="settled").first() if code else None
    if visit is not None:
        actions.close_visit(by=TILL, visit=visit)
