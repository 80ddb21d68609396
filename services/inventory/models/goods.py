"""Stock: items, lots, what lies where, and every movement that made it so."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.ids import CodeModel, VersionedModel
from services.catalogue.models import Item, Named
from services.inventory.machines import ORDER, REQUISITION
from services.patients.models import Patient
from services.sites.models import Site


class Place(models.TextChoices):
    """Where stock lies at a site. The kit is what is kept ready for emergencies (IN-012)."""

    STORE = "store", pgettext_lazy("stock place", "store")
    CASHIER = "cashier", pgettext_lazy("stock place", "till")
    ROOM = "room", pgettext_lazy("stock place", "treatment rooms")
    KIT = "kit", pgettext_lazy("stock place", "emergency kit")


class StockItem(Named, VersionedModel):
    """Something that is kept, counted and used. Its books are kept in whole ``unit``s.

    ``item``: what the till charges when it is sold; only goods have one. ``barcode``: what stands on the package.
    """

    class Kind(models.TextChoices):
        MEDICINE = "medicine", pgettext_lazy("stock", "medicine")
        MATERIAL = "material", pgettext_lazy("stock", "material")
        DEVICE = "device", pgettext_lazy("stock", "device")
        STATIONERY = "stationery", pgettext_lazy("stock", "controlled stationery")

    key = models.SlugField(max_length=60, unique=True)
    kind = models.CharField(_("Kind"), max_length=10, choices=Kind.choices, default=Kind.MATERIAL)
    spec = models.CharField(_("Specification"), max_length=80, blank=True)
    unit = models.CharField(_("Unit"), max_length=20)
    barcode = models.CharField(_("Barcode"), max_length=40, blank=True)
    item = models.OneToOneField(
        Item, null=True, blank=True, on_delete=models.PROTECT, related_name="stock_item", verbose_name=_("Sold as")
    )
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["kind", "key"]
        constraints = [
            models.UniqueConstraint(fields=["barcode"], condition=~Q(barcode=""), name="inventory_item_barcode")
        ]


class Minimum(CodeModel):
    """How much of an item a place keeps for normal demand (IN-001, IN-002); for the kit: what must be ready (IN-012)."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    place = models.CharField(max_length=8, choices=Place.choices)
    item = models.ForeignKey(StockItem, on_delete=models.PROTECT, related_name="minimums")
    quantity = models.PositiveIntegerField(_("Minimum"))

    class Meta:
        ordering = ["place", "item__key"]
        constraints = [models.UniqueConstraint(fields=["site", "place", "item"], name="inventory_minimum_once")]


class Consumption(CodeModel):
    """How much of a material one performance of a catalogue item uses up."""

    procedure = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="consumptions")
    item = models.ForeignKey(StockItem, on_delete=models.PROTECT, related_name="consumptions")
    quantity = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["procedure", "item__key"]
        constraints = [
            models.UniqueConstraint(fields=["procedure", "item"], name="inventory_consumption_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="inventory_consumption_quantity"),
        ]


class Lot(CodeModel):
    """A delivery of one item with the maker's number, expiry and price; the last day on which it may be used."""

    KEPT = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    item = models.ForeignKey(StockItem, on_delete=models.PROTECT, related_name="lots")
    number = models.CharField(_("Lot"), max_length=40)
    # The last serial numbers of controlled stationery stand here as first and last (IN-013).
    serial_from = models.PositiveBigIntegerField(_("Serial numbers from"), null=True, blank=True)
    serial_until = models.PositiveBigIntegerField(_("until"), null=True, blank=True)
    expires_on = models.DateField(_("Expiry"), null=True, blank=True)
    price_fen = models.PositiveBigIntegerField(_("Price"))
    made_at = models.DateTimeField()

    class Meta:
        ordering = [F("expires_on").asc(nulls_last=True), "id"]
        constraints = [
            models.UniqueConstraint(fields=["site", "item", "number"], name="inventory_lot_number"),
            models.CheckConstraint(
                condition=Q(serial_from__isnull=True, serial_until__isnull=True)
                | Q(serial_until__gte=F("serial_from")),
                name="inventory_lot_serials",
            ),
        ]
        indexes = [models.Index(fields=["site", "expires_on"], name="inventory_lot_expiry")]


class Balance(CodeModel):
    """What lies of a lot at a place. Kept beside the movements and locked by each of them; never below zero."""

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="balances")
    place = models.CharField(max_length=8, choices=Place.choices)
    quantity = models.IntegerField(default=0)

    class Meta:
        ordering = ["lot_id", "place"]
        constraints = [
            models.UniqueConstraint(fields=["lot", "place"], name="inventory_balance_once"),
            models.CheckConstraint(condition=Q(quantity__gte=0), name="inventory_balance_not_negative"),
        ]
        indexes = [models.Index(fields=["site", "place"], name="inventory_balance_place")]


