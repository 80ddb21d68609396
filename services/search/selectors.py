"""The one search box: asks every active room, in the order of the rooms."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import pgettext_lazy

from kernel import registry
from kernel.context import Actor
from services.search.hits import Hit

LONGEST_QUERY = 80
PER_PROVIDER = 8
# What a group of hits is called; a kind that nobody named here is called by its key.
KINDS: dict[str, str | Promise] = {
    "patient": pgettext_lazy("search", "Patients"),
    "appointment": pgettext_lazy("search", "Bookings"),
    "visit": pgettext_lazy("search", "Visits"),
    "staff": pgettext_lazy("search", "Colleagues"),
    "item": pgettext_lazy("search", "Items"),
    "task": pgettext_lazy("search", "Tasks"),
    "document": pgettext_lazy("search", "Documents"),
    "receipt": pgettext_lazy("search", "Receipts"),
    "order": pgettext_lazy("search", "Orders"),
    "policy": pgettext_lazy("search", "Rules"),
    "command": pgettext_lazy("search", "Go to"),
}


@cache
def _provider(path: str) -> Any:
    return import_string(path)


def search(actor: Actor, query: str, *, limit: int = PER_PROVIDER) -> list[Hit]:
    """What the active rooms find for ``query`` that ``actor`` may see; at most ``limit`` per provider.

    An empty query finds nothing. A room that is switched off is not asked.
    """
    wanted = query.replace("\x00", "").strip()[:LONGEST_QUERY]
    if not wanted:
        return []
    return [
        hit for room in registry.active_rooms() for path in room.search for hit in _provider(path)(actor, wanted, limit)
    ]


def grouped(hits: list[Hit]) -> list[tuple[str, str | Promise, list[Hit]]]:
    """The hits by kind, as (kind, label, hits), each kind where its first hit stood."""
    groups: dict[str, list[Hit]] = {}
    for hit in hits:
        groups.setdefault(hit.kind, []).append(hit)
    return [(kind, KINDS.get(kind, kind), found) for kind, found in groups.items()]
