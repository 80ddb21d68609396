"""Stripe's events: stored once, worked on once, in any order with the same end (PL-003, SC-30)."""

from __future__ import annotations

import itertools
import json
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as product
from django.db import connections, transaction

from kernel import clock
from kernel.tenancy import activate
from tenants.billing import actions, inbox, standing
from tenants.billing.models import BillingAccount, InvoiceMirror, StateChange, Subscription, WebhookEvent
from tenants.billing.scope import public_schema
from tests.tenants.billing_desk import (  # noqa: F401  # fixtures
    ADMIN,
    SECRET,
    Post,
    StandIn,
    account,
    fresh,
    own_account,
    post,
    sign,
    simple_order,
    stand_in,
    stripe,
    subscribe,
    tenant_of,
)

# ruff: noqa: F811  # fixtures are imported by name


def event(kind: str, row: dict[str, Any], *, created: int, number: object = "") -> dict[str, Any]:
    """An event as Stripe would send it."""
    identifier = f"evt_{kind}_{created}_{number}_{row['id']}"[:80]
    return {
        "id": identifier,
        "object": "event",
        "type": kind,
        "created": created,
        "data": {"object": row},
        "livemode": False,
    }


def failed_invoice(account: BillingAccount, sub: Subscription, *, attempts: int = 1, **more: Any) -> dict[str, Any]:
    """An invoice whose charge failed, as an event shows it."""
    return {
        "id": "in_january", "object": "invoice", "status": "open", "customer": account.stripe_customer, "number": "LZ-0002",
        "total": 196000, "amount_due": 196000, "amount_remaining": 196000, "amount_paid": 0, "attempt_count": attempts,
        "billing_reason": "subscription_cycle", "created": 1, "lines": {"data": []},
        "parent": {"type": "subscription_details", "subscription_details": {"subscription": sub.stripe_id}},
    } | more  # fmt: skip


def mirror_of(account: BillingAccount) -> Subscription:
    with public_schema():
        return Subscription.objects.get(account=account)


def moves(account: BillingAccount) -> list[tuple[str, str]]:
    with public_schema():
        return list(StateChange.objects.filter(account=account).order_by("id").values_list("source", "target"))


@pytest.fixture
def active(stripe: StandIn, post: Post, account: BillingAccount) -> BillingAccount:
    """An account with a running subscription, paid by card."""
    subscribe(stripe, post, account, simple_order())
    return fresh(account)


@pytest.mark.ledger("PL-003")
def test_checkout_makes_the_account_active(stripe: StandIn, post: Post, account: BillingAccount) -> None:
    assert fresh(account).state == "past_due"  # its trial is over and nothing was chosen
    subscribe(stripe, post, account, simple_order(sites=2))
    found = fresh(account)
    sub = mirror_of(account)
    assert (found.state, found.payment_method["last4"]) == ("active", "4242")
    assert (sub.status, sub.plan, sub.interval) == ("active", "clinic", "month")
    assert {item["lookup_key"]: item["quantity"] for item in sub.items}["lz_clinic_site_month"] == 2
    with public_schema():
        invoice = InvoiceMirror.objects.get(account=account)
    assert (invoice.status, invoice.remaining_fen) == ("paid", 0)
    assert tenant_of("smile").billing_state == "active"


@pytest.mark.ledger("PL-003")
def test_three_failures_are_one_change_and_an_older_event_is_ignored(post: Post, active: BillingAccount) -> None:
    """SC-30, fourth step."""
    sub, now = mirror_of(active), int(time.time()) + 100
    for attempt in (1, 2, 3):
        assert (
            post.put(
                event("invoice.payment_failed", failed_invoice(active, sub, attempts=attempt), created=now + attempt)
            )
            == 200
        )
    inbox.work_on_waiting()
    assert moves(active)[-1] == ("active", "past_due")
    assert [move for move in moves(active) if move[1] == "past_due" and move[0] == "active"] == [("active", "past_due")]

    before = mirror_of(active)
    older = {"id": sub.stripe_id, "object": "subscription", "status": "active", "customer": active.stripe_customer}
    assert post.put(event("customer.subscription.updated", older, created=int(sub.stamp.timestamp()) - 60)) == 200
    inbox.work_on_waiting()
    assert (fresh(active).state, mirror_of(active).stamp) == ("past_due", before.stamp)
    with public_schema():
        assert WebhookEvent.objects.get(type="customer.subscription.updated", object_id=sub.stripe_id, outcome="older")
    # one from between two others, whose order it does not tell, is read again at Stripe and changes nothing either
    between = event("customer.subscription.updated", older, created=now)
    post.put(between)
    inbox.work_on_waiting()
    assert fresh(active).state == "past_due"


