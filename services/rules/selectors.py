"""Reading rules for people: grouped by room, with where a value comes from and what is planned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from kernel import clock, registry, tenancy
from kernel.context import ALL, Actor
from kernel.errors import NotFound
from kernel.parameters import Scope, history, resolve
from kernel.parameters.models import ParameterValue
from kernel.parameters.scopes import CHAIN, SITE, VERTICAL
from kernel.parameters.selectors import Resolved, active_parameter, overview, scheduled
from kernel.registry import Param
from kernel.web.formatting import listed
from services.rules.models import ChainPublication
from services.sites.models import Site
from services.sites.selectors import sites_now


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as a row of the page. ``origin`` says in words who decided; ``planned`` is the next change, if any."""

    param: Param
    written: str
    origin: str
    is_own: bool
    locked: bool
    held: bool
    planned: ParameterValue | None


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a rule's history. ``written`` is None where the scope inherits again."""

    row: ParameterValue
    written: str | None
    where: str
    is_ahead: bool
    is_withdrawable: bool


def access_rule(key: str) -> Param:
    """The definition of ``key``, if an active room declares it. Raises NotFound (``parameter_unknown``)."""
    param = active_parameter(key)
    if param is None:
        raise NotFound("parameter_unknown", _("There is no such parameter here."))
    return param


def access_scope(actor: Actor, kind: str, code: str) -> Scope:
    """The scope that an address or a form names: the tenant, a site of ``actor``'s, or a line of business that is on.

    Raises NotFound (``scope_not_found``).
    """
    if kind == "tenant" and not code:
        return Scope.tenant()
    if kind == SITE and code in {str(site.code) for site in sites_to_set(actor)}:
        return Scope.site(UUID(code))
    if kind == VERTICAL and code in {vertical.key for vertical in registry.active_verticals()}:
        return Scope.vertical(code)
    raise NotFound("scope_not_found", _("There is no such site or line of business."))


def sites_to_set(actor: Actor) -> list[Site]:
    """The sites whose rules ``actor`` may set."""
    granted = actor.sites("parameters.set")
    return [site for site in sites_now() if granted is ALL or site.code in granted]


def rules(*, site: Site | None = None, query: str = "") -> list[tuple[str | Promise, list[Rule]]]:
    """Every rule under the heading of its room, as it stands now (at ``site``); two queries at most."""
    ahead: dict[str, ParameterValue] = {}
    for row in scheduled():
        ahead.setdefault(row.key, row)
    by_key = {resolved.param.key: resolved for resolved in overview(site=site)}
    wanted = query.strip().casefold()
    found: dict[str, list[Rule]] = defaultdict(list)
    labels: dict[str, str | Promise] = {}
    for room in registry.active_rooms():
        for param in room.parameters:
            if wanted and wanted not in f"{param.label} {param.key} {' '.join(param.ledger)}".casefold():
                continue
            labels[room.key] = room.label
            found[room.key].append(_rule(by_key[param.key], ahead.get(param.key)))
    return [(labels[key], rows) for key, rows in found.items()]


def rule(param: Param, *, site: Site | None = None) -> Rule:
    """One rule as it stands now (at ``site``)."""
    return _rule(resolve(param.key, site=site), scheduled(key=param.key).first())


def changes(actor: Actor, param: Param) -> list[Change]:
    """The history of a rule, the latest effect first; what lies ahead is part of it."""
    present, names = clock.now(), {str(site.code): site.short_name for site in sites_now()}
    rows = list(history(param.key)[:200])
    standing = _standing(rows, present)
    everywhere, granted = actor.sites("parameters.set") is ALL, actor.sites("parameters.set")
    found = []
    for row in rows:
        reach = everywhere if row.scope_kind != SITE else everywhere or row.scope.site_code in granted  # type: ignore[operator]
        found.append(
            Change(
                row=row,
                written=None if row.inherits else write_value(param, row.value),
                where=write_scope(row.scope, names),
                is_ahead=row.effective_from > present,
                is_withdrawable=row.pk in standing and not row.inherits and row.scope_kind != CHAIN and reach,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class Published:
    """One rule of a publication beside what counts here now. ``param`` is None where the house has no such rule."""

    key: str
    param: Param | None
    now: str
    then: str
    locked: bool


def publications() -> QuerySet[ChainPublication]:
    """What headquarters published to this house, the newest first."""
    return ChainPublication.objects.all()


def access_publication(actor: Actor, code: UUID) -> ChainPublication:
    """The publication behind a code from outside. Raises NotFound (``publication_not_found``)."""
    found = publications().filter(code=code).first() if actor.can("parameters.view") else None
    if found is None:
        raise NotFound("publication_not_found", _("There is no such publication."))
    return found


def rules_of(publication: ChainPublication) -> list[Published]:
    """The rules of a publication, each with what counts in the whole house now and what the chain wants."""
    found = []
    for rule in publication.rules:
        param = active_parameter(rule["key"])
        now = write_value(param, resolve(param.key).stored) if param is not None else "—"
        found.append(Published(rule["key"], param, now, write_published(param, rule), rule["locked"]))
    return found


def write_published(param: Param | None, rule: Mapping[str, Any]) -> str:
    """The value of a published rule in words; a withdrawn one leaves the decision to the houses again."""
    if rule["withdrawn"]:
        return _("houses decide again")
    return write_value(param, rule["value"]) if param is not None else str(rule["value"])


def write_value(param: Param, stored: Any) -> str:
    """A stored value in words, with its unit: "20 min", "yes", "trauma, jaw_fracture"."""
    if param.kind == "bool":
        return _("yes") if stored else _("no")
    if param.kind == "list":
        return listed(stored) or "—"
    if param.kind == "table":
        return " · ".join(f"{name}: {_members(item)}" for name, item in stored.items()) or "—"
    if stored in ("", None):
        return "—"
    unit = {"minutes": _("min"), "days": _("days")}.get(param.kind, "")
    return f"{stored} {unit}".strip()


def write_scope(scope: Scope | None, names: dict[str, str] | None = None) -> str:
    """For whom a value is meant, in words; None is the tenant's profile."""
    if scope is None:
        literal = tenancy.current().profile == "literal"
        return _("as the manual writes it") if literal else _("product default")
    if scope.kind == CHAIN:
        return _("chain")
    if scope.kind == SITE:
        return (names or {}).get(scope.code, _("site"))
    if scope.kind == VERTICAL:
        vertical = registry.verticals().get(scope.code)
        return str(vertical.label) if vertical else scope.code
    return _("whole tenant")


def _rule(resolved: Resolved, planned: ParameterValue | None) -> Rule:
    names = {str(site.code): site.short_name for site in sites_now()}
    return Rule(
        param=resolved.param,
        written=write_value(resolved.param, resolved.stored),
        origin=write_scope(resolved.source, names),
        is_own=resolved.source is not None,
        locked=resolved.lock is not None,
        held=resolved.held,
        planned=planned,
    )


def _standing(rows: Sequence[ParameterValue], present: datetime) -> set[int]:
    """Primary keys of the rows that are in force now, one per scope, and of those that lie ahead."""
    found, seen = set(), set()
    for row in rows:
        if row.effective_from > present:
            found.add(row.pk)
        elif (row.scope_kind, row.scope_code) not in seen:
            seen.add((row.scope_kind, row.scope_code))
            found.add(row.pk)
    return found


def _members(item: Any) -> str:
    return listed(item) if isinstance(item, list) else str(item)
