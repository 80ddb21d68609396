"""Invoices: draft, open, paid, uncollectible, void; attempts to charge and their retries."""

from __future__ import annotations

from typing import Any

from stripe_server import customers, lines
from stripe_server.moments import DAY
from stripe_server.shop import Shop
from stripe_server.store import Row
from stripe_server.wire import StripeFailure, flag, listing, merged_metadata, new_id, refused, whole

DRAFT_SECONDS = 3_600
RETRY_AFTER_DAYS = (3, 5, 7)


def build(
    shop: Shop, *, customer: Row, sub: Row | None, rows: list[Row], reason: str, period: tuple[int, int], method: str,
    days_until_due: int | None = None, params: dict[str, Any] | None = None,
) -> Row:  # fmt: skip
    """A draft with these lines; credit on the customer's balance is applied when it is finalised."""
    params = params or {}
    now = shop.now(customer)
    identifier = new_id("in")
    for row in rows:
        row["invoice"] = identifier
    total = sum(row["amount"] for row in rows)
    settings = (sub or {}).get("invoice_settings") or {}
    return {
        "id": identifier,
        "object": "invoice",
        "account_country": "HK",
        "account_name": "Lianzhen",
        "amount_due": max(total, 0),
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_paid_off_stripe": 0,
        "amount_remaining": max(total, 0),
        "amount_shipping": 0,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": flag(params, "auto_advance", True),
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "automatically_finalizes_at": now + DRAFT_SECONDS,
        "billing_reason": reason,
        "collection_method": method,
        "created": now,
        "currency": rows[0]["currency"] if rows else (sub or {}).get("currency") or customer["currency"] or "cny",
        "custom_fields": settings.get("custom_fields"),
        "customer": customer["id"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_tax_exempt": customer["tax_exempt"],
        "default_payment_method": params.get("default_payment_method"),
        "description": params.get("description") or (sub or {}).get("description"),
        "discounts": [],
        "due_date": None,
        "effective_at": None,
        "ending_balance": None,
        "footer": params.get("footer") or settings.get("footer") or customer["invoice_settings"].get("footer"),
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": listing(rows, f"/v1/invoices/{identifier}/lines"),
        "livemode": False,
        "metadata": merged_metadata({}, params),
        "next_payment_attempt": now + DRAFT_SECONDS if method == "charge_automatically" else None,
        "number": None,
        "parent": {
            "quote_details": None,
            "subscription_details": {"metadata": dict(sub["metadata"]), "subscription": sub["id"]},
            "type": "subscription_details",
        }
        if sub
        else None,
        "payment_settings": (sub or {}).get("payment_settings") or params.get("payment_settings") or {},
        "period_end": period[1],
        "period_start": period[0],
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "starting_balance": 0,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": total,
        "subtotal_excluding_tax": total,
        "test_clock": customer["test_clock"],
        "total": total,
        "total_discount_amounts": [],
        "total_excluding_tax": total,
        "total_taxes": [],
        "webhooks_delivered_at": now,
        "_days_until_due": days_until_due,
        "_subscription": sub["id"] if sub else None,
        "_next_failures": 0,
    }


def draft(shop: Shop, invoice: Row, items: list[Row] | None = None) -> Row:
    """Store a draft and bind the pending items it took."""
    for item in items or []:
        shop.store.put(item | {"invoice": invoice["id"]})
    shop.emit("invoice.created", invoice)
    return shop.store.put(invoice)


def create(shop: Shop, params: dict[str, Any]) -> Row:
    """POST /v1/invoices: a one-off invoice from the customer's pending items."""
    customer = customers.living(shop, params.get("customer"))
    items = pending_items(shop, customer["id"], params.get("subscription"))
    sub = shop.store.get("subscription", params["subscription"], "subscription") if params.get("subscription") else None
    method = params.get("collection_method") or (sub or {}).get("collection_method") or "charge_automatically"
    now = shop.now(customer)
    params = {"auto_advance": "false"} | params
    due = whole(params, "days_until_due", (sub or {}).get("days_until_due"))
    if method == "send_invoice" and due is None:
        raise refused("You must pass `days_until_due` or `due_date` when `collection_method` is `send_invoice`.")
    rows = [lines.line_of_item(shop, item) for item in items]
    invoice = build(
        shop, customer=customer, sub=sub, rows=rows, reason="manual" if not sub else "subscription_update",
        period=(now, now), method=method, days_until_due=due, params=params,
    )  # fmt: skip
    return draft(shop, invoice, items)


def pending_items(shop: Shop, customer: str, subscription: str | None) -> list[Row]:
    """Invoice items that no invoice took yet."""
    return shop.store.every("invoiceitem", customer=customer, invoice=None, _subscription=subscription)


def create_item(shop: Shop, params: dict[str, Any]) -> Row:
    """POST /v1/invoiceitems: an amount for the next invoice."""
    customer = customers.living(shop, params.get("customer"))
    quantity = whole(params, "quantity", 1) or 1
    pricing = None
    amount = whole(params, "amount", minimum=-(10**12))
    if (chosen := (params.get("pricing") or {}).get("price") or params.get("price")) is not None:
        price = shop.store.get("price", chosen, "pricing[price]")
        amount = int(price["unit_amount"]) * quantity
        pricing = {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        }
    if amount is None:
        raise refused("You must specify either `amount` or `pricing`.", "amount")
    now = shop.now(customer)
    sent = params.get("period") or {}
    return shop.store.put(
        {
            "id": new_id("ii"),
            "object": "invoiceitem",
            "amount": amount,
            "currency": params.get("currency") or "cny",
            "customer": customer["id"],
            "date": now,
            "description": params.get("description") or "",
            "discountable": True,
            "discounts": [],
            "invoice": None,
            "livemode": False,
            "metadata": merged_metadata({}, params),
            "parent": None,
            "period": {"start": whole(sent, "start", now), "end": whole(sent, "end", now)},
            "pricing": pricing,
            "proration": False,
            "quantity": quantity,
            "tax_rates": [],
            "test_clock": customer["test_clock"],
            "_subscription": params.get("subscription"),
        }
    )


def update(shop: Shop, identifier: str, params: dict[str, Any]) -> Row:
    """POST /v1/invoices/{id}."""
    invoice = shop.store.get("invoice", identifier)
    before = dict(invoice)
    for name in ("description", "footer", "custom_fields", "default_payment_method"):
        if name in params:
            if invoice["status"] != "draft" and name != "default_payment_method":
                raise refused("Finalized invoices can't be updated in this way.", name)
            invoice[name] = params[name] or None
    if "auto_advance" in params:
        invoice["auto_advance"] = flag(params, "auto_advance")
    invoice["metadata"] = merged_metadata(invoice["metadata"], params)
    shop.emit("invoice.updated", invoice, before)
    return shop.store.put(invoice)


def finalize(shop: Shop, identifier: str) -> Row:
    """Draft → open: number, links, due date. Nothing to pay means paid at once."""
    invoice = shop.store.get("invoice", identifier)
    if invoice["status"] != "draft":
        raise refused(
            "This invoice is already finalized, you can't re-finalize a non-draft invoice.",
            code="invoice_no_longer_editable",
        )
    before = dict(invoice)
    customer = shop.store.get("customer", invoice["customer"])
    now = shop.now(invoice)
    invoice["number"] = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}"
    customer["next_invoice_sequence"] += 1
    customer["currency"] = invoice["currency"]
    invoice["starting_balance"] = customer["balance"]
    if invoice["total"] < 0:
        customer["balance"] += invoice["total"]
    else:
        used = min(invoice["total"], max(0, -customer["balance"]))
        customer["balance"] += used
        invoice["amount_due"] = invoice["amount_remaining"] = invoice["total"] - used
    invoice["ending_balance"] = customer["balance"]
    shop.store.put(customer)
    invoice |= {
        "status": "open",
        "effective_at": now,
        "automatically_finalizes_at": None,
        "hosted_invoice_url": f"{shop.public_base}/i/{invoice['id']}",
        "invoice_pdf": f"{shop.public_base}/i/{invoice['id']}/pdf",
        "status_transitions": invoice["status_transitions"] | {"finalized_at": now},
    }
    if invoice["collection_method"] == "send_invoice":
        invoice["due_date"] = now + (invoice["_days_until_due"] or 0) * DAY
        invoice["next_payment_attempt"] = None
    elif invoice["auto_advance"]:
        invoice["next_payment_attempt"] = now
    shop.emit("invoice.finalized", invoice, before)
    shop.store.put(invoice)
    if invoice["amount_due"] == 0:
        return settle(shop, invoice["id"], paid_off_stripe=False, charged=0)
    return invoice


