"""Migrations of many tenants: worked out once, replayed in each, and nobody is left behind without being named."""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import StateApps
from django.test.utils import CaptureQueriesContext

import kernel.numbering.migrations
from kernel import tenancy
from kernel.identity.models import RolePermission
from tenants.database import roles
from tenants.directory import context_for, public_schema
from tenants.models import SchemaBlueprint, SchemaStatus, Tenant
from tenants.provisioning import blueprint, migrating
from tenants.provisioning.actions import run_job
from tenants.provisioning.states import Executor
from tests.tenants.new_tenants import ask, new_slug, rows_of

pytestmark = [pytest.mark.slow, pytest.mark.ledger("PL-001"), pytest.mark.usefixtures("committed")]

APP = "numbering"
TABLES = (
    "SELECT table_name, column_name, ordinal_position, column_default, is_nullable, data_type, udt_name,"
    " character_maximum_length, is_identity FROM information_schema.columns WHERE table_schema = %s"
)
CONSTRAINTS = (
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), condeferrable, condeferred"
    " FROM pg_constraint WHERE connamespace = %s::regnamespace AND contype <> 'n'"
)
INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = %s"
OTHERS = (
    "SELECT relname, relkind, relrowsecurity FROM pg_class WHERE relnamespace = %s::regnamespace AND relkind <> 'i'"
)
TRIGGERS = (
    "SELECT tgrelid::regclass::text, tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c"
    " ON c.oid = tgrelid WHERE c.relnamespace = %s::regnamespace AND NOT tgisinternal"
)
FUNCTIONS = "SELECT proname, pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = %s::regnamespace"


def catalogue(schema_name: str) -> dict[str, list[tuple[str, ...]]]:
    """Everything that the server's catalogue says about a schema, with its name taken out."""
    found = {}
    with connection.cursor() as cursor:
        for name, query in [
            ("columns", TABLES),
            ("constraints", CONSTRAINTS),
            ("indexes", INDEXES),
            ("relations", OTHERS),
            ("triggers", TRIGGERS),
            ("functions", FUNCTIONS),
        ]:
            cursor.execute(query, [schema_name])
            found[name] = sorted(
                tuple(str(value).replace(schema_name, "S") for value in row) for row in cursor.fetchall()
            )
        cursor.execute(f'SELECT app, name FROM "{schema_name}".django_migrations')
        found["migrations"] = sorted(cursor.fetchall())
    return found


def test_replay_builds_what_the_migrations_build() -> None:
    replayed = f"t_{new_slug()}"
    migrated = f"t_{new_slug()}"
    with connection.as_owner():
        blueprint.replay(replayed, mark="test")
        with connection.cursor() as cursor:
            cursor.execute(f'CREATE SCHEMA "{migrated}"')
        blueprint.migrate_schema(migrated)
        one, other = catalogue(replayed), catalogue(migrated)
        for part, expected in other.items():
            assert one[part] == expected, part
        assert len(one["columns"]) > 100
        assert len(one["migrations"]) > 20
        # Same rows too: what a migration wrote (or did not) is there in both.
        with connection.cursor() as cursor:
            for (table,) in {(row[0],) for row in one["columns"]}:
                counts = set()
                for schema in (replayed, migrated):
                    cursor.execute(f'SELECT count(*) FROM "{schema}"."{table}"')
                    counts.add(cursor.fetchone()[0])
                assert len(counts) == 1, table
            cursor.execute(f'DROP SCHEMA "{replayed}" CASCADE')
            cursor.execute(f'DROP SCHEMA "{migrated}" CASCADE')


