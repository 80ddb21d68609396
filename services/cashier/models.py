"""Charge slips, receipts, payments and arrears. What was charged is never edited; numbers have no gaps."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.ids import CodeModel, VersionedModel
from services.books.models import Tender
from services.cashier.machines import SLIP
from services.catalogue.models import Item
from services.documents.models import Document
from services.patients.models import Patient
from services.sites.models import Site
from services.staff.models import StaffMember

CARDS = (Tender.DEBIT_CARD, Tender.CREDIT_CARD)
WALLETS = (Tender.WECHAT_PAY, Tender.ALIPAY)
# Without what the other side called it (transaction, settlement number, voucher) nobody could match these later.
WITH_REFERENCE = (*WALLETS, Tender.INSURANCE_FUND, Tender.INSURANCE_ACCOUNT, Tender.VOUCHER)


class ZeroReason(models.TextChoices):
    """Why a bill is zero (CA-045)."""

    WARRANTY = "warranty", _("redone under warranty")
    EXEMPT = "exempt", _("free of charge")
    CONSULTATION = "consultation", _("free consultation")


class ChargeSlip(VersionedModel):
    """What a doctor says shall be charged, signed by the doctor (CA-001); or goods that the cashier sells at list price."""

    class Kind(models.TextChoices):
        TREATMENT = "treatment", pgettext_lazy("slip", "treatment")
        GOODS = "goods", pgettext_lazy("slip", "goods")

    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.TREATMENT)
    number = models.CharField(max_length=40)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="slips")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="slips")
    doctor = models.ForeignKey(StaffMember, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    visit_code = models.UUIDField(null=True)
    state = models.CharField(max_length=10, choices=SLIP.choices, default=SLIP.initial)
    signed_at = models.DateTimeField()
    signed_by = models.UUIDField(null=True)
    content_hash = models.CharField(max_length=64)
    billed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            SLIP.constraint("cashier_slip_state"),
            models.CheckConstraint(
                condition=Q(kind="treatment", doctor__isnull=False) | Q(kind="goods", doctor__isnull=True),
                name="cashier_slip_doctor",
            ),
            models.UniqueConstraint(fields=["site", "number"], name="cashier_slip_number"),
        ]
        indexes = [
            models.Index(fields=["site", "state", "signed_at"], name="cashier_slip_till"),
            models.Index(fields=["visit_code"], name="cashier_slip_visit"),
        ]


class ChargeLine(CodeModel):
    """One item of a slip at the price of that day. ``remark`` is the vertical's own word (a tooth, a region)."""

    slip = models.ForeignKey(ChargeSlip, on_delete=models.PROTECT, related_name="lines")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")
    item_name = models.CharField(max_length=80)
    category = models.CharField(max_length=40)
    quantity = models.PositiveSmallIntegerField(default=1)
    unit_price_fen = models.PositiveBigIntegerField()
    amount_fen = models.PositiveBigIntegerField()
    remark = models.CharField(max_length=60, blank=True)
    zero_reason = models.CharField(max_length=20, choices=ZeroReason.choices, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="cashier_line_quantity"),
            models.CheckConstraint(
                condition=Q(zero_reason="", amount_fen=F("quantity") * F("unit_price_fen"))
                | (~Q(zero_reason="") & Q(amount_fen=0)),
                name="cashier_line_amount",
            ),
        ]


class Receipt(CodeModel):
    """A receipt with its stub (CA-003). Append-only: a mistake is corrected by another receipt that ``replaces`` it, and the
    voiding is a row of its own (CA-022)."""

    APPEND_ONLY = True

    number = models.CharField(max_length=40)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="receipts")
    slip = models.ForeignKey(ChargeSlip, null=True, on_delete=models.PROTECT, related_name="receipts")
    replaces = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="replaced_by")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="receipts")
    visit_code = models.UUIDField(null=True)
    cashier = models.UUIDField(null=True)
    cashier_name = models.CharField(max_length=80)
    # At the prices of the day; less the discount it is what is received now and what stays owed.
    receivable_fen = models.PositiveBigIntegerField()
    discount_fen = models.PositiveBigIntegerField(default=0)
    received_fen = models.PositiveBigIntegerField()
    owed_fen = models.PositiveBigIntegerField(default=0)
    issued_at = models.DateTimeField()
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["site", "number"], name="cashier_receipt_number"),
            models.UniqueConstraint(
                fields=["slip"], condition=Q(replaces__isnull=True), name="cashier_receipt_once_a_slip"
            ),
            models.CheckConstraint(
                condition=Q(receivable_fen=F("discount_fen") + F("received_fen") + F("owed_fen")),
                name="cashier_receipt_adds_up",
            ),
        ]
        indexes = [
            models.Index(fields=["site", "issued_at"], name="cashier_receipt_day"),
            models.Index(fields=["patient", "-issued_at"], name="cashier_receipt_patient"),
            models.Index(fields=["visit_code"], name="cashier_receipt_visit"),
        ]


