"""What belongs to bookings beside their slot: what was said, links to answer by, referrals, sessions of experts, and
consultations over distance. Loaded with ``models``."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.crypto import EncryptedTextField
from kernel.ids import CodeModel, VersionedModel
from services.appointments.lifecycles import ARRANGEMENT, REFERRAL, REMOTE
from services.catalogue.models import Item
from services.patients.models import Patient
from services.sites.models import Site
from services.staff.models import DutyShift, StaffMember

BOOKING = "appointments.Appointment"
USER = "identity.User"


class BookingTalk(VersionedModel):
    """What was read back and explained when a booking was made (AP-010, AP-011). A tick is added, never taken off."""

    appointment = models.OneToOneField(BOOKING, on_delete=models.PROTECT, related_name="talk")
    name_read_back = models.BooleanField(_("name read back"), default=False)
    phone_read_back = models.BooleanField(_("phone read back"), default=False)
    time_read_back = models.BooleanField(_("day and time read back"), default=False)
    reminder_told = models.BooleanField(_("told that we call the day before"), default=False)
    time_explained = models.BooleanField(_("time explained"), default=False)
    place_explained = models.BooleanField(_("place explained"), default=False)
    precautions_explained = models.BooleanField(_("precautions explained"), default=False)
    at = models.DateTimeField()
    by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["at", "id"]


class ConfirmationLink(CodeModel):
    """A secret address under which a patient answers one slot of one booking, once and until the visit begins (AP-013).

    Only the hash of the secret is kept.
    """

    class Answer(models.TextChoices):
        CONFIRMED = "confirmed", pgettext_lazy("answer", "comes")
        MOVE = "move", pgettext_lazy("answer", "asks for another time")
        CANCELLED = "cancelled", pgettext_lazy("answer", "does not come")

    class Half(models.TextChoices):
        MORNING = "morning", _("in the morning")
        AFTERNOON = "afternoon", _("in the afternoon")

    appointment = models.ForeignKey(BOOKING, on_delete=models.PROTECT, related_name="links")
    slot_no = models.PositiveSmallIntegerField()
    secret_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=10, choices=Answer.choices, blank=True)
    half = models.CharField(max_length=10, choices=Half.choices, blank=True)

    class Meta:
        ordering = ["made_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(answer="", used_at__isnull=True) | (~Q(answer="") & Q(used_at__isnull=False)),
                name="appointments_link_used_once",
            ),
            models.UniqueConstraint(
                fields=["appointment", "slot_no"],
                condition=Q(used_at__isnull=False),
                name="appointments_link_one_answer",
            ),
        ]


class Referral(VersionedModel):
    """One part of a treatment that a doctor hands to another one (AP-028, DE-016): who treats, what is done, what it
    costs in fen, when the next visit is. ``question`` is what the desk could not make out."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    # The outward code of the visit at whose end it is registered: visits stand above bookings.
    visit_code = models.UUIDField(null=True, blank=True)
    from_doctor = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    to_doctor = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    item = models.ForeignKey(Item, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    charge_fen = models.BigIntegerField(null=True, blank=True)
    next_appointment = models.ForeignKey(BOOKING, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    no_next_reason = models.CharField(max_length=120, blank=True)
    question = EncryptedTextField(_("what is unclear"), blank=True, default="")
    day = models.DateField()
    state = models.CharField(max_length=10, choices=REFERRAL.choices, default=REFERRAL.initial)
    registered_at = models.DateTimeField()
    registered_by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by_name = models.CharField(max_length=80, blank=True)
    withdrawn_reason = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["-registered_at", "-id"]
        constraints = [
            REFERRAL.constraint("appointments_referral_state"),
            models.CheckConstraint(condition=~Q(from_doctor=F("to_doctor")), name="appointments_referral_to_another"),
            models.CheckConstraint(
                condition=~Q(state="settled")
                | (
                    Q(item__isnull=False, charge_fen__isnull=False, charge_fen__gte=0)
                    & (Q(next_appointment__isnull=False) | ~Q(no_next_reason=""))
                ),
                name="appointments_referral_settled_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state="withdrawn") | ~Q(withdrawn_reason=""), name="appointments_referral_withdrawn_why"
            ),
        ]
        indexes = [models.Index(fields=["site", "day", "state"], name="appointments_referral_day")]


class Arrangement(VersionedModel):
    """A patient booked for today is arranged with the duty doctor of the administration, else by the director; the doctor
    then knows it twice: told in person, and acknowledged in the system (AP-031)."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    appointment = models.ForeignKey(BOOKING, on_delete=models.PROTECT, related_name="arrangements")
    slot_no = models.PositiveSmallIntegerField()
    administrator = models.ForeignKey(StaffMember, null=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=ARRANGEMENT.choices, default=ARRANGEMENT.initial)
    difficulty = EncryptedTextField(_("what makes it difficult"), blank=True, default="")
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    arranged_at = models.DateTimeField(null=True)
    arranged_by_name = models.CharField(max_length=80, blank=True)
    told_at = models.DateTimeField(null=True)
    told_by_name = models.CharField(max_length=80, blank=True)
    acknowledged_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            ARRANGEMENT.constraint("appointments_arrangement_state"),
            models.UniqueConstraint(fields=["appointment", "slot_no"], name="appointments_arranged_once"),
            models.CheckConstraint(
                condition=~Q(state="informed") | Q(told_at__isnull=False, acknowledged_at__isnull=False),
                name="appointments_informed_twice",
            ),
        ]


class UnplannedArrival(VersionedModel):
    """A patient under treatment who comes without a time (AP-019): what for, and who sees them. ``attending`` comes first;
    while they rest the supervisor arranges."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    purpose = EncryptedTextField(_("purpose"))
    attending = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    sees = models.ForeignKey(StaffMember, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    arranged_at = models.DateTimeField(null=True)
    arranged_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(sees__isnull=True, arranged_at__isnull=True)
                | Q(sees__isnull=False, arranged_at__isnull=False),
                name="appointments_unplanned_arranged",
            )
        ]
        indexes = [models.Index(fields=["site", "-at"], name="appointments_unplanned_site")]


class ExpertSession(VersionedModel):
    """A stretch of the roster at which an expert who does not always work here sees patients, and how many (AP-035)."""

    class Kind(models.TextChoices):
        VISITING = "visiting", pgettext_lazy("expert", "from another city")
        RETIRED = "retired", pgettext_lazy("expert", "retired expert")
        RESIDENT = "resident", pgettext_lazy("expert", "resident young doctor")

    shift = models.OneToOneField(DutyShift, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    capacity = models.PositiveSmallIntegerField(_("patients at most"))
    by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["shift__starts_at", "id"]
        constraints = [models.CheckConstraint(condition=Q(capacity__gte=1), name="appointments_session_capacity")]


class RosterPublication(CodeModel):
    """The roster of a week was made known to those who book by it (AP-038). Never edited."""

    APPEND_ONLY = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    monday = models.DateField()
    at = models.DateTimeField()
    by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["site", "monday"], name="appointments_roster_week")]


