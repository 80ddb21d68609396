"""What the escort vertical shows on a client's page."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from escort.machines import ASSIGNED_STATES
from escort.models import Order
from kernel import access, clock
from kernel.context import ALL, Actor
from services.patients.models import Patient


def patient_actions(request: HttpRequest, *, patient: Patient, **context: Any) -> list[dict[str, Any]]:
    """An enquiry begins with the client's file."""
    if not request.actor.can("escort.enquire"):  # type: ignore[attr-defined]
        return []
    url = f"{reverse('escort:new')}?patient={patient.code}"
    return [{"label": _("New escort order"), "url": url, "key": "O", "icon": "walk", "order": 30}]


def attended(actor: Actor) -> QuerySet[Any, Any]:
    """The restricted files that ``actor`` reads the name of because of an order of today (``patients.attended``, CR-006):
    the companion who serves it, and the manager of its site."""
    start, end = clock.day_bounds(clock.today())
    mine = Q(assignments__active=True, assignments__companion__staff__user_id=actor.user_id)
    if access.holds(actor, "escort.manage"):
        sites = actor.sites("escort.manage")
        mine |= Q(pk__gt=0) if sites is ALL else Q(site__code__in=sites)
    rows = Order.objects.filter(
        mine, state__in=ASSIGNED_STATES, starts_at__lt=end, ends_at__gte=start,
        patient__restricted_until__gt=clock.now(),
    )  # fmt: skip
    return rows.order_by().values_list("patient_id")
