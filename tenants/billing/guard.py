"""Read-only: what may still be written when nobody pays (PL-004).

``kernel.actions`` asks here before every action (setting ``WRITE_GUARD``). Reading is never refused; what must not
stop is named by the rooms themselves in ``Room.always_open``: record reads, export, complaints, charting of booked
visits, receipts, refunds, red flags, SOS.
"""

from __future__ import annotations

from functools import cache

from django.utils.translation import gettext_lazy as _

from kernel import registry, tenancy
from kernel.actions import words_of_actions
from kernel.context import Actor
from kernel.errors import Conflict, Cure
from kernel.tenancy import TenantContext
from tenants.billing.ladder import NO_GROWTH
from tenants.entitlements.models import BillingStanding

GROWTH_SLOT = "billing.growth"
CLOSED = ("read_only", "suspended")
# A read that leaves a trace (who opened which chart, who exported what) is an action as well, and stays a read.
READING = (".view", ".print", ".export")


def refuse_writes_when_read_only(*, permission: str | None, by: Actor) -> None:
    """Refuse a write in a tenant that is read-only or suspended, unless its permission is always open.

    The product itself goes on (alarms, timers, deliveries), and so do actions without a word of their own: signing
    in, a person's own password, a public link. In "past due", from the step that closes growth, the words that a room
    names in its slot ``billing.growth`` (new courses, marketing) are refused.

    Raises Conflict (``tenant_read_only``, ``growth_closed``).
    """
    tenant = tenancy.current_or_none()
    if tenant is None or permission is None or by.kind == "system":
        return
    if tenant.billing_state in CLOSED:
        if not permission.endswith(READING) and permission not in open_words(tenant):
            raise Conflict(
                "tenant_read_only",
                _("The account is read-only. Records can be read, printed and exported; nothing new can be entered."),
                cures=_cures(),
                state=tenant.billing_state,
            )
    elif tenant.billing_state == "past_due" and permission in growth_words(tenant) and _growth_is_closed():
        raise Conflict(
            "growth_closed",
            _("An invoice is overdue: new courses and marketing wait until it is paid. Everything else goes on."),
            cures=_cures(),
        )


def closed_words() -> frozenset[str]:
    """What people of the current tenant would be refused at present, so that no page offers it (setting ``CLOSED_WORDS``).

    Only words of actions: what is merely shown by permission, e.g. a price, stays.
    """
    tenant = tenancy.current_or_none()
    if tenant is None:
        return frozenset()
    if tenant.billing_state in CLOSED:
        return _closed_words(tenant.family, tenant.verticals)
    if tenant.billing_state == "past_due" and growth_words(tenant) and _growth_is_closed():
        return growth_words(tenant)
    return frozenset()


def open_words(tenant: TenantContext) -> frozenset[str]:
    """The permissions that hold in every billing state."""
    return _open_words(tenant.family, tenant.verticals)


def growth_words(tenant: TenantContext) -> frozenset[str]:
    """The permissions that stand for new business."""
    return _growth_words(tenant.family, tenant.verticals)


@cache
def _open_words(family: str, verticals: frozenset[str]) -> frozenset[str]:
    return frozenset(word for room in registry.rooms_for(family, verticals) for word in room.always_open)


@cache
def _growth_words(family: str, verticals: frozenset[str]) -> frozenset[str]:
    return frozenset(word for room in registry.rooms_for(family, verticals) for word in room.slots.get(GROWTH_SLOT, ()))


@cache
def _closed_words(family: str, verticals: frozenset[str]) -> frozenset[str]:
    words = {word for word in words_of_actions() if not word.endswith(READING)}
    return frozenset(words - _open_words(family, verticals))


def clear_caches() -> None:
    """Forget what was read from the rooms (tests that swap them)."""
    _open_words.cache_clear()
    _growth_words.cache_clear()
    _closed_words.cache_clear()


def _growth_is_closed() -> bool:
    row = BillingStanding.objects.first()
    return row is not None and row.stage >= NO_GROWTH


def _cures() -> list[Cure]:
    return [Cure(_("See what is open and how to settle it"), url="/billing/", role="billing_admin")]
