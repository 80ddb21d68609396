"""The component sheet in a real browser: accessible in every frame and language, and alive under the keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from config.launcher.paths import FRONTEND
from tests.harness.browser import DESKTOP, PHONE
from tests.harness.product import LiveProduct

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Page

pytestmark = pytest.mark.browser

AXE = FRONTEND / "node_modules" / "axe-core" / "axe.min.js"
# What a scanner does to a focused field, without the pauses of a busy machine.
SCANNER = """(code) => {
  const field = document.activeElement;
  for (const key of [...code, "Enter"]) {
    const down = new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true});
    if (field.dispatchEvent(down) && key !== "Enter") {
      field.value += key;
    }
  }
}"""
LAPTOP = {"viewport": {"width": 1024, "height": 768}}


def violations(page: Page) -> list[str]:
    """What axe finds on the page, one line each."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document)")["violations"]
    return [f"{one['id']}: {one['nodes'][0]['target']} ({len(one['nodes'])})" for one in found]


@pytest.fixture
def gallery(
    new_context: Callable[..., BrowserContext], live_server_processes: LiveProduct
) -> Iterator[Callable[..., Page]]:
    """``gallery(language="en", path="", **DESKTOP)``: the sheet; fails at the end if the browser complained."""
    complaints: list[str] = []

    def opened(*, language: str = "zh-hans", path: str = "/_gallery/", **options: Any) -> Page:
        context = new_context(**options)
        context.add_cookies(
            [{"name": "language", "value": language, "url": live_server_processes.url("smile")}],
        )
        page = context.new_page()

        def heard(message: ConsoleMessage) -> None:
            # The page itself may be a refusal; whatever it loads may not.
            if message.type == "error" and "/_gallery/refused/" not in message.location["url"]:
                complaints.append(f"{message.text} {message.location['url']}")

        page.on("console", heard)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(live_server_processes.url("smile", path))
        if path == "/_gallery/":
            page.wait_for_selector("#board")
        return page

    yield opened
    expected = ("/nothing-here/", "ERR_INTERNET_DISCONNECTED")
    assert [line for line in complaints if not any(part in line for part in expected)] == []


@pytest.mark.parametrize(
    ("screen", "language"),
    [(DESKTOP, "zh-hans"), (PHONE, "zh-hans"), (DESKTOP, "en"), (PHONE, "en"), (LAPTOP, "zh-hant")],
    ids=["desktop-zh-hans", "phone-zh-hans", "desktop-en", "phone-en", "laptop-zh-hant"],
)
def test_every_component_is_accessible_and_fits(
    gallery: Callable[..., Page], picture: Callable[..., Any], screen: dict[str, Any], language: str
) -> None:
    page = gallery(language=language, **screen)

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    picture(page, f"components {language} {screen['viewport']['width']}")


@pytest.mark.parametrize("path", ["/_gallery/?frame=top", "/_gallery/phone/", "/_gallery/refused/", "/nothing-here/"])
def test_the_other_frames_are_accessible(gallery: Callable[..., Page], path: str) -> None:
    page = gallery(path=path, **(PHONE if "phone" in path else DESKTOP))

    assert violations(page) == []


def test_a_refusal_stays_beside_the_act_and_the_entry_is_kept(gallery: Callable[..., Page]) -> None:
    page = gallery()
    page.keyboard.press("c")
    page.fill("#d-name", "罗敏")
    page.keyboard.press("Control+Enter")

    page.wait_for_selector("#demo-drawer [data-refusal-slot] .refusal")
    page.wait_for_function("() => document.activeElement.dataset.key === 'Alt 1'")
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    assert page.input_value("#d-name") == "罗敏"


def test_an_act_that_cannot_be_taken_back_waits_for_its_reason(gallery: Callable[..., Page]) -> None:
    page = gallery()
    page.click("[data-open=demo-dialog]")

    assert page.is_disabled("#demo-dialog .btn-danger")
    page.fill("#void-reason", "付款方式录错")
    assert page.is_enabled("#demo-dialog .btn-danger")


def test_a_scanner_is_recognised_in_any_focus_and_spoils_nothing(gallery: Callable[..., Page]) -> None:
    page = gallery()
    page.evaluate("document.addEventListener('scan', (event) => { window.scanned = event.detail.code; })")
    page.fill("#id_a-phone", "138")
    page.focus("#id_a-phone")

    page.evaluate(SCANNER, "A-019417-X")

    page.wait_for_function("() => window.scanned === 'A-019417-X'")
    assert page.input_value("#id_a-phone") == "138"
    assert page.input_value("#palette-input") == "A-019417-X"


def test_letters_are_commands_only_outside_of_text(gallery: Callable[..., Page]) -> None:
    page = gallery()
    page.focus("#id_a-name")
    page.keyboard.type("c")
    assert not page.evaluate("document.querySelector('#demo-drawer').open")

    page.focus("#id_a-amount")
    page.keyboard.type("c")
    assert page.evaluate("document.querySelector('#demo-drawer').open")


def test_a_part_stays_fresh_and_says_when_the_line_is_cut(gallery: Callable[..., Page]) -> None:
    page = gallery()
    before = page.inner_text("[data-poll]")
    page.wait_for_function("(old) => document.querySelector('[data-poll]').innerText !== old", arg=before)

    page.context.set_offline(True)
    page.wait_for_selector("#lost:not([hidden])", timeout=40_000)
    page.context.set_offline(False)
    page.wait_for_selector("#lost", state="hidden")


def test_the_language_switch_stays_on_the_page(gallery: Callable[..., Page]) -> None:
    page = gallery()
    page.click(".person")
    page.click(".menu-box button[value=en]")

    page.wait_for_function("() => document.documentElement.lang === 'en'")
    assert page.url.endswith("/_gallery/")
