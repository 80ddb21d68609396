"""The server is silent: a registered desk shows the last day sheet with its time, and shows it to nobody who has left."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.hands import behind, clock_shows, complaints, fits, moved_on
from tests.harness.product import LiveProduct

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

# A booking of today with Dr Lin, and a computer that several people share.
BEFORE = """
import json
from kernel.identity.actions import register_desk, set_pin
from kernel.identity.models import User
from tests.services.doors import SYSTEM, person
from tests.services.flow import booked, center, patient
booked(patient("阮欣", phone="13812345678"), "2026-12-14 10:00")
booked(patient("邵晴"), "2026-12-15 10:00")
desk, secret = register_desk(by=SYSTEM, name="前台一号", site_code=center().code)
set_pin(by=person("bai.lan"), user=User.objects.get(username="bai.lan"), pin="7294")
print(json.dumps({"cookie": f"{desk.code}.{secret}"}))
"""
KEPT = "caches.match('/outage/kept/', {cacheName: 'kept-sheet'}).then(one => one ? one.text() : '')"


def signs_in(page: Page, product: LiveProduct, username: str) -> None:
    from config.demo.cast import PASSWORD

    page.goto(product.url("smile", "/accounts/login/?next=/reception/"))
    page.fill("input[name=login]", username)
    page.fill("input[name=password]", PASSWORD)
    with moved_on(page):
        page.press("input[name=password]", "Enter")


def kept(page: Page) -> str:
    """What the browser keeps now; empty for nothing."""
    return str(page.evaluate(KEPT))


def comes_to_be_kept(product: LiveProduct, page: Page, words: str) -> None:
    product.eventually(lambda: words in kept(page))


def is_let_go(product: LiveProduct, page: Page) -> None:
    product.eventually(lambda: kept(page) == "")


def test_the_sheet_is_there_when_the_server_is_not(
    live_server_processes: LiveProduct, new_context: Any, sign_in: Any, picture: Any
) -> None:
    product = live_server_processes
    clock_shows(product, "2026-12-14T09:40:00+08:00")
    cookie = json.loads(behind(product, "smile", BEFORE).splitlines()[-1])["cookie"]

    # Given a desk that the supervisor has named for the sheet
    lead = sign_in("gao.wen", "smile", path="/outage/desks/")
    lead.select_option("select[name=desk]", label="前台一号")
    with moved_on(lead):
        lead.keyboard.press("Control+Enter")
    assert lead.locator("form[action*='/withdraw/']").count() == 1
    picture(lead, "desks with the sheet")

    context = new_context()
    context.add_cookies([{"name": "desk", "value": cookie, "url": product.url("smile", "/")}])
    page = context.new_page()
    signs_in(page, product, "bai.lan")
    comes_to_be_kept(product, page, "阮欣")

    # When the server does not answer any more, opening the product shows the sheet with its time
    context.set_offline(True)
    page.goto(product.url("smile", "/reception/"))
    sheet = page.locator("main")
    assert "阮欣" in sheet.inner_text()
    assert "5678" in sheet.inner_text()
    assert "13812345678" not in page.content()
    assert "09:40" in sheet.inner_text()
    assert page.locator("[data-print]").is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.kept-note')).borderTopStyle") == "solid"
    assert page.locator("details[open]").count() == 1
    picture(page, "the server does not answer")
    page.emulate_media(media="print")
    assert not page.locator(".kept-note").first.is_visible()
    assert page.locator("details[open] table").is_visible()
    page.emulate_media(media="screen")
    page.set_viewport_size({"width": 375, "height": 812})
    assert fits(page)
    picture(page, "the server does not answer 375")
    page.set_viewport_size({"width": 1440, "height": 900})

    # It says when the server is back; nothing on the way broke the policy of the pages
    context.set_offline(False)
    heard = complaints(page)
    page.locator("[data-back]").wait_for(state="visible", timeout=40_000)
    with moved_on(page):
        page.click("[data-back] a")
    page.goto(product.url("smile", "/reception/"))
    comes_to_be_kept(product, page, "阮欣")
    assert heard == []

    # A crash of the server is the same to the desk
    product.kill("web")
    page.goto(product.url("smile", "/patients/new/"))
    assert "阮欣" in page.locator("main").inner_text()
    product.restart("web")

    # Locked: gone, and a visitor gets the browser's own error and nothing else
    page.goto(product.url("smile", "/reception/"))
    comes_to_be_kept(product, page, "阮欣")
    post(page, "/accounts/desk/lock/", token_of(page))
    page.wait_for_url("**/accounts/desk/**")
    is_let_go(product, page)
    context.set_offline(True)
    assert refused(page, product)
    context.set_offline(False)

    # Back by PIN: kept again; signed out: gone
    goes_on(page, product, pin="7294")
    comes_to_be_kept(product, page, "阮欣")
    post(page, "/accounts/logout/", token_of(page))
    page.wait_for_url(lambda address: "/reception/" not in address)
    is_let_go(product, page)
    context.set_offline(True)
    assert refused(page, product)
    context.set_offline(False)

    # Withdrawn by the supervisor, while somebody works there: gone with the next page
    goes_on(page, product, pin="7294")
    comes_to_be_kept(product, page, "阮欣")
    with moved_on(lead):
        lead.locator("form[action*='/withdraw/'] button").click()
    page.goto(product.url("smile", "/reception/"))
    is_let_go(product, page)
    context.set_offline(True)
    assert refused(page, product)


def goes_on(page: Page, product: LiveProduct, *, pin: str) -> None:
    """Somebody who has signed in here today comes back to the shared desk with a PIN."""
    page.goto(product.url("smile", "/accounts/desk/?next=/reception/&who=bai.lan"))
    page.fill("input[name=pin]", pin)
    with moved_on(page):
        page.press("input[name=pin]", "Enter")
    assert "/reception/" in page.url


def token_of(page: Page) -> str:
    return str(page.evaluate("JSON.parse(document.body.getAttribute('hx-headers'))['X-CSRFToken']"))


def post(page: Page, path: str, token: str) -> None:
    """Send a form without fields to ``path``, as a button in the menu does."""
    page.evaluate(
        """([path, token]) => {
            const form = document.createElement("form");
            form.method = "post";
            form.action = path;
            const field = document.createElement("input");
            [field.name, field.value] = ["csrfmiddlewaretoken", token];
            form.append(field);
            document.body.append(form);
            form.submit();
        }""",
        [path, token],
    )


def refused(page: Page, product: LiveProduct) -> bool:
    """Does the browser show its own error where the product is opened?"""
    from playwright.sync_api import Error

    try:
        page.goto(product.url("smile", "/reception/"))
    except Error as error:
        return "ERR_" in str(error)
    return False
