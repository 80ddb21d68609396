"""What patients have paid in advance. Its balance stands in the books; here is whose it is, each use, and each change.

No row holds a balance that is changed: a ``StatementLine`` says what stood there after it, and the next one has the next
number. Of two tills that write at once one finds the number taken.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.crypto import EncryptedTextField
from kernel.ids import CodeModel, VersionedModel
from services.cashier.models import ChargeLine
from services.catalogue.models import Item
from services.patients.models import Patient
from services.prepaid.machines import HOLDING
from services.reception.models import Visit
from services.records.models import Treatment
from services.refunds.models import Refund
from services.sites.models import Site


class Kind(models.TextChoices):
    """What is paid for in advance."""

    PACKAGE = "package", pgettext_lazy("prepaid", "Package")
    STORED_VALUE = "stored_value", pgettext_lazy("prepaid", "Stored value")


class Offer(VersionedModel):
    """What the sale of a catalogue item gives: so many sessions of ``gives`` for so many days, or stored value at what is paid."""

    item = models.OneToOneField(Item, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    gives = models.ForeignKey(Item, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    sessions = models.PositiveSmallIntegerField(default=0)
    valid_days = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["kind", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="package", gives__isnull=False, sessions__gte=1, valid_days__gte=1)
                | Q(kind="stored_value", gives__isnull=True, sessions=0, valid_days=0),
                name="prepaid_offer_whole",
            )
        ]


class Holding(VersionedModel):
    """A package or the stored value of a patient at a site; its ``code`` is its account in the books.

    ``sessions``, ``gives``, ``line`` and ``valid_until`` are a package's. ``paid_fen``: what was paid for a package.
    """

    KEPT = True

    kind = models.CharField(max_length=12, choices=Kind.choices)
    number = models.CharField(_("Number"), max_length=40, unique=True)
    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="holdings")
    state = models.CharField(max_length=10, choices=HOLDING.choices, default=HOLDING.initial)
    name = models.CharField(max_length=80)
    line = models.OneToOneField(ChargeLine, null=True, on_delete=models.PROTECT, related_name="holding")
    gives = models.ForeignKey(Item, null=True, on_delete=models.PROTECT, related_name="+")
    sessions = models.PositiveSmallIntegerField(default=0)
    paid_fen = models.PositiveBigIntegerField(default=0)
    opened_at = models.DateTimeField()
    valid_until = models.DateField(_("Valid until"), null=True)
    frozen_on = models.DateField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-opened_at", "-id"]
        constraints = [
            HOLDING.constraint("prepaid_holding_state"),
            models.CheckConstraint(
                condition=Q(
                    kind="package", line__isnull=False, gives__isnull=False, sessions__gte=1, valid_until__isnull=False
                )
                | Q(kind="stored_value", line__isnull=True, gives__isnull=True, sessions=0, valid_until__isnull=True),
                name="prepaid_holding_whole",
            ),
            models.CheckConstraint(
                condition=~Q(kind="stored_value", state__in=["used", "expired", "refunded"]),
                name="prepaid_stored_value_stays",
            ),
            models.CheckConstraint(
                condition=~Q(state="frozen") | Q(frozen_on__isnull=False), name="prepaid_holding_frozen"
            ),
        ]
        indexes = [
            models.Index(fields=["site", "state", "valid_until"], name="prepaid_holding_list"),
            models.Index(fields=["patient", "state"], name="prepaid_holding_patient"),
        ]

    @property
    def is_package(self) -> bool:
        """Sessions of an item, and not money?"""
        return self.kind == Kind.PACKAGE


class StatementLine(CodeModel):
    """One line of the statement of a holding: what came or went, and what stood there after it; in fen and sessions.

    ``source`` is the source of its entry in the books (receipt, use, payout), ``paper`` the number that stands on it.
    """

    APPEND_ONLY = True

    class Kind(models.TextChoices):
        SOLD = "sold", pgettext_lazy("statement", "sold")
        TOPPED_UP = "topped_up", pgettext_lazy("statement", "topped up")
        USED = "used", pgettext_lazy("statement", "session used")
        NOT_USED = "not_used", pgettext_lazy("statement", "use taken back")
        SPENT = "spent", pgettext_lazy("statement", "paid at the till")
        GIVEN_BACK = "given_back", pgettext_lazy("statement", "given back to it")
        GIVEN_BACK_VOID = "given_back_void", pgettext_lazy("statement", "giving back taken back")
        REFUNDED = "refunded", pgettext_lazy("statement", "refunded")
        REFUND_VOID = "refund_void", pgettext_lazy("statement", "refund taken back")
        AT_LIST_PRICE = "at_list_price", pgettext_lazy("statement", "used sessions at list price")
        AT_LIST_PRICE_VOID = "list_price_void", pgettext_lazy("statement", "list price taken back")

    holding = models.ForeignKey(Holding, on_delete=models.PROTECT, related_name="statement")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=16, choices=Kind.choices)
    before_fen = models.PositiveBigIntegerField()
    amount_fen = models.BigIntegerField()
    balance_fen = models.PositiveBigIntegerField()
    sessions = models.SmallIntegerField(default=0)
    sessions_left = models.PositiveSmallIntegerField(default=0)
    source = models.UUIDField()
    paper = models.CharField(max_length=40, blank=True)
    line = models.ForeignKey(ChargeLine, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    by = models.UUIDField(null=True)
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["holding", "number"], name="prepaid_statement_number"),
            models.CheckConstraint(
                condition=Q(balance_fen=F("before_fen") + F("amount_fen"), balance_fen__gte=0),
                name="prepaid_statement_adds_up",
            ),
            # A line of a charge is paid in advance once.
            models.UniqueConstraint(
                fields=["line"], condition=Q(kind__in=["sold", "topped_up"]), name="prepaid_statement_line"
            ),
        ]
        indexes = [models.Index(fields=["source"], name="prepaid_statement_source")]


class Use(CodeModel):
    """One session that was taken at a visit and signed for. ``list_price_fen``: what it would have cost that day."""

    KEPT = True

    holding = models.ForeignKey(Holding, on_delete=models.PROTECT, related_name="uses")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="prepaid_uses")
    visit = models.ForeignKey(Visit, on_delete=models.PROTECT, related_name="prepaid_uses")
    treatment = models.ForeignKey(Treatment, null=True, on_delete=models.PROTECT, related_name="prepaid_uses")
    amount_fen = models.PositiveBigIntegerField()
    list_price_fen = models.PositiveBigIntegerField()
    signer_name = EncryptedTextField()
    text_hash = models.CharField(max_length=64)
    at = models.DateTimeField()
    by = models.UUIDField(null=True)
    by_name = models.CharField(max_length=80)
    taken_back_at = models.DateTimeField(null=True)
    taken_back_by_name = models.CharField(max_length=80, blank=True)
    taken_back_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["holding", "visit"], condition=Q(taken_back_at__isnull=True), name="prepaid_use_visit"
            ),
            models.UniqueConstraint(
                fields=["treatment"], condition=Q(taken_back_at__isnull=True), name="prepaid_use_treatment"
            ),
            models.CheckConstraint(
                condition=Q(taken_back_at__isnull=True) | ~Q(taken_back_reason=""), name="prepaid_use_reason"
            ),
        ]


class Share(CodeModel):
    """The holder consents that ``patient`` uses the holding too, until it ends (17 P)."""

    KEPT = True

    holding = models.ForeignKey(Holding, on_delete=models.PROTECT, related_name="shares")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="prepaid_shares")
    signer_name = EncryptedTextField()
    text_hash = models.CharField(max_length=64)
    at = models.DateTimeField()
    by_name = models.CharField(max_length=80)
    ended_at = models.DateTimeField(null=True)
    ended_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["holding", "patient"], condition=Q(ended_at__isnull=True), name="prepaid_share_once"
            )
        ]


class Transfer(CodeModel):
    """A package went from one patient to another; both signed. Two files that become one later may be both."""

    APPEND_ONLY = True

    holding = models.ForeignKey(Holding, on_delete=models.PROTECT, related_name="transfers")
    giver = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    taker = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    giver_name = EncryptedTextField()
    taker_name = EncryptedTextField()
    text_hash = models.CharField(max_length=64)
    at = models.DateTimeField()
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["at", "id"]


class Extension(CodeModel):
    """A package has another last day: extended with a reason, or as many days longer as it was frozen."""

    APPEND_ONLY = True

    holding = models.ForeignKey(Holding, on_delete=models.PROTECT, related_name="extensions")
    until_before = models.DateField()
    until_after = models.DateField()
    reason = models.CharField(max_length=200)
    at = models.DateTimeField()
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(until_after__gte=F("until_before")), name="prepaid_extension_longer"),
            models.CheckConstraint(condition=~Q(reason=""), name="prepaid_extension_reason"),
        ]


class Cause(models.TextChoices):
    """Why a holding ends early."""

    PATIENT = "patient", pgettext_lazy("prepaid", "the patient's own wish")
    HOUSE = "house", pgettext_lazy("prepaid", "the house cannot provide it")


class Ending(CodeModel):
    """What was computed when the holder asked for the money, by which rule, and the refund that carries it.

    ``lines``: fen that may go back by charge line. ``kept_fen`` stays with the house as the price of used sessions.
    """

    KEPT = True

    class Rule(models.TextChoices):
        COOLING_OFF = "cooling_off", pgettext_lazy("prepaid", "within the cooling-off period")
        PRO_RATA = "pro_rata", pgettext_lazy("prepaid", "pro rata of what was not used")
        LIST_PRICE = "list_price", pgettext_lazy("prepaid", "less the used sessions at list price")
        BALANCE = "balance", pgettext_lazy("prepaid", "what is left of the stored value")

    holding = models.ForeignKey(Holding, on_delete=models.PROTECT, related_name="endings")
    refund = models.OneToOneField(Refund, null=True, on_delete=models.PROTECT, related_name="prepaid_ending")
    cause = models.CharField(max_length=10, choices=Cause.choices)
    rule = models.CharField(max_length=12, choices=Rule.choices)
    balance_fen = models.PositiveBigIntegerField()
    amount_fen = models.PositiveBigIntegerField()
    kept_fen = models.PositiveBigIntegerField(default=0)
    lines = models.JSONField(default=dict)
    signer_name = EncryptedTextField()
    asked_at = models.DateTimeField()
    by_name = models.CharField(max_length=80)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["holding"], condition=Q(closed_at__isnull=True), name="prepaid_ending_once"
            ),
            models.CheckConstraint(
                condition=Q(balance_fen__gte=F("amount_fen") + F("kept_fen")), name="prepaid_ending_within"
            ),
        ]