@pytest.mark.ledger("PL-003", "PL-004")
def test_a_payment_restores_at_once(stripe: StandIn, post: Post, active: BillingAccount) -> None:
    sub, now = mirror_of(active), int(time.time()) + 100
    post.put(event("invoice.payment_failed", failed_invoice(active, sub), created=now))
    inbox.work_on_waiting()
    with public_schema(), transaction.atomic():
        locked = BillingAccount.objects.select_for_update().get(pk=active.pk)
        standing.move(locked, "read_only", cause="test")
        standing.move(locked, "suspended", cause="test")
    assert tenant_of("smile").billing_state == "suspended"
    paid = failed_invoice(active, sub, status="paid", amount_remaining=0, amount_paid=196000)
    post.put(event("invoice.paid", paid, created=now + 1))
    inbox.work_on_waiting()
    assert fresh(active).state == "active"
    assert tenant_of("smile").billing_state == "active"


@pytest.mark.ledger("PL-003")
@pytest.mark.parametrize("gap", [1, 0], ids=["a second apart", "in one second"])
def test_every_order_of_a_life_ends_the_same(stripe: StandIn, post: Post, active: BillingAccount, gap: int) -> None:
    """Renewed, failed, past due, paid: all 24 orders of arrival, with and without a telling order of moments."""
    sub, start = mirror_of(active), int(time.time()) + 1000
    customer = active.stripe_customer
    ends = set()
    for number, order in enumerate(itertools.permutations(range(4))):
        base = start + number * 100
        invoice = {"id": f"in_{gap}_{number}"}
        row = {"id": sub.stripe_id, "object": "subscription", "customer": customer}
        paid = failed_invoice(active, sub, status="paid", amount_remaining=0, amount_paid=196000) | invoice
        life = [
            event("invoice.finalized", failed_invoice(active, sub, attempts=0) | invoice, created=base, number=number),
            event("invoice.payment_failed", failed_invoice(active, sub) | invoice, created=base + gap, number=number),
            event("customer.subscription.updated", row | {"status": "past_due"}, created=base + 2 * gap, number=number),
            event("invoice.paid", paid, created=base + 3 * gap, number=number),
        ]
        for index in order:
            inbox.store(life[index], json.dumps(life[index]))
            inbox.work_on(life[index]["id"])
        found = fresh(active)
        with public_schema():
            mirrored = InvoiceMirror.objects.get(stripe_id=invoice["id"])
        ends.add((found.state, found.stage, mirrored.status, mirrored.remaining_fen, tenant_of("smile").billing_state))
    assert ends == {("active", 0, "paid", 0, "active")}
    with public_schema():
        assert not WebhookEvent.objects.exclude(state="done").exists()


def test_what_is_not_from_stripe_leaves_nothing(
    stripe: StandIn, post: Post, account: BillingAccount, settings: Any
) -> None:
    row = event("customer.updated", {"id": "cus_x", "object": "customer"}, created=int(time.time()))
    body = json.dumps(row).encode()
    now = time.time()
    refused = {
        "no signature": post.put_raw(body, ""),
        "another secret": post.put_raw(body, sign(body, secret="whsec_other")),
        "one byte changed": post.put_raw(body.replace(b"cus_x", b"cus_y"), sign(body)),
        "only the old scheme": post.put_raw(body, sign(body).replace("v1=", "v0=")),
        "too old": post.put_raw(body, sign(body, moment=now - 302)),
        "from the future": post.put_raw(body, sign(body, moment=now + 302)),
        "not JSON": post.put_raw(b"nothing", sign(b"nothing")),
        "no event": post.put_raw(b"{}", sign(b"{}")),
        "not text": post.put_raw(b"\xff\xfe", "t=1,v1=00"),
        "no moment": post.put_raw(body, "v1=00"),
    }
    assert set(refused.values()) == {400}, refused
    large = json.dumps(row | {"padding": "x" * 5_000_000}).encode()
    assert post.put_raw(large, sign(large)) == 413
    with public_schema():
        assert not WebhookEvent.objects.exists()
    # the same event, rightly signed, also at the edges of the window and with a second signature while secrets change
    assert post.put_raw(body, sign(body, moment=now - 297)) == 200
    two = f"{sign(body, secret='whsec_old')},{sign(body).partition(',')[2]}"
    assert post.put_raw(body, two) == 200
    with public_schema():
        assert WebhookEvent.objects.count() == 1


def test_the_door_stands_on_the_base_domain_alone(post: Post, account: BillingAccount) -> None:
    row = event("customer.updated", {"id": "cus_x", "object": "customer"}, created=int(time.time()))
    body = json.dumps(row).encode()
    assert post.put_raw(body, sign(body), host=f"smile.{product.BASE_DOMAIN}") == 404
    assert post.put_raw(body, sign(body), host="somewhere.test") in (400, 404)
    with public_schema():
        assert not WebhookEvent.objects.exists()


