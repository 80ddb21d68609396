"""Headquarters: figures × sites, moved by a payment in a branch within seconds, down to site and day, never to a patient."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.hands import behind, clock_shows, fetched, moved_on
from tests.harness.product import LiveProduct

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

NAME = "梁博远"
# A slip that waits at the till of the center; the day of the agency was measured once, so that its column is there.
SLIP = f"""
from services.cashier.actions import SlipLine, issue_slip
from services.catalogue.models import Item
from tests.services.doors import person, staff
from tests.services.flow import center, patient
issue_slip(by=person("dr.xu"), site=center(), patient=patient("{NAME}", phone="13911119901"), doctor=staff("020"),
           lines=[SlipLine(item=Item.objects.get(key="dental-root-canal"))])
with activate(context_for(slug="peiban")):
    from django.db import transaction
    from kernel import clock
    from services.kpis.actions import measure
    from services.sites.models import Site
    site = Site.objects.get(slug="first")
    with transaction.atomic():
        measure(site, clock.today(site.timezone))
"""


@pytest.mark.ledger("HQ-001", "HQ-002", "PL-009")
def test_a_payment_in_a_branch_moves_the_figure_and_no_name_ever_comes(
    live_server_processes: LiveProduct, sign_in: Callable[..., Page], picture
) -> None:
    product = live_server_processes
    clock_shows(product, "2026-12-09T18:10:00+08:00")
    behind(product, "smile", SLIP)
    pages: list[str] = []

    def seen(page: Page) -> str:
        pages.append(page.content())
        return page.locator("body").inner_text()

    def takings() -> str:
        row = analyst.locator("tr", has=analyst.locator("a[href*='/headquarters/figures/takings/']"))
        return row.inner_text() if row.count() else ""

    # Given the analyst in front of the matrix
    analyst = sign_in("shen.lan", "orchid", path="/headquarters/")
    before = takings()

    # When a branch takes in a payment
    cashier = sign_in("fang.li", "smile", path="/cashier/")
    with moved_on(cashier):
        cashier.locator("tr", has_text=NAME).locator("a[href*='/cashier/slips/']").click()
    with moved_on(cashier):
        cashier.locator("form:has([name=tender]) button[type=submit]").click()

    # Then the figure moves by itself within seconds
    [(fen,)] = product.rows("SELECT sum(received_fen)::bigint FROM t_smile.cashier_receipt")
    month = f"{fen / 100:,.2f}"
    product.eventually(lambda: month in takings() and takings() != before, seconds=20)
    picture(analyst, "matrix")
    # n/a where a figure does not exist: escorts on time at a dental clinic
    words = [analyst.locator("td", has_text=word).count() for word in ("不适用", "n/a")]
    assert any(words)
    seen(analyst)

    # And it leads to sites, to days, and no further
    with moved_on(analyst):
        analyst.click("a[href*='/headquarters/figures/takings/']")
    assert month in seen(analyst)
    picture(analyst, "figure")
    with moved_on(analyst):
        analyst.locator("tr", has_text="中心店").locator("a[href*='/headquarters/sites/']").first.click()
    assert re.search(r"12-09.*1,260\.00", seen(analyst))
    picture(analyst, "site")
    links = [one.get_attribute("href") or "" for one in analyst.locator("main a").all()]
    assert not [link for link in links if "patient" in link or "receipt" in link]
    status, _type, table = fetched(analyst, "/headquarters/export.csv?period=month&month=2026-12")
    assert status == 200
    assert month in table
    assert not [text for text in (*pages, table) if NAME in text]
