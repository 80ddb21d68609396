"""From plan to shelf: items, orders, receipts with lot and expiry, requisitions with an issue slip signed by both (IN-006)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, numbering
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import NotFound, RuleRefused
from services.catalogue.models import Item
from services.inventory import stock
from services.inventory.machines import ORDER, REQUISITION
from services.inventory.models import (
    Consumption,
    IssuedLot,
    Lot,
    Minimum,
    MoveKind,
    Movement,
    OrderLine,
    Place,
    PurchaseOrder,
    Requisition,
    RequisitionLine,
    StockItem,
)
from services.patients.models import Patient
from services.sites.models import Site
from services.tasks.actions import open_task, settle_task

ISSUE, RECEIVE = "inventory.issue", "inventory.receive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How much of an item; with a price in fen where it is bought."""

    item: StockItem
    quantity: int
    price_fen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What came: lot, last day of use, price of one unit in fen; first and last number of controlled stationery (IN-013)."""

    item: StockItem
    quantity: int
    lot: str
    price_fen: int
    expires_on: date | None = None
    serial_from: int | None = None
    serial_until: int | None = None


@action(permission="inventory.keep")
def ensure_item(
    *, by: Actor, key: str, name_zh: str, unit: str, kind: str, name_en: str = "", spec: str = "", barcode: str = "",
    item: Item | None = None,
) -> StockItem:  # fmt: skip
    """The stock item with this ``key``, written if it is missing; one that exists stays as it is.

    Raises RuleRefused (``stock_item_invalid``, ``not_goods``, ``barcode_taken``).
    """
    found = StockItem.objects.filter(key=key).first()
    if found is not None:
        return found
    if item is not None and not item.is_goods:
        raise RuleRefused("not_goods", _("Only goods are sold from stock; a procedure uses materials up."))
    if barcode and StockItem.objects.filter(barcode=barcode).exists():
        raise RuleRefused("barcode_taken", _("Another item has this barcode."))
    made = StockItem(
        key=key, name_zh=name_zh, name_en=name_en, unit=unit, kind=kind, spec=spec, barcode=barcode, item=item
    )
    try:
        made.full_clean(exclude=["item"])
    except ValidationError as error:
        raise RuleRefused(
            "stock_item_invalid", _("This cannot be kept as an item."), fields=dict(error.message_dict)
        ) from error
    made.save()
    audit.record(by=by, verb="inventory.item_written", target=made, key=key)
    return made


@action(permission="inventory.keep")
def set_minimum(*, by: Actor, site: Site, item: StockItem, place: str, quantity: int) -> Minimum:
    """How much a place keeps of an item; what the kit must hold. The alarm answers at once."""
    row, _made = Minimum.objects.update_or_create(
        site=site, place=Place(place), item=item, defaults={"quantity": quantity}
    )
    audit.record(by=by, verb="inventory.minimum_set", target=row, site=site.code, quantity=quantity)
    stock.watch(by=by, site=site, item=item, place=place)
    return row


@action(permission="inventory.keep")
def set_consumption(*, by: Actor, procedure: Item, item: StockItem, quantity: int) -> Consumption | None:
    """What one performance of a procedure uses up of an item; 0 takes it away."""
    if quantity < 1:
        Consumption.objects.filter(procedure=procedure, item=item).delete()
        audit.record(by=by, verb="inventory.consumption_removed", target=item, procedure=procedure.key)
        return None
    row, _made = Consumption.objects.update_or_create(procedure=procedure, item=item, defaults={"quantity": quantity})
    audit.record(by=by, verb="inventory.consumption_set", target=row, procedure=procedure.key, quantity=quantity)
    return row


# --- purchase ---------------------------------------------------------------------------------------------------------


@action(permission="inventory.keep")
def plan_order(
    *, by: Actor, site: Site, lines: Sequence[Wanted], supplier: str = "", reason: str = ""
) -> PurchaseOrder:
    """Plan a purchase. Raises RuleRefused (``order_empty``, ``quantity_invalid``, ``item_twice``)."""
    _check_lines(lines)
    order = PurchaseOrder.objects.create(
        number=_number("PO", "inventory.order", site),
        site=site,
        supplier=supplier.strip()[:80],
        reason=reason.strip()[:200],
        planned_at=clock.now(),
        planned_by_name=by.name,
    )
    OrderLine.objects.bulk_create(
        OrderLine(order=order, item=one.item, quantity=one.quantity, price_fen=one.price_fen) for one in lines
    )
    audit.record(by=by, verb="inventory.order_planned", target=order, site=site.code)
    return order


@action(permission="inventory.keep")
def place_order(*, by: Actor, site: Site, order: PurchaseOrder) -> PurchaseOrder:
    """The plan goes to the supplier. Raises Conflict (``invalid_transition``), NotFound."""
    _at(order, site)
    ORDER.move(order, "ordered", by=by)
    return order


@action(permission="inventory.keep")
def cancel_order(*, by: Actor, site: Site, order: PurchaseOrder) -> PurchaseOrder:
    """Nothing (more) will come. Raises Conflict (``invalid_transition``), NotFound."""
    _at(order, site)
    ORDER.move(order, "cancelled", by=by)
    return order


@action(permission="inventory.keep")
def receive(
    *, by: Actor, site: Site, delivered: Sequence[Delivered], order: PurchaseOrder | None = None
) -> list[Movement]:
    """What came goes into the store with lot, expiry and price (IN-006). Of an order: no more than was ordered; the order
    is closed when all of it has come.

    Raises RuleRefused (``order_empty``, ``quantity_invalid``, ``lot_missing``, ``lot_expired``, ``lot_differs``,
    ``more_than_ordered``, ``order_not_placed``, ``serials_invalid``), NotFound.
    """
    if not delivered:
        raise RuleRefused("order_empty", _("Name at least one item."))
    lines: dict[int, OrderLine] = {}
    if order is not None:
        _at(order, site)
        locked = PurchaseOrder.objects.select_for_update().get(pk=order.pk)
        if locked.state != "ordered":
            raise RuleRefused("order_not_placed", _("Only what was ordered is received on an order."))
        lines = {line.item_id: line for line in order.lines.select_for_update()}
    today = clock.today(site.timezone)
    made = []
    for one in sorted(delivered, key=lambda row: row.item.pk):
        _check_delivered(one, today)
        if order is not None:
            line = lines.get(one.item.pk)
            if line is None or line.received + one.quantity > line.quantity:
                raise RuleRefused(
                    "more_than_ordered", _("More “%(item)s” came than was ordered.") % {"item": one.item.name}
                )
            line.received += one.quantity
            line.save(update_fields=["received"])
        lot = _lot(by, site, one)
        made.append(
            stock.put(
                by=by, lot=lot, place=Place.STORE, quantity=one.quantity, kind=MoveKind.RECEIPT,
                reference=order.number if order is not None else "",
            )
        )  # fmt: skip
    if order is not None and all(line.received == line.quantity for line in lines.values()):
        ORDER.move(order, "received", by=by)
    return made


def _check_delivered(one: Delivered, today: date) -> None:
    if one.quantity < 1:
        raise RuleRefused("quantity_invalid", _("A quantity is 1 or more."))
    if not one.lot.strip():
        raise RuleRefused("lot_missing", _("Every delivery has its lot number."), fields={"lot": [_("Required")]})
    if one.expires_on is not None and one.expires_on < today:
        raise RuleRefused("lot_expired", _("What is expired is not taken in."))
    if (one.serial_from is None) != (one.serial_until is None) or (
        one.serial_from is not None and one.serial_until is not None and one.serial_until < one.serial_from
    ):
        raise RuleRefused("serials_invalid", _("Name the first and the last serial number."))
    if one.item.kind == StockItem.Kind.STATIONERY and (
        one.serial_from is None or one.serial_until is None or one.serial_until - one.serial_from + 1 != one.quantity
    ):
        raise RuleRefused("serials_invalid", _("Controlled stationery comes with a serial number for each sheet."))


def _lot(by: Actor, site: Site, one: Delivered) -> Lot:
    number = one.lot.strip()[:40]
    if (
        one.serial_from is not None
        and Lot.objects.filter(
            item=one.item, serial_from__lte=one.serial_until, serial_until__gte=one.serial_from
        ).exists()
    ):
        raise RuleRefused("serials_invalid", _("These serial numbers have come already."))
    lot, made = Lot.objects.select_related("item", "site").get_or_create(
        site=site,
        item=one.item,
        number=number,
        defaults={
            "expires_on": one.expires_on,
            "price_fen": one.price_fen,
            "serial_from": one.serial_from,
            "serial_until": one.serial_until,
            "made_at": clock.now(),
        },
    )
    if not made and lot.expires_on != one.expires_on:
        raise RuleRefused("lot_differs", _("This lot is kept with another expiry. Look at the package again."))
    if made:
        audit.record(by=by, verb="inventory.lot_written", target=lot, site=site.code)
    return lot


# --- requisition ------------------------------------------------------------------------------------------------------


@action(permission="inventory.request")
def request_stock(*, by: Actor, site: Site, place: str, lines: Sequence[Wanted]) -> Requisition:
    """A place asks the store. Raises RuleRefused (``order_empty``, ``quantity_invalid``, ``item_twice``, ``place_unknown``)."""
    if place not in (Place.CASHIER, Place.ROOM, Place.KIT):
        raise RuleRefused("place_unknown", _("Say which place needs it."))
    _check_lines(lines)
    row = Requisition.objects.create(
        number=_number("RQ", "inventory.requisition", site),
        site=site,
        place=place,
        requested_at=clock.now(),
        requested_by_name=by.name,
    )
    RequisitionLine.objects.bulk_create(
        RequisitionLine(requisition=row, item=one.item, quantity=one.quantity) for one in lines
    )
    audit.record(by=by, verb="inventory.requested", target=row, site=site.code, place=place)
    _task(by, row, ISSUE, gettext_noop("Issue from the store: %(number)s"), ("head_nurse",))
    return row


@action(permission="inventory.keep")
def issue(*, by: Actor, site: Site, requisition: Requisition) -> Requisition:
    """The store signs the issue slip: the lots that expire first leave the store. Who receives them signs next.

    Raises Conflict (``invalid_transition``), RuleRefused (``out_of_stock``, ``lot_expired``), NotFound.
    """
    _at(requisition, site)
    REQUISITION.move(requisition, "issued", by=by)
    for line in requisition.lines.select_related("item").order_by("item_id"):
        taken = stock.take(
            by=by, site=site, item=line.item, place=Place.STORE, quantity=line.quantity, kind=MoveKind.ISSUE,
            reference=requisition.number,
        )  # fmt: skip
        IssuedLot.objects.bulk_create(
            IssuedLot(requisition=requisition, lot=one.lot, quantity=one.quantity) for one in taken
        )
    settle_task(by=by, kind=ISSUE, key=str(requisition.code), result="issued")
    roles = ("cashier",) if requisition.place == Place.CASHIER else ("nurse", "head_nurse")
    _task(by, requisition, RECEIVE, gettext_noop("Sign for what the store issued: %(number)s"), roles)
    return requisition


@action(permission="inventory.request")
def sign_for(*, by: Actor, site: Site, requisition: Requisition) -> Requisition:
    """The receiver signs, and the lots lie at the place. Raises RuleRefused (``same_person_twice``), Conflict, NotFound."""
    _at(requisition, site)
    REQUISITION.move(requisition, "received", by=by)
    _arrive(by, requisition, requisition.place)
    settle_task(by=by, kind=RECEIVE, key=str(requisition.code), result="received")
    return requisition


@action(permission="inventory.request")
def send_back(*, by: Actor, site: Site, requisition: Requisition) -> Requisition:
    """What was issued is not what was asked for, and lies in the store again. Raises Conflict, NotFound."""
    _at(requisition, site)
    REQUISITION.move(requisition, "sent_back", by=by)
    _arrive(by, requisition, Place.STORE)
    settle_task(by=by, kind=RECEIVE, key=str(requisition.code), result="sent_back")
    return requisition


@action(permission="inventory.keep")
def decline(*, by: Actor, site: Site, requisition: Requisition) -> Requisition:
    """The store does not issue it. Raises Conflict, NotFound."""
    _at(requisition, site)
    REQUISITION.move(requisition, "declined", by=by)
    settle_task(by=by, kind=ISSUE, key=str(requisition.code), result="declined")
    return requisition


def _arrive(by: Actor, requisition: Requisition, place: str) -> None:
    for one in requisition.issued_lots.select_related("lot__item", "lot__site").order_by("lot__item_id", "lot_id"):
        stock.put(
            by=by, lot=one.lot, place=place, quantity=one.quantity, kind=MoveKind.ISSUE, reference=requisition.number
        )


@action(permission="inventory.use")
def use(
    *, by: Actor, site: Site, place: str, item: StockItem, quantity: int, patient: Patient | None = None
) -> list[stock.Taken]:
    """Something was used at a chair or out of the emergency kit, on a patient where there is one (IN-012).

    Raises RuleRefused (``quantity_invalid``, ``out_of_stock``, ``lot_expired``).
    """
    if quantity < 1:
        raise RuleRefused("quantity_invalid", _("A quantity is 1 or more."))
    return stock.take(
        by=by, site=site, item=item, place=Place(place), quantity=quantity, kind=MoveKind.CONSUMPTION, patient=patient
    )


# --- parts ------------------------------------------------------------------------------------------------------------


def _check_lines(lines: Sequence[Wanted]) -> None:
    if not lines:
        raise RuleRefused("order_empty", _("Name at least one item."))
    if any(one.quantity < 1 for one in lines):
        raise RuleRefused("quantity_invalid", _("A quantity is 1 or more."))
    if len({one.item.pk for one in lines}) < len(lines):
        raise RuleRefused("item_twice", _("Each item stands there once."))


def _number(letters: str, series: str, site: Site) -> str:
    year = f"{clock.today(site.timezone):%Y}"
    return f"{letters}-{numbering.next_number(series, entity=str(site.code), period=year)}"


def _task(by: Actor, row: Requisition, kind: str, title: str, roles: tuple[str, ...]) -> None:
    open_task(
        by=by, kind=kind, key=str(row.code), room="inventory", title=title, args={"number": row.number}, icon="box",
        due_at=clock.now(), roles=roles, site=row.site, url=("inventory:requisition", str(row.code)),
        closed_in_inbox=False,
    )  # fmt: skip


def _at(row: Any, site: Site) -> None:
    if row.site_id != site.pk:
        raise NotFound("stock_paper_not_found", _("There is no such paper here."))
