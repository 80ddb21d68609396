"""Double entry that balances by construction: a movement takes an amount from one account and gives it to another.

Nothing here is edited or removed; a mistake is reversed by another entry. No row names a patient: ``source`` and
``subject`` are codes of the rows of other rooms.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.ids import CodeModel
from services.sites.models import LegalEntity, Site


class Tender(models.TextChoices):
    """How money comes in (ledger 17 P)."""

    CASH = "cash", _("cash")
    DEBIT_CARD = "debit_card", _("debit card")
    CREDIT_CARD = "credit_card", _("credit card")
    WECHAT_PAY = "wechat_pay", _("WeChat Pay")
    ALIPAY = "alipay", _("Alipay")
    BANK_TRANSFER = "bank_transfer", _("bank transfer")
    STORED_VALUE = "stored_value", _("stored value")
    INSURANCE_FUND = "insurance_fund", _("insurance fund")
    INSURANCE_ACCOUNT = "insurance_account", _("personal insurance account")
    VOUCHER = "voucher", _("platform voucher")


class Account(models.TextChoices):
    """Where money stands. ``MONEY`` is kept by tender, ``INCOME`` and ``OWED_INCOME`` by line of the daily report, ``PREPAID`` by
    holding: the package or stored value whose money it is."""

    MONEY = "money", pgettext_lazy("account", "Money taken")
    INCOME = "income", pgettext_lazy("account", "Income")
    OWED = "owed", pgettext_lazy("account", "Owed by patients")
    OWED_INCOME = "owed_income", pgettext_lazy("account", "Income not received yet")
    PREPAID = "prepaid", pgettext_lazy("account", "Prepaid by patients")
    FLOAT = "float", pgettext_lazy("account", "Change fund")
    BANK = "bank", pgettext_lazy("account", "Bank")
    PETTY_CASH = "petty_cash", pgettext_lazy("account", "Small expenses")
    DIFFERENCE = "difference", pgettext_lazy("account", "Differences of the till")
    COMPENSATION = "compensation", pgettext_lazy("account", "Compensation paid")
    FEES = "fees", pgettext_lazy("account", "Fees of payment services")


BY_TENDER = (Account.MONEY,)
BY_CATEGORY = (Account.INCOME, Account.OWED_INCOME)
BY_HOLDING = (Account.PREPAID,)


class EntryKind(models.TextChoices):
    """Why money moved."""

    CHARGE = "charge", pgettext_lazy("entry", "Charge")
    SETTLEMENT = "settlement", pgettext_lazy("entry", "Arrears settled")
    REFUND = "refund", pgettext_lazy("entry", "Refund")
    CORRECTION = "correction", pgettext_lazy("entry", "Correction")
    PREPAYMENT = "prepayment", pgettext_lazy("entry", "Prepayment")
    REDEMPTION = "redemption", pgettext_lazy("entry", "Prepaid service used")
    EXPIRY = "expiry", pgettext_lazy("entry", "Prepayment expired")
    FLOAT = "float", pgettext_lazy("entry", "Change fund")
    PETTY_CASH = "petty_cash", pgettext_lazy("entry", "Small expense")
    DEPOSIT = "deposit", pgettext_lazy("entry", "Bank deposit")
    DIFFERENCE = "difference", pgettext_lazy("entry", "Difference of the till")
    RECOVERY = "recovery", pgettext_lazy("entry", "Difference recovered")
    SETTLED_BY_ACQUIRER = "acquirer", pgettext_lazy("entry", "Paid out by a payment service")
    OPENING = "opening", pgettext_lazy("entry", "Opening balance")


class Entry(CodeModel):
    """One business event with its movements. ``day`` is the site's business day: the first that was not closed."""

    APPEND_ONLY = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="entries")
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=20, choices=EntryKind.choices)
    day = models.DateField()
    at = models.DateTimeField()
    # What it is about: the code of a receipt, a refund, a deposit, and the number that stands on its paper.
    source = models.UUIDField()
    number = models.CharField(max_length=40, blank=True)
    by = models.UUIDField(null=True)
    by_name = models.CharField(max_length=80)
    reverses = models.OneToOneField("self", null=True, blank=True, on_delete=models.PROTECT, related_name="reversed_by")

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            # What happened once is booked once, however often it is tried.
            models.UniqueConstraint(
                fields=["kind", "source"], condition=Q(reverses__isnull=True), name="books_entry_once"
            ),
            models.CheckConstraint(condition=Q(kind__in=EntryKind.values), name="books_entry_kind"),
        ]
        indexes = [
            models.Index(fields=["site", "day", "kind"], name="books_entry_day"),
            models.Index(fields=["source"], name="books_entry_source"),
        ]


class Movement(CodeModel):
    """``amount_fen`` taken from the account ``credit`` and given to the account ``debit``; so an entry always balances.

    ``subject`` is the code of what the money belongs to (a charge line, a use); ``holding`` that of the package or stored value
    from or to which it goes: the movements of a holding are its balance.
    """

    APPEND_ONLY = True

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="movements")
    # As in the entry, so that a day adds up from one index.
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    kind = models.CharField(max_length=20, choices=EntryKind.choices)
    debit = models.CharField(max_length=20, choices=Account.choices)
    credit = models.CharField(max_length=20, choices=Account.choices)
    amount_fen = models.PositiveBigIntegerField()
    tender = models.CharField(max_length=20, choices=Tender.choices, blank=True)
    category = models.CharField(max_length=40, blank=True)
    subject = models.UUIDField(null=True, blank=True)
    holding = models.UUIDField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__gt=0), name="books_movement_amount"),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="books_movement_sides"),
            models.CheckConstraint(
                condition=Q(debit__in=Account.values, credit__in=Account.values), name="books_movement_accounts"
            ),
            models.CheckConstraint(
                condition=(Q(debit__in=BY_TENDER) | Q(credit__in=BY_TENDER)) & Q(tender__in=Tender.values)
                | ~Q(debit__in=BY_TENDER) & ~Q(credit__in=BY_TENDER) & Q(tender=""),
                name="books_movement_tender",
            ),
            models.CheckConstraint(
                condition=(Q(debit__in=BY_CATEGORY) | Q(credit__in=BY_CATEGORY)) & ~Q(category="")
                | ~Q(debit__in=BY_CATEGORY) & ~Q(credit__in=BY_CATEGORY) & Q(category=""),
                name="books_movement_category",
            ),
            models.CheckConstraint(
                condition=(Q(debit__in=BY_HOLDING) | Q(credit__in=BY_HOLDING)) & Q(holding__isnull=False)
                | ~Q(debit__in=BY_HOLDING) & ~Q(credit__in=BY_HOLDING) & Q(holding__isnull=True),
                name="books_movement_holding",
            ),
        ]
        indexes = [
            models.Index(fields=["site", "day"], name="books_movement_day"),
            models.Index(fields=["subject"], name="books_movement_subject"),
            models.Index(fields=["holding"], name="books_movement_holding_of", condition=Q(holding__isnull=False)),
        ]


class ClosedDay(CodeModel):
    """A business day of a site that is closed: what happens later belongs to a later day (CA-047)."""

    APPEND_ONLY = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="closed_days")
    day = models.DateField()
    closed_at = models.DateTimeField()
    by = models.UUIDField(null=True)
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["site", "day"], name="books_closed_day_once")]
