"""Chromium for the tests of screens."""

from __future__ import annotations

import os
import re
import time
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
PERIOD = 30  # seconds of one code of an authenticator


_steps_used: dict[tuple[str, str], int] = {}


def fresh_code(slug: str, username: str) -> str:
    """A code of the person's authenticator that was not used yet: a code works once, and one that comes half a minute early
    is accepted, so that two sign-ins in a row need no waiting."""
    from config.demo.building import totp_secret

    now = int(time.time()) // PERIOD
    step = max(_steps_used.get((slug, username), 0) + 1, now)
    while step > int(time.time()) // PERIOD + 1:
        time.sleep(1)
    _steps_used[slug, username] = step
    return code_of(totp_secret(slug, username), step)


def code_of(secret: str, step: int | None = None) -> str:
    """What an authenticator shows for ``secret``, now or in another of its half minutes."""
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

    return format_hotp_value(hotp_value(secret, int(time.time()) // PERIOD if step is None else step))


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


_failed = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Note that a test failed, so that its windows are kept as pictures."""
    report = yield
    item.stash[_failed] = item.stash.get(_failed, False) or report.failed
    return report


@pytest.fixture
def new_context(
    request: pytest.FixtureRequest, browser: Browser, bed: Testbed
) -> Iterator[Callable[..., BrowserContext]]:
    """``new_context(**PHONE)``: a browser window of somebody else, with cookies of its own; closed after the test.

    What the windows of a failed test showed at its end lies in ``var/screens/failed``.
    """
    contexts: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(**{"locale": "zh-CN", "timezone_id": "Asia/Shanghai", **DESKTOP, **options})
        context.set_default_timeout(15_000)
        contexts.append(context)
        return context

    yield make
    for number, context in enumerate(contexts):
        if request.node.stash.get(_failed, False):
            for page in context.pages:
                page.screenshot(path=bed.main_var / "screens" / "failed" / f"{request.node.name[:60]}-{number}.png")
        context.close()


@pytest.fixture
def sign_in(new_context: Callable[..., BrowserContext], live_server_processes: LiveProduct) -> Callable[..., Page]:
    """``sign_in("bai.lan", "smile", **PHONE)``: a page of the running product, signed in through the sign-in form, with
    the second factor where it is asked for."""
    from config.demo.cast import PASSWORD

    def make(username: str, slug: str, *, path: str = "/", password: str = PASSWORD, **options: Any) -> Page:
        page = new_context(**options).new_page()
        page.goto(live_server_processes.url(slug, f"/accounts/login/?next={path}"))
        page.fill("input[name=login]", username)
        page.fill("input[name=password]", password)
        with page.expect_navigation():
            page.press("input[name=password]", "Enter")
        if page.locator("input[name=code]").count():
            page.fill("input[name=code]", fresh_code(slug, username))
            with page.expect_navigation():
                page.press("input[name=code]", "Enter")
        return page

    return make


@pytest.fixture
def picture(request: pytest.FixtureRequest, bed: Testbed) -> Callable[..., Path]:
    """``picture(page, "day board")`` keeps a screenshot in ``var/screens``."""

    def take(page: Page, name: str, **options: Any) -> Path:
        folder = bed.main_var / "screens" / request.node.module.__name__.rpartition(".")[2].removeprefix("test_")
        path = folder / (re.sub(r"[^\w.-]+", "-", name) + ".png")
        from playwright.sync_api import Error

        wanted = {"full_page": True, **options}
        try:
            page.screenshot(path=path, **wanted)
        except Error:
            # Chromium now and then cannot take one while a page is being painted; a picture proves nothing, so once more.
            page.wait_for_timeout(500)
            page.screenshot(path=path, **wanted)
        return path

    return take
