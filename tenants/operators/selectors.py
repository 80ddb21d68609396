"""What operators see: states, sizes, counts and ages. Nothing that a tenant keeps, and nobody who works there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kernel import clock, registry, tenancy
from kernel.audit.models import AuditEntry
from kernel.context import Actor
from kernel.errors import Conflict, NotFound
from kernel.outbox import selectors as outbox
from kernel.schedule import selectors as due_index
from kernel.schedule.selectors import Due
from kernel.tenancy import TenantContext
from kernel.timers import selectors as timers
from tenants import directory, heartbeats
from tenants.database.base import PUBLIC
from tenants.directory import public_schema, scheduler_context
from tenants.models import ProvisioningJob, SchemaStatus, SignUpRequest, Tenant, TenantVitals
from tenants.provisioning import blueprint
from tenants.provisioning.steps import STEPS
from tenants.selectors import catalogue_of_tenants

Text = str | Promise

# Nobody waits longer than this for what is due; beyond it something is wrong.
LATE = timedelta(minutes=2)
SILENT_AFTER = {heartbeats.TICK: 15.0, heartbeats.RELAY: 60.0, heartbeats.WORKER: 60.0}
SHOW = ("all", "attention")
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Concern:
    """Something about a tenant that an operator should look at; ``weight`` puts the worst first."""

    key: str
    label: Text
    tone: str
    weight: int


@dataclass(slots=True)
class TenantRow:
    """A tenant as the list shows it."""

    tenant: Tenant
    host: str
    kind: Text
    verticals: list[str]
    vitals: TenantVitals | None
    schema: SchemaStatus | None
    behind: bool
    job: ProvisioningJob | None
    due_since: datetime | None
    concerns: list[Concern] = field(default_factory=list)

    @property
    def worst(self) -> Concern | None:
        return self.concerns[0] if self.concerns else None

    @property
    def dead_letters(self) -> int:
        return self.vitals.dead_events + self.vitals.dead_timers if self.vitals else 0


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """Failed events or timers of one type in one tenant; the error is a class name and code, never a text."""

    kind: str
    type: str
    count: int
    error: str
    latest: datetime


def tenant_rows(*, show: str = "all", kind: str = "", query: str = "") -> list[TenantRow]:
    """Tenants for the list, those with a concern first; a handful of queries however many there are.

    ``show`` is "all" or "attention"; ``query`` looks into name, subdomain, host names and chain.
    """
    with public_schema():
        tenants = catalogue_of_tenants().select_related("chain", "vitals")
        if kind:
            tenants = tenants.filter(kind=kind)
        text = " ".join(query.split())[:80]
        if text:
            tenants = tenants.filter(
                Q(name__icontains=text)
                | Q(slug__icontains=text)
                | Q(chain__name__icontains=text)
                | Q(domains__domain__icontains=text)
            ).distinct()
        rows = _rows(list(tenants))
    if show == "attention":
        rows = [row for row in rows if row.concerns]
    rows.sort(key=lambda row: (-row.worst.weight if row.worst else 0, row.tenant.slug))
    return rows


def tenant_row(tenant: Tenant) -> TenantRow:
    """One tenant as the list would show it."""
    with public_schema():
        return _rows([catalogue_of_tenants().select_related("chain", "vitals").get(pk=tenant.pk)])[0]


def access_tenant(actor: Actor, slug: str) -> Tenant:
    """The tenant of this subdomain. Raises NotFound (``tenant_not_found``)."""
    with public_schema():
        tenant = (
            Tenant.objects.select_related("chain").filter(slug=slug).first() if actor.can("platform.view") else None
        )
    if tenant is None:
        raise NotFound("tenant_not_found", _("There is no such tenant."))
    return tenant


def access_job(actor: Actor, code: UUID) -> ProvisioningJob:
    """The job of this code. Raises NotFound (``job_not_found``)."""
    with public_schema():
        jobs = ProvisioningJob.objects.select_related("tenant__chain")
        job = jobs.filter(code=code).first() if actor.can("platform.view") else None
    if job is None:
        raise NotFound("job_not_found", _("There is no such job."))
    return job


def access_sign_up(actor: Actor, code: UUID) -> SignUpRequest:
    """The sign-up of this code. Raises NotFound (``sign_up_not_found``)."""
    with public_schema():
        found = SignUpRequest.objects.filter(code=code).first() if actor.can("platform.create_tenant") else None
    if found is None:
        raise NotFound("sign_up_not_found", _("There is no such request."))
    return found


def jobs() -> QuerySet[ProvisioningJob]:
    """All jobs, the newest first. To be read in the public schema."""
    return ProvisioningJob.objects.select_related("tenant").order_by("-id")


def sign_ups() -> QuerySet[SignUpRequest]:
    """All sign-ups, the newest first. To be read in the public schema."""
    return SignUpRequest.objects.select_related("job__tenant").order_by("-id")


def steps_of(job: ProvisioningJob) -> list[dict[str, Any]]:
    """The steps of a job as they are drawn."""
    names = list(STEPS)
    current = next((name for name in names if name not in job.steps_done), None)
    states = ProvisioningJob.State
    return [
        {
            "name": name,
            "label": step.label,
            "done": name in job.steps_done,
            "failed": name == current and job.state == states.FAILED,
            "now": name == current and job.state in (states.RUNNING, states.WAITING),
            "milliseconds": job.timings.get(name),
            "took": _seconds(job.timings.get(name)),
        }
        for name, step in STEPS.items()
    ]


def history_of(tenant: Tenant, *, at_most: int = 30) -> list[AuditEntry]:
    """What operators did with a tenant, the latest first, from the audit of the platform's own schema."""
    acts = AuditEntry.objects.filter(verb__startswith="platform.", data__slug=tenant.slug)
    return list(acts.order_by("-at")[:at_most])


