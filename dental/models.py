"""Teeth: what was done and found; why a visit is of its class; models at the laboratory; sets prepared for a specialist."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dental.machines import LAB_MODEL, PREPARATION
from dental.teeth import TEETH, surfaces_in_order, tooth_is_known
from kernel.crypto import EncryptedTextField
from kernel.ids import CodeModel, VersionedModel
from services.appointments.models import Appointment
from services.patients.models import Patient
from services.reception.models import Visit
from services.records.models import Treatment
from services.sites.models import Site
from services.staff.models import StaffMember


class ToothTreatment(CodeModel):
    """A treatment of one tooth. ``warranty_until`` is its last day under guarantee; a redo names its original.

    ``helper`` is the doctor who helped out beside the treating one (DE-010).
    """

    treatment = models.OneToOneField(Treatment, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    tooth = models.PositiveSmallIntegerField()
    surfaces = models.CharField(max_length=5, blank=True)
    helper = models.ForeignKey(StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    performed_on = models.DateField()
    warranty_until = models.DateField()
    redo_of = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="redos")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=tooth_is_known(), name="dental_tooth_fdi"),
            models.CheckConstraint(condition=surfaces_in_order(), name="dental_tooth_surfaces"),
            models.CheckConstraint(condition=Q(warranty_until__gte=F("performed_on")), name="dental_warranty_order"),
        ]
        indexes = [models.Index(fields=["patient", "tooth", "-performed_on"], name="dental_tooth_history")]


class ToothFinding(CodeModel):
    """What was seen at a tooth on a day. Never edited: a later finding stands above it, "sound" ends what was before."""

    APPEND_ONLY = True

    class Kind(models.TextChoices):
        CARIES = "caries", pgettext_lazy("tooth", "caries")
        FILLED = "filled", pgettext_lazy("tooth", "filled")
        FRACTURED = "fractured", pgettext_lazy("tooth", "fractured")
        CROWN = "crown", pgettext_lazy("tooth", "crown")
        ROOT_TREATED = "root_treated", pgettext_lazy("tooth", "root canal treated")
        RESIDUAL_ROOT = "residual_root", pgettext_lazy("tooth", "residual root")
        MOBILE = "mobile", pgettext_lazy("tooth", "mobile")
        IMPACTED = "impacted", pgettext_lazy("tooth", "impacted or not erupted")
        MISSING = "missing", pgettext_lazy("tooth", "missing")
        IMPLANT = "implant", pgettext_lazy("tooth", "implant")
        SOUND = "sound", pgettext_lazy("tooth", "sound")

    # Only these lie on surfaces; the others are true of the whole tooth.
    ON_SURFACES = ("caries", "filled", "fractured")
    # What can be said of a place where the tooth is missing.
    OF_A_GAP = ("missing", "implant", "sound")

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    visit_code = models.UUIDField(null=True, blank=True)
    tooth = models.PositiveSmallIntegerField()
    surfaces = models.CharField(max_length=5, blank=True)
    kind = models.CharField(max_length=14, choices=Kind.choices)
    noted_at = models.DateTimeField()

    class Meta:
        ordering = ["-noted_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=tooth_is_known(), name="dental_finding_fdi"),
            models.CheckConstraint(condition=surfaces_in_order(), name="dental_finding_surfaces"),
            models.CheckConstraint(
                condition=Q(surfaces="") | Q(kind__in=("caries", "filled", "fractured")), name="dental_finding_whole"
            ),
            models.CheckConstraint(
                condition=Q(
                    kind__in=(
                        "caries", "filled", "fractured", "crown", "root_treated", "residual_root", "mobile", "impacted",
                        "missing", "implant", "sound",
                    )
                ),
                name="dental_finding_known",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["patient", "tooth", "-noted_at"], name="dental_finding_history")]


class VisitClass(models.TextChoices):
    """The six classes of a dental visit (DE-001)."""

    FIRST = "first", pgettext_lazy("visit class", "First visit")
    RETURN = "return", pgettext_lazy("visit class", "Return visit")
    CONSULTATION = "consultation", pgettext_lazy("visit class", "Consultation")
    EXAMINATION = "examination", pgettext_lazy("visit class", "Examination")
    EXEMPT = "exempt", pgettext_lazy("visit class", "Exempt")
    ORTHODONTIC = "orthodontic", pgettext_lazy("visit class", "Orthodontic")


class ExemptReason(models.TextChoices):
    """Why a doctor saw a patient and charges nothing (DE-006)."""

    CONSULTED = "consulted", _("only consultation or examination")
    PRIMARY_TOOTH = "primary_tooth", _("primary tooth that needs no treatment")
    CONTRAINDICATION = "contraindication", _("extraction not possible now (menstruation, blood pressure, diabetes …)")
    UNSOUND_WISH = "unsound_wish", _("the wish goes against medical principles")


class ClassDecision(CodeModel):
    """The class that somebody gave a visit, and what the history had proposed (DE-001 to DE-006). Never edited: another
    decision is another row, the latest one counts and stands on the visit."""

    APPEND_ONLY = True

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="+")
    visit_class = models.CharField(max_length=12, choices=VisitClass.choices)
    exempt_reason = models.CharField(max_length=16, choices=ExemptReason.choices, blank=True)
    proposed = models.CharField(max_length=12, choices=VisitClass.choices, blank=True)
    because = models.CharField(max_length=24, blank=True)
    decided_at = models.DateTimeField()
    decided_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    decided_by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-decided_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(visit_class__in=VisitClass.values), name="dental_class_known"),
            models.CheckConstraint(
                condition=Q(visit_class="exempt", exempt_reason__in=ExemptReason.values)
                | (~Q(visit_class="exempt") & Q(exempt_reason="")),
                name="dental_exempt_reason",
            ),
        ]


class LabModel(VersionedModel):
    """A model or piece of work at a dental laboratory, from the impression to the fitting (DE-020).

    ``round`` counts how often it was made; ``appointment`` is the visit at which it is to be fitted.
    """

    class Work(models.TextChoices):
        CROWN = "crown", pgettext_lazy("lab work", "crown")
        BRIDGE = "bridge", pgettext_lazy("lab work", "bridge")
        INLAY = "inlay", pgettext_lazy("lab work", "inlay")
        VENEER = "veneer", pgettext_lazy("lab work", "veneer")
        IMPLANT_CROWN = "implant_crown", pgettext_lazy("lab work", "crown on an implant")
        PARTIAL_DENTURE = "partial_denture", pgettext_lazy("lab work", "partial denture")
        FULL_DENTURE = "full_denture", pgettext_lazy("lab work", "full denture")
        APPLIANCE = "appliance", pgettext_lazy("lab work", "orthodontic appliance")
        STUDY_MODEL = "study_model", pgettext_lazy("lab work", "study model")

    # These span a jaw: no tooth is named.
    OF_A_JAW = ("full_denture", "appliance", "study_model")

    number = models.CharField(max_length=40)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    doctor = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    teeth = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    work = models.CharField(max_length=16, choices=Work.choices)
    note = EncryptedTextField(blank=True, default="")
    impression_on = models.DateField()
    state = models.CharField(max_length=10, choices=LAB_MODEL.choices, default=LAB_MODEL.initial)
    round = models.PositiveSmallIntegerField(default=1)
    lab = models.CharField(max_length=80, blank=True)
    due_on = models.DateField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    fitted_at = models.DateTimeField(null=True, blank=True)
    fitted_visit_code = models.UUIDField(null=True, blank=True)
    lost_at = models.DateTimeField(null=True, blank=True)
    appointment = models.ForeignKey(Appointment, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["due_on", "id"]
        constraints = [
            LAB_MODEL.constraint("dental_lab_state"),
            models.UniqueConstraint(fields=["site", "number"], name="dental_lab_number"),
            models.CheckConstraint(condition=Q(teeth__contained_by=sorted(TEETH)), name="dental_lab_fdi"),
            models.CheckConstraint(
                condition=Q(work__in=("full_denture", "appliance", "study_model")) | Q(teeth__len__gt=0),
                name="dental_lab_tooth_named",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("sent", "received", "checked", "fitted"))
                | (Q(sent_at__isnull=False, due_on__isnull=False) & ~Q(lab="")),
                name="dental_lab_sent_when",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=("checked", "fitted")) | Q(received_at__isnull=False, checked_at__isnull=False),
                name="dental_lab_checked_when",
            ),
        ]
        indexes = [
            models.Index(fields=["site", "state", "due_on"], name="dental_lab_register"),
            models.Index(fields=["patient", "-id"], name="dental_lab_patient"),
        ]

    @property
    def position(self) -> str:
        """The teeth as they are written: "36, 37"; "" for a work of a whole jaw."""
        return ", ".join(str(tooth) for tooth in self.teeth)


class LabStep(CodeModel):
    """One step of a model: what, when, by whom, with which laboratory and handler. Never edited (DE-020)."""

    APPEND_ONLY = True

    model = models.ForeignKey(LabModel, on_delete=models.PROTECT, related_name="steps")
    what = models.CharField(max_length=10, choices=LAB_MODEL.choices)
    round = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=80)
    lab = models.CharField(max_length=80, blank=True)
    # Who took it away or brought it, as signed on the laboratory's slip.
    handler = EncryptedTextField(blank=True, default="")
    due_on = models.DateField(null=True, blank=True)
    reason = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["at", "id"]


class PreparationSet(VersionedModel):
    """What must lie ready before a specialist begins: a list that is ticked off (DE-011, DE-012)."""

    class Kind(models.TextChoices):
        IMPLANT = "implant", pgettext_lazy("preparation", "Implant")
        ORTHODONTIC = "orthodontic", pgettext_lazy("preparation", "Orthodontics")

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    specialist = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=PREPARATION.choices, default=PREPARATION.initial)
    opened_at = models.DateTimeField()
    prepared_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [
            PREPARATION.constraint("dental_preparation_state"),
            models.CheckConstraint(condition=Q(kind__in=("implant", "orthodontic")), name="dental_preparation_kind"),
            models.UniqueConstraint(
                fields=["patient", "kind"], condition=Q(state="open"), name="dental_preparation_once"
            ),
            models.CheckConstraint(
                condition=~Q(state="withdrawn") | ~Q(end_reason=""), name="dental_preparation_reason"
            ),
        ]


class PreparationTick(CodeModel):
    """An item of the list was found to be there, or not to be there after all. Never edited; the latest one counts."""

    APPEND_ONLY = True

    preparation = models.ForeignKey(PreparationSet, on_delete=models.PROTECT, related_name="ticks")
    item = models.CharField(max_length=16)
    there = models.BooleanField()
    at = models.DateTimeField()
    by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["at", "id"]


class HealthQuestionnaire(CodeModel):
    """What a patient answered to the questions about their health on a day (DE-014). Never edited: asked again it is
    another row, the latest one counts. ``answers`` is JSON: question to the words of a yes, null for a no."""

    APPEND_ONLY = True

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    visit_code = models.UUIDField(null=True, blank=True)
    answers = EncryptedTextField()
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    asked_by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-asked_at", "-id"]
        indexes = [models.Index(fields=["patient", "-asked_at"], name="dental_health_patient")]
