"""Subscriptions: made, changed with proration, trialled, renewed, cancelled."""

from __future__ import annotations

from typing import Any

from stripe_server import customers, invoicing, lines
from stripe_server.moments import DAY, add_interval, next_anchor, period_around
from stripe_server.shop import Shop
from stripe_server.store import Row
from stripe_server.wire import StripeFailure, flag, listing, merged_metadata, new_id, refused, required, whole

OPEN = ("incomplete", "trialing", "active", "past_due", "unpaid", "paused")


def create(shop: Shop, params: dict[str, Any]) -> Row:
    """POST /v1/subscriptions."""
    customer = customers.living(shop, params.get("customer"))
    if not params.get("items"):
        raise required("items")
    method = params.get("collection_method", "charge_automatically")
    days = whole(params, "days_until_due")
    if method == "send_invoice" and days is None:
        raise refused("You must specify `days_until_due` when `collection_method` is `send_invoice`.", "days_until_due")
    now = shop.now(customer)
    identifier = new_id("sub")
    items = [_new_item(shop, identifier, sent, now) for sent in params["items"]]
    _one_interval(items)
    interval, count = _cycle(items)
    trial_end = _trial_end(params, now, items)
    anchor, day = _anchor(params, trial_end or now)
    sub: Row = {
        "id": identifier,
        "object": "subscription",
        "application": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": anchor or trial_end or now,
        "billing_cycle_anchor_config": params.get("billing_cycle_anchor_config"),
        "billing_mode": {"type": "flexible", "flexible": {"proration_discounts": "included"}},
        "cancel_at": whole(params, "cancel_at"),
        "cancel_at_period_end": flag(params, "cancel_at_period_end"),
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": method,
        "created": now,
        "currency": items[0]["price"]["currency"],
        "customer": customer["id"],
        "days_until_due": days,
        "default_payment_method": params.get("default_payment_method"),
        "default_tax_rates": [],
        "description": params.get("description"),
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}}
        | (params.get("invoice_settings") or {}),
        "items": listing([], f"/v1/subscription_items?subscription={identifier}"),
        "latest_invoice": None,
        "livemode": False,
        "metadata": merged_metadata({}, params),
        "pause_collection": None,
        "payment_settings": params.get("payment_settings") or {},
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": now,
        "status": "incomplete",
        "test_clock": customer["test_clock"],
        "trial_end": trial_end,
        "trial_settings": params.get("trial_settings")
        or {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": now if trial_end else None,
        "_anchor_day": day,
    }
    end = trial_end or anchor or add_interval(now, interval, count, day=day)
    full = (
        (now, end) if not anchor or trial_end else period_around(now, sub["billing_cycle_anchor"], interval, count, day)
    )
    for item in items:
        item |= {"current_period_start": now, "current_period_end": end, "_full": list(full)}
    _put_items(sub, items)
    if trial_end:
        sub["status"] = "trialing"
        rows = [lines.trial_line(shop, sub, item, now, trial_end) for item in items]
    else:
        prorate = params.get("proration_behavior", "create_prorations") != "none" or not anchor
        rows = [
            lines.period_line(shop, sub, item, now, end, full)
            for item in items
            if item["price"]["recurring"]["usage_type"] == "licensed" and (prorate or full == (now, end))
        ]
    shop.store.put(sub)
    sub = _first_invoice(shop, sub, customer, rows, (now, end), params)
    shop.emit("customer.subscription.created", sub)
    if sub["status"] == "incomplete" and params.get("payment_behavior") == "error_if_incomplete":
        raise customers.declined("generic_decline")
    return sub


def _first_invoice(
    shop: Shop, sub: Row, customer: Row, rows: list[Row], period: tuple[int, int], params: dict[str, Any]
) -> Row:
    invoice = invoicing.build(
        shop, customer=customer, sub=sub, rows=rows, reason="subscription_create", period=period,
        method=sub["collection_method"], days_until_due=sub["days_until_due"],
    )  # fmt: skip
    items = invoicing.pending_items(shop, customer["id"], None)
    for item in items:
        _append(invoice, lines.line_of_item(shop, item))
    invoicing.draft(shop, invoice, items)
    sub["latest_invoice"] = invoice["id"]
    if sub["collection_method"] == "send_invoice":
        # The invoice stays a draft for an hour unless somebody finalises it; the service runs meanwhile.
        sub["status"] = "trialing" if sub["trial_end"] else "active"
        shop.store.put(sub)
        if sub["trial_end"]:
            invoicing.finalize(shop, invoice["id"])
        return shop.store.get("subscription", sub["id"])
    shop.store.put(sub)
    invoice = invoicing.finalize(shop, invoice["id"])
    if invoice["status"] == "open" and params.get("payment_behavior") != "default_incomplete":
        invoicing.attempt(shop, invoice["id"])
    return shop.store.get("subscription", sub["id"])


