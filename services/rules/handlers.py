"""What headquarters says arrives here."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_noop

from kernel import audit, clock, outbox, tenancy
from kernel.context import Actor
from kernel.outbox import Event
from services.rules.actions import ADOPT, HEADQUARTERS
from services.rules.models import ChainPublication
from services.tasks.actions import open_task

ADOPTS = ("tenant_admin", "dean")


def take_in_publication(event: Event) -> None:
    """Keep a publication of headquarters, ask whoever sets the house's rules to adopt it, and say that it has arrived."""
    said, present = event.payload, clock.now()
    found, created = ChainPublication.objects.get_or_create(
        code=said["publication"],
        defaults={
            "title": said["title"],
            "rules": said["rules"],
            "effective_from": datetime.fromisoformat(said["effective_from"]),
            "published_at": datetime.fromisoformat(said["published_at"]),
            "received_at": present,
        },
    )
    if created:
        _ask(found)
        audit.record(by=Actor.system("outbox"), verb="rules.publication_received", target=found)
    # Sent again, it is answered again: headquarters asks because it has heard nothing.
    outbox.emit(
        "rules.publication_received",
        key=f"publication:{found.code}",
        to="headquarters",
        payload={
            "publication": str(found.code), "house": tenancy.current().name, "at": found.received_at.isoformat(),
        },
    )  # fmt: skip


def _ask(found: ChainPublication) -> None:
    open_task(
        by=HEADQUARTERS,
        kind=ADOPT,
        key=str(found.code),
        room="rules",
        title=gettext_noop("Rules of headquarters: %(title)s"),
        detail=gettext_noop("They count here once they are adopted."),
        args={"title": found.title},
        icon="settings",
        due_at=max(found.effective_from, found.received_at),
        roles=ADOPTS,
        url=("rules:publication", str(found.code)),
        closed_in_inbox=False,
    )