def dead_letters_by_tenant() -> list[TenantRow]:
    """Tenants that have dead letters, most first."""
    with public_schema():
        affected = catalogue_of_tenants().select_related("chain", "vitals")
        rows = _rows(list(affected.filter(Q(vitals__dead_events__gt=0) | Q(vitals__dead_timers__gt=0))))
    return sorted(rows, key=lambda row: -row.dead_letters)


def dead_letters_of(tenant: Tenant) -> list[DeadLetters]:
    """The dead letters of a tenant by type. Read inside the tenant; types and error classes only."""
    found: dict[tuple[str, str, str], DeadLetters] = {}
    with tenancy.activate(context_of(tenant)):
        rows = [("event", row.type, row.last_error, row.try_at) for row in outbox.dead_letters()[:AT_ONCE]]
        rows += [("timer", row.kind, row.last_error, row.try_at) for row in timers.dead_letters()[:AT_ONCE]]
    for kind, type_, error, at in rows:
        known = found.get((kind, type_, error))
        found[kind, type_, error] = DeadLetters(
            kind, type_, known.count + 1 if known else 1, error, max(at, known.latest) if known else at
        )
    return sorted(found.values(), key=lambda row: (-row.count, row.type))


def context_of(tenant: Tenant) -> TenantContext:
    """The tenant as a context to enter. Raises Conflict (``tenant_not_ready``) while it is being set up."""
    if tenant.state == Tenant.State.PROVISIONING:
        raise Conflict("tenant_not_ready", _("This tenant is still being set up."), slug=tenant.slug)
    with public_schema():
        return directory.build_context(tenant)


def health() -> dict[str, Any]:
    """Signs of life, backlog, migrations, sizes."""
    ages = heartbeats.ages()
    wanted = blueprint.migrations_hash()
    with public_schema():
        statuses = list(SchemaStatus.objects.exclude(schema_name=PUBLIC))
        totals = TenantVitals.objects.aggregate(
            size=Sum("schema_bytes"), events=Sum("dead_events"), timers=Sum("dead_timers")
        )
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('server_version'),"
                " (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()),"
                " (SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class"
                " WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm'))"
            )
            server_version, connections, public_bytes = cursor.fetchone()
        failed = {row.schema_name: row for row in statuses if row.state == SchemaStatus.State.FAILED}
        failing = {tenant.schema_name: tenant for tenant in Tenant.objects.filter(schema_name__in=failed)}
    return {
        "parts": [
            {"name": name, "age": age, "silent": age is None or age > SILENT_AFTER[name]} for name, age in ages.items()
        ],
        "backlog": heartbeats.backlog(),
        "late": (heartbeats.backlog() or 0) > LATE.total_seconds(),
        "schemas": len(statuses),
        "behind": sum(row.migrations_hash != wanted for row in statuses),
        "failed_migrations": [(failing[name], row) for name, row in failed.items() if name in failing],
        "public_bytes": public_bytes,
        "schema_bytes": totals["size"] or 0,
        "dead_letters": (totals["events"] or 0) + (totals["timers"] or 0),
        "server_version": server_version.split()[0],
        "connections": connections,
    }