def _append(invoice: Row, line: Row) -> None:
    line["invoice"] = invoice["id"]
    invoice["lines"]["data"].append(line)
    invoice["lines"]["total_count"] += 1
    total = invoice["total"] + line["amount"]
    for name in ("subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax"):
        invoice[name] = total
    invoice["amount_due"] = invoice["amount_remaining"] = max(total, 0)


def _new_item(shop: Shop, subscription: str, sent: dict[str, Any], now: int) -> Row:
    price = shop.store.get("price", sent.get("price"), "items[price]")
    if not price["active"] or not price["recurring"]:
        raise refused("The price specified is inactive or not recurring.", "items[price]")
    metered = price["recurring"]["usage_type"] == "metered"
    if metered and sent.get("quantity") is not None:
        raise refused("Quantity should not be specified where usage_type is `metered`.", "items[quantity]")
    return {
        "id": new_id("si"),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": now,
        "current_period_end": 0,
        "current_period_start": 0,
        "discounts": [],
        "metadata": merged_metadata({}, sent),
        "price": price,
        "quantity": None if metered else whole(sent, "quantity", 1),
        "subscription": subscription,
        "tax_rates": [],
    }


def _one_interval(items: list[Row]) -> None:
    if (
        len({(item["price"]["recurring"]["interval"], item["price"]["recurring"]["interval_count"]) for item in items})
        != 1
    ):
        raise refused("All prices of a subscription must have the same `recurring.interval`.", "items")
    if len({item["price"]["currency"] for item in items}) != 1:
        raise refused("All prices of a subscription must use the same currency.", "items")
    if len({item["price"]["id"] for item in items}) != len(items):
        raise refused("Cannot add multiple subscription items with the same price.", "items")


def _cycle(items: list[Row]) -> tuple[str, int]:
    recurring = items[0]["price"]["recurring"]
    return recurring["interval"], recurring["interval_count"]


def _trial_end(params: dict[str, Any], now: int, items: list[Row]) -> int | None:
    if params.get("trial_end") == "now":
        return None
    if end := whole(params, "trial_end"):
        if end <= now:
            raise refused("The trial end must be in the future.", "trial_end")
        return end
    days = whole(params, "trial_period_days", 0)
    return now + days * DAY if days else None


def _anchor(params: dict[str, Any], after: int) -> tuple[int | None, int | None]:
    if config := params.get("billing_cycle_anchor_config"):
        return next_anchor(after, config), int(config["day_of_month"])
    anchor = whole(params, "billing_cycle_anchor")
    if anchor and anchor <= after:
        raise refused("`billing_cycle_anchor` must be in the future.", "billing_cycle_anchor")
    return anchor, None


def _put_items(sub: Row, items: list[Row]) -> None:
    sub["items"]["data"] = items
    sub["items"]["total_count"] = len(items)


def update(shop: Shop, identifier: str, params: dict[str, Any]) -> Row:
    """POST /v1/subscriptions/{id}."""
    sub = shop.store.get("subscription", identifier)
    if sub["status"] in ("canceled", "incomplete_expired"):
        raise refused("A canceled subscription can only update its cancellation_details and metadata.")
    before = shop.store.get("subscription", identifier)
    now = shop.now(sub)
    for name in ("default_payment_method", "description", "payment_settings", "trial_settings"):
        if name in params:
            sub[name] = params[name] or None
    if "invoice_settings" in params:
        sub["invoice_settings"] = sub["invoice_settings"] | params["invoice_settings"]
    if "collection_method" in params:
        sub["collection_method"] = params["collection_method"]
    if "days_until_due" in params:
        sub["days_until_due"] = whole(params, "days_until_due")
    if sub["collection_method"] == "send_invoice" and sub["days_until_due"] is None:
        raise refused("You must specify `days_until_due` when `collection_method` is `send_invoice`.", "days_until_due")
    sub["metadata"] = merged_metadata(sub["metadata"], params)
    if "cancel_at_period_end" in params:
        ends = flag(params, "cancel_at_period_end")
        sub |= {
            "cancel_at_period_end": ends,
            "cancel_at": period_of(sub)[1] if ends else None,
            "canceled_at": now if ends else None,
            "cancellation_details": {
                "comment": None,
                "feedback": None,
                "reason": "cancellation_requested" if ends else None,
            }
            | (params.get("cancellation_details") or {}),
        }
    made = _change_items(shop, sub, params, now) if params.get("items") else []
    ended_trial = params.get("trial_end") == "now" and sub["status"] == "trialing"
    if whole({"t": params.get("trial_end")}, "t") if params.get("trial_end") not in (None, "now") else None:
        _move_trial(sub, int(params["trial_end"]))
    shop.store.put(sub)
    for item in made:
        shop.store.put(item)
    if ended_trial:
        sub = start_after_trial(shop, sub)
    elif sub.pop("_restarted", False):
        shop.store.put(sub)
        sub = _bill(shop, sub, "subscription_update", period_of(sub), renew=True)
    elif made and params.get("proration_behavior") == "always_invoice":
        sub = _bill(shop, sub, "subscription_update", (now, now), renew=False)
        if params.get("payment_behavior") == "error_if_incomplete":
            invoice = shop.store.get("invoice", sub["latest_invoice"])
            if invoice["status"] == "open":
                raise StripeFailure(
                    402,
                    "Your card was declined.",
                    kind="card_error",
                    code="card_declined",
                    decline_code="generic_decline",
                )
    if _differs(before, sub):
        shop.emit("customer.subscription.updated", sub, before)
    return sub


