"""All rows of a tenant's parameters at once, and where they are kept between requests.

A tenant has few rows and asks for them often. They are read with one query, kept in the cache under a stamp that
changes with every write, and held for the running request. Nothing uncommitted is ever cached: a transaction that wrote
a parameter reads the table, and nobody fills the cache from inside a transaction. A reader that loaded old rows while
the stamp changed stores them under the old stamp, where nobody looks any more.
"""

from __future__ import annotations

import secrets
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import structlog
from django.core.cache import cache
from django.db import connection, transaction

from kernel import context, tenancy
from kernel.parameters.models import ParameterValue
from kernel.parameters.scopes import Scope

log = structlog.get_logger(__name__)

# The safety net if a stamp could not be changed because the cache did not answer.
LIFETIME_SECONDS = 60


class Row(NamedTuple):
    """What counts of a row."""

    effective_from: datetime
    value: Any
    inherits: bool
    locked: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The rows of a tenant by key and scope, each list in the order in which they take effect."""

    rows: dict[tuple[str, str, str], list[Row]]

    def in_force(self, key: str, scope: Scope, at: datetime) -> Row | None:
        """The row of ``scope`` that counts at ``at``; of two with the same date the later written one."""
        found = None
        for row in self.rows.get((key, scope.kind, scope.code), ()):
            if row.effective_from > at:
                break
            found = row
        return found

    def changes(self, key: str) -> list[datetime]:
        """The moments at which anything about ``key`` takes effect, the earliest first."""
        return sorted({row.effective_from for place, rows in self.rows.items() if place[0] == key for row in rows})


class _Held(NamedTuple):
    request_id: str
    place: str
    snapshot: Snapshot


_held: ContextVar[_Held | None] = ContextVar("parameters_held", default=None)


def current() -> Snapshot:
    """The parameters of the current tenant as this transaction sees them."""
    place = _place()
    if _changed_here(place):
        return load()
    request_id, held = context.request_id(), _held.get()
    if request_id and held and (held.request_id, held.place) == (request_id, place):
        return held.snapshot
    snapshot = _from_cache(place)
    if request_id:
        _held.set(_Held(request_id, place, snapshot))
    return snapshot


def forget() -> None:
    """The current transaction changed a row: read the table until it ends, then let everybody else read it anew."""
    place = _place()
    _held.set(None)
    transaction.on_commit(_Restamp(place))


class _Restamp:
    """What a change plans for its commit; as long as it is planned, the change is open and belongs to this transaction.

    A rollback, of a savepoint too, takes it off the connection's list together with the change.
    """

    def __init__(self, place: str) -> None:
        self.place = place
        self.__qualname__ = "kernel.parameters.snapshot.restamp"

    def __call__(self) -> None:
        _restamp(self.place)


def _changed_here(place: str) -> bool:
    planned = (entry[1] for entry in connection.run_on_commit)
    return any(isinstance(one, _Restamp) and one.place == place for one in planned)


def _place() -> str:
    # The database's name: copies of one database may share a cache.
    return f"parameters:{connection.settings_dict['NAME']}:{tenancy.current().schema_name}"


def _from_cache(place: str) -> Snapshot:
    try:
        stamp = cache.get(f"{place}:stamp")
        if stamp is None:
            stamp = secrets.token_hex(8)
            # The first of several wins; all of them use the winner's.
            if not cache.add(f"{place}:stamp", stamp, None):
                stamp = cache.get(f"{place}:stamp") or stamp
        rows = cache.get(f"{place}:{stamp}")
        if rows is not None:
            return Snapshot(rows)
        snapshot = load()
        if not connection.in_atomic_block:
            cache.set(f"{place}:{stamp}", snapshot.rows, LIFETIME_SECONDS)
        return snapshot
    except Exception as error:  # a cache that is away costs a query, never an answer
        if connection.needs_rollback:
            raise
        log.warning("parameters_cache_unavailable", error=type(error).__name__)
        return load()


def _restamp(place: str) -> None:
    _held.set(None)
    try:
        cache.set(f"{place}:stamp", secrets.token_hex(8), None)
    except Exception as error:  # the write is committed; the short lifetime heals the cache
        log.warning("parameters_cache_unavailable", error=type(error).__name__)


def load() -> Snapshot:
    """The rows of the current tenant as the table holds them, uncommitted ones of this transaction included."""
    rows: dict[tuple[str, str, str], list[Row]] = {}
    found = ParameterValue.objects.order_by("effective_from", "id").values_list(
        "key", "scope_kind", "scope_code", "effective_from", "value", "inherits", "locked"
    )
    for key, kind, code, effective_from, value, inherits, locked in found:
        rows.setdefault((key, kind, code), []).append(Row(effective_from, value, inherits, locked))
    return Snapshot(rows)
