"""The people we treat: identity, contact, families, and the history of their contact data."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel import context
from kernel.crypto import BlindIndexField, EncryptedTextField, IndexedModel
from kernel.ids import CodeModel, VersionedModel
from services.patients.machines import EXPORT
from services.patients.names import PersonsName
from services.sites.models import Site


class Sex(models.TextChoices):
    FEMALE = "female", pgettext_lazy("sex", "female")
    MALE = "male", pgettext_lazy("sex", "male")
    OTHER = "other", pgettext_lazy("sex", "other")


class Patient(IndexedModel, VersionedModel):
    """A patient's file. The name stays readable so that it can be found; phone, ID number and address are encrypted.

    ``birth_year`` is always known. Without ``birth_date`` it was computed from a stated age and may be one year off.
    A file without a phone holds the reason for it (FD-003) and cannot be followed up by phone.

    ``merged_into`` is the file that took this one over; ``restricted_until`` ends a restriction of processing;
    ``withdrawn_at`` is when a file that was opened by mistake was taken back: nothing of the person is left in it.
    """

    KEPT = True
    MERGES = True

    record_number = models.CharField(_("Record number"), max_length=24, unique=True)
    # Collated by code point on every server: only so one index finds a beginning and gives its order (search, 50 ms).
    name = PersonsName(_("Name"), max_length=80, db_collation="C")
    pinyin = models.CharField(max_length=200, editable=False, db_collation="C")
    initials = models.CharField(max_length=40, editable=False, db_collation="C")
    # What a search may begin with, each after a space: whole and given name, both in pinyin, initials, record number.
    search_words = models.TextField(editable=False)
    sex = models.CharField(_("Sex"), max_length=6, choices=Sex.choices)
    birth_date = models.DateField(_("Date of birth"), null=True, blank=True)
    birth_year = models.PositiveSmallIntegerField(_("Year of birth"))

    phone = EncryptedTextField(_("Phone"), blank=True, default="")
    phone_index = BlindIndexField(source="phone")
    phone_last_four = BlindIndexField(source="phone", last=4)
    phone_absent_reason = models.CharField(_("Reason for the missing phone"), max_length=80, blank=True)
    # Calls and messages did not arrive; a later contact takes the mark off.
    unreachable_since = models.DateField(null=True, blank=True)
    id_number = EncryptedTextField(_("ID number"), blank=True, default="")
    id_index = BlindIndexField(source="id_number")
    address = EncryptedTextField(_("Address"), blank=True, default="")

    occupation = models.CharField(_("Occupation"), max_length=60, blank=True)
    media_source = models.CharField(_("How they heard of us"), max_length=40, blank=True)
    language = models.CharField(_("Language"), max_length=12, blank=True)
    form_of_address = PersonsName(_("Form of address"), max_length=40, blank=True, instead="")
    alert = EncryptedTextField(_("Alert"), blank=True, default="")
    is_special = models.BooleanField(_("Special circumstances"), default=False)
    message_consent = models.BooleanField(_("Agrees to messages"), null=True, blank=True)
    message_consent_at = models.DateTimeField(null=True, blank=True)

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="patients", verbose_name=_("Registered at"))
    created_at = models.DateTimeField()
    contact_verified_at = models.DateTimeField(null=True, blank=True)
    merged_into = models.ForeignKey(
        "self", null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="absorbed"
    )
    restricted_until = models.DateTimeField(null=True, blank=True, editable=False)
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="patients_name_given"),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")), name="patients_merged_into_another"
            ),
            models.CheckConstraint(condition=Q(sex__in=Sex.values), name="patients_sex_given"),
            models.CheckConstraint(
                condition=Q(birth_date__isnull=True) | Q(birth_date__year=F("birth_year")), name="patients_birth_agrees"
            ),
            models.CheckConstraint(
                condition=~Q(phone_index="") | ~Q(phone_absent_reason=""), name="patients_phone_or_reason"
            ),
            models.CheckConstraint(
                condition=Q(message_consent__isnull=True) | Q(message_consent_at__isnull=False),
                name="patients_consent_has_time",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(phone_index="", search_words="", birth_date__isnull=True),
                name="patients_withdrawn_is_nobody",
            ),
        ]
        indexes = [
            GinIndex(fields=["search_words"], opclasses=["ext.gin_trgm_ops"], name="patients_words"),
            models.Index(fields=["name", "-id"], name="patients_name"),
            models.Index(fields=["pinyin", "-id"], name="patients_pinyin"),
            models.Index(fields=["initials", "-id"], name="patients_initials"),
            models.Index(fields=["site", "-created_at"], name="patients_newest"),
        ]

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """Read again what is written; who may read the name is decided when it is shown."""
        with context.read_by(None):
            super().refresh_from_db(*args, **kwargs)

    @property
    def untraceable(self) -> bool:
        """Is there no phone, so that nobody can ask how it went?"""
        return not self.phone_index

    @property
    def birth_is_approximate(self) -> bool:
        """Was the year computed from a stated age?"""
        return self.birth_date is None

    def age_on(self, day: date) -> int:
        """Whole years on ``day``; with a stated age only, the difference of the years."""
        if self.birth_date is None:
            return max(0, day.year - self.birth_year)
        before_birthday = (day.month, day.day) < (self.birth_date.month, self.birth_date.day)
        return day.year - self.birth_date.year - before_birthday


class ContactChange(CodeModel):
    """A corrected phone or address: old and new value, when, by whom (FD-011). Never edited."""

    APPEND_ONLY = True

    class Field(models.TextChoices):
        PHONE = "phone", pgettext_lazy("contact", "phone")
        ADDRESS = "address", pgettext_lazy("contact", "address")

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="contact_changes")
    field = models.CharField(max_length=10, choices=Field.choices)
    old_value = EncryptedTextField(blank=True, default="")
    new_value = EncryptedTextField(blank=True, default="")
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    changed_by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-changed_at", "-id"]


class PatientRelation(CodeModel):
    """``relative`` (a patient too, or a person known by name only) is the ``kind`` of ``patient``, e.g. the mother."""

    class Kind(models.TextChoices):
        MOTHER = "mother", pgettext_lazy("relation", "mother")
        FATHER = "father", pgettext_lazy("relation", "father")
        GUARDIAN = "guardian", pgettext_lazy("relation", "guardian")
        SPOUSE = "spouse", pgettext_lazy("relation", "spouse")
        CHILD = "child", pgettext_lazy("relation", "child")
        SIBLING = "sibling", pgettext_lazy("relation", "sibling")
        GRANDPARENT = "grandparent", pgettext_lazy("relation", "grandparent")
        GRANDCHILD = "grandchild", pgettext_lazy("relation", "grandchild")
        OTHER = "other", pgettext_lazy("relation", "other")

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="relations")
    relative = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="relative_of")
    name = models.CharField(_("Name"), max_length=80, blank=True)
    phone = EncryptedTextField(_("Phone"), blank=True, default="")
    kind = models.CharField(_("Relation"), max_length=12, choices=Kind.choices)
    is_payer = models.BooleanField(_("Pays"), default=False)
    is_guardian = models.BooleanField(_("Legal guardian"), default=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(relative__isnull=True) | ~Q(relative=F("patient")), name="patients_relation_is_another"
            ),
            models.CheckConstraint(
                condition=Q(relative__isnull=False) | ~Q(name=""), name="patients_relation_is_somebody"
            ),
            models.UniqueConstraint(fields=["patient", "relative"], name="patients_relation_once"),
            models.UniqueConstraint(fields=["patient"], condition=Q(is_payer=True), name="patients_relation_one_payer"),
        ]

    @property
    def display_name(self) -> str:
        """The relative's name, from the file if there is one."""
        return self.relative.name if self.relative is not None else self.name


