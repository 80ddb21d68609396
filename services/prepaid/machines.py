"""The life of what a patient has paid in advance: a package of sessions, or stored value."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kernel.context import Actor
from kernel.errors import DomainError, RuleRefused
from kernel.states import StateMachine, Transition

# Where it may be frozen, shared, given back.
LIVE = ("active", "frozen", "expired")


def _is_package(holding: Any, by: Actor, **facts: Any) -> DomainError | None:
    """a package: stored value has no last day"""
    if not holding.is_package:
        return RuleRefused("not_a_package", _("Stored value has no last day; only packages have one."))
    return None


def _frozen(holding: Any, by: Actor, *, day: Any, **facts: Any) -> None:
    """its days stand still; it pays for nothing"""
    holding.frozen_on = day


def _thawed(holding: Any, by: Actor, *, until: Any = None, **facts: Any) -> None:
    """as many days longer as it was frozen"""
    holding.frozen_on = None
    if until is not None:
        holding.valid_until = until


def _extended(holding: Any, by: Actor, *, until: Any, **facts: Any) -> None:
    """another last day"""
    holding.valid_until = until


HOLDING = StateMachine(
    name="prepaid.holding",
    initial="active",
    states={
        "active": pgettext_lazy("holding", "To be used"),
        "frozen": pgettext_lazy("holding", "Frozen"),
        "used": pgettext_lazy("holding", "Used up"),
        "expired": pgettext_lazy("holding", "Expired"),
        "ending": pgettext_lazy("holding", "Being refunded"),
        "refunded": pgettext_lazy("holding", "Refunded"),
    },
    transitions=(
        Transition(source="active", target="frozen", who=("prepaid.adjust",), effect=_frozen),
        Transition(source="frozen", target="active", who=("prepaid.adjust",), effect=_thawed),
        Transition(
            source="active",
            target="used",
            stamp="ended_at",
            guard_note=gettext_lazy("the last session was signed for"),
        ),
        Transition(
            source="used", target="active", who=("prepaid.adjust",), guard_note=gettext_lazy("a use was taken back")
        ),
        Transition(
            source="active",
            target="expired",
            guard=_is_package,
            limit=gettext_lazy("validity date"),
            effect_note=gettext_lazy("pays for nothing more; what is left stays owed until it is extended or refunded"),
        ),
        Transition(source="expired", target="active", who=("prepaid.adjust",), guard=_is_package, effect=_extended),
        Transition(
            source=LIVE,
            target="ending",
            who=("prepaid.refund",),
            effect_note=gettext_lazy("nothing is taken from it while its refund is open"),
        ),
        Transition(
            source="ending",
            target="active",
            effect=_thawed,
            guard_note=gettext_lazy("the refund was refused or withdrawn, or stored value was given back"),
        ),
        Transition(source="ending", target="refunded", stamp="ended_at", guard_note=gettext_lazy("the money has left")),
        Transition(
            source=("refunded", "active"), target="ending", guard_note=gettext_lazy("the payment was taken back")
        ),
    ),
)
