"""Customers and payment methods; the test cards decide how a charge ends."""

from __future__ import annotations

from typing import Any

from stripe_server.shop import Shop
from stripe_server.store import Row
from stripe_server.wire import StripeFailure, merged_metadata, missing, new_id, refused, required, whole

# token: (brand, last four, decline code when attached, decline code when charged)
CARDS: dict[str, tuple[str, str, str | None, str | None]] = {
    "pm_card_visa": ("visa", "4242", None, None),
    "pm_card_mastercard": ("mastercard", "4444", None, None),
    "pm_card_unionpay": ("unionpay", "0005", None, None),
    "pm_card_chargeCustomerFail": ("visa", "0341", None, "generic_decline"),
    "pm_card_insufficientFundsLater": ("unionpay", "9995", None, "insufficient_funds"),
    "pm_card_chargeDeclined": ("visa", "0002", "generic_decline", "generic_decline"),
    "pm_card_chargeDeclinedInsufficientFunds": ("visa", "9995", "insufficient_funds", "insufficient_funds"),
    "pm_card_chargeDeclinedExpiredCard": ("visa", "0069", "expired_card", "expired_card"),
    "pm_card_authenticationRequired": ("visa", "3184", None, "authentication_required"),
}
NUMBERS = {
    "4242424242424242": "pm_card_visa",
    "5555555555554444": "pm_card_mastercard",
    "6200000000000005": "pm_card_unionpay",
    "4000000000000341": "pm_card_chargeCustomerFail",
    "4000000000000002": "pm_card_chargeDeclined",
    "4000000000009995": "pm_card_chargeDeclinedInsufficientFunds",
    "4000000000000069": "pm_card_chargeDeclinedExpiredCard",
    "4000002500003155": "pm_card_authenticationRequired",
}
WORDS = {
    "generic_decline": "Your card was declined.",
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "authentication_required": "Your card was declined. This transaction requires authentication.",
}


def declined(code: str) -> StripeFailure:
    """The 402 of a declined card."""
    if code == "authentication_required":
        return StripeFailure(402, WORDS[code], kind="card_error", code="authentication_required", decline_code=code)
    outer = "expired_card" if code == "expired_card" else "card_declined"
    return StripeFailure(402, WORDS[code], kind="card_error", code=outer, decline_code=code)


