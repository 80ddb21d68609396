"""The walls between tenants as the database keeps them, and the session that stands where the code believes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, OperationalError, ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext

from config.launcher.testbed import Testbed
from kernel.context import Actor
from kernel.identity.actions import create_user
from kernel.identity.models import User
from kernel.tenancy import PUBLIC_SCHEMA, TenantContext, activate
from tenants.database import roles
from tenants.directory import context_for, public_context, public_schema

pytestmark = pytest.mark.ledger("PL-001")


@contextmanager
def rolled_back() -> Iterator[None]:
    """A transaction, or a savepoint inside of one, in which something goes wrong in the end."""
    with suppress(InterruptedError), transaction.atomic():
        yield
        raise InterruptedError


@pytest.fixture
def smile(committed: str) -> Iterator[TenantContext]:
    yield _with_canary("smile", "canary.blue")
    connection.set_tenant(public_context())


@pytest.fixture
def derma(committed: str) -> TenantContext:
    return _with_canary("derma", "canary.red")


def _with_canary(slug: str, username: str) -> TenantContext:
    tenant = context_for(slug=slug)
    assert tenant is not None
    with activate(tenant):
        if not User.objects.filter(username=username).exists():
            create_user(by=Actor.system("test"), username=username, display_name=username)
    return tenant


def where() -> tuple[str, str]:
    """Schema and role that the next statement would work with."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema(), current_user")
        return cursor.fetchone()


def home(tenant: TenantContext) -> tuple[str, str]:
    return tenant.schema_name, tenant.database_role


def canaries() -> set[str]:
    return set(User.objects.filter(username__startswith="canary.").values_list("username", flat=True))


def refused_with(sqlstate: str, statement: str) -> bool:
    """Does the database refuse ``statement`` with this state? The session survives."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError as error:
        return error.__cause__.sqlstate == sqlstate
    return False


def test_stale_search_path_is_an_error_and_never_foreign_rows(smile: TenantContext, derma: TenantContext) -> None:
    # Given a session that belongs to one tenant
    with activate(smile):
        assert canaries() == {"canary.blue"}
        # When its search path is turned to another tenant behind the backend's back
        with connection.cursor() as cursor:
            cursor.cursor.execute(f'SET search_path = "{derma.schema_name}"')
        # Then nothing is found there
        with pytest.raises(ProgrammingError, match="does not exist"):
            canaries()
        # And naming the other schema outright is refused
        assert refused_with(
            psycopg.errors.InsufficientPrivilege.sqlstate, f'SELECT 1 FROM "{derma.schema_name}".identity_user'
        )


def test_stale_role_is_an_error_too(smile: TenantContext, derma: TenantContext) -> None:
    with activate(smile):
        assert canaries() == {"canary.blue"}
        with connection.cursor() as cursor:
            cursor.cursor.execute(f'SET ROLE "{derma.database_role}"')
        with pytest.raises(ProgrammingError, match="does not exist"):
            canaries()


def test_tenant_role_reads_nothing_of_public_but_the_shared_tables(smile: TenantContext) -> None:
    with public_schema(), connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = {row[0] for row in cursor.fetchall()}
    assert {"tenants_tenant", "tenants_domain", "tenants_provisioningjob"} <= tables
    with activate(smile):
        denied = psycopg.errors.InsufficientPrivilege.sqlstate
        readable = {name for name in tables if not refused_with(denied, f'SELECT 1 FROM public."{name}" LIMIT 1')}
        assert readable == roles.shared_tables()
        for name in tables - roles.shared_tables():
            assert refused_with(denied, f'DELETE FROM public."{name}"'), name
        # Nor can it make anything of its own there.
        assert refused_with(denied, "CREATE TABLE public.mine (id int)")
        assert refused_with(denied, "CREATE TABLE mine (id int)")
        assert refused_with(denied, "CREATE SCHEMA mine")


def test_app_login_itself_can_do_nothing(smile: TenantContext) -> None:
    with activate(smile), connection.cursor() as cursor:
        cursor.cursor.execute("RESET ROLE")
        try:
            cursor.cursor.execute("SELECT session_user = current_user")
            assert cursor.cursor.fetchone()[0]
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                cursor.cursor.execute(f'SELECT 1 FROM "{smile.schema_name}".identity_user')
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                cursor.cursor.execute("SELECT 1 FROM public.tenants_tenant")
        finally:
            connection.close()


def test_tenant_cannot_turn_into_another_by_a_statement_of_its_own(smile: TenantContext, derma: TenantContext) -> None:
    """SET ROLE is judged by the login, so only the backend's discipline keeps it; a function or a view never may."""
    with activate(smile):
        denied = psycopg.errors.InsufficientPrivilege.sqlstate
        assert refused_with(denied, f'GRANT SELECT ON "{derma.schema_name}".identity_user TO "{smile.database_role}"')
        assert refused_with(denied, f'ALTER ROLE "{smile.database_role}" SUPERUSER')


def test_savepoint_rollback_does_not_bring_the_former_tenant_back(smile: TenantContext, derma: TenantContext) -> None:
    """The leak of django-tenants up to 3.14: after ROLLBACK TO SAVEPOINT the wrapper says B and the rows are A's."""
    connection.set_tenant(smile)
    with transaction.atomic():
        assert canaries() == {"canary.blue"}
        with rolled_back():
            connection.set_tenant(derma)
            assert canaries() == {"canary.red"}
        assert connection.tenant == derma
        assert where() == home(derma)
        assert canaries() == {"canary.red"}