@pytest.mark.parametrize("app", ["reception", pytest.param("", marks=pytest.mark.long)])
def test_what_grows_is_what_django_builds(app: str) -> None:
    """Given the migrations of a room and of all that it builds on (in the long run: of everything), when our executor
    runs them and Django's own does, then the schemas are the same."""
    found = []
    for kind in (Executor, MigrationExecutor):
        schema = f"t_{new_slug()}"
        with connection.as_owner():
            with connection.cursor() as cursor:
                cursor.execute(f'CREATE SCHEMA "{schema}"')
            with blueprint._alone(schema):
                executor = kind(connection)
                wanted = blueprint.missing_in(schema).targets
                executor.migrate([node for node in wanted if app in ("", node[0])])
            found.append(catalogue(schema))
            with connection.cursor() as cursor:
                cursor.execute(f'DROP SCHEMA "{schema}" CASCADE')
    assert len(found[0]["migrations"]) > 5
    assert found[0] == found[1]


def test_no_table_of_a_tenant_stands_in_public_too() -> None:
    """Else a table missing in a tenant would be read from public without anybody noticing."""
    with connection.as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' INTERSECT"
            " SELECT tablename FROM pg_tables WHERE schemaname = 't_smile'"
        )
        assert {row[0] for row in cursor.fetchall()} == {"django_migrations"}


@pytest.fixture
def next_release(tmp_path: Path, settings: object) -> Iterator[object]:
    """``next_release(operations)``: the code of the next release, with one more migration in a small app."""
    package = tmp_path / f"next_{new_slug()}"
    shutil.copytree(Path(kernel.numbering.migrations.__file__).parent, package)
    last = max(path.stem for path in package.glob("0*.py"))
    sys.path.insert(0, str(tmp_path))

    def release(operations: str, *, atomic: bool = True, name: str = "0900_next") -> None:
        (package / f"{name}.py").write_text(
            "from django.db import migrations, models\n"
            "def write(apps, schema_editor):\n"
            "    schema_editor.execute('CREATE TABLE made_by_python (id int)')\n"
            "class Migration(migrations.Migration):\n"
            f"    atomic = {atomic}\n"
            f"    dependencies = [('{APP}', '{last}')]\n"
            f"    operations = [{operations}]\n"
        )
        settings.MIGRATION_MODULES = {APP: package.name}

    # Tenants of earlier tests stand where their release left them; each test begins with all of them at the same point.
    yield release
    sys.path.remove(str(tmp_path))
    for name in [module for module in sys.modules if module.startswith(package.name)]:
        del sys.modules[name]
    settings.MIGRATION_MODULES = {}
    with connection.as_owner(), connection.cursor() as cursor:
        cursor.execute("SELECT schema_name FROM tenants_tenant")
        for (schema,) in cursor.fetchall():
            cursor.execute(f'ALTER TABLE IF EXISTS "{schema}".{TABLE} DROP COLUMN IF EXISTS colour')
            cursor.execute(f'DROP TABLE IF EXISTS "{schema}".made_by_python, "{schema}".{APP}_note')
            cursor.execute(f"DELETE FROM \"{schema}\".django_migrations WHERE name LIKE '09%'")
        cursor.execute("DELETE FROM public.django_migrations WHERE name LIKE '09%'")
        cursor.execute(
            "UPDATE tenants_schemastatus SET migrations_hash = %s, state = 'current'", [blueprint.migrations_hash()]
        )
        cursor.execute(
            "UPDATE tenants_schemastatus SET migrations_hash = %s WHERE schema_name = 'public'",
            [blueprint.migrations_hash(public=True)],
        )


# One that starter content does not write: the code does not know the new column, only the database does.
MODEL = apps.get_model(APP, "NumberSeries")
TABLE = MODEL._meta.db_table
ADD_FIELD = f"migrations.AddField('{MODEL.__name__}', 'colour', models.CharField(max_length=9, default='green'))"


def columns(schema_name: str) -> set[str]:
    with connection.as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s",
            [schema_name, TABLE],
        )
        return {row[0] for row in cursor.fetchall()}


def schemas() -> list[str]:
    with public_schema():
        return list(Tenant.objects.exclude(state="provisioning").values_list("schema_name", flat=True))


