"""Setting up a tenant: a job of small steps, each of which may be repeated, so that a failed job goes on where it
stopped.

A step that was cut off is run again from its beginning. None of them does harm then: the schema is made in one
transaction and carries the tenant's mark, grants may be given twice, starter content adds nothing the second time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

import structlog
from django.db import DatabaseError, connection, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from psycopg import errors, sql

from kernel import clock, context, outbox, registry, tenancy
from kernel.busy.actions import forget_house
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from kernel.outbox.models import OutboxEvent
from kernel.schedule import actions as due_index
from tenants import directory
from tenants.database import roles
from tenants.directory import public_schema
from tenants.locks import exclusive
from tenants.models import ProvisioningJob, SchemaStatus, Tenant
from tenants.provisioning import blueprint, invitation, migrating

log = structlog.get_logger(__name__)

ERROR_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what the operator reads and what is done."""

    label: Promise
    run: Callable[[ProvisioningJob], None]


# A house begins to work: told to its headquarters.
OPENED = "tenants.house_opened"


def _make_schema(job: ProvisioningJob) -> None:
    tenant = job.tenant
    with connection.as_owner():  # type: ignore[attr-defined]
        mark = f"tenant {tenant.code}"
        found = blueprint.mark_of(tenant.schema_name)
        if found == mark:
            return
        if found is not None:
            raise RuleRefused(
                "schema_taken",
                _("A schema of this name is left over from somebody else. Remove it first."),
                slug=tenant.slug,
            )
        blueprint.record_blueprint()
        with transaction.atomic():
            replayed = blueprint.replay(tenant.schema_name, mark=mark)
            with blueprint.in_public():
                migrating.note_current(tenant.schema_name, replayed.migrations_hash)


def _make_role(job: ProvisioningJob) -> None:
    tenant = job.tenant
    with connection.as_owner(), transaction.atomic():  # type: ignore[attr-defined]
        with connection.cursor() as cursor:
            # Rights on what all tenants share stand in one row each: of two grants at once the server refuses one.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('tenants.roles'), 0)")
        roles.ensure_role(tenant.database_role)
        roles.grant_schema(tenant.schema_name, tenant.database_role)
        roles.grant_shared(tenant.database_role)


def _load_content(job: ProvisioningJob) -> None:
    with tenancy.activate(directory.build_context(job.tenant)):
        prepare_content()


def _probe_walls(job: ProvisioningJob) -> None:
    """Try, as the new tenant's role, what it must not be able to do."""
    others = Tenant.objects.exclude(pk=job.tenant.pk).exclude(state=Tenant.State.PROVISIONING)
    forbidden = [sql.Identifier("public", Tenant._meta.db_table)]
    forbidden += [sql.Identifier(other.schema_name, "django_migrations") for other in others.order_by("-id")[:1]]
    with tenancy.activate(directory.build_context(job.tenant)):
        for table in forbidden:
            try:
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(table))
            except DatabaseError as error:
                if isinstance(error.__cause__, errors.InsufficientPrivilege):
                    continue
                raise
            raise RuntimeError(f"the role {job.tenant.database_role} can read {table.as_string(None)}")


def _open(job: ProvisioningJob) -> None:
    if registry.kind(job.tenant.kind).family not in (directory.HEADQUARTERS, directory.PLATFORM):
        # Whoever leads the chain may have something to say to a house that has just come. Said before the door opens, and
        # once: a process that dies here is taken over, and this step is done again.
        with tenancy.activate(directory.build_context(job.tenant)), transaction.atomic():
            if not OutboxEvent.objects.filter(type=OPENED).exists():
                outbox.emit(OPENED, key=str(job.tenant.code), payload={}, to="headquarters")
    Tenant.objects.filter(pk=job.tenant.pk, state=Tenant.State.PROVISIONING).update(state=Tenant.State.ACTIVE)
    job.tenant.refresh_from_db(fields=["state"])
    directory.invalidate()


def _invite(job: ProvisioningJob) -> None:
    wanted = job.options.get("administrator")
    if not wanted:
        return
    with tenancy.activate(directory.build_context(job.tenant)):
        invitation.invite_first_administrator(name=wanted["name"], mail=wanted["mail"])
    # Whoever was invited is the tenant's business from now on, not the platform's.
    _note(job, options={key: value for key, value in job.options.items() if key != "administrator"})


