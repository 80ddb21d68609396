"""The way of a figure through the real processes: charged at the till, seen in the matrix of headquarters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.hands import behind
from tests.harness.product import LiveProduct

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.slow, pytest.mark.browser]

SIGNED = """
from tests.services.flow import patient
from tests.services.till import signed
signed(patient("蓝鲸壹"))
"""


@pytest.mark.ledger("HQ-001")
def test_a_payment_in_the_branch_appears_in_the_open_matrix(
    live_server_processes: LiveProduct, sign_in: Callable[..., Page]
) -> None:
    """Nobody reloads anything: event, relay, measuring, push and rollup run by worker and beat, the page polls."""
    product = live_server_processes
    product.manage("clock", "--set", "2026-12-14T16:00:00+08:00")
    behind(product, "smile", SIGNED)
    analyst = sign_in("shen.lan", "orchid")
    analyst.goto(product.url("orchid", "/headquarters/?period=month&month=2026-12"))
    assert "1,680.00" not in analyst.inner_text("body")

    till = sign_in("fang.li", "smile")
    till.goto(product.url("smile", "/cashier/"))
    till.click("a[data-row-open]")
    till.fill("input[name=tendered_fen]", "1700")
    till.click("main form button[type=submit]")
    till.wait_for_url("**/cashier/receipts/**")
    assert "20.00" in till.inner_text("body")

    cell = analyst.locator("a[href*='/takings/']", has_text="1,680.00")
    cell.first.wait_for(timeout=30_000)
    assert "蓝鲸壹" not in analyst.content()
    assert product.rows("SELECT numerator FROM t_orchid.headquarters_sitefact WHERE key = 'takings'") == [(168_000,)]
