"""Asking for a message. It leaves the house after the transaction, through the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.utils import translation

from kernel import clock, outbox, tenancy
from kernel.messaging.models import Message


def send(
    *, channel: str, to: str, template: str, context: Mapping[str, Any], key: str, language: str | None = None
) -> Message:
    """Queue one message, once per ``key``; asked again, the first one is returned.

    ``template`` names ``messages/<template>.<channel>.txt``; for mail its first line is the subject.
    """
    known = Message.objects.filter(key=key).first()
    if known:
        return known
    with translation.override(language or tenancy.current().language):
        text = render_to_string(f"messages/{template}.{channel}.txt", dict(context)).strip()
    subject, _separator, body = text.partition("\n") if channel == Message.Channel.MAIL else ("", "", text)
    message = Message(
        key=key,
        channel=channel,
        template=template,
        to=to,
        subject=subject.strip(),
        body=body.strip(),
        queued_at=clock.now(),
    )
    try:
        with transaction.atomic():
            message.save(force_insert=True)
    except IntegrityError:
        return Message.objects.get(key=key)
    outbox.emit("messaging.queued", key=f"message:{message.code}", payload={"message": str(message.code)})
    return message


def withdraw(*, key: str) -> bool:
    """Withdraw a message that has not left yet. True if it was still here."""
    return bool(Message.objects.filter(key=key, state=Message.State.QUEUED).update(state=Message.State.WITHDRAWN))