STEPS: dict[str, Step] = {
    "schema": Step(_("Space for the data and its tables"), _make_schema),
    "role": Step(_("Database role and rights"), _make_role),
    "content": Step(_("Starter content and daily work"), _load_content),
    "probe": Step(_("Trial: nothing of anybody else can be read"), _probe_walls),
    "open": Step(_("Subdomain opened"), _open),
    "invitation": Step(_("First administrator invited"), _invite),
}


def run_job(job_code: UUID | str) -> ProvisioningJob:
    """Run the open steps of a job. A failure is stored and raised; running it again resumes there.

    Raises Conflict (``job_running``) when another process is at it, and whatever a step raises.
    """
    with public_schema(), exclusive("tenants.provisioning", str(job_code)) as held:
        job = ProvisioningJob.objects.select_related("tenant__chain").get(code=job_code)
        if not held:
            raise Conflict("job_running", _("This job is running already."), job=str(job.code))
        if job.state == ProvisioningJob.State.DONE:
            return job
        _note(job, state=ProvisioningJob.State.RUNNING, error="")
        for name, step in STEPS.items():
            if name not in job.steps_done:
                _run_step(job, name, step)
        _note(job, state=ProvisioningJob.State.DONE)
        log.info("tenant_provisioned", tenant=job.tenant.slug, milliseconds=sum(job.timings.values()))
        return job


def _run_step(job: ProvisioningJob, name: str, step: Step) -> None:
    began = time.monotonic()
    try:
        step.run(job)
    except Exception as error:
        connection.set_tenant(directory.public_context())
        _note(job, state=ProvisioningJob.State.FAILED, error=f"{name}: {type(error).__name__}: {error}"[:ERROR_LENGTH])
        log.exception("provisioning_failed", tenant=job.tenant.slug, step=name)
        raise
    took = round((time.monotonic() - began) * 1000)
    _note(job, steps_done=[*job.steps_done, name], timings={**job.timings, name: took})


def _note(job: ProvisioningJob, **changes: object) -> None:
    for field, value in changes.items():
        setattr(job, field, value)
    job.changed_at = clock.now()
    job.save(update_fields=[*changes, "changed_at"])


def prepare_content() -> None:
    """What the current tenant needs to begin: roles, starter content, daily work. Repeating it adds nothing."""
    from kernel import timers
    from kernel.identity.actions import sync_roles

    sync_roles(by=Actor.system("starter-content"))
    load_starter_content()
    with context.bound(actor=Actor.system("starter-content")):
        timers.ensure_daily()


def load_starter_content() -> None:
    """Load the starter content of the current tenant's rooms. Repeating it adds nothing (PL-019)."""
    for room in registry.active_rooms():
        for load in registry.seed_callables(room):
            with transaction.atomic(), context.bound(actor=Actor.system("starter-content")):
                load()


def renew_content(schemas: Iterable[str] | None, *, only: str | None = None) -> dict[str, str]:
    """After a release: what its rooms declare, for the tenants of these schemas (None: of all). Words that a tenant gave
    or took away, and content that it changed, stay. Returns schema → error of those that failed; nobody stops the others.
    """
    failed: dict[str, str] = {}
    with public_schema():
        tenants = Tenant.objects.exclude(state=Tenant.State.PROVISIONING).order_by("slug")
        if schemas is not None:
            tenants = tenants.filter(schema_name__in=list(schemas))
        if only is not None:
            tenants = tenants.filter(slug=only)
        found = [(tenant.schema_name, directory.build_context(tenant)) for tenant in tenants]
    for schema_name, working_for in found:
        try:
            with tenancy.activate(working_for):
                prepare_content()
        except Exception as error:
            log.exception("content_failed", schema=schema_name)
            failed[schema_name] = f"{type(error).__name__}: {error}"[:ERROR_LENGTH]
    return failed


def drop_schema(tenant: Tenant) -> None:
    """Remove a tenant's schema and role for ever. The offboarding after a finished retention calls this, and tests."""
    with connection.as_owner():  # type: ignore[attr-defined]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(tenant.schema_name)))
            with blueprint.in_public():
                due_index.forget_schema(schema_name=tenant.schema_name)
                forget_house(schema_name=tenant.schema_name)
                SchemaStatus.objects.filter(schema_name=tenant.schema_name).delete()
        roles.forget_role(tenant.schema_name, tenant.database_role)
