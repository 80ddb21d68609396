"""The papers of the month: count sheets, expiry checks, scrap applications, the pack of the fifth, kit checks."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.ids import CodeModel, VersionedModel
from services.inventory.machines import CHECK, COUNT, PACK, SCRAP
from services.inventory.models.goods import Lot, Place
from services.sites.models import Site


class Count(VersionedModel):
    """The monthly count of the cashier's goods (IN-003, CA-042). ``month``: its first day."""

    KEPT = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    month = models.DateField()
    planned_on = models.DateField()
    state = models.CharField(max_length=12, choices=COUNT.choices, default=COUNT.initial)
    precounted_at = models.DateTimeField(null=True)
    begun_at = models.DateTimeField(null=True)
    handed_over_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    counted_by = models.UUIDField(null=True)
    counted_by_name = models.CharField(max_length=80, blank=True)
    accepted_by = models.UUIDField(null=True)
    accepted_by_name = models.CharField(max_length=80, blank=True)
    settled_by = models.UUIDField(null=True)
    settled_by_name = models.CharField(max_length=80, blank=True)
    recount_reason = models.CharField(max_length=200, blank=True)
    round = models.PositiveSmallIntegerField(default=1)
    variance_fen = models.BigIntegerField(null=True)
    variance_quantity = models.IntegerField(null=True)

    class Meta:
        ordering = ["-month", "-id"]
        constraints = [
            COUNT.constraint("inventory_count_state"),
            models.UniqueConstraint(fields=["site", "month"], name="inventory_count_month"),
            models.CheckConstraint(
                condition=Q(accepted_by__isnull=True) | Q(counted_by__isnull=True) | ~Q(accepted_by=F("counted_by")),
                name="inventory_count_two_people",
            ),
        ]


class CountLine(CodeModel):
    """A lot on the sheet. ``book`` is what the books said at ``counted_at``, the moment of ``actual`` (IN-004)."""

    count = models.ForeignKey(Count, on_delete=models.PROTECT, related_name="lines")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="+")
    price_fen = models.PositiveBigIntegerField()
    precounted = models.PositiveIntegerField(null=True)
    book = models.IntegerField(null=True)
    actual = models.PositiveIntegerField(null=True)
    counted_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["lot__item__key", "lot_id"]
        constraints = [
            models.UniqueConstraint(fields=["count", "lot"], name="inventory_count_lot_once"),
            models.CheckConstraint(
                condition=Q(actual__isnull=True, book__isnull=True, counted_at__isnull=True)
                | Q(actual__isnull=False, book__isnull=False, counted_at__isnull=False),
                name="inventory_count_line_whole",
            ),
        ]

    @property
    def difference(self) -> int | None:
        """Actual less book; None while the line is blank."""
        return None if self.actual is None or self.book is None else self.actual - self.book

    @property
    def profit_fen(self) -> int | None:
        """Profit (or loss, negative) at the price of the lot."""
        return None if self.difference is None else self.difference * self.price_fen


class ExpiryCheck(VersionedModel):
    """All lots looked at on the last day of a month (IN-007)."""

    KEPT = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    due_on = models.DateField()
    state = models.CharField(max_length=8, choices=CHECK.choices, default=CHECK.initial)
    checked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-due_on", "-id"]
        constraints = [
            CHECK.constraint("inventory_check_state"),
            models.UniqueConstraint(fields=["site", "due_on"], name="inventory_check_once"),
        ]


class ExpiryLine(CodeModel):
    """A lot that somebody held in the hand: who confirmed it, and what it is."""

    class Finding(models.TextChoices):
        GOOD = "good", pgettext_lazy("expiry", "good")
        EXPIRING = "expiring", pgettext_lazy("expiry", "expires soon")
        EXPIRED = "expired", pgettext_lazy("expiry", "expired")
        SCRAP = "scrap", pgettext_lazy("expiry", "to be scrapped")

    check_of = models.ForeignKey(ExpiryCheck, on_delete=models.PROTECT, related_name="lines")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="+")
    finding = models.CharField(max_length=8, choices=Finding.choices)
    at = models.DateTimeField()
    by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["lot_id"]
        constraints = [models.UniqueConstraint(fields=["check_of", "lot"], name="inventory_check_lot_once")]


