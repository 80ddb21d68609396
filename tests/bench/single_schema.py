"""The same product as one clinic would have it that knows no tenants: Django's own backend on one schema.

For the benchmark that asks what tenancy costs. The tables, the rows, the role and the pages are those of one tenant;
what is missing is everything that chooses a tenant, per request and per statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from django.conf import settings
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string

from kernel.tenancy import TenantContext
from tenants.database.base import EXTENSIONS, PUBLIC


class OneSchema(DatabaseWrapper):
    """Search path and role are given at connecting and never again."""

    def __init__(self, ordinary: dict[str, Any], tenant: TenantContext) -> None:
        start = f"-c search_path={tenant.schema_name},{PUBLIC},{EXTENSIONS} -c role={tenant.database_role}"
        options = {**ordinary["OPTIONS"], "options": f"{ordinary['OPTIONS'].get('options', '')} {start}"}
        super().__init__({**ordinary, "ENGINE": "django.db.backends.postgresql", "OPTIONS": options}, "default")
        self.tenant, self.schema_name = tenant, tenant.schema_name

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:
        """There is nothing to choose."""


class OneSchemaMiddleware:
    """Stands where the tenant's middleware stands; the URLs are known before any request comes."""

    tenant: ClassVar[TenantContext]

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.urlconf = import_string(settings.TENANT_URLCONF_FACTORY)(self.tenant.family, self.tenant.verticals)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.tenant, request.urlconf = self.tenant, self.urlconf  # type: ignore[attr-defined]
        return self.get_response(request)


@contextmanager
def in_its_place(wrapper: DatabaseWrapper) -> Iterator[None]:
    """Let this thread's ``connection`` be ``wrapper`` inside the block."""
    ordinary = connections["default"]
    connections["default"] = wrapper
    try:
        yield
    finally:
        connections["default"] = ordinary
