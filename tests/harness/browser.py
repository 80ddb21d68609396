"""Chromium for the tests of screens."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from config.launcher.chromium import ensure_chromium
from config.launcher.testbed import Testbed
from tests.harness.product import LiveProduct

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PHONE = {"viewport": {"width": 375, "height": 812}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
DESKTOP = {"viewport": {"width": 1440, "height": 900}}


@pytest.fixture(scope="session")
def browser(bed: Testbed) -> Iterator[Browser]:
    """One Chromium for the whole run; each test takes contexts of its own."""
    from playwright.sync_api import sync_playwright

    chromium = ensure_chromium(bed.main_var)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=str(chromium.program),
            args=list(chromium.arguments),
            env={**os.environ, **chromium.environment},
        )
        yield running
        running.close()


@pytest.fixture
def new_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """``new_context(**PHONE)``: a browser window of somebody else, with cookies of its own; closed after the test."""
    contexts: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(**{"locale": "zh-CN", "timezone_id": "Asia/Shanghai", **DESKTOP, **options})
        context.set_default_timeout(15_000)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def sign_in(new_context: Callable[..., BrowserContext], live_server_processes: LiveProduct) -> Callable[..., Page]:
    """``sign_in("bai.lan", "smile", **PHONE)``: a page of the running product, signed in through the sign-in form."""
    from config.demo.cast import PASSWORD

    def make(username: str, slug: str, *, path: str = "/", password: str = PASSWORD, **options: Any) -> Page:
        page = new_context(**options).new_page()
        page.goto(live_server_processes.url(slug, f"/accounts/login/?next={path}"))
        page.fill("input[name=login]", username)
        page.fill("input[name=password]", password)
        with page.expect_navigation():
            page.press("input[name=password]", "Enter")
        return page

    return make


@pytest.fixture
def picture(request: pytest.FixtureRequest, bed: Testbed) -> Callable[..., Path]:
    """``picture(page, "day board")`` keeps a screenshot in ``var/screens``."""

    def take(page: Page, name: str, **options: Any) -> Path:
        folder = bed.main_var / "screens" / request.node.module.__name__.rpartition(".")[2].removeprefix("test_")
        path = folder / (re.sub(r"[^\w.-]+", "-", name) + ".png")
        page.screenshot(path=path, **{"full_page": True, **options})
        return path

    return take
