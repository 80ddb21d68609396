"""Follow-ups: what is asked of whom after what, and what they said."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kernel.crypto import EncryptedTextField
from kernel.ids import CodeModel, VersionedModel
from services.appointments.models import Appointment
from services.catalogue.models import Item
from services.followup.machine import MACHINE
from services.patients.models import Patient
from services.sites.models import Site
from services.staff.models import StaffMember


class Rule(VersionedModel):
    """A follow-up rule of the tenant: one of its own, or a declared one (same ``key``) changed or switched off.

    ``offsets`` are days or months after the trigger: D0 (the same day), D7, M6.
    """

    key = models.SlugField(max_length=60, unique=True)
    label = models.CharField(_("name"), max_length=120, blank=True)
    trigger = models.CharField(_("trigger"), max_length=80)
    offsets = ArrayField(models.CharField(max_length=6), verbose_name=_("offsets"))
    roles = ArrayField(models.CharField(max_length=60), verbose_name=_("roles"))
    script = models.TextField(_("script"), blank=True)
    opening_days = models.BooleanField(_("moves to an opening day"), default=True)
    is_active = models.BooleanField(_("in force"), default=True)

    class Meta:
        ordering = ["key"]


class Plan(VersionedModel):
    """What one event starts for one patient under one rule. ``source_key`` names the thing (a visit, a treatment), so that
    hearing of it twice, or of its new date, never makes a second plan."""

    rule_key = models.CharField(max_length=60)
    source_key = models.CharField(max_length=120)
    room = models.CharField(max_length=40)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="followup_plans")
    doctor = models.ForeignKey(StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    item = models.ForeignKey(Item, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    anchor_on = models.DateField(_("counted from"))

    class Meta:
        ordering = ["-anchor_on", "-id"]
        constraints = [models.UniqueConstraint(fields=["rule_key", "source_key"], name="followup_plan_once")]
        indexes = [models.Index(fields=["patient", "-anchor_on"], name="followup_patient")]


class FollowUp(VersionedModel):
    """One call (or message, or visit) of a plan, due on a day of the site.

    ``due_at`` (UTC) is set when it becomes due. ``not_same_day`` says that a same-day call had to be carried to the next
    day (FU-023). ``attempt_days`` of its attempts count by day.
    """

    class Result(models.TextChoices):
        FINE = "fine", _("fine")
        PROBLEM = "problem", _("problem")
        SEVERE = "severe", _("must come back")
        UNREACHED = "unreached", _("not reached")

    class Satisfaction(models.TextChoices):
        SATISFIED = "satisfied", _("satisfied")
        MIXED = "mixed", _("partly")
        DISSATISFIED = "dissatisfied", _("dissatisfied")

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="followups")
    offset = models.CharField(max_length=6)
    due_on = models.DateField()
    state = models.CharField(max_length=16, choices=MACHINE.choices, default=MACHINE.initial)
    due_at = models.DateTimeField(null=True, blank=True)
    became_due_at = models.DateTimeField(null=True, blank=True)
    reached_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey("identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    not_same_day = models.BooleanField(default=False)
    result = models.CharField(max_length=10, choices=Result.choices, blank=True)
    note = EncryptedTextField(_("what the patient said"), blank=True, default="")
    # What the protocol of the rule wants: its steps that were kept, its questions with their answers (a sealed JSON object).
    steps = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    answers = EncryptedTextField(_("answers"), blank=True, default="")
    education_given = models.BooleanField(_("health advice given"), default=False)
    satisfaction = models.CharField(_("satisfaction"), max_length=12, choices=Satisfaction.choices, blank=True)
    suggestion = EncryptedTextField(_("suggestion"), blank=True, default="")
    suggestion_for = models.CharField(_("for the department"), max_length=40, blank=True)
    doctor_note = EncryptedTextField(_("the doctor's note"), blank=True, default="")
    return_visit = models.ForeignKey(Appointment, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    refusal_reason = models.CharField(_("why no return visit"), max_length=120, blank=True)
    cancel_reason = models.CharField(max_length=120, blank=True)
    # How often it became due: a second time makes a new entry in the inbox.
    round = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["due_on", "id"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "offset"], name="followup_offset_once"),
            MACHINE.constraint("followup_state_known"),
            models.CheckConstraint(
                condition=~Q(result="severe", state="closed") | Q(return_visit__isnull=False) | ~Q(refusal_reason=""),
                name="followup_severe_has_return",
            ),
        ]
        indexes = [
            models.Index(fields=["due_on"], condition=Q(state="planned"), name="followup_planned"),
            models.Index(fields=["state", "due_on"], name="followup_list"),
        ]


class Attempt(CodeModel):
    """One try to reach a patient. Never edited."""

    APPEND_ONLY = True

    class Channel(models.TextChoices):
        PHONE = "phone", _("by phone")
        MESSAGE = "message", _("message")
        VISIT = "visit", _("in person")

    followup = models.ForeignKey(FollowUp, on_delete=models.PROTECT, related_name="attempts")
    at = models.DateTimeField()
    # The day at the site: tries on one day count once (FU-016).
    day = models.DateField()
    channel = models.CharField(max_length=8, choices=Channel.choices)
    reached = models.BooleanField()
    by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["at", "id"]


class OptOut(VersionedModel):
    """A patient who does not want to be called for anything that is not about their treatment (FU-018)."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    by_name = models.CharField(max_length=80)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["patient"], condition=Q(lifted_at__isnull=True), name="followup_opt_out_once"
            )
        ]
        indexes = [models.Index(fields=["site", "at"], name="followup_opt_out_day")]
