"""Products, prices (flat, tiered, metered) and meters."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from stripe_server.shop import Shop
from stripe_server.store import Row
from stripe_server.wire import flag, merged_metadata, new_id, refused, required, whole


def create_product(shop: Shop, params: dict[str, Any]) -> Row:
    """POST /v1/products."""
    if not params.get("name"):
        raise required("name")
    identifier = params.get("id") or new_id("prod")
    if shop.store.find(identifier):
        raise refused(f"Product already exists: {identifier}", "id", "resource_already_exists")
    row = {
        "id": identifier,
        "object": "product",
        "active": flag(params, "active", True),
        "created": shop.now(),
        "default_price": None,
        "description": params.get("description"),
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": merged_metadata({}, params),
        "name": params["name"],
        "tax_code": params.get("tax_code"),
        "type": "service",
        "unit_label": params.get("unit_label"),
        "updated": shop.now(),
        "url": params.get("url"),
    }
    shop.emit("product.created", row)
    return shop.store.put(row)


def update_product(shop: Shop, identifier: str, params: dict[str, Any]) -> Row:
    """POST /v1/products/{id}."""
    row = shop.store.get("product", identifier)
    before = dict(row)
    for name in ("name", "description", "unit_label", "default_price", "tax_code", "url"):
        if name in params:
            row[name] = params[name] or None
    if "active" in params:
        row["active"] = flag(params, "active")
    row["metadata"] = merged_metadata(row["metadata"], params)
    row["updated"] = shop.now()
    shop.emit("product.updated", row, before)
    return shop.store.put(row)


def create_price(shop: Shop, params: dict[str, Any]) -> Row:
    """POST /v1/prices."""
    if not params.get("currency"):
        raise required("currency")
    product = params.get("product")
    if data := params.get("product_data"):
        product = create_product(shop, data)["id"]
    if not product:
        raise required("product")
    shop.store.get("product", product, "product")
    recurring = _recurring(shop, params.get("recurring"))
    scheme = params.get("billing_scheme", "per_unit")
    tiers = _tiers(params.get("tiers")) if scheme == "tiered" else None
    if scheme == "tiered" and (not tiers or params.get("tiers_mode") not in ("graduated", "volume")):
        raise refused("Tiered prices need tiers and a tiers_mode.", "tiers")
    amount = whole(params, "unit_amount")
    if scheme == "per_unit" and amount is None and params.get("unit_amount_decimal") is None:
        raise required("unit_amount")
    exact = params.get("unit_amount_decimal") or (str(amount) if amount is not None else None)
    _claim_lookup_key(shop, params)
    row = {
        "id": new_id("price"),
        "object": "price",
        "active": flag(params, "active", True),
        "billing_scheme": scheme,
        "created": shop.now(),
        "currency": params["currency"].lower(),
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": params.get("lookup_key"),
        "metadata": merged_metadata({}, params),
        "nickname": params.get("nickname"),
        "product": product,
        "recurring": recurring,
        "tax_behavior": params.get("tax_behavior", "unspecified"),
        "tiers_mode": params.get("tiers_mode"),
        "transform_quantity": None,
        "type": "recurring" if recurring else "one_time",
        "unit_amount": amount,
        "unit_amount_decimal": exact if scheme == "per_unit" else None,
        "_tiers": tiers,
    }
    shop.emit("price.created", row)
    return shop.store.put(row)


def update_price(shop: Shop, identifier: str, params: dict[str, Any]) -> Row:
    """POST /v1/prices/{id}; amounts never change."""
    row = shop.store.get("price", identifier)
    before = dict(row)
    if "unit_amount" in params:
        raise refused("Received unknown parameter: unit_amount", "unit_amount", "parameter_unknown")
    if "active" in params:
        row["active"] = flag(params, "active")
    if "nickname" in params:
        row["nickname"] = params["nickname"] or None
    if "lookup_key" in params and params["lookup_key"] != row["lookup_key"]:
        _claim_lookup_key(shop, params)
        row["lookup_key"] = params["lookup_key"] or None
    row["metadata"] = merged_metadata(row["metadata"], params)
    shop.emit("price.updated", row, before)
    return shop.store.put(row)


def list_prices(shop: Shop, params: dict[str, Any]) -> list[Row]:
    """GET /v1/prices with lookup_keys, product, active, type, recurring filters."""
    rows = shop.store.every("price", newest_first=True)
    if keys := params.get("lookup_keys"):
        rows = [row for row in rows if row["lookup_key"] in keys]
    if product := params.get("product"):
        rows = [row for row in rows if row["product"] == product]
    if "active" in params:
        rows = [row for row in rows if row["active"] == flag(params, "active")]
    if kind := params.get("type"):
        rows = [row for row in rows if row["type"] == kind]
    return rows


def _claim_lookup_key(shop: Shop, params: dict[str, Any]) -> None:
    key = params.get("lookup_key")
    if not key:
        return
    for holder in shop.store.every("price", lookup_key=key):
        if not flag(params, "transfer_lookup_key"):
            raise refused(f"A price (`{holder['id']}`) already uses that lookup key.", "lookup_key")
        holder["lookup_key"] = None
        shop.store.put(holder)


def _recurring(shop: Shop, sent: dict[str, Any] | None) -> Row | None:
    if not sent:
        return None
    interval = sent.get("interval")
    if interval not in ("day", "week", "month", "year"):
        raise refused(f"Invalid recurring[interval]: {interval}", "recurring[interval]")
    usage = sent.get("usage_type", "licensed")
    meter = sent.get("meter")
    if usage == "metered":
        shop.store.get("billing.meter", meter, "recurring[meter]")
    return {
        "interval": interval,
        "interval_count": whole(sent, "interval_count", 1, minimum=1),
        "meter": meter,
        "trial_period_days": None,
        "usage_type": usage,
    }


def _tiers(sent: Any) -> list[Row]:
    rows = []
    for tier in sent or []:
        up_to = tier.get("up_to")
        rows.append(
            {
                "flat_amount": whole(tier, "flat_amount"),
                "flat_amount_decimal": tier.get("flat_amount_decimal") or tier.get("flat_amount"),
                "unit_amount": whole(tier, "unit_amount"),
                "unit_amount_decimal": tier.get("unit_amount_decimal") or tier.get("unit_amount"),
                "up_to": None if up_to == "inf" else int(up_to),
            }
        )
    return rows


def rounded(amount: Decimal) -> int:
    """Minor units, half up and away from zero."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def amount_of(price: Row, quantity: int) -> int:
    """What ``quantity`` costs in one whole period, in minor units."""
    if price["billing_scheme"] == "per_unit":
        return rounded(Decimal(price["unit_amount_decimal"]) * quantity)
    tiers = price["_tiers"]
    if price["tiers_mode"] == "volume":
        tier = next((one for one in tiers if one["up_to"] is None or quantity <= one["up_to"]), tiers[-1])
        return rounded(Decimal(tier["unit_amount_decimal"] or 0) * quantity + Decimal(tier["flat_amount_decimal"] or 0))
    return sum(amount for _, _, amount in graduated(price, quantity))


