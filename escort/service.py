"""The companion's own writes: answering offers, preparing, serving and reporting."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from escort.access import not_here
from escort.machines import ORDER
from escort.models import Assignment, Companion, Milestone, Offer, Order, ServiceReport
from escort.qualification import reasons_against
from kernel import audit, clock, outbox, parameters, timers
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Cure, RuleRefused

MINUTE = timedelta(minutes=1)


@action(permission="escort.serve")
def accept_offer(*, by: Actor, offer: Offer) -> Assignment:
    """Accept an offer: of all who do, exactly one wins, and nobody is ever in two places (ES-009, SC-28).

    The order's row is the only lock: whoever holds it decides, everybody else then finds the order taken. The gate is
    asked again here, because papers expire between offer and acceptance (ES-004).

    Raises Conflict (``offer_lost``, ``offer_expired``, ``offer_closed``, ``companion_busy``) and RuleRefused
    (``companion_not_qualified``).
    """
    order = Order.objects.select_for_update(of=("self",)).select_related("site").get(pk=offer.order_id)
    offer = Offer.objects.select_for_update(of=("self",)).select_related("companion__staff").get(pk=offer.pk)
    now = clock.now()
    if offer.state == "accepted":
        return Assignment.objects.get(order=order, companion=offer.companion, active=True)
    if offer.state == "lost" or (offer.state == "open" and order.state != "offered"):
        raise _lost(order)
    if offer.state != "open":
        raise Conflict("offer_closed", _("This offer is no longer open."), state=offer.state)
    if offer.expires_at <= now:
        raise Conflict("offer_expired", _("The offer has run out. The manager may offer the order again."))
    against = reasons_against(offer.companion, at=order.starts_at, until=order.ends_at, zone=order.site.timezone)
    if against:
        raise RuleRefused(
            "companion_not_qualified",
            _("Something is still missing before you can take this order: %(what)s")
            % {"what": " ".join(str(r.text) for r in against)},
            cures=[Cure(_("Ask the manager"), role="escort_manager")],
            reasons=[reason.code for reason in against],
        )
    assignment = _assign(order, offer.companion, now)
    Offer.objects.filter(pk=offer.pk).update(state="accepted", answered_at=now)
    order.offers.filter(state="open").exclude(pk=offer.pk).update(state="lost", answered_at=now)
    ORDER.move(order, "accepted", by=by)
    outbox.emit(
        "escort.accepted",
        key=f"order:{order.code}:{assignment.code}",
        payload={"order": str(order.code), "site": str(order.site.code), "at": clock.now().isoformat()},
    )
    return assignment


def _assign(order: Order, companion: Companion, now: datetime) -> Assignment:
    buffer_ = parameters.value("escort_travel_buffer_minutes", site=order.site.code) * MINUTE
    # Half of the buffer on each side of both orders keeps the whole of it between them.
    period = (order.starts_at - buffer_ / 2, order.ends_at + buffer_ / 2)
    try:
        with transaction.atomic():
            return Assignment.objects.create(order=order, companion=companion, period=period, assigned_at=now)
    except IntegrityError as error:
        if getattr(error.__cause__, "sqlstate", "") != "23P01":
            raise
        raise Conflict(
            "companion_busy",
            _("You hold another order at this time, travel included. This one stays open for others."),
            buffer_minutes=int(buffer_ / MINUTE),
        ) from error


def _lost(order: Order) -> Conflict:
    winner = order.offers.filter(state="accepted").first()
    return Conflict(
        "offer_lost",
        _("Somebody else accepted this order first. Thank you for answering; it does not count against you."),
        accepted_at=winner.answered_at.isoformat() if winner and winner.answered_at else "",
    )


@action(permission="escort.serve")
def decline_offer(*, by: Actor, offer: Offer) -> Offer:
    """Say no. It costs nothing (ES-023). Raises Conflict (``offer_closed``)."""
    order = Order.objects.select_for_update(of=("self",)).get(pk=offer.order_id)
    offer = Offer.objects.select_for_update(of=("self",)).get(pk=offer.pk)
    if offer.state == "declined":
        return offer
    if offer.state != "open":
        raise Conflict("offer_closed", _("This offer is no longer open."), state=offer.state)
    offer.state, offer.answered_at = "declined", clock.now()
    offer.save(update_fields=["state", "answered_at"])
    reopen_if_nobody_is_left(order)
    return offer


def reopen_if_nobody_is_left(order: Order) -> None:
    """When the last open offer ended without acceptance, the order returns to the manager (ES-023)."""
    if order.state == "offered" and not order.offers.filter(state="open").exists():
        ORDER.move(order, "agreed", by=Actor.system("offers"))
        outbox.emit(
            "escort.nobody_accepted",
            key=f"order:{order.code}:{clock.now().isoformat()}",
            payload={"order": str(order.code), "site": str(order.site.code), "at": clock.now().isoformat()},
        )


@action(permission="escort.serve")
def prepare(
    *,
    by: Actor,
    order: Order,
    contacted_note: str = "",
    registration_number: str = "",
    route: str = "",
    reconfirmed: bool = False,
) -> Order:
    """Store a step of the preparation (ES-010 to ES-013); complete, the order is ready.

    Raises Conflict (``invalid_transition``).
    """
    order = _held(by, order)
    if order.state not in ("accepted", "ready"):
        raise Conflict("invalid_transition", _("The preparation of this order is closed."), state=order.state)
    order.contacted_note = contacted_note or order.contacted_note
    order.registration_number = registration_number or order.registration_number
    order.route = route or order.route
    if reconfirmed and order.reconfirmed_at is None:
        order.reconfirmed_at = clock.now()
    order.version += 1
    order.save()
    if order.state == "accepted" and not missing_preparation(order):
        ORDER.move(order, "ready", by=by)
    return order


def missing_preparation(order: Order) -> list[str]:
    """The steps that stand open before an order is ready, as stable keys."""
    steps = {
        "contacted_note": order.contacted_note,
        "registration_number": order.registration_number,
        "route": order.route,
        "reconfirmed": order.reconfirmed_at,
    }
    return [name for name, done in steps.items() if not done]


@action(permission="escort.serve")
def check_in(*, by: Actor, order: Order, key: UUID, happened_at: datetime, place: str = "") -> Milestone:
    """Meet the client at the agreed place (ES-014). Late is an event with its minutes; the customer is informed.

    Repeated with the same ``key`` it answers the first entry. Raises RuleRefused (``preparation_incomplete``,
    ``companion_not_qualified``, ``time_in_the_future``, ``time_out_of_order``, ``too_early``), Conflict (``key_reused``,
    ``invalid_transition``).
    """
    order = _held(by, order)
    known = _known(order, Milestone.Kind.CHECKED_IN, key)
    if known:
        return known
    missing = missing_preparation(order)
    if order.state == "accepted" and missing:
        raise RuleRefused("preparation_incomplete", _("The preparation is not complete yet."), missing=missing)
    against = reasons_against(_holder(order), at=clock.now(), until=order.ends_at, zone=order.site.timezone)
    if against:
        raise RuleRefused(
            "companion_not_qualified",
            " ".join(str(r.text) for r in against),
            reasons=[reason.code for reason in against],
        )
    stone = _milestone(order, Milestone.Kind.CHECKED_IN, key, happened_at, after=order.accepted_at, place=place)
    early = timedelta(minutes=parameters.value("escort_check_in_early_minutes", site=order.site.code))
    if happened_at < order.starts_at - early:
        opens = clock.local(order.starts_at - early, order.site.timezone)
        raise RuleRefused("too_early", _("Check-in opens at %(moment)s.") % {"moment": f"{opens:%Y-%m-%d %H:%M}"})
    ORDER.move(order, "in_service", by=by)
    tolerance = parameters.value("escort_late_minutes", site=order.site.code)
    late = int((happened_at - order.starts_at).total_seconds() // 60)
    order.late_minutes = late if late > tolerance else 0
    order.save(update_fields=["late_minutes"])
    if order.late_minutes:
        audit.record(by=by, verb="escort.late", target=order, site=order.site.code, minutes=order.late_minutes)
        outbox.emit(
            "escort.late", key=f"order:{order.code}", payload={"order": str(order.code), "minutes": order.late_minutes}
        )
    outbox.emit(
        "escort.checked_in",
        key=f"order:{order.code}",
        payload={"order": str(order.code), "site": str(order.site.code), "at": clock.now().isoformat()},
    )
    return stone


@action(permission="escort.serve")
def reach_milestone(
    *, by: Actor, order: Order, kind: str, key: UUID, happened_at: datetime, note: str = ""
) -> Milestone:
    """Store what happened, with the phone's own time; the same ``key`` twice stores it once (ES-015).

    Raises RuleRefused (``unknown_milestone``, ``time_in_the_future``, ``time_out_of_order``) and Conflict
    (``key_reused``, ``not_in_service``).
    """
    if kind not in Milestone.Kind.values or kind in (Milestone.Kind.CHECKED_IN, Milestone.Kind.ENDED):
        raise RuleRefused("unknown_milestone", _("This is no step of a service."), kind=kind)
    order = _held(by, order)
    known = _known(order, kind, key)
    if known:
        return known
    if order.state != "in_service":
        raise Conflict("not_in_service", _("The service is not running."), state=order.state)
    return _milestone(order, kind, key, happened_at, after=_begun(order), note=note)


@action(permission="escort.serve")
def end_service(*, by: Actor, order: Order, key: UUID, happened_at: datetime) -> Milestone:
    """End the service; the report is due within ``escort_report_hours`` (ES-028, ES-033).

    Raises RuleRefused (``time_in_the_future``, ``time_out_of_order``), Conflict (``key_reused``, ``invalid_transition``).
    """
    order = _held(by, order)
    known = _known(order, Milestone.Kind.ENDED, key)
    if known:
        return known
    stone = _milestone(order, Milestone.Kind.ENDED, key, happened_at, after=_begun(order))
    ORDER.move(order, "service_ended", by=by)
    Order.objects.filter(pk=order.pk).update(ended_at=happened_at)
    due = happened_at + timedelta(hours=parameters.value("escort_report_hours", site=order.site.code))
    timers.schedule("escort.report_due", f"order:{order.code}", due + timedelta(seconds=1), {"order": str(order.code)})
    outbox.emit(
        "escort.ended",
        key=f"order:{order.code}",
        payload={
            "order": str(order.code),
            "site": str(order.site.code),
            "patient": str(order.patient.code),
            "vertical": "escort",
            "day": clock.local(happened_at, order.site.timezone).date().isoformat(),
            "at": clock.now().isoformat(),
        },
    )
    return stone


@action(permission="escort.serve")
def file_report(*, by: Actor, order: Order, text: str, client_condition: str = "") -> ServiceReport:
    """Hand in the service report (ES-033): exactly at the limit is on time, a second later is not.

    Raises RuleRefused (``report_empty``), Conflict (``invalid_transition``).
    """
    if not text.strip():
        raise RuleRefused("report_empty", _("Write what was done."), fields={"text": [_("Needed.")]})
    order = _held(by, order)
    ORDER.move(order, "reported", by=by)
    order.refresh_from_db()
    now = clock.now()
    limit = (order.ended_at or now) + timedelta(
        hours=parameters.value("escort_report_hours", at=order.ended_at, site=order.site.code)
    )
    report = ServiceReport.objects.create(
        order=order, text=text, client_condition=client_condition, filed_at=now, on_time=now <= limit
    )
    timers.cancel("escort.report_due", f"order:{order.code}")
    outbox.emit(
        "escort.reported",
        key=f"order:{order.code}",
        payload={"order": str(order.code), "site": str(order.site.code), "at": clock.now().isoformat()},
    )
    return report


def _held(by: Actor, order: Order) -> Order:
    """The order under its lock, if it still is the companion's own: who was released meanwhile finds nothing (ES-022)."""
    order = Order.objects.select_for_update(of=("self",)).select_related("site", "patient").get(pk=order.pk)
    if by.kind == "system":
        return order
    held = Assignment.objects.filter(order=order, active=True)
    if by.code is None or not held.filter(companion__staff__user__code=by.code).exists():
        raise not_here()
    return order


