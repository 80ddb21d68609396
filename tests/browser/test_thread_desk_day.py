"""A morning of the front desk, from the opening list before eight to the checked form of the first visitor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from config.launcher.testbed import Testbed
from tests.browser.hands import behind, clock_shows, fill, form_to, moved_on, said
from tests.browser.test_thread_clinic import registered
from tests.harness.product import LiveProduct, start_product, stop_product

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

DAY = "2026-12-08"
NEWCOMER = "罗敏之"
# 陈雨 comes today.
BEFORE = f"""
from datetime import date
from services.shift.handlers import plan_days
from tests.services.flow import booked, patient
booked(patient("陈雨", phone="13911114417"), "{DAY} 15:00")
plan_days(date.fromisoformat("{DAY}"))
"""
HEALTH = (
    "heart", "blood_pressure", "diabetes", "bleeding", "infection", "epilepsy", "allergy", "medication", "pregnancy", "other",
)  # fmt: skip


@pytest.fixture(scope="module")
def live_server_processes(bed: Testbed) -> Iterator[LiveProduct]:
    """A product of its own: the lists of a day and its meeting are those of the whole house."""
    product = start_product(bed)
    at(product, "07:40")
    behind(product, "smile", BEFORE)
    yield product
    stop_product(bed, product)


def at(product: LiveProduct, time: str) -> None:
    clock_shows(product, f"{DAY}T{time}:00+08:00")


def pressed(page: Page, key: str) -> None:
    """A key that leads to another page."""
    with moved_on(page):
        page.keyboard.press(key)


def clicked(target: Locator) -> None:
    """A link or button that leads to another page."""
    with moved_on(target.page):
        target.click()


def unanswered(page: Page, part: str) -> int:
    """How many items of a list have neither a tick nor a reason."""
    return page.locator(f"#{part} form[action$='/not-done/']").count()


@pytest.mark.ledger("GV-004", "GV-005", "GV-006", "GV-007", "FD-008")
def test_a_desks_morning_from_the_opening_list_to_the_form_of_the_first_visit(
    live_server_processes: LiveProduct, sign_in: Callable[..., Page], picture: Callable[..., object]
) -> None:
    product = live_server_processes
    day = "SELECT state FROM t_smile.shift_siteday d JOIN t_smile.sites_site s ON s.id = d.site_id WHERE s.slug = 'center'"

    # Given the desk at twenty to eight: she says that she is here, and the site does not open with an unanswered list
    desk = sign_in("bai.lan", "smile", path="/shift/")
    pressed(desk, "a")
    pressed(desk, "o")
    assert said(desk) == "opening_items_missing"
    picture(desk, "not opened")
    while unanswered(desk, "opening") > 1:
        pressed(desk, "d")
    last = desk.locator("#opening [data-row]", has=desk.locator("form[action$='/not-done/']"))
    last.locator("summary").click()
    last.locator("[name=reason]").fill("打印机缺墨，已报修")
    clicked(last.locator("form[action$='/not-done/'] button"))
    assert unanswered(desk, "opening") == 0
    pressed(desk, "o")
    assert product.rows(day) == [("opened",)]
    picture(desk, "opened")

    # When the morning meeting is held, then its sheet names who comes, and who was there is kept
    at(product, "08:20")
    clicked(desk.locator("a[href='/shift/meeting/']").first)
    assert "陈雨" in desk.locator("table").first.inner_text()
    pressed(desk, "b")
    clicked(desk.locator("[data-row]", has_text="林医生").locator("form[action$='/present/'] button"))
    # The key goes on to the next colleague each time.
    for _colleague in range(2):
        pressed(desk, "p")
    assert product.rows("SELECT count(*) FROM t_smile.shift_attendee WHERE presence = 'present'") == [(3,)]
    picture(desk, "meeting")
    desk.fill("[name=notes]", "今天打印机报修，单据手写")
    with moved_on(desk):
        desk.keyboard.press("Control+Enter")
    assert "今天打印机报修" in desk.locator("main").inner_text()
    assert product.rows("SELECT state FROM t_smile.shift_meeting m JOIN t_smile.sites_site s ON s.id = m.site_id"
                        " WHERE s.slug = 'center'") == [("held",)]  # fmt: skip

    # When somebody new rings up, then the file is opened and today at 10:30 is booked on the day board
    at(product, "08:45")
    desk.goto(product.url("smile", "/patients/new/"))
    registered(desk, NEWCOMER, "13911116688")
    desk.goto(product.url("smile", "/appointments/"))
    desk.keyboard.press("n")
    drawer = desk.locator("#booking")
    drawer.locator("[name=q]").fill(NEWCOMER)
    drawer.locator("#booking-patients [name=patient]").wait_for(state="attached")
    fill(drawer, item="补牙", doctor="011", day=DAY, time="10:30", channel="phone")
    desk.keyboard.press("Control+Enter")
    desk.locator("#day-board", has_text=NEWCOMER).wait_for()
    picture(desk, "day board")

    # When she comes, then the form of the first visit waits beside the desk's screen, and a blank holds its check up once
    at(product, "10:20")
    desk.goto(product.url("smile", "/reception/"))
    desk.keyboard.press("c")
    desk.locator("#check-in label", has_text=NEWCOMER).click()
    with moved_on(desk):
        desk.keyboard.press("Control+Enter")
    clicked(desk.locator("a[href='/intake/']").first)
    clicked(desk.locator("tr", has_text=NEWCOMER).locator("a[data-row-open]"))
    pressed(desk, "y")
    sheet = form_to(desk, "/answers/")
    fill(sheet, symptoms="右下后牙疼三天", address_declined=True, occupation="会计", **dict.fromkeys(HEALTH, "no"))
    with moved_on(desk):
        desk.keyboard.press("Control+Enter")
    assert product.rows("SELECT state FROM t_smile.intake_intakesheet") == [("filling",)]
    form_to(desk, "/answers/").locator("[name=heard_by]").select_option("map")
    with moved_on(desk):
        desk.keyboard.press("Control+Enter")
    assert product.rows("SELECT state FROM t_smile.intake_intakesheet") == [("to_sign",)]
    picture(desk, "checked")
