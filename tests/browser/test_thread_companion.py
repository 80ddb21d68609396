"""An escort order from the telephone to the archive: the manager offers it, two phones accept at the same moment, one serves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.hands import clock_shows, fill, fits, form_to, moved_on, said, send
from tests.harness.browser import PHONE
from tests.harness.product import LiveProduct

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

ENQUIRY = {
    "customer_name": "葛女士",
    "customer_phone": "13800001111",
    "hospital": "市第一医院",
    "department": "心内科",
    "item": "半天陪诊",
    "pickup_place": "门诊楼东门",
    "starts_at": "2026-12-09T13:00",
    "ends_at": "2026-12-09T17:00",
    "needs": "走路慢，听力不好",
}

PREPARATION = {"contacted_note": "血压偏高", "registration_number": "A17", "route": "东门进，三楼", "reconfirmed": ""}


def taken_in(desk: Page) -> None:
    """A client is registered, and from the file an enquiry is taken in."""
    fill(desk, name="葛老先生", sex="male", stated_age="72", phone="13811112222")
    with moved_on(desk):
        desk.keyboard.press("Control+Enter")
    with moved_on(desk):
        desk.click("a[href*='/escort/orders/new/?patient=']")
    fill(desk, **ENQUIRY)
    with moved_on(desk):
        desk.keyboard.press("Control+Enter")


def agreed(manager: Page) -> None:
    """Price drafted, both signatures."""
    if form_to(manager, "/forward/").count():
        send(manager, "/forward/")
    send(manager, "/draft/", price_fen="380.00")
    send(manager, "/sign-customer/")
    send(manager, "/sign-company/")


def press_together(*pages: Page) -> None:
    """Both thumbs come down in the same millisecond: each phone waits for the same moment by itself."""
    moment = pages[0].evaluate("Date.now() + 400")
    for page in pages:
        page.evaluate(
            "at => { const button = document.querySelector(\"form[action$='/accept/'] button\");"
            " setTimeout(() => button.click(), at - Date.now()) }",
            moment,
        )


@pytest.mark.ledger("ES-009")
def test_two_phones_accept_at_once_and_one_serves_to_the_end(
    live_server_processes: LiveProduct, sign_in: Callable[..., Page], picture
) -> None:
    """Given an agreed order that was offered to three companions, when two accept at the same moment, then one holds it
    and the other is told; and the winner does the whole service with one hand."""
    product = live_server_processes
    clock_shows(product, "2026-12-09T12:40:00+08:00")

    # Given: the telephone takes it in, the manager agrees and offers
    taken_in(sign_in("kefu.an", "peiban", path="/patients/new/"))
    manager = sign_in("hao.zhi", "peiban", path="/escort/board/")
    with moved_on(manager):
        manager.click("a[href*='/escort/orders/']:not([href$='/new/'])")
    agreed(manager)
    phones = {name: sign_in(name, "peiban", path="/escort/me/offers/", **PHONE) for name in ("ming.yu", "rui.xin")}
    for choice in manager.locator("input[name=companion]").all()[:3]:
        choice.check()
    send(manager, "/offer/")
    for page in phones.values():
        page.wait_for_selector("form[action$='/accept/'] button")  # it comes by itself
        assert fits(page)
        assert "葛老先生" not in page.content()
    picture(phones["ming.yu"], "offer")

    # When: both accept in the same moment
    press_together(*phones.values())
    for page in phones.values():
        page.wait_for_selector("[data-code=offer_lost], form[action$='/prepare/']")

    # Then: one has it, the other is told, and nothing else was stored
    winner, loser = sorted(phones, key=lambda name: said(phones[name]) == "offer_lost")
    assert (said(phones[winner]), said(phones[loser])) == ("", "offer_lost")
    assert product.rows("SELECT count(*) FROM t_peiban.escort_assignment WHERE active") == [(1,)]
    picture(phones[loser], "lost")

    # And: the winner prepares, meets the client, ends, reports; each page fits the phone
    phone = phones[winner]
    assert fits(phone)
    picture(phone, "prepare")
    for step, words in PREPARATION.items():
        if words:
            phone.fill(f"#gate-{step} [name={step}]", words)
        with moved_on(phone):
            phone.click(f"button[form=gate-{step}]")
        assert fits(phone)
    picture(phone, "ready")
    send(phone, "/check-in/")
    picture(phone, "service")
    for step in ("registered", "consulted", "tested", "report_collected", "medicine"):
        assert fits(phone)
        send(phone, f"/{step}/")
    phone.click("[data-open=end-service]")
    send(phone, "/end/")
    assert fits(phone)
    # Each step has the phone's own moment, which counts in whole milliseconds, beside the server's.
    told = product.rows(
        "SELECT date_trunc('milliseconds', happened_at) = happened_at AND happened_at <= stored_at"
        " FROM t_peiban.escort_milestone"
    )
    assert told == [(True,)] * 7
    picture(phone, "report")
    fill(form_to(phone, "/report/"), text="全程陪同，医生建议复查。", client_condition="平稳")
    with moved_on(phone):
        phone.click("button[form=report]")
    assert "/escort/me/today/" in phone.url
    assert fits(phone)

    # And: the manager archives it; from then on the companion finds nothing
    order = phone.locator("a[href*='/escort/me/orders/']").first.get_attribute("href")
    manager.reload()
    assert "全程陪同" in manager.content()
    assert form_to(manager, "/archive/").count() == 1
    send(manager, "/archive/")
    gone = phone.goto(product.url("peiban", str(order)))
    assert gone is not None
    assert gone.status == 404
