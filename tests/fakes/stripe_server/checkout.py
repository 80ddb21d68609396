"""Checkout sessions and customer portal sessions: what stands behind the pages a person clicks through."""

from __future__ import annotations

from typing import Any

from stripe_server import catalogue, customers, invoicing, subscriptions
from stripe_server.shop import Shop
from stripe_server.store import Row
from stripe_server.wire import StripeFailure, listing, merged_metadata, new_id, refused, required, whole

OPEN_SECONDS = 86_400


def create(shop: Shop, params: dict[str, Any]) -> Row:
    """POST /v1/checkout/sessions for mode subscription or setup."""
    mode = params.get("mode")
    if mode not in ("subscription", "setup"):
        raise refused("This stand-in knows the modes subscription and setup.", "mode")
    if not params.get("success_url"):
        raise required("success_url")
    if mode == "subscription" and not params.get("line_items"):
        raise required("line_items")
    customer = params.get("customer")
    if customer:
        customers.living(shop, customer)
    elif mode == "subscription" and params.get("customer_email"):
        customer = None
    now = shop.now()
    identifier = new_id("cs_test")
    rows = [_line(shop, sent) for sent in params.get("line_items") or []]
    total = sum(row["amount_total"] for row in rows)
    data = params.get("subscription_data") or {}
    trial = bool(whole(data, "trial_period_days") or data.get("trial_end"))
    if trial and (data.get("billing_cycle_anchor") or data.get("billing_cycle_anchor_config")):
        raise refused("You may only specify one of these parameters: billing_cycle_anchor, trial_end.")
    return shop.store.put(
        {
            "id": identifier,
            "object": "checkout.session",
            "amount_subtotal": 0 if trial else total,
            "amount_total": 0 if trial else total,
            "cancel_url": params.get("cancel_url"),
            "client_reference_id": params.get("client_reference_id"),
            "created": now,
            "currency": rows[0]["currency"] if rows else params.get("currency", "cny"),
            "customer": customer,
            "customer_details": None,
            "customer_email": params.get("customer_email"),
            "expires_at": whole(params, "expires_at", now + OPEN_SECONDS),
            "invoice": None,
            "livemode": False,
            "locale": params.get("locale"),
            "metadata": merged_metadata({}, params),
            "mode": mode,
            "payment_method_collection": params.get("payment_method_collection", "always"),
            "payment_method_types": ["card"],
            "payment_status": "no_payment_required" if trial or mode == "setup" else "unpaid",
            "setup_intent": None,
            "status": "open",
            "subscription": None,
            "success_url": params["success_url"],
            "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            "ui_mode": "hosted",
            "url": f"{shop.public_base}/c/pay/{identifier}",
            "_line_items": rows,
            "_subscription_data": data,
        }
    )