def _differs(before: Row, after: Row) -> bool:
    return any(before.get(key) != value for key, value in after.items())


def _move_trial(sub: Row, end: int) -> None:
    sub |= {
        "trial_end": end,
        "status": "trialing",
        "trial_start": sub["trial_start"] or sub["start_date"],
        "billing_cycle_anchor": end,
    }
    for item in sub["items"]["data"]:
        item |= {"current_period_end": end, "_full": [item["current_period_start"], end]}


def _change_items(shop: Shop, sub: Row, params: dict[str, Any], now: int) -> list[Row]:
    """Apply ``items``; returns the pending proration items."""
    start, end = period_of(sub)
    full = tuple(sub["items"]["data"][0].get("_full") or (start, end))
    moment = whole(params, "proration_date", now) or now
    if not start <= moment <= end:
        raise refused("Cannot specify `proration_date` outside of the current period.", "proration_date")
    behaviour = params.get("proration_behavior", "create_prorations")
    items = sub["items"]["data"]
    made: list[Row] = []
    interval = _cycle(items)
    for sent in params["items"]:
        old = next((item for item in items if item["id"] == sent.get("id")), None)
        if sent.get("id") and old is None:
            raise refused(f"No such subscription_item: '{sent['id']}'", "items[id]", "resource_missing")
        if old is not None and flag(sent, "deleted"):
            items.remove(old)
            new = None
        elif old is not None:
            new = dict(old)
            if "price" in sent:
                new["price"] = shop.store.get("price", sent["price"], "items[price]")
            if "quantity" in sent:
                new["quantity"] = whole(sent, "quantity")
            new["metadata"] = merged_metadata(old["metadata"], sent)
            items[items.index(old)] = new
        else:
            new = _new_item(shop, sub["id"], sent, now) | {
                "current_period_start": start, "current_period_end": end, "_full": list(full),
            }  # fmt: skip
            items.append(new)
        same = old and new and old["price"]["id"] == new["price"]["id"] and old["quantity"] == new["quantity"]
        if behaviour != "none" and sub["status"] != "trialing" and not same:
            made += lines.proration_items(shop, sub, old, new, moment, full)
    if not items:
        raise refused("A subscription must have at least one active plan.", "items")
    _one_interval(items)
    _put_items(sub, items)
    if _cycle(items) != interval and sub["status"] != "trialing":
        # A new rhythm starts now: the rest of the old period was credited, the new period is billed at once.
        made = [item for item in made if item["amount"] < 0]
        length = add_interval(now, *_cycle(items), day=sub["_anchor_day"])
        sub |= {"billing_cycle_anchor": now, "_restarted": True}
        for item in items:
            item |= {"current_period_start": now, "current_period_end": length, "_full": [now, length]}
    return made


def period_of(sub: Row) -> tuple[int, int]:
    """The current period of the items (one rhythm for all)."""
    item = sub["items"]["data"][0]
    return item["current_period_start"], item["current_period_end"]


