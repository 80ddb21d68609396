"""Which tenant is this? The one answer that every floor above may ask for.

The kernel knows a tenant only as this value. How it is found, stored and bound to the database is the business of
``tenants``; the database connection carries it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db import connection
from django.urls import get_urlconf, set_urlconf
from django.utils import timezone
from django.utils.module_loading import import_string

PUBLIC_SCHEMA = "public"


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantContext:
    """A tenant as the rest of the product sees it. It is read-only and cheap to pass around."""

    code: UUID
    slug: str
    schema_name: str
    database_role: str
    name: str
    kind: str
    family: str
    chain_code: UUID
    chain_name: str
    verticals: frozenset[str] = frozenset()
    timezone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))
    language: str = "zh-hans"
    profile: Literal["literal", "default"] = "default"
    billing_state: str = "active"
    key_salt: bytes = field(default=b"", repr=False)
    host: str = ""

    def get_tenant_type(self) -> str:
        """Asked for by the database backend; every schema holds the same tables."""
        return self.kind


class NoTenant(RuntimeError):
    """Code that belongs to one tenant ran without any."""


def current() -> TenantContext:
    """The tenant that this thread works for.

    Raises NoTenant in the public schema and where only a schema name was set: a job that lost its tenant must stop,
    not go on with every vertical silently off.
    """
    tenant = getattr(connection, "tenant", None)
    if not isinstance(tenant, TenantContext) or connection.schema_name == PUBLIC_SCHEMA:
        raise NoTenant("no tenant is active on this connection")
    return tenant


def current_or_none() -> TenantContext | None:
    """The current tenant, or None in the public schema."""
    tenant = getattr(connection, "tenant", None)
    return tenant if isinstance(tenant, TenantContext) and connection.schema_name != PUBLIC_SCHEMA else None


@contextmanager
def activate(tenant: TenantContext) -> Iterator[TenantContext]:
    """Work for ``tenant``: search path, database role, time zone and log fields are set together and restored after."""
    previous, urls = connection.tenant, get_urlconf()
    connection.set_tenant(tenant)
    # So that a job may write addresses; a vertical that is off has none, in a job as in a page.
    set_urlconf(import_string(settings.TENANT_URLCONF_FACTORY)(tenant.family, tenant.verticals))
    try:
        with timezone.override(tenant.timezone), structlog.contextvars.bound_contextvars(tenant=tenant.slug):
            yield tenant
    finally:
        set_urlconf(urls)
        connection.set_tenant(previous)
