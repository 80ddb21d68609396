"""A tenant as somebody orders it: entered, with the account of its chain, and handed to the worker."""

from __future__ import annotations

from kernel import registry
from kernel.actions import action
from kernel.context import Actor
from tenants.billing.actions import open_account
from tenants.directory import PLATFORM, public_schema
from tenants.models import ProvisioningJob
from tenants.provisioning import queue
from tenants.provisioning.actions import request_tenant


@action(permission="platform.create_tenant")
def order_tenant(
    *,
    by: Actor,
    slug: str,
    name: str,
    kind: str,
    chain_name: str,
    verticals: tuple[str, ...] = (),
    time_zone: str = "Asia/Shanghai",
    language: str = "zh-hans",
    profile: str = "default",
    administrator: tuple[str, str] | None = None,
) -> ProvisioningJob:
    """Request a tenant, open its chain's account with a trial if it has none, and let the worker set it up (PL-003).

    Raises what ``request_tenant`` raises.
    """
    job = request_tenant(
        by=by,
        slug=slug,
        name=name,
        kind=kind,
        chain_name=chain_name,
        verticals=verticals,
        time_zone=time_zone,
        language=language,
        profile=profile,
        administrator=administrator,
    )
    with public_schema():
        if registry.kind(kind).family != PLATFORM:
            open_account(
                by=by,
                chain=job.tenant.chain,
                name=job.tenant.chain.name,
                email=administrator[1] if administrator else "",
                profile=profile,
                time_zone=time_zone,
            )
        queue.enqueue(job)
    return job
