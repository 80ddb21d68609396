"""Paper charts: pulled for the day, transcribed, printed, given out, and the blank ones in the drawer."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.crypto import EncryptedTextField
from kernel.ids import CodeModel, VersionedModel
from kernel.web.formatting import localised
from services.appointments.models import Appointment
from services.charts.machines import RELEASE, TRANSCRIPTION
from services.patients.models import Patient
from services.sites.models import Site


class PulledChart(CodeModel):
    """The chart of a booked guest lies ready (FD-021)."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    appointment = models.OneToOneField(Appointment, on_delete=models.PROTECT, related_name="pulled_chart")
    pulled_at = models.DateTimeField()
    pulled_by_name = models.CharField(max_length=80)


class BlankStock(VersionedModel):
    """How many blank records lie in the drawer of a site, as last counted (FD-021)."""

    site = models.OneToOneField(Site, on_delete=models.PROTECT, related_name="+")
    count = models.PositiveIntegerField(_("blank records"), default=0)
    counted_at = models.DateTimeField()
    counted_by_name = models.CharField(max_length=80)
    # The alert that is open while the stock is too small; empty: it is not.
    alert_key = models.CharField(max_length=60, blank=True)


class Transcription(VersionedModel):
    """What was copied from the paper chart into the file, under the personal entry stamp of who did it (FD-022)."""

    KEPT = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="transcriptions")
    written_on = models.DateField(_("Day on the paper"))
    text = EncryptedTextField(_("Words of the paper chart"))
    text_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=TRANSCRIPTION.choices, default=TRANSCRIPTION.initial)
    entered_at = models.DateTimeField()
    entered_by = models.ForeignKey("identity.User", on_delete=models.PROTECT, related_name="+")
    entered_by_name = models.CharField(max_length=80)
    difference = EncryptedTextField(_("What differs"), blank=True, default="")
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_by = models.ForeignKey("identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    verified_by_name = models.CharField(max_length=80, blank=True)
    returned_at = models.DateTimeField(null=True, blank=True)
    returned_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-entered_at", "-id"]
        constraints = [
            TRANSCRIPTION.constraint("charts_transcription_state"),
            models.CheckConstraint(
                condition=Q(verified_by__isnull=True) | ~Q(verified_by=F("entered_by")),
                name="charts_transcription_two_people",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["verified", "returned"]) | Q(verified_by__isnull=False),
                name="charts_transcription_compared",
            ),
        ]
        indexes = [models.Index(fields=["site", "state", "-entered_at"], name="charts_transcription_list")]

    @property
    def stamp(self) -> str:
        """The entry stamp: who, when, and the beginning of the hash of the words."""
        return f"{self.entered_by_name} · {localised(self.entered_at, self.site):%Y-%m-%d %H:%M} · {self.text_hash[:8]}"


class ChartRelease(VersionedModel):
    """A patient asks for their chart: the original or a copy (CR-007)."""

    KEPT = True

    class Kind(models.TextChoices):
        COPY = "copy", pgettext_lazy("chart", "a copy")
        ORIGINAL = "original", pgettext_lazy("chart", "the original")

    class Receiver(models.TextChoices):
        PATIENT = "patient", pgettext_lazy("receiver", "the patient")
        GUARDIAN = "guardian", pgettext_lazy("receiver", "the legal guardian")
        PROXY = "proxy", pgettext_lazy("receiver", "somebody with a written proxy")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="chart_releases")
    kind = models.CharField(_("what"), max_length=8, choices=Kind.choices)
    reason = EncryptedTextField(_("Reason"), blank=True, default="")
    state = models.CharField(max_length=10, choices=RELEASE.choices, default=RELEASE.initial)
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    requested_by_name = models.CharField(max_length=80)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey("identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_by_name = models.CharField(max_length=80, blank=True)
    decision = EncryptedTextField(_("Why not"), blank=True, default="")
    # What was in dispute when it was consented to.
    holds = models.JSONField(default=list)
    receiver = models.CharField(_("who takes it"), max_length=8, choices=Receiver.choices, blank=True)
    receiver_name = EncryptedTextField(_("Name of who takes it"), blank=True, default="")
    identity_checked = models.BooleanField(default=False)
    handed_at = models.DateTimeField(null=True, blank=True)
    handed_by = models.ForeignKey("identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    handed_by_name = models.CharField(max_length=80, blank=True)
    return_on = models.DateField(_("comes back on"), null=True, blank=True)
    returned_at = models.DateTimeField(null=True, blank=True)
    returned_to_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-requested_at", "-id"]
        constraints = [
            RELEASE.constraint("charts_release_state"),
            models.CheckConstraint(
                condition=~Q(state__in=["handed_out", "returned"]) | Q(identity_checked=True, handed_at__isnull=False),
                name="charts_release_identified",
            ),
            models.CheckConstraint(
                condition=~Q(state="consented") | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="charts_release_consented_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True)
                | Q(requested_by__isnull=True)
                | Q(state="refused")
                | ~Q(decided_by=F("requested_by")),
                name="charts_release_two_people",
            ),
        ]
        indexes = [models.Index(fields=["site", "state", "-requested_at"], name="charts_release_list")]


class ChartPrint(CodeModel):
    """A chart was looked up or printed for somebody who may have it: for whom, what for (FD-023). Never edited."""

    APPEND_ONLY = True

    class Act(models.TextChoices):
        LOOK_UP = "look_up", pgettext_lazy("chart", "looked up")
        PRINT = "print", pgettext_lazy("chart", "printed")

    class Purpose(models.TextChoices):
        TREATMENT = "treatment", pgettext_lazy("print", "treatment")
        PATIENT = "patient", pgettext_lazy("print", "request of the patient")
        INSURANCE = "insurance", pgettext_lazy("print", "insurance")
        QUALITY = "quality", pgettext_lazy("print", "quality control")
        AUTHORITY = "authority", pgettext_lazy("print", "court or authority")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="chart_prints")
    act = models.CharField(_("act"), max_length=8, choices=Act.choices)
    requester = EncryptedTextField(_("for whom"))
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose.choices)
    pages = models.PositiveSmallIntegerField(_("pages"), default=0)
    at = models.DateTimeField()
    by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["site", "-at"], name="charts_print_list")]