def test_a_new_column_reaches_every_tenant(next_release: object) -> None:
    next_release(ADD_FIELD)
    with CaptureQueriesContext(connection) as captured:
        report = migrating.migrate_database()
    assert sorted(report.migrated) == sorted(schemas())
    assert not report.failed
    assert all("colour" in columns(schema) for schema in schemas())
    # Worked out once: the statement itself was made by Django in one schema only, and replayed as text in the others.
    made = [
        query for query in captured.captured_queries if query["sql"].endswith("varchar(9) DEFAULT 'green' NOT NULL")
    ]
    assert len(made) == 2  # the first tenant, and the blueprint for tenants to come

    # A new tenant has it from the beginning, and running again does nothing.
    newcomer = run_job(ask().code).tenant
    assert "colour" in columns(newcomer.schema_name)
    # Its blueprint grew out of the former one, and yet it is built like a tenant that went through every release.
    with connection.as_owner():
        grown, migrated = catalogue(newcomer.schema_name), catalogue("t_smile")
    for part in ("columns", "constraints", "indexes", "triggers", "functions"):
        assert grown[part] == migrated[part], part
    again = migrating.migrate_database()
    assert again.migrated == []
    assert again.current == len(schemas())


def test_nothing_to_do_asks_nobody(next_release: object) -> None:
    migrating.migrate_database()
    with CaptureQueriesContext(connection) as captured:
        migrating.migrate_database()
    asked = [query["sql"] for query in captured.captured_queries]
    assert not [statement for statement in asked if "t_smile" in statement or "django_migrations" in statement]
    assert len(asked) < 15


def test_a_failure_in_one_tenant_stops_nothing_else_and_is_resumed(next_release: object) -> None:
    next_release(ADD_FIELD)
    with connection.as_owner(), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE t_smile.{TABLE} ADD COLUMN colour int")
    output = StringIO()
    with pytest.raises(CommandError, match="1 tenants could not be migrated"):
        call_command("tenant_migrate", json=True, stdout=output)
    result = json.loads(output.getvalue().splitlines()[-1])
    assert result["ok"] is False
    assert list(result["failed"]) == ["t_smile"]
    assert "DuplicateColumn" in result["failed"]["t_smile"] or "already exists" in result["failed"]["t_smile"]
    assert result["migrated"] == len(schemas()) - 1
    with public_schema():
        status = SchemaStatus.objects.get(schema_name="t_smile")
        assert status.state == SchemaStatus.State.FAILED
        # It is known where it stands: where it stood.
        assert status.migrations_hash not in ("", blueprint.migrations_hash())
    with pytest.raises(CommandError):
        call_command("tenant_migrate", check=True, json=True, stdout=StringIO())

    # The tenant that stands behind still works.
    assert rows_of(context_for(slug="smile"))

    with connection.as_owner(), connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE t_smile.{TABLE} DROP COLUMN colour")
    assert migrating.migrate_database().migrated == ["t_smile"]
    call_command("tenant_migrate", check=True, json=True, stdout=StringIO())


def test_python_in_a_migration_runs_in_every_tenant(next_release: object) -> None:
    next_release(f"{ADD_FIELD}, migrations.RunPython(write)")
    report = migrating.migrate_database()
    assert not report.failed
    with connection.as_owner(), connection.cursor() as cursor:
        cursor.execute("SELECT schemaname FROM pg_tables WHERE tablename = 'made_by_python'")
        assert sorted(row[0] for row in cursor.fetchall()) == sorted(schemas())
    # The role may use what Python made.
    with tenancy.activate(context_for(slug="smile")), connection.cursor() as cursor:
        cursor.execute("INSERT INTO made_by_python VALUES (1)")


def test_a_new_table_is_granted_to_the_tenants_role(next_release: object) -> None:
    next_release("migrations.CreateModel('Note', [('id', models.BigAutoField(primary_key=True))])")
    assert not migrating.migrate_database().failed
    with tenancy.activate(context_for(slug="derma")), connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {APP}_note DEFAULT VALUES")


def test_a_migration_without_a_transaction_runs_the_ordinary_way(next_release: object) -> None:
    next_release(ADD_FIELD, atomic=False)
    assert not migrating.migrate_database().failed
    assert all("colour" in columns(schema) for schema in schemas())


