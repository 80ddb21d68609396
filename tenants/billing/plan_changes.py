"""Changing what is bought: what is wanted, what it costs, carrying it out at Stripe exactly once.

More counts today and is charged by the day; less counts at the end of the period that is paid, without a refund. At
Stripe both are quantities, so a change is at most two steps: ``free`` (reductions, and what this period has paid for
already), without proration, and ``paid``, with proration from the morning of the day it was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from kernel import clock
from kernel.errors import Conflict, Cure, DomainError, RuleRefused
from tenants.billing import catalogue, deadlines, gateway, mirror, standing
from tenants.billing.models import Allotment, BillingAccount, BillingDeadline, PlanChange, Subscription
from tenants.billing.periods import start_of_day
from tenants.billing.scope import public_schema, tenants_of
from tenants.models import Tenant

Quantities = Mapping[str, Mapping[str, int]]
Steps = dict[str, Any]
MOST_OF_ONE = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What an account wants: a plan, a rhythm, and per tenant (by slug) how much of what.

    Keys of a tenant's quantities are ``site``, ``seat:METER`` and ``vertical:KEY`` (0 or 1).
    """

    plan: str
    interval: str
    quantities: Quantities

    def totals(self) -> dict[str, int]:
        """What is ordered at Stripe, by component. A vertical's add-on counts the sites of the tenants that have it."""
        offered = catalogue.components(self.plan, self.interval)
        found = {"base": 1} if "base" in offered else {}
        for parts in self.quantities.values():
            for key, number in parts.items():
                if key not in offered or not number:
                    continue
                found[key] = found.get(key, 0) + (parts.get("site", 0) if key.startswith("vertical:") else number)
        return {key: number for key, number in found.items() if number} | {
            key: 0 for key, component in offered.items() if component.metered
        }


def present_order(account: BillingAccount, *, later: bool = True) -> Order | None:
    """What the account has: from the next period on (``later``), or in this one."""
    sub = Subscription.objects.filter(account=account).first()
    if sub is None or sub.status in ("canceled", "incomplete", "incomplete_expired") or not sub.plan:
        return None
    rows = Allotment.objects.filter(account=account).select_related("tenant")
    found: dict[str, dict[str, int]] = {tenant.slug: {} for tenant in tenants_of(account)}
    for row in rows:
        number = row.later if later and row.later is not None else row.quantity
        found.setdefault(row.tenant.slug, {})[row.key] = number
    return Order(plan=sub.plan, interval=sub.interval, quantities=found)


def check(account: BillingAccount, order: Order, *, used: Quantities) -> None:
    """Is the order possible at all?

    Raises RuleRefused (``unknown_plan``, ``unknown_tenant``, ``unknown_component``, ``too_many_sites``,
    ``too_many_tenants``, ``below_use``, ``no_site``).
    """
    plan = catalogue.PLANS.get(order.plan)
    if plan is None or order.interval not in catalogue.INTERVALS:
        raise RuleRefused("unknown_plan", _("There is no such plan."))
    payers = {tenant.slug for tenant in tenants_of(account)}
    offered = catalogue.components(order.plan, order.interval)
    for slug, parts in order.quantities.items():
        if slug not in payers:
            raise RuleRefused("unknown_tenant", _("This business does not belong to the account."))
        for key, number in parts.items():
            if key not in offered or offered[key].metered or key == "base":
                raise RuleRefused("unknown_component", _("This cannot be ordered."), component=key)
            if not 0 <= number <= MOST_OF_ONE or (key.startswith("vertical:") and number > 1):
                raise RuleRefused("unknown_component", _("This number cannot be ordered."), component=key)
    sites = {slug: parts.get("site", 0) for slug, parts in order.quantities.items()}
    if sum(sites.values()) < 1:
        raise RuleRefused("no_site", _("An account has at least one site."))
    if plan.most_sites is not None and sum(sites.values()) > plan.most_sites:
        raise RuleRefused(
            "too_many_sites",
            _("This plan holds %(most)s sites at most.") % {"most": plan.most_sites},
            most=plan.most_sites,
        )
    if plan.most_tenants is not None and sum(1 for number in sites.values() if number) > plan.most_tenants:
        raise RuleRefused("too_many_tenants", _("This plan is for one business. Choose the chain plan."))
    for slug, parts in used.items():
        for key, number in parts.items():
            wanted = order.quantities.get(slug, {}).get(key, 0)
            if wanted < number:
                raise RuleRefused(
                    "below_use",
                    _("%(number)s are in use; free some before you order fewer.") % {"number": number},
                    tenant=slug,
                    component=key,
                    used=number,
                )