def _known(order: Order, kind: str, key: UUID) -> Milestone | None:
    known = Milestone.objects.filter(key=key).first()
    if known is not None and (known.order_id, known.kind) != (order.pk, kind):
        raise Conflict("key_reused", _("The phone sent the key of another entry. Please try again."))
    return known


def _begun(order: Order) -> datetime | None:
    met = order.milestones.filter(kind=Milestone.Kind.CHECKED_IN).order_by("id").first()
    return met.happened_at if met is not None else None


def _holder(order: Order) -> Companion:
    return Companion.objects.prefetch_related("qualifications").get(assignments__order=order, assignments__active=True)


def _milestone(
    order: Order,
    kind: str,
    key: UUID,
    happened_at: datetime,
    *,
    after: datetime | None,
    place: str = "",
    note: str = "",
) -> Milestone:
    now = clock.now()
    if happened_at > now + 2 * MINUTE:
        raise RuleRefused("time_in_the_future", _("The phone's clock is ahead. Please check its time."))
    if after is not None and happened_at < after:
        raise RuleRefused(
            "time_out_of_order",
            _("This is earlier than the step before it. Please check the phone's time."),
            after=after.isoformat(),
        )
    return Milestone.objects.create(
        order=order, kind=kind, key=key, happened_at=happened_at, stored_at=now, place=place, note=note
    )
