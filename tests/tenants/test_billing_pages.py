"""The billing administrator's pages and the API beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from rest_framework.test import APIClient

from kernel.tenancy import activate
from tenants.billing import actions
from tenants.billing.models import BillingAccount, InvoiceMirror, Subscription
from tenants.billing.plan_changes import Order
from tenants.billing.scope import public_schema
from tenants.models import Chain
from tests.tenants.billing_desk import (  # noqa: F401  # fixtures
    ADMIN,
    Post,
    StandIn,
    fresh,
    post,
    stand_in,
    stripe,
    subscribe,
    tenant_of,
)
from tests.tenants.test_billing_ladder import miss_payment

# ruff: noqa: F811  # fixtures are imported by name

HOME = "/billing/"


def chain_account(chain_of: str) -> BillingAccount:
    """A fresh account of a whole chain, run from its headquarters."""
    with public_schema():
        chain = Chain.objects.get(code=tenant_of(chain_of).chain_code)
        known = BillingAccount.objects.filter(chain=chain, is_default=True).first()
        if known is not None:
            known.is_default = False
            known.save(update_fields=["is_default"])
        return actions.open_account(
            by=ADMIN,
            chain=chain,
            name="兰花医疗管理有限公司",
            email="pay@example.test",
            trial_days=0,
            profile="literal",
        )


@pytest.fixture
def orchid(at: Any, data: None, stripe: StandIn, post: Post) -> BillingAccount:
    """The Orchid Group pays from its headquarters: chain plan, sites in three businesses, since 5 December."""
    stripe.live_at(at("2026-12-05 09:00"))
    actions.sync_catalogue()
    account = chain_account("orchid")
    order = Order(
        plan="chain",
        interval="month",
        quantities={
            "smile": {"site": 2, "vertical:dental": 1},
            "derma": {"site": 4},
            "lumen": {"site": 3},
            "peiban": {"site": 1, "seat:companions": 4},
        },
    )
    subscribe(stripe, post, account, order, slug="orchid")
    return fresh(account)


@pytest.fixture
def clerk(client_for: Callable[..., Client], orchid: BillingAccount) -> Client:
    """The billing administrator of the headquarters."""
    return client_for("qian.yun", "orchid")


def test_the_page_shows_plan_use_invoices_and_the_whole_ladder(clerk: Client, orchid: BillingAccount) -> None:
    answer = clerk.get(HOME, headers={"Accept-Language": "en"})
    text = answer.content.decode()
    assert answer.status_code == 200, text[:500]
    with public_schema():
        invoice = InvoiceMirror.objects.get(account=orchid)
    assert invoice.number in text
    assert invoice.pdf_url in text
    assert text.count("<li") >= 4
    following = clerk.get("/billing/next/", headers={"HX-Request": "true"}).content.decode()
    assert "2 × 300.00" in following
    assert "10 × 680.00" in following
    explained = clerk.get(f"/billing/invoices/{invoice.code}/")
    assert explained.status_code == 200
    assert "/31" in explained.content.decode()
    assert clerk.get("/billing/invoices/").status_code == 200
    assert clerk.get(f"/billing/invoices/{uuid4()}/").status_code == 404


def test_a_change_is_calculated_then_confirmed(clerk: Client, orchid: BillingAccount, at: Any, stripe: StandIn) -> None:
    stripe.live_at(at("2026-12-06 09:00"))
    form = {
        "plan": "chain", "interval": "month", "smile__site": "3", "smile__vertical-dental": "on", "derma__site": "4",
        "lumen__site": "2", "peiban__site": "1", "peiban__seat-companions": "4",
    }  # fmt: skip
    shown = clerk.post("/billing/change/", form)
    text = shown.content.decode()
    assert shown.status_code == 200, text[:800]
    assert "26/31" in text
    with public_schema():
        before = Subscription.objects.get(account=orchid).items
    done = clerk.post("/billing/change/", form | {"confirm": "1"})
    assert done.status_code == 303, done.content.decode()[:800]
    with public_schema():
        after = Subscription.objects.get(account=orchid).items
    quantity = {item["lookup_key"]: item["quantity"] for item in after}
    assert before != after
    # a third site of smile, one fewer of lumen: as many sites as before, one more with the add-on
    assert (quantity["lz_chain_site_month"], quantity["lz_vertical_dental_month"]) == (10, 3)
    nothing = {f"{slug}__site": "0" for slug in ("smile", "derma", "lumen", "peiban")}
    impossible = clerk.post("/billing/change/", form | nothing)
    assert impossible.status_code == 422
    assert 'data-code="no_site"' in impossible.content.decode()


def test_checkout_and_portal_are_left_by_the_browser_not_by_the_form(
    client_for: Callable[..., Client], data: None, stripe: StandIn, post: Post
) -> None:
    actions.sync_catalogue()
    account = chain_account("orchid")
    clerk = client_for("qian.yun", "orchid")
    assert clerk.get("/billing/start/").status_code == 200
    form = {
        "plan": "chain", "interval": "month", "paid_by": "card", "smile__site": "2", "derma__site": "2",
        "lumen__site": "1", "peiban__site": "1", "peiban__seat-companions": "4",
    }  # fmt: skip
    sent = clerk.post("/billing/start/", form, headers={"HX-Request": "true"})
    assert sent.status_code == 204, sent.content.decode()[:600]
    address = sent.headers["HX-Redirect"]
    assert address.startswith(f"{stripe.base}/c/pay/")
    status, location, _text = stripe.press(address, card="pm_card_visa", act="pay")
    assert (status, location.partition("?")[0]) == (303, f"http://orchid.{_base()}/billing/")
    post.deliver(fresh(account).stripe_customer)
    assert fresh(account).state == "active"
    plain = clerk.post("/billing/portal/")
    assert plain.status_code == 200
    assert f"{stripe.base}/p/session/" in plain.content.decode()


def _base() -> str:
    from django.conf import settings

    return str(settings.BASE_DOMAIN)


def test_the_banner_says_first_that_care_goes_on(
    clerk: Client, orchid: BillingAccount, at: Any, stripe: StandIn
) -> None:
    miss_payment(orchid, at("2026-12-06 10:00"))
    tenant_of("orchid")
    text = clerk.get(HOME, headers={"Accept-Language": "en"}).content.decode()
    assert "2026-12-20" in text
    with public_schema():
        debt = InvoiceMirror.objects.get(account=orchid, status="open")
    assert f"/billing/invoices/{debt.code}/pay/" in text
    # the fabricated invoice is unknown at Stripe: a refusal, not an error
    refused = clerk.post(f"/billing/invoices/{debt.code}/pay/")
    assert refused.status_code in (404, 409)


def test_a_clinic_of_the_chain_sees_and_may_not(client_for: Callable[..., Client], orchid: BillingAccount) -> None:
    people = client_for("admin.smile", "smile")
    assert people.get(HOME).status_code == 200
    assert people.get("/billing/change/").status_code == 403
    assert client_for("bai.lan", "smile").get(HOME).status_code == 403
    assert client_for(None, "smile").get(HOME).status_code == 302
    with activate(tenant_of("smile")), pytest.raises(Exception, match="managed_at_headquarters"):
        actions.cancel_subscription(by=ADMIN)


def test_the_payer_is_changed_with_a_version(clerk: Client, orchid: BillingAccount, stripe: StandIn) -> None:
    form = {
        "name": "兰花集团",
        "tax_number": "91310000MA1",
        "email": "bill@example.test",
        "version": str(fresh(orchid).version),
    }
    assert clerk.post("/billing/payer/", form).status_code == 303
    assert (fresh(orchid).name, fresh(orchid).tax_number) == ("兰花集团", "91310000MA1")
    assert clerk.post("/billing/payer/", form).status_code == 412
    assert clerk.post("/billing/payer/", form | {"email": "nothing"}).status_code == 422


def test_the_api_tells_the_same(
    api_for: Callable[..., APIClient], orchid: BillingAccount, stripe: StandIn, at: Any
) -> None:
    stripe.live_at(at("2026-12-06 09:00"))
    api = api_for("qian.yun", "orchid")
    found = api.get("/api/v1/billing/subscription/")
    assert found.status_code == 200, found.content[:400]
    row = found.json()
    assert (row["state"], row["plan"], row["stripe_customer"]) == ("active", "chain", orchid.stripe_customer)
    assert [step["key"] for step in row["ladder"]] == ["past_due", "read_only", "suspended"]
    page = api.get("/api/v1/billing/invoices/").json()
    assert page["count"] == 1
    one = api.get(f"/api/v1/billing/invoices/{page['results'][0]['code']}/").json()
    assert sum(line["amount_fen"] for line in one["lines"]) == one["total_fen"]
    following = api.get("/api/v1/billing/invoices/next/").json()
    assert following["total_fen"] == following["fixed_fen"] + following["estimated_fen"]
    parts = [
        {"tenant": "smile", "key": "site", "quantity": 3},
        {"tenant": "derma", "key": "site", "quantity": 4},
        {"tenant": "lumen", "key": "site", "quantity": 3},
        {"tenant": "peiban", "key": "site", "quantity": 1},
        {"tenant": "peiban", "key": "seat:companions", "quantity": 4},
    ]
    quote = api.post("/api/v1/billing/preview/", {"plan": "chain", "interval": "month", "parts": parts})
    assert quote.status_code == 200, quote.content[:600]
    assert quote.json()["now_fen"] == round(680_00 * 26 / 31)
    wrong = api.post("/api/v1/billing/preview/", {"plan": "free", "interval": "month", "parts": parts})
    assert wrong.status_code == 400
    strange = api.post(
        "/api/v1/billing/preview/",
        {"plan": "chain", "interval": "month", "parts": [{"tenant": "willow", "key": "site", "quantity": 1}]},
    )
    assert (strange.status_code, strange.json()["code"]) == (422, "unknown_tenant")
    assert api_for("bai.lan", "smile").get("/api/v1/billing/subscription/").status_code == 403
    assert api_for(None, "smile").get("/api/v1/billing/subscription/").status_code == 401


def test_operators_see_who_is_behind_and_enter_transfers(
    client_for: Callable[..., Client], orchid: BillingAccount, at: Any, stripe: StandIn
) -> None:
    miss_payment(orchid, at("2026-12-06 10:00"))
    operator = client_for("op.lu", "ops")
    text = operator.get("/billing/accounts/").content.decode()
    assert "兰花医疗管理有限公司" in text
    with public_schema():
        debt = InvoiceMirror.objects.get(account=orchid, status="open")
    empty = operator.post(f"/billing/accounts/{orchid.code}/transfers/", {"invoice": str(debt.code)})
    assert empty.status_code == 400
    assert operator.post(f"/billing/accounts/{orchid.code}/read-only/").status_code == 409
