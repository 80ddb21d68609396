"""Visits: from the door to the door, with every moment of the wait and of the chair."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kernel.crypto import EncryptedTextField
from kernel.ids import CodeModel, VersionedModel
from services.appointments.models import Appointment
from services.patients.models import Patient
from services.policy.models import OverrideRecord
from services.reception.machine import HOLDS_CHAIR, MACHINE
from services.sites.models import Chair, Site
from services.staff.models import StaffMember


class Visit(VersionedModel):
    """One visit of one patient. The wait runs from ``registered_at`` to ``led_in_at`` (or ``ended_at``), to the second.

    ``vertical`` is the line of business by its key. ``announced_wait_minutes`` is what the patient was told. Moments are
    written once by the steps of the machine and never edited, so that a wait cannot be improved afterwards.
    """

    class Opinion(models.TextChoices):
        STAY = "stay", _("stays")
        REBOOK = "rebook", _("rebooks")
        LEAVE = "leave", _("leaves")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="visits")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="visits")
    appointment = models.OneToOneField(
        Appointment, null=True, blank=True, on_delete=models.PROTECT, related_name="visit"
    )
    doctor = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="visits")
    chair = models.ForeignKey(Chair, null=True, blank=True, on_delete=models.PROTECT, related_name="visits")
    vertical = models.CharField(max_length=30, blank=True)
    visit_class = models.CharField(_("class of the visit"), max_length=24, blank=True)
    is_first = models.BooleanField(_("first visit"), default=False)
    complaint = EncryptedTextField(_("chief complaint"), blank=True, default="")
    state = models.CharField(max_length=12, choices=MACHINE.choices, default=MACHINE.initial)
    # Key of the emergency list; an emergency goes first (QU-007).
    emergency = models.CharField(max_length=40, blank=True)

    arrived_at = models.DateTimeField()
    registered_at = models.DateTimeField(null=True, blank=True)
    registered_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    announced_wait_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    announced_at = models.DateTimeField(null=True, blank=True)
    opinion = models.CharField(max_length=6, choices=Opinion.choices, blank=True)
    opinion_at = models.DateTimeField(null=True, blank=True)
    education_topic = models.CharField(_("topic of the health education"), max_length=60, blank=True)
    led_in_at = models.DateTimeField(null=True, blank=True)
    lead_in_override = models.ForeignKey(
        OverrideRecord, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    in_chair_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)
    # The till has charged it, maybe before the guest left the area.
    charged_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=120, blank=True)
    rebooked_as = models.OneToOneField(
        Appointment, null=True, blank=True, on_delete=models.PROTECT, related_name="rebooked_from"
    )

    class Meta:
        ordering = ["arrived_at", "id"]
        constraints = [
            MACHINE.constraint("reception_state_known"),
            models.CheckConstraint(
                condition=Q(state="arrived") | Q(registered_at__isnull=False) | Q(ended_at__isnull=False),
                name="reception_registered_when",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=HOLDS_CHAIR) | Q(chair__isnull=False, led_in_at__isnull=False),
                name="reception_in_a_chair",
            ),
            # Two guests in one chair only by an override that names its reason (QU-008).
            models.UniqueConstraint(
                fields=["chair"],
                condition=Q(state__in=HOLDS_CHAIR, lead_in_override__isnull=True),
                name="reception_chair_once",
            ),
        ]
        indexes = [
            models.Index(fields=["site", "arrived_at"], name="reception_site_day"),
            models.Index(fields=["site", "state"], name="reception_site_state"),
            models.Index(fields=["patient", "-arrived_at"], name="reception_patient"),
            models.Index(fields=["doctor", "arrived_at"], name="reception_doctor_day"),
        ]

    @property
    def wait_ended_at(self) -> datetime | None:
        """When the wait was over: led in, or gone."""
        return self.led_in_at or self.ended_at

    @property
    def wait_seconds(self) -> int | None:
        """How long the patient waited; None while the clock runs or never ran."""
        if self.registered_at is None or self.wait_ended_at is None:
            return None
        return int((self.wait_ended_at - self.registered_at).total_seconds())


class WaitExplanation(CodeModel):
    """Somebody explained a wait to the patient (QU-004). Never edited.

    ``late_seconds`` is how long after the alert it came (0: in time). A ``late_note`` was written when the wait was over
    already: it is kept, and changes no figure.
    """

    APPEND_ONLY = True

    class Reason(models.TextChoices):
        OVERRUN = "overrun", _("the previous treatment takes longer")
        EMERGENCY = "emergency", _("an emergency went first")
        DOCTOR = "doctor", _("the doctor is delayed")
        EQUIPMENT = "equipment", _("equipment or material")
        CROWDED = "crowded", _("many patients at once")
        OTHER = "other", _("another reason")

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="explanations")
    by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=80)
    at = models.DateTimeField()
    reason = models.CharField(max_length=10, choices=Reason.choices)
    words = models.CharField(_("what was said"), max_length=300)
    late_seconds = models.PositiveIntegerField(default=0)
    late_note = models.BooleanField(default=False)

    class Meta:
        ordering = ["at", "id"]


class QueueEvent(CodeModel):
    """One step of a visit as the desk saw it: what, when, by whom (QU-009). Never edited."""

    APPEND_ONLY = True

    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField()
    what = models.CharField(max_length=24)
    by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=80)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["at", "id"]
