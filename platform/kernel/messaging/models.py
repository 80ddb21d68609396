"""Every message that was asked for, once per key."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kernel.crypto import EncryptedTextField
from kernel.ids import CodeModel


class Message(CodeModel):
    """A mail or text message. Address and text are encrypted; the key says for what it was sent."""

    class Channel(models.TextChoices):
        MAIL = "mail", _("mail")
        SMS = "sms", _("text message")

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        SENT = "sent", _("sent")
        WITHDRAWN = "withdrawn", _("withdrawn")

    key = models.CharField(max_length=160, unique=True)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    template = models.CharField(max_length=60)
    to = EncryptedTextField()
    subject = models.CharField(max_length=120, blank=True)
    body = EncryptedTextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    queued_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