def create_customer(shop: Shop, params: dict[str, Any]) -> Row:
    """POST /v1/customers."""
    clock = params.get("test_clock")
    if clock:
        shop.store.get("test_helpers.test_clock", clock, "test_clock")
    row: Row = {
        "id": new_id("cus"),
        "object": "customer",
        "address": params.get("address"),
        "balance": whole(params, "balance", 0, minimum=-(10**12)),
        "created": 0,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": params.get("description"),
        "email": params.get("email"),
        "invoice_prefix": new_id("x")[-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": merged_metadata({}, params),
        "name": params.get("name"),
        "next_invoice_sequence": 1,
        "phone": params.get("phone"),
        "preferred_locales": params.get("preferred_locales") or [],
        "shipping": None,
        "tax_exempt": params.get("tax_exempt", "none"),
        "test_clock": clock,
    }
    row["created"] = shop.now(row)
    shop.store.put(row)
    if token := params.get("payment_method"):
        attach(shop, token, {"customer": row["id"]})
    row = _settings(shop, row, params)
    shop.emit("customer.created", row)
    return shop.store.put(row)


def update_customer(shop: Shop, identifier: str, params: dict[str, Any]) -> Row:
    """POST /v1/customers/{id}."""
    row = living(shop, identifier)
    before = dict(row)
    for name in ("name", "email", "phone", "description", "address", "preferred_locales", "tax_exempt"):
        if name in params:
            row[name] = params[name] or None
    if "balance" in params:
        row["balance"] = whole(params, "balance", 0, minimum=-(10**12))
    row["metadata"] = merged_metadata(row["metadata"], params)
    row = _settings(shop, row, params)
    shop.emit("customer.updated", row, before)
    return shop.store.put(row)


def delete_customer(shop: Shop, identifier: str) -> Row:
    """DELETE /v1/customers/{id}: the id stays known as deleted."""
    row = living(shop, identifier)
    row["_deleted"] = True
    shop.emit("customer.deleted", row)
    shop.store.put(row)
    return {"id": identifier, "object": "customer", "deleted": True}


def living(shop: Shop, identifier: Any, param: str = "customer") -> Row:
    """A customer that was not deleted. Raises 404."""
    row = shop.store.get("customer", identifier, param)
    if row.get("_deleted"):
        raise missing("customer", identifier, param)
    return row


def _settings(shop: Shop, row: Row, params: dict[str, Any]) -> Row:
    sent = params.get("invoice_settings") or {}
    settings = dict(row["invoice_settings"])
    if "default_payment_method" in sent:
        chosen = sent["default_payment_method"]
        if chosen in CARDS:
            # Stripe resolves a test token to the method that was just made from it.
            own = shop.store.every("payment_method", newest_first=True, customer=row["id"], _token=chosen)
            chosen = own[0]["id"] if own else attach(shop, chosen, {"customer": row["id"]})["id"]
        elif chosen and shop.store.get("payment_method", chosen)["customer"] != row["id"]:
            raise refused("The customer does not have a payment method with the ID " + chosen, "invoice_settings")
        settings["default_payment_method"] = chosen or None
    for name in ("footer", "custom_fields"):
        if name in sent:
            settings[name] = sent[name] or None
    row["invoice_settings"] = settings
    return row


def create_method(shop: Shop, params: dict[str, Any]) -> Row:
    """POST /v1/payment_methods, from a test token or a test card number."""
    card = params.get("card") or {}
    token = card.get("token") or NUMBERS.get(str(card.get("number", "")).replace(" ", ""))
    token = {"tok_visa": "pm_card_visa", "tok_chargeCustomerFail": "pm_card_chargeCustomerFail"}.get(token, token)
    if token not in CARDS:
        raise StripeFailure(
            402, "Your card number is incorrect.", kind="card_error", code="incorrect_number", param="number"
        )
    return shop.store.put(_method(shop, token))


def _method(shop: Shop, token: str) -> Row:
    brand, last4, _, _ = CARDS[token]
    return {
        "id": new_id("pm"),
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": {"address": None, "email": None, "name": None, "phone": None},
        "card": {
            "brand": brand,
            "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
            "country": "CN",
            "exp_month": 12,
            "exp_year": 2034,
            "fingerprint": new_id("fp")[3:19],
            "funding": "credit",
            "last4": last4,
        },
        "created": shop.now(),
        "customer": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
        "_token": token,
    }


def attach(shop: Shop, identifier: str, params: dict[str, Any]) -> Row:
    """POST /v1/payment_methods/{id}/attach; a test token becomes a new method."""
    customer = living(shop, params.get("customer"))
    row = _method(shop, identifier) if identifier in CARDS else shop.store.get("payment_method", identifier)
    refusal = CARDS[row["_token"]][2]
    if refusal:
        raise declined(refusal)
    if row["customer"] not in (None, customer["id"]):
        raise refused("The payment method you provided has already been attached to a customer.")
    row["customer"] = customer["id"]
    row["created"] = shop.now(customer)
    shop.emit("payment_method.attached", row)
    return shop.store.put(row)


def detach(shop: Shop, identifier: str) -> Row:
    """POST /v1/payment_methods/{id}/detach."""
    row = shop.store.get("payment_method", identifier)
    if row["customer"] is None:
        raise refused("The payment method you provided is not attached to a customer so detachment is impossible.")
    customer = shop.store.get("customer", row["customer"])
    if customer["invoice_settings"]["default_payment_method"] == identifier:
        customer["invoice_settings"]["default_payment_method"] = None
        shop.store.put(customer)
    row["customer"] = None
    shop.emit("payment_method.detached", row)
    return shop.store.put(row)


def methods_of(shop: Shop, params: dict[str, Any]) -> list[Row]:
    """GET /v1/payment_methods?customer=…"""
    if not params.get("customer"):
        raise required("customer")
    return shop.store.every("payment_method", newest_first=True, customer=params["customer"])


def outcome(method: Row | None) -> str | None:
    """How a charge on the method ends: None for success, else a decline code."""
    if method is None:
        return "missing"
    return CARDS[method["_token"]][3]


def list_customers(shop: Shop, params: dict[str, Any]) -> list[Row]:
    """GET /v1/customers with email and test_clock."""
    rows = [row for row in shop.store.every("customer", newest_first=True) if not row.get("_deleted")]
    if "email" in params:
        rows = [row for row in rows if row["email"] == params["email"]]
    if "test_clock" in params:
        rows = [row for row in rows if row["test_clock"] == params["test_clock"]]
    return rows
