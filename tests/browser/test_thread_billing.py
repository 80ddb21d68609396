"""The subscription: by card through Stripe's checkout, by invoice and transfer, and what a missed payment closes and opens."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from config.launcher.testbed import Testbed
from tests.browser.hands import behind, clock_shows, fetched, fill, form_to, moved_on, said, send
from tests.harness.product import LiveProduct, start_product, stop_product

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

BEFORE = """
from config.demo.cast import GROUPS
from kernel.context import Actor
from tenants.billing.actions import open_account, sync_catalogue
from tenants.directory import public_schema
from tenants.models import Chain
from tests.services.flow import patient
sync_catalogue()
patient("宋乾", phone="13911115566")
with public_schema():
    for group in GROUPS:
        open_account(by=Actor.system("test"), chain=Chain.objects.get(name=group.name), name=group.name,
                     email="pay@example.test", profile=group.profile, trial_days=0)
"""


@pytest.fixture(scope="module")
def live_server_processes(bed: Testbed) -> Iterator[LiveProduct]:
    """A product of its own: nobody else wants to be read-only."""
    product = start_product(bed)
    clock_shows(product, "2026-12-10T10:00:00+08:00")
    behind(product, "smile", BEFORE)
    yield product
    stop_product(bed, product)


def state_of(product: LiveProduct, name: str) -> str:
    """Where an account stands."""
    return str(product.rows("SELECT state FROM public.billing_billingaccount WHERE name = %s", name)[0][0])


def told_by_stripe(product: LiveProduct, state: str, *, name: str = "Orchid Group") -> None:
    """Its signed events have arrived, and the account follows."""
    product.eventually(lambda: state_of(product, name) == state, seconds=60)


def bad_signature(product: LiveProduct) -> int:
    """The answer to an event that somebody else has signed."""
    body = json.dumps({"id": "evt_forged", "object": "event", "type": "invoice.paid"}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{product.port}/billing/stripe/webhook/", data=body,
        headers={"Host": product.host(), "Stripe-Signature": "t=1,v1=00", "Content-Type": "application/json"},
    )  # fmt: skip
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code


def card_chosen(page: Page, product: LiveProduct, token: str) -> None:
    """Through the payment service's own page another card becomes the one that is charged."""
    page.goto(product.url("orchid", "/billing/"))
    form_to(page, "/billing/portal/").first.locator("button").click()
    page.wait_for_url("**/p/session/**")
    page.check(f"input[name=card][value={token}]")
    with moved_on(page):
        page.click("button[value=add]")


@pytest.mark.ledger("PL-003", "PL-004")
def test_a_missed_payment_closes_what_is_new_and_a_payment_opens_all(
    live_server_processes: LiveProduct, sign_in: Callable[..., Page], picture
) -> None:
    product = live_server_processes
    # Given a chain that subscribes by card on the payment service's page
    payer = sign_in("qian.yun", "orchid", path="/billing/")
    with moved_on(payer):
        payer.click("a[href='/billing/start/']")
    fill(payer, paid_by="card")
    payer.keyboard.press("Control+Enter")
    payer.wait_for_url("**/c/pay/**")
    payer.check("input[name=card][value=pm_card_visa]")
    with moved_on(payer):
        payer.click("button[value=pay]")
    assert payer.url.startswith(product.url("orchid", "/billing/"))
    told_by_stripe(product, "active")
    payer.goto(product.url("orchid", "/billing/"))
    shown = payer.locator("main").inner_text() + payer.locator("aside").last.inner_text()
    assert payer.locator("a[href*='/billing/invoices/']").count() >= 1
    assert "微笑口腔" in shown
    picture(payer, "subscribed")

    # When the next charge fails, then it is past due and everything works; after fourteen days it is read-only
    card_chosen(payer, product, "pm_card_chargeCustomerFail")
    clock_shows(product, "2027-01-01T12:00:00+08:00")
    told_by_stripe(product, "past_due")
    payer.goto(product.url("orchid", "/billing/"))
    picture(payer, "past due")
    desk = sign_in("bai.lan", "smile", path="/patients/new/")
    fill(desk, name="方圆", sex="female", stated_age="30", phone="13911117701")
    with moved_on(desk):
        desk.keyboard.press("Control+Enter")
    assert said(desk) == ""
    assert bad_signature(product) == 400
    clock_shows(product, "2027-01-16T12:00:00+08:00")
    told_by_stripe(product, "read_only")

    # Then nothing new can be entered, and records are read and figures exported as before
    desk.goto(product.url("smile", "/patients/new/"))
    assert desk.locator("main form input[name=name]").is_disabled()
    # (who had the page open before can still press the button, and is refused)
    desk.evaluate("document.querySelectorAll('fieldset[data-closed]').forEach(one => one.disabled = false)")
    fill(desk, name="方正", sex="male", stated_age="30", phone="13911117702")
    desk.keyboard.press("Control+Enter")
    desk.wait_for_selector("[data-code=tenant_read_only]")
    picture(desk, "read only")
    desk.goto(product.url("smile", "/patients/?q=sq"))
    with moved_on(desk):
        desk.locator("a", has_text="宋乾").first.click()
    assert "宋乾" in desk.locator("h1").inner_text()
    analyst = sign_in("shen.lan", "orchid", path="/headquarters/")
    assert fetched(analyst, "/headquarters/export.csv")[:2] == (200, "text/csv")

    # And a payment opens everything at once
    card_chosen(payer, product, "pm_card_visa")
    payer.goto(product.url("orchid", "/billing/"))
    send(payer, "/pay/")
    told_by_stripe(product, "active")
    desk.goto(product.url("smile", "/patients/new/"))
    fill(desk, name="方正", sex="male", stated_age="30", phone="13911117702")
    with moved_on(desk):
        desk.keyboard.press("Control+Enter")
    desk.wait_for_selector("h1:has-text('方正')")


def test_the_other_chain_pays_by_invoice_and_transfer(
    live_server_processes: LiveProduct, sign_in: Callable[..., Page], picture
) -> None:
    """Given a chain without a card, when it subscribes by invoice, then it runs at once, and the transfer settles the invoice."""
    product = live_server_processes
    payer = sign_in("jiang.bo", "bamboo", path="/billing/start/")
    fill(payer, paid_by="invoice")
    with moved_on(payer):
        payer.keyboard.press("Control+Enter")
    told_by_stripe(product, "active", name="Bamboo Care")
    payer.goto(product.url("bamboo", "/billing/"))
    picture(payer, "invoice")
    with moved_on(payer):
        payer.locator("a[href*='/i/in_']:not([href*='pdf'])").first.click()
    with moved_on(payer):
        payer.click("button[value=transfer]")
    query = (
        "SELECT i.status FROM public.billing_invoicemirror i JOIN public.billing_billingaccount a ON a.id = i.account_id"
        " WHERE a.name = 'Bamboo Care'"
    )
    product.eventually(lambda: product.rows(query) == [("paid",)])
    payer.goto(product.url("bamboo", "/billing/"))
    assert payer.locator("a[href*='/i/in_']:not([href*='pdf'])").count() == 0