def _line(shop: Shop, sent: dict[str, Any]) -> Row:
    price = shop.store.get("price", sent.get("price"), "line_items[price]")
    metered = bool(price["recurring"] and price["recurring"]["usage_type"] == "metered")
    quantity = whole(sent, "quantity", None if metered else 1)
    amount = 0 if metered else catalogue.amount_of(price, quantity or 0)
    return {
        "id": new_id("li"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": shop.store.get("product", price["product"])["name"],
        "price": price,
        "quantity": quantity,
    }


def expire(shop: Shop, identifier: str) -> Row:
    """POST /v1/checkout/sessions/{id}/expire."""
    session = shop.store.get("checkout.session", identifier)
    if session["status"] != "open":
        raise refused(
            f'Only Checkout Sessions with a status in ["open"] can be expired. This one is {session["status"]}.'
        )
    session |= {"status": "expired", "url": None}
    shop.emit("checkout.session.expired", session)
    return shop.store.put(session)


def complete(shop: Shop, identifier: str, token: str) -> Row:
    """The person pressed "pay" with this test card. Raises StripeFailure 402 when it is declined: nothing stays."""
    session = shop.store.get("checkout.session", identifier)
    if session["status"] != "open":
        raise refused("This session is no longer open.")
    if token not in customers.CARDS:
        raise StripeFailure(402, "Your card number is incorrect.", kind="card_error", code="incorrect_number")
    customer = session["customer"] or customers.create_customer(shop, {"email": session["customer_email"]})["id"]
    refusal = customers.CARDS[token][2]
    if refusal:
        raise customers.declined(refusal)
    method = customers.attach(shop, token, {"customer": customer})
    sub = invoice = None
    if session["mode"] == "subscription":
        items = [
            {"price": row["price"]["id"]} | ({} if row["quantity"] is None else {"quantity": row["quantity"]})
            for row in session["_line_items"]
        ]
        sub = subscriptions.create(
            shop,
            session["_subscription_data"]
            | {"customer": customer, "items": items, "default_payment_method": method["id"], "off_session": "false"},
        )
        if sub["status"] == "incomplete":
            raise customers.declined(customers.outcome(method) or "generic_decline")
        invoice = sub["latest_invoice"]
    row = shop.store.get("customer", customer)
    if not row["invoice_settings"]["default_payment_method"] or session["mode"] == "setup":
        customers.update_customer(shop, customer, {"invoice_settings": {"default_payment_method": method["id"]}})
    session |= {
        "status": "complete",
        "payment_status": "no_payment_required" if (sub and sub["status"] == "trialing") or not sub else "paid",
        "subscription": sub["id"] if sub else None,
        "invoice": invoice,
        "customer": customer,
        "customer_details": {
            "email": row["email"],
            "name": row["name"],
            "address": None,
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
        },
        "setup_intent": new_id("seti") if session["mode"] == "setup" else None,
        "url": None,
    }
    shop.emit("checkout.session.completed", session)
    return shop.store.put(session)


def create_portal(shop: Shop, params: dict[str, Any]) -> Row:
    """POST /v1/billing_portal/sessions."""
    customers.living(shop, params.get("customer"))
    identifier = new_id("bps")
    return shop.store.put(
        {
            "id": identifier,
            "object": "billing_portal.session",
            "configuration": params.get("configuration") or "bpc_default",
            "created": shop.now(),
            "customer": params["customer"],
            "flow": {"type": params["flow_data"]["type"]} if params.get("flow_data") else None,
            "livemode": False,
            "locale": params.get("locale"),
            "on_behalf_of": None,
            "return_url": params.get("return_url"),
            "url": f"{shop.public_base}/p/session/{identifier}",
        }
    )


def portal_act(shop: Shop, session: Row, form: dict[str, Any]) -> None:
    """One button of the portal page: add a card, choose it, drop it, end or keep the plan, pay an invoice."""
    act = form.get("act")
    if act == "add":
        method = customers.attach(shop, form.get("card", ""), {"customer": session["customer"]})
        customers.update_customer(
            shop, session["customer"], {"invoice_settings": {"default_payment_method": method["id"]}}
        )
        _for_subscriptions(shop, session["customer"], {"default_payment_method": method["id"]})
    elif act == "choose":
        customers.update_customer(
            shop, session["customer"], {"invoice_settings": {"default_payment_method": form["method"]}}
        )
        _for_subscriptions(shop, session["customer"], {"default_payment_method": form["method"]})
    elif act == "drop":
        customers.detach(shop, form["method"])
    elif act in ("end", "keep"):
        _for_subscriptions(shop, session["customer"], {"cancel_at_period_end": "true" if act == "end" else "false"})
    elif act == "pay":
        invoicing.pay(shop, form["invoice"], {})
    else:
        raise refused("Unknown button.", "act")


def _for_subscriptions(shop: Shop, customer: str, change: dict[str, Any]) -> None:
    for sub in subscriptions.list_subscriptions(shop, {"customer": customer}):
        subscriptions.update(shop, sub["id"], change)


def line_items(shop: Shop, identifier: str) -> Row:
    """GET /v1/checkout/sessions/{id}/line_items."""
    session = shop.store.get("checkout.session", identifier)
    return listing(session["_line_items"], f"/v1/checkout/sessions/{identifier}/line_items")
