"""The only door to Stripe. Plain dictionaries come out; refusals come out as the product's own.

Every write carries an idempotency key made from a code of ours, so that whoever repeats a write after a crash or a lost
answer repeats it without a second effect. Nothing here runs inside a database transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any
from uuid import UUID

import stripe
import structlog
from django.conf import settings
from django.db import connection
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from kernel.errors import Conflict, NotFound
from tenants.billing.catalogue import CURRENCY, Component

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 10
Row = dict[str, Any]
LOCALES = {"zh-hans": "zh", "zh-hant": "zh-TW", "en": "en"}
INVOICE_EXPANSION = ["payments.data.payment.payment_intent"]


@cache
def _client(key: str, base: str) -> stripe.StripeClient:
    http = stripe.RequestsClient(timeout=TIMEOUT_SECONDS)
    if base:
        return stripe.StripeClient(key, base_addresses={"api": base}, http_client=http, max_network_retries=2)
    return stripe.StripeClient(key, http_client=http, max_network_retries=2)


def client() -> Any:
    """The client of this deployment; ``STRIPE_API_BASE`` points it at the stand-in of demo and tests.

    Untyped on purpose: what goes in and comes out are plain dictionaries.
    """
    return _client(settings.STRIPE_API_KEY, settings.STRIPE_API_BASE)


def _outside_transactions() -> None:
    """The network comes after the transaction. As with durable blocks, the one around a test does not count."""
    if connection.atomic_blocks and not getattr(connection.atomic_blocks[-1], "_from_testcase", False):
        raise RuntimeError("Stripe is not called inside a transaction")


@contextmanager
def _refusals() -> Iterator[None]:
    """Translate Stripe's errors. Raises Conflict (``card_declined``, ``stripe_unreachable``, ``stripe_refused``),
    NotFound.
    """
    _outside_transactions()
    try:
        yield
    except stripe.CardError as error:
        reason = getattr(error.error, "decline_code", None) or error.code or ""
        raise Conflict("card_declined", _("The bank declined the charge."), reason=reason) from error
    except stripe.InvalidRequestError as error:
        if error.http_status == 404:
            raise NotFound("stripe_unknown", _("Stripe does not know this object.")) from error
        log.error("stripe_refused", code=error.code, param=error.param)
        raise Conflict(
            "stripe_refused", _("The payment service refused the change."), reason=error.code or ""
        ) from error
    except stripe.StripeError as error:
        log.warning("stripe_unreachable", error=type(error).__name__, status=error.http_status)
        raise Conflict(
            "stripe_unreachable",
            _("The payment service does not answer right now. Nothing was lost; please try again."),
        ) from error


def _plain(value: Any) -> Row:
    return value.to_dict(for_json=True)


# --- price list -------------------------------------------------------------------------------------------------------


def sync_component(component: Component, meter_id: str | None) -> bool:
    """Make product and price of a position; True when a price was made. Repeating it changes nothing."""
    with _refusals(), translation.override(settings.LANGUAGE_CODE):
        name, unit = str(component.label), str(component.unit)
        known = (
            client()
            .v1.prices.list({"lookup_keys": [component.lookup_key], "active": True, "expand": ["data.tiers"]})
            .data
        )
        if known and _same_price(_plain(known[0]), component):
            return False
        try:
            client().v1.products.update(component.product, {"name": name})
        except stripe.InvalidRequestError as error:
            if error.http_status != 404:
                raise
            client().v1.products.create({"id": component.product, "name": name, "unit_label": unit[:12]})
        params: Row = {
            "product": component.product,
            "currency": CURRENCY,
            "lookup_key": component.lookup_key,
            "transfer_lookup_key": True,
            "metadata": {"component": component.key},
            "recurring": {"interval": component.interval},
        }
        if component.metered:
            params["recurring"] |= {"usage_type": "metered", "meter": meter_id}
            params |= {"billing_scheme": "tiered", "tiers_mode": "graduated", "tiers": _tiers(component)}
        else:
            params["unit_amount"] = component.unit_fen
        client().v1.prices.create(params)
        return True


def _tiers(component: Component) -> list[Row]:
    last = {"up_to": "inf", "unit_amount": component.unit_fen}
    return [{"up_to": component.included, "unit_amount": 0}, last] if component.included else [last]


def _same_price(price: Row, component: Component) -> bool:
    if not component.metered:
        return bool(price["unit_amount"] == component.unit_fen)
    tiers = [(tier["up_to"], tier["unit_amount"]) for tier in price.get("tiers") or []]
    return tiers == [(None if row["up_to"] == "inf" else row["up_to"], row["unit_amount"]) for row in _tiers(component)]


def sync_meter(event_name: str, label: str, formula: str) -> str:
    """The id of the meter at Stripe, made where it is missing."""
    with _refusals():
        for meter in client().v1.billing.meters.list({"status": "active", "limit": 100}).auto_paging_iter():
            if meter.event_name == event_name:
                return str(meter.id)
        made = client().v1.billing.meters.create(
            {"display_name": label, "event_name": event_name, "default_aggregation": {"formula": formula}}
        )
        return str(made.id)


def prices(lookup_keys: Sequence[str]) -> dict[str, str]:
    """The ids of the active prices by lookup key. Raises Conflict (``price_list_missing``) when one is not there."""
    with _refusals():
        found: dict[str, str] = {}
        for start in range(0, len(lookup_keys), 10):  # Stripe takes ten keys at a time
            chunk = list(lookup_keys[start : start + 10])
            rows = client().v1.prices.list({"lookup_keys": chunk, "active": True, "limit": 100}).data
            found |= {str(row.lookup_key): row.id for row in rows}
    missing = sorted(set(lookup_keys) - set(found))
    if missing:
        raise Conflict("price_list_missing", _("The price list has not been published yet."), lookup_keys=missing)
    return found


# --- customers --------------------------------------------------------------------------------------------------------


def create_customer(*, account: UUID, name: str, email: str, language: str) -> str:
    """A customer for an account, once, however often it is asked."""
    params: Row = {
        "name": name,
        "metadata": {"account": str(account)},
        "preferred_locales": [LOCALES.get(language, "en")],
    }
    if email:
        params["email"] = email
    with _refusals():
        return str(client().v1.customers.create(params, {"idempotency_key": f"{account}:customer"}).id)


def update_customer(customer: str, *, name: str, email: str) -> None:
    """Tell Stripe name and address of the invoices."""
    with _refusals():
        client().v1.customers.update(customer, {"name": name, "email": email})


def payment_method(customer: str) -> Row:
    """What is charged by default, as ``{"brand", "last4", "exp_month", "exp_year"}``; empty when there is nothing."""
    with _refusals():
        row = _plain(client().v1.customers.retrieve(customer, {"expand": ["invoice_settings.default_payment_method"]}))
    method = (row.get("invoice_settings") or {}).get("default_payment_method")
    card = method.get("card") if isinstance(method, dict) else None
    return {name: card[name] for name in ("brand", "last4", "exp_month", "exp_year")} if card else {}


# --- subscriptions ----------------------------------------------------------------------------------------------------


def start_checkout(
    *, customer: str, account: UUID, items: Sequence[Row], anchor: Mapping[str, int], urls: tuple[str, str],
    language: str, key: str, trial_end: int | None = None,
) -> Row:  # fmt: skip
    """A checkout session; the person goes to its ``url``.

    Checkout takes an anchor or a trial, not both: after a trial the periods begin on the day it ended.
    """
    data: Row = {"metadata": {"account": str(account)}}
    if trial_end:
        data["trial_end"] = trial_end
    else:
        data["billing_cycle_anchor_config"] = dict(anchor)
    params = {
        "mode": "subscription",
        "customer": customer,
        "client_reference_id": str(account),
        "line_items": list(items),
        "subscription_data": data,
        "success_url": urls[0],
        "cancel_url": urls[1],
        "locale": LOCALES.get(language, "en"),
    }
    with _refusals():
        return _plain(client().v1.checkout.sessions.create(params, {"idempotency_key": key}))


def start_by_invoice(
    *, customer: str, account: UUID, items: Sequence[Row], anchor: Mapping[str, int], days: int, key: str,
    trial_end: int | None = None,
) -> Row:  # fmt: skip
    """A subscription paid by bank transfer. The first invoice is finalised and sent at once, not an hour later."""
    params: Row = {
        "customer": customer,
        "items": list(items),
        "collection_method": "send_invoice",
        "days_until_due": days,
        "billing_cycle_anchor_config": dict(anchor),
        "metadata": {"account": str(account)},
    }
    if trial_end:
        params["trial_end"] = trial_end
    with _refusals():
        sub = _plain(client().v1.subscriptions.create(params, {"idempotency_key": key}))
        first = _plain(client().v1.invoices.retrieve(sub["latest_invoice"]))
        if first["status"] == "draft":
            client().v1.invoices.finalize_invoice(first["id"], {}, {"idempotency_key": f"{key}:finalize"})
            client().v1.invoices.send_invoice(first["id"], {}, {"idempotency_key": f"{key}:send"})
    return sub


def subscription(stripe_id: str) -> Row | None:
    """What stands now; None when Stripe does not know it."""
    try:
        with _refusals():
            return _plain(client().v1.subscriptions.retrieve(stripe_id))
    except NotFound:
        return None


def live_subscription(customer: str) -> Row | None:
    """The customer's running subscription, if there is one."""
    with _refusals():
        rows = client().v1.subscriptions.list({"customer": customer, "limit": 10}).data
    return _plain(rows[0]) if rows else None