def send(shop: Shop, identifier: str) -> Row:
    """POST /v1/invoices/{id}/send."""
    invoice = shop.store.get("invoice", identifier)
    if invoice["collection_method"] != "send_invoice":
        raise refused("You can only manually send an invoice if its collection method is 'send_invoice'.")
    if invoice["status"] == "draft":
        invoice = finalize(shop, identifier)
    shop.emit("invoice.sent", invoice)
    return invoice


def settle(shop: Shop, identifier: str, *, paid_off_stripe: bool, charged: int | None = None) -> Row:
    """Open → paid, and what that does to the subscription."""
    from stripe_server import subscriptions

    invoice = shop.store.get("invoice", identifier)
    before = dict(invoice)
    amount = invoice["amount_due"] if charged is None else charged
    invoice |= {
        "status": "paid",
        "amount_paid": amount,
        "amount_remaining": 0,
        "amount_paid_off_stripe": amount if paid_off_stripe else 0,
        "next_payment_attempt": None,
        "status_transitions": invoice["status_transitions"] | {"paid_at": shop.now(invoice)},
    }
    shop.store.put(invoice)
    shop.emit("invoice.updated", invoice, before)
    shop.emit("invoice.paid", invoice)
    shop.emit("invoice.payment_succeeded", invoice)
    subscriptions.after_payment(shop, invoice)
    return invoice


