"""The attendant's screen under real hands: it fits tablet and phone, is accessible, and one key leads to each act."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from config.launcher.paths import FRONTEND, ROOT
from tests.harness.browser import PHONE
from tests.harness.product import LiveProduct

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

AXE = FRONTEND / "node_modules" / "axe-core" / "axe.min.js"
MONDAY = "2026-12-07T10:40:00+08:00"
TABLET = {"viewport": {"width": 768, "height": 1024}, "has_touch": True}
# A child with her mother in room 3, somebody unsigned in room 1, a guest with a note and one who needs help.
MORNING = """
import django
django.setup()
from datetime import date
from kernel.tenancy import activate
from tenants.selectors import context_for
with activate(context_for(slug="smile")):
    from services.reception import actions as desk
    from services.treatment_area import actions, rounds
    from tests.services.doors import person
    from tests.services.flow import center, chair, patient, walked_in
    su = person("su.qi")
    child = desk.lead_in(by=su, visit=walked_in(patient("阮欣", birth_date=date(2016, 1, 1))), chair=chair("3"))
    actions.admit_companion(by=su, visit=child, name="阮母", relation="mother")
    actions.refuse_companion(by=su, visit=child, name="阮父", relation="father", refusal="second", words="在候诊区等候")
    actions.sign_take_over(by=person("tang.rui"), visit=child)
    desk.lead_in(by=su, visit=walked_in(patient("韩博")), chair=chair("1"))
    tian = walked_in(patient("田原"))
    actions.send_note(by=su, visit=tian, text="田女士想咨询种植")
    weak = walked_in(patient("傅老"), doctor="020")
    rounds.raise_priority(by=su, visit=weak, reason="weak", condition="走路不稳")
    rounds.note_patrol(by=su, site=center(), needs="要热水")
    rounds.report_concern(by=su, site=center(), kind="long_wait", words="等太久", visit=tian)
"""


@pytest.fixture(scope="module")
def morning(live_server_processes: LiveProduct) -> Iterator[LiveProduct]:
    """The running product on a Monday morning with guests inside and waiting."""
    product = live_server_processes
    product.manage("clock", "--set", MONDAY)
    done = subprocess.run(
        [sys.executable, "-c", MORNING],
        cwd=ROOT,
        env={**product.environment, "PYTHONPATH": f"{ROOT}:{ROOT / 'platform'}"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    yield product
    product.manage("clock", "--real")


def violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document)")["violations"]
    return [f"{one['id']}: {one['nodes'][0]['target']} ({len(one['nodes'])})" for one in found]


@pytest.mark.parametrize("screen", [{}, TABLET, PHONE], ids=["desktop", "tablet", "phone"])
def test_the_pages_fit_and_are_accessible(
    morning: LiveProduct, sign_in: Callable[..., Page], picture: Any, screen: dict[str, Any], request: Any
) -> None:
    page = sign_in("su.qi", "smile", **screen)
    size = request.node.callspec.id
    [(code,)] = morning.rows(
        "SELECT v.code FROM t_smile.reception_visit v JOIN t_smile.patients_patient p ON p.id = v.patient_id"
        " WHERE p.name = '阮欣'"
    )
    pages = {"board": "", "guest": f"visits/{code}/", "concerns": "concerns/", "sheet": "sheet/"}
    for name, path in pages.items():
        page.goto(morning.url("smile", f"/treatment_area/{path}"))
        page.wait_for_selector("main h1, main h2")
        picture(page, f"treatment-area-{name}-{size}")
        assert violations(page) == [], name
        work = page.locator("main")
        assert work.evaluate("one => one.scrollWidth <= one.clientWidth + 1"), name
        assert work.evaluate("one => one.getBoundingClientRect().right <= innerWidth + 1"), name


def test_one_key_leads_from_a_chair_to_the_relative(
    morning: LiveProduct, sign_in: Callable[..., Page], picture: Any
) -> None:
    page = sign_in("su.qi", "smile", path="/treatment_area/")
    page.focus("article.wait-card:has-text('阮欣')")
    with page.expect_navigation():
        page.keyboard.press("c")
    assert page.url.endswith("#relatives")
    page.fill("input[name=name] >> nth=0", "阮父")
    page.select_option("select[name=relation] >> nth=0", "father")
    page.click("form[action$='/relatives/'] button")
    page.wait_for_selector("[data-code=companion_limit]")
    picture(page, "treatment-area-refused")
    assert page.input_value("input[name=name] >> nth=0") == "阮父"
