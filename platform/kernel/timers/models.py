"""A timer is a row with a due time; the index in the public schema points to it."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _

from kernel.ids import CodeModel


class TimerState(models.TextChoices):
    SCHEDULED = "scheduled", _("Scheduled")
    FIRED = "fired", _("Fired")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Failed")
    SLEEPING = "sleeping", _("Asleep")


WAITING = (TimerState.SCHEDULED, TimerState.SLEEPING)
# Kinds of this beginning are the daily work of a room; their key is the local day.
DAILY_PREFIX = "daily:"


class Timer(CodeModel):
    """Something that happens at ``due_at`` (UTC): the handler of ``kind`` runs once, with ``key`` naming the thing.

    ``try_at`` is when it is tried next: ``due_at`` at first, later after each failure. Of a kind and key at most one
    waits; what fired, failed or was cancelled stays as history.
    """

    kind = models.CharField(max_length=80)
    key = models.CharField(max_length=120)
    due_at = models.DateTimeField()
    try_at = models.DateTimeField()
    payload = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    state = models.CharField(max_length=10, choices=TimerState.choices, default=TimerState.SCHEDULED)
    attempts = models.PositiveSmallIntegerField(default=0)
    fired_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, blank=True)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"], condition=models.Q(state__in=WAITING), name="timer_waits_once"
            ),
            models.CheckConstraint(condition=models.Q(state__in=TimerState.values), name="timer_state_known"),
        ]
        indexes = [
            models.Index(fields=["try_at", "id"], condition=models.Q(state="scheduled"), name="timer_due"),
            models.Index(fields=["state"], condition=models.Q(state__in=["failed", "sleeping"]), name="timer_stuck"),
            models.Index(fields=["kind", "key"], name="timer_of"),
        ]
