"""Django's own mail (password resets) through the same port."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from kernel.ids import uuid7
from kernel.messaging.ports import gateway


class PortBackend(BaseEmailBackend):
    """Hands every mail of Django to the gateway of ``EMAIL_URL``."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            for recipient in message.recipients():
                gateway("mail").deliver(
                    key=str(uuid7()), to=recipient, subject=str(message.subject), body=str(message.body)
                )
        return len(email_messages)