def test_strangers_and_unknown_types_are_stored_and_answered(post: Post, active: BillingAccount) -> None:
    now = int(time.time())
    strange = event("invoice.paid", {"id": "in_x", "object": "invoice", "customer": "cus_stranger"}, created=now)
    unknown = event("customer.tax_id.created", {"id": active.stripe_customer, "object": "customer"}, created=now)
    assert [post.put(strange), post.put(unknown)] == [200, 200]
    assert [inbox.work_on(strange["id"]), inbox.work_on(unknown["id"])] == ["unknown_account", "unknown_type"]
    with public_schema():
        assert not InvoiceMirror.objects.filter(stripe_id="in_x").exists()


def test_an_event_of_one_account_never_touches_another(stripe: StandIn, post: Post, active: BillingAccount) -> None:
    other = own_account("derma", trial_days=30)
    sub, now = mirror_of(active), int(time.time()) + 100
    post.put(event("invoice.payment_failed", failed_invoice(active, sub), created=now))
    inbox.work_on_waiting()
    actions.advance_due()
    assert (tenant_of("smile").billing_state, tenant_of("derma").billing_state) == ("past_due", "active")
    assert fresh(other).state == "trial"


def test_an_event_that_fails_is_tried_again(
    stripe: StandIn, post: Post, active: BillingAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    sub, now = mirror_of(active), int(time.time()) + 100
    stripe.control("/failures", path="/v1/invoices", times=9, status=500)
    row = event("invoice.payment_failed", failed_invoice(active, sub), created=now)
    assert post.put(row) == 200
    assert inbox.work_on(row["id"]) == ""
    with public_schema():
        kept = WebhookEvent.objects.get(event_id=row["id"])
    assert (kept.state, kept.attempts, kept.error) == ("waiting", 1, "stripe_unreachable")
    assert fresh(active).state == "active"
    stripe.control("/failures", clear=True)
    inbox.work_on_waiting(clock.now() + timedelta(minutes=5))
    assert fresh(active).state == "past_due"


@pytest.mark.slow
def test_fifty_copies_at_once_count_once(own_database: str, stripe: StandIn, settings: Any) -> None:
    """Parallel threads, really committed: one row, one change."""
    actions.sync_catalogue()
    account = own_account("smile")
    post = Post(stripe=stripe, seen=set())
    subscribe(stripe, post, account, simple_order())
    active, sub = fresh(account), mirror_of(account)
    rows = [event("invoice.payment_failed", failed_invoice(active, sub), created=int(time.time()) + 100)] * 50
    answers: list[int] = []

    def bring(row: dict[str, Any]) -> None:
        try:
            answers.append(post.put(row))
            inbox.work_on(row["id"])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=bring, args=(row,)) for row in rows]
    for start in range(0, len(threads), 10):
        for thread in threads[start : start + 10]:
            thread.start()
        for thread in threads[start : start + 10]:
            thread.join()
    assert answers == [200] * 50
    with public_schema():
        assert WebhookEvent.objects.filter(event_id=rows[0]["id"]).count() == 1
    assert moves(active).count(("active", "past_due")) == 1


@pytest.mark.slow
@pytest.mark.ledger("PL-003")
def test_a_real_life_in_reverse_and_thrice_ends_as_stripe_says(
    own_database: str, at: Any, stripe: StandIn, post: Post
) -> None:
    """Paid, failed at renewal, paid again: every event comes three times, the newest first."""
    stripe.live_at(at("2026-12-21 10:00"))
    actions.sync_catalogue()
    account = own_account("smile", profile="literal")
    with activate(tenant_of("smile")):
        address = actions.start_checkout(by=ADMIN, order=simple_order(), return_url="http://smile.localhost/billing/")
    stripe.press(address, card="pm_card_visa", act="pay")
    customer = fresh(account).stripe_customer
    assert customer is not None
    stripe.api.customers.update(
        customer, {"invoice_settings": {"default_payment_method": "pm_card_chargeCustomerFail"}}
    )
    sub = stripe.api.subscriptions.list({"customer": customer}).data[0]
    failing = stripe.api.customers.retrieve(customer).invoice_settings.default_payment_method
    stripe.api.subscriptions.update(sub.id, {"default_payment_method": failing})
    stripe.live_at(at("2027-01-09 10:00"))
    assert stripe.api.subscriptions.retrieve(sub.id).status == "past_due"
    post.deliver(customer, order=lambda rows: rows[::-1] * 3)
    assert fresh(account).state == "past_due"
    with public_schema():
        debt = InvoiceMirror.objects.get(account=account, status="open")
    assert (debt.attempts, debt.failure, debt.total_fen) == (3, "generic_decline", 2 * 98000)
    stripe.api.invoices.pay(debt.stripe_id, {"payment_method": "pm_card_visa"})
    post.deliver(customer, order=lambda rows: rows[::-1] * 3)
    assert fresh(account).state == "active"
    assert moves(account) == [("trial", "past_due"), ("past_due", "active")]
    with public_schema():
        assert not InvoiceMirror.objects.filter(account=account).exclude(status="paid").exists()


assert SECRET  # the post and the product share it
