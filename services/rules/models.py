"""What headquarters published to this house, and who adopted it here."""

from __future__ import annotations

from django.db import models

from kernel.ids import CodeModel


class ChainPublication(CodeModel):
    """A publication of the chain's headquarters as it arrived; ``code`` is headquarters' own (HQ-007).

    ``rules``: a list of {key, value, locked, withdrawn}. It counts for nothing here until somebody of the house adopts it.
    """

    title = models.CharField(max_length=120)
    rules = models.JSONField()
    effective_from = models.DateTimeField()
    published_at = models.DateTimeField()
    received_at = models.DateTimeField()
    adopted_at = models.DateTimeField(null=True)
    adopted_by = models.UUIDField(null=True)
    adopted_by_name = models.CharField(max_length=80, blank=True)
    # Rules of lines of business that this house does not have, and those on which it had adopted something later.
    left_out = models.JSONField(default=list)

    class Meta:
        ordering = ["-published_at", "-id"]