def change_items(
    stripe_id: str, items: Sequence[Row], *, prorate: bool, moment: int | None, key: str, at_once: bool = False
) -> Row:
    """Change quantities or prices. With ``prorate`` the rest of the period is charged by time from ``moment``
    (seconds).
    """
    behaviour = ("always_invoice" if at_once else "create_prorations") if prorate else "none"
    params: Row = {"items": list(items), "proration_behavior": behaviour}
    if prorate and moment is not None:
        params["proration_date"] = moment
    with _refusals():
        return _plain(client().v1.subscriptions.update(stripe_id, params, {"idempotency_key": key}))


def set_cancellation(stripe_id: str, *, at_period_end: bool, key: str) -> Row:
    """End the subscription with its period, or let it go on after all."""
    params = {"cancel_at_period_end": at_period_end}
    with _refusals():
        return _plain(client().v1.subscriptions.update(stripe_id, params, {"idempotency_key": key}))


def portal(customer: str, *, return_url: str, language: str) -> str:
    """The address of a portal session, where cards are kept."""
    params = {"customer": customer, "return_url": return_url, "locale": LOCALES.get(language, "en")}
    with _refusals():
        return str(client().v1.billing_portal.sessions.create(params).url)


# --- invoices ---------------------------------------------------------------------------------------------------------


