"""Bringing the public schema and every tenant to the present migrations.

Who is behind is known from one table, so nothing to do costs one query. Tenants that stand at the same point form a
group; the plan of a group is worked out once, run in its first tenant, and the statements of that run are replayed in
the others, each in a transaction of its own together with the row that says so. A plan with Python in it runs the
ordinary way in each tenant. A failure in one tenant stops nothing else, and the next run goes on with what is left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import structlog
from django.db import connection, transaction
from django.db.migrations import AddField, CreateModel, RunPython, RunSQL, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from psycopg import sql

from kernel import clock
from tenants.database import roles
from tenants.database.base import PUBLIC
from tenants.models import SchemaStatus, Tenant
from tenants.provisioning import blueprint
from tenants.provisioning.blueprint import Missing, in_public

log = structlog.get_logger(__name__)

# So many schemas are asked in one statement what they have applied.
AT_ONCE = 50
_DECLARATIVE = ("django.db.migrations.operations.", "django.contrib.postgres.operations")


@dataclass(slots=True)
class MigrationReport:
    """What one run did. ``failed`` maps a schema to the error that left it where it was."""

    public: int = 0
    current: int = 0
    migrated: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    """The missing migrations of a group of schemas, and once one of them has run it, what it said to the database."""

    missing: Missing
    replayable: bool
    makes_tables: bool
    script: str | None = None


def migrate_database(*, only: str | None = None) -> MigrationReport:
    """Migrate the public schema, then every tenant (or the one with the slug ``only``). Connects as the owner.

    Two runs at once wait for each other. Raises what the public schema's migrations raise: without them nothing else
    can be trusted; failures of tenants stand in the report.
    """
    report = MigrationReport()
    with connection.as_owner(), in_public():  # type: ignore[attr-defined]
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', '0', false)")
            cursor.execute("SELECT pg_advisory_lock(hashtext('tenants.migrate'))")
            cursor.execute("SELECT set_config('lock_timeout', '10s', false)")
        report.public = _migrate_public()
        blueprint.record_blueprint()
        wanted = blueprint.migrations_hash()
        behind = schemas_behind(wanted, only=only)
        report.current = Tenant.objects.count() - len(behind)
        for group in _groups(behind):
            _migrate_group(group, wanted, behind, report)
    return report


def schemas_behind(wanted: str, *, only: str | None = None) -> dict[str, str]:
    """Schema → role of the tenants that have a schema which does not stand at ``wanted``, in the order of their
    slugs.
    """
    current = set(
        SchemaStatus.objects.filter(migrations_hash=wanted, state=SchemaStatus.State.CURRENT).values_list(
            "schema_name", flat=True
        )
    )
    known = set(SchemaStatus.objects.values_list("schema_name", flat=True))
    tenants = Tenant.objects.order_by("slug")
    if only is not None:
        tenants = tenants.filter(slug=only)
    return {
        schema_name: role
        for schema_name, role, state in tenants.values_list("schema_name", "database_role", "state")
        if schema_name not in current and (state != Tenant.State.PROVISIONING or schema_name in known)
    }


def note_current(schema_name: str, migrations_hash: str) -> None:
    """Write down that a schema stands at these migrations, in the transaction that brought it there."""
    row = SchemaStatus(
        schema_name=schema_name,
        migrations_hash=migrations_hash,
        state=SchemaStatus.State.CURRENT,
        error="",
        changed_at=clock.now(),
    )
    # One statement, because a release says it once for each of hundreds of tenants.
    SchemaStatus.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["schema_name"],
        update_fields=["migrations_hash", "state", "error", "changed_at"],
    )


def _migrate_public() -> int:
    wanted = blueprint.migrations_hash(public=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [f"{PUBLIC}.{SchemaStatus._meta.db_table}"])
        fresh = cursor.fetchone()[0] is None
    if not fresh and SchemaStatus.objects.filter(schema_name=PUBLIC, migrations_hash=wanted).exists():
        return 0
    count = blueprint.migrate_schema(PUBLIC)
    roles.prepare_database()
    note_current(PUBLIC, wanted)
    return count


def _groups(behind: Iterable[str]) -> list[list[str]]:
    """Schemas with the same migrations applied, found out from their own tables."""
    names = list(behind)
    applied: dict[str, set[tuple[str, str]]] = {schema_name: set() for schema_name in names}
    one = sql.SQL("SELECT {}, app, name FROM {}")
    with connection.cursor() as cursor:
        for start in range(0, len(names), AT_ONCE):
            tables = [
                one.format(sql.Literal(schema_name), sql.Identifier(schema_name, "django_migrations"))
                for schema_name in names[start : start + AT_ONCE]
            ]
            cursor.execute(sql.SQL(" UNION ALL ").join(tables))
            for schema_name, app, name in cursor.fetchall():
                applied[schema_name].add((app, name))
    groups: dict[frozenset[tuple[str, str]], list[str]] = defaultdict(list)
    for schema_name, migrations in applied.items():
        groups[frozenset(migrations)].append(schema_name)
    return list(groups.values())


def _migrate_group(group: list[str], wanted: str, role_of: dict[str, str], report: MigrationReport) -> None:
    plan = _plan_of(group[0])
    for schema_name in group:
        try:
            if not plan.replayable:
                # Each migration has its own transaction, or none; what was done stays done.
                blueprint.migrate_schema(schema_name)
            with transaction.atomic():
                # First, while the session still stands in public; it counts only if the rest succeeds.
                note_current(schema_name, wanted)
                if plan.replayable:
                    _run_or_replay(schema_name, plan)
                if plan.makes_tables:
                    roles.grant_schema(schema_name, role_of[schema_name])
        except Exception as error:
            log.exception("migration_failed", schema=schema_name)
            report.failed[schema_name] = _note_failure(schema_name, error)
        else:
            report.migrated.append(schema_name)


def _run_or_replay(schema_name: str, plan: Plan) -> None:
    if plan.script is not None:
        blueprint.run_script(schema_name, plan.script)
        return
    with blueprint.recorded(schema_name) as statements:
        blueprint.migrate_schema(schema_name, plan.missing)
    plan.script = blueprint.joined(statements, schema_name)


def _plan_of(schema_name: str) -> Plan:
    missing = blueprint.missing_in(schema_name)
    migrations = [migration for migration, _back in missing.plan]
    operations = [operation for migration in migrations for operation in _flat(migration.operations)]
    return Plan(
        missing=missing,
        replayable=all(migration.atomic for migration in migrations) and all(map(_replayable, operations)),
        makes_tables=any(map(_may_make_tables, operations)),
    )


def _replayable(operation: Operation) -> bool:
    """Does it say the same in every schema? Python may look at rows; operations of other origin may do anything."""
    return not isinstance(operation, RunPython) and type(operation).__module__.startswith(_DECLARATIVE)


def _may_make_tables(operation: Operation) -> bool:
    if isinstance(operation, AddField):
        return bool(operation.field.many_to_many)
    return isinstance(operation, CreateModel | RunSQL | RunPython) or not _replayable(operation)


def _flat(operations: Iterable[Operation]) -> Iterable[Operation]:
    for operation in operations:
        if isinstance(operation, SeparateDatabaseAndState):
            yield from _flat(operation.database_operations)
        else:
            yield operation


def _note_failure(schema_name: str, error: Exception) -> str:
    text = f"{type(error).__name__}: {error}".strip()[:500]
    connection.set_schema(PUBLIC)
    stands_at = SchemaStatus.objects.filter(schema_name=schema_name).values_list("migrations_hash", flat=True).first()
    SchemaStatus.objects.update_or_create(
        schema_name=schema_name,
        defaults={
            "migrations_hash": stands_at or "",
            "state": SchemaStatus.State.FAILED,
            "error": text,
            "changed_at": clock.now(),
        },
    )
    return text
