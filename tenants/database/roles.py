"""Database roles: created, granted and removed here, always as the owner."""

from __future__ import annotations

from collections.abc import Iterable

from django.apps import apps
from django.conf import settings
from django.db import connection
from psycopg import sql

from tenants.database.base import EXTENSIONS, PUBLIC, platform_role, scheduler_role


def ensure_role(role: str) -> None:
    """Create ``role`` if it is missing and let the app's login take it on (without inheriting it)."""
    app_login = settings.DATABASE_APP_LOGIN
    names = {"role": sql.Identifier(role), "login": sql.Identifier(app_login), "ext": sql.Identifier(EXTENSIONS)}
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        if cursor.fetchone() is None:
            # Roles belong to the whole cluster: two provisioners may make the same one at the same moment.
            cursor.execute(
                sql.SQL(
                    "DO $$ BEGIN CREATE ROLE {role} NOLOGIN NOINHERIT;"
                    " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
                ).format(**names)
            )
        cursor.execute(
            "SELECT 1 FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles u ON u.oid = m.member"
            " WHERE r.rolname = %s AND u.rolname = %s AND m.set_option",
            [role, app_login],
        )
        if cursor.fetchone() is None:
            cursor.execute(
                sql.SQL(
                    "DO $$ BEGIN GRANT {role} TO {login} WITH INHERIT FALSE, SET TRUE;"
                    " EXCEPTION WHEN unique_violation THEN NULL; END $$"
                ).format(**names)
            )
        cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA {ext} TO {role}").format(**names))


def append_only_tables() -> set[str]:
    """Tables whose rows may be added and read, never changed or removed by the product."""
    return {model._meta.db_table for model in apps.get_models() if getattr(model, "APPEND_ONLY", False)}


def kept_tables() -> set[str]:
    """Tables whose rows may be changed but never removed by the product."""
    return {model._meta.db_table for model in apps.get_models() if getattr(model, "KEPT", False)}


def merge_columns() -> list[tuple[str, str]]:
    """Columns of append-only tables that follow when rows of a kind that ``MERGES`` (two files of one person) become one:
    (table, column). Whose row it is may be corrected; what it says may not."""
    return sorted(
        (model._meta.db_table, str(column.column))
        for model in apps.get_models()
        if getattr(model, "APPEND_ONLY", False)
        for column in model._meta.concrete_fields
        if column.is_relation and getattr(column.related_model, "MERGES", False)
    )


def shared_tables() -> set[str]:
    """Public tables in which each tenant has rows of its own, kept apart by row security."""
    return {model._meta.db_table for model in apps.get_models() if getattr(model, "SHARED_WITH_TENANTS", False)}


def grant_schema(schema_name: str, role: str) -> None:
    """Let ``role`` work in ``schema_name``: everything on ordinary tables, insert and select on append-only ones, no
    removal from those that are kept."""
    names = {"schema": sql.Identifier(schema_name), "role": sql.Identifier(role)}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", [schema_name])
        present = {row[0] for row in cursor.fetchall()}
        cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA {schema} TO {role}").format(**names))
        cursor.execute(
            sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}").format(**names)
        )
        cursor.execute(sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}").format(**names))
        kept = append_only_tables() & present
        if kept:
            cursor.execute(
                sql.SQL("REVOKE UPDATE, DELETE ON {tables} FROM {role}").format(
                    tables=_qualified(schema_name, kept), **names
                )
            )
        for table, column in merge_columns():
            if table in present:
                cursor.execute(
                    sql.SQL("GRANT UPDATE ({column}) ON {table} TO {role}").format(
                        column=sql.Identifier(column), table=sql.Identifier(schema_name, table), **names
                    )
                )
        lasting = (kept_tables() & present) - kept
        if lasting:
            cursor.execute(
                sql.SQL("REVOKE DELETE ON {tables} FROM {role}").format(
                    tables=_qualified(schema_name, lasting), **names
                )
            )
        if "django_migrations" in present:
            # Which migrations have run is the owner's business; the readiness page may look.
            cursor.execute(
                sql.SQL("REVOKE INSERT, UPDATE, DELETE ON {schema}.django_migrations FROM {role}").format(**names)
            )


def grant_shared(role: str, *, words: str = "SELECT, INSERT, UPDATE, DELETE") -> None:
    """What a tenant may touch in the public schema: its own rows of the shared tables, and nothing else."""
    tables = shared_tables()
    names = {"public": sql.Identifier(PUBLIC), "role": sql.Identifier(role)}
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA {public} TO {role}").format(**names))
        if tables:
            cursor.execute(
                sql.SQL("GRANT {words} ON {tables} TO {role}").format(
                    words=sql.SQL(words), tables=_qualified(PUBLIC, tables), **names
                )
            )


def prepare_database() -> None:
    """Make the roles of this database and grant the public schema; safe to repeat after every migration."""
    for role in (platform_role(), scheduler_role()):
        ensure_role(role)
    grant_schema(PUBLIC, platform_role())
    grant_shared(scheduler_role(), words="SELECT")
    with connection.cursor() as cursor:
        cursor.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")


def forget_role(schema_name: str, role: str) -> None:
    """Take everything from the role of a tenant whose schema is gone, and remove it."""
    names = {"public": sql.Identifier(PUBLIC), "ext": sql.Identifier(EXTENSIONS), "role": sql.Identifier(role)}
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        if cursor.fetchone() is None:
            return
        cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [schema_name])
        if cursor.fetchone() is not None:
            raise RuntimeError(f"the schema {schema_name!r} still stands; its role cannot go")
        cursor.execute(sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA {public} FROM {role}").format(**names))
        cursor.execute(sql.SQL("REVOKE ALL ON SCHEMA {public}, {ext} FROM {role}").format(**names))
        cursor.execute(sql.SQL("DROP ROLE {role}").format(**names))


def _qualified(schema_name: str, tables: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(schema_name, table) for table in sorted(tables))
