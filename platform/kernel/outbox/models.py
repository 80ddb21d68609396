"""Events waiting to be delivered, and which handler has had which event."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _

from kernel import tenancy
from kernel.ids import CodeModel
from kernel.outbox.event import Event


class EventState(models.TextChoices):
    PENDING = "pending", _("Waiting")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Failed")


class Destination(models.TextChoices):
    SELF = "self", _("This tenant")
    HEADQUARTERS = "headquarters", _("Headquarters")
    HOUSES = "houses", _("Houses of the chain")


class Outcome(models.TextChoices):
    DONE = "done"
    SKIPPED = "skipped"


class OutboxEvent(CodeModel):
    """An event, written in the transaction of what it tells. ``try_at`` (UTC) is when the relay looks at it next."""

    type = models.CharField(max_length=80)
    key = models.CharField(max_length=120)
    payload = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    to = models.CharField(max_length=12, choices=Destination.choices, default=Destination.SELF)
    state = models.CharField(max_length=10, choices=EventState.choices, default=EventState.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    occurred_at = models.DateTimeField()
    try_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=EventState.values), name="outbox_state_known"),
            models.CheckConstraint(condition=models.Q(to__in=Destination.values), name="outbox_destination_known"),
        ]
        indexes = [
            models.Index(fields=["try_at", "id"], condition=models.Q(state="pending"), name="outbox_due"),
            models.Index(fields=["key", "id"], condition=models.Q(state="pending"), name="outbox_order"),
            models.Index(fields=["state"], condition=models.Q(state="failed"), name="outbox_dead"),
        ]

    def as_event(self) -> Event:
        """What handlers get."""
        return Event(
            code=self.code,
            type=self.type,
            key=self.key,
            payload=self.payload,
            occurred_at=self.occurred_at,
            request_id=self.request_id,
            source=tenancy.current().code,
        )


class HandledEvent(models.Model):
    """That a handler has had an event, written in the transaction of its effects: the proof that they happen once."""

    event_code = models.UUIDField()
    handler = models.CharField(max_length=160)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.DONE)
    handled_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event_code", "handler"], name="event_handled_once")]
        indexes = [models.Index(fields=["handled_at"], name="event_handled_at")]
