"""Sending what was queued."""

from __future__ import annotations

from kernel import clock
from kernel.messaging.models import Message
from kernel.messaging.ports import gateway
from kernel.outbox import Event


def deliver(event: Event) -> None:
    """Hand a queued message to its gateway. The message's code is the gateway's idempotency key."""
    message = Message.objects.select_for_update().get(code=event.payload["message"])
    if message.state != Message.State.QUEUED:
        return
    gateway(message.channel).deliver(key=str(message.code), to=message.to, subject=message.subject, body=message.body)
    message.state = Message.State.SENT
    message.sent_at = clock.now()
    message.save(update_fields=["state", "sent_at"])
