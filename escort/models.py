"""Companions, orders, offers and what happens during a service."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from escort.machines import OFFER_STATES, ORDER
from kernel.crypto import EncryptedTextField
from kernel.ids import CodeModel, VersionedModel
from services.patients.names import copied_names


class Hospital(VersionedModel):
    """An entry of the shared hospital directory (ES-048)."""

    name = models.CharField(max_length=80, unique=True)
    city = models.CharField(max_length=40)
    address = models.CharField(max_length=160, blank=True)
    notes = models.TextField(blank=True)


class Companion(VersionedModel):
    """Somebody who escorts: the staff member's dispatch data (ES-052)."""

    class State(models.TextChoices):
        APPLICANT = "applicant", _("applicant")
        ACTIVE = "active", _("active")
        SUSPENDED = "suspended", _("suspended")
        LEFT = "left", _("left")

    staff = models.OneToOneField("staff.StaffMember", on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.APPLICANT)
    education = models.CharField(max_length=40, blank=True)
    experience_years = models.PositiveSmallIntegerField(default=0)
    medical_background = models.BooleanField(default=False)
    languages = models.JSONField(default=list)
    hospitals = models.ManyToManyField(Hospital, related_name="+", blank=True)
    weekly_hours_target = models.PositiveSmallIntegerField(default=40)


class Qualification(CodeModel):
    """A paper that the dispatch gate asks for (ES-004, CR-017)."""

    class Kind(models.TextChoices):
        CERTIFICATE = "certificate", _("training certificate")
        CONFIDENTIALITY = "confidentiality", _("confidentiality agreement")
        HEALTH = "health", _("health certificate")
        CLEAN_RECORD = "clean_record", _("certificate of no criminal record")
        INDUCTION = "induction", _("induction hours")

    companion = models.ForeignKey(Companion, on_delete=models.CASCADE, related_name="qualifications")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    number = models.CharField(max_length=40, blank=True)
    hours = models.PositiveSmallIntegerField(default=0)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["companion", "kind", "-valid_from"], name="escort_paper_valid")]


@copied_names("customer_name")
class Order(VersionedModel):
    """One escort service, from enquiry to archive."""

    number = models.CharField(max_length=20, unique=True)
    site = models.ForeignKey("sites.Site", on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="+")
    customer_name = models.CharField(max_length=40)
    customer_phone = EncryptedTextField()
    hospital = models.ForeignKey(Hospital, on_delete=models.PROTECT, related_name="+")
    department = models.CharField(max_length=60, blank=True)
    pickup_place = models.CharField(max_length=120)
    needs = EncryptedTextField(blank=True)
    item = models.ForeignKey("catalogue.Item", on_delete=models.PROTECT, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    price_fen = models.BigIntegerField(null=True)
    state = models.CharField(max_length=20, choices=ORDER.choices, default=ORDER.initial)
    created_at = models.DateTimeField()
    agreed_at = models.DateTimeField(null=True)
    first_offered_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    checked_in_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    reported_at = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    cancel_reason = models.CharField(max_length=200, blank=True)
    contacted_note = EncryptedTextField(blank=True)
    registration_number = models.CharField(max_length=40, blank=True)
    route = models.TextField(blank=True)
    reconfirmed_at = models.DateTimeField(null=True)
    late_minutes = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [
            ORDER.constraint("escort_order_state"),
            models.CheckConstraint(condition=Q(ends_at__gt=models.F("starts_at")), name="escort_order_length"),
        ]
        indexes = [
            models.Index(fields=["state", "starts_at"], name="escort_order_board"),
            models.Index(fields=["site", "starts_at"], name="escort_order_day"),
        ]


class Agreement(CodeModel):
    """A version of the service agreement and who signed it; no dispatch before both did (ES-008)."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="agreements")
    version = models.PositiveSmallIntegerField()
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    price_fen = models.BigIntegerField()
    customer_signed_at = models.DateTimeField(null=True)
    company_signed_at = models.DateTimeField(null=True)
    company_signed_by = models.UUIDField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "version"], name="escort_agreement_version")]


class Offer(CodeModel):
    """An order offered to one companion, with the features that the ranking saw (ES-009, ES-023)."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="offers")
    companion = models.ForeignKey(Companion, on_delete=models.PROTECT, related_name="offers")
    state = models.CharField(max_length=10, choices=OFFER_STATES, default="open")
    conditional = models.JSONField(default=list)
    features = models.JSONField(default=dict)
    offered_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "companion"], condition=Q(state="open"), name="escort_offer_once"),
            models.UniqueConstraint(fields=["order"], condition=Q(state="accepted"), name="escort_offer_one_winner"),
        ]
        indexes = [models.Index(fields=["companion", "state"], name="escort_offer_mine")]


class Assignment(CodeModel):
    """Who serves an order. ``period`` contains the travel buffer; two of one companion can never overlap."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="assignments")
    companion = models.ForeignKey(Companion, on_delete=models.PROTECT, related_name="assignments")
    period = DateTimeRangeField()
    active = models.BooleanField(default=True)
    assigned_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    # Why it ended before the service; empty for one that was served.
    end_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order"], condition=Q(active=True), name="escort_assignment_one"),
            ExclusionConstraint(
                name="escort_companion_busy",
                expressions=[("companion", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
                condition=Q(active=True),
            ),
        ]


class Milestone(CodeModel):
    """What happened during a service; the phone's own time is kept beside the server's (ES-015, ES-027)."""

    class Kind(models.TextChoices):
        CHECKED_IN = "checked_in", _("met the client")
        REGISTERED = "registered", _("registered at the hospital")
        CONSULTED = "consulted", _("seen by the doctor")
        TESTED = "tested", _("tests done")
        REPORT_COLLECTED = "report_collected", _("report collected")
        MEDICINE = "medicine", _("medicine collected")
        ENDED = "ended", _("service ended")

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="milestones")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    happened_at = models.DateTimeField()
    stored_at = models.DateTimeField()
    key = models.UUIDField(unique=True)
    place = EncryptedTextField(blank=True)
    note = EncryptedTextField(blank=True)


class ServiceReport(CodeModel):
    """The companion's report; on time within the limit after the end (ES-033)."""

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="report")
    text = EncryptedTextField()
    client_condition = EncryptedTextField(blank=True)
    filed_at = models.DateTimeField()
    on_time = models.BooleanField()
