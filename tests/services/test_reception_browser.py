"""The front desk under real hands: three keystrokes to check in, a block moved by keys, everything accessible."""

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
MONDAY = "2026-12-07T09:00:00+08:00"
# A morning at the center: one waits, one is in the chair, some are booked.
MORNING = """
import django
django.setup()
from kernel.tenancy import activate
from tenants.selectors import context_for
with activate(context_for(slug="smile")):
    from services.reception import actions
    from tests.services.doors import person, staff
    from tests.services.flow import booked, center, chair, patient, walked_in
    for name, at, doctor in (("邵晴", "10:00", "011"), ("顾盼", "10:30", "020"), ("乔安", "14:00", "014")):
        booked(patient(name), f"2026-12-07 {at}", doctor=doctor, assistant=staff("201") if doctor == "011" else None)
    inside = walked_in(patient("韩博"))
    actions.lead_in(by=person("su.qi"), visit=inside, chair=chair("1"))
    walked_in(patient("陈雨"), doctor="020")
"""


@pytest.fixture(scope="module")
def morning(live_server_processes: LiveProduct) -> Iterator[LiveProduct]:
    """The running product on a Monday morning with patients in the house."""
    product = live_server_processes
    product.manage("clock", "--set", MONDAY)
    paths = f"{ROOT}:{ROOT / 'platform'}"
    done = subprocess.run(
        [sys.executable, "-c", MORNING],
        cwd=ROOT,
        env={**product.environment, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    yield product
    product.manage("clock", "--real")


@pytest.fixture
def desk(morning: LiveProduct, sign_in: Callable[..., Page]) -> Callable[..., Page]:
    """``desk("/reception/")``: a page of the front desk in Bai Lan's hands."""

    def opened(path: str, **options: Any) -> Page:
        page = sign_in("bai.lan", "smile", **options)
        page.goto(morning.url("smile", path))
        return page

    return opened


def violations(page: Page) -> list[str]:
    """What axe finds on the page, one line each."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document)")["violations"]
    return [f"{one['id']}: {one['nodes'][0]['target']} ({len(one['nodes'])})" for one in found]


@pytest.mark.parametrize("path", ["/reception/", "/reception/chairs/", "/appointments/", "/tasks/", "/followup/"])
@pytest.mark.parametrize("screen", [{}, PHONE], ids=["desktop", "phone"])
def test_pages_are_accessible_and_fit(desk, picture, path: str, screen: dict[str, Any]) -> None:
    page = desk(path, **screen)
    page.wait_for_selector("main h1, main h2")
    picture(page, f"{path.strip('/').replace('/', '-')}-{'phone' if screen else 'desktop'}")

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")


def test_a_booked_patient_is_checked_in_with_three_keystrokes(desk, picture, morning: LiveProduct) -> None:
    page = desk("/reception/")
    page.keyboard.press("c")
    page.wait_for_selector("#check-in input[name=appointment]:focus")
    picture(page, "check-in")
    page.keyboard.press("Space")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    page.wait_for_selector(".wait-card:has-text('邵晴')")
    found = morning.rows("SELECT state FROM t_smile.reception_visit v WHERE appointment_id IS NOT NULL")
    assert found == [("registered",)]


def test_a_block_is_moved_by_keys_and_stored_only_with_its_reason(desk, picture, morning: LiveProduct) -> None:
    def starts() -> list[tuple[Any, ...]]:
        return morning.rows(
            "SELECT to_char(a.starts_at AT TIME ZONE 'Asia/Shanghai', 'HH24:MI') FROM t_smile.appointments_appointment a"
            " JOIN t_smile.patients_patient p ON p.id = a.patient_id WHERE p.name = '乔安'"
        )

    page = desk("/appointments/")
    page.focus(".bk:has-text('乔安')")
    for key in ("m", "ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    page.wait_for_selector("#move-notice input[name=reason]")
    picture(page, "move")
    assert starts() == [("14:00",)]

    page.fill("#move-notice input[name=reason]", "later bus")
    with page.expect_navigation():
        page.keyboard.press("Enter")

    assert starts() == [("14:30",)]


def test_the_booking_drawer_finds_the_patient_and_offers_slots(desk, picture) -> None:
    page = desk("/appointments/")
    page.keyboard.press("n")
    page.wait_for_selector("#booking-q")
    page.fill("#booking-q", "陈雨")
    page.wait_for_selector("#booking-patients input[name=patient]:checked")
    page.select_option("#booking select[name=doctor]", index=1)
    page.wait_for_selector("#booking-slots input[name=slot]")
    picture(page, "booking")
    assert violations(page) == []


def test_the_file_of_a_visit_is_accessible(desk, picture) -> None:
    page = desk("/reception/")
    page.click(".wait-card a:has-text('陈雨')")
    page.wait_for_selector("#wait")
    picture(page, "visit")
    assert violations(page) == []