def test_savepoint_rollback_after_coming_home_inside(smile: TenantContext, derma: TenantContext) -> None:
    connection.set_tenant(smile)
    with transaction.atomic():
        connection.set_tenant(derma)
        assert canaries() == {"canary.red"}
        with rolled_back():
            connection.set_tenant(smile)
            assert canaries() == {"canary.blue"}
        # The server went back to derma with the savepoint; the code stands at smile.
        assert where() == home(smile)
        assert canaries() == {"canary.blue"}


def test_rollback_of_the_whole_transaction(smile: TenantContext, derma: TenantContext) -> None:
    connection.set_tenant(smile)
    assert canaries() == {"canary.blue"}
    with rolled_back():
        connection.set_tenant(derma)
        assert canaries() == {"canary.red"}
    assert where() == home(derma)
    assert canaries() == {"canary.red"}


def test_commit_that_the_server_turns_into_a_rollback(smile: TenantContext, derma: TenantContext) -> None:
    """Swallowing a database error lets Django commit a broken transaction; PostgreSQL rolls back and says nothing."""
    connection.set_tenant(smile)
    assert canaries() == {"canary.blue"}
    with transaction.atomic():
        connection.set_tenant(derma)
        assert canaries() == {"canary.red"}
        with connection.cursor() as cursor, pytest.raises(psycopg.errors.UndefinedTable):
            cursor.cursor.execute("SELECT 1 FROM nowhere")
    assert where() == home(derma)
    assert canaries() == {"canary.red"}


def test_explicit_savepoints(smile: TenantContext, derma: TenantContext) -> None:
    connection.set_tenant(smile)
    with transaction.atomic():
        sid = transaction.savepoint()
        connection.set_tenant(derma)
        assert canaries() == {"canary.red"}
        transaction.savepoint_rollback(sid)
        assert where() == home(derma)
        sid = transaction.savepoint()
        connection.set_tenant(smile)
        assert canaries() == {"canary.blue"}
        transaction.savepoint_commit(sid)
    assert where() == home(smile)


def test_reconnect_sets_both_again(smile: TenantContext, bed: Testbed, committed: str) -> None:
    with activate(smile):
        assert canaries() == {"canary.blue"}
        pid = connection.connection.info.backend_pid
        with psycopg.connect(bed.server.dsn(committed), autocommit=True) as superuser:
            superuser.execute("SELECT pg_terminate_backend(%s)", [pid])
        with pytest.raises(OperationalError):
            canaries()
        connection.close()
        assert where() == home(smile)
        assert canaries() == {"canary.blue"}


def test_failing_switch_never_leaves_the_former_session(smile: TenantContext) -> None:
    # Given a tenant whose role is gone
    lost = TenantContext(**{**_fields(smile), "database_role": "lz_nobody_here"})
    with activate(smile):
        assert canaries() == {"canary.blue"}
    # When somebody works for it, then nothing works, instead of the former tenant's rows
    with activate(lost):
        for _turn in range(2):
            with pytest.raises(OperationalError, match="is missing"):
                canaries()
    with activate(smile):
        assert canaries() == {"canary.blue"}


def test_schema_name_alone_is_refused(smile: TenantContext) -> None:
    connection.set_schema(smile.schema_name)
    try:
        with pytest.raises(ImproperlyConfigured, match="without its tenant"):
            canaries()
    finally:
        connection.set_tenant(public_context())


def test_server_side_cursors_stand_in_the_right_schema(smile: TenantContext, derma: TenantContext) -> None:
    with activate(smile):
        first = User.objects.filter(username__startswith="canary.").iterator(chunk_size=1)
        assert next(first).username == "canary.blue"
    with activate(derma):
        assert [user.username for user in User.objects.filter(username__startswith="canary.").iterator()] == [
            "canary.red"
        ]


def test_steady_state_sets_nothing(smile: TenantContext, derma: TenantContext) -> None:
    def sets(*tenants: TenantContext) -> int:
        with CaptureQueriesContext(connection) as captured:
            for tenant in tenants:
                with activate(tenant):
                    canaries()
                    canaries()
        return sum("set_config" in query["sql"] for query in captured.captured_queries)

    sets(smile)
    assert sets(smile, smile, smile) == 0
    assert sets(derma) == 1
    assert sets(smile, derma, smile) == 3


def test_rollback_costs_one_statement(smile: TenantContext) -> None:
    with activate(smile), CaptureQueriesContext(connection) as captured:
        canaries()
        with rolled_back():
            canaries()
        canaries()
        canaries()
    assert sum("set_config" in query["sql"] for query in captured.captured_queries) <= 2


def test_owner_mode_leaves_no_trace(smile: TenantContext) -> None:
    from django.conf import settings

    login = settings.DATABASES["default"]["USER"]
    with activate(smile):
        assert canaries() == {"canary.blue"}
        with connection.as_owner():
            # Other threads and everything that reads the settings still see the app's login.
            assert settings.DATABASES["default"]["USER"] == login
            with connection.cursor() as cursor:
                cursor.execute("SELECT session_user, current_user")
                assert cursor.fetchone() == (settings.DATABASE_ADMIN["USER"],) * 2
            with connection.as_owner():
                connection.set_schema(PUBLIC_SCHEMA)
        assert where() == home(smile)
        with connection.cursor() as cursor:
            cursor.execute("SELECT session_user")
            assert cursor.fetchone() == (login,)
        with pytest.raises(RuntimeError, match="inside a transaction"), transaction.atomic(), connection.as_owner():
            pass


def _fields(tenant: TenantContext) -> dict[str, object]:
    return {name: getattr(tenant, name) for name in tenant.__dataclass_fields__}
