"""Reads over the directory of tenants."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from django.db.models import QuerySet

from kernel.tenancy import TenantContext
from tenants.directory import (
    build_context,
    context_for,
    headquarters_context,
    public_context,
    public_schema,
    scheduler_context,
)
from tenants.models import Tenant

__all__ = [
    "catalogue_of_tenants",
    "context_for",
    "every_tenant",
    "headquarters_of",
    "public_context",
    "scheduler_context",
    "tenants_of_chain",
]


def catalogue_of_tenants() -> QuerySet[Tenant]:
    """All tenants with what their lists show, those being set up included. To be read in the public schema."""
    return Tenant.objects.select_related("chain").prefetch_related("activations", "domains").order_by("slug")


def every_tenant() -> Iterator[TenantContext]:
    """All tenants that are set up, in the order of their slugs."""
    with public_schema():
        contexts = [build_context(row) for row in _set_up()]
    yield from contexts


def tenants_of_chain(chain_code: UUID) -> list[TenantContext]:
    """The tenants of one chain, headquarters included."""
    with public_schema():
        return [build_context(row) for row in _set_up().filter(chain__code=chain_code)]


def headquarters_of(tenant: TenantContext) -> TenantContext | None:
    """The headquarters tenant of the same chain, if it has one."""
    return headquarters_context(tenant)


def _set_up() -> QuerySet[Tenant]:
    return catalogue_of_tenants().exclude(state=Tenant.State.PROVISIONING)
