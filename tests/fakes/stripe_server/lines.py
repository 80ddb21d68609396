"""Invoice lines and how their amounts come about: whole periods, days in between, usage."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from stripe_server import catalogue
from stripe_server.moments import date_text
from stripe_server.shop import Shop
from stripe_server.store import Row
from stripe_server.wire import new_id


def _line(
    *, price: Row, amount: int, quantity: int, start: int, end: int, text: str, unit: str | None, parent: dict[str, Any]
) -> Row:
    return {
        "id": new_id("il"),
        "object": "line_item",
        "amount": amount,
        "currency": price["currency"],
        "description": text,
        "discount_amounts": [],
        "discountable": not parent[parent["type"]]["proration"],
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "parent": parent,
        "period": {"start": start, "end": end},
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": unit,
        },
        "quantity": quantity,
        "subtotal": amount,
        "taxes": [],
    }


def _item_parent(sub: Row, item: Row, *, proration: bool = False, invoice_item: str | None = None) -> dict[str, Any]:
    kind = "invoice_item_details" if invoice_item else "subscription_item_details"
    details = {
        "invoice_item": invoice_item,
        "proration": proration,
        "proration_details": {"credited_items": None} if proration else None,
        "subscription": sub["id"],
    }
    if not invoice_item:
        details["subscription_item"] = item["id"]
    return {"type": kind, "invoice_item_details": None, "subscription_item_details": None} | {kind: details}


def product_name(shop: Shop, price: Row) -> str:
    """The product's name, as lines show it."""
    return shop.store.get("product", price["product"])["name"]


def share(amount: int, part: int, whole: int) -> int:
    """``amount`` for ``part`` of ``whole`` seconds."""
    return catalogue.rounded(Decimal(amount) * part / whole) if whole else 0


def period_line(shop: Shop, sub: Row, item: Row, start: int, end: int, full: tuple[int, int]) -> Row:
    """A licensed item for [start, end); less than the full period costs its share of it."""
    price, quantity = item["price"], item["quantity"]
    whole_amount = catalogue.amount_of(price, quantity)
    partial = end - start < full[1] - full[0]
    amount = share(whole_amount, end - start, full[1] - full[0]) if partial else whole_amount
    text = f"{quantity} × {product_name(shop, price)}"
    line = _line(
        price=price, amount=amount, quantity=quantity, start=start, end=end, text=text,
        unit=price["unit_amount_decimal"], parent=_item_parent(sub, item, proration=partial),
    )  # fmt: skip
    return line | {"metadata": dict(item["metadata"])}


def trial_line(shop: Shop, sub: Row, item: Row, start: int, end: int) -> Row:
    """The free line of a trial."""
    return _line(
        price=item["price"], amount=0, quantity=item["quantity"] or 0, start=start, end=end,
        text=f"Free trial for {item['quantity']} × {product_name(shop, item['price'])}", unit="0",
        parent=_item_parent(sub, item),
    )  # fmt: skip


def usage_lines(shop: Shop, sub: Row, item: Row, start: int, end: int) -> list[Row]:
    """A metered item: what was used in [start, end), one line per tier that was reached."""
    price = item["price"]
    used = catalogue.usage_of(shop, price["recurring"]["meter"], sub["customer"], start, end)
    name = product_name(shop, price)
    if price["billing_scheme"] == "per_unit":
        rows = [(price["unit_amount_decimal"], used, catalogue.amount_of(price, used), f"{used} × {name}")]
    elif price["tiers_mode"] == "volume":
        rows = [(None, used, catalogue.amount_of(price, used), f"{used} × {name}")]
    else:
        rows = [
            (str(tier["unit_amount_decimal"] or 0), units, amount, f"{units} × {name} (Tier {number})")
            for number, (tier, units, amount) in enumerate(catalogue.graduated(price, used), start=1)
        ]
    return [
        _line(
            price=price, amount=amount, quantity=units, start=start, end=end, text=text, unit=unit,
            parent=_item_parent(sub, item),
        )
        for unit, units, amount, text in rows
    ]  # fmt: skip


def proration_items(
    shop: Shop, sub: Row, old: Row | None, new: Row | None, moment: int, full: tuple[int, int] | None = None
) -> list[Row]:
    """Pending invoice items for the rest of the period: a credit for what stood, a charge for what stands."""
    result = []
    for item, sign in ((old, -1), (new, 1)):
        if item is None or item["price"]["recurring"]["usage_type"] == "metered" or not item["quantity"]:
            continue
        start, end = item["current_period_start"], item["current_period_end"]
        length = (full or item.get("_full") or (start, end))[1] - (full or item.get("_full") or (start, end))[0]
        rest = max(0, end - max(moment, start))
        amount = share(catalogue.amount_of(item["price"], item["quantity"]), rest, length)
        verb = "Remaining" if sign > 0 else "Unused"
        text = f"{verb} time on {item['quantity']} × {product_name(shop, item['price'])} after {date_text(moment)}"
        result.append(
            {
                "id": new_id("ii"),
                "object": "invoiceitem",
                "amount": sign * amount,
                "currency": item["price"]["currency"],
                "customer": sub["customer"],
                "date": moment,
                "description": text,
                "discountable": False,
                "discounts": [],
                "invoice": None,
                "livemode": False,
                "metadata": dict(item["metadata"]),
                "parent": {
                    "subscription_details": {"subscription": sub["id"], "subscription_item": item["id"]},
                    "type": "subscription_details",
                },
                "period": {"start": max(moment, start), "end": end},
                "pricing": {
                    "price_details": {"price": item["price"]["id"], "product": item["price"]["product"]},
                    "type": "price_details",
                    "unit_amount_decimal": item["price"]["unit_amount_decimal"],
                },
                "proration": True,
                "quantity": item["quantity"],
                "tax_rates": [],
                "test_clock": sub["test_clock"],
                "_subscription": sub["id"],
            }
        )
    return result


def line_of_item(shop: Shop, item: Row) -> Row:
    """The invoice line that a pending invoice item becomes."""
    details = item["pricing"]["price_details"] if item["pricing"] else None
    price = shop.store.get("price", details["price"]) if details else None
    subscription_details = (item["parent"] or {}).get("subscription_details") or {}
    inner = {
        "invoice_item": item["id"],
        "proration": item["proration"],
        "proration_details": {"credited_items": None} if item["proration"] else None,
        "subscription": subscription_details.get("subscription"),
    }
    # A proration belongs to the subscription item that caused it; a free item stands for itself.
    kind = "subscription_item_details" if subscription_details else "invoice_item_details"
    if subscription_details:
        inner["subscription_item"] = subscription_details["subscription_item"]
    parent = {"type": kind, "invoice_item_details": None, "subscription_item_details": None} | {kind: inner}
    base = price or {"id": None, "product": None, "currency": item["currency"]}
    line = _line(
        price=base, amount=item["amount"], quantity=item["quantity"], start=item["period"]["start"],
        end=item["period"]["end"], text=item["description"],
        unit=item["pricing"]["unit_amount_decimal"] if item["pricing"] else None, parent=parent,
    )  # fmt: skip
    if price is None:
        line["pricing"] = None
    return line | {"metadata": dict(item["metadata"])}
