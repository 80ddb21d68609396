"""Payments by the payer's code, money on its way back by the same route, and the acquirer's bills (ledger 17 P).

The payer's code itself is never stored: it is worth money for a minute.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.ids import CodeModel, VersionedModel
from services.books.models import Entry, Tender
from services.cashier.models import WALLETS, ChargeSlip, Receipt
from services.payments.machines import ATTEMPT, GIVE_BACK, LIVE
from services.refunds.models import Payout
from services.sites.models import LegalEntity, Site


class PaymentAttempt(VersionedModel):
    """One try to take ``amount_fen`` for a slip. Its ``code`` is the number under which the acquirer knows it, so that asking
    twice takes the money once. ``terms``: discounts, coupons and arrears as they were entered."""

    KEPT = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    slip = models.ForeignKey(ChargeSlip, on_delete=models.PROTECT, related_name="attempts")
    tender = models.CharField(max_length=20, choices=[(one.value, one.label) for one in WALLETS])
    merchant = models.CharField(max_length=40)
    amount_fen = models.PositiveBigIntegerField()
    terms = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=ATTEMPT.choices, default=ATTEMPT.initial)
    by = models.UUIDField(null=True)
    by_name = models.CharField(max_length=80)
    started_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    captured_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    asked = models.PositiveSmallIntegerField(default=0)
    transaction_id = models.CharField(max_length=64, blank=True)
    error = models.CharField(max_length=60, blank=True)
    receipt = models.OneToOneField(
        Receipt, null=True, blank=True, on_delete=models.PROTECT, related_name="payment_attempt"
    )

    class Meta:
        ordering = ["-started_at", "-id"]
        constraints = [
            ATTEMPT.constraint("payments_attempt_state"),
            models.UniqueConstraint(
                fields=["slip"], condition=Q(state__in=LIVE), name="payments_attempt_one_live_a_slip"
            ),
            # Paid is what has its receipt and the acquirer's number, and nothing else has.
            models.CheckConstraint(
                condition=Q(state="paid", receipt__isnull=False) & ~Q(transaction_id="")
                | ~Q(state="paid") & Q(receipt__isnull=True),
                name="payments_attempt_paid_with_receipt",
            ),
            models.UniqueConstraint(
                fields=["transaction_id"], condition=Q(state="paid"), name="payments_attempt_transaction_once"
            ),
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="payments_attempt_amount"),
        ]
        indexes = [
            models.Index(fields=["site", "-started_at"], name="payments_attempt_list"),
            models.Index(fields=["transaction_id"], name="payments_attempt_number"),
        ]

    @property
    def out_trade_no(self) -> str:
        """The number under which the acquirer knows it; 32 characters."""
        return self.code.hex


class GiveBack(VersionedModel):
    """Part of a payout on its way back by the route it came. Its ``code`` is the number of the acquirer's refund."""

    KEPT = True

    attempt = models.ForeignKey(PaymentAttempt, on_delete=models.PROTECT, related_name="given_back")
    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="given_back")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    amount_fen = models.PositiveBigIntegerField()
    state = models.CharField(max_length=10, choices=GIVE_BACK.choices, default=GIVE_BACK.initial)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    asked = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ["-started_at", "-id"]
        constraints = [
            GIVE_BACK.constraint("payments_give_back_state"),
            models.UniqueConstraint(fields=["payout", "attempt"], name="payments_give_back_once"),
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="payments_give_back_amount"),
        ]
        indexes = [models.Index(fields=["site", "-started_at"], name="payments_give_back_list")]

    @property
    def out_refund_no(self) -> str:
        """The number of the refund at the acquirer."""
        return self.code.hex


class AcquirerBill(CodeModel):
    """The acquirer's bill of a day for a site, as matched with what was taken and given back here. Fen."""

    KEPT = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    matched_at = models.DateTimeField()
    lines = models.PositiveIntegerField()
    paid_fen = models.PositiveBigIntegerField()
    returned_fen = models.PositiveBigIntegerField()
    fee_fen = models.BigIntegerField()
    entry = models.OneToOneField(Entry, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-day", "-id"]
        constraints = [models.UniqueConstraint(fields=["site", "day"], name="payments_bill_once_a_day")]


class BillDifference(VersionedModel):
    """Where the bill and the house do not say the same; resolved by a person with a reason."""

    KEPT = True

    class Kind(models.TextChoices):
        MISSING_HERE = "missing_here", pgettext_lazy("bill", "Missing here")
        MISSING_THERE = "missing_there", pgettext_lazy("bill", "Missing at the acquirer")
        AMOUNT = "amount", pgettext_lazy("bill", "Other amount")

    bill = models.ForeignKey(AcquirerBill, on_delete=models.PROTECT, related_name="differences")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=14, choices=Kind.choices)
    # "pay" or "refund", and the number that both sides know it by.
    what = models.CharField(max_length=6)
    number = models.CharField(max_length=64)
    tender = models.CharField(max_length=20, choices=Tender.choices)
    ours_fen = models.PositiveBigIntegerField(default=0)
    theirs_fen = models.PositiveBigIntegerField(default=0)
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.UUIDField(null=True)
    resolved_by_name = models.CharField(max_length=80, blank=True)
    reason = models.CharField(_("Reason"), max_length=200, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["bill", "what", "number"], name="payments_difference_once"),
            models.CheckConstraint(condition=~Q(ours_fen=F("theirs_fen")), name="payments_difference_differs"),
            models.CheckConstraint(
                condition=Q(resolved_at__isnull=True, reason="") | Q(resolved_at__isnull=False) & ~Q(reason=""),
                name="payments_difference_reason",
            ),
        ]
        indexes = [models.Index(fields=["site", "resolved_at"], name="payments_difference_open")]
