"""What follows from events and from the clock."""

from __future__ import annotations

from datetime import date

from kernel.context import Actor
from kernel.identity import actions, drafts
from kernel.identity.models import User
from kernel.outbox import Event


def send_reset_link(event: Event) -> None:
    """Write to whoever asked for a way back in; an unknown address leads nowhere."""
    code = event.payload["user"]
    user = User.objects.filter(code=code, is_active=True).first() if code else None
    if user is not None:
        actions.issue_reset_link(by=Actor.system("password-reset"), user=user)


def purge(day: date) -> None:
    """Drop what ended long ago."""
    by = Actor.system("identity.purge")
    actions.purge_ended_proofs(by=by)
    drafts.purge_drafts(by=by)
