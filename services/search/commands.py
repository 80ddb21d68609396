"""Pages as commands: what the navigation offers can be typed."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse

from kernel import registry, tenancy
from kernel.context import Actor
from services.search.hits import Hit


def find_commands(actor: Actor, q: str, limit: int) -> list[Hit]:
    """The pages of the navigation that are called like ``q``, for those who may open them. Asks no database."""
    wanted = q.lower()
    family = tenancy.current().family
    found = []
    for room in registry.active_rooms():
        for item in room.nav:
            if item.families is not None and family not in item.families:
                continue
            label = str(item.label)
            if not actor.can(item.permission) or not (wanted in label.lower() or item.key.startswith(wanted)):
                continue
            try:
                url = reverse(item.url_name)
            except NoReverseMatch:
                continue
            found.append((item.order, Hit(kind="command", title=label, url=url, icon=item.icon)))
    return [hit for _order, hit in sorted(found, key=lambda pair: pair[0])[:limit]]
