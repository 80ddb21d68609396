"""Till days: who opened with which change fund, what was counted twice, reported, brought to the bank; differences; small
expenses; who may sit at the till."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.crypto import EncryptedTextField
from kernel.files.models import StoredFile
from kernel.ids import CodeModel, VersionedModel
from services.documents.models import Document
from services.sites.models import Site
from services.staff.models import StaffMember
from services.till_days.machines import CASE, DAY, LEAVE, PETTY


class TillDay(VersionedModel):
    """The till of a site on one business day. ``opened_by_itself``: the first charge opened it with the fund of the last
    day, and the cashier may still say another one."""

    KEPT = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="till_days")
    day = models.DateField()
    state = models.CharField(max_length=20, choices=DAY.choices, default=DAY.initial)
    float_fen = models.PositiveBigIntegerField(_("Change fund"))
    opened_by_itself = models.BooleanField(default=False)
    opened_at = models.DateTimeField()
    opened_by_name = models.CharField(max_length=80)
    # Who closes, and who is named to count a second time.
    cashier = models.UUIDField(null=True)
    cashier_name = models.CharField(max_length=80, blank=True)
    reconciler = models.ForeignKey(StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    closing_at = models.DateTimeField(null=True)
    reconciled_at = models.DateTimeField(null=True)
    # What was agreed by both, in fen; the deposit is compared with it.
    expected_fen = models.BigIntegerField(null=True)
    counted_fen = models.PositiveBigIntegerField(null=True)
    report = models.ForeignKey(Document, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reported_at = models.DateTimeField(null=True)
    deposited_at = models.DateTimeField(null=True)
    locked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-day"]
        constraints = [
            DAY.constraint("till_day_state"),
            models.UniqueConstraint(fields=["site", "day"], name="till_day_once"),
        ]


class TillCount(CodeModel):
    """What one person counted and signed: pieces of each denomination, slips and total of each other tender, and what the
    books said at that moment. Never edited: who counts again writes another one."""

    APPEND_ONLY = True

    class Part(models.TextChoices):
        CASHIER = "cashier", pgettext_lazy("count", "Cashier")
        RECONCILER = "reconciler", pgettext_lazy("count", "Second person")

    day = models.ForeignKey(TillDay, on_delete=models.PROTECT, related_name="counts")
    part = models.CharField(max_length=12, choices=Part.choices)
    pieces = models.JSONField()
    # Of the day's cash already at the bank when it was counted; slips are shown for it.
    banked_fen = models.PositiveBigIntegerField(default=0)
    cash_fen = models.PositiveBigIntegerField()
    tenders = models.JSONField()
    expected = models.JSONField()
    at = models.DateTimeField()
    by = models.UUIDField(null=True)
    by_name = models.CharField(max_length=80)
    text_hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["at", "id"]


class DifferenceCase(VersionedModel):
    """Counted is not expected: traced until cause and liable person are stated (CA-015). ``amount_fen`` is what is too
    much; negative is what is missing."""

    KEPT = True

    day = models.OneToOneField(TillDay, on_delete=models.PROTECT, related_name="difference")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=CASE.choices, default=CASE.initial)
    amount_fen = models.BigIntegerField()
    by_tender = models.JSONField()
    opened_at = models.DateTimeField()
    investigation = EncryptedTextField(_("What was looked into"), blank=True, default="")
    cause = EncryptedTextField(_("Cause"), blank=True, default="")
    liable = models.ForeignKey(
        StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("Liable person")
    )
    recovery = EncryptedTextField(_("How it is made good"), blank=True, default="")
    stated_at = models.DateTimeField(null=True)
    stated_by_name = models.CharField(max_length=80, blank=True)
    recovered_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            CASE.constraint("till_difference_state"),
            models.CheckConstraint(
                condition=Q(state="open") | Q(liable__isnull=False, stated_at__isnull=False),
                name="till_difference_stated",
            ),
        ]


class Deposit(CodeModel):
    """A slip of the bank for the cash of a till day (CA-038)."""

    APPEND_ONLY = True

    day = models.ForeignKey(TillDay, on_delete=models.PROTECT, related_name="deposits")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(_("Slip number"), max_length=40)
    amount_fen = models.PositiveBigIntegerField(_("Amount"))
    deposited_at = models.DateTimeField(_("Time"))
    bank = models.CharField(_("Bank"), max_length=120)
    image = models.ForeignKey(StoredFile, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    by = models.UUIDField(null=True)
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="till_deposit_amount"),
            models.UniqueConstraint(fields=["site", "bank", "number"], name="till_deposit_slip_once"),
        ]


class PettyCash(VersionedModel):
    """Money of the till for an expense of the house: only after the supervisor's consent (CA-016)."""

    KEPT = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=PETTY.choices, default=PETTY.initial)
    amount_fen = models.PositiveBigIntegerField(_("Amount"))
    reason = models.CharField(_("What for"), max_length=200)
    asked_at = models.DateTimeField()
    asked_by = models.UUIDField(null=True)
    asked_by_name = models.CharField(max_length=80)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.UUIDField(null=True)
    decided_by_name = models.CharField(max_length=80, blank=True)
    paid_at = models.DateTimeField(null=True)
    paid_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            PETTY.constraint("till_petty_state"),
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="till_petty_amount"),
            models.CheckConstraint(
                condition=Q(asked_by__isnull=True) | Q(decided_by__isnull=True) | ~Q(asked_by=models.F("decided_by")),
                name="till_petty_two_people",
            ),
        ]


class Admission(CodeModel):
    """That somebody may sit at the till (CA-035): the guarantee, or the training and who works beside them in the first
    week. The latest one counts."""

    APPEND_ONLY = True

    staff = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="admissions")
    guarantor = EncryptedTextField(_("Guarantor"), blank=True, default="")
    document = models.CharField(_("Document of the guarantee"), max_length=120, blank=True)
    guaranteed_on = models.DateField(_("Guaranteed on"), null=True, blank=True)
    trained_on = models.DateField(_("Trained on"), null=True, blank=True)
    first_day = models.DateField(_("First day at the till"), null=True, blank=True)
    companion = models.ForeignKey(
        StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        verbose_name=_("Beside them in the first week"),
    )  # fmt: skip
    at = models.DateTimeField()
    by = models.UUIDField(null=True)
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-at", "-id"]


class Leave(VersionedModel):
    """A cashier's way out of the house during the shift: why, by whose word, out and back (CA-039)."""

    KEPT = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    staff = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=LEAVE.choices, default=LEAVE.initial)
    reason = models.CharField(_("Why"), max_length=200)
    asked_at = models.DateTimeField()
    asked_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.UUIDField(null=True)
    decided_by_name = models.CharField(max_length=80, blank=True)
    out_at = models.DateTimeField(null=True)
    back_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            LEAVE.constraint("till_leave_state"),
            models.UniqueConstraint(
                fields=["staff"],
                condition=Q(state__in=["asked", "approved", "out", "unapproved"]),
                name="till_leave_once",
            ),
        ]
