"""Objects from user input. Missing, foreign and no longer one's own look alike (ES-046)."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from escort.machines import ASSIGNED_STATES
from escort.models import Companion, Hospital, Offer, Order
from kernel.access import accessible, holds
from kernel.context import Actor
from kernel.errors import NotFound


def _missing() -> NotFound:
    return NotFound("not_found", _("There is nothing here, or it is not yours to see."))


def companion_of(actor: Actor) -> Companion:
    """The companion who is signed in. Raises NotFound for everybody else."""
    companion = (
        Companion.objects.select_related("staff").filter(staff__user__code=actor.code).first() if actor.code else None
    )
    if companion is None:
        raise _missing()
    return companion


def access_order(actor: Actor, code: UUID) -> Order:
    """An order for its manager, or for the companion who holds it, and only until it is archived."""
    order = Order.objects.select_related("site", "patient", "hospital", "item").filter(code=code).first()
    if order is None:
        raise _missing()
    if holds(actor, "escort.manage", site=order.site.code):
        return order
    if holds(actor, "escort.serve") and order.state in ASSIGNED_STATES:
        mine = order.assignments.filter(active=True, companion__staff__user__code=actor.code)
        if mine.exists():
            return order
    raise _missing()


def access_offer(actor: Actor, code: UUID) -> Offer:
    """An offer for the companion to whom it was made."""
    offer = (
        Offer.objects.select_related("order__site", "order__hospital", "order__item", "companion__staff")
        .filter(code=code, companion__staff__user__code=actor.code)
        .first()
    )
    if offer is None or actor.code is None:
        raise _missing()
    return offer


def access_companion(actor: Actor, code: UUID) -> Companion:
    """A companion's file, for the manager."""
    companion = (
        accessible(Companion.objects.select_related("staff__user"), actor, "escort.manage", field="staff__home_site")
        .filter(code=code)
        .first()
    )
    if companion is None:
        raise _missing()
    return companion


def access_hospital(actor: Actor, code: UUID) -> Hospital:
    """An entry of the hospital directory."""
    hospital = Hospital.objects.filter(code=code).first()
    if hospital is None:
        raise _missing()
    return hospital