def test_only_one_tenant_can_be_migrated(next_release: object) -> None:
    next_release(ADD_FIELD)
    assert migrating.migrate_database(only="derma").migrated == ["t_derma"]
    assert "colour" not in columns("t_smile")
    # Now two groups stand at different points; the next run brings both to the same.
    report = migrating.migrate_database()
    assert "t_smile" in report.migrated
    assert "t_derma" not in report.migrated
    assert columns("t_smile") == columns("t_derma")


def test_two_runs_at_once_wait_for_each_other(next_release: object) -> None:
    next_release(ADD_FIELD)
    reports, failures = [], []

    def run() -> None:
        try:
            reports.append(migrating.migrate_database())
        except BaseException as error:  # the thread's failure is the test's
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert sorted(len(report.migrated) for report in reports) == [0, len(schemas())]
    assert not any(report.failed for report in reports)


def test_a_tenant_that_is_being_set_up_is_migrated_too(next_release: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its job stopped after the schema was made; the release came before somebody resumed it."""
    from tenants.provisioning import steps

    job = ask()
    with monkeypatch.context() as patch:
        patch.setattr(steps, "load_starter_content", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run_job(job.code)
    next_release(ADD_FIELD)
    assert job.tenant.schema_name in migrating.migrate_database().migrated
    run_job(job.code)
    assert "colour" in columns(job.tenant.schema_name)


def test_grants_can_be_repeated() -> None:
    with connection.as_owner(), connection.cursor() as cursor:
        cursor.execute(f'REVOKE ALL ON t_smile.{TABLE} FROM "{context_for(slug="smile").database_role}"')
    call_command("tenant_migrate", grants=True, json=True, stdout=StringIO())
    assert TABLE in rows_of(context_for(slug="smile"))
    with connection.as_owner(), connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 't_smile'")
        for table in roles.append_only_tables() & {row[0] for row in cursor.fetchall()}:
            cursor.execute(
                "SELECT has_table_privilege(%s, %s, 'UPDATE')",
                [context_for(slug="smile").database_role, f"t_smile.{table}"],
            )
            assert cursor.fetchone() == (False,)


def test_a_release_brings_its_words_to_tenants_that_exist() -> None:
    # Given a role that lacks a word as if it were new, and one that its tenant took away
    with tenancy.activate(context_for(slug="smile")):
        desk = RolePermission.objects.filter(role__slug="front_desk")
        desk.filter(word="reception.check_in").delete()
        desk.filter(word="reception.view").update(granted=False, edited=True)

    call_command("tenant_migrate", content=True, json=True, stdout=StringIO())

    with tenancy.activate(context_for(slug="smile")):
        assert desk.get(word="reception.check_in").granted
        assert not desk.get(word="reception.view").granted


def test_one_blueprint_per_set_of_migrations() -> None:
    run_job(ask().code)
    with public_schema():
        assert SchemaBlueprint.objects.filter(migrations_hash=blueprint.migrations_hash()).count() == 1
        assert "lz_blueprint" not in SchemaBlueprint.objects.get(migrations_hash=blueprint.migrations_hash()).sql


def test_a_blueprint_is_built_on_only_if_its_migrations_are_unchanged() -> None:
    with connection.as_owner(), public_schema(), transaction.atomic():
        newest = SchemaBlueprint.objects.get(migrations_hash=blueprint.migrations_hash())
        SchemaBlueprint.objects.exclude(pk=newest.pk).delete()
        assert blueprint._to_build_on() == newest.sql
        newest.sources[f"{APP}.0001_initial"] = "another source"
        newest.save()
        assert blueprint._to_build_on() == ""
        transaction.set_rollback(True)


def test_state_apps_is_not_needed() -> None:
    """A replay never builds Django's model states, which is what makes it fast."""
    built = []
    original = StateApps.__init__

    def counted(self: StateApps, *args: object, **kwargs: object) -> None:
        built.append(1)
        original(self, *args, **kwargs)

    StateApps.__init__ = counted
    try:
        run_job(ask().code)
    finally:
        StateApps.__init__ = original
    assert not built
