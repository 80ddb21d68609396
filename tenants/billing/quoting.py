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
    new_lines: list[dict[str, Any]] = []
    if steps["paid"]:
        # Only what is added is charged by the day: the added number is laid on what Stripe counts now.
        with_charge = gateway.preview(sub.stripe_id, items=_added(sub, steps), prorate=True, moment=steps["moment"])
        known = {
            (row["text"], row["amount_fen"]) for row in map(mirror.line_of, before["lines"]["data"]) if row["proration"]
        }
        candidates = [mirror.line_of(line) for line in with_charge["lines"]["data"]]
        new_lines = [row for row in candidates if row["proration"] and (row["text"], row["amount_fen"]) not in known]
    with public_schema():
        lines = explain.explain(new_lines, zone)
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


def _added(sub: Subscription, steps: dict[str, Any]) -> list[dict[str, Any]]:
    present = {item["id"]: item["quantity"] or 0 for item in sub.items}
    freed = {row["id"]: row["quantity"] for row in steps["free"] if "quantity" in row and "id" in row}
    rows = []
    for row in steps["paid"]:
        own = row.get("id")
        if own is None or own not in freed or "quantity" not in row:
            rows.append(row)
        else:
            rows.append(row | {"quantity": present[own] + row["quantity"] - freed[own]})
    return rows


def _merged(free: Iterable[dict[str, Any]], paid: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = {row.get("id") or row["price"]: dict(row) for row in free}
    for row in paid:
        rows[row.get("id") or row["price"]] = rows.get(row.get("id") or row["price"], {}) | row
    return list(rows.values())


def _licensed(row: dict[str, Any]) -> int:
    return sum(line["amount"] for line in row["lines"]["data"])


def _later(present: Order, order: Order, sub: Subscription) -> list[Later]:
    offered = catalogue.components(present.plan, present.interval)
    found = []
    with public_schema():
        contexts = {tenant.slug: (tenant.name, directory.build_context(tenant)) for tenant in tenants_of(sub.account)}
    for slug, parts in present.quantities.items():
        for key, number in parts.items():
            wanted = order.quantities.get(slug, {}).get(key, 0)
            if wanted >= number or key not in offered or slug not in contexts:
                continue
            less = (parts.get("site", 0) if key.startswith("vertical:") else number - wanted) or number - wanted
            work: list[OpenWork] = []
            if key.startswith("vertical:") and not wanted:
                with tenancy.activate(contexts[slug][1]):
                    work = usage.open_work(key.removeprefix("vertical:"))
            found.append(
                Later(
                    what=offered[key].label, tenant=contexts[slug][0], quantity=less, at=sub.period_end,
                    monthly_fen=-less * offered[key].unit_fen, open_work=work,
                )
            )  # fmt: skip
    return found