class RemoteConsultation(VersionedModel):
    """A question about a patient that a doctor elsewhere answers over distance (AP-036). ``colleague`` is the one who
    answers where they work for this tenant, else house and doctor of the partner are named."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    doctor = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+", verbose_name=_("doctor here"))
    colleague = models.ForeignKey(StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    partner = models.CharField(_("partner hospital"), max_length=80, blank=True)
    partner_doctor = models.CharField(_("doctor there"), max_length=60, blank=True)
    question = EncryptedTextField(_("question"))
    consented_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=REMOTE.choices, default=REMOTE.initial)
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey(USER, null=True, on_delete=models.PROTECT, related_name="+")
    requested_by_name = models.CharField(max_length=80)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    held_at = models.DateTimeField(null=True)
    result = EncryptedTextField(_("result"), blank=True, default="")
    recorded_at = models.DateTimeField(null=True)
    recorded_by_name = models.CharField(max_length=80, blank=True)
    end_reason = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["-requested_at", "-id"]
        constraints = [
            REMOTE.constraint("appointments_remote_state"),
            models.CheckConstraint(
                condition=Q(colleague__isnull=False) | ~Q(partner=""), name="appointments_remote_with_somebody"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["requested", "refused", "cancelled"]) | Q(consented_at__isnull=False),
                name="appointments_remote_consented",
            ),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=False, ends_at__isnull=False, ends_at__gt=F("starts_at"))
                | (Q(starts_at__isnull=True) & ~Q(state__in=["scheduled", "held", "recorded"])),
                name="appointments_remote_time",
            ),
        ]
        indexes = [models.Index(fields=["site", "state", "-requested_at"], name="appointments_remote_list")]