def graduated(price: Row, quantity: int) -> list[tuple[Row, int, int]]:
    """The tiers a quantity reaches: tier, units inside it, amount."""
    result, floor = [], 0
    for tier in price["_tiers"]:
        ceiling = quantity if tier["up_to"] is None else min(quantity, tier["up_to"])
        units = max(0, ceiling - floor)
        if units == 0 and floor > 0:
            break
        amount = rounded(Decimal(tier["unit_amount_decimal"] or 0) * units + Decimal(tier["flat_amount_decimal"] or 0))
        result.append((tier, units, amount))
        floor = ceiling
        if tier["up_to"] is None or quantity <= tier["up_to"]:
            break
    return result


def create_meter(shop: Shop, params: dict[str, Any]) -> Row:
    """POST /v1/billing/meters."""
    for name in ("display_name", "event_name"):
        if not params.get(name):
            raise required(name)
    if shop.store.every("billing.meter", event_name=params["event_name"], status="active"):
        raise refused(f"An active meter already exists for event name {params['event_name']}.", "event_name")
    return shop.store.put(
        {
            "id": new_id("mtr"),
            "object": "billing.meter",
            "created": shop.now(),
            "customer_mapping": params.get("customer_mapping")
            or {"event_payload_key": "stripe_customer_id", "type": "by_id"},
            "default_aggregation": params.get("default_aggregation") or {"formula": "sum"},
            "display_name": params["display_name"],
            "event_name": params["event_name"],
            "event_time_window": params.get("event_time_window"),
            "livemode": False,
            "status": "active",
            "status_transitions": {"deactivated_at": None},
            "updated": shop.now(),
            "value_settings": params.get("value_settings") or {"event_payload_key": "value"},
        }
    )


