"""What is stored, by whom and for what. The content lies in the media storage under a random name."""

from __future__ import annotations

from django.db import models

from kernel.ids import CodeModel


class StoredFile(CodeModel):
    """One stored file. ``permission`` is the word that whoever opens it must hold."""

    purpose = models.CharField(max_length=60)
    permission = models.CharField(max_length=80)
    name = models.CharField(max_length=120)
    content_type = models.CharField(max_length=60)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    location = models.CharField(max_length=200)
    stored_by = models.UUIDField(null=True)
    stored_at = models.DateTimeField()
    # From then on nobody can open it any more; empty: as long as its row stands.
    expires_at = models.DateTimeField(null=True)