def cancel(shop: Shop, identifier: str, params: dict[str, Any]) -> Row:
    """DELETE /v1/subscriptions/{id}: at once."""
    sub = shop.store.get("subscription", identifier)
    if sub["status"] == "canceled":
        raise StripeFailure(404, f"No such subscription: '{identifier}'", code="resource_missing", param="id")
    if flag(params, "prorate"):
        for item in sub["items"]["data"]:
            for row in lines.proration_items(shop, sub, item, None, shop.now(sub)):
                shop.store.put(row)
    if flag(params, "invoice_now"):
        sub = _bill(shop, sub, "subscription_update", (shop.now(sub), shop.now(sub)), renew=False)
    return end(shop, sub, "cancellation_requested", params.get("cancellation_details"))


def end(shop: Shop, sub: Row, reason: str, details: Row | None = None) -> Row:
    """Any → canceled."""
    now = shop.now(sub)
    sub |= {
        "status": "canceled",
        "canceled_at": sub["canceled_at"] or now,
        "ended_at": now,
        "cancellation_details": sub["cancellation_details"] | {"reason": reason} | (details or {}),
    }
    shop.store.put(sub)
    shop.emit("customer.subscription.deleted", sub)
    return sub


def resume(shop: Shop, identifier: str) -> Row:
    """POST /v1/subscriptions/{id}/resume for a paused one."""
    sub = shop.store.get("subscription", identifier)
    if sub["status"] != "paused":
        raise refused("This subscription is not paused.")
    sub = start_after_trial(shop, sub)
    shop.emit("customer.subscription.resumed", sub)
    return sub


def _bill(shop: Shop, sub: Row, reason: str, period: tuple[int, int], *, renew: bool) -> Row:
    """An invoice of the pending items, with the recurring lines when ``renew``; automatic ones are charged at once."""
    invoice = upcoming(shop, sub, reason, period, recurring=renew)
    if not invoice["lines"]["data"]:
        return sub
    invoicing.draft(shop, invoice, invoice.pop("_items"))
    sub["latest_invoice"] = invoice["id"]
    shop.store.put(sub)
    invoice = invoicing.finalize(shop, invoice["id"])
    if invoice["status"] == "open" and sub["collection_method"] == "charge_automatically":
        invoicing.attempt(shop, invoice["id"])
    return shop.store.get("subscription", sub["id"])


def upcoming(
    shop: Shop, sub: Row, reason: str, period: tuple[int, int], *, recurring: bool = True, pending: bool = True
) -> Row:
    """The invoice that would be made now: pending items, the new period, the usage of the old one."""
    customer = shop.store.get("customer", sub["customer"])
    items = invoicing.pending_items(shop, customer["id"], sub["id"]) if pending else []
    if pending and recurring:
        items += invoicing.pending_items(shop, customer["id"], None)
    rows = [lines.line_of_item(shop, item) for item in items]
    if recurring:
        for item in sub["items"]["data"]:
            if item["price"]["recurring"]["usage_type"] == "metered":
                rows += (
                    lines.usage_lines(shop, sub, item, item["_used_from"], period[0]) if item.get("_used_from") else []
                )
            else:
                rows.append(lines.period_line(shop, sub, item, period[0], period[1], period))
    return invoicing.build(
        shop, customer=customer, sub=sub, rows=rows, reason=reason, period=period,
        method=sub["collection_method"], days_until_due=sub["days_until_due"],
    ) | {"_items": items}  # fmt: skip


def next_period(sub: Row) -> tuple[int, int]:
    """The period after the current one."""
    end_now = period_of(sub)[1]
    interval, count = _cycle(sub["items"]["data"])
    return end_now, add_interval(end_now, interval, count, day=sub["_anchor_day"])


def renew(shop: Shop, sub: Row) -> Row:
    """The period is over: move on and draft the invoice, which is finalised an hour later."""
    before = shop.store.get("subscription", sub["id"])
    start, stop = next_period(sub)
    for item in sub["items"]["data"]:
        item |= {
            "_used_from": item["current_period_start"],
            "current_period_start": start,
            "current_period_end": stop,
            "_full": [start, stop],
        }
    invoice = upcoming(shop, sub, "subscription_cycle", (start, stop))
    invoicing.draft(shop, invoice, invoice.pop("_items"))
    sub["latest_invoice"] = invoice["id"]
    shop.emit("customer.subscription.updated", sub, before)
    return shop.store.put(sub)


