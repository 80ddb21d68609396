"""The chart: what was done to whom, by whom, and what was written about it. A clinic deletes nothing of it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.crypto import EncryptedTextField
from kernel.ids import CodeModel, VersionedModel
from services.catalogue.models import Item
from services.patients.models import Patient
from services.sites.models import Site
from services.staff.models import StaffMember


class Treatment(VersionedModel):
    """One item done to one patient. ``visit_code`` is the code of the visit: visits stand above charts."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="treatments")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="treatments")
    doctor = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="treatments")
    assistant = models.ForeignKey(StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="treatments")
    quantity = models.PositiveSmallIntegerField(default=1)
    performed_at = models.DateTimeField()
    visit_code = models.UUIDField(null=True, blank=True)
    note = EncryptedTextField(pgettext_lazy("record", "Note"), blank=True, default="")
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    # A treatment entered by mistake stays readable, struck through; it never disappears (CR-010).
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(_("Reason"), max_length=120, blank=True)

    class Meta:
        ordering = ["-performed_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="records_treatment_quantity"),
            models.CheckConstraint(
                condition=Q(voided_at__isnull=True) | ~Q(void_reason=""), name="records_treatment_void_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["patient", "-performed_at"], name="records_treatment_patient"),
            models.Index(fields=["visit_code"], name="records_treatment_visit"),
            models.Index(fields=["site", "performed_at"], name="records_treatment_day"),
        ]


class ClinicalNote(CodeModel):
    """A written note. A correction is a new note that points to the old one; the old one stays readable."""

    APPEND_ONLY = True

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="clinical_notes")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="clinical_notes")
    visit_code = models.UUIDField(null=True, blank=True)
    text = EncryptedTextField(pgettext_lazy("record", "Note"))
    written_at = models.DateTimeField()
    corrects = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="corrected_by"
    )

    class Meta:
        ordering = ["-written_at", "-id"]
        indexes = [
            models.Index(fields=["patient", "-written_at"], name="records_note_patient"),
            models.Index(fields=["visit_code"], name="records_note_visit"),
        ]
