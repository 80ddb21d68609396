"""Reads of stock: what lies where, what moved, which patients a lot went to, the papers of the month."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from kernel.access import accessible, holds
from kernel.context import Actor
from kernel.errors import NotFound
from services.inventory.models import (
    Balance,
    Count,
    ExpiryCheck,
    Lot,
    Minimum,
    MonthlyPack,
    Movement,
    PurchaseOrder,
    Requisition,
    Scrap,
    StockItem,
)
from services.sites.models import Site

M = TypeVar("M", bound=Model)
SEE = "inventory.view"


def items() -> QuerySet[StockItem]:
    """Everything that is kept."""
    return StockItem.objects.filter(is_active=True).select_related("item")


def balances(actor: Actor, word: str = SEE) -> QuerySet[Balance]:
    """What lies where at the sites of ``actor``: nothing that is empty; what expires first first."""
    rows = accessible(Balance.objects.filter(quantity__gt=0), actor, word).select_related("site", "lot__item")
    return rows.order_by("lot__item__kind", "lot__item__key", "place", "lot__expires_on", "pk")


def movements(actor: Actor, word: str = SEE) -> QuerySet[Movement]:
    """Every movement at the sites of ``actor``, the latest first."""
    return accessible(Movement.objects.all(), actor, word).select_related("site", "lot__item")


def used_on(lot: Lot) -> QuerySet[Movement]:
    """The patients a lot went to, with when and how much: one indexed statement, for a recall."""
    return Movement.objects.filter(lot=lot, patient__isnull=False).select_related("patient").order_by("at", "id")


def minimums(site: Site) -> QuerySet[Minimum]:
    """What each place keeps."""
    return Minimum.objects.filter(site=site).select_related("item")


def access_item(actor: Actor, code: UUID, word: str = SEE) -> StockItem:
    """An item, for whoever holds ``word``. Raises NotFound (``stock_item_not_found``)."""
    found = items().filter(code=code).first() if holds(actor, word) else None
    if found is None:
        raise NotFound("stock_item_not_found", _("There is no such item in stock."))
    return found


def access_lot(actor: Actor, code: UUID, word: str = SEE) -> Lot:
    """A lot at a site where ``actor`` holds ``word``. Raises NotFound (``lot_not_found``)."""
    found = accessible(Lot.objects.select_related("item", "site__entity"), actor, word).filter(code=code).first()
    if found is None:
        raise NotFound("lot_not_found", _("There is no such lot here."))
    return found


def orders(actor: Actor, word: str = SEE) -> QuerySet[PurchaseOrder]:
    """Purchase orders, the latest first."""
    rows = accessible(PurchaseOrder.objects.select_related("site__entity"), actor, word)
    return rows.prefetch_related("lines__item")


def requisitions(actor: Actor, word: str = SEE) -> QuerySet[Requisition]:
    """Requisitions and their issue slips, the latest first."""
    rows = accessible(Requisition.objects.select_related("site__entity"), actor, word)
    return rows.prefetch_related("lines__item", "issued_lots__lot__item")


def counts(actor: Actor, word: str = SEE) -> QuerySet[Count]:
    """Counts, the latest month first."""
    return accessible(Count.objects.select_related("site__entity"), actor, word)


def checks(actor: Actor, word: str = SEE) -> QuerySet[ExpiryCheck]:
    """Expiry checks, the latest first."""
    return accessible(ExpiryCheck.objects.select_related("site__entity"), actor, word)


def scraps(actor: Actor, word: str = SEE) -> QuerySet[Scrap]:
    """Scrap applications, the latest first."""
    return accessible(Scrap.objects.select_related("site__entity", "lot__item"), actor, word)


def packs(actor: Actor, word: str = SEE) -> QuerySet[MonthlyPack]:
    """Monthly packs, the latest first."""
    rows = accessible(MonthlyPack.objects.select_related("site__entity"), actor, word)
    return rows.prefetch_related("tables__lines")


def one(rows: QuerySet[M], code: UUID) -> M:
    """The paper with this code among ``rows``. Raises NotFound (``stock_paper_not_found``)."""
    found = rows.filter(**_by_code(code)).first()
    if found is None:
        raise NotFound("stock_paper_not_found", _("There is no such paper here."))
    return found


def _by_code(code: UUID) -> dict[str, Any]:
    return {"code": code}
