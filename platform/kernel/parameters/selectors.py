"""Reading parameters."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.db.models import QuerySet

from kernel import clock, registry, tenancy
from kernel.parameters import kinds, snapshot
from kernel.parameters.models import ParameterValue
from kernel.parameters.scopes import Scope
from kernel.parameters.snapshot import Snapshot
from kernel.registry import Param


class HasCode(Protocol):
    code: UUID


@dataclass(frozen=True, slots=True)
class Resolved:
    """A parameter's value and where it comes from. ``source`` is None where the tenant's profile answers.

    ``lock`` names the wider scope whose lock bounds it; ``held``: a value of a narrower scope was looser and does not
    count.
    """

    param: Param
    stored: Any
    source: Scope | None
    lock: Scope | None = None
    held: bool = False

    @property
    def value(self) -> Any:
        """The typed value."""
        return kinds.to_python(self.param, self.stored)


def value(
    key: str, *, at: datetime | None = None, site: HasCode | UUID | None = None, vertical: str | None = None
) -> Any:
    """What ``key`` says at ``at`` (default: now), for a site and the vertical of a visit: the moment of the event
    counts.

    The narrowest of chain, tenant, site and vertical wins; a locked value of a wider scope lets only tighter ones pass.
    Without any the tenant's profile answers (literal or default). Durations are minutes or days as the definition says.

    Raises KeyError for an undeclared key.
    """
    return resolve(key, at=at, site=site, vertical=vertical).value


class Reader:
    """One parameter of one site, asked for the moments of many events: a board asks for hundreds.

    ``reader(at, vertical)`` is ``value(key, at=at, site=site, vertical=vertical)``; between two changes of the parameter it is
    looked up once per vertical. Make it where the rows are read and keep it no longer than their transaction.
    """

    def __init__(self, key: str, *, site: HasCode | UUID | None = None) -> None:
        self._param, self._site, self._rows = registry.parameter(key), site, snapshot.current()
        self._changes = self._rows.changes(key)
        self._known: dict[tuple[int, str | None], Any] = {}

    def __call__(self, at: datetime, vertical: str | None = None) -> Any:
        place = bisect_right(self._changes, at), vertical
        if place not in self._known:
            scopes = scopes_for(site=self._site, vertical=vertical)
            self._known[place] = _walk(self._rows, self._param, at, scopes).value
        return self._known[place]


def resolve(
    key: str, *, at: datetime | None = None, site: HasCode | UUID | None = None, vertical: str | None = None
) -> Resolved:
    """``value`` with its origin, for pages that show where a rule comes from. Raises KeyError."""
    param = registry.parameter(key)
    return _walk(snapshot.current(), param, at or clock.now(), scopes_for(site=site, vertical=vertical))


def overview(
    *, at: datetime | None = None, site: HasCode | UUID | None = None, vertical: str | None = None
) -> list[Resolved]:
    """Every parameter of the active rooms, resolved, in the order of the rooms; one query at most."""
    rows, moment, scopes = snapshot.current(), at or clock.now(), scopes_for(site=site, vertical=vertical)
    return [_walk(rows, param, moment, scopes) for room in registry.active_rooms() for param in room.parameters]


def history(key: str, *, scope: Scope | None = None) -> QuerySet[ParameterValue]:
    """All rows of ``key`` (of one scope), the latest effect first; rows of the future are scheduled changes."""
    rows = ParameterValue.objects.filter(key=key)
    if scope is not None:
        rows = rows.filter(scope_kind=scope.kind, scope_code=scope.code)
    return rows.order_by("-effective_from", "-id")


def scheduled(*, key: str | None = None) -> QuerySet[ParameterValue]:
    """Changes that have not taken effect yet, the next one first."""
    rows = ParameterValue.objects.filter(effective_from__gt=clock.now())
    return (rows.filter(key=key) if key else rows).order_by("effective_from", "id")


def active_parameter(key: str) -> Param | None:
    """The definition of ``key`` if a room that is active here declares it."""
    return next(
        (param for room in registry.active_rooms() for param in room.parameters if param.key == key),
        None,
    )


def scopes_for(*, site: HasCode | UUID | None = None, vertical: str | None = None) -> list[Scope]:
    """The scopes that a question touches, from the widest to the narrowest."""
    scopes = [Scope.chain(), Scope.tenant()]
    if site is not None:
        scopes.append(Scope.site(site if isinstance(site, UUID) else site.code))
    if vertical:
        scopes.append(Scope.vertical(vertical))
    return scopes


def _walk(rows: Snapshot, param: Param, at: datetime, scopes: list[Scope]) -> Resolved:
    stored, source, lock, held = _base(param), None, None, False
    locked_value: Any = None
    for scope in scopes:
        row = rows.in_force(param.key, scope, at)
        if row is None or row.inherits:
            continue
        if lock is not None and kinds.loosens(param, locked=locked_value, wanted=row.value):
            held = True
            continue
        stored, source = row.value, scope
        if row.locked:
            lock, locked_value = scope, row.value
    return Resolved(param, stored, source, lock, held)


def _base(param: Param) -> Any:
    return param.base(tenancy.current().profile)
