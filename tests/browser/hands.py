"""What hands and eyes do on a page: send a form, look for what runs over the edge, count what was stored."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING

from django.test import override_settings

from config.launcher.paths import FRONTEND, ROOT
from kernel import clock
from tests.harness.product import LiveProduct

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

AXE = FRONTEND / "node_modules" / "axe-core" / "axe.min.js"


def form_to(page: Page, path: str) -> Locator:
    """The form that is sent to an address with ``path`` in it, found by that and not by how it looks."""
    return page.locator(f"form[action*='{path}']")


def send(page: Page, path: str, **fields: str | bool) -> None:
    """Fill in the form that goes to ``path``, press its button, and wait for the page that follows."""
    form = form_to(page, path).first
    fill(form, **fields)
    with moved_on(page):
        form.locator("button[type=submit], button:not([type])").first.click()


def fill(form: Locator | Page, **fields: str | bool) -> None:
    """Fill in fields by name; a bool ticks, a text chooses (by what is read) where there is a choice."""
    for name, value in fields.items():
        field = form.locator(f"[name={name}]").first
        if isinstance(value, bool):
            field.set_checked(value, force=True)
        elif field.evaluate("one => one.tagName") == "SELECT":
            choice = field.locator("option", has_text=value).first
            field.select_option(value=choice.get_attribute("value") or "")
        elif field.get_attribute("type") == "radio":
            # The words are what a hand presses; the round itself is hidden behind them.
            form.locator(f"label:has([name={name}][value='{value}'])").first.click()
        else:
            field.fill(value)


def moved_on(page: Page) -> AbstractContextManager[object]:
    """Around what leads to another page."""
    return page.expect_navigation()


def said(page: Page) -> str:
    """The code of the refusal that the page shows; empty when it shows none."""
    codes = page.locator("[data-code]").evaluate_all("all => all.map(one => one.dataset.code)")
    return next((code for code in codes if re.fullmatch(r"[a-z_]+", code)), "")


def fits(page: Page) -> bool:
    """Does nothing run over the right edge?"""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"))


def violations(page: Page) -> list[str]:
    """What axe finds on the page, one line each."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document)")["violations"]
    return [f"{one['id']}: {one['nodes'][0]['target']} ({len(one['nodes'])})" for one in found]


def fetched(page: Page, path: str) -> tuple[int, str, str]:
    """What the page's own browser gets from ``path`` of its host: status, media type, text."""
    found = page.evaluate(
        "path => fetch(path).then(async got => [got.status, got.headers.get('content-type') ?? '', await got.text()])",
        path,
    )
    return int(found[0]), str(found[1]).partition(";")[0], str(found[2])


def complaints(page: Page) -> list[str]:
    """What the browser complains about on this page from now on; the list grows by itself."""
    heard: list[str] = []
    page.on("console", lambda said: heard.append(f"console: {said.text}") if said.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(f"script: {error}"))
    return heard


def clock_shows(product: LiveProduct, moment: str) -> None:
    """Set the product's clock as ``manage.py clock --set`` does, without a process that starts for it."""
    with override_settings(CLOCK_FILE=product.folder / "clock.json"):
        clock.set_to(datetime.fromisoformat(moment))


def behind(product: LiveProduct, slug: str, code: str) -> str:
    """Run ``code`` through the product's own actions in a tenant, as what happened before the story begins."""
    program = f"import django\ndjango.setup()\nfrom kernel.tenancy import activate\nfrom tenants.selectors import context_for\nwith activate(context_for(slug={slug!r})):\n"
    program += "\n".join(f"    {line}" for line in code.strip().splitlines())
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**product.environment, "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