def pay(shop: Shop, identifier: str, params: dict[str, Any]) -> Row:
    """POST /v1/invoices/{id}/pay. A decline is committed (attempt, event) and answered with 402."""
    invoice = shop.store.get("invoice", identifier)
    if invoice["status"] == "paid":
        raise refused("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] == "draft":
        invoice = finalize(shop, identifier)
        if invoice["status"] == "paid":
            return invoice
    if invoice["status"] not in ("open", "uncollectible"):
        raise refused(f"You can't pay an invoice with status {invoice['status']}.", code="invoice_not_payable")
    if flag(params, "paid_out_of_band"):
        return settle(shop, identifier, paid_off_stripe=True)
    refusal = attempt(shop, identifier, params.get("payment_method"))
    if refusal:
        failure = customers.declined(refusal) if refusal in customers.WORDS else StripeFailure(
            402, "Cannot charge a customer that has no active card", kind="card_error", code="missing"
        )  # fmt: skip
        failure.keep = True
        raise failure
    return shop.store.get("invoice", identifier)


def attempt(shop: Shop, identifier: str, chosen: str | None = None, *, retry: bool = True) -> str | None:
    """Charge an open invoice. Returns the decline code, or None when it was paid."""
    from stripe_server import subscriptions

    invoice = shop.store.get("invoice", identifier)
    before = dict(invoice)
    customer = shop.store.get("customer", invoice["customer"])
    sub = shop.store.find(invoice["_subscription"]) if invoice["_subscription"] else None
    if chosen in customers.CARDS:
        chosen = customers.attach(shop, str(chosen), {"customer": customer["id"]})["id"]
    wanted = (
        chosen
        or invoice["default_payment_method"]
        or (sub or {}).get("default_payment_method")
        or customer["invoice_settings"]["default_payment_method"]
    )
    method = shop.store.find(wanted) if wanted else None
    refusal = customers.outcome(method)
    now = shop.now(invoice)
    _record_attempt(shop, invoice, method, refusal, now)
    invoice |= {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
    shop.store.put(invoice)
    if refusal is None:
        settle(shop, identifier, paid_off_stripe=False)
        return None
    done = invoice["_next_failures"]
    if (
        retry
        and invoice["collection_method"] == "charge_automatically"
        and invoice["billing_reason"] != "subscription_create"
    ):
        invoice["next_payment_attempt"] = now + RETRY_AFTER_DAYS[done] * DAY if done < len(RETRY_AFTER_DAYS) else None
    else:
        invoice["next_payment_attempt"] = None
    invoice["_next_failures"] = done + 1
    shop.store.put(invoice)
    shop.emit("invoice.updated", invoice, before)
    shop.emit("invoice.payment_failed", invoice)
    subscriptions.after_failure(shop, invoice, final=done >= len(RETRY_AFTER_DAYS))
    return refusal


def _record_attempt(shop: Shop, invoice: Row, method: Row | None, refusal: str | None, now: int) -> None:
    error = None
    if refusal:
        error = {
            "code": "card_declined" if refusal in customers.WORDS else "payment_method_missing",
            "decline_code": refusal if refusal in customers.WORDS else None,
            "message": customers.WORDS.get(refusal, "There is no payment method."),
            "type": "card_error",
        }
    known = shop.store.every("invoice_payment", invoice=invoice["id"])
    intent_id = known[0]["payment"]["payment_intent"] if known else new_id("pi")
    intent = {
        "id": intent_id,
        "object": "payment_intent",
        "amount": invoice["amount_due"],
        "amount_received": 0 if refusal else invoice["amount_due"],
        "created": now,
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "last_payment_error": error,
        "livemode": False,
        "metadata": {},
        "payment_method": method["id"] if method else None,
        "status": "requires_payment_method" if refusal else "succeeded",
        "test_clock": invoice["test_clock"],
    }
    shop.store.put(intent)
    shop.emit("payment_intent.payment_failed" if refusal else "payment_intent.succeeded", intent)
    row = known[0] if known else {"id": new_id("inpay"), "object": "invoice_payment", "created": now}
    row |= {
        "amount_paid": None if refusal else invoice["amount_due"],
        "amount_requested": invoice["amount_due"],
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": True,
        "livemode": False,
        "payment": {"payment_intent": intent_id, "type": "payment_intent"},
        "status": "open" if refusal else "paid",
        "status_transitions": {"canceled_at": None, "paid_at": None if refusal else now},
    }
    shop.store.put(row)


def void(shop: Shop, identifier: str) -> Row:
    """POST /v1/invoices/{id}/void."""
    return _close(shop, identifier, "void", "voided_at", ("open", "uncollectible"))


def mark_uncollectible(shop: Shop, identifier: str) -> Row:
    """POST /v1/invoices/{id}/mark_uncollectible."""
    return _close(shop, identifier, "uncollectible", "marked_uncollectible_at", ("open",))


def _close(shop: Shop, identifier: str, status: str, stamp: str, allowed: tuple[str, ...]) -> Row:
    from stripe_server import subscriptions

    invoice = shop.store.get("invoice", identifier)
    if invoice["status"] not in allowed:
        raise refused(f"You can't do this to an invoice with status {invoice['status']}.", code="invoice_not_editable")
    before = dict(invoice)
    invoice["status"] = status
    invoice["next_payment_attempt"] = None
    invoice["status_transitions"] = invoice["status_transitions"] | {stamp: shop.now(invoice)}
    shop.store.put(invoice)
    shop.emit("invoice.voided" if status == "void" else "invoice.marked_uncollectible", invoice, before)
    if status == "void":
        subscriptions.after_void(shop, invoice)
    return invoice


def delete_draft(shop: Shop, identifier: str) -> Row:
    """DELETE /v1/invoices/{id}: only drafts."""
    invoice = shop.store.get("invoice", identifier)
    if invoice["status"] != "draft" or invoice["_subscription"]:
        raise refused("You can only delete draft invoices that no subscription made.", code="invoice_not_editable")
    for item in shop.store.every("invoiceitem", invoice=identifier):
        shop.store.put(item | {"invoice": None})
    shop.emit("invoice.deleted", invoice)
    shop.store.remove(identifier)
    return {"id": identifier, "object": "invoice", "deleted": True}


def list_invoices(shop: Shop, params: dict[str, Any]) -> list[Row]:
    """GET /v1/invoices with customer, subscription, status, collection_method."""
    rows = shop.store.every("invoice", newest_first=True)
    for name, field in (
        ("customer", "customer"),
        ("status", "status"),
        ("subscription", "_subscription"),
        ("collection_method", "collection_method"),
    ):
        if value := params.get(name):
            rows = [row for row in rows if row[field] == value]
    return rows
