"""What sites put into the frame of every page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from services.sites import selectors


def site_choices(request: HttpRequest) -> list[dict[str, Any]]:
    """The sites of the switcher in the top bar: those where this person works."""
    return [
        {"code": site.code, "name": site.short_name, "timezone": site.timezone, "order": site.order}
        for site in selectors.sites_now()
        if site.code in request.actor.sites("sites.view")
    ]
