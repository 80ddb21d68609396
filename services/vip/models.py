"""VIP cards with their uses, partners' vouchers, and the measures that are told to leaving patients."""

from __future__ import annotations

from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.crypto import EncryptedTextField
from kernel.ids import CodeModel, VersionedModel
from services.cashier.models import Receipt
from services.catalogue.models import Named
from services.patients.models import Patient
from services.sites.models import Site
from services.staff.models import StaffMember
from services.vip.machines import CARD, VOUCHER


class Reason(models.TextChoices):
    """Why somebody gets a card (VP-003)."""

    SPECIAL = "special", pgettext_lazy("vip", "special relation")
    POTENTIAL = "potential", pgettext_lazy("vip", "potential")


class VipCard(VersionedModel):
    """A VIP card from the blank with its serial to its end: a line of the VIP register (VP-001, VP-002).

    ``site`` and ``custodian``: where and by whom the blank is kept. ``uses`` grows with each ``VipUse``; a replacement
    goes on with the count of the card that it ``replaces``.
    """

    KEPT = True

    serial = models.CharField(_("Card serial no."), max_length=40, unique=True)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    custodian = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+", verbose_name=_("Custodian"))
    state = models.CharField(max_length=10, choices=CARD.choices, default=CARD.initial)
    registered_at = models.DateTimeField()
    holder_name = EncryptedTextField(_("VIP name"), blank=True, default="")
    patient = models.ForeignKey(Patient, null=True, blank=True, on_delete=models.PROTECT, related_name="vip_cards")
    reason = models.CharField(_("Reason"), max_length=10, choices=Reason.choices, blank=True)
    reason_words = EncryptedTextField(_("Reason in words"), blank=True, default="")
    asked_by = models.UUIDField(null=True)
    asked_by_name = models.CharField(max_length=80, blank=True)
    # The chief physician's signature: who, when, and the hash of what was signed.
    signed_by = models.UUIDField(null=True)
    signed_by_name = models.CharField(max_length=80, blank=True)
    signed_at = models.DateTimeField(null=True)
    signed_hash = models.CharField(max_length=64, blank=True)
    issued_by = models.UUIDField(null=True)
    issued_by_name = models.CharField(max_length=80, blank=True)
    issued_at = models.DateTimeField(null=True)
    allowed_uses = models.PositiveSmallIntegerField(default=0)
    valid_until = models.DateField(_("Valid until"), null=True)
    uses = models.PositiveSmallIntegerField(_("Times used"), default=0)
    replaces = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by")
    # Lost or revoked: when, and what was said.
    ended_at = models.DateTimeField(null=True)
    words = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["serial"]
        constraints = [
            CARD.constraint("vip_card_state"),
            models.CheckConstraint(
                condition=Q(state="in_stock") | Q(signed_at__isnull=False, issued_at__isnull=False) & ~Q(reason=""),
                name="vip_card_signed",
            ),
            models.CheckConstraint(
                condition=Q(issued_by__isnull=True) | ~Q(issued_by=F("signed_by")), name="vip_card_two_people"
            ),
            models.CheckConstraint(condition=Q(uses__lte=F("allowed_uses")), name="vip_card_uses"),
        ]
        indexes = [
            models.Index(fields=["site", "state", "serial"], name="vip_card_list"),
            models.Index(fields=["patient"], name="vip_card_patient"),
        ]

    @property
    def holder(self) -> str:
        """The VIP's name: of a file as its reader may see it, else as it was written down."""
        return self.patient.name if self.patient is not None else self.holder_name

    @property
    def is_meant(self) -> bool:
        """Is the card meant for somebody?"""
        return self.patient_id is not None or bool(self.holder_name)


class VipUse(CodeModel):
    """One use of a card, with its receipt (VP-004)."""

    APPEND_ONLY = True

    card = models.ForeignKey(VipCard, on_delete=models.PROTECT, related_name="used")
    number = models.PositiveSmallIntegerField()
    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, related_name="vip_uses")
    at = models.DateTimeField()
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["card", "number"], name="vip_use_number"),
            # One receipt counts once, on whichever card.
            models.UniqueConstraint(fields=["receipt"], name="vip_use_receipt"),
        ]


class PartnerPackage(Named, VersionedModel):
    """What a partner (a bank, an insurer) gives its own cardholders at this house."""

    partner = models.CharField(_("Partner"), max_length=80)
    starts_on = models.DateField(pgettext_lazy("period", "From"))
    ends_on = models.DateField(pgettext_lazy("period", "Until"), null=True, blank=True)

    class Meta:
        ordering = ["partner", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")), name="vip_package_order"
            )
        ]

    def counts_on(self, day: date) -> bool:
        """Is ``day`` within its validity, the last day included?"""
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)


class Voucher(VersionedModel):
    """One cardholder's claim to a partner's package, as the partner named them (VP-007)."""

    KEPT = True

    number = models.CharField(pgettext_lazy("voucher", "Number"), max_length=40, unique=True)
    package = models.ForeignKey(PartnerPackage, on_delete=models.PROTECT, related_name="vouchers")
    holder_name = EncryptedTextField(_("Cardholder"))
    id_number = EncryptedTextField(_("ID number"), blank=True, default="")
    phone_last_four = EncryptedTextField(_("Last four digits of the phone"), blank=True, default="")
    state = models.CharField(max_length=10, choices=VOUCHER.choices, default=VOUCHER.initial)
    entered_at = models.DateTimeField()
    patient = models.ForeignKey(Patient, null=True, on_delete=models.PROTECT, related_name="partner_vouchers")
    checked_at = models.DateTimeField(null=True)
    checked_at_site = models.ForeignKey(Site, null=True, on_delete=models.PROTECT, related_name="+")
    checked_by_name = models.CharField(max_length=80, blank=True)
    identified_by = models.CharField(max_length=20, blank=True)
    receipt = models.ForeignKey(Receipt, null=True, on_delete=models.PROTECT, related_name="partner_vouchers")
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-entered_at", "number"]
        constraints = [
            VOUCHER.constraint("vip_voucher_state"),
            models.CheckConstraint(
                condition=Q(state="used", receipt__isnull=False, used_at__isnull=False, patient__isnull=False)
                | ~Q(state="used") & Q(receipt__isnull=True, used_at__isnull=True),
                name="vip_voucher_used",
            ),
        ]


class Measure(Named, VersionedModel):
    """A convenience or discount measure of the house, for as long as it counts (VP-008)."""

    starts_on = models.DateField(pgettext_lazy("period", "From"))
    ends_on = models.DateField(pgettext_lazy("period", "Until"), null=True, blank=True)

    class Meta:
        ordering = ["-starts_on", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")), name="vip_measure_order"
            )
        ]


class MeasuresTold(CodeModel):
    """A leaving patient was told the measures that counted that day (VP-008)."""

    APPEND_ONLY = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="measures_told")
    measures = ArrayField(models.CharField(max_length=80))
    at = models.DateTimeField()
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-at", "id"]
        indexes = [models.Index(fields=["patient", "-at"], name="vip_told_patient")]
