"""Host → tenant → schema, role, URLs and time zone, for the length of one request."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.module_loading import import_string

from tenants.directory import context_for, public_context


class TenantMiddleware:
    """Chooses the tenant by the host alone; an unknown host gets a bare 404 that says nothing about anybody."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.tenant_urlconf = import_string(settings.TENANT_URLCONF_FACTORY)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # get_host() refuses hosts outside ALLOWED_HOSTS; the port plays no part in who is asked.
        host = request.get_host().rsplit(":", 1)[0].lower().rstrip(".")
        connection.set_tenant(public_context())
        tenant = None if host in settings.PUBLIC_HOSTS else context_for(host=host)
        request.tenant = tenant  # type: ignore[attr-defined]
        try:
            if tenant is None:
                if host not in settings.PUBLIC_HOSTS and request.path not in settings.HOSTLESS_PATHS:
                    return HttpResponse("404 Not Found\n", status=404, content_type="text/plain; charset=utf-8")
                request.urlconf = settings.PUBLIC_SCHEMA_URLCONF  # type: ignore[attr-defined]
                return self.get_response(request)
            connection.set_tenant(tenant)
            request.urlconf = self.tenant_urlconf(tenant.family, tenant.verticals)  # type: ignore[attr-defined]
            with (
                timezone.override(tenant.timezone),
                translation.override(tenant.language),
                structlog.contextvars.bound_contextvars(tenant=tenant.slug),
            ):
                return self.get_response(request)
        finally:
            connection.set_tenant(public_context())
