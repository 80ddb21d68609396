"""Writes of the escort's order desk: enquiry, agreement, offers. The companion's own writes stand in ``service.py``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from escort.machines import ORDER
from escort.models import Agreement, Assignment, Companion, Hospital, Offer, Order
from escort.qualification import Reason
from escort.ranking import Candidate, candidates
from kernel import audit, clock, numbering, outbox, parameters, timers
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Cure, RuleRefused, StaleVersion
from services.catalogue.models import Item
from services.patients.models import Patient
from services.sites.models import Site
from tenants.entitlements.actions import take_seat


@action(permission="escort.enquire")
def take_enquiry(
    *,
    by: Actor,
    site: Site,
    patient: Patient,
    customer_name: str,
    customer_phone: str,
    hospital: Hospital,
    item: Item,
    pickup_place: str,
    starts_at: datetime,
    ends_at: datetime,
    department: str = "",
    needs: str = "",
) -> Order:
    """Enter an enquiry (ES-005). A timer asks for it to reach the manager within ``enquiry_forward_minutes`` (ES-006).

    Raises RuleRefused (``service_time_invalid``, ``service_in_the_past``).
    """
    if ends_at <= starts_at:
        raise RuleRefused(
            "service_time_invalid",
            _("The service ends before it begins."),
            fields={"ends_at": [_("Later than the start.")]},
        )
    now = clock.now()
    if starts_at < now:
        raise RuleRefused(
            "service_in_the_past", _("The service would begin in the past."), fields={"starts_at": [_("From now on.")]}
        )
    year = f"{clock.local(now, site.timezone):%Y}"
    order = Order.objects.create(
        number=f"PZ-{numbering.next_number('escort.order', entity=str(site.code), period=year)}",
        site=site,
        patient=patient,
        customer_name=customer_name,
        customer_phone=customer_phone,
        hospital=hospital,
        department=department,
        item=item,
        pickup_place=pickup_place,
        needs=needs,
        starts_at=starts_at,
        ends_at=ends_at,
        created_at=now,
    )
    minutes = parameters.value("enquiry_forward_minutes", site=site.code)
    timers.schedule(
        "escort.enquiry_waits", f"order:{order.code}", now + timedelta(minutes=minutes), {"order": str(order.code)}
    )
    audit.record(by=by, verb="escort.enquiry_taken", target=order, site=site.code)
    return order


@action(permission="escort.enquire")
def forward_enquiry(*, by: Actor, order: Order) -> Order:
    """Hand the enquiry to the manager (ES-006). Raises Conflict (``invalid_transition``)."""
    ORDER.move(order, "with_manager", by=by)
    timers.cancel("escort.enquiry_waits", f"order:{order.code}")
    return order


@action(permission="escort.manage")
def draft_agreement(*, by: Actor, order: Order, price_fen: int, cancellation_terms: str = "") -> Agreement:
    """Write a new version of the service agreement (ES-007, ES-008). Earlier signatures do not carry over.

    ``price_fen`` is integer fen. Raises RuleRefused (``price_invalid``).
    """
    if price_fen < 0:
        raise RuleRefused("price_invalid", _("A price cannot be negative."), fields={"price_fen": [_("Zero or more.")]})
    ORDER.move(order, "agreement_drafted", by=by)
    content = {
        "order": order.number,
        "customer": order.customer_name,
        "patient": str(order.patient.code),
        "hospital": order.hospital.name,
        "department": order.department,
        "item": order.item.key,
        "starts_at": order.starts_at.isoformat(),
        "ends_at": order.ends_at.isoformat(),
        "pickup_place": order.pickup_place,
        "price_fen": price_fen,
        "cancellation_terms": cancellation_terms,
    }
    last = order.agreements.order_by("-version").first()
    order.price_fen = price_fen
    order.agreed_at = None
    order.save(update_fields=["price_fen", "agreed_at"])
    return Agreement.objects.create(
        order=order,
        version=(last.version + 1) if last else 1,
        content=content,
        content_hash=hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest(),
        price_fen=price_fen,
    )


@action(permission="escort.manage")
def sign_agreement(*, by: Actor, order: Order, party: str) -> Agreement:
    """Store one signature on the latest version; with both, the order is agreed (ES-008).

    ``party`` is "customer" (signed before the manager's eyes) or "company".
    Raises RuleRefused (``party_unknown``), Conflict (``no_agreement``, ``already_signed``).
    """
    if party not in ("customer", "company"):
        raise RuleRefused("party_unknown", _("The customer signs, and the company."))
    order = Order.objects.select_for_update(of=("self",)).select_related("site").get(pk=order.pk)
    agreement = order.agreements.select_for_update().order_by("-version").first()
    if agreement is None or order.state != "agreement_drafted":
        raise Conflict("no_agreement", _("There is no drafted agreement to sign."))
    field = f"{party}_signed_at"
    if getattr(agreement, field) is not None:
        raise Conflict("already_signed", _("This side has signed already."))
    setattr(agreement, field, clock.now())
    if party == "company":
        agreement.company_signed_by = by.code
    agreement.save()
    audit.record(
        by=by,
        verb="escort.agreement_signed",
        target=agreement,
        site=order.site.code,
        party=party,
        hash=agreement.content_hash,
    )
    if agreement.customer_signed_at and agreement.company_signed_at:
        ORDER.move(order, "agreed", by=by)
    return agreement


@action(permission="escort.manage")
def offer_order(*, by: Actor, order: Order, companions: Iterable[Companion]) -> list[Offer]:
    """Offer an agreed order to one or several companions at once (ES-009).

    Somebody who would be refused at acceptance may still get it: the offer is then conditional, says why, and acceptance
    asks again. Raises RuleRefused (``agreement_not_signed``, ``nobody_chosen``, ``service_in_the_past``,
    ``companion_not_available``).
    """
    order = Order.objects.select_for_update(of=("self",)).select_related("site").get(pk=order.pk)
    chosen = {companion.pk for companion in companions}
    if not chosen:
        raise RuleRefused("nobody_chosen", _("Choose at least one companion."))
    if order.state not in ("agreed", "offered"):
        raise RuleRefused(
            "agreement_not_signed",
            _("The order cannot be offered before both sides have signed the agreement."),
            cures=[Cure(_("Open the agreement"), role="escort_manager")],
            state=order.state,
        )
    now = clock.now()
    if order.starts_at <= now:
        raise RuleRefused("service_in_the_past", _("The service would already have begun."))
    expires = min(
        now + timedelta(minutes=parameters.value("escort_offer_expiry_minutes", site=order.site.code)), order.starts_at
    )
    ranked: dict[int, Candidate] = {c.companion.pk: c for c in candidates(order) if c.companion.pk in chosen}
    if chosen - ranked.keys():
        raise RuleRefused(
            "companion_not_available", _("Somebody you chose does not work for this site as a companion.")
        )
    already = set(order.offers.filter(state="open").values_list("companion_id", flat=True))
    offers = [
        Offer(
            order=order,
            companion=candidate.companion,
            conditional=_conditions(candidate),
            features=candidate.vector(),
            offered_at=now,
            expires_at=expires,
        )
        for pk, candidate in ranked.items()
        if pk not in already
    ]
    Offer.objects.bulk_create(offers)
    ORDER.move(order, "offered", by=by)
    if order.first_offered_at is None:
        order.first_offered_at = now
        order.save(update_fields=["first_offered_at"])
    timers.schedule(
        "escort.offer_expires", f"order:{order.code}:{expires.isoformat()}", expires, {"order": str(order.code)}
    )
    outbox.emit(
        "escort.offered",
        key=f"order:{order.code}",
        payload={"order": str(order.code), "offers": [str(o.code) for o in offers]},
    )
    return offers


def _conditions(candidate: Candidate) -> list[dict[str, str]]:
    said = [{"code": reason.code, "since": reason.since} for reason in candidate.against]
    if candidate.overlaps:
        said.append({"code": "overlap", "since": ""})
    return said


@action(permission="escort.manage")
def withdraw_offers(*, by: Actor, order: Order) -> Order:
    """Take all open offers back; the order waits to be offered again."""
    order = Order.objects.select_for_update(of=("self",)).select_related("site").get(pk=order.pk)
    order.offers.filter(state="open").update(state="withdrawn", answered_at=clock.now())
    if order.state == "offered":
        ORDER.move(order, "agreed", by=by)
    return order


@action(permission="escort.manage")
def release_companion(*, by: Actor, order: Order, reason: str) -> Order:
    """Take the order from its companion, who loses sight of it at once; the next one confirms time and place anew
    (ES-022). Raises RuleRefused (``reason_missing``), Conflict (``invalid_transition``)."""
    if not reason.strip():
        raise RuleRefused("reason_missing", _("Say why the companion changes."), fields={"reason": [_("Needed.")]})
    order = Order.objects.select_for_update(of=("self",)).select_related("site").get(pk=order.pk)
    ORDER.move(order, "agreed", by=by)
    Assignment.objects.filter(order=order, active=True).update(
        active=False, ended_at=clock.now(), end_reason=reason.strip()[:200]
    )
    order.offers.filter(state="accepted").update(state="withdrawn")
    order.reconfirmed_at = None
    order.accepted_at = None
    order.save(update_fields=["reconfirmed_at", "accepted_at"])
    audit.record(by=by, verb="escort.companion_released", target=order, site=order.site.code)
    return order


@action(permission="escort.manage")
def cancel_order(*, by: Actor, order: Order, reason: str) -> Order:
    """Cancel before the service (ES-021). Raises RuleRefused (``reason_missing``), Conflict (``invalid_transition``)."""
    if not reason.strip():
        raise RuleRefused("reason_missing", _("Say why the order is cancelled."), fields={"reason": [_("Needed.")]})
    ORDER.move(order, "cancelled", by=by)
    order.cancel_reason = reason.strip()[:200]
    order.save(update_fields=["cancel_reason"])
    Assignment.objects.filter(order=order, active=True).update(
        active=False, ended_at=clock.now(), end_reason=order.cancel_reason
    )
    order.offers.filter(state="open").update(state="withdrawn", answered_at=clock.now())
    return order


@action(permission="escort.manage")
def archive_order(*, by: Actor, order: Order) -> Order:
    """Close the file; from now on the companion no longer finds it (ES-046, ES-049)."""
    ORDER.move(order, "archived", by=by)
    Assignment.objects.filter(order=order, active=True).update(active=False, ended_at=clock.now())
    return order


@action(permission="escort.manage")
def enlist_companion(*, by: Actor, staff: Any, **facts: Any) -> Companion:
    """Open a companion's file for a staff member (ES-052); repeated, it is updated. Who becomes active takes a seat.

    Raises Conflict (``seat_limit_reached``).
    """
    known = Companion.objects.filter(staff=staff).first()
    active = Companion.State.ACTIVE
    if facts.get("state") == active and (known is None or known.state != active):
        take_seat(by=by, meter="companions")
    companion, _created = Companion.objects.update_or_create(staff=staff, defaults=facts)
    return companion


@action(permission="escort.manage")
def edit_hospital(*, by: Actor, hospital: Hospital, version: int, notes: str, address: str) -> Hospital:
    """Keep the directory current (ES-048). Raises StaleVersion (``stale_version``)."""
    hospital = Hospital.objects.select_for_update().get(pk=hospital.pk)
    if hospital.version != version:
        raise StaleVersion("stale_version", _("Somebody changed this entry meanwhile. Look at it again."))
    hospital.notes, hospital.address = notes, address
    hospital.version += 1
    hospital.save()
    return hospital


def reason_texts(reasons: Iterable[Reason]) -> list[str]:
    """What stands against a companion, as sentences."""
    return [str(reason.text) for reason in reasons]
