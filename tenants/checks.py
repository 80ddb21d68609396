"""System checks against servers and settings on which tenants would not be safe from each other."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError, connection


@register(Tags.database)
def database_is_safe(databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse servers that are too old, poolers in transaction mode, and a locale in which Chinese has no trigrams."""
    if not databases:
        return []
    errors: list[CheckMessage] = []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version_num')::int")
            if cursor.fetchone()[0] < 160000:
                errors.append(Error("PostgreSQL 16 or newer is needed.", id="tenants.E001"))
            cursor.execute("SELECT cardinality(ext.show_trgm(%s))", ["陈雨"])
            if not cursor.fetchone()[0]:
                errors.append(
                    Error(
                        "Chinese text has no trigrams in this database: create it with LC_CTYPE C.UTF-8.",
                        id="tenants.E002",
                    )
                )
            cursor.execute("SELECT pg_backend_pid()")
            if cursor.fetchone()[0] != connection.connection.info.backend_pid:
                errors.append(
                    Error(
                        "A pooler in transaction mode stands before the database; tenants would see each other.",
                        id="tenants.E003",
                    )
                )
    except DatabaseError as error:
        errors.append(Error(f"The database cannot be checked: {error}", id="tenants.E004"))
    return errors


@register(Tags.security)
def settings_are_safe(**kwargs: Any) -> list[CheckMessage]:
    """Refuse settings that loosen the walls between tenants."""
    errors: list[CheckMessage] = []
    if getattr(settings, "TENANT_LIMIT_SET_CALLS", False):
        errors.append(Error("TENANT_LIMIT_SET_CALLS keeps a stale search path.", id="tenants.E010"))
    if settings.SESSION_COOKIE_DOMAIN or settings.CSRF_COOKIE_DOMAIN:
        errors.append(Error("Cookies must belong to one host.", id="tenants.E011"))
    if settings.DATABASES["default"]["ENGINE"] != "tenants.database":
        errors.append(Error("The database engine must be tenants.database.", id="tenants.E012"))
    if settings.DATABASES["default"].get("ATOMIC_REQUESTS"):
        errors.append(
            Error("ATOMIC_REQUESTS would wrap the audit of refusals in the transaction it reports.", id="tenants.E013")
        )
    return errors
