"""POST /v1/invoices/create_preview: run the real change, read the invoice, forget everything."""

from __future__ import annotations

from typing import Any

from stripe_server import invoicing, subscriptions
from stripe_server.moments import add_interval
from stripe_server.shop import Shop
from stripe_server.store import Row
from stripe_server.wire import new_id, refused

PASSED_ON = (
    "items",
    "proration_behavior",
    "proration_date",
    "cancel_at_period_end",
    "trial_end",
    "billing_cycle_anchor_config",
)


def create(shop: Shop, params: dict[str, Any]) -> Row:
    """The invoice that a subscription (changed as described) gets next, or that a new one would get."""
    details = params.get("subscription_details") or {}
    change = {name: details[name] for name in PASSED_ON if name in details}
    with shop.store.dry_run():
        if identifier := params.get("subscription"):
            invoice = _of_existing(shop, identifier, change, params)
        elif params.get("customer") and change.get("items"):
            invoice = _of_new(shop, params, change)
        else:
            raise refused(
                "You must pass a subscription, or a customer with subscription_details[items].", "subscription"
            )
    identifier = new_id("upcoming_in")
    for line in invoice["lines"]["data"]:
        line["invoice"] = identifier
    invoice.pop("_items", None)
    invoice["lines"]["url"] = f"/v1/invoices/{identifier}/lines"
    return invoice | {
        "id": identifier, "status": "draft", "number": None, "hosted_invoice_url": None, "invoice_pdf": None,
    }  # fmt: skip


def _of_existing(shop: Shop, identifier: str, change: dict[str, Any], params: dict[str, Any]) -> Row:
    sub = shop.store.get("subscription", identifier, "subscription")
    before = sub["latest_invoice"]
    if change:
        sub = subscriptions.update(shop, identifier, change)
        if sub["latest_invoice"] != before:
            return shop.store.get("invoice", sub["latest_invoice"])
    if params.get("preview_mode") == "recurring":
        start, stop = _period_after(sub)
        return subscriptions.upcoming(shop, sub, "upcoming", (start, stop), pending=False)
    if sub["cancel_at_period_end"] or sub["status"] not in ("active", "trialing", "past_due", "unpaid", "paused"):
        raise refused("No upcoming invoices for customer: " + sub["customer"], code="invoice_upcoming_none")
    start, stop = _period_after(sub)
    for item in sub["items"]["data"]:
        item["_used_from"] = item["current_period_start"]
    return subscriptions.upcoming(shop, sub, "upcoming", (start, stop)) | {
        "next_payment_attempt": start + invoicing.DRAFT_SECONDS
    }


def _period_after(sub: Row) -> tuple[int, int]:
    if sub["status"] == "trialing":
        interval, count = subscriptions._cycle(sub["items"]["data"])
        end = sub["trial_end"]
        anchor = sub["billing_cycle_anchor"]
        return end, anchor if anchor > end else add_interval(end, interval, count, day=sub["_anchor_day"])
    return subscriptions.next_period(sub)


def _of_new(shop: Shop, params: dict[str, Any], change: dict[str, Any]) -> Row:
    sub = subscriptions.create(
        shop, change | {"customer": params["customer"], "payment_behavior": "default_incomplete"}
    )  # fmt: skip
    return shop.store.get("invoice", sub["latest_invoice"])
