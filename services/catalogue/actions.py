"""Writing the catalogue."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from services.catalogue.models import Category, Item, ItemPrice
from services.sites.locking import lock_version
from services.staff.names import read_name

BEGINNING = date(2000, 1, 1)
ITEM_FIELDS = (
    "name_zh", "name_en", "category", "units", "is_public", "is_active", "is_invasive", "is_goods", "tax_code", "order",
)  # fmt: skip


@action(permission="catalogue.manage")
def ensure_category(
    *, by: Actor, key: str, name_zh: str, name_en: str = "", vertical: str = "", order: int = 0, rolls_up_to: str = ""
) -> Category:
    """The line of the daily report with this ``key``; one that exists stays as the tenant left it.

    ``rolls_up_to`` is the key of a line that exists. Raises LookupError for an unknown one.
    """
    found = Category.objects.filter(key=key).first()
    if found is not None:
        return found
    parent = _category(rolls_up_to) if rolls_up_to else None
    category = Category(key=key, name_zh=name_zh, name_en=name_en, vertical=vertical, order=order, rolls_up_to=parent)
    category.full_clean(validate_unique=False)
    category.save()
    audit.record(by=by, verb="catalogue.category_created", target=category, key=key)
    return category


@action(permission="catalogue.manage")
def ensure_item(
    *,
    by: Actor,
    key: str,
    name_zh: str,
    category: str,
    price_fen: int | None,
    name_en: str = "",
    vertical: str = "",
    effective_from: date | None = None,
    **fields: Any,
) -> Item:
    """The item with this ``key``, written with its first price in fen if it is missing (starter content, imports).

    One that exists stays as the tenant left it, its price too. Without ``effective_from`` the price has always counted,
    so that history loaded later finds it. ``category`` is the key of a line of the daily report: an item without one
    would block the report (CA-037). Raises LookupError for an unknown line.
    """
    found = Item.objects.filter(key=key).first()
    if found is not None:
        return found
    return create_item(
        by=by,
        key=key,
        name_zh=name_zh,
        name_en=name_en,
        category=_category(category),
        vertical=vertical,
        price_fen=price_fen,
        effective_from=effective_from or BEGINNING,
        **fields,
    )


@action(permission="catalogue.manage")
def create_item(
    *,
    by: Actor,
    key: str,
    name_zh: str,
    category: Category,
    price_fen: int | None,
    vertical: str = "",
    effective_from: date | None = None,
    **fields: Any,
) -> Item:
    """Offer a new item, at ``price_fen`` from ``effective_from`` (default: today) on; without a price it has none yet.

    Raises Conflict (``item_exists``).
    """
    _only(fields)
    if Item.objects.filter(key=key).exists():
        sentence = _("There is an item with this key.")
        raise Conflict("item_exists", sentence, fields={"key": [sentence]})
    item = Item(key=key, name_zh=name_zh, category=category, vertical=vertical, **fields)
    _read(item)
    item.full_clean(validate_unique=False)
    item.save()
    if price_fen is not None:
        ItemPrice.objects.create(item=item, price_fen=price_fen, effective_from=effective_from or clock.today())
    audit.record(by=by, verb="catalogue.item_created", target=item, key=key, price_fen=price_fen)
    return item


@action(permission="catalogue.manage")
def update_item(*, by: Actor, item: Item, version: int | None = None, **changes: Any) -> Item:
    """Change an item; its price is changed by ``set_price``. Raises StaleVersion."""
    _only(changes)
    item = lock_version(item, version)
    changed = [field for field, value in changes.items() if getattr(item, field) != value]
    for field in changed:
        setattr(item, field, changes[field])
    if changed:
        _read(item)
        item.full_clean(validate_unique=False)
        item.bump([*changed, "pinyin", "initials"])
        audit.record(by=by, verb="catalogue.item_changed", target=item, fields=changed)
    return item


@action(permission="catalogue.manage")
def set_price(*, by: Actor, item: Item, price_fen: int, effective_from: date | None = None) -> ItemPrice:
    """Let ``item`` cost ``price_fen`` from ``effective_from`` (default: today) on. What was charged before stays.

    Raises RuleRefused (``price_in_the_past``, ``price_negative``).
    """
    today = clock.today()
    day = effective_from or today
    if day < today:
        sentence = _("A price counts from today on at the earliest: what was charged keeps what it said.")
        raise RuleRefused("price_in_the_past", sentence, fields={"effective_from": [sentence]})
    if price_fen < 0:
        sentence = _("A price is not negative.")
        raise RuleRefused("price_negative", sentence, fields={"price_fen": [sentence]})
    lock_version(item, None)
    row, _created = ItemPrice.objects.update_or_create(item=item, effective_from=day, defaults={"price_fen": price_fen})
    audit.record(by=by, verb="catalogue.price_set", target=item, price_fen=price_fen, effective_from=day)
    return row


def _category(key: str) -> Category:
    found = Category.objects.filter(key=key).first()
    if found is None:
        raise LookupError(f"no such line of the daily report: {key!r}")
    return found


def _read(item: Item) -> None:
    reading = read_name(item.name_zh)
    # An item is found by its Chinese name; what is longer than a line is not typed to the end.
    item.pinyin, item.initials = reading.pinyin[:240], reading.initials[:80]


def _only(given: dict[str, Any]) -> None:
    unknown = set(given) - set(ITEM_FIELDS)
    if unknown:
        raise TypeError(f"no such field: {', '.join(sorted(unknown))}")
