"""Who works here, at which sites, and when they are on duty."""

from __future__ import annotations

from datetime import date

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.crypto import BlindIndexField, EncryptedTextField, IndexedModel
from kernel.ids import CodeModel, VersionedModel
from services.sites.models import Chair, Site, day_range


class TimeSpan(Func):
    """``[starts_at, ends_at)``: touching is not overlapping."""

    function = "tstzrange"
    output_field = DateTimeRangeField()


class StaffMember(IndexedModel, VersionedModel):
    """A person who works for the tenant, with or without an account.

    The private phone is encrypted and belongs to the employer's side only: no customer-facing page, message or API
    answer carries it (CR-020).
    """

    class Gender(models.TextChoices):
        FEMALE = "female", pgettext_lazy("sex", "female")
        MALE = "male", pgettext_lazy("sex", "male")
        OTHER = "other", pgettext_lazy("sex", "other")

    user = models.OneToOneField(
        "identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="staff_member"
    )
    number = models.CharField(_("Staff number"), max_length=12, unique=True)
    name = models.CharField(_("Name"), max_length=60)
    pinyin = models.CharField(max_length=160, editable=False)
    initials = models.CharField(max_length=40, editable=False)
    post = models.CharField(_("Post"), max_length=40)
    title = models.CharField(_("Title"), max_length=40, blank=True)
    gender = models.CharField(_("Gender"), max_length=6, choices=Gender.choices)
    # Patients may wish for an older or a younger doctor; the year is enough for that.
    birth_year = models.PositiveSmallIntegerField(_("Year of birth"), null=True, blank=True)
    is_doctor = models.BooleanField(_("Doctor"), default=False)
    is_assistant = models.BooleanField(_("Assistant or nurse"), default=False)
    specialties = models.JSONField(_("Specialties"), default=list, blank=True)
    languages = models.JSONField(_("Languages"), default=list, blank=True)
    phone = EncryptedTextField(_("Private phone"), blank=True, default="")
    phone_index = BlindIndexField(source="phone")
    home_site = models.ForeignKey(
        Site, on_delete=models.PROTECT, related_name="home_staff", verbose_name=_("Home site")
    )
    sites = models.ManyToManyField(Site, through="SiteAssignment", related_name="staff")
    hired_on = models.DateField(_("Hired on"), null=True, blank=True)
    left_on = models.DateField(_("Left on"), null=True, blank=True)

    class Meta:
        ordering = ["number"]  # the rotation goes by staff number
        constraints = [
            models.CheckConstraint(
                condition=Q(left_on__isnull=True) | Q(hired_on__isnull=True) | Q(left_on__gte=F("hired_on")),
                name="staff_member_order",
            )
        ]
        indexes = [models.Index(fields=["is_doctor", "left_on"], name="staff_member_doctors")]

    def works_on(self, day: date) -> bool:
        """Is the person employed on ``day``?"""
        return (self.hired_on is None or self.hired_on <= day) and (self.left_on is None or day <= self.left_on)


class SiteAssignment(CodeModel):
    """A person works at a site from ``starts_on`` to ``ends_on`` (both included; empty = until further notice)."""

    staff = models.ForeignKey(StaffMember, on_delete=models.CASCADE, related_name="site_assignments")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="staff_assignments")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["starts_on", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")), name="staff_assignment_order"
            ),
            ExclusionConstraint(
                name="staff_assignment_once",
                expressions=[
                    ("staff", RangeOperators.EQUAL),
                    ("site", RangeOperators.EQUAL),
                    (day_range("starts_on", "ends_on"), RangeOperators.OVERLAPS),
                ],
            ),
        ]


class DutyShift(VersionedModel):
    """One stretch of the roster: at work or resting. A person is in one place at a time."""

    class Kind(models.TextChoices):
        CLINIC = "clinic", pgettext_lazy("shift", "clinic")
        ADMINISTRATION = "administration", pgettext_lazy("shift", "administration")
        STANDBY = "standby", pgettext_lazy("shift", "standby")
        REST = "rest", pgettext_lazy("shift", "rest")

    staff = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="shifts")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="shifts")
    chair = models.ForeignKey(Chair, null=True, blank=True, on_delete=models.PROTECT, related_name="shifts")
    starts_at = models.DateTimeField(_("From"))
    ends_at = models.DateTimeField(_("Until"))
    kind = models.CharField(_("Kind"), max_length=16, choices=Kind.choices, default=Kind.CLINIC)
    note = models.CharField(pgettext_lazy("record", "Note"), max_length=80, blank=True)

    class Meta:
        ordering = ["starts_at", "staff__number"]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="staff_shift_order"),
            models.CheckConstraint(
                condition=~Q(kind="rest") | Q(chair__isnull=True), name="staff_shift_rest_has_no_chair"
            ),
            ExclusionConstraint(
                name="staff_shift_once",
                expressions=[
                    ("staff", RangeOperators.EQUAL),
                    (TimeSpan("starts_at", "ends_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
        ]
        indexes = [models.Index(fields=["site", "starts_at"], name="staff_shift_site_day")]
