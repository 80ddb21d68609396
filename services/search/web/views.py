"""The answers of the command palette."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse

from kernel.web import states
from kernel.web.views import htmx_partial, page
from services.search import selectors
from services.search.hits import Hit

ICONS = {
    "patient": "patient",
    "staff": "people",
    "item": "clipboard",
    "command": "arrow-right",
    "appointment": "calendar",
}
TONES = {
    "waiting": "warn",
    "in_chair": "ok",
    "overdue": "late",
    "no_show": "late",
    "finished": "ok",
    "confirmed": "info",
}


@page(permission=None, reason="each provider shows only what the person may see")
def results(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "")
    groups = [
        {"label": label, "items": [_item(hit) for hit in hits]}
        for _kind, label, hits in selectors.grouped(selectors.search(request.actor, query))
    ]
    context = {"groups": groups, "query": query}
    return htmx_partial(request, "search/results.html", "web/palette_results.html", context)


def _item(hit: Hit) -> dict[str, Any]:
    return {
        "icon": hit.icon or ICONS.get(hit.kind, "search"),
        "title": hit.title,
        "meta": hit.subtitle,
        "url": hit.url,
        "state": hit.state if hit.state in states.STATES else "",
        "badge": states.STATES[hit.state].label if hit.state in states.STATES else hit.state,
        "badge_tone": TONES.get(hit.state, "plain"),
        "key": hit.key,
    }
