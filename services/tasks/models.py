"""Things that are due: one row per thing, whoever opened it."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kernel.crypto import EncryptedTextField
from kernel.ids import VersionedModel
from services.sites.models import Site


class Task(VersionedModel):
    """Something that somebody has to do by ``due_at``.

    ``kind`` and ``key`` name the thing itself, so that asking twice makes one task. ``title`` is an English msgid and
    ``args`` what it is filled with (codes, figures, moments); the name of the person concerned is looked up when the
    inbox is drawn, so no personal data lies here. ``roles`` may work on it until somebody takes it; ``room`` is the room
    or the line of business that it belongs to: while that one is switched off, the task sleeps and nobody sees it.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        SLEEPING = "sleeping", _("Carried over")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Withdrawn")

    class Group(models.TextChoices):
        DUE = "due", _("Due")
        APPROVAL = "approval", _("Waiting for my approval")
        PROMISE = "promise", _("Promised")

    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=120)
    room = models.CharField(max_length=40)
    group = models.CharField(max_length=10, choices=Group.choices, default=Group.DUE)
    title = models.CharField(max_length=200)
    detail = models.CharField(max_length=200, blank=True)
    args = models.JSONField(default=dict)
    icon = models.CharField(max_length=24, default="task")
    subject_type = models.CharField(max_length=40, blank=True)
    subject_code = models.UUIDField(null=True, blank=True)
    # A url name and its arguments: the path is made when it is shown, in the url configuration of that moment.
    url_name = models.CharField(max_length=80, blank=True)
    url_args = models.JSONField(default=list)

    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    assignee = models.ForeignKey(
        "identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="assigned_tasks"
    )
    roles = ArrayField(models.CharField(max_length=60), default=list)
    # Closed from the inbox by a word and a note; else only by the room that opened it, where the real act is.
    closed_in_inbox = models.BooleanField(default=True)

    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    # Among what is due at the same moment the smaller one comes first, e.g. the earlier appointment.
    rank_at = models.DateTimeField()
    escalates_at = models.DateTimeField(null=True, blank=True)
    escalates_to = ArrayField(models.CharField(max_length=60), default=list)
    escalated_at = models.DateTimeField(null=True, blank=True)
    sleeps_until = models.DateTimeField(null=True, blank=True)

    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    result = models.CharField(max_length=40, blank=True)
    note = EncryptedTextField(blank=True, default="")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey("identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["due_at", "rank_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="tasks_once"),
            models.CheckConstraint(
                condition=Q(state__in=["open", "sleeping", "done", "cancelled"]), name="tasks_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["open", "sleeping"], closed_at__isnull=True)
                | Q(state__in=["done", "cancelled"], closed_at__isnull=False),
                name="tasks_closed_when",
            ),
            models.CheckConstraint(
                condition=Q(state="sleeping", sleeps_until__isnull=False) | ~Q(state="sleeping"),
                name="tasks_sleep_has_end",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "rank_at"], condition=Q(state="open"), name="tasks_open"),
            models.Index(fields=["assignee", "due_at"], condition=Q(state="open"), name="tasks_mine"),
            GinIndex(fields=["roles"], name="tasks_roles"),
            models.Index(fields=["kind", "site", "due_at"], name="tasks_kind_day"),
            models.Index(fields=["subject_type", "subject_code"], name="tasks_subject"),
        ]


class TaskEvent(models.Model):
    """What happened to a task: taken, handed over, carried over, escalated, each with its reason. Never edited."""

    APPEND_ONLY = True

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    what = models.CharField(max_length=20)
    by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    to = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["at", "id"]
