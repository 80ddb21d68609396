"""What must be in order before this process should be asked anything."""

from __future__ import annotations

from functools import cache

from tenants.database.base import PUBLIC
from tenants.directory import public_schema
from tenants.models import SchemaStatus
from tenants.provisioning import blueprint


class NotMigrated(Exception):
    """The public schema does not stand at the migrations of this code."""


def migrations() -> dict[str, int]:
    """Raise NotMigrated unless the public schema stands at this code's migrations; says how many tenants are behind.

    A tenant that is behind keeps the others' product from nothing, so it is told and does not make the whole unready.
    """
    with public_schema():
        rows = dict(SchemaStatus.objects.values_list("schema_name", "migrations_hash"))
    if rows.pop(PUBLIC, None) != _wanted(public=True):
        raise NotMigrated
    wanted = _wanted(public=False)
    return {"tenants": len(rows), "behind": sum(stands_at != wanted for stands_at in rows.values())}


@cache
def _wanted(*, public: bool) -> str:
    # The code of a running process does not change.
    return blueprint.migrations_hash(public=public)
