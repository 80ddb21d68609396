"""Classified follow-up: the class of an illness sets when the patient is asked again (DM-020)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from dermatology.machines import CHANGE
from kernel.crypto import EncryptedTextField
from kernel.ids import CodeModel, VersionedModel
from services.patients.models import Patient
from services.reception.models import Visit
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


class SuddenChange(VersionedModel):
    """The condition of a waiting guest changed suddenly: when it was seen, the doctor contacted, the guest moved (QU-014)."""

    KEPT = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="+")
    words = EncryptedTextField(_("What changed"))
    state = models.CharField(max_length=12, choices=CHANGE.choices, default=CHANGE.initial)
    seen_at = models.DateTimeField()
    seen_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    seen_by_name = models.CharField(max_length=80)
    doctor = models.ForeignKey(StaffMember, null=True, on_delete=models.PROTECT, related_name="+")
    contacted_at = models.DateTimeField(null=True)
    contacted_by_name = models.CharField(max_length=80, blank=True)
    destination = models.CharField(_("Where to"), max_length=80, blank=True)
    transferred_at = models.DateTimeField(null=True)
    transferred_by_name = models.CharField(max_length=80, blank=True)
    outcome = EncryptedTextField(_("How it ended"), blank=True, default="")
    settled_at = models.DateTimeField(null=True)
    settled_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-seen_at", "-id"]
        constraints = [
            CHANGE.constraint("dermatology_change_state"),
            models.CheckConstraint(
                condition=models.Q(state="seen") | models.Q(contacted_at__isnull=False, doctor__isnull=False),
                name="dermatology_change_doctor_first",
            ),
            models.CheckConstraint(
                condition=models.Q(contacted_at__isnull=True) | models.Q(contacted_at__gte=models.F("seen_at")),
                name="dermatology_change_order",
            ),
            models.UniqueConstraint(
                fields=["visit"], condition=models.Q(state__in=["seen", "contacted"]), name="dermatology_change_once"
            ),
        ]
        indexes = [models.Index(fields=["site", "-seen_at"], name="dermatology_changes")]
