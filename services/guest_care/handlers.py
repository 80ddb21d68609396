"""What visits and the evening do to guest care."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.utils.translation import gettext_noop

from kernel import clock
from kernel.context import Actor
from kernel.outbox import Event
from services.guest_care import actions, selectors
from services.guest_care.machine import IN_QUEUE, TICKET
from services.guest_care.models import GuestPass, Ticket
from services.sites.selectors import sites
from services.tasks.actions import open_task

VISITS = Actor.system("visit")
CLOCK = Actor.system("timers")
UNLED = "guest_care.unled"


def on_led_in(event: Event) -> None:
    """The guest sits: the number has been served, and nobody waits to take the guest over."""
    _end(event, "served")


def on_gone(event: Event) -> None:
    """The guest has gone without being led in, or the visit is closed."""
    _end(event, "void")


def flag_unled(day: date) -> None:
    """Every evening: guests who were registered and whom nobody led to a room are the supervisor's business (FD-015)."""
    for site in sites():
        local = clock.today(site.timezone)
        count = selectors.unled(site, local).count()
        if not count:
            continue
        open_task(
            by=CLOCK,
            kind=UNLED,
            key=f"{site.code}:{local.isoformat()}",
            room="guest_care",
            title=gettext_noop("Guests registered and led to no room: %(count)s"),
            detail=gettext_noop("On %(flagged_on)s"),
            args={"count": count, "flagged_on": local},
            icon="door",
            roles=("supervisor", "duty_superior"),
            site=site,
            due_at=clock.now(),
            url=("guest_care:report",),
        )


def _end(event: Event, state: str) -> None:
    code = UUID(event.payload["visit"])
    for ticket in Ticket.objects.filter(visit__code=code, state__in=IN_QUEUE).select_related("site"):
        TICKET.move(ticket, state, by=VISITS)
    for handed in GuestPass.objects.filter(visit__code=code, state="offered").select_related("site"):
        actions.withdraw_pass(by=VISITS, handed=handed)
