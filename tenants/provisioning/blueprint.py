"""The SQL of an empty tenant schema: recorded once per set of migrations, replayed for every new tenant.

Running the migrations for a tenant takes seconds, nearly all of it Python building model states. Replaying the
statements they issued takes a fraction. The recording is made where migrations run anyway, in a scratch schema that
is dropped again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from psycopg import ClientCursor, sql

from kernel import clock
from tenants.database.base import EXTENSIONS, PUBLIC
from tenants.models import SchemaBlueprint
from tenants.provisioning.states import Executor

SCRATCH = "lz_blueprint"
_READS = ("SELECT", "SHOW", "SAVEPOINT", "RELEASE", "ROLLBACK", "SET SEARCH_PATH")


def migrations_hash(*, public: bool = False) -> str:
    """A digest over the source of every migration of a tenant schema (or of the public one); no database is asked."""
    digest = hashlib.sha256()
    for name, source in sorted(_sources(public=public).items()):
        digest.update(f"{name}\0{source}\0".encode())
    return digest.hexdigest()


def _sources(*, public: bool = False) -> dict[str, str]:
    """Each migration of a tenant schema (or of the public one), and a digest of its source."""
    names = settings.SHARED_APPS if public else settings.TENANT_APPS
    found = {}
    for config in apps.get_app_configs():
        module_name, _explicit = MigrationLoader.migrations_module(config.label)
        if config.name not in names or module_name is None:
            continue
        try:
            module = import_module(module_name)
        except ModuleNotFoundError:
            continue
        for folder in module.__path__:
            for source in Path(folder).glob("[!_]*.py"):
                found[f"{config.label}.{source.stem}"] = hashlib.sha256(source.read_bytes()).hexdigest()
    return found


@dataclass(frozen=True, slots=True)
class Missing:
    """What one schema still has to run: working it out takes as long as running it, so it is done once."""

    executor: Executor
    targets: list[tuple[str, str]]
    plan: list[tuple[Migration, bool]]


def missing_in(schema_name: str) -> Missing:
    """The migrations that a schema has not run yet.

    Only those of its own side: models of the other side would be built for every step, and no table come of it.
    """
    names = settings.SHARED_APPS if schema_name == PUBLIC else settings.TENANT_APPS
    labels = {config.label for config in apps.get_app_configs() if config.name in names}
    with _alone(schema_name):
        executor = Executor(connection)
        targets = [node for node in executor.loader.graph.leaf_nodes() if node[0] in labels]
        return Missing(executor, targets, executor.migration_plan(targets))


def migrate_schema(schema_name: str, missing: Missing | None = None) -> int:
    """Run the missing migrations in one schema, as its owner; returns how many there were."""
    missing = missing or missing_in(schema_name)
    if missing.plan:
        with _alone(schema_name):
            missing.executor.migrate(missing.targets, plan=missing.plan)
    return len(missing.plan)


@contextmanager
def _alone(schema_name: str) -> Iterator[None]:
    """Only the schema itself is on the search path: a table that is missing in it must not be found in public."""
    previous = connection.tenant
    connection.set_schema(schema_name, include_public=False)
    try:
        yield
    finally:
        connection.set_tenant(previous)


@contextmanager
def recorded(schema_name: str) -> Iterator[list[str]]:
    """Collect every statement that changes ``schema_name`` while the block runs, with its values written out."""
    statements: list[str] = []

    def keep(execute: Any, statement: Any, params: Any, many: bool, context: Any) -> Any:
        text = statement if isinstance(statement, str) else statement.as_string(connection.connection)
        result = execute(statement, params, many, context)
        if connection.schema_name == schema_name and not _only_reads(text):
            rows = params if many else [params]
            with ClientCursor(connection.connection) as cursor:
                statements.extend(cursor.mogrify(text, row) if row else text for row in rows)
        return result

    with connection.execute_wrapper(keep):
        yield statements


def joined(statements: list[str], schema_name: str) -> str:
    """One script out of recorded statements.

    Raises RuntimeError if they name the schema that they were recorded in: they would change it instead of another.
    """
    text = "".join(f"{statement.rstrip().rstrip(';')};\n" for statement in statements)
    if schema_name in text:
        raise RuntimeError("a migration names the schema it runs in; it cannot be replayed in another")
    return text


def run_script(schema_name: str, script: str) -> None:
    """Run a recorded script in a schema, inside the transaction of the caller, as its owner."""
    place = sql.SQL("SET LOCAL search_path = {schema}, {ext};\n").format(
        schema=sql.Identifier(schema_name), ext=sql.Identifier(EXTENSIONS)
    )
    with connection.cursor() as cursor:
        # One string of many statements: the server parses it in one go. The raw cursor, because a literal % stays a %.
        raw = cursor.cursor
        raw.execute(place.as_bytes(raw) + script.encode())  # type: ignore[union-attr]
        connection.forget_session()  # type: ignore[attr-defined]


def record_blueprint() -> SchemaBlueprint:
    """Return the blueprint of the present migrations, recording it first if it is missing. Runs as the owner."""
    wanted = migrations_hash()
    with in_public():
        known = SchemaBlueprint.objects.filter(migrations_hash=wanted).first()
        if known:
            return known
        with connection.cursor() as cursor:
            # Two recorders would share one scratch schema. The lock ends with the owner's session.
            cursor.execute("SELECT set_config('lock_timeout', '0', false)")
            cursor.execute("SELECT pg_advisory_lock(hashtext('tenants.blueprint'))")
            known = SchemaBlueprint.objects.filter(migrations_hash=wanted).first()
            if not known:
                scratch = sql.Identifier(SCRATCH)
                cursor.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(scratch))
                cursor.execute(sql.SQL("CREATE SCHEMA {}").format(scratch))
                before = _to_build_on()
                if before:
                    with transaction.atomic():
                        run_script(SCRATCH, before)
                with recorded(SCRATCH) as statements:
                    migrate_schema(SCRATCH)
                cursor.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(scratch))
                known = SchemaBlueprint.objects.create(
                    migrations_hash=wanted,
                    sources=_sources(),
                    sql=before + joined(statements, SCRATCH),
                    recorded_at=clock.now(),
                )
            cursor.execute("SELECT pg_advisory_unlock(hashtext('tenants.blueprint'))")
    return known


def _to_build_on() -> str:
    """The script of the newest blueprint that only lacks migrations of the present ones, "" where there is none.

    Whatever it ran has the same source today, so the rest can be recorded on top of it, as tenants that exist run it.
    """
    present = _sources().items()
    for known in SchemaBlueprint.objects.order_by("-recorded_at").defer("sql")[:10]:
        if known.sources.items() <= present:
            return known.sql
    return ""


def replay(schema_name: str, *, mark: str) -> SchemaBlueprint:
    """Create ``schema_name`` with all its tables, in the transaction of the caller. Runs as the owner.

    ``mark`` is written on the schema: it tells a repeated step from a stranger's leftover of the same name.
    """
    blueprint = record_blueprint()
    with transaction.atomic(), connection.cursor() as cursor:
        schema = sql.Identifier(schema_name)
        cursor.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
        cursor.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(schema, sql.Literal(mark)))
        run_script(schema_name, blueprint.sql)
    return blueprint


def mark_of(schema_name: str) -> str | None:
    """The mark on a schema; None if there is no such schema, "" if it has none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(obj_description(oid, 'pg_namespace'), '') FROM pg_namespace WHERE nspname = %s",
            [schema_name],
        )
        row = cursor.fetchone()
    return row[0] if row else None


class in_public:
    """Work in the public schema and come back, as whoever is connected."""

    def __enter__(self) -> None:
        self._previous = connection.tenant, connection.include_public_schema
        connection.set_schema(PUBLIC)

    def __exit__(self, *exc: object) -> None:
        tenant, include_public = self._previous
        connection.set_tenant(tenant, include_public)


def _only_reads(text: str) -> bool:
    return text.lstrip().upper().startswith(_READS) and "setval(" not in text.lower()
