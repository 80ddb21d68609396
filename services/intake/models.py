"""The first visit: forms as data, what a visitor answered and signed, what is special, and to whom it was handed over."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.crypto import EncryptedTextField
from kernel.ids import CodeModel, VersionedModel
from services.appointments.models import Appointment
from services.intake.machine import SHEET
from services.patients.models import Patient
from services.reception.models import Visit
from services.sites.models import Site
from services.staff.models import StaffMember


class FormDefinition(VersionedModel):
    """The first-visit form of a line of business. ``at_booking``: the file begins with the booking, not at the door
    (FD-031)."""

    key = models.CharField(max_length=40)
    vertical = models.CharField(max_length=30)
    title_zh = models.CharField(max_length=60)
    title_en = models.CharField(max_length=60, blank=True)
    at_booking = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["vertical", "key"]
        constraints = [
            models.UniqueConstraint(fields=["vertical", "key"], name="intake_form_key"),
            # Whoever comes for the first time gets one form, not a choice of forms.
            models.UniqueConstraint(fields=["vertical"], condition=Q(is_active=True), name="intake_form_one_in_use"),
        ]


class FormVersion(CodeModel):
    """One wording of a form (``definitions`` says what ``content`` holds). Never edited: what was signed stays readable."""

    APPEND_ONLY = True

    form = models.ForeignKey(FormDefinition, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    written_at = models.DateTimeField()
    written_by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["form", "number"], name="intake_version_number")]


class IntakeSheet(VersionedModel):
    """One form of one visitor. ``answers`` is JSON: question to value, words and whether the visitor declined.

    Begun at a booking it has no visit until the patient arrives. After the check the answers stand still.
    """

    class Filler(models.TextChoices):
        PATIENT = "patient", pgettext_lazy("first visit", "the visitor, on a tablet")
        DESK = "desk", pgettext_lazy("first visit", "the desk, face to face")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="intake_sheets")
    visit = models.OneToOneField(Visit, null=True, blank=True, on_delete=models.PROTECT, related_name="intake_sheet")
    appointment = models.ForeignKey(Appointment, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    vertical = models.CharField(max_length=30)
    form = models.ForeignKey(FormVersion, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=SHEET.choices, default=SHEET.initial)
    answers = EncryptedTextField(blank=True, default="")
    started_at = models.DateTimeField()
    started_by_name = models.CharField(max_length=80)
    filler = models.CharField(_("filled in by"), max_length=8, choices=Filler.choices, blank=True)
    filled_at = models.DateTimeField(null=True, blank=True)
    filled_by_name = models.CharField(max_length=80, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    checked_by = models.ForeignKey("identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    checked_by_name = models.CharField(max_length=80, blank=True)
    # What this form put into the alert of the file, and when: the alert must still hold it.
    alert_text = EncryptedTextField(blank=True, default="")
    alert_at = models.DateTimeField(null=True, blank=True)
    handed_over_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    # The link that a tablet holds, as a hash.
    link_hash = models.CharField(max_length=64, blank=True)
    link_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["started_at", "id"]
        constraints = [
            SHEET.constraint("intake_sheet_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=["filling", "dropped"]) | Q(checked_at__isnull=False, filled_at__isnull=False),
                name="intake_sheet_checked_when",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["handed_over", "acknowledged"]) | Q(handed_over_at__isnull=False),
                name="intake_sheet_handed_over_when",
            ),
            models.UniqueConstraint(fields=["link_hash"], condition=~Q(link_hash=""), name="intake_sheet_link"),
            models.UniqueConstraint(
                fields=["appointment"], condition=Q(appointment__isnull=False), name="intake_sheet_once_a_booking"
            ),
        ]
        indexes = [
            models.Index(fields=["site", "-started_at"], name="intake_sheet_day"),
            models.Index(fields=["patient", "-started_at"], name="intake_sheet_patient"),
        ]


class Signature(CodeModel):
    """What a visitor signed, word for word, with its hash and the hash of the form (FD-007). Never edited.

    ``strokes`` is a drawn signature as JSON: lines of points in a field of 1000 by 300; empty when the name was typed.
    """

    APPEND_ONLY = True

    class Signer(models.TextChoices):
        PATIENT = "patient", pgettext_lazy("signature", "the patient")
        GUARDIAN = "guardian", pgettext_lazy("signature", "the legal guardian")

    sheet = models.OneToOneField(IntakeSheet, on_delete=models.PROTECT, related_name="signature")
    signer = models.CharField(_("who signs"), max_length=8, choices=Signer.choices)
    signer_name = models.CharField(_("name of who signs"), max_length=80)
    strokes = EncryptedTextField(blank=True, default="")
    text = EncryptedTextField()
    text_hash = models.CharField(max_length=64)
    form_hash = models.CharField(max_length=64)
    signed_at = models.DateTimeField()
    on_tablet = models.BooleanField(default=False)
    witness_name = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(signer_name=""), name="intake_signature_has_name")]


class SpecialFinding(VersionedModel):
    """Something in the enquiry that whoever treats must know (FD-009). It is never taken back: what was said once is told.

    ``question`` is the key of the answer; empty for what was told in words only. ``highlighted_at`` says that it stands
    out on the page now; the highlight may go, the finding stays.
    """

    sheet = models.ForeignKey(IntakeSheet, on_delete=models.PROTECT, related_name="findings")
    question = models.CharField(max_length=40, blank=True)
    words = EncryptedTextField(blank=True, default="")
    found_at = models.DateTimeField()
    found_by_name = models.CharField(max_length=80)
    highlighted_at = models.DateTimeField(null=True, blank=True)
    highlighted_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["found_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["sheet", "question"], condition=~Q(question=""), name="intake_finding_once"
            ),
        ]


class HandOver(VersionedModel):
    """The form went to a doctor, assistant or consultant with its time (FD-005), and what is special was told (FD-009).

    ``heard``: the giver says that the receiver repeated it; that counts until ``confirm_by``. A hand-over that nobody
    confirmed in time keeps its ``breached_at`` for ever, also when it is confirmed later.
    """

    sheet = models.ForeignKey(IntakeSheet, on_delete=models.PROTECT, related_name="hand_overs")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    giver = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    giver_name = models.CharField(max_length=80)
    receiver = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+", verbose_name=_("to whom"))
    complaint = EncryptedTextField(_("chief complaint"), blank=True, default="")
    circumstances = EncryptedTextField(_("special circumstances"), blank=True, default="")
    given_at = models.DateTimeField()
    heard = models.BooleanField(_("the receiver has repeated it"), default=False)
    confirm_by = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by_name = models.CharField(max_length=80, blank=True)
    breached_at = models.DateTimeField(null=True, blank=True)
    # Handed over to somebody else instead.
    replaced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["given_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["sheet"], condition=Q(replaced_at__isnull=True), name="intake_hand_over_one_stands"
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at__isnull=True) | Q(acknowledged_at__gte=F("given_at")),
                name="intake_hand_over_order",
            ),
            models.CheckConstraint(
                condition=Q(breached_at__isnull=True) | Q(breached_at__gte=F("confirm_by")),
                name="intake_hand_over_breach_is_late",
            ),
        ]
        indexes = [models.Index(fields=["receiver", "acknowledged_at"], name="intake_hand_over_receiver")]