class Scrap(VersionedModel):
    """Application to scrap stock; the dean decides (IN-007). Columns of 14: item, lot, expiry, quantity, value, reason."""

    KEPT = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=40)
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="scraps")
    place = models.CharField(_("Place"), max_length=8, choices=Place.choices)
    quantity = models.PositiveIntegerField(_("Quantity"))
    reason = models.CharField(_("Reason"), max_length=200)
    state = models.CharField(max_length=12, choices=SCRAP.choices, default=SCRAP.initial)
    applied_at = models.DateTimeField()
    applicant_by = models.UUIDField(null=True)
    applicant_name = models.CharField(max_length=80)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.UUIDField(null=True)
    decided_by_name = models.CharField(max_length=80, blank=True)
    opinion = models.CharField(_("Opinion"), max_length=300, blank=True)
    written_off_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-applied_at", "-id"]
        constraints = [
            SCRAP.constraint("inventory_scrap_state"),
            models.UniqueConstraint(fields=["site", "number"], name="inventory_scrap_number"),
            models.CheckConstraint(
                condition=Q(applicant_by__isnull=True) | Q(decided_by__isnull=True) | ~Q(decided_by=F("applicant_by")),
                name="inventory_scrap_two_people",
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="inventory_scrap_quantity"),
        ]

    @property
    def value_fen(self) -> int:
        """What it cost."""
        return self.quantity * self.lot.price_fen


class MonthlyPack(VersionedModel):
    """Budget of this month, purchase and requisition of the last one, by the 5th at 24:00 (IN-005)."""

    KEPT = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    month = models.DateField()
    state = models.CharField(max_length=10, choices=PACK.choices, default=PACK.initial)
    due_at = models.DateTimeField()
    overdue_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    submitted_by = models.UUIDField(null=True)
    submitted_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-month", "-id"]
        constraints = [
            PACK.constraint("inventory_pack_state"),
            models.UniqueConstraint(fields=["site", "month"], name="inventory_pack_month"),
        ]


class PackTable(CodeModel):
    """One of the three tables of a pack. A table without lines says that there was nothing."""

    class Kind(models.TextChoices):
        BUDGET = "budget", pgettext_lazy("pack", "budget")
        PURCHASE = "purchase", pgettext_lazy("pack", "purchase")
        REQUISITION = "requisition", pgettext_lazy("pack", "requisition")

    pack = models.ForeignKey(MonthlyPack, on_delete=models.PROTECT, related_name="tables")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    month = models.DateField()
    written_at = models.DateTimeField()
    written_by_name = models.CharField(max_length=80)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["pack", "kind"], name="inventory_pack_table_once")]


class PackLine(CodeModel):
    """Columns of 14: item; spec; qty; price; amount; reason or department; date."""

    table = models.ForeignKey(PackTable, on_delete=models.CASCADE, related_name="lines")
    item = models.CharField(_("Item"), max_length=80)
    spec = models.CharField(_("Specification"), max_length=80, blank=True)
    quantity = models.PositiveIntegerField(_("Quantity"))
    price_fen = models.PositiveBigIntegerField(_("Price"))
    reason = models.CharField(_("Reason or department"), max_length=120, blank=True)
    on = models.DateField(_("Date"))

    class Meta:
        ordering = ["id"]

    @property
    def amount_fen(self) -> int:
        """Quantity times price."""
        return self.quantity * self.price_fen


class KitCheck(CodeModel):
    """Somebody looked through the emergency kit (IN-012). Never edited."""

    APPEND_ONLY = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    by = models.UUIDField(null=True)
    by_name = models.CharField(max_length=80)
    complete = models.BooleanField()
    remark = models.CharField(_("Remark"), max_length=200, blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["site", "-at"], name="inventory_kit_check")]
