"""The correction book: what a cashier got wrong, who verified it, who changed it, and what stands instead (CA-018 to CA-022)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.crypto import EncryptedTextField
from kernel.ids import VersionedModel
from services.cashier.models import Receipt
from services.corrections.machines import CORRECTION
from services.patients.models import Patient
from services.sites.models import Site


def _not_the_same(one: str, other: str) -> Q:
    return Q(**{f"{one}__isnull": True}) | Q(**{f"{other}__isnull": True}) | ~Q(**{one: F(other)})


class Correction(VersionedModel):
    """An entry of the book. ``change`` says in data what is to stand instead (``patient``, ``owed``, ``payments``);
    ``before`` what stood there. ``former`` is the entry by which the present receipt came about (CA-021)."""

    KEPT = True

    class Cause(models.TextChoices):
        TENDER = "tender", pgettext_lazy("error", "wrong tender")
        SPLIT = "split", pgettext_lazy("error", "amount split or owed on the wrong item")
        PATIENT = "patient", pgettext_lazy("error", "patients mixed up")
        OTHER = "other", pgettext_lazy("error", "something else")

    number = models.CharField(max_length=40)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="corrections")
    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, related_name="corrections")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    former = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="followed_by")
    state = models.CharField(max_length=12, choices=CORRECTION.choices, default=CORRECTION.initial)
    kind = models.CharField(_("Kind of error"), max_length=8, choices=Cause.choices)
    cause = EncryptedTextField(_("Cause of the error"))
    wrong = EncryptedTextField(_("Wrong content"))
    right = EncryptedTextField(_("Correct content"))
    change = models.JSONField(default=dict)
    before = models.JSONField(default=dict)
    drafted_at = models.DateTimeField()
    cashier = models.UUIDField(null=True)
    cashier_name = models.CharField(max_length=80)
    content_hash = models.CharField(max_length=64)
    verified_at = models.DateTimeField(null=True)
    verified_by = models.UUIDField(null=True)
    verified_by_name = models.CharField(max_length=80, blank=True)
    verified_hash = models.CharField(max_length=64, blank=True)
    opinion = EncryptedTextField(_("Verification"), blank=True, default="")
    applied_at = models.DateTimeField(null=True)
    applied_by = models.UUIDField(null=True)
    applied_by_name = models.CharField(max_length=80, blank=True)
    reissued = models.OneToOneField(Receipt, null=True, on_delete=models.PROTECT, related_name="corrected_by")
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.UUIDField(null=True)
    acknowledged_by_name = models.CharField(max_length=80, blank=True)
    ticked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-drafted_at", "-id"]
        constraints = [
            CORRECTION.constraint("corrections_correction_state"),
            models.UniqueConstraint(fields=["site", "number"], name="corrections_correction_number"),
            # One entry corrects one receipt; what is wrong again is corrected on the receipt that stands for it.
            models.UniqueConstraint(
                fields=["receipt"], condition=~Q(state="rejected"), name="corrections_correction_once_a_receipt"
            ),
            models.CheckConstraint(
                condition=_not_the_same("cashier", "verified_by")
                & _not_the_same("cashier", "applied_by")
                & _not_the_same("cashier", "acknowledged_by")
                & _not_the_same("verified_by", "acknowledged_by"),
                name="corrections_correction_two_people",
            ),
            models.CheckConstraint(
                condition=Q(applied_at__isnull=True) | Q(verified_at__isnull=False, reissued__isnull=False),
                name="corrections_correction_applied_after_signature",
            ),
        ]
        indexes = [models.Index(fields=["site", "state", "-drafted_at"], name="corrections_list")]