def create_meter_event(shop: Shop, params: dict[str, Any]) -> Row:
    """POST /v1/billing/meter_events. One identifier counts once in 24 hours."""
    meters = shop.store.every("billing.meter", event_name=params.get("event_name"), status="active")
    if not meters:
        raise refused(f"No active meter found for event name {params.get('event_name')}.", "event_name")
    meter = meters[0]
    payload = params.get("payload") or {}
    customer = shop.store.get("customer", payload.get(meter["customer_mapping"]["event_payload_key"]), "payload")
    value = str(payload.get(meter["value_settings"]["event_payload_key"], ""))
    if not value.lstrip("-").replace(".", "", 1).isdigit():
        raise refused("The event payload has no number under the meter's value key.", "payload")
    now = shop.now(customer)
    moment = whole(params, "timestamp", now) or now
    identifier = params.get("identifier") or new_id("mev")
    if any(row["created"] > now - 86_400 for row in shop.store.every("billing.meter_event", identifier=identifier)):
        raise refused(f"An event already exists with identifier {identifier}.", "identifier", "resource_already_exists")
    return shop.store.put(
        {
            "id": new_id("mev"),
            "object": "billing.meter_event",
            "created": now,
            "event_name": meter["event_name"],
            "identifier": identifier,
            "livemode": False,
            "payload": payload,
            "timestamp": moment,
            "_customer": customer["id"],
            "_value": value,
        }
    )


def usage_of(shop: Shop, meter_id: str, customer: str, start: int, end: int) -> int:
    """What a customer used of a meter in [start, end), as the meter aggregates it."""
    meter = shop.store.get("billing.meter", meter_id)
    values = [
        (row["timestamp"], Decimal(row["_value"]))
        for row in shop.store.every("billing.meter_event", event_name=meter["event_name"], _customer=customer)
        if start <= row["timestamp"] < end
    ]
    if not values:
        return 0
    formula = meter["default_aggregation"]["formula"]
    if formula == "count":
        return len(values)
    if formula == "last":
        return rounded(max(values)[1])
    return rounded(sum((value for _, value in values), Decimal(0)))


def meter_summaries(shop: Shop, identifier: str, params: dict[str, Any]) -> list[Row]:
    """GET /v1/billing/meters/{id}/event_summaries for one window."""
    customer = params.get("customer") or ""
    start, end = whole(params, "start_time") or 0, whole(params, "end_time") or 0
    if not customer or not end:
        raise required("customer, start_time, end_time")
    return [
        {
            "id": new_id("mtrusg"),
            "object": "billing.meter_event_summary",
            "aggregated_value": usage_of(shop, identifier, customer, start, end),
            "end_time": end,
            "livemode": False,
            "meter": identifier,
            "start_time": start,
        }
    ]
