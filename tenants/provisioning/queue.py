"""Handing provisioning jobs to the worker, and finding those whose worker died."""

from __future__ import annotations

from uuid import UUID

import structlog
from celery import shared_task
from django.db import transaction

from kernel.errors import Conflict
from tenants.jobs import PlatformTask
from tenants.models import ProvisioningJob, Tenant
from tenants.sending import begun, send

log = structlog.get_logger(__name__)


@shared_task(base=PlatformTask, name="tenants.provision")
def provision(job_code: str) -> None:
    """Run the open steps of a job. What fails stands in the job, for the operators to resume."""
    from tenants.provisioning.steps import run_job

    try:
        run_job(UUID(job_code))
    except Conflict as refusal:
        # Another worker has it: this message was sent a second time.
        log.info("provisioning_not_run", job=job_code, why=refusal.code)


@shared_task(base=PlatformTask, name="tenants.migrate")
def migrate(slug: str) -> None:
    """Bring one tenant to the present migrations; a failure stands in its status."""
    from tenants.provisioning.migrating import migrate_database
    from tenants.provisioning.steps import renew_content

    begun(f"migrate:{slug}")
    renew_content(migrate_database(only=slug).migrated)


def enqueue_migration(tenant: Tenant) -> None:
    """Let the worker migrate ``tenant`` once the running transaction has committed."""
    slug = tenant.slug
    transaction.on_commit(lambda: send(migrate, slug, once=f"migrate:{slug}"), robust=True)


def enqueue(job: ProvisioningJob) -> None:
    """Let the worker run ``job`` once the running transaction has committed."""
    code = str(job.code)
    transaction.on_commit(lambda: send(provision, code, once=f"provision:{code}"), robust=True)


def enqueue_unfinished() -> int:
    """Send every job again that waits or whose worker may have died; returns how many. Whoever has one keeps it."""
    open_states = [ProvisioningJob.State.WAITING, ProvisioningJob.State.RUNNING]
    codes = ProvisioningJob.objects.filter(state__in=open_states).values_list("code", flat=True)
    for code in codes:
        send(provision, str(code), once=f"provision:{code}")
    return len(codes)
