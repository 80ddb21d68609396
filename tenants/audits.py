"""The audit of a tenant, judged from outside of it."""

from __future__ import annotations

from dataclasses import replace

from kernel import tenancy
from kernel.audit import trail
from kernel.audit.models import AuditSeal
from kernel.audit.trail import Verification
from kernel.tenancy import TenantContext
from tenants.directory import public_schema
from tenants.models import AuditAnchor


def verify_tenant(tenant: TenantContext) -> Verification:
    """Recompute the chain of ``tenant`` and compare it with the anchors that are kept outside of its schema.

    Whoever owns the tables could cut the end off a chain and what is left would be sound in itself.
    """
    with public_schema():
        anchors = list(AuditAnchor.objects.filter(tenant__code=tenant.code).order_by("number"))
    with tenancy.activate(tenant):
        found = trail.verify()
        seals = dict(
            AuditSeal.objects.filter(number__in=[row.number for row in anchors]).values_list("number", "digest")
        )
    broken = tuple(
        f"seal {row.number}: is not the one that was anchored" for row in anchors if seals.get(row.number) != row.digest
    )
    return replace(found, problems=(*found.problems, *broken))
