"""URLs of a tenant: one cached URL configuration per family and combination of verticals.

A vertical that is off has no URL at all: its pages answer 404 and ``reverse()`` fails, without any view asking.
"""

from __future__ import annotations

import sys
from functools import cache
from types import ModuleType

from django.urls import URLPattern, URLResolver, include, path

from kernel import registry


@cache
def tenant_urlconf(family: str, verticals: frozenset[str]) -> str:
    """The name of the URL configuration for a family of tenants with these verticals switched on."""
    name = f"config.urls_{family}_{'_'.join(sorted(verticals)) or 'plain'}"
    module = ModuleType(name, f"URLs of a {family} tenant with {', '.join(sorted(verticals)) or 'no vertical'}.")
    module.urlpatterns = list(_patterns(family, verticals))  # type: ignore[attr-defined]
    module.handler400 = "kernel.web.errors.bad_request"  # type: ignore[attr-defined]
    module.handler403 = "kernel.web.errors.permission_denied"  # type: ignore[attr-defined]
    module.handler404 = "kernel.web.errors.page_not_found"  # type: ignore[attr-defined]
    module.handler500 = "kernel.web.errors.server_error"  # type: ignore[attr-defined]
    sys.modules[name] = module
    return name


def _patterns(family: str, verticals: frozenset[str]) -> list[URLPattern | URLResolver]:
    pages: list[URLPattern | URLResolver] = []
    api: list[URLPattern | URLResolver] = []
    for room in registry.rooms_for(family, verticals):
        if room.urls:
            pages.append(path(f"{room.path}/" if room.path else "", include((room.urls, room.key))))
        if room.api_urls:
            api.append(path(f"{room.key}/", include((room.api_urls, f"api-{room.key}"))))
    return [
        path("", include("config.urls_common")),
        path("api/v1/", include(api)),
        *pages,
    ]