def invoice(stripe_id: str) -> Row | None:
    """What stands now, with its attempts to charge; None when Stripe does not know it."""
    try:
        with _refusals():
            return _plain(client().v1.invoices.retrieve(stripe_id, {"expand": INVOICE_EXPANSION}))
    except NotFound:
        return None


def pay_invoice(stripe_id: str, *, key: str) -> Row:
    """Charge an open invoice now. Raises Conflict (``card_declined``)."""
    with _refusals():
        return _plain(client().v1.invoices.pay(stripe_id, {}, {"idempotency_key": key}))


def confirm_transfer(stripe_id: str, *, key: str) -> Row:
    """Mark an invoice as paid by a transfer that arrived outside of Stripe."""
    with _refusals():
        return _plain(client().v1.invoices.pay(stripe_id, {"paid_out_of_band": True}, {"idempotency_key": key}))


def preview(
    stripe_id: str,
    *,
    items: Sequence[Row] = (),
    prorate: bool = False,
    moment: int | None = None,
    recurring: bool = False,
) -> Row:
    """The next invoice, if the subscription stays (or is changed by ``items``). With ``recurring``: whole periods
    only.
    """
    params: Row = {"subscription": stripe_id}
    if items:
        details: Row = {"items": list(items), "proration_behavior": "create_prorations" if prorate else "none"}
        if prorate and moment is not None:
            details["proration_date"] = moment
        params["subscription_details"] = details
    if recurring:
        params["preview_mode"] = "recurring"
    with _refusals():
        return _plain(client().v1.invoices.create_preview(params))


def report_usage(*, event_name: str, customer: str, value: int, moment: int, identifier: str) -> None:
    """Report consumption; one ``identifier`` counts once."""
    params = {
        "event_name": event_name,
        "identifier": identifier,
        "timestamp": moment,
        "payload": {"stripe_customer_id": customer, "value": str(value)},
    }
    try:
        with _refusals():
            client().v1.billing.meter_events.create(params, {"idempotency_key": f"usage:{identifier}"})
    except Conflict as refusal:
        if refusal.facts.get("reason") != "resource_already_exists":
            raise
