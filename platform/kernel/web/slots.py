"""Named places in pages that any active room may fill.

A room declares ``slots={"patient.tabs": ("services.cashier.web.slots.patient_tab",)}``; the callable gets the request
and the keywords of the place and answers with a list of items, one item (a dict or safe html) or ``None``.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from django.http import HttpRequest
from django.utils.module_loading import import_string

from kernel import registry, tenancy


@cache
def _contribution(path: str) -> Any:
    return import_string(path)


def slot_items(name: str, request: HttpRequest, **context: Any) -> list[Any]:
    """Everything that the active rooms put into the slot ``name``, ordered by an item's ``order`` (default 100).

    Outside of any tenant no room is active, so the list is empty.
    """
    return sorted(_items(name, request, context), key=_order)


def _items(name: str, request: HttpRequest, context: dict[str, Any]) -> Iterator[Any]:
    if tenancy.current_or_none() is None:
        return
    for room in registry.active_rooms():
        for path in room.slots.get(name, ()):
            given = _contribution(path)(request, **context)
            if given is None:
                continue
            if isinstance(given, (str, dict)):
                yield given
            else:
                yield from given


def _order(item: Any) -> int:
    if isinstance(item, dict):
        return int(item.get("order", 100))
    return int(getattr(item, "order", 100))
