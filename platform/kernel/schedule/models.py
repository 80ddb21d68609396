"""What is due, for whom, and when. One row per waiting timer or event; the facts themselves stay in the tenant."""

from __future__ import annotations

from django.db import models


class CurrentUser(models.Func):
    """The database role that writes the row: the column's default, so that nobody has to be asked."""

    template = "CURRENT_USER"
    output_field = models.CharField()
    allowed_default = True


class Kind(models.TextChoices):
    TIMER = "timer"
    OUTBOX = "outbox"
    DAILY = "daily"


class DueEntry(models.Model):
    """A pointer from the public schema to a row of a tenant: ``ref`` is that row's code.

    Row security shows a tenant's role the rows that it wrote itself and lets it write only those; the scheduler's role
    reads all of them. Times are UTC.
    """

    SHARED_WITH_TENANTS = True

    kind = models.CharField(max_length=10, choices=Kind.choices)
    schema_name = models.CharField(max_length=63)
    owner_role = models.CharField(max_length=63, db_default=CurrentUser(), editable=False)
    due_at = models.DateTimeField()
    ref = models.UUIDField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "ref"], name="due_entry_once")]
        indexes = [models.Index(fields=["due_at", "schema_name"], name="due_entry_when")]
