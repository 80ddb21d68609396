"""Procedures and the post-op plan that each one starts (AE-015)."""

from __future__ import annotations

from django.db import models
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from kernel.ids import VersionedModel
from services.patients.models import Patient
from services.sites.models import Site
from services.staff.models import StaffMember

# How the follow-up engine's source keys of this room begin.
SOURCE = "aesthetics.procedure:"


class ProcedureTemplate(VersionedModel):
    """What follows a kind of procedure: on which days to ask, and the aftercare sheet. Content that a tenant edits."""

    key = models.SlugField(max_length=40, unique=True)
    name_zh = models.CharField(_("name (Chinese)"), max_length=80)
    name_en = models.CharField(_("name (English)"), max_length=120, blank=True)
    offsets = models.JSONField(_("follow-up days"))
    wound = models.TextField(_("wound care"))
    diet = models.TextField(_("diet"))
    rest = models.TextField(_("rest"))
    medication = models.TextField(_("medication"))
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["key"]

    @property
    def name(self) -> str:
        """The name in the reader's language."""
        english = (translation.get_language() or "").startswith("en")
        return self.name_en if english and self.name_en else self.name_zh

    @property
    def trigger(self) -> str:
        """What the follow-up engine knows it by."""
        return f"aesthetics.procedure.{self.key}"


class Procedure(VersionedModel):
    """A procedure that was done. Its date moves the plan as long as something of it is undone."""

    class State(models.TextChoices):
        FOLLOWING_UP = "following_up", _("being followed up")
        ABNORMAL = "abnormal", _("abnormal")
        COMPLETED = "completed", _("completed")

    template = models.ForeignKey(ProcedureTemplate, on_delete=models.PROTECT, related_name="procedures")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    doctor = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    performed_at = models.DateTimeField()
    visit_code = models.UUIDField(null=True)
    state = models.CharField(max_length=14, choices=State.choices, default=State.FOLLOWING_UP)
    aftercare_by_doctor = models.DateTimeField(null=True)
    aftercare_by_nurse = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-performed_at", "-id"]
        indexes = [models.Index(fields=["site", "state", "-performed_at"], name="aesthetics_procedure_list")]

    @property
    def source_key(self) -> str:
        """What the follow-up engine knows this procedure by."""
        return f"{SOURCE}{self.code}"
