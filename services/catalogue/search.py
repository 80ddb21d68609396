"""Items in the search box."""

from __future__ import annotations

from django.urls import reverse

from kernel.context import Actor
from services.catalogue import selectors
from services.search.hits import Hit


def find_items(actor: Actor, q: str, limit: int) -> list[Hit]:
    """Items by name, pinyin or key. Prices stand on the item's page, for those who may see them."""
    if not actor.can("catalogue.view") or len(q) < 2:
        return []
    return [
        Hit(
            kind="item",
            title=item.name,
            subtitle=item.category.name,
            url=reverse("catalogue:detail", args=[item.code]),
            code=item.code,
        )
        for item in selectors.items(query=q).prefetch_related(None)[:limit]
    ]
