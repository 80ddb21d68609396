"""What a charge does to stock, in its own transaction (CA-053): goods leave the till, materials leave the rooms."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext as _

from kernel import audit
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import NotFound, RuleRefused
from services.cashier.models import ChargeLine, Receipt
from services.catalogue.models import Item
from services.inventory import stock
from services.inventory.codes import find_stock
from services.inventory.models import Consumption, MoveKind, Movement, Place, StockItem
from services.sites.models import Site


def on_charged(*, by: Actor, receipt: Receipt, lines: Sequence[ChargeLine]) -> None:
    """Slot ``cashier.charged``. A sale without stock refuses the charge; a procedure that was done is charged whatever the
    books of the room say, and the head nurse hears that they are short (IN-002).

    Raises RuleRefused (``out_of_stock``, ``lot_expired``).
    """
    of_goods = {one.item_id: one for one in StockItem.objects.filter(item__in=[line.item_id for line in lines])}
    uses: dict[int, list[Consumption]] = {}
    for one in Consumption.objects.filter(procedure__in=[line.item_id for line in lines]).select_related("item"):
        uses.setdefault(one.procedure_id, []).append(one)
    wanted: list[tuple[StockItem, str, MoveKind, int, ChargeLine]] = []
    for line in lines:
        if (goods := of_goods.get(line.item_id)) is not None:
            wanted.append((goods, Place.CASHIER, MoveKind.SALE, line.quantity, line))
        for use in uses.get(line.item_id, ()):
            wanted.append((use.item, Place.ROOM, MoveKind.CONSUMPTION, use.quantity * line.quantity, line))
    # One order for all tills: whoever sells the same things at once waits, and nobody in a ring.
    wanted.sort(key=lambda one: (one[0].pk, one[1], one[4].pk))
    for item, place, kind, quantity, line in wanted:
        stock.take(
            by=by,
            site=receipt.site,
            item=item,
            place=place,
            quantity=quantity,
            kind=kind,
            patient=receipt.patient,
            line=line.code,
            reference=receipt.number,
            partial=kind == MoveKind.CONSUMPTION,
        )


def find_goods(*, site: Site, text: str) -> tuple[Item, int] | None:
    """Slot ``cashier.scanned``: what the till sells under a scanned code, and how much of it the till has."""
    found = find_stock(text)
    if found is None or found.item is None:
        return None
    return found.item, stock.usable(site, found, Place.CASHIER)


@action(permission="inventory.count")
def take_back_goods(*, by: Actor, site: Site, line: UUID, quantity: int) -> list[Movement]:
    """Goods that were sold come back unopened to the till, into the lots they came from; no more than were sold.

    The money goes back by a refund. Raises NotFound (``line_not_found``), RuleRefused (``more_than_sold``).
    """
    found = ChargeLine.objects.select_for_update(of=("self",)).filter(code=line, slip__site=site).first()
    if found is None:
        raise NotFound("line_not_found", _("There is no such item on a receipt here."))
    left: dict[int, int] = {}
    lots = {}
    for row in Movement.objects.filter(line=line, place=Place.CASHIER).select_related(
        "lot__item", "lot__site", "patient"
    ):
        left[row.lot_id] = left.get(row.lot_id, 0) - row.quantity
        lots[row.lot_id] = row
    if not 0 < quantity <= sum(left.values()):
        raise RuleRefused("more_than_sold", _("No more come back than were sold."), sold=max(sum(left.values()), 0))
    made = []
    for pk in sorted(left):
        part = min(quantity, left[pk])
        if part > 0:
            sale = lots[pk]
            made.append(
                stock.put(
                    by=by, lot=sale.lot, place=Place.CASHIER, quantity=part, kind=MoveKind.RETURN, line=line,
                    reference=sale.reference, patient=sale.patient,
                )
            )  # fmt: skip
            quantity -= part
    audit.record(by=by, verb="inventory.taken_back", target=found, site=site.code)
    return made
