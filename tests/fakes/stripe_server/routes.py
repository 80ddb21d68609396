"""The API: which path does what, expansion, idempotency."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from stripe_server import catalogue, checkout, customers, invoicing, passing, previews, subscriptions
from stripe_server.shop import Shop, public
from stripe_server.store import Row
from stripe_server.wire import StripeFailure, listing, missing, page_of, whole

Handler = Callable[[Shop, dict[str, Any], list[str]], Any]


def _get(kind: str) -> Handler:
    return lambda shop, params, ids: shop.store.get(kind, ids[0])


def _all(kind: str) -> Handler:
    return lambda shop, params, ids: shop.store.every(kind, newest_first=True)


def _events(shop: Shop, params: dict[str, Any], ids: list[str]) -> list[Row]:
    rows = shop.store.every("event", newest_first=True)
    if kind := params.get("type"):
        rows = [row for row in rows if row["type"] == kind]
    created = params.get("created")
    if isinstance(created, dict):
        low, high = whole(created, "gte", 0) or 0, whole(created, "lte", 2**60) or 0
        low = max(low, (whole(created, "gt", -1) if "gt" in created else -1) + 1)  # type: ignore[operator]  # gt is set then
        rows = [row for row in rows if low <= row["created"] <= high]
    return rows


def _items(shop: Shop, params: dict[str, Any], ids: list[str]) -> list[Row]:
    return shop.store.get("subscription", params.get("subscription"))["items"]["data"]


def _invoice_lines(shop: Shop, params: dict[str, Any], ids: list[str]) -> list[Row]:
    return shop.store.get("invoice", ids[0])["lines"]["data"]


def _customer(shop: Shop, params: dict[str, Any], ids: list[str]) -> Row:
    row = shop.store.get("customer", ids[0])
    return {"id": row["id"], "object": "customer", "deleted": True} if row.get("_deleted") else row


def _end_clock(shop: Shop, params: dict[str, Any], ids: list[str]) -> Row:
    return passing.delete_clock(shop, ids[0])


ROUTES: list[tuple[str, str, Handler]] = [
    (
        "GET",
        "/v1/account",
        lambda s, p, i: {"id": "acct_fake", "object": "account", "country": "HK", "default_currency": "cny"},
    ),
    ("POST", "/v1/products", lambda s, p, i: catalogue.create_product(s, p)),
    ("GET", "/v1/products", _all("product")),
    ("GET", "/v1/products/{id}", _get("product")),
    ("POST", "/v1/products/{id}", lambda s, p, i: catalogue.update_product(s, i[0], p)),
    ("POST", "/v1/prices", lambda s, p, i: catalogue.create_price(s, p)),
    ("GET", "/v1/prices", lambda s, p, i: catalogue.list_prices(s, p)),
    ("GET", "/v1/prices/{id}", _get("price")),
    ("POST", "/v1/prices/{id}", lambda s, p, i: catalogue.update_price(s, i[0], p)),
    ("POST", "/v1/customers", lambda s, p, i: customers.create_customer(s, p)),
    ("GET", "/v1/customers", lambda s, p, i: customers.list_customers(s, p)),
    ("GET", "/v1/customers/{id}", _customer),
    ("POST", "/v1/customers/{id}", lambda s, p, i: customers.update_customer(s, i[0], p)),
    ("DELETE", "/v1/customers/{id}", lambda s, p, i: customers.delete_customer(s, i[0])),
    ("GET", "/v1/customers/{id}/payment_methods", lambda s, p, i: customers.methods_of(s, {"customer": i[0]})),
    ("POST", "/v1/payment_methods", lambda s, p, i: customers.create_method(s, p)),
    ("GET", "/v1/payment_methods", lambda s, p, i: customers.methods_of(s, p)),
    ("GET", "/v1/payment_methods/{id}", _get("payment_method")),
    ("POST", "/v1/payment_methods/{id}/attach", lambda s, p, i: customers.attach(s, i[0], p)),
    ("POST", "/v1/payment_methods/{id}/detach", lambda s, p, i: customers.detach(s, i[0])),
    ("GET", "/v1/payment_intents/{id}", _get("payment_intent")),
    ("POST", "/v1/subscriptions", lambda s, p, i: subscriptions.create(s, p)),
    ("GET", "/v1/subscriptions", lambda s, p, i: subscriptions.list_subscriptions(s, p)),
    ("GET", "/v1/subscriptions/{id}", _get("subscription")),
    ("POST", "/v1/subscriptions/{id}", lambda s, p, i: subscriptions.update(s, i[0], p)),
    ("DELETE", "/v1/subscriptions/{id}", lambda s, p, i: subscriptions.cancel(s, i[0], p)),
    ("POST", "/v1/subscriptions/{id}/resume", lambda s, p, i: subscriptions.resume(s, i[0])),
    ("GET", "/v1/subscription_items", _items),
    ("POST", "/v1/invoices/create_preview", lambda s, p, i: previews.create(s, p)),
    ("POST", "/v1/invoices", lambda s, p, i: invoicing.create(s, p)),
    ("GET", "/v1/invoices", lambda s, p, i: invoicing.list_invoices(s, p)),
    ("GET", "/v1/invoices/{id}", _get("invoice")),
    ("POST", "/v1/invoices/{id}", lambda s, p, i: invoicing.update(s, i[0], p)),
    ("DELETE", "/v1/invoices/{id}", lambda s, p, i: invoicing.delete_draft(s, i[0])),
    ("GET", "/v1/invoices/{id}/lines", _invoice_lines),
    ("POST", "/v1/invoices/{id}/finalize", lambda s, p, i: invoicing.finalize(s, i[0])),
    ("POST", "/v1/invoices/{id}/pay", lambda s, p, i: invoicing.pay(s, i[0], p)),
    ("POST", "/v1/invoices/{id}/send", lambda s, p, i: invoicing.send(s, i[0])),
    ("POST", "/v1/invoices/{id}/void", lambda s, p, i: invoicing.void(s, i[0])),
    ("POST", "/v1/invoices/{id}/mark_uncollectible", lambda s, p, i: invoicing.mark_uncollectible(s, i[0])),
    ("POST", "/v1/invoiceitems", lambda s, p, i: invoicing.create_item(s, p)),
    ("GET", "/v1/invoiceitems", _all("invoiceitem")),
    ("GET", "/v1/invoice_payments", lambda s, p, i: s.store.every("invoice_payment", invoice=p.get("invoice"))),
    ("POST", "/v1/checkout/sessions", lambda s, p, i: checkout.create(s, p)),
    ("GET", "/v1/checkout/sessions", _all("checkout.session")),
    ("GET", "/v1/checkout/sessions/{id}", _get("checkout.session")),
    ("POST", "/v1/checkout/sessions/{id}/expire", lambda s, p, i: checkout.expire(s, i[0])),
    ("GET", "/v1/checkout/sessions/{id}/line_items", lambda s, p, i: checkout.line_items(s, i[0])),
    ("POST", "/v1/billing_portal/sessions", lambda s, p, i: checkout.create_portal(s, p)),
    ("POST", "/v1/billing/meters", lambda s, p, i: catalogue.create_meter(s, p)),
    ("GET", "/v1/billing/meters", _all("billing.meter")),
    ("GET", "/v1/billing/meters/{id}", _get("billing.meter")),
    ("GET", "/v1/billing/meters/{id}/event_summaries", lambda s, p, i: catalogue.meter_summaries(s, i[0], p)),
    ("POST", "/v1/billing/meter_events", lambda s, p, i: catalogue.create_meter_event(s, p)),
    ("POST", "/v1/test_helpers/test_clocks", lambda s, p, i: passing.create_clock(s, p)),
    ("GET", "/v1/test_helpers/test_clocks", _all("test_helpers.test_clock")),
    ("GET", "/v1/test_helpers/test_clocks/{id}", _get("test_helpers.test_clock")),
    ("DELETE", "/v1/test_helpers/test_clocks/{id}", _end_clock),
    ("POST", "/v1/test_helpers/test_clocks/{id}/advance", lambda s, p, i: passing.advance_clock(s, i[0], p)),
    ("GET", "/v1/events", _events),
    ("GET", "/v1/events/{id}", _get("event")),
]
COMPILED = [
    (method, re.compile("^" + re.sub(r"\{\w+\}", r"([^/]+)", path) + "$"), path, handler)
    for method, path, handler in ROUTES
]


def answer(shop: Shop, method: str, path: str, params: dict[str, Any]) -> Row:
    """Call the handler of a path and shape its result. Raises StripeFailure."""
    for known_method, pattern, template, handler in COMPILED:
        match = pattern.match(path)
        if known_method == method and match:
            result = handler(shop, params, list(match.groups()))
            expand = params.get("expand") or []
            if isinstance(result, list):
                page = page_of(result, params, template)
                wanted = [name.removeprefix("data.") for name in expand if name.startswith("data.")]
                return public(page | {"data": [_expanded(shop, row, wanted) for row in page["data"]]})
            return public(_expanded(shop, result, list(expand)))
    raise StripeFailure(404, f"Unrecognized request URL ({method}: {path}).")


def _expanded(shop: Shop, row: Row, names: list[str]) -> Row:
    for name in names:
        _expand(shop, row, name.split("."), name)
    return row


def _expand(shop: Shop, row: Any, parts: list[str], full: str) -> None:
    if isinstance(row, list):
        for child in row:
            _expand(shop, child, parts, full)
        return
    head, rest = parts[0], parts[1:]
    if head == "payments" and row.get("object") == "invoice":
        payments = shop.store.every("invoice_payment", invoice=row["id"])
        row["payments"] = listing(payments, f"/v1/invoice_payments?invoice={row['id']}")
    elif head == "tiers" and row.get("object") == "price":
        row["tiers"] = row["_tiers"]
    elif head not in row:
        raise StripeFailure(400, f"This property cannot be expanded ({full}).")
    value = row[head]
    if isinstance(value, str):
        found = shop.store.find(value)
        if found is None:
            raise missing(head, value)
        row[head] = found
    if rest and row[head] is not None:
        _expand(shop, row[head], rest, full)
