"""Small helpers of the tests of the tenants' floor."""

from __future__ import annotations

import uuid

from django.db import connection

from kernel import tenancy
from kernel.context import Actor
from kernel.tenancy import TenantContext
from tenants.models import ProvisioningJob
from tenants.provisioning.actions import request_tenant

SYSTEM = Actor.system("test")


def new_slug() -> str:
    """A subdomain that nobody had: roles belong to the cluster and outlive the database of a test."""
    return f"n{uuid.uuid4().hex[:12]}"


def ask(slug: str | None = None, **changes: object) -> ProvisioningJob:
    """Request a tenant; the job waits."""
    wanted = {"slug": slug or new_slug(), "name": "New clinic", "kind": "clinic", "chain_name": "New chain", **changes}
    return request_tenant(by=SYSTEM, **wanted)


def rows_of(tenant: TenantContext) -> dict[str, int]:
    """How many rows each table of a tenant has."""
    with tenancy.activate(tenant), connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        counts = {}
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            counts[table] = cursor.fetchone()[0]
    return counts
