"""Append-only rows: the tenant's database role may insert and select here, nothing else."""

from __future__ import annotations

from django.db import models

from kernel.ids import uuid7


class AuditEntry(models.Model):
    """One act, read or refusal. Holds codes and field names only, never personal data."""

    APPEND_ONLY = True

    code = models.UUIDField(default=uuid7, unique=True, editable=False)
    at = models.DateTimeField()
    verb = models.CharField(max_length=80)
    actor_kind = models.CharField(max_length=10)
    actor_code = models.UUIDField(null=True)
    actor_name = models.CharField(max_length=80)
    target_type = models.CharField(max_length=80, blank=True)
    target_code = models.UUIDField(null=True)
    site_code = models.UUIDField(null=True)
    purpose = models.CharField(max_length=80, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    data = models.JSONField(default=dict)
    # The transaction that wrote the row: seals cover whole transactions, in the order in which they became visible.
    transaction_id = models.BigIntegerField()
    digest = models.CharField(max_length=64)

    class Meta:
        indexes = [
            models.Index(fields=["target_code", "-at"], name="audit_target"),
            models.Index(fields=["verb", "-at"], name="audit_verb"),
            models.Index(fields=["actor_code", "-at"], name="audit_actor"),
            models.Index(fields=["transaction_id"], name="audit_transaction"),
        ]


class AuditSeal(models.Model):
    """A link of the chain over all entries whose transaction lies in ``[from_transaction, to_transaction)``."""

    APPEND_ONLY = True

    number = models.BigIntegerField(unique=True)
    at = models.DateTimeField()
    from_transaction = models.BigIntegerField()
    to_transaction = models.BigIntegerField()
    entries = models.IntegerField()
    entries_digest = models.CharField(max_length=64)
    previous = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64)
