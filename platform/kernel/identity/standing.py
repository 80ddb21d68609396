"""What a person may do at this moment: own assignments plus those of the people they stand in for.

The answer costs a query only when something changed: it is remembered per process under the person's ``access_stamp``,
which every change of roles renews in the same transaction, and until the next assignment or deputyship begins or ends.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from django.db.models import Q

from kernel import clock, registry, tenancy
from kernel.context import ALL, Actor
from kernel.identity.models import Deputy, Role, RoleAssignment, User
from kernel.tenancy import TenantContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A person's rights between two moments. ``needs_second_factor`` if any role held now demands it."""

    grants: MappingProxyType[str, frozenset[UUID]]
    roles: frozenset[str]
    deputy_for: frozenset[UUID]
    needs_second_factor: bool
    since: datetime
    until: datetime | None

    def holds_at(self, moment: datetime) -> bool:
        """Is this still the answer at ``moment``? (A demo's clock may also go back.)"""
        return self.since <= moment and (self.until is None or moment < self.until)


class _Memory:
    """Bounded memory of one process. Keys carry the tenant, so nothing is shared between tenants."""

    MOST = 5_000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[object, ...], Standing] = {}

    def get(self, key: tuple[object, ...], moment: datetime) -> Standing | None:
        found = self._known.get(key)
        return found if found is not None and found.holds_at(moment) else None

    def put(self, key: tuple[object, ...], standing: Standing) -> None:
        with self._lock:
            if len(self._known) >= self.MOST:
                self._known.clear()
            self._known[key] = standing

    def clear(self) -> None:
        with self._lock:
            self._known.clear()


_memory = _Memory()


def standing_of(user: User) -> Standing:
    """What ``user`` may do now in the current tenant. Inactive people hold nothing."""
    tenant, moment = tenancy.current(), clock.now()
    key = (tenant.code, user.code, user.access_stamp, user.is_active, tenant.family, tenant.verticals)
    known = _memory.get(key, moment)
    if known is None:
        known = _read(user, tenant, moment)
        _memory.put(key, known)
    return known


def actor_for_user(user: User, *, kind: Literal["user", "token"] = "user") -> Actor:
    """The actor that stands for ``user`` in actions, pages and audit."""
    standing = standing_of(user)
    return Actor(
        kind=kind,
        name=user.display_name,
        user_id=user.pk,
        code=user.code,
        username=user.username,
        grants=standing.grants,
        roles=standing.roles,
        deputy_for=standing.deputy_for,
    )


def _read(user: User, tenant: TenantContext, moment: datetime) -> Standing:
    if not user.is_active:
        return _standing([], {}, frozenset(), tenant, moment, None)
    deputyships = list(
        Deputy.objects.filter(deputy=user, ends_at__gt=moment, principal__is_active=True).select_related("principal")
    )
    wanted = Q(user=user)
    for deputyship in deputyships:
        wanted |= Q(user=deputyship.principal, role=deputyship.role_id)
    assignments = list(
        RoleAssignment.objects.filter(wanted)
        .filter(Q(ends_at__isnull=True) | Q(ends_at__gt=moment))
        .select_related("role")
        .prefetch_related("role__permissions")
    )
    rows: list[Deputy | RoleAssignment] = [*deputyships, *assignments]
    borders = [edge for row in rows for edge in (row.starts_at, row.ends_at) if edge and edge > moment]
    present = {(row.principal_id, row.role_id): row.principal.code for row in deputyships if row.starts_at <= moment}
    held: list[tuple[Role, UUID | None]] = []
    deputy_for: set[UUID] = set()
    for row in assignments:
        if row.starts_at > moment:
            continue
        if row.user_id == user.pk:
            held.append((row.role, row.site_code))
        elif (row.user_id, row.role_id) in present:
            held.append((row.role, row.site_code))
            deputy_for.add(present[row.user_id, row.role_id])
    sites: dict[str, set[UUID | None]] = defaultdict(set)
    for role, site_code in held:
        for permission in role.permissions.all():
            if permission.granted:
                sites[permission.word].add(site_code)
    roles = [role for role, _site in held]
    return _standing(roles, sites, frozenset(deputy_for), tenant, moment, min(borders, default=None))


def _standing(
    roles: Iterable[Role],
    sites: dict[str, set[UUID | None]],
    deputy_for: frozenset[UUID],
    tenant: TenantContext,
    moment: datetime,
    until: datetime | None,
) -> Standing:
    roles = list(roles)
    # A word of a vertical that is off stays with the role and sleeps.
    awake = registry.permissions(tenant)
    grants = {
        word: ALL if None in places else frozenset(place for place in places if place is not None)
        for word, places in sites.items()
        if word in awake
    }
    return Standing(
        grants=MappingProxyType(grants),
        roles=frozenset(role.slug for role in roles),
        deputy_for=deputy_for,
        needs_second_factor=any(role.requires_mfa for role in roles),
        since=moment,
        until=until,
    )
