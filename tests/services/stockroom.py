"""The stockroom of the tests: items, lots that lie somewhere, goods of the till."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from services.catalogue.actions import ensure_item as ensure_catalogue_item
from services.inventory import supply
from services.inventory.models import Balance, Lot, MoveKind, StockItem
from services.inventory.stock import put
from tests.services.doors import SYSTEM
from tests.services.flow import center

BRUSH_BARCODE = "6901234567892"


def brush() -> StockItem:
    """Goods of the till: a toothbrush at 30.00 that is kept in stock."""
    sold = ensure_catalogue_item(
        by=SYSTEM,
        key="test-brush",
        name_zh="软毛牙刷",
        name_en="brush",
        category="device",
        price_fen=3_000,
        is_goods=True,
    )
    return supply.ensure_item(
        by=SYSTEM, key="test-brush", name_zh="软毛牙刷", unit="支", kind="device", barcode=BRUSH_BARCODE, item=sold
    )


def anaesthetic() -> StockItem:
    """A material of the rooms."""
    return supply.ensure_item(by=SYSTEM, key="test-anaesthetic", name_zh="阿替卡因", unit="支", kind="medicine")


def lot(item: StockItem, number: str, *, place: str, quantity: int, expires: str = "", price_fen: int = 1_000) -> Lot:
    """``quantity`` of a lot lie at a place of the center."""
    row, _made = Lot.objects.select_related("item", "site").get_or_create(
        site=center(), item=item, number=number,
        defaults={
            "expires_on": date.fromisoformat(expires) if expires else None, "price_fen": price_fen,
            "made_at": "2026-12-01T00:00:00Z",
        },
    )  # fmt: skip
    with transaction.atomic():
        put(by=SYSTEM, lot=row, place=place, quantity=quantity, kind=MoveKind.RECEIPT)
    return Lot.objects.select_related("item", "site").get(pk=row.pk)


def lies(of: Lot, place: str) -> int:
    """What the kept balance of a lot at a place says."""
    return Balance.objects.filter(lot=of, place=place).values_list("quantity", flat=True).first() or 0
