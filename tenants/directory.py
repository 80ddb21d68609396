"""From host, slug or schema to the tenant, without a query in the steady state.

Every process keeps what it looked up; one version number in the shared cache tells whether any of it is out of date.
Without the cache server the answers are kept for a few seconds only, so the product goes on and still notices changes.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction

from kernel import registry
from kernel.tenancy import PUBLIC_SCHEMA, TenantContext
from tenants.database.base import platform_role, scheduler_role
from tenants.models import Tenant

log = structlog.get_logger(__name__)

HEADQUARTERS = "headquarters"
PLATFORM = "platform"
VERSION_KEY = "tenants:directory-version"
WITHOUT_CACHE_SECONDS = 5.0
# A change whose announcement was lost (the cache server was away just then) is noticed after this long at the latest.
LONGEST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class PublicContext:
    """The public schema: the platform's own pages, the relay, the webhook."""

    schema_name: str = PUBLIC_SCHEMA
    database_role: str = ""
    slug: str = ""

    def get_tenant_type(self) -> str:
        return PUBLIC_SCHEMA


class TenantDirectory:
    """The per-process memory of looked-up tenants."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], TenantContext | None] = {}
        self._version: Any = object()

    def get(self, by: str, value: str) -> TenantContext | None:
        """The tenant whose ``by`` ("host", "slug", "schema", …) is ``value``; None when there is none."""
        # A look-up keeps writing to the memory it began with: if that one is thrown away meanwhile, so is the answer.
        known = self._current()
        key = (by, value)
        if key not in known:
            found = _read(by, value)
            if found is None and by == "host":
                return None  # strangers' host names must not fill the memory
            known[key] = found
        return known[key]

    def clear(self) -> None:
        """Forget everything in this process."""
        with self._lock:
            self._known = {}

    def _current(self) -> dict[tuple[str, str], TenantContext | None]:
        version = _version_now()
        if version != self._version:
            with self._lock:
                if version != self._version:
                    self._known = {}
                    self._version = version
        return self._known


_directory = TenantDirectory()


def forget() -> None:
    """Forget what this process has looked up; the next question reads the database."""
    _directory.clear()


def invalidate() -> None:
    """Tell every process, once the running transaction has committed, that tenants, domains or switches changed."""

    def renew() -> None:
        _directory.clear()
        try:
            with public_schema():
                # A random value, not a counter: a store that was emptied must not come back to a number known before.
                cache.set(VERSION_KEY, secrets.token_hex(8), timeout=None)
        except Exception as error:
            log.warning("directory_not_invalidated", error=type(error).__name__)

    transaction.on_commit(renew)


def _version_now() -> tuple[Any, int]:
    try:
        with public_schema():
            return cache.get(VERSION_KEY), int(time.monotonic() / LONGEST_SECONDS)
    except Exception as error:
        log.warning("directory_without_cache", error=type(error).__name__)
        return "no-cache", int(time.monotonic() / WITHOUT_CACHE_SECONDS)


@contextmanager
def public_schema() -> Iterator[None]:
    """Work in the public schema under the platform's role, and come back."""
    previous = connection.tenant
    connection.set_tenant(public_context())
    try:
        yield
    finally:
        connection.set_tenant(previous)


def context_for(*, host: str | None = None, slug: str | None = None, schema: str | None = None) -> TenantContext | None:
    """The tenant behind a host name, a slug or a schema name; None when unknown or still being set up."""
    if host is not None:
        return _directory.get("host", host)
    if slug is not None:
        return _directory.get("slug", slug)
    return _directory.get("schema", str(schema))


def headquarters_context(tenant: TenantContext) -> TenantContext | None:
    """The headquarters of ``tenant``'s chain; itself if it is one, None if the chain has none."""
    if tenant.family == HEADQUARTERS:
        return tenant
    return _directory.get("headquarters", str(tenant.chain_code))


def house_contexts(headquarters: TenantContext) -> list[TenantContext]:
    """The houses of the chain that ``headquarters`` leads, in the order in which they came; reads the database each time,
    because who forgets a new house forgets it for good."""
    with public_schema():
        tenants = Tenant.objects.filter(chain__code=headquarters.chain_code).exclude(state=Tenant.State.PROVISIONING)
        houses = tenants.exclude(kind__in=[*_kinds_of(HEADQUARTERS), *_kinds_of(PLATFORM)])
        rows = houses.select_related("chain").prefetch_related("activations", "domains").order_by("id")
        return [build_context(tenant) for tenant in rows]


def platform_context() -> TenantContext | None:
    """The operators' own tenant, where what is done to the platform is audited; None before it is made."""
    return _directory.get("family", PLATFORM)


def public_context() -> PublicContext:
    """The public schema under the platform's role."""
    return PublicContext(database_role=platform_role())


def scheduler_context() -> PublicContext:
    """The public schema under the role that may read every tenant's due entries."""
    return PublicContext(database_role=scheduler_role())


def _read(by: str, value: str) -> TenantContext | None:
    with public_schema():
        tenants = Tenant.objects.select_related("chain").exclude(state=Tenant.State.PROVISIONING)
        if by == "headquarters":
            tenant = tenants.filter(chain__code=value, kind__in=_kinds_of(HEADQUARTERS)).order_by("id").first()
        elif by == "family":
            tenant = tenants.filter(kind__in=_kinds_of(value)).order_by("id").first()
        else:
            field = {"host": "domains__domain", "slug": "slug", "schema": "schema_name"}[by]
            tenant = tenants.filter(**{field: value}).first()
        return build_context(tenant) if tenant else None


def _kinds_of(family: str) -> list[str]:
    return [key for key, kind in registry.kinds().items() if kind.family == family]


def build_context(tenant: Tenant) -> TenantContext:
    """Describe ``tenant`` as the rest of the product sees it."""
    installed = registry.verticals()
    # In Python and not in SQL: whoever lists all tenants has prefetched both.
    switched_on = (row.vertical for row in tenant.activations.all() if row.active)
    primary = next((row for row in tenant.domains.all() if row.is_primary), None)
    return TenantContext(
        code=tenant.code,
        slug=tenant.slug,
        schema_name=tenant.schema_name,
        database_role=tenant.database_role,
        name=tenant.name,
        kind=tenant.kind,
        family=registry.kind(tenant.kind).family,
        chain_code=tenant.chain.code,
        chain_name=tenant.chain.name,
        verticals=frozenset(key for key in switched_on if key in installed),
        timezone=ZoneInfo(tenant.time_zone),
        language=tenant.language,
        profile="literal" if tenant.profile == "literal" else "default",
        billing_state="suspended" if tenant.state == Tenant.State.SUSPENDED else tenant.billing_state,
        key_salt=bytes(tenant.key_salt),
        host=primary.domain if primary else f"{tenant.slug}.{settings.BASE_DOMAIN}",
    )


def with_verticals(tenant: TenantContext, verticals: frozenset[str]) -> TenantContext:
    """The same tenant with other switches (previews and tests)."""
    return replace(tenant, verticals=verticals)
