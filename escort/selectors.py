"""Reads of the escort vertical."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet

from escort.machines import ASSIGNED_STATES
from escort.models import Assignment, Companion, Offer, Order
from kernel import clock
from kernel.access import accessible
from kernel.context import Actor
from services.followup.models import FollowUp
from services.sites.models import Site

CARDS = 100
# The rule by which a client is asked how the service was; its plans are named after the order.
FEEDBACK = "escort-feedback"
BOARD_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("unassigned", ("enquiry", "with_manager", "agreement_drafted", "agreed")),
    ("offered", ("offered",)),
    ("coming", ("accepted", "ready")),
    ("running", ("in_service",)),
    ("unreported", ("service_ended",)),
    ("reported", ("reported",)),
)


def board(actor: Actor) -> dict[str, list[Order]]:
    """The manager's orders by what they wait for, the earliest service first (ES-050)."""
    orders = (
        accessible(Order.objects.all(), actor, "escort.manage")
        .exclude(state__in=("archived", "cancelled"))
        .select_related("patient", "hospital", "item", "site")
        .prefetch_related(
            Prefetch("assignments", Assignment.objects.filter(active=True).select_related("companion__staff"))
        )
        .annotate(open_offers=Count("offers", filter=Q(offers__state="open")))
        .order_by("starts_at")
    )
    groups: dict[str, list[Order]] = {key: [] for key, _states in BOARD_GROUPS}
    home = {state: key for key, states in BOARD_GROUPS for state in states}
    for order in orders:
        groups[home[order.state]].append(order)
    return groups


def drawn_from(actor: Actor) -> list[QuerySet[Any]]:
    """The rows that the manager's board is drawn from (``polled``)."""
    orders = accessible(Order.objects.all(), actor, "escort.manage").exclude(state__in=("archived", "cancelled"))
    return [
        orders,
        Assignment.objects.filter(order__in=orders, active=True),
        Offer.objects.filter(order__in=orders, state="open"),
        Companion.objects.all(),
    ]


def offered_to(companion: Companion) -> list[QuerySet[Any]]:
    """The rows that the companion's page of offers is drawn from (``polled``)."""
    mine = Offer.objects.filter(companion=companion)
    orders = mine.filter(state="open").values("order")
    return [
        mine,
        mine.filter(state="open"),
        mine.filter(state="accepted"),
        Offer.objects.filter(order__in=orders, state="open"),
        Order.objects.filter(pk__in=orders),
    ]


def open_offers(companion: Companion) -> QuerySet[Offer]:
    """What a companion may accept now, the one that runs out first on top."""
    return (
        companion.offers.filter(state="open", expires_at__gt=clock.now())
        .select_related("order__hospital", "order__item", "order__site", "order__patient")
        .annotate(others=Count("order__offers", filter=Q(order__offers__state="open"), distinct=True))
        .order_by("expires_at")
    )


def recently_answered(companion: Companion) -> QuerySet[Offer]:
    """Offers of the last day that ended, so that nobody wonders where they went."""
    since = clock.now() - timedelta(days=1)
    return (
        companion.offers.exclude(state__in=("open", "accepted"))
        .filter(answered_at__gte=since)
        .select_related("order__hospital", "order__item", "order__site")
        .order_by("-answered_at")
    )


def my_orders(companion: Companion) -> QuerySet[Order]:
    """The orders that a companion holds, in the order of their services."""
    return (
        Order.objects.filter(assignments__companion=companion, assignments__active=True, state__in=ASSIGNED_STATES)
        .select_related("hospital", "item", "site", "patient")
        .order_by("starts_at")
    )


@dataclass(frozen=True, slots=True)
class OrderCard:
    """What a companion keeps of an archived order: the work, and nothing of the client (ES-046)."""

    number: str
    hospital: str
    item: str
    starts_at: datetime
    ends_at: datetime
    late_minutes: int | None
    reported_on_time: bool
    site: Site


def order_cards(companion: Companion) -> list[OrderCard]:
    """The archived orders that a companion served, the latest first."""
    served = Assignment.objects.filter(companion=companion, active=False, end_reason="", order__state="archived")
    rows = served.select_related("order__hospital", "order__item", "order__site", "order__report")
    return [
        OrderCard(
            number=order.number,
            hospital=order.hospital.name,
            item=order.item.name,
            starts_at=order.starts_at,
            ends_at=order.ends_at,
            late_minutes=order.late_minutes,
            reported_on_time=order.report.on_time,
            site=order.site,
        )
        for order in (row.order for row in rows.order_by("-order__starts_at")[:CARDS])
    ]


def feedback_of(order: Order) -> FollowUp | None:
    """The call that asks the client how the service of ``order`` was; None before it ended (FU-014)."""
    rows = FollowUp.objects.filter(plan__rule_key=FEEDBACK, plan__source_key=f"order:{order.code}")
    return rows.order_by("id").first()


def order_of(followup: FollowUp) -> Order | None:
    """The order that a feedback call asks about."""
    code = followup.plan.source_key.removeprefix("order:")
    return Order.objects.select_related("site", "patient").filter(code=code).first()


def companions(actor: Actor) -> QuerySet[Companion]:
    """The agency's companions with their papers."""
    return (
        accessible(Companion.objects.all(), actor, "escort.manage", field="staff__home_site")
        .select_related("staff")
        .prefetch_related("qualifications")
        .order_by("staff__number")
    )


def timeline(order: Order) -> list[dict[str, object]]:
    """What happened to an order, the latest first, for the timeline component."""
    said: list[dict[str, object]] = [
        {"at": stone.happened_at, "icon": "pin", "title": stone.get_kind_display(), "text": stone.note, "who": ""}
        for stone in order.milestones.all()
    ]
    for offer in order.offers.select_related("companion__staff"):
        said.append(
            {
                "at": offer.offered_at,
                "icon": "inbox",
                "title": offer.companion.staff.name,
                "text": offer.get_state_display(),
                "who": "",
            }
        )
    return sorted(said, key=lambda row: row["at"], reverse=True)  # type: ignore[arg-type, return-value]
