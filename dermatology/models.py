"""Classified follow-up: the class of an illness sets when the patient is asked again (DM-020)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kernel.crypto import EncryptedTextField
from kernel.ids import CodeModel, VersionedModel
from services.patients.models import Patient
from services.sites.models import Site
from services.staff.models import StaffMember

# How the follow-up engine's source keys of this room begin.
SOURCE = "dermatology.plan:"


class IllnessClass(models.TextChoices):
    """From acute to stable; each has its interval as a follow-up rule that a tenant may change."""

    ACUTE = "A", _("A · acute")
    ACTIVE = "B", _("B · active")
    CHRONIC = "C", _("C · chronic")
    STABLE = "D", _("D · stable")


class ClassifiedPlan(VersionedModel):
    """A patient's running plan. ``round`` grows with each visit; ``next_due_on`` is when to ask next."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    doctor = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    illness = models.CharField(max_length=80)
    illness_class = models.CharField(max_length=1, choices=IllnessClass.choices)
    anchor_on = models.DateField()
    round = models.PositiveSmallIntegerField(default=1)
    next_due_on = models.DateField(null=True)
    ended_on = models.DateField(null=True)
    end_reason = models.CharField(max_length=120, blank=True)

    class Meta:
        indexes = [models.Index(fields=["site", "ended_on", "next_due_on"], name="dermatology_plan_due")]

    @property
    def source_key(self) -> str:
        """What the follow-up engine knows the present round by."""
        return f"{SOURCE}{self.code}:{self.round}"


class ClassifiedVisit(CodeModel):
    """What was found when the patient was asked: medication, development and advice, all three (DM-020)."""

    plan = models.ForeignKey(ClassifiedPlan, on_delete=models.PROTECT, related_name="visits")
    illness_class = models.CharField(max_length=1, choices=IllnessClass.choices)
    medication = EncryptedTextField()
    development = EncryptedTextField()
    advice = EncryptedTextField()
    worse = models.BooleanField(default=False)
    recorded_at = models.DateTimeField()
    recorded_by = models.CharField(max_length=80)

    class Meta:
        ordering = ["-recorded_at"]
