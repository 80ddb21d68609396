"""Asking a gate. This is what an action calls before it does what a rule guards (ledger 17 G)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F, Model
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from kernel import clock, parameters, registry
from kernel.access import holds
from kernel.context import Actor
from kernel.errors import Cure, DomainError, RuleRefused
from kernel.registry import Gate
from services.policy.models import NudgeCount, OverrideRecord
from services.sites.models import Site

Text = str | Promise
SMALL_SITE = "small_site"
# In a small site the clinician concerned decides when nobody of the gate's roles is there; headquarters reviews.
CLINICIANS = ("doctor", "specialist", "chief_physician")


def gate(key: str) -> Gate:
    """The declaration of a gate of the active rooms. Raises LookupError for a key that nobody declares."""
    for room in registry.active_rooms():
        for declared in room.gates:
            if declared.key == key:
                return declared
    raise LookupError(f"no active room declares the gate {key!r}")


def check(
    gate_key: str,
    *,
    by: Actor,
    subject: Model,
    ok: bool,
    message: Text,
    cures: Sequence[Cure] = (),
    code: str = "",
    refusal: type[DomainError] = RuleRefused,
    **facts: Any,
) -> OverrideRecord | None:
    """Let the action pass, or refuse it with what cures it.

    ``ok`` is the rule's own answer. Where it is False, a nudge only counts; any other gate looks for an override of this
    very subject that is still valid, uses it up and returns it; without one it raises ``refusal`` with the code ``code``
    (default: the gate's key with underscores) and, where the class allows it, the roles that may override as cures.

    Runs in the action's transaction: whoever is refused afterwards has used up nothing.
    """
    declared = gate(gate_key)
    if ok:
        return None
    if declared.gate_class == "nudge":
        _count(declared, _site_of(subject))
        return None
    override = _valid_override(declared, subject)
    if override is not None:
        override.used_at = clock.now()
        override.bump({"used_at"})
        return override
    raise refusal(
        code or gate_key.replace(".", "_"),
        message,
        cures=(*cures, *_override_cures(declared)),
        gate=gate_key,
        gate_class=declared.gate_class,
        **facts,
    )


def overridable(declared: Gate) -> bool:
    """May this gate be overridden by anybody? Money never, a nudge needs no override."""
    return declared.gate_class in ("law", "process") and bool(declared.overridable_by)


def role_for(actor: Actor, declared: Gate, site: Site | None) -> str:
    """The role with which ``actor`` may override ``declared`` at ``site``; empty if with none (ledger 17 G).

    The roles of the declaration, held or stood in for; in a small site also the clinician concerned, about process.
    """
    for role in declared.overridable_by:
        if role in actor.roles:
            return role
    if declared.gate_class == "process" and parameters.value(SMALL_SITE, site=site):
        return next((role for role in CLINICIANS if role in actor.roles), "")
    return ""


def may_override(actor: Actor, gate_key: str, site: Site) -> bool:
    """Would ``override_gate`` let ``actor`` pass somebody through this gate at ``site``? What is not theirs is not offered."""
    declared = gate(gate_key)
    held = actor.user_id is not None and holds(actor, "policy.override", site=site.code)
    return held and overridable(declared) and bool(role_for(actor, declared, site))


def _valid_override(declared: Gate, subject: Model) -> OverrideRecord | None:
    if not overridable(declared):
        return None
    return (
        OverrideRecord.objects.select_for_update()
        .filter(
            gate=declared.key,
            subject_type=subject._meta.label_lower,
            subject_code=subject.code,  # type: ignore[attr-defined]
            used_at__isnull=True,
            expires_at__gt=clock.now(),
        )
        .order_by("-granted_at")
        .first()
    )


def _override_cures(declared: Gate) -> tuple[Cure, ...]:
    if not overridable(declared):
        return ()
    return (Cure(_("Ask for an override with a reason"), role=declared.overridable_by[0]),)


def _count(declared: Gate, site: Site | None) -> None:
    day = clock.today(site.timezone if site is not None else None)
    NudgeCount.objects.get_or_create(gate=declared.key, site=site, day=day)
    NudgeCount.objects.filter(gate=declared.key, site=site, day=day).update(count=F("count") + 1)


def _site_of(subject: Model) -> Site | None:
    site = getattr(subject, "site", None)
    return site if isinstance(site, Site) else None
