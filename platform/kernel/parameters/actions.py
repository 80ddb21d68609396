"""Setting parameters: rows are added, never changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from kernel import audit, clock, registry
from kernel.actions import action
from kernel.context import ALL, Actor
from kernel.errors import Conflict, Forbidden, Malformed, NotFound, RuleRefused
from kernel.parameters import kinds, snapshot
from kernel.parameters.models import ParameterValue
from kernel.parameters.scopes import CHAIN, LEVELS, SITE, VERTICAL, Scope
from kernel.parameters.selectors import active_parameter
from kernel.parameters.snapshot import Row
from kernel.registry import Param

# A form that says "10:20" is sent within that minute and means now.
GRACE = timedelta(minutes=1)
UNKNOWN = "parameter_unknown"


@action(permission="parameters.set")
def set_parameter(
    *,
    by: Actor,
    key: str,
    value: Any,
    scope: Scope | None = None,
    effective_from: datetime | None = None,
    locked: bool = False,
) -> ParameterValue:
    """Let ``key`` be ``value`` for ``scope`` (default: the tenant) from ``effective_from`` on (default: now; UTC or
    aware).

    What happened before keeps the value it had. ``locked`` lets narrower scopes tighten the value only. A site's value
    needs the right at that site; the tenant's and a vertical's need it everywhere; the chain's needs
    ``parameters.publish``.

    Raises NotFound (``parameter_unknown``), Malformed (``parameter_malformed``), RuleRefused
    (``parameter_out_of_range``, ``parameter_in_the_past``, ``parameter_loosens``) and Forbidden. PL-006.
    """
    scope = scope or Scope.tenant()
    param = _checked(by, key, scope)
    stored = kinds.to_stored(param, value)
    moment = _moment(effective_from)
    _lock(key)
    _refuse_loosening(param, scope, stored, moment)
    row = _add(by, key, scope, moment, value=stored, locked=locked)
    audit.record(
        by=by, verb="parameters.set", target=row, site=scope.site_code, key=key, scope=scope.kind,
        scope_code=scope.code, value=stored, effective_from=moment.isoformat(), locked=locked,
    )  # fmt: skip
    return row


@action(permission="parameters.set")
def withdraw_parameter(*, by: Actor, key: str, scope: Scope, effective_from: datetime | None = None) -> ParameterValue:
    """Let ``scope`` inherit ``key`` again from ``effective_from`` on (default: now).

    Raises NotFound (``parameter_unknown``), RuleRefused (``parameter_in_the_past``), Conflict (``parameter_not_set``)
    and Forbidden.
    """
    _checked(by, key, scope)
    moment = _moment(effective_from)
    _lock(key)
    standing = _in_force(key, scope, moment)
    if standing is None or standing.inherits:
        raise Conflict("parameter_not_set", _("There is no value of its own to withdraw."), parameter=key)
    row = _add(by, key, scope, moment, inherits=True)
    audit.record(
        by=by, verb="parameters.withdrawn", target=row, site=scope.site_code, key=key, scope=scope.kind,
        scope_code=scope.code, effective_from=moment.isoformat(),
    )  # fmt: skip
    return row


def _checked(by: Actor, key: str, scope: Scope) -> Param:
    """The definition, if it exists here and ``by`` may set it for ``scope``."""
    if by.kind != "system":
        _check_reach(by, scope)
    param = active_parameter(key)
    known = {room.key for room in registry.active_verticals()}
    if param is None or (scope.kind == VERTICAL and scope.code not in known):
        raise NotFound(UNKNOWN, _("There is no such parameter here."))
    return param


def _check_reach(by: Actor, scope: Scope) -> None:
    if scope.kind == SITE:
        enough = by.can("parameters.set", site=scope.site_code)
    elif scope.kind == CHAIN:
        enough = by.sites("parameters.publish") is ALL
    else:
        enough = by.sites("parameters.set") is ALL
    if not enough:
        raise Forbidden(
            "parameter_out_of_reach",
            _("Your right does not reach that far. You can change the rules of your own sites."),
            scope=scope.kind,
        )


def _moment(effective_from: datetime | None) -> datetime:
    present = clock.now()
    if effective_from is None:
        return present
    if effective_from.tzinfo is None:
        raise Malformed("parameter_malformed", _("The date needs a time zone."), fields={"effective_from": []})
    if effective_from <= present - GRACE:
        sentence = _("What is past keeps the rule it had. Choose now or a later time.")
        raise RuleRefused("parameter_in_the_past", sentence, fields={"effective_from": [sentence]})
    return max(effective_from, present)


def _lock(key: str) -> None:
    # Two changes of one rule at once: the second must see the first before it is judged.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('parameters.' || current_schema()), hashtext(%s))", [key])


def _refuse_loosening(param: Param, scope: Scope, stored: Any, moment: datetime) -> None:
    for kind in LEVELS[: LEVELS.index(scope.kind)]:
        if kind == SITE:
            # A vertical's value meets each site's; which one is known at the visit, where the lock counts again.
            continue
        wider = Scope(kind)
        row = _in_force(param.key, wider, moment)
        if row and row.locked and kinds.loosens(param, locked=row.value, wanted=stored):
            sentence = _("A wider scope has locked this rule at %(value)s; it can be tightened and not loosened.") % {
                "value": row.value
            }
            raise RuleRefused(
                "parameter_loosens", sentence, fields={"value": [sentence]}, parameter=param.key, lock=kind
            )


def _in_force(key: str, scope: Scope, at: datetime) -> Row | None:
    return snapshot.load().in_force(key, scope, at)


def _add(by: Actor, key: str, scope: Scope, moment: datetime, **values: Any) -> ParameterValue:
    row = ParameterValue.objects.create(
        key=key, scope_kind=scope.kind, scope_code=scope.code, effective_from=moment, set_by=by.code,
        set_by_name=by.username or by.name, set_at=clock.now(), **values,
    )  # fmt: skip
    snapshot.forget()
    return row
