"""The stand-in for Stripe, spoken to by the real SDK and looked at by a browser's eyes."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import stripe as sdk

from tests.tenants.billing_desk import SECRET, StandIn, stand_in, start_stand_in, stripe  # noqa: F401  # fixtures

DAY = 86_400
NOON = 1_796_097_600  # 2026-12-01 04:00 UTC, noon in Shanghai
FIRST_OF_MONTH = {"day_of_month": 31, "hour": 16, "minute": 0, "second": 0}  # midnight in Shanghai


@pytest.fixture
def price(stripe: StandIn) -> Any:  # noqa: F811
    product = stripe.api.products.create({"name": "Site"})
    return stripe.api.prices.create(
        {"product": product.id, "currency": "cny", "unit_amount": 98000, "recurring": {"interval": "month"}}
    )


def customer(stripe: StandIn, card: str | None = "pm_card_visa", **more: Any) -> Any:  # noqa: F811
    params: dict[str, Any] = {"name": "兰花", **more}
    if card:
        params |= {"payment_method": card, "invoice_settings": {"default_payment_method": card}}
    return stripe.api.customers.create(params)


def test_a_month_that_begins_in_shanghai_is_charged_by_the_second(stripe: StandIn, price: Any) -> None:  # noqa: F811
    clock = stripe.api.test_helpers.test_clocks.create({"frozen_time": NOON})
    who = customer(stripe, test_clock=clock.id)
    sub = stripe.api.subscriptions.create(
        {
            "customer": who.id,
            "items": [{"price": price.id, "quantity": 2}],
            "billing_cycle_anchor_config": FIRST_OF_MONTH,
        }
    )
    end = sub["items"].data[0].current_period_end
    assert sub.status == "active"
    assert end == NOON - 12 * 3600 + 31 * DAY
    invoice = stripe.api.invoices.retrieve(sub.latest_invoice)
    assert invoice.total == round(2 * 98000 * (30.5 / 31))
    assert invoice.lines.data[0].parent.subscription_item_details.proration is True

    stripe.api.test_helpers.test_clocks.advance(clock.id, {"frozen_time": end + 2 * 3600})
    renewed = stripe.api.subscriptions.retrieve(sub.id)
    assert renewed["items"].data[0].current_period_end == end + 31 * DAY
    assert stripe.api.invoices.retrieve(renewed.latest_invoice).total == 2 * 98000


def test_seats_that_are_added_are_charged_for_the_rest_of_the_period(stripe: StandIn, price: Any) -> None:  # noqa: F811
    clock = stripe.api.test_helpers.test_clocks.create({"frozen_time": NOON - 12 * 3600})
    who = customer(stripe, test_clock=clock.id)
    sub = stripe.api.subscriptions.create({"customer": who.id, "items": [{"price": price.id, "quantity": 2}]})
    item = sub["items"].data[0]
    stripe.api.test_helpers.test_clocks.advance(clock.id, {"frozen_time": NOON + 9 * DAY})
    change = {"items": [{"id": item.id, "quantity": 3}], "proration_date": NOON - 12 * 3600 + 5 * DAY}
    # given a preview, nothing has happened
    preview = stripe.api.invoices.create_preview({"subscription": sub.id, "subscription_details": change})
    prorated = sum(line.amount for line in preview.lines.data if line.parent.subscription_item_details.proration)
    assert prorated == pytest.approx(98000 * 25 / 30, abs=1500)  # one period is one calendar month
    assert stripe.api.subscriptions.retrieve(sub.id)["items"].data[0].quantity == 2
    # when it is done, the next invoice says the same
    stripe.api.subscriptions.update(sub.id, change)
    after = stripe.api.invoices.create_preview({"subscription": sub.id})
    assert (after.total, len(after.lines.data)) == (preview.total, 3)
    assert stripe.api.invoices.create_preview({"subscription": sub.id, "preview_mode": "recurring"}).total == 3 * 98000
    with pytest.raises(sdk.InvalidRequestError):
        stripe.api.subscriptions.update(sub.id, change | {"proration_date": NOON - 40 * DAY})


def test_a_card_that_fails_is_tried_again_and_a_payment_heals(stripe: StandIn, price: Any) -> None:  # noqa: F811
    clock = stripe.api.test_helpers.test_clocks.create({"frozen_time": NOON})
    who = customer(stripe, test_clock=clock.id)
    sub = stripe.api.subscriptions.create({"customer": who.id, "items": [{"price": price.id}]})
    stripe.api.customers.update(
        who.id, {"invoice_settings": {"default_payment_method": "pm_card_insufficientFundsLater"}}
    )
    stripe.api.test_helpers.test_clocks.advance(clock.id, {"frozen_time": NOON + 50 * DAY})
    sub = stripe.api.subscriptions.retrieve(sub.id, {"expand": ["latest_invoice.payments.data.payment.payment_intent"]})
    assert sub.status == "past_due"
    assert sub.latest_invoice.attempt_count == 4
    intent = sub.latest_invoice.payments.data[0].payment.payment_intent
    assert intent.last_payment_error.decline_code == "insufficient_funds"
    with pytest.raises(sdk.CardError) as refusal:
        stripe.api.invoices.pay(sub.latest_invoice.id)
    assert (refusal.value.http_status, refusal.value.error.decline_code) == (402, "insufficient_funds")
    assert stripe.api.invoices.retrieve(sub.latest_invoice.id).attempt_count == 5  # the attempt stays
    stripe.api.invoices.pay(sub.latest_invoice.id, {"payment_method": "pm_card_visa"})
    assert stripe.api.subscriptions.retrieve(sub.id).status == "active"
    kinds = [event["type"] for event in stripe.events(who.id)]
    assert kinds.count("invoice.payment_failed") == 5
    assert kinds[-1] == "customer.subscription.updated"


def test_an_invoice_by_transfer_is_due_and_becomes_overdue(stripe: StandIn, price: Any) -> None:  # noqa: F811
    clock = stripe.api.test_helpers.test_clocks.create({"frozen_time": NOON})
    who = customer(stripe, card=None, test_clock=clock.id)
    by_invoice = {"collection_method": "send_invoice", "days_until_due": 14}
    sub = stripe.api.subscriptions.create({"customer": who.id, "items": [{"price": price.id}], **by_invoice})
    assert sub.status == "active"
    sent = stripe.api.invoices.send_invoice(sub.latest_invoice)
    assert (sent.status, sent.due_date) == ("open", NOON + 14 * DAY)
    _status, _location, page = stripe.press(f"{sent.hosted_invoice_url}?lang=zh")
    assert "银行转账" in page
    assert sent.number in page
    stripe.api.test_helpers.test_clocks.advance(clock.id, {"frozen_time": NOON + 15 * DAY})
    assert stripe.api.subscriptions.retrieve(sub.id).status == "past_due"
    status, _location, _page = stripe.press(sent.hosted_invoice_url, act="transfer")
    assert status == 303
    paid = stripe.api.invoices.retrieve(sent.id)
    assert (paid.status, paid.amount_paid_off_stripe) == ("paid", 98000)
    assert stripe.api.subscriptions.retrieve(sub.id).status == "active"
    _status, _location, document = stripe.press(sent.invoice_pdf)
    assert document.startswith("%PDF")


def test_the_checkout_page_pays_or_declines(stripe: StandIn, price: Any) -> None:  # noqa: F811
    who = customer(stripe, card=None)
    session = stripe.api.checkout.sessions.create(
        {
            "mode": "subscription", "customer": who.id, "line_items": [{"price": price.id, "quantity": 3}], "locale": "en",
            "success_url": "http://clinic.test/?s={CHECKOUT_SESSION_ID}", "cancel_url": "http://clinic.test/", "client_reference_id": "abc",
        }
    )  # fmt: skip
    _status, _location, page = stripe.press(session.url)
    assert "¥2,940.00" in page
    # given a refusal, the page says so and nothing is left behind
    status, _location, page = stripe.press(session.url, act="decline")
    assert (status, "The bank declined" in page) == (200, True)
    assert not stripe.api.subscriptions.list({"customer": who.id, "status": "all"}).data
    # when paid, it leads back
    status, location, _page = stripe.press(session.url, number="6200 0000 0000 0005", act="pay")
    assert (status, location) == (303, f"http://clinic.test/?s={session.id}")
    done = stripe.api.checkout.sessions.retrieve(session.id)
    assert (done.status, done.payment_status, done.client_reference_id) == ("complete", "paid", "abc")
    assert stripe.api.subscriptions.retrieve(done.subscription).status == "active"
    assert "no longer valid" in stripe.press(f"{stripe.base}/c/pay/{session.id}")[2]


def test_the_portal_changes_the_card_and_the_end(stripe: StandIn, price: Any) -> None:  # noqa: F811
    who = customer(stripe)
    sub = stripe.api.subscriptions.create({"customer": who.id, "items": [{"price": price.id}]})
    portal = stripe.api.billing_portal.sessions.create(
        {"customer": who.id, "return_url": "http://clinic.test/", "locale": "en"}
    )
    assert "Visa ···· 4242" in stripe.press(portal.url)[2]
    assert stripe.press(portal.url, act="add", card="pm_card_unionpay")[0] == 303
    assert stripe.press(portal.url, act="end")[0] == 303
    row = stripe.api.customers.retrieve(who.id, {"expand": ["invoice_settings.default_payment_method"]})
    assert row.invoice_settings.default_payment_method.card.brand == "unionpay"
    assert stripe.api.subscriptions.retrieve(sub.id).cancel_at_period_end is True
    with pytest.raises(sdk.InvalidRequestError):
        stripe.api.invoices.create_preview({"subscription": sub.id})


def test_a_trial_ends_by_itself(stripe: StandIn, price: Any) -> None:  # noqa: F811
    clock = stripe.api.test_helpers.test_clocks.create({"frozen_time": NOON})
    who = customer(stripe, test_clock=clock.id)
    sub = stripe.api.subscriptions.create({"customer": who.id, "items": [{"price": price.id}], "trial_period_days": 10})
    assert (sub.status, stripe.api.invoices.retrieve(sub.latest_invoice).total) == ("trialing", 0)
    stripe.api.test_helpers.test_clocks.advance(clock.id, {"frozen_time": NOON + 10 * DAY + 2 * 3600})
    assert stripe.api.subscriptions.retrieve(sub.id).status == "active"
    kinds = [event["type"] for event in stripe.events(who.id)]
    assert "customer.subscription.trial_will_end" in kinds
    assert kinds.count("invoice.paid") == 2


def test_use_is_charged_by_tiers(stripe: StandIn, price: Any) -> None:  # noqa: F811
    meter = stripe.api.billing.meters.create(
        {"display_name": "SMS", "event_name": f"sms{time.time_ns()}", "default_aggregation": {"formula": "sum"}}
    )
    tiers = [{"up_to": 5000, "unit_amount": 0}, {"up_to": "inf", "unit_amount": 5}]
    metered = stripe.api.prices.create(
        {
            "product_data": {"name": "SMS"}, "currency": "cny", "billing_scheme": "tiered", "tiers_mode": "graduated", "tiers": tiers,
            "recurring": {"interval": "month", "usage_type": "metered", "meter": meter.id},
        }
    )  # fmt: skip
    clock = stripe.api.test_helpers.test_clocks.create({"frozen_time": NOON})
    who = customer(stripe, test_clock=clock.id)
    sub = stripe.api.subscriptions.create({"customer": who.id, "items": [{"price": price.id}, {"price": metered.id}]})
    event = {
        "event_name": meter.event_name,
        "payload": {"stripe_customer_id": who.id, "value": "8100"},
        "identifier": who.id,
    }
    stripe.api.billing.meter_events.create(event)
    with pytest.raises(sdk.InvalidRequestError):
        stripe.api.billing.meter_events.create(event)
    stripe.api.test_helpers.test_clocks.advance(clock.id, {"frozen_time": NOON + 31 * DAY + 7200})
    invoice = stripe.api.invoices.retrieve(stripe.api.subscriptions.retrieve(sub.id).latest_invoice)
    assert invoice.total == 98000 + 3100 * 5


def test_keys_repeat_the_answer_and_errors_have_stripes_shape(stripe: StandIn) -> None:  # noqa: F811
    key = {"idempotency_key": f"k{time.time_ns()}"}
    first = stripe.api.customers.create({"name": "甲"}, key)
    assert stripe.api.customers.create({"name": "甲"}, key).id == first.id
    with pytest.raises(sdk.IdempotencyError):
        stripe.api.customers.create({"name": "乙"}, key)
    with pytest.raises(sdk.InvalidRequestError) as unknown:
        stripe.api.customers.retrieve("cus_nobody")
    assert (unknown.value.http_status, unknown.value.code) == (404, "resource_missing")
    with pytest.raises(sdk.AuthenticationError):
        sdk.StripeClient("pk_wrong", base_addresses={"api": stripe.base}).v1.customers.list()
    # a planned mishap: the work is done, the answer is lost, the same key finds it again
    stripe.control("/failures", path="/v1/customers", times=1, status=500, after=True)
    lost = {"idempotency_key": f"k{time.time_ns()}"}
    with pytest.raises(sdk.APIError):
        stripe.api.customers.create({"name": "丙"}, lost)
    found = stripe.api.customers.create({"name": "丙"}, lost)
    assert [row.name for row in stripe.api.customers.list({"limit": 2}).data].count("丙") == 1
    assert stripe.api.customers.retrieve(found.id).name == "丙"


class Receiver(BaseHTTPRequestHandler):
    """Keeps what arrives and answers what it was told."""

    got: list[tuple[bytes, str]]
    answers: list[int]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((body, self.headers["Stripe-Signature"]))
        self.send_response(self.answers.pop(0) if self.answers else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_webhooks_are_signed_retried_and_may_come_twice(tmp_path: Path) -> None:
    Receiver.got, Receiver.answers = [], [500]
    receiver = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    running = start_stand_in(tmp_path, 0, "--webhook", f"http://127.0.0.1:{receiver.server_port}/")
    try:
        running.control("/webhooks", duplicate=1)
        made = running.api.customers.create({"name": "丁"})
        deadline = time.monotonic() + 15
        while len(Receiver.got) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        # refused once, delivered, delivered again
        assert len(Receiver.got) == 3
        body, signature = Receiver.got[-1]
        event = sdk.Webhook.construct_event(body, signature, SECRET)
        assert (event.type, event.data.object.id) == ("customer.created", made.id)
        assert {json.loads(body)["id"] for body, _signature in Receiver.got} == {event.id}
        assert running.control()["deliveries"] == {"delivered": 1}
    finally:
        running.process.terminate()
        running.process.wait(timeout=10)
        receiver.shutdown()
    # it survives a restart
    again = start_stand_in(tmp_path)
    try:
        assert again.api.customers.retrieve(made.id).name == "丁"
    finally:
        again.process.terminate()
        again.process.wait(timeout=10)
