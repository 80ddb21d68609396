"""The first page of every role can be used by everybody: axe finds nothing, and the browser has nothing to complain about."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.hands import clock_shows, complaints, violations
from tests.harness.product import LiveProduct

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

PEOPLE = (
    ("bai.lan", "smile"),
    ("su.qi", "smile"),
    ("dr.lin", "smile"),
    ("fang.li", "smile"),
    ("ye.fan", "smile"),
    ("gao.wen", "smile"),
    ("dou.heng", "smile"),
    ("admin.smile", "smile"),
    ("dr.cen", "derma"),
    ("dr.kang", "lumen"),
    ("kefu.an", "peiban"),
    ("hao.zhi", "peiban"),
    ("ming.yu", "peiban"),
    ("shen.lan", "orchid"),
    ("qian.yun", "orchid"),
    ("op.lu", "ops"),
)


def test_the_first_page_of_every_role_is_accessible(
    live_server_processes: LiveProduct, sign_in: Callable[..., Page]
) -> None:
    clock_shows(live_server_processes, "2026-12-07T10:55:00+08:00")
    found: dict[str, list[str]] = {}
    for username, slug in PEOPLE:
        page = sign_in(username, slug)
        heard = complaints(page)
        page.reload()
        page.wait_for_selector("h1, main h2")
        found[f"{username} {page.url}"] = [*violations(page), *heard]
        page.context.close()

    assert {who: what for who, what in found.items() if what} == {}
