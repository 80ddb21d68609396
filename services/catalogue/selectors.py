"""Reading the catalogue: what is offered, what it costs on a day, and who may see that."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from kernel import clock, parameters, registry
from kernel.access import holds
from kernel.context import Actor
from kernel.errors import NotFound
from services.catalogue.models import Category, Item, ItemPrice
from services.sites.models import Site
from services.sites.selectors import sites_now
from services.staff.names import normalise_query


def categories() -> QuerySet[Category]:
    """The lines of the daily report: those of every line of business and those of the active ones."""
    active = [room.key for room in registry.active_verticals()]
    return Category.objects.filter(Q(vertical="") | Q(vertical__in=active)).select_related("rolls_up_to")


def items(*, vertical: str | None = None, query: str = "", category: Category | None = None) -> QuerySet[Item]:
    """The items on offer with their prices: of one line of business and the general ones, or of all active ones.

    ``query`` looks at names, pinyin, initials and key.
    """
    wanted = [vertical] if vertical else [room.key for room in registry.active_verticals()]
    rows = Item.objects.filter(Q(vertical="") | Q(vertical__in=wanted), is_active=True)
    if category is not None:
        rows = rows.filter(category=category)
    return with_prices(_matching(rows, query))


def all_items(*, query: str = "") -> QuerySet[Item]:
    """Every item of the active lines of business, those no longer offered too, with prices."""
    active = [room.key for room in registry.active_verticals()]
    return with_prices(_matching(Item.objects.filter(Q(vertical="") | Q(vertical__in=active)), query))


def with_prices(rows: QuerySet[Item]) -> QuerySet[Item]:
    """``rows`` with category and prices, so that ``price_on`` asks nothing more."""
    return rows.select_related("category").prefetch_related(
        Prefetch("prices", queryset=ItemPrice.objects.order_by("-effective_from"))
    )


def access_item(actor: Actor, code: UUID, word: str = "catalogue.view") -> Item:
    """The item ``code`` of an active line of business, if ``actor`` holds ``word``.

    Raises NotFound (``item_not_found``).
    """
    found = all_items().filter(code=code).first() if holds(actor, word) else None
    if found is None:
        raise NotFound("item_not_found", _("There is no such item."))
    return found


def item_by_key(key: str) -> Item:
    """The item with this stable key. Raises Item.DoesNotExist."""
    return with_prices(Item.objects.all()).get(key=key)


def named(text: str) -> list[Item]:
    """The items of the active lines of business, those no longer offered too, whose key or whole name is ``text``; a key
    wins over a name, and what is offered over what is not."""
    rows = all_items().filter(Q(key__iexact=text) | Q(name_zh=text) | Q(name_en__iexact=text))
    found = [one for one in rows if one.key == text.casefold()] or list(rows)
    return [one for one in found if one.is_active] or found


def price_at(item: Item, when: date | datetime | None = None, *, site: Site | None = None) -> int | None:
    """What ``item`` costs in fen on the local day of ``when`` (default: now), at ``site`` or by the tenant's clock.

    None before its first price.
    """
    zone = site.timezone if site is not None else None
    if when is None:
        day = clock.today(zone)
    else:
        day = clock.local(when, zone).date() if isinstance(when, datetime) else when
    return item.price_on(day)


def may_see_price(actor: Actor, item: Item, *, site: Site | None = None) -> bool:
    """May ``actor`` see what ``item`` costs? (FD-019)

    Whoever holds ``catalogue.see_prices`` may. The others may where ``desk_may_quote_price`` says so for the site and
    the line of business, and only for items of the public list. Without a ``site`` it must say so at every site where
    they work: what one branch keeps to itself is shown on no page.
    """
    if holds(actor, "catalogue.see_prices", site=site.code if site is not None else None):
        return True
    if not item.is_public or not holds(actor, "catalogue.view"):
        return False
    places: list[Site | None] = [site]
    if site is None:
        places = [one for one in sites_now() if actor.can("catalogue.view", site=one.code)] or [None]
    return all(
        bool(parameters.value("desk_may_quote_price", site=place, vertical=item.vertical or None)) for place in places
    )


def _matching(rows: QuerySet[Item], query: str) -> QuerySet[Item]:
    wanted = normalise_query(query)
    if not wanted:
        return rows
    return rows.filter(
        Q(pinyin__contains=wanted)
        | Q(initials__startswith=wanted)
        | Q(name_zh__icontains=query.strip())
        | Q(name_en__icontains=query.strip())
        | Q(key__startswith=query.strip().lower())
    )
