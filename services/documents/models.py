"""What a document said when it was issued. The PDF is made when somebody asks for it and is always the same."""

from __future__ import annotations

from django.db import models

from kernel.crypto import EncryptedTextField
from kernel.ids import CodeModel
from services.sites.models import Site


class Document(CodeModel):
    """An issued document: its number, its content as data, and the hash of that content. Never edited."""

    APPEND_ONLY = True

    kind = models.CharField(max_length=60)
    number = models.CharField(max_length=40)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    subject_type = models.CharField(max_length=60)
    subject_code = models.UUIDField()
    permission = models.CharField(max_length=80)
    template = models.CharField(max_length=80)
    content = EncryptedTextField()
    content_hash = models.CharField(max_length=64)
    issued_at = models.DateTimeField()
    issued_by = models.UUIDField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "number", "site"], name="documents_number_once")]
        indexes = [models.Index(fields=["subject_type", "subject_code"], name="documents_subject")]


class Printing(models.Model):
    """That somebody had the PDF. The first is the original, every later one is marked as a reprint."""

    APPEND_ONLY = True

    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="printings")
    copy = models.PositiveIntegerField()
    printed_at = models.DateTimeField()
    printed_by = models.UUIDField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["document", "copy"], name="documents_copy_once")]
