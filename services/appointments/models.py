"""Bookings: who sees whom, when, in which chair, and what became of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models, transaction
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from kernel import parameters
from kernel.busy import actions as busy
from kernel.crypto import EncryptedTextField
from kernel.ids import CodeModel, VersionedModel
from services.appointments.group_models import BookingGroup
from services.appointments.machine import ACTIVE, MACHINE
from services.catalogue.models import Item
from services.patients.models import Patient
from services.sites.models import Chair, Site
from services.staff.models import StaffMember


class Span(Func):
    """``[starts_at, ends_at)``: touching is not overlapping (AP-006)."""

    function = "tstzrange"
    output_field = DateTimeRangeField()


def never_twice(resource: str) -> ExclusionConstraint:
    """No two bookings that count hold ``resource`` at the same time, whoever asks and however fast."""
    return ExclusionConstraint(
        name=f"appointments_{resource}_free",
        expressions=[
            (resource, RangeOperators.EQUAL),
            (Span("starts_at", "ends_at", RangeBoundary()), RangeOperators.OVERLAPS),
        ],
        condition=Q(state__in=ACTIVE),
    )


# What decides when people are busy.
HOLDING = frozenset({"state", "doctor", "assistant", "starts_at", "ends_at"})


def way_from(site: Site) -> timedelta:
    """The way from ``site`` to another house of the chain (``house_travel_minutes``)."""
    return timedelta(minutes=parameters.value("house_travel_minutes", site=site))


class Appointment(VersionedModel):
    """A booking. ``starts_at`` to ``ends_at`` (UTC) are ``units`` whole units of the length that counted when it was made.

    ``slot_no`` grows with each move, so that reminder and receipt exist once per slot. ``affected_acknowledged_at`` says
    that the patient knows of the changed roster and comes all the same (AP-020).
    """

    class Channel(models.TextChoices):
        PHONE = "phone", _("by phone")
        ON_SPOT = "on_spot", _("on the spot")
        CARD = "card", _("appointment card")
        ONLINE = "online", _("online")
        REBOOKED = "rebooked", _("rebooked from the waiting list")

    class Preference(models.TextChoices):
        DOCTOR = "doctor", _("this doctor")
        FEMALE = "female", _("a woman")
        MALE = "male", _("a man")
        AGE = "age", _("age")
        TITLE = "title", _("title")
        SPECIALTY = "specialty", _("specialty")

    class Outcome(models.TextChoices):
        SATISFIED = "satisfied", _("satisfied")
        REFUSED = "refused", _("refused")

    class Refusal(models.TextChoices):
        NONE_WORKS_HERE = "none_works_here", _("nobody who fits works here")
        NOT_ON_DUTY = "not_on_duty", _("nobody who fits is on duty")
        FULL = "full", _("everybody who fits is booked out")
        URGENT = "urgent", _("it cannot wait")
        MOVED = "moved", _("the visit was moved")

    class OnSpotReason(models.TextChoices):
        DOCTOR_OFF = "doctor_off", _("the doctor asked for is off duty")
        LONG_WAIT = "long_wait", _("the wait is too long")
        MANY_WAITING = "many_waiting", _("too many are waiting")
        NEXT_VISIT = "next_visit", _("next visit, at the end of the treatment")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="appointments")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="appointments")
    doctor = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="appointments")
    chair = models.ForeignKey(Chair, on_delete=models.PROTECT, related_name="appointments")
    assistant = models.ForeignKey(
        StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="assisted_appointments"
    )
    item = models.ForeignKey(Item, null=True, blank=True, on_delete=models.PROTECT, related_name="appointments")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    units = models.PositiveSmallIntegerField(_("units"))
    state = models.CharField(max_length=12, choices=MACHINE.choices, default=MACHINE.initial)
    slot_no = models.PositiveSmallIntegerField(default=1)

    visit_class = models.CharField(_("class of the visit"), max_length=24, blank=True)
    complaint = EncryptedTextField(_("chief complaint"), blank=True, default="")
    note = EncryptedTextField(_("remarks"), blank=True, default="")
    preference = models.CharField(_("wish"), max_length=10, choices=Preference.choices, blank=True)
    preference_reason = models.CharField(_("reason of the wish"), max_length=120, blank=True)
    # What exactly is wished for: an age band, a title, a specialty, the code of a doctor (AP-023).
    wish_value = models.CharField(max_length=40, blank=True)
    wish_outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    wish_refusal = models.CharField(_("why the wish is refused"), max_length=16, choices=Refusal.choices, blank=True)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices, default=Channel.PHONE)
    on_spot_reason = models.CharField(_("why on the spot"), max_length=12, choices=OnSpotReason.choices, blank=True)
    # The outward code of an earlier treatment that makes trouble; its vertical stands above bookings (AP-024).
    earlier_code = models.UUIDField(null=True, blank=True)
    # The specialist's visit that this one prepares (AP-026, AP-027).
    prepares = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="preparation")
    # Whose patient it is, where somebody else helps out (AP-025).
    helps = models.ForeignKey(
        StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="helped_appointments"
    )
    # Booked together with others; receipt and confirmation are the group's.
    group = models.ForeignKey(
        BookingGroup, null=True, blank=True, on_delete=models.PROTECT, related_name="appointments"
    )
    booked_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    booked_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    arrived_at = models.DateTimeField(null=True, blank=True)
    began_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(max_length=120, blank=True)
    affected_acknowledged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["starts_at", "id"]
        constraints = [
            never_twice("doctor"),
            never_twice("chair"),
            never_twice("assistant"),
            MACHINE.constraint("appointments_state_known"),
            models.CheckConstraint(condition=Q(units__gte=1), name="appointments_units"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="appointments_order"),
            models.CheckConstraint(
                condition=Q(assistant__isnull=True) | ~Q(assistant=F("doctor")),
                name="appointments_assistant_is_another",
            ),
            models.CheckConstraint(
                condition=Q(helps__isnull=True) | ~Q(helps=F("doctor")), name="appointments_helps_another"
            ),
            models.CheckConstraint(
                condition=(Q(wish_outcome="refused") & ~Q(wish_refusal=""))
                | (~Q(wish_outcome="refused") & Q(wish_refusal="")),
                name="appointments_refused_wish_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(on_spot_reason="") | Q(channel="on_spot"), name="appointments_reason_on_the_spot"
            ),
        ]
        indexes = [
            models.Index(fields=["site", "starts_at"], name="appointments_site_day"),
            models.Index(fields=["patient", "-starts_at"], name="appointments_patient"),
            models.Index(fields=["doctor", "starts_at"], name="appointments_doctor_day"),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """The booking and its place in the calendar that the houses of a chain share stand or fall together."""
        with transaction.atomic(savepoint=False):
            super().save(*args, **kwargs)
            changed = kwargs.get("update_fields")
            if changed is None or HOLDING & set(changed):
                self.hold()

    def hold(self, *, contested: bool = False) -> None:
        """Keep doctor and assistant from being booked in other houses while the booking counts. Raises Overlap."""
        if self.state not in ACTIVE:
            busy.free(ref=self.code)
            return
        people = [one.code for one in (self.doctor, self.assistant) if one is not None]
        busy.take(
            ref=self.code, people=people, starts_at=self.starts_at, ends_at=self.ends_at,
            travel=lambda: way_from(self.site), contested=contested,
        )  # fmt: skip

    @property
    def is_confirmed(self) -> bool:
        """Is the result of the confirmation known to be yes? Only then it is printed as confirmed (AP-041)."""
        return self.confirmed_at is not None

    @property
    def late_seconds(self) -> int | None:
        """How much later than booked the patient arrived; negative when early, None before."""
        return None if self.arrived_at is None else int((self.arrived_at - self.starts_at).total_seconds())


class AppointmentMove(CodeModel):
    """A booking left one slot for another: both, why, and who asked (AP-017). Never edited."""

    APPEND_ONLY = True

    class Asked(models.TextChoices):
        PATIENT = "patient", _("the patient")
        CLINIC = "clinic", _("the clinic")

    appointment = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="moves")
    old_doctor = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    old_chair = models.ForeignKey(Chair, on_delete=models.PROTECT, related_name="+")
    old_starts_at = models.DateTimeField()
    old_ends_at = models.DateTimeField()
    new_doctor = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    new_chair = models.ForeignKey(Chair, on_delete=models.PROTECT, related_name="+")
    new_starts_at = models.DateTimeField()
    new_ends_at = models.DateTimeField()
    old_assistant = models.ForeignKey(StaffMember, null=True, on_delete=models.PROTECT, related_name="+")
    new_assistant = models.ForeignKey(StaffMember, null=True, on_delete=models.PROTECT, related_name="+")
    asked_by = models.CharField(max_length=8, choices=Asked.choices)
    reason = models.CharField(max_length=120)
    at = models.DateTimeField()
    by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["at", "id"]


class ConfirmationAttempt(CodeModel):
    """One try to confirm a booking, and what it brought (AP-013). Never edited."""

    APPEND_ONLY = True

    class Channel(models.TextChoices):
        PHONE = "phone", _("by phone")
        SMS = "sms", _("text message")
        OTHER = "other", _("otherwise")

    class Result(models.TextChoices):
        CONFIRMED = "confirmed", _("confirmed")
        CHANGED = "changed", _("changed")
        CANCELLED = "cancelled", _("cancelled")
        UNREACHABLE = "unreachable", _("not reached")

    class Address(models.TextChoices):
        KNOWN = "known", _("knows the address")
        TEXTED = "texted", _("the address is texted")

    appointment = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="confirmations")
    slot_no = models.PositiveSmallIntegerField()
    channel = models.CharField(max_length=6, choices=Channel.choices)
    result = models.CharField(max_length=12, choices=Result.choices)
    # What a new patient said to "do you know where we are?" (AP-014).
    address = models.CharField(max_length=6, choices=Address.choices, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["at", "id"]


class Block(VersionedModel):
    """A time at which a person or a chair is not to be booked: a meeting, a repair."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="blocks")
    staff = models.ForeignKey(StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="blocks")
    chair = models.ForeignKey(Chair, null=True, blank=True, on_delete=models.PROTECT, related_name="blocks")
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"))
    reason = models.CharField(_("reason"), max_length=80)
    by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["starts_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="appointments_block_order"),
            models.CheckConstraint(
                condition=Q(staff__isnull=False) | Q(chair__isnull=False), name="appointments_block_of_something"
            ),
        ]
        indexes = [
            models.Index(
                fields=["site", "starts_at"], condition=Q(removed_at__isnull=True), name="appointments_block_day"
            )
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As with bookings: the person is busy for the other houses too."""
        with transaction.atomic(savepoint=False):
            super().save(*args, **kwargs)
            self.hold()

    def hold(self, *, contested: bool = False) -> None:
        """Keep the person from being booked in other houses until the time is opened again. Raises Overlap."""
        if self.removed_at is not None:
            busy.free(ref=self.code)
        elif self.staff is not None:
            busy.take(
                ref=self.code, people=[self.staff.code], starts_at=self.starts_at, ends_at=self.ends_at,
                travel=lambda: way_from(self.site), contested=contested,
            )  # fmt: skip


class AppointmentCard(VersionedModel):
    """What the doctor says about the next visit, before the patient leaves (AP-004): when, what, how long, or "complete"."""

    class State(models.TextChoices):
        OPEN = "open", _("to be booked")
        BOOKED = "booked", _("booked")
        COMPLETE = "complete", _("treatment complete")
        DECLINED = "declined", _("the patient declines")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="appointment_cards")
    doctor = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    # The outward code of the visit it was written in: visits stand above bookings.
    visit_code = models.UUIDField(null=True, blank=True)
    item = models.ForeignKey(Item, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    units = models.PositiveSmallIntegerField(default=1)
    earliest_on = models.DateField(null=True, blank=True)
    latest_on = models.DateField(null=True, blank=True)
    note = EncryptedTextField(blank=True, default="")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    reason = models.CharField(max_length=120, blank=True)
    appointment = models.OneToOneField(
        Appointment, null=True, blank=True, on_delete=models.PROTECT, related_name="card"
    )
    written_at = models.DateTimeField()
    written_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-written_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["visit_code"], name="appointments_card_once"),
            models.CheckConstraint(
                condition=Q(latest_on__isnull=True) | Q(earliest_on__isnull=True) | Q(latest_on__gte=F("earliest_on")),
                name="appointments_card_window",
            ),
            models.CheckConstraint(
                condition=Q(state="booked", appointment__isnull=False)
                | (~Q(state="booked") & Q(appointment__isnull=True)),
                name="appointments_card_booked",
            ),
        ]
        indexes = [models.Index(fields=["patient", "-written_at"], name="appointments_card_patient")]


class Rotation(VersionedModel):
    """Whose turn it is at a site: the ring goes on behind ``last``, by staff number, over days and days off (AP-008)."""

    site = models.OneToOneField(Site, on_delete=models.PROTECT, related_name="rotation")
    last = models.ForeignKey(StaffMember, null=True, on_delete=models.PROTECT, related_name="+")


class KeptTurn(CodeModel):
    """A doctor was passed over because of being busy and is next (AP-008); gone once the turn is taken. One at most."""

    rotation = models.ForeignKey(Rotation, on_delete=models.CASCADE, related_name="kept")
    doctor = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()

    class Meta:
        ordering = ["since", "id"]
        constraints = [models.UniqueConstraint(fields=["rotation", "doctor"], name="appointments_one_kept_turn")]


class Assignment(CodeModel):
    """To whom a patient was given, and by which rule (AP-007, AP-008, AP-024, AP-025). Never edited.

    Only rotation takes a turn. ``owner`` is whose patient it is where somebody else was chosen; ``visit_code`` is the
    outward code of the visit of a walk-in.
    """

    APPEND_ONLY = True

    class Basis(models.TextChoices):
        EMERGENCY = "emergency", _("emergency")
        ORIGINAL_DOCTOR = "original_doctor", _("original doctor")
        SINGLE_DOCTOR = "single_doctor", _("treating doctor")
        SUPERVISOR = "supervisor", _("assigned by the supervisor")
        MUTUAL_HELP = "mutual_help", _("mutual help")
        ROTATION = "rotation", _("rotation")
        PREFERENCE = "preference", _("wish of the patient")
        SPECIALIST = "specialist", _("specialist")
        CHOICE = "choice", _("chosen by the desk")

    class Deviation(models.TextChoices):
        PATIENT_WISH = "patient_wish", _("the patient wishes it")
        SPECIALTY = "specialty", _("needs another specialty")
        REFERRAL = "referral", _("the treating doctor refers")
        URGENT = "urgent", _("it cannot wait")
        DISSATISFIED = "dissatisfied", _("the patient is dissatisfied")
        MOVED = "moved", _("the visit was moved")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    doctor = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    owner = models.ForeignKey(StaffMember, null=True, on_delete=models.PROTECT, related_name="+")
    basis = models.CharField(max_length=16, choices=Basis.choices)
    deviation = models.CharField(max_length=12, choices=Deviation.choices, blank=True)
    reason = EncryptedTextField(blank=True, default="")
    appointment = models.ForeignKey(Appointment, null=True, on_delete=models.PROTECT, related_name="assignments")
    visit_code = models.UUIDField(null=True)
    day = models.DateField()
    at = models.DateTimeField()
    by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(appointment__isnull=False) | Q(visit_code__isnull=False),
                name="appointments_assigned_to_what",
            ),
            models.CheckConstraint(
                condition=~Q(basis="mutual_help") | (Q(owner__isnull=False) & ~Q(owner=F("doctor"))),
                name="appointments_help_names_whom",
            ),
        ]
        indexes = [models.Index(fields=["site", "-at"], name="appointments_assigned_site")]


class SpecialistCase(CodeModel):
    """A patient came for a specialist who is absent (AP-021) or busy (AP-022): what for, and what was agreed. Never edited.

    Absent: ``back_on`` is the day on which the patient is called. Busy: the specialist was informed and estimated the wait
    in minutes, and the patient was asked.
    """

    APPEND_ONLY = True

    class Kind(models.TextChoices):
        ABSENT = "absent", _("absent")
        BUSY = "busy", _("busy")

    class Opinion(models.TextChoices):
        WAIT = "wait", _("waits")
        ANOTHER_DAY = "another_day", _("comes another day")
        ANOTHER_DOCTOR = "another_doctor", _("sees another doctor")

    kind = models.CharField(max_length=6, choices=Kind.choices)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    specialist = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    purpose = EncryptedTextField(_("purpose"))
    back_on = models.DateField(null=True)
    informed_at = models.DateTimeField(null=True)
    estimated_minutes = models.PositiveSmallIntegerField(null=True)
    opinion = models.CharField(max_length=14, choices=Opinion.choices, blank=True)
    at = models.DateTimeField()
    by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(kind="absent", back_on__isnull=False)
                    | (Q(kind="busy", informed_at__isnull=False, estimated_minutes__isnull=False) & ~Q(opinion=""))
                ),
                name="appointments_specialist_case_whole",
            )
        ]
        indexes = [models.Index(fields=["site", "-at"], name="appointments_specialist_site")]


# These stand beside the slot in a file of their own and are loaded with this one.
from services.appointments.arrangements import (  # noqa: E402
    Arrangement,
    BookingTalk,
    ConfirmationLink,
    ExpertSession,
    Referral,
    RemoteConsultation,
    RosterPublication,
    UnplannedArrival,
)

__all__ = [
    "Appointment",
    "AppointmentCard",
    "AppointmentMove",
    "Arrangement",
    "Assignment",
    "Block",
    "BookingGroup",
    "BookingTalk",
    "ConfirmationAttempt",
    "ConfirmationLink",
    "ExpertSession",
    "KeptTurn",
    "Referral",
    "RemoteConsultation",
    "RosterPublication",
    "Rotation",
    "SpecialistCase",
    "UnplannedArrival",
]  # fmt: skip
