"""What a change would cost, before it is made: today, every period from then on, and what ends when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kernel import clock, tenancy, usage
from kernel.errors import Conflict, NotFound
from kernel.tenancy import TenantContext
from kernel.usage import OpenWork
from tenants import directory
from tenants.billing import catalogue, explain, gateway, mirror, plan_changes
from tenants.billing.explain import Line
from tenants.billing.models import BillingAccount, Subscription
from tenants.billing.plan_changes import Order
from tenants.billing.scope import access_account, public_schema, tenants_of
from tenants.billing.selectors import standing_use

Text = str | Promise


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """A reduction that counts at the end of the period, and what must be finished first."""

    what: Text
    tenant: str
    quantity: int
    at: datetime | None
    monthly_fen: int
    open_work: list[OpenWork]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What a change costs: today (billed with the next invoice), every period from then on, and what ends when."""

    now_lines: list[Line]
    now_fen: int
    recurring_before_fen: int
    recurring_after_fen: int
    next_before_fen: int
    next_after_fen: int
    later: list[Later]
    refusal: Conflict | None = None


def quote(tenant: TenantContext, order: Order) -> Quote:
    """What a change would cost, without doing anything. Asks Stripe.

    Raises what ``change_plan`` raises for an impossible order; an unpaid invoice is reported in ``refusal`` instead,
    so that the calculation can be seen.
    """
    used = standing_use()
    now = clock.now()
    with public_schema():
        account = access_account(tenant)
        sub = Subscription.objects.filter(account=account).first()
        present = plan_changes.present_order(account)
        if sub is None or present is None:
            raise NotFound("no_subscription", _("There is no subscription yet."))
        plan_changes.check(account, order, used=used)
        refusal = None
        try:
            plan_changes.may_buy(account)
        except Conflict as found:
            refusal = found
    steps = plan_changes.steps_for(account, order, now)
    return _quote(account, sub, present, order, steps, refusal)


def _quote(
    account: BillingAccount,
    sub: Subscription,
    present: Order,
    order: Order,
    steps: dict[str, Any],
    refusal: Conflict | None,
) -> Quote:
    zone = ZoneInfo(account.time_zone)
    before = gateway.preview(sub.stripe_id)
    recurring = gateway.preview(sub.stripe_id, recurring=True)
    both = _merged(steps["free"], steps["paid"])
    after_rows = gateway.preview(sub.stripe_id, items=both) if both else before
    after_recurring = gateway.preview(sub.stripe_id, items=both, recurring=True) if both else recurring
    charged: list[dict[str, Any]] = []
    if steps["paid"]:
        # Only what is added is charged by the day. Where some of it was paid for already (``free`` raises the number as
        # well), that part's charge is taken off again, to the fen.
        standing_rows = _prorations(before)
        charged = explain.netted(_prorated(sub, both, steps["moment"]), standing_rows)
        raised = [row for row in steps["free"] if _raises(sub, row)]
        if raised:
            charged = explain.netted(charged, explain.netted(_prorated(sub, raised, steps["moment"]), standing_rows))
    with public_schema():
        lines = explain.explain(charged, zone)
    now_fen = sum(line.amount_fen for line in lines)
    return Quote(
        now_lines=lines,
        now_fen=now_fen,
        recurring_before_fen=_licensed(recurring),
        recurring_after_fen=_licensed(after_recurring),
        next_before_fen=before["total"],
        next_after_fen=after_rows["total"] + now_fen,
        later=_later(present, order, sub),
        refusal=refusal,
    )


def _prorations(row: dict[str, Any]) -> list[dict[str, Any]]:
    return [line for line in map(mirror.line_of, row["lines"]["data"]) if line["proration"]]


def _prorated(sub: Subscription, items: list[dict[str, Any]], moment: int) -> list[dict[str, Any]]:
    """What these items would be charged by the day, reductions left out."""
    counted = [row for row in items if not row.get("deleted") and not _lowers(sub, row)]
    return _prorations(gateway.preview(sub.stripe_id, items=counted, prorate=True, moment=moment))


def _lowers(sub: Subscription, row: dict[str, Any]) -> bool:
    number = _present(sub, row)
    return "price" not in row and number is not None and row.get("quantity", 0) < number


def _raises(sub: Subscription, row: dict[str, Any]) -> bool:
    number = _present(sub, row)
    return number is not None and row.get("quantity", 0) > number


def _present(sub: Subscription, row: dict[str, Any]) -> int | None:
    return next((item["quantity"] for item in sub.items if item["id"] == row.get("id")), None)


def _merged(free: Iterable[dict[str, Any]], paid: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = {row.get("id") or row["price"]: dict(row) for row in free}
    for row in paid:
        rows[row.get("id") or row["price"]] = rows.get(row.get("id") or row["price"], {}) | row
    return list(rows.values())


def _licensed(row: dict[str, Any]) -> int:
    return sum(line["amount"] for line in row["lines"]["data"])


def _later(present: Order, order: Order, sub: Subscription) -> list[Later]:
    offered = catalogue.components(present.plan, present.interval)
    with public_schema():
        contexts = {tenant.slug: (tenant.name, directory.build_context(tenant)) for tenant in tenants_of(sub.account)}
    found = []
    for (slug, key), (number, later) in plan_changes.divide(_places(present), _places(order)).items():
        if later is None or key not in offered or slug not in contexts:
            continue
        name, context = contexts[slug]
        work: list[OpenWork] = []
        less = number - later
        if key.startswith("vertical:"):
            less = present.quantities[slug].get("site", 0)
            with tenancy.activate(context):
                work = usage.open_work(key.removeprefix("vertical:"))
        found.append(
            Later(
                what=offered[key].label,
                tenant=name,
                quantity=less,
                at=sub.period_end,
                monthly_fen=-less * offered[key].unit_fen,
                open_work=work,
            )
        )
    return found


def _places(order: Order) -> dict[tuple[str, str], int]:
    return {(slug, key): number for slug, parts in order.quantities.items() for key, number in parts.items()}