class ReceiptVoid(CodeModel):
    """A receipt counts no more: its number stays used, the paper stays as it was issued, another one stands for it (CA-022)."""

    APPEND_ONLY = True

    receipt = models.OneToOneField(Receipt, on_delete=models.PROTECT, related_name="void")
    # The code and number of the correction by which it was voided.
    source = models.UUIDField()
    number = models.CharField(max_length=40)
    at = models.DateTimeField()
    by = models.UUIDField(null=True)
    by_name = models.CharField(max_length=80)


class ReceiptLine(CodeModel):
    """How much of which item a receipt took in; the daily report adds these up by category (CA-036)."""

    APPEND_ONLY = True

    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, related_name="lines")
    line = models.ForeignKey(ChargeLine, on_delete=models.PROTECT, related_name="receipt_lines")
    discount_fen = models.PositiveBigIntegerField(default=0)
    # What is paid of the price, in basis points.
    rate_bp = models.PositiveSmallIntegerField(default=10_000)
    received_fen = models.PositiveBigIntegerField()
    owed_fen = models.PositiveBigIntegerField(default=0)


class Payment(CodeModel):
    """Money that came in with a receipt, one row for each way. Of a card only its kind and last four digits are ever stored
    (CA-012). ``reference`` is what the other side calls it: a settlement number, a voucher, a transfer."""

    APPEND_ONLY = True

    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, related_name="payments")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    tender = models.CharField(max_length=20, choices=Tender.choices)
    amount_fen = models.PositiveBigIntegerField()
    tendered_fen = models.PositiveBigIntegerField()
    change_fen = models.PositiveBigIntegerField(default=0)
    card_last_four = models.CharField(max_length=4, blank=True)
    reference = models.CharField(max_length=64, blank=True)
    paid_at = models.DateTimeField()
    # Taken once already, with the receipt that this one replaces.
    carried_over = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(tendered_fen=F("amount_fen") + F("change_fen")), name="cashier_payment_change"
            ),
            models.CheckConstraint(
                condition=Q(card_last_four="") | Q(card_last_four__regex=r"^[0-9]{4}$"), name="cashier_payment_card"
            ),
            # A voucher is taken once, whichever till it is shown at.
            models.UniqueConstraint(
                fields=["reference"],
                condition=Q(tender=Tender.VOUCHER, carried_over=False),
                name="cashier_payment_voucher_once",
            ),
            # The same transaction on a payer's phone pays one receipt, whoever shows it where.
            models.UniqueConstraint(
                fields=["reference"],
                condition=Q(tender__in=WALLETS, carried_over=False) & ~Q(reference=""),
                name="cashier_payment_wallet_once",
            ),
        ]
        indexes = [
            models.Index(fields=["site", "paid_at"], name="cashier_payment_day"),
            models.Index(fields=["reference"], condition=~Q(reference=""), name="cashier_payment_reference"),
        ]


class Arrear(CodeModel):
    """What remains owed on a named item (CA-007, CA-008). ``settled_fen`` grows; the row is never removed.

    ``voided_at``: its receipt was replaced, and what is owed stands on the new one.
    """

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="arrears")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="arrears")
    receipt = models.ForeignKey(Receipt, on_delete=models.PROTECT, related_name="arrears")
    line = models.ForeignKey(ChargeLine, on_delete=models.PROTECT, related_name="arrears")
    owed_fen = models.PositiveBigIntegerField()
    settled_fen = models.PositiveBigIntegerField(default=0)
    arose_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(settled_fen__lte=F("owed_fen")), name="cashier_arrear_not_overpaid")
        ]
        indexes = [models.Index(fields=["site", "settled_at"], name="cashier_arrear_open")]


class DispatchSlip(CodeModel):
    """The head nurse lets a colleague be treated: whom, with what, for which fee (IN-016). Used once, for one line."""

    KEPT = True

    number = models.CharField(max_length=40)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    staff = models.ForeignKey(StaffMember, on_delete=models.PROTECT, related_name="+", verbose_name=_("Colleague"))
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="dispatch_slips")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+", verbose_name=_("Item"))
    fee_fen = models.PositiveBigIntegerField(_("Fee"))
    issued_at = models.DateTimeField()
    issued_by = models.UUIDField(null=True)
    issued_by_name = models.CharField(max_length=80)
    line = models.OneToOneField(
        ChargeLine, null=True, blank=True, on_delete=models.PROTECT, related_name="dispatch_slip"
    )
    used_at = models.DateTimeField(null=True, blank=True)

    @property
    def receipt(self) -> Receipt | None:
        """The receipt that used it up, the newest where a mistake was corrected by another one. No query if prefetched."""
        if self.line is None:
            return None
        return max(self.line.slip.receipts.all(), key=lambda receipt: receipt.pk, default=None)

    class Meta:
        ordering = ["-issued_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["site", "number"], name="cashier_dispatch_number"),
            models.CheckConstraint(
                condition=Q(line__isnull=True, used_at__isnull=True) | Q(line__isnull=False, used_at__isnull=False),
                name="cashier_dispatch_used",
            ),
        ]
        indexes = [models.Index(fields=["patient", "used_at"], name="cashier_dispatch_open")]

    @property
    def state(self) -> str:
        """ "open" until a line of a bill used it up, then "used"."""
        return "open" if self.line_id is None else "used"
