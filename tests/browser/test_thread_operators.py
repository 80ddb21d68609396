"""Operators: a new tenant is usable within seconds, a vertical goes and comes back with its data."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.hands import behind, clock_shows, fetched, fill, form_to, moved_on
from tests.harness.browser import code_of
from tests.harness.product import LiveProduct

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = pytest.mark.browser

PASSWORD = "quiet-river-7-lamps"  # of somebody who exists for this story only
# A plan of the vertical that will go, made before it goes.
BEFORE = """
from dermatology.actions import classify
from services.patients.actions import register_patient
from services.sites.models import Site
from tests.services.doors import SYSTEM, person, staff
site = Site.objects.get(slug="river")
found = register_patient(by=SYSTEM, site=site, name="温如玉", sex="female", stated_age=40, phone="13911112345", confirmed_new=True)
print(classify(by=person("dr.song"), site=site, patient=found, doctor=staff("081"), illness="银屑病", illness_class="B").code)
"""


@pytest.mark.ledger("PL-002")
def test_a_new_tenant_is_usable_within_seconds(
    live_server_processes: LiveProduct,
    sign_in: Callable[..., Page],
    new_context: Callable[..., BrowserContext],
    picture,
) -> None:
    product = live_server_processes
    clock_shows(product, "2026-12-10T09:00:00+08:00")

    # Given an operator who orders a clinic with two lines of business
    console = sign_in("op.lu", "ops", path="/tenants/new/")
    fill(console, name="晨露门诊", slug="chenlu", chain_name="晨露医疗", administrator_name="程露",
         administrator_mail="cheng.lu@chenlu.example")  # fmt: skip
    for key in ("dermatology", "aesthetics"):
        console.locator(f"label:has(input[name=verticals][value={key}])").first.click()
    with moved_on(console):
        console.keyboard.press("Control+Enter")
    assert "/jobs/" in console.url

    # When the worker is done, then the page says so by itself, and the first administrator has the invitation
    console.wait_for_selector("a[href='/tenants/chenlu/']", timeout=60_000)
    picture(console, "tenant made")
    mails = product.folder / "outbox" / "mail"
    link = product.eventually(
        lambda: next(
            (
                found.group()
                for mail in mails.glob("*.json")
                for said in [json.loads(mail.read_text())]
                if said["to"] == "cheng.lu@chenlu.example" and (found := re.search(r"http://\S+", said["body"]))
            ),
            "",
        )
    )

    # And she begins: password, authenticator, and her tenant has exactly what was ordered
    page = new_context().new_page()
    page.goto(link)
    fill(page, password1=PASSWORD, password2=PASSWORD)
    with moved_on(page):
        page.press("[name=password2]", "Enter")
    key = page.locator("code[data-copy]").get_attribute("data-copy")
    page.fill("input[name=code]", code_of(str(key)))
    with moved_on(page):
        page.press("input[name=code]", "Enter")
    page.goto(product.url("chenlu", "/"))
    assert page.locator("h1").first.is_visible()
    assert product.url("chenlu", "/") in page.url
    for path, status in (("/dermatology/", 403), ("/aesthetics/", 200), ("/dental/", 404), ("/escort/", 404)):
        answer = page.goto(product.url("chenlu", path))
        assert answer is not None
        assert answer.status == status, path
    picture(page, "first administrator")


@pytest.mark.ledger("PL-001")
def test_a_vertical_goes_without_a_trace_and_comes_back_with_its_data(
    live_server_processes: LiveProduct, sign_in: Callable[..., Page], picture
) -> None:
    product = live_server_processes
    clock_shows(product, "2026-12-10T10:00:00+08:00")
    plan = behind(product, "willow", BEFORE)
    page, api = f"/dermatology/plans/{plan}/", f"/api/v1/dermatology/plans/{plan}/"
    doctor = sign_in("dr.song", "willow")
    console = sign_in("op.lu", "ops", path="/tenants/willow/")

    def statuses() -> tuple[int, int]:
        return fetched(doctor, page)[0], fetched(doctor, api)[0]

    def in_menu() -> bool:
        doctor.goto(product.url("willow", "/patients/"))
        return doctor.locator("a[href='/dermatology/']").count() > 0

    # Given a vertical in use
    assert statuses() == (200, 200)
    assert in_menu()

    # When the operator switches it off
    console.click("[data-open=off-dermatology]")
    form = form_to(console, "/verticals/dermatology/").filter(has=console.locator("[name=active][value='0']"))
    with moved_on(console):
        form.locator("button:not([data-close])").click()
    picture(console, "switched off")

    # Then there is no page, no API, no menu of it, and the other line of business goes on
    product.eventually(lambda: statuses() == (404, 404))
    assert not in_menu()
    assert doctor.locator("a[href='/aesthetics/']").count() > 0

    # And on again everything is where it was
    form = form_to(console, "/verticals/dermatology/").filter(has=console.locator("[name=active][value='1']"))
    with moved_on(console):
        form.locator("button").click()
    product.eventually(lambda: statuses() == (200, 200))
    assert in_menu()
    doctor.goto(product.url("willow", page))
    assert "温如玉" in doctor.content()
