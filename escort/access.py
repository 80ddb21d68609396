"""Objects from user input. Missing, foreign and no longer one's own look alike (ES-046)."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _

from escort.machines import ASSIGNED_STATES
from escort.models import Companion, Hospital, Offer, Order
from kernel.access import accessible, holds
from kernel.context import Actor
from kernel.errors import NotFound


def not_here() -> NotFound:
    """The one answer for what is missing, foreign or no longer one's own."""
    return NotFound("not_found", _("There is nothing here, or it is not yours to see."))


def companion_of(actor: Actor) -> Companion:
    """The companion who is signed in. Raises NotFound for everybody else."""
    mine = Companion.objects.select_related("staff").filter(staff__user__code=actor.code) if actor.code else None
    companion = mine.first() if mine is not None else None
    if companion is None:
        raise not_here()
    return companion


def access_order(actor: Actor, code: UUID) -> Order:
    """An order for its manager, for the companion who holds it until it is archived, and as an enquiry for the desk."""
    order = Order.objects.select_related("site", "patient", "hospital", "item").filter(code=code).first()
    if order is None:
        raise not_here()
    if holds(actor, "escort.manage", site=order.site.code):
        return order
    if order.state == "enquiry" and holds(actor, "escort.enquire", site=order.site.code):
        return order
    if holds(actor, "escort.serve") and actor.code is not None and order.state in ASSIGNED_STATES:
        mine = order.assignments.filter(active=True, companion__staff__user__code=actor.code)
        if mine.exists():
            return order
    raise not_here()


def access_offer(actor: Actor, code: UUID) -> Offer:
    """An offer for the companion to whom it was made."""
    if actor.code is None:
        raise not_here()
    offer = (
        Offer.objects.select_related("order__site", "order__hospital", "order__item", "companion__staff")
        .filter(code=code, companion__staff__user__code=actor.code)
        .first()
    )
    if offer is None:
        raise not_here()
    return offer


def access_companion(actor: Actor, code: UUID) -> Companion:
    """A companion's file, for the manager."""
    companion = (
        accessible(Companion.objects.select_related("staff__user"), actor, "escort.manage", field="staff__home_site")
        .filter(code=code)
        .first()
    )
    if companion is None:
        raise not_here()
    return companion


def access_hospital(actor: Actor, code: UUID) -> Hospital:
    """An entry of the hospital directory."""
    hospital = Hospital.objects.filter(code=code).first()
    if hospital is None:
        raise not_here()
    return hospital
