"""What the API remembers of unsafe calls that carried an ``Idempotency-Key``."""

from __future__ import annotations

from django.db import models

from kernel.crypto import EncryptedTextField
from kernel.ids import CodeModel


class IdempotencyRecord(CodeModel):
    """The first call under a key, and once it is answered its answer.

    Scope: the tenant (its schema), who called, method and path. ``fingerprint`` recognises the same request. The answer
    may hold personal data, so it is sealed.
    """

    caller = models.CharField(max_length=80)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=300)
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_index=True)
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    answer = EncryptedTextField(blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["caller", "method", "path", "key"], name="api_idempotency_scope"),
        ]