def start_after_trial(shop: Shop, sub: Row) -> Row:
    """A trial ends: bill the first period, or pause or cancel without a payment method where that was asked for."""
    now = shop.now(sub)
    customer = shop.store.get("customer", sub["customer"])
    has_method = sub["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]
    behaviour = ((sub["trial_settings"] or {}).get("end_behavior") or {}).get(
        "missing_payment_method", "create_invoice"
    )
    before = shop.store.get("subscription", sub["id"])
    if (
        not has_method
        and sub["collection_method"] == "charge_automatically"
        and behaviour != "create_invoice"
        and sub["status"] == "trialing"
    ):
        if behaviour == "cancel":
            return end(shop, sub, "cancellation_requested")
        sub["status"] = "paused"
        shop.emit("customer.subscription.paused", sub, before)
        return shop.store.put(sub)
    interval, count = _cycle(sub["items"]["data"])
    anchored = sub["_anchor_day"] is not None and sub["billing_cycle_anchor"] > now
    stop = sub["billing_cycle_anchor"] if anchored else add_interval(now, interval, count, day=sub["_anchor_day"])
    full = (
        period_around(now, sub["billing_cycle_anchor"], interval, count, sub["_anchor_day"])
        if anchored
        else (now, stop)
    )
    sub |= {"status": "active", "trial_end": min(sub["trial_end"] or now, now)}
    if not anchored:
        sub["billing_cycle_anchor"] = now
    for item in sub["items"]["data"]:
        item |= {"current_period_start": now, "current_period_end": stop, "_full": list(full)}
    shop.store.put(sub)
    shop.emit("customer.subscription.updated", sub, before)
    customer_row = shop.store.get("customer", sub["customer"])
    rows = [
        lines.period_line(shop, sub, item, now, stop, full)
        for item in sub["items"]["data"]
        if item["price"]["recurring"]["usage_type"] == "licensed"
    ]
    invoice = invoicing.build(
        shop, customer=customer_row, sub=sub, rows=rows, reason="subscription_cycle", period=(now, stop),
        method=sub["collection_method"], days_until_due=sub["days_until_due"],
    )  # fmt: skip
    invoicing.draft(shop, invoice)
    sub["latest_invoice"] = invoice["id"]
    return shop.store.put(sub)


def after_payment(shop: Shop, invoice: Row) -> None:
    """A paid invoice heals the subscription it is the latest of."""
    sub = shop.store.find(invoice["_subscription"]) if invoice["_subscription"] else None
    if (
        sub is None
        or sub["latest_invoice"] not in (invoice["id"], None)
        or sub["status"] not in ("incomplete", "past_due", "unpaid")
    ):
        return
    before = shop.store.get("subscription", sub["id"])
    sub["status"] = "active"
    shop.store.put(sub)
    if (
        invoice["billing_reason"] != "subscription_create"
        or before["status"] != "incomplete"
        or invoice["attempt_count"] > 1
    ):
        shop.emit("customer.subscription.updated", sub, before)


def after_failure(shop: Shop, invoice: Row, *, final: bool) -> None:
    """A failed charge makes an active subscription past due; after the last retry the account's rule applies."""
    sub = shop.store.find(invoice["_subscription"]) if invoice["_subscription"] else None
    if sub is None or sub["latest_invoice"] != invoice["id"]:
        return
    before = shop.store.get("subscription", sub["id"])
    if sub["status"] in ("active", "trialing"):
        sub["status"] = "past_due"
    elif final and sub["status"] == "past_due" and shop.after_final_attempt != "past_due":
        if shop.after_final_attempt == "canceled":
            end(shop, sub, "payment_failed")
            return
        sub["status"] = "unpaid"
    if sub["status"] != before["status"]:
        shop.store.put(sub)
        shop.emit("customer.subscription.updated", sub, before)


def after_void(shop: Shop, invoice: Row) -> None:
    """Voiding the first invoice ends an incomplete subscription; voiding a later one makes it active again."""
    sub = shop.store.find(invoice["_subscription"]) if invoice["_subscription"] else None
    if sub is None or sub["latest_invoice"] != invoice["id"]:
        return
    before = shop.store.get("subscription", sub["id"])
    if sub["status"] == "incomplete":
        sub["status"] = "incomplete_expired"
    elif sub["status"] in ("past_due", "unpaid"):
        sub["status"] = "active"
    if sub["status"] != before["status"]:
        shop.store.put(sub)
        shop.emit("customer.subscription.updated", sub, before)


def list_subscriptions(shop: Shop, params: dict[str, Any]) -> list[Row]:
    """GET /v1/subscriptions; cancelled ones only with status=all or status=canceled."""
    rows = shop.store.every("subscription", newest_first=True)
    if customer := params.get("customer"):
        rows = [row for row in rows if row["customer"] == customer]
    status = params.get("status")
    if status in (None, ""):
        return [row for row in rows if row["status"] in OPEN]
    return rows if status == "all" else [row for row in rows if row["status"] == status]
