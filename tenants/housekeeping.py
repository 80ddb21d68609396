"""What is done everywhere although nothing is due there: audits sealed, tenants measured, lost jobs picked up."""

from __future__ import annotations

import time
from datetime import timedelta

import structlog
from celery import shared_task
from django.db import DatabaseError

from kernel import clock, tenancy
from kernel.audit import trail
from kernel.audit.models import AuditSeal
from kernel.tenancy import TenantContext
from tenants import heartbeats, pulse
from tenants.directory import public_schema
from tenants.jobs import PlatformTask
from tenants.models import AuditAnchor, SignUpRequest, Tenant, TenantVitals
from tenants.provisioning.queue import enqueue_unfinished
from tenants.selectors import every_tenant
from tenants.sending import begun
from tenants.vitals import measure

log = structlog.get_logger(__name__)

LONGEST_SECONDS = 30.0
MEASURE_EVERY = timedelta(minutes=10)
ANCHOR_EVERY = timedelta(hours=1)
CONTACT_KEPT = timedelta(days=30)


@shared_task(base=PlatformTask, name="tenants.housekeeping")
def keep_house() -> None:
    """One round through all tenants, the longest unmeasured first; what is not reached is reached by the next round."""
    begun("housekeeping")
    heartbeats.beat(heartbeats.WORKER)
    pulse.note()
    enqueue_unfinished()
    forget_contacts()
    ends = time.monotonic() + LONGEST_SECONDS
    stale = _stale()
    for tenant in sorted(every_tenant(), key=lambda tenant: tenant.schema_name not in stale):
        if time.monotonic() > ends:
            break
        try:
            visit(tenant, measuring=tenant.schema_name in stale)
        except DatabaseError as error:
            # One broken tenant (a failed migration, say) is not everybody's.
            log.exception("housekeeping_failed", tenant=tenant.slug, error=type(error).__name__)


def visit(tenant: TenantContext, *, measuring: bool) -> None:
    """Seal the audit of one tenant and, where asked for, measure it."""
    with tenancy.activate(tenant):
        sealed = trail.seal()
        found = measure() if measuring else None
    if sealed is None and found is None:
        return
    with public_schema():
        row = Tenant.objects.get(code=tenant.code)
        if sealed is not None:
            anchor(row, sealed)
        if found is not None:
            TenantVitals.objects.update_or_create(tenant=row, defaults=found)


def anchor(tenant: Tenant, sealed: AuditSeal) -> None:
    """Remember the newest seal outside of the tenant, once an hour; between two of them the next one vouches."""
    latest = AuditAnchor.objects.filter(tenant=tenant).order_by("-number").first()
    if latest is None or sealed.at - latest.at >= ANCHOR_EVERY:
        AuditAnchor.objects.create(tenant=tenant, number=sealed.number, digest=sealed.digest, at=sealed.at)


def forget_contacts() -> int:
    """Remove name and address from sign-ups that were decided long ago; how many."""
    long_ago = SignUpRequest.objects.filter(decided_at__lt=clock.now() - CONTACT_KEPT).exclude(contact_mail="")
    return long_ago.update(contact_name="", contact_mail="")


def _stale() -> set[str]:
    fresh = TenantVitals.objects.filter(measured_at__gt=clock.now() - MEASURE_EVERY)
    return set(Tenant.objects.exclude(vitals__in=fresh).values_list("schema_name", flat=True))
