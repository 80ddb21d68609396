"""What the operators may know of a tenant: sizes, counts and ages. Asked inside the tenant, under its own role."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import Max

from kernel import clock
from kernel.audit.models import AuditEntry
from kernel.identity.models import User
from kernel.outbox import selectors as outbox
from kernel.timers import selectors as timers


def measure() -> dict[str, Any]:
    """The vitals of the current tenant; none of them says anything about a person."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c"
            " WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'm')"
        )
        schema_bytes = cursor.fetchone()[0]
    return {
        "schema_bytes": schema_bytes,
        "people": User.objects.filter(is_active=True).count(),
        "last_activity_at": AuditEntry.objects.filter(actor_kind__in=["user", "token"]).aggregate(at=Max("at"))["at"],
        "dead_events": outbox.dead_letters().count(),
        "dead_timers": timers.dead_letters().count(),
        "measured_at": clock.now(),
    }