class FileRestriction(VersionedModel):
    """Processing of a file was restricted: by whom, why, until when (CR-006). It ends by itself or is lifted earlier."""

    KEPT = True

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="restrictions")
    reason = EncryptedTextField(_("Reason"))
    until = models.DateTimeField(_("Until"))
    restricted_at = models.DateTimeField()
    restricted_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    restricted_by_name = models.CharField(max_length=80)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by_name = models.CharField(max_length=80, blank=True)
    lift_reason = EncryptedTextField(_("Why it was lifted"), blank=True, default="")

    class Meta:
        ordering = ["-restricted_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["patient"], condition=Q(lifted_at__isnull=True), name="patients_restricted_once"
            ),
            models.CheckConstraint(condition=Q(until__gt=F("restricted_at")), name="patients_restriction_order"),
        ]


class PatientMerge(VersionedModel):
    """Two files of one person became one. ``moves`` holds which rows moved, so that undoing moves exactly these back.

    ``moves`` maps "model label.field" to primary keys; it stays inside the process.
    """

    KEPT = True

    survivor = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    merged = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    reason = EncryptedTextField(_("Reason"))
    moves = models.JSONField(default=dict)
    merged_at = models.DateTimeField()
    merged_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    merged_by_name = models.CharField(max_length=80)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-merged_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(survivor=F("merged")), name="patients_merge_of_two"),
            models.UniqueConstraint(
                fields=["merged"], condition=Q(undone_at__isnull=True), name="patients_merged_once"
            ),
        ]


class PatientDistinction(VersionedModel):
    """Two files that look like one person are two people: who said so, and how they know. Until it is taken back."""

    KEPT = True

    first = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    reason = EncryptedTextField(_("Reason"))
    said_at = models.DateTimeField()
    said_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    said_by_name = models.CharField(max_length=80)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-said_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="patients_distinction_order"),
            models.UniqueConstraint(
                fields=["first", "second"], condition=Q(undone_at__isnull=True), name="patients_distinguished_once"
            ),
        ]


class PatientExport(VersionedModel):
    """Everything that is kept about one patient, handed out as files: one person asks, another releases (ledger 17)."""

    KEPT = True

    class Purpose(models.TextChoices):
        PATIENT = "patient", pgettext_lazy("export", "the patient asks for it")
        TRANSFER = "transfer", pgettext_lazy("export", "treatment goes on elsewhere")
        AUTHORITY = "authority", pgettext_lazy("export", "an authority demands it")

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="exports")
    purpose = models.CharField(_("Purpose"), max_length=10, choices=Purpose.choices)
    words = EncryptedTextField(_("What exactly"), blank=True, default="")
    state = models.CharField(max_length=10, choices=EXPORT.choices, default=EXPORT.initial)
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey("identity.User", on_delete=models.PROTECT, related_name="+")
    asked_by_name = models.CharField(max_length=80)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey("identity.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_by_name = models.CharField(max_length=80, blank=True)
    refusal = EncryptedTextField(_("Why not"), blank=True, default="")
    data_file = models.ForeignKey("files.StoredFile", null=True, on_delete=models.PROTECT, related_name="+")
    readable_file = models.ForeignKey("files.StoredFile", null=True, on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            EXPORT.constraint("patients_export_state"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")), name="patients_export_two_people"
            ),
            models.CheckConstraint(
                condition=~Q(state="released") | Q(data_file__isnull=False, decided_by__isnull=False),
                name="patients_export_released_by_somebody",
            ),
        ]