# --- counts in the navigation: one query for all of them
# ----------------------------------------------------------------


def jobs_to_look_at(request: HttpRequest) -> int:
    """Failed jobs."""
    return _counts(request)["jobs"]


def sign_ups_waiting(request: HttpRequest) -> int:
    """Sign-ups that wait for a decision."""
    return _counts(request)["sign_ups"]


def dead_letters_total(request: HttpRequest) -> int:
    """Dead letters of all tenants, as last measured."""
    return _counts(request)["dead_letters"]


def _counts(request: HttpRequest) -> Mapping[str, int]:
    known: Mapping[str, int] | None = getattr(request, "_operators_counts", None)
    if known is None:
        with public_schema(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT (SELECT count(*) FROM tenants_provisioningjob WHERE state = 'failed'),"
                " (SELECT count(*) FROM tenants_signuprequest WHERE state = 'open'),"
                " (SELECT coalesce(sum(dead_events + dead_timers), 0) FROM tenants_tenantvitals)"
            )
            known = dict(zip(("jobs", "sign_ups", "dead_letters"), map(int, cursor.fetchone()), strict=True))
        request._operators_counts = known  # type: ignore[attr-defined]
    return known


# --- rows -------------------------------------------------------------------------------------------------------------


def _rows(tenants: list[Tenant]) -> list[TenantRow]:
    wanted = blueprint.migrations_hash()
    schemas = {row.schema_name: row for row in SchemaStatus.objects.all()}
    unfinished = {
        job.tenant_id: job for job in ProvisioningJob.objects.exclude(state=ProvisioningJob.State.DONE).order_by("id")
    }
    since = _due_since()
    rows = []
    for tenant in tenants:
        schema = schemas.get(tenant.schema_name)
        row = TenantRow(
            tenant=tenant,
            host=next((domain.domain for domain in tenant.domains.all() if domain.is_primary), tenant.slug),
            kind=registry.kind(tenant.kind).label,
            verticals=[row.vertical for row in tenant.activations.all() if row.active],
            vitals=getattr(tenant, "vitals", None),
            schema=schema,
            behind=schema is not None and schema.migrations_hash != wanted,
            job=unfinished.get(tenant.pk),
            due_since=since.get(tenant.schema_name),
        )
        row.concerns = sorted(_concerns(row), key=lambda concern: -concern.weight)
        rows.append(row)
    return rows


def _due_since() -> dict[str, datetime]:
    previous = connection.tenant
    connection.set_tenant(scheduler_context())
    try:
        found: Iterable[Due] = due_index.due(limit=5_000)
    finally:
        connection.set_tenant(previous)
    since: dict[str, datetime] = {}
    for entry in found:
        since[entry.schema_name] = min(entry.since, since.get(entry.schema_name, entry.since))
    return since


def _concerns(row: TenantRow) -> Iterable[Concern]:
    tenant = row.tenant
    if row.job is not None:
        if row.job.state == ProvisioningJob.State.FAILED:
            yield Concern("job_failed", _("Set-up stopped"), "late", 90)
        else:
            yield Concern("job_running", _("being set up"), "info", 20)
    if row.schema is not None and row.schema.state == SchemaStatus.State.FAILED:
        yield Concern("migration_failed", _("Migration failed"), "late", 85)
    elif row.behind:
        yield Concern("behind", _("Behind by a migration"), "warn", 50)
    if row.due_since is not None and clock.now() - row.due_since > LATE:
        yield Concern("late", _("Due work is late"), "late", 80)
    if row.dead_letters:
        yield Concern("dead_letters", _("Dead letters"), "warn", 60)
    if tenant.state == Tenant.State.SUSPENDED:
        yield Concern("suspended", _("suspended"), "warn", 40)
    elif tenant.billing_state in ("past_due", "read_only", "suspended"):
        yield Concern("billing", BILLING_WORDS[tenant.billing_state], "warn", 30)


BILLING_WORDS: Mapping[str, Text] = {
    "trial": _("on trial"),
    "active": _("paid"),
    "past_due": _("past due"),
    "read_only": _("read-only"),
    "suspended": _("suspended"),
    "cancelled": _("cancelled"),
}


def _seconds(milliseconds: int | None) -> str:
    return "" if milliseconds is None else f"{milliseconds / 1000:.2f} s"


def counts_by_kind() -> dict[str, int]:
    """How many tenants there are of each kind."""
    with public_schema():
        return dict(Tenant.objects.values_list("kind").annotate(count=Count("id")))