def check_direction(sub: Subscription, order: Order) -> None:
    """A year that was paid is not turned into months. Raises RuleRefused (``interval_at_renewal``)."""
    if sub.interval == "year" and order.interval == "month":
        raise RuleRefused("interval_at_renewal", _("A yearly subscription can become monthly when its year ends."))


def may_buy(account: BillingAccount) -> None:
    """Who owes money buys nothing new. Raises Conflict (``invoice_unpaid``)."""
    if account.state in standing.BEHIND:
        raise Conflict(
            "invoice_unpaid",
            _("An invoice is unpaid. Pay it first; this calculation is kept."),
            cures=[Cure(_("Pay now"), url="/billing/", role="billing_admin")],
        )


def steps_for(account: BillingAccount, order: Order, now: datetime) -> Steps:
    """The two steps at Stripe, as plain values that can be stored and repeated. Asks Stripe for the price list."""
    with public_schema():
        sub = Subscription.objects.get(account=account)
        kept = present_order(account, later=False)
    check_direction(sub, order)
    wanted = order.totals()
    paid_for = kept.totals() if kept else {}
    offered = catalogue.components(order.plan, order.interval)
    prices = gateway.prices([offered[key].lookup_key for key in wanted])
    standing_items = {
        component.key: item for item in sub.items if (component := catalogue.by_lookup_key(item["lookup_key"]))
    }
    dearer = catalogue.PLANS[order.plan].rank > catalogue.PLANS[sub.plan].rank if sub.plan else True
    faster = sub.interval != order.interval
    free: list[dict[str, Any]] = []
    paid: list[dict[str, Any]] = []
    for key, number in wanted.items():
        item, price = standing_items.get(key), prices[offered[key].lookup_key]
        if item is None:
            (free if offered[key].metered else paid).append(
                {"price": price} | ({} if offered[key].metered else {"quantity": number})
            )
            continue
        repriced = item["price"] != price and (offered[key].plan is None or order.plan != sub.plan or faster)
        if faster or (repriced and dearer):
            paid.append({"id": item["id"], "price": price} | ({} if offered[key].metered else {"quantity": number}))
            continue
        _quantity_steps(item, number, paid_for.get(key, 0), price if repriced else None, free, paid)
    free += [{"id": item["id"], "deleted": True} for key, item in standing_items.items() if key not in wanted]
    if faster:
        # A new rhythm is one call: Stripe accepts no mixture.
        paid, free = [*free, *paid], []
    moment = max(start_of_day(ZoneInfo(account.time_zone), now), sub.period_start or now)
    return {
        "free": free,
        "paid": paid,
        "moment": int(moment.timestamp()),
        "period_end": sub.period_end.isoformat() if sub.period_end else None,
        "subscription": sub.stripe_id,
    }


def _quantity_steps(
    item: dict[str, Any], number: int, paid_for: int, price: str | None, free: list[Any], paid: list[Any]
) -> None:
    now = item["quantity"]
    if now is None:
        return
    change = {"id": item["id"]} | ({"price": price} if price else {})
    within = number if number < now else min(number, max(now, paid_for))
    if within != now or price:
        free.append(change | {"quantity": within})
    if number > within:
        paid.append({"id": item["id"], "quantity": number})


def request(account: BillingAccount, order: Order, steps: Steps, by_name: str) -> PlanChange:
    """Keep a confirmed change, before anything happens at Stripe. Raises Conflict (``change_in_progress``)."""
    wanted = {
        "plan": order.plan,
        "interval": order.interval,
        "quantities": {slug: dict(parts) for slug, parts in order.quantities.items()},
        "steps": steps,
    }
    try:
        with transaction.atomic():
            change = PlanChange.objects.create(
                account=account, requested_by=by_name, requested_at=clock.now(), wanted=wanted
            )
    except IntegrityError as error:
        raise Conflict(
            "change_in_progress", _("Another change is being carried out. Try again in a moment.")
        ) from error
    # If this process dies before the change is done, the tick repeats it with the same keys.
    deadlines.put(account, BillingDeadline.Kind.CHANGE, deadlines.soon(clock.now()), ref=str(change.code))
    return change


