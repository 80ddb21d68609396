"""The database backend: search path and role change together, once, and fail closed.

django-tenants issues ``SET search_path`` before every statement, or, with its limit switched on, forgets to issue it
again after a rollback. This backend keeps what the session is known to hold and issues one statement exactly when
that differs from what is wanted: after connecting, after a change of tenant, and after a rollback, a savepoint
rollback, a commit that the server turned into a rollback, or a reconnect, because a ``SET`` inside a transaction is
undone with it.

The login role owns nothing and inherits nothing. A tenant's role may touch its own schema only, so a wrong search path
ends in an error and never in another tenant's rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, OperationalError
from django.utils.functional import cached_property
from django_tenants.postgresql_backend import base as django_tenants_backend

PUBLIC = "public"
EXTENSIONS = "ext"
_BROKEN = psycopg.pq.TransactionStatus.INERROR


def platform_role() -> str:
    """The role of code that works in the public schema."""
    return f"lz_{settings.DATABASE_ID}_platform"


def scheduler_role() -> str:
    """The role that sees the due entries of every tenant, and nothing else of them."""
    return f"lz_{settings.DATABASE_ID}_scheduler"


def tenant_role(slug: str) -> str:
    """The role of one tenant."""
    return f"lz_{settings.DATABASE_ID}_t_{slug}"


class DatabaseWrapper(django_tenants_backend.DatabaseWrapper):
    """PostgreSQL with a schema and a role per tenant."""

    # Both are made by the bases, which say nothing of their types.
    _setting_search_path: bool
    settings_dict: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # What the session holds: (search path, role); None where that is not known.
        self._session: tuple[str, str] | None = None
        self._owner = False
        self._last_wanted: tuple[Any, tuple[str, str]] = (None, ("", ""))
        super().__init__(*args, **kwargs)

    def set_tenant(self, tenant: Any, include_public: bool = True) -> None:
        """Choose the tenant; the session follows with the next cursor."""
        self.tenant = tenant
        self.schema_name = tenant.schema_name
        self.include_public_schema = include_public
        self.set_settings_schema(self.schema_name)
        self.search_path_set_schemas = None

    @cached_property
    def pg_version(self) -> int:
        """Asked while there may be no role yet (makemigrations before the first tenant_migrate)."""
        self.ensure_connection()
        return int(self.connection.info.server_version)

    def forget_session(self) -> None:
        """Somebody changed search path or role past this backend: set both again before the next statement."""
        self._session = None

    def close(self) -> None:
        self._session = None
        super().close()

    def commit(self) -> None:
        # PostgreSQL answers COMMIT of a broken transaction with a rollback and no error, and takes the SETs back with
        # it.
        undone = self.connection is not None and self.connection.info.transaction_status == _BROKEN
        super().commit()
        if undone:
            self._session = None

    def rollback(self) -> None:
        self._session = None
        super().rollback()
        self._session = None

    def savepoint_rollback(self, sid: str) -> None:
        try:
            super().savepoint_rollback(sid)
        finally:
            self._session = None

    def init_connection_state(self) -> None:
        self._session = None
        super().init_connection_state()

    def _get_cursor_search_paths(self) -> list[str]:
        # Not through PG_EXTRA_SEARCH_PATHS: django-tenants then opens a connection while the apps are loading, before
        # the roles of a new database exist.
        return [*super()._get_cursor_search_paths(), EXTENSIONS]

    def _wanted_session(self) -> tuple[str, str]:
        # Asked for every cursor, answered anew only when the tenant or the owner's part has changed.
        role = getattr(self.tenant, "database_role", "")
        asked = (self.schema_name, role, self.include_public_schema, self._owner)
        known, answer = self._last_wanted
        if known != asked:
            path = ", ".join(f'"{schema}"' for schema in self._get_cursor_search_paths())
            answer = (path, self._wanted_role())
            self._last_wanted = (asked, answer)
        return answer

    def _wanted_role(self) -> str:
        if self._owner or not self.settings_dict.get("TENANT_ROLES", True):
            return "none"
        role = getattr(self.tenant, "database_role", "")
        if role:
            return role
        if self.schema_name == PUBLIC:
            return platform_role()
        raise ImproperlyConfigured(
            f"schema {self.schema_name!r} was chosen without its tenant: use kernel.tenancy.activate()"
        )

    def _handle_search_path(self, cursor: Any = None) -> None:
        if self._setting_search_path:
            return
        if not self.schema_name:
            raise ImproperlyConfigured("no schema was chosen")
        wanted = self._wanted_session()
        if self._session == wanted:
            return
        # Should the statement fail half way, nothing is known about the session.
        self._session = None
        self._setting_search_path = True
        try:
            own = self.connection.cursor() if cursor is None else cursor
            try:
                own.execute("SELECT set_config('search_path', %s, false), set_config('role', %s, false)", list(wanted))
            finally:
                if cursor is None:
                    own.close()
        except (DatabaseError, psycopg.Error) as error:
            # In an aborted transaction every statement fails until the rollback, and so does the caller's next one.
            # Anywhere else the session must not go on in an unknown state.
            if self.connection is None or self.connection.info.transaction_status != _BROKEN:
                if _sqlstate(error) == psycopg.errors.InvalidParameterValue.sqlstate:
                    raise OperationalError(
                        f"the role {wanted[1]!r} is missing; run manage.py tenant_migrate"
                    ) from error
                raise
        else:
            self._session = wanted
        finally:
            self._setting_search_path = False

    @contextmanager
    def as_owner(self) -> Iterator[None]:
        """Reconnect as the owner of the schemas (migrations, provisioning, backups) for the duration of the block.

        Inside another such block it changes nothing. Raises RuntimeError inside a transaction.
        """
        if self._owner:
            yield
            return
        if self.in_atomic_block:
            raise RuntimeError("the owner's connection cannot begin inside a transaction")
        ordinary, tenant, include_public = self.settings_dict, self.tenant, self.include_public_schema
        owner = {key: settings.DATABASE_ADMIN[key] for key in ("USER", "PASSWORD", "HOST", "PORT")}
        options = {**(ordinary.get("OPTIONS") or {}), "options": "-c statement_timeout=0 -c lock_timeout=10s"}
        self.close()
        # A dictionary of its own: the ordinary one is shared with the settings and with every other thread.
        self.settings_dict = {**ordinary, **owner, "OPTIONS": options}
        self._owner = True
        try:
            yield
        finally:
            self.close()
            self.settings_dict = ordinary
            self._owner = False
            self.set_tenant(tenant, include_public)


def _sqlstate(error: BaseException) -> str | None:
    return getattr(error, "sqlstate", None) or getattr(error.__cause__, "sqlstate", None)
