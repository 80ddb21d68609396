"""Logins and databases on the embedded server.

Two logins: the owner migrates, provisions and backs up (it may create roles and databases and owns the database); the
app's login owns nothing, inherits nothing, and works only through the roles that the owner grants it.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from config.launcher.postgres import Endpoint
from config.launcher.system import LOOPBACK, secret

OWNER = "lianzhen_admin"
APP = "lianzhen_app"
EXTENSIONS = ("btree_gist", "pg_trgm")
EXTENSION_SCHEMA = "ext"


@dataclass(frozen=True, slots=True)
class Accounts:
    """The two logins of a server."""

    port: int
    owner_password: str
    app_password: str

    @classmethod
    def kept(cls, server: Endpoint, home: Path) -> Accounts:
        """Read the passwords kept below ``home``; missing ones are made."""
        return cls(server.port, secret(home / "owner.secret"), secret(home / "app.secret"))

    def owner_url(self, database: str) -> str:
        """``DATABASE_ADMIN_URL`` for a database."""
        return f"postgres://{OWNER}:{self.owner_password}@{LOOPBACK}:{self.port}/{database}"

    def app_url(self, database: str) -> str:
        """``DATABASE_URL`` for a database."""
        return f"postgres://{APP}:{self.app_password}@{LOOPBACK}:{self.port}/{database}"


def ensure_accounts(server: Endpoint, home: Path) -> Accounts:
    """Create both logins, or bring them to what they should be; passwords are kept below ``home``."""
    accounts = Accounts.kept(server, home)
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        for name, password, attributes in (
            (OWNER, accounts.owner_password, "LOGIN CREATEROLE CREATEDB NOSUPERUSER INHERIT NOREPLICATION NOBYPASSRLS"),
            (
                APP,
                accounts.app_password,
                "LOGIN NOINHERIT NOCREATEROLE NOCREATEDB NOSUPERUSER NOREPLICATION NOBYPASSRLS",
            ),
        ):
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
            connection.execute(
                sql.SQL("{verb} ROLE {name} WITH {attributes} PASSWORD {password}").format(
                    verb=sql.SQL("ALTER" if known else "CREATE"),
                    name=sql.Identifier(name),
                    attributes=sql.SQL(attributes),
                    password=sql.Literal(password),
                )
            )
        # Without it, a login that creates a role could grant it to others but never take it on itself.
        connection.execute(sql.SQL("ALTER ROLE {} SET createrole_self_grant = 'set'").format(sql.Identifier(OWNER)))
    return accounts


def ensure_database(server: Endpoint, name: str) -> bool:
    """Create the database with its extensions unless it is there; True when it was created."""
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        created = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None
        if created:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(
                    sql.Identifier(name), sql.Identifier(OWNER)
                )
            )
    # Repeated at every start: a start that was cut off between the two would leave a database without extensions.
    with psycopg.connect(server.dsn(name), autocommit=True) as connection:
        schema, owner = sql.Identifier(EXTENSION_SCHEMA), sql.Identifier(OWNER)
        connection.execute("SET client_min_messages = warning")
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {} AUTHORIZATION {}").format(schema, owner))
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO PUBLIC").format(schema))
        for extension in EXTENSIONS:
            connection.execute(
                sql.SQL("CREATE EXTENSION IF NOT EXISTS {} SCHEMA {}").format(sql.Identifier(extension), schema)
            )
        database = sql.Identifier(name)
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, sql.Identifier(APP)))
    return created


def copy_database(server: Endpoint, template: str, name: str) -> None:
    """Create ``name`` as a copy of ``template``, which nobody may be connected to; an older copy is replaced."""
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        drop_database(server, name, connection)
        with contextlib.suppress(psycopg.errors.UndefinedObject, psycopg.errors.InvalidParameterValue):
            # Newer servers let the system copy the files, which is twice as fast.
            connection.execute("SET file_copy_method = clone")
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(template)
            )
        )
        # The rights on a database itself are the only ones that a copy does not take along.
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
        connection.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(name), sql.Identifier(APP))
        )


def drop_database(server: Endpoint, name: str, connection: psycopg.Connection | None = None) -> None:
    """Drop a database, ending the sessions in it; nothing happens when it does not exist."""
    if connection is None:
        with psycopg.connect(server.dsn(), autocommit=True) as own:
            drop_database(server, name, own)
        return
    known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
    if known:
        connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(sql.Identifier(name)))
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
