"""Company documents and who opened them, agreements of the staff, devices that hold data, and repeated education."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.crypto import EncryptedTextField
from kernel.ids import CodeModel, VersionedModel
from services.sites.models import Site
from services.staff.models import StaffMember


class CompanyDocument(VersionedModel):
    """A document of the house that does not leave it (CR-016). Only the roles of ``audience`` find it."""

    KEPT = True

    class Kind(models.TextChoices):
        SECRET = "secret", pgettext_lazy("company document", "company secret")
        BUSINESS = "business", pgettext_lazy("company document", "business document")
        RULES = "rules", pgettext_lazy("company document", "internal rules")
        TRAINING = "training", pgettext_lazy("company document", "training material")

    title = models.CharField(_("Title"), max_length=80)
    kind = models.CharField(_("Kind"), max_length=8, choices=Kind.choices)
    text = EncryptedTextField(_("Text"))
    text_hash = models.CharField(max_length=64)
    audience = models.JSONField(_("For which roles"), default=list)
    may_download = models.BooleanField(_("may be taken along as a marked file"), default=False)
    published_at = models.DateTimeField()
    published_by_name = models.CharField(max_length=80)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["title", "id"]
        constraints = [models.CheckConstraint(condition=~Q(title=""), name="confidentiality_document_titled")]


class DocumentAccess(CodeModel):
    """Somebody opened or took along a company document, in the words of that moment. Never edited."""

    APPEND_ONLY = True

    class Act(models.TextChoices):
        OPENED = "opened", pgettext_lazy("company document", "opened")
        DOWNLOADED = "downloaded", pgettext_lazy("company document", "taken along")

    document = models.ForeignKey(CompanyDocument, on_delete=models.PROTECT, related_name="accesses")
    act = models.CharField(max_length=10, choices=Act.choices)
    text_hash = models.CharField(max_length=64)
    at = models.DateTimeField()
    by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["document", "-at"], name="confidentiality_accesses")]


class AgreementText(CodeModel):
    """The words of the agreement as they were published: duties and liability. Other words are another version."""

    APPEND_ONLY = True

    number = models.PositiveSmallIntegerField(unique=True)
    text = models.TextField(_("Text"))
    text_hash = models.CharField(max_length=64)
    published_at = models.DateTimeField()
    published_by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-number"]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="confidentiality_text_has_words")]


class Agreement(VersionedModel):
    """Somebody who works here signed one version of the agreement (CR-017). ``ended_on``: the last day on which it counts."""

    KEPT = True

    staff = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+", verbose_name=_("Who signs"))
    text_signed = models.ForeignKey(AgreementText, on_delete=models.PROTECT, related_name="agreements")
    text_hash = models.CharField(max_length=64)
    signed_on = models.DateField(_("Signed on"))
    valid_until = models.DateField(_("Valid until"))
    witnessed_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    witnessed_by_name = models.CharField(max_length=80)
    recorded_at = models.DateTimeField()
    ended_on = models.DateField(null=True, blank=True)
    end_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-signed_on", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until__gte=F("signed_on")), name="confidentiality_agreement_order"
            ),
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True) | ~Q(end_reason=""), name="confidentiality_end_has_reason"
            ),
        ]
        indexes = [models.Index(fields=["staff", "-valid_until"], name="confidentiality_agreed")]

    @property
    def last_day(self) -> date:
        """The last day on which it counts."""
        return min(self.valid_until, self.ended_on) if self.ended_on is not None else self.valid_until


class Device(VersionedModel):
    """A device or storage medium with data of customers or of the house (CR-018)."""

    KEPT = True

    class Kind(models.TextChoices):
        COMPUTER = "computer", pgettext_lazy("device", "computer")
        PHONE = "phone", pgettext_lazy("device", "phone")
        TABLET = "tablet", pgettext_lazy("device", "tablet")
        CAMERA = "camera", pgettext_lazy("device", "camera")
        MEDIUM = "medium", pgettext_lazy("device", "storage medium")

    class Encryption(models.TextChoices):
        ENCRYPTED = "encrypted", pgettext_lazy("device", "encrypted")
        OPEN = "open", pgettext_lazy("device", "not encrypted")

    class State(models.TextChoices):
        IN_USE = "in_use", pgettext_lazy("device", "in use")
        BLOCKED = "blocked", pgettext_lazy("device", "blocked")
        RETIRED = "retired", pgettext_lazy("device", "retired, data erased")

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(_("Kind"), max_length=8, choices=Kind.choices)
    label = models.CharField(_("Label"), max_length=80)
    serial = models.CharField(_("Serial number"), max_length=60)
    holder = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+", verbose_name=_("Holder"))
    encryption = models.CharField(_("Encryption"), max_length=9, choices=Encryption.choices)
    state = models.CharField(max_length=7, choices=State.choices)
    checked_on = models.DateField(_("Checked on"))
    check_due_on = models.DateField(_("Next check"))
    checked_by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["check_due_on", "id"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "serial"], name="confidentiality_device_once"),
            # What is not encrypted is registered too, and nobody works with it.
            models.CheckConstraint(
                condition=~Q(state="in_use") | Q(encryption="encrypted"), name="confidentiality_in_use_encrypted"
            ),
            models.CheckConstraint(condition=Q(check_due_on__gt=F("checked_on")), name="confidentiality_check_order"),
        ]


class DeviceCheck(CodeModel):
    """A device was looked at: its holder and state then. Never edited."""

    APPEND_ONLY = True

    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="checks")
    holder_name = models.CharField(max_length=80)
    encryption = models.CharField(max_length=9, choices=Device.Encryption.choices)
    state = models.CharField(max_length=7, choices=Device.State.choices)
    at = models.DateTimeField()
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-at", "-id"]


class Education(CodeModel):
    """Somebody was instructed in confidentiality, with the evidence of it (CR-019). Never edited."""

    APPEND_ONLY = True

    staff = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+", verbose_name=_("Who took part"))
    topic = models.CharField(_("Topic"), max_length=120)
    held_on = models.DateField(_("Held on"))
    evidence = models.CharField(_("Evidence"), max_length=200, help_text=_("Sheet of signatures, test, certificate"))
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey("identity.User", null=True, on_delete=models.PROTECT, related_name="+")
    recorded_by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-held_on", "-id"]
        constraints = [models.CheckConstraint(condition=~Q(evidence=""), name="confidentiality_education_evidence")]
        indexes = [models.Index(fields=["staff", "-held_on"], name="confidentiality_educated")]
