"""Seals are controlled objects (CA-058): each application is kept, with its document, its day and who pressed it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from kernel.ids import CodeModel
from services.documents.models import Document
from services.sites.models import Site


class Seal(models.TextChoices):
    """The seals of a clinic."""

    CHARGE = "charge", pgettext_lazy("seal", "charge seal")
    CASH_PAID = "cash_paid", pgettext_lazy("seal", "“cash paid”")
    OFFICIAL = "official", pgettext_lazy("seal", "official seal")
    INVOICE_ISSUED = "invoice_issued", pgettext_lazy("seal", "“invoice issued”")


class SealUse(CodeModel):
    """One application of a seal to a document. ``day`` is the local day of the site on which it was applied, never typed."""

    APPEND_ONLY = True

    seal = models.CharField(max_length=20, choices=Seal.choices)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    at = models.DateTimeField()
    by = models.UUIDField(null=True)
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["document", "seal"], name="seals_use_once_a_document"),
            models.CheckConstraint(condition=Q(seal__in=Seal.values), name="seals_use_seal"),
        ]
        indexes = [models.Index(fields=["site", "-at"], name="seals_use_list")]
