"""Writing the due index, always in the transaction of the row that it points to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from kernel import tenancy
from kernel.schedule.models import DueEntry


def put(*, kind: str, ref: UUID, due_at: datetime) -> None:
    """Let ``ref`` of the current tenant be due at ``due_at`` (UTC); a second call moves it.

    Raises RuntimeError outside of a transaction: the index and what it points to stand or fall together.
    """
    put_many(kind=kind, refs=[ref], due_at=due_at)


def put_many(*, kind: str, refs: Iterable[UUID], due_at: datetime) -> None:
    """``put`` for several at the same moment, in one statement. Raises RuntimeError outside of a transaction."""
    _need_transaction()
    schema_name = tenancy.current().schema_name
    DueEntry.objects.bulk_create(
        [DueEntry(kind=kind, schema_name=schema_name, due_at=due_at, ref=ref) for ref in refs],
        update_conflicts=True,
        unique_fields=["kind", "ref"],
        update_fields=["due_at"],
    )


def drop(*, kind: str, refs: Iterable[UUID]) -> None:
    """Nothing of ``refs`` is due any more. Raises RuntimeError outside of a transaction."""
    _need_transaction()
    # Nothing points to an entry; the ordinary way would read the rows first, at every event and timer.
    DueEntry.objects.filter(kind=kind, ref__in=list(refs))._raw_delete(connection.alias)


def forget_schema(*, schema_name: str) -> int:
    """Remove every entry of a tenant that is gone; as its own role or as the owner. Returns how many there were."""
    with transaction.atomic():
        return DueEntry.objects.filter(schema_name=schema_name).delete()[0]


def _need_transaction() -> None:
    if not connection.in_atomic_block:
        raise RuntimeError("the due index is written in the transaction of what it points to")
