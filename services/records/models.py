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
from services.records.machines import REVIEW
from services.sites.models import Site
from services.staff.models import StaffMember


class Treatment(VersionedModel):
    """One item done to one patient. ``visit_code`` is the code of the visit: visits stand above charts.

    ``is_sensitive``: only the treating team reads it (CR-021).
    """

    KEPT = True
    # Set on a row whose reader does not belong to the treating team; never stored.
    withheld = False

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
    is_sensitive = models.BooleanField(_("Only for the treating team"), default=False)
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
    withheld = False

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="clinical_notes")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="clinical_notes")
    visit_code = models.UUIDField(null=True, blank=True)
    text = EncryptedTextField(pgettext_lazy("record", "Note"))
    is_sensitive = models.BooleanField(_("Only for the treating team"), default=False)
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


class EntryReview(VersionedModel):
    """An entry that another person looks through for truth and form (CR-003): either a treatment or a note.

    Looked through are entries of new staff, entries with risk, and a sample (ledger 17); ``basis`` says which.
    """

    KEPT = True

    class Basis(models.TextChoices):
        NEW_STAFF = "new_staff", pgettext_lazy("review", "new colleague")
        RISK = "risk", pgettext_lazy("review", "entry with risk")
        SAMPLE = "sample", pgettext_lazy("review", "sample")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    treatment = models.OneToOneField(
        Treatment, null=True, blank=True, on_delete=models.PROTECT, related_name="entry_review"
    )
    # Nothing to protect: the database itself lets nobody remove a note.
    note = models.OneToOneField(
        ClinicalNote, null=True, blank=True, on_delete=models.DO_NOTHING, related_name="entry_review"
    )
    basis = models.CharField(max_length=10, choices=Basis.choices)
    state = models.CharField(max_length=10, choices=REVIEW.choices, default=REVIEW.initial)
    entered_at = models.DateTimeField()
    entered_by = models.ForeignKey("identity.User", on_delete=models.PROTECT, related_name="+")
    entered_by_name = models.CharField(max_length=80)
    due_at = models.DateTimeField()
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey("identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reviewed_by_name = models.CharField(max_length=80, blank=True)
    objection = EncryptedTextField(_("What is wrong"), blank=True, default="")
    answer = EncryptedTextField(_("What was put right"), blank=True, default="")
    returned = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [
            REVIEW.constraint("records_review_state"),
            models.CheckConstraint(
                condition=Q(reviewed_by__isnull=True) | ~Q(reviewed_by=models.F("entered_by")),
                name="records_reviewed_by_another",
            ),
            models.CheckConstraint(
                condition=Q(treatment__isnull=False, note__isnull=True) | Q(treatment__isnull=True, note__isnull=False),
                name="records_review_of_one_entry",
            ),
            models.CheckConstraint(
                condition=~Q(state="reviewed") | Q(reviewed_by__isnull=False, reviewed_at__isnull=False),
                name="records_reviewed_by_somebody",
            ),
        ]
        indexes = [models.Index(fields=["site", "state", "due_at"], name="records_review_list")]


class RetentionHold(VersionedModel):
    """A file is kept longer than the law asks, e.g. while a dispute lasts (CR-010)."""

    KEPT = True

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="retention_holds")
    until = models.DateField(_("Until"))
    reason = EncryptedTextField(_("Reason"))
    set_at = models.DateTimeField()
    set_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    set_by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-set_at", "-id"]