class MoveKind(models.TextChoices):
    """Why stock moved."""

    RECEIPT = "receipt", pgettext_lazy("stock move", "receipt")
    ISSUE = "issue", pgettext_lazy("stock move", "issue")
    SALE = "sale", pgettext_lazy("stock move", "sale")
    CONSUMPTION = "consumption", pgettext_lazy("stock move", "consumption")
    COUNT = "count", pgettext_lazy("stock move", "count difference")
    WRITE_OFF = "write_off", pgettext_lazy("stock move", "write-off")
    RETURN = "return", pgettext_lazy("stock move", "return")


class Movement(CodeModel):
    """One change of one lot at one place, signed. Never edited. ``line``: the charge line it follows from.

    ``patient``: on whom it was used or to whom it was sold, so that a recalled lot leads to its patients.
    """

    APPEND_ONLY = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="movements")
    place = models.CharField(max_length=8, choices=Place.choices)
    kind = models.CharField(max_length=12, choices=MoveKind.choices)
    quantity = models.IntegerField()
    at = models.DateTimeField()
    by = models.UUIDField(null=True)
    by_name = models.CharField(max_length=80)
    patient = models.ForeignKey(Patient, null=True, on_delete=models.PROTECT, related_name="+")
    line = models.UUIDField(null=True)
    reference = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(kind__in=["sale", "consumption", "write_off"], quantity__lt=0)
                    | Q(kind__in=["receipt", "return"], quantity__gt=0)
                    | (Q(kind__in=["issue", "count"]) & ~Q(quantity=0))
                ),
                name="inventory_movement_sign",
            ),
        ]
        indexes = [
            models.Index(fields=["lot", "patient"], name="inventory_movement_patients"),
            models.Index(fields=["site", "place", "at"], name="inventory_movement_place"),
            models.Index(fields=["line"], condition=Q(line__isnull=False), name="inventory_movement_line"),
        ]


class PurchaseOrder(VersionedModel):
    """Planned purchasing: plan, order, receipt (IN-006)."""

    KEPT = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=ORDER.choices, default=ORDER.initial)
    supplier = models.CharField(_("Supplier"), max_length=80, blank=True)
    reason = models.CharField(_("Reason"), max_length=200, blank=True)
    planned_at = models.DateTimeField()
    planned_by_name = models.CharField(max_length=80)
    ordered_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-planned_at", "-id"]
        constraints = [
            ORDER.constraint("inventory_order_state"),
            models.UniqueConstraint(fields=["site", "number"], name="inventory_order_number"),
        ]


class OrderLine(CodeModel):
    """What is ordered at which price, and how much of it has come."""

    order = models.ForeignKey(PurchaseOrder, on_delete=models.PROTECT, related_name="lines")
    item = models.ForeignKey(StockItem, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    price_fen = models.PositiveBigIntegerField()
    received = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(received__lte=F("quantity")), name="inventory_order_not_more"),
            models.UniqueConstraint(fields=["order", "item"], name="inventory_order_item_once"),
        ]


class Requisition(VersionedModel):
    """What a place asks of the store; its issue slip is signed by both sides (IN-001)."""

    KEPT = True

    site = models.ForeignKey(Site, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=40)
    place = models.CharField(_("For"), max_length=8, choices=[one for one in Place.choices if one[0] != "store"])
    state = models.CharField(max_length=10, choices=REQUISITION.choices, default=REQUISITION.initial)
    requested_at = models.DateTimeField()
    requested_by_name = models.CharField(max_length=80)
    issued_at = models.DateTimeField(null=True)
    issued_by = models.UUIDField(null=True)
    issued_by_name = models.CharField(max_length=80, blank=True)
    received_at = models.DateTimeField(null=True)
    received_by = models.UUIDField(null=True)
    received_by_name = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ["-requested_at", "-id"]
        constraints = [
            REQUISITION.constraint("inventory_requisition_state"),
            models.UniqueConstraint(fields=["site", "number"], name="inventory_requisition_number"),
            models.CheckConstraint(
                condition=Q(received_by__isnull=True) | Q(issued_by__isnull=True) | ~Q(received_by=F("issued_by")),
                name="inventory_requisition_two_people",
            ),
            models.CheckConstraint(
                condition=Q(received_at__isnull=True) | Q(issued_at__isnull=False), name="inventory_requisition_order"
            ),
        ]


class RequisitionLine(CodeModel):
    requisition = models.ForeignKey(Requisition, on_delete=models.PROTECT, related_name="lines")
    item = models.ForeignKey(StockItem, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["requisition", "item"], name="inventory_requisition_item_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="inventory_requisition_quantity"),
        ]


class IssuedLot(CodeModel):
    """Which lots the store gave out on an issue slip."""

    APPEND_ONLY = True

    requisition = models.ForeignKey(Requisition, on_delete=models.PROTECT, related_name="issued_lots")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()

    class Meta:
        ordering = ["id"]