def carry_out(code: UUID | str) -> PlanChange:
    """Carry out a stored change; a repetition changes nothing more.

    Raises Conflict when Stripe refuses (the change is then closed) or does not answer (it stays and is repeated).
    """
    with public_schema():
        change = PlanChange.objects.select_related("account").get(code=code)
    if change.state != PlanChange.State.WAITING:
        return change
    steps = change.wanted["steps"]
    row = None
    try:
        if steps["free"]:
            row = gateway.change_items(
                steps["subscription"], steps["free"], prorate=False, moment=None, key=f"{change.code}:free"
            )
        if steps["paid"]:
            row = gateway.change_items(
                steps["subscription"], steps["paid"], prorate=True, moment=steps["moment"], key=f"{change.code}:paid"
            )
    except DomainError as refusal:
        if refusal.code == "stripe_unreachable":
            raise
        _close(change, PlanChange.State.FAILED, error=refusal.code)
        raise
    _finish(change, row)
    return change


def _finish(change: PlanChange, row: dict[str, Any] | None) -> None:
    with public_schema(), transaction.atomic():
        account = BillingAccount.objects.select_for_update().get(pk=change.account_id)
        mine = PlanChange.objects.select_for_update().get(pk=change.pk)
        if mine.state != PlanChange.State.WAITING:
            return
        if row is not None:
            known = Subscription.objects.get(account=account)
            mirror.keep_subscription(account, row, known.stamp)
        end = change.wanted["steps"]["period_end"]
        allot(account, change.wanted["quantities"], datetime.fromisoformat(end) if end else None)
        account.sync_serial += 1
        account.save(update_fields=["sync_serial"])
        standing.settle(account, cause=change.requested_by)
        _close(mine, PlanChange.State.DONE)
    change.state = PlanChange.State.DONE


def _close(change: PlanChange, state: str, error: str = "") -> None:
    with public_schema(), transaction.atomic():
        PlanChange.objects.filter(pk=change.pk).update(state=state, error=error)
        deadlines.put_or_drop(change.account, BillingDeadline.Kind.CHANGE, None, ref=str(change.code))


Place = tuple[str, str]


def divide(kept: Mapping[Place, int], wanted: Mapping[Place, int]) -> dict[Place, tuple[int, int | None]]:
    """What each place (tenant, key) has now and, where that is less, from the next period on.

    What one tenant gives up and another one takes over moves at once: it is paid for. Only what nobody takes over stays
    where it is until the period ends.
    """
    result: dict[Place, tuple[int, int | None]] = {}
    for key in sorted({place[1] for place in {*kept, *wanted}}):
        places = sorted(place for place in {*kept, *wanted} if place[1] == key)
        taken_over = sum(max(0, wanted.get(place, 0) - kept.get(place, 0)) for place in places)
        for place in places:
            now, then = kept.get(place, 0), wanted.get(place, 0)
            moved = min(max(0, now - then), taken_over) if not key.startswith("vertical:") else 0
            taken_over -= moved
            result[place] = (then, None) if then >= now - moved else (now - moved, then)
    return result


def allot(account: BillingAccount, quantities: Quantities, period_end: datetime | None) -> None:
    """Share what was ordered among the tenants: more at once, less when the period ends (at once without a period)."""
    payers: dict[str, Tenant] = {tenant.slug: tenant for tenant in tenants_of(account)}
    rows = list(Allotment.objects.select_for_update(of=("self",)).filter(account=account).select_related("tenant"))
    known = {(row.tenant.slug, row.key): row for row in rows}
    wanted = {
        (slug, key): number for slug, parts in quantities.items() if slug in payers for key, number in parts.items()
    }
    for place, (number, later) in divide({place: row.quantity for place, row in known.items()}, wanted).items():
        row = known.get(place) or Allotment(account=account, tenant=payers[place[0]], key=place[1])
        if later is None or period_end is None:
            row.quantity, row.later, row.later_at = wanted.get(place, 0), None, None
        else:
            row.quantity, row.later, row.later_at = number, later, period_end
            deadlines.put(account, BillingDeadline.Kind.ALLOT, period_end, ref=period_end.date().isoformat())
        row.save()
