"""What each line of business adds to the shared rooms: a guarantee on a tooth, a class that sets the next date, a post-op plan.

(The escort order has a story of its own: ``test_thread_companion``.)"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser.hands import behind, clock_shows, fill, moved_on, said, send
from tests.harness.product import LiveProduct

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

# One patient in each house; the morning round that opens what is due runs as it does in a real tenant.
BEFORE = """
from kernel.timers import ensure_daily
from services.patients.actions import register_patient
from services.sites.models import Site
from tests.services.doors import SYSTEM
for slug, place, name in (("smile", "center", "韩博文"), ("derma", "main", "冯雪梅"), ("lumen", "lake", "徐贝拉")):
    with activate(context_for(slug=slug)):
        ensure_daily()
        found = register_patient(by=SYSTEM, site=Site.objects.get(slug=place), name=name, sex="female", stated_age=29,
                                 phone="13911118800", occupation="演员", confirmed_new=True)
        print(found.code)
"""


@pytest.fixture(scope="module")
def files(live_server_processes: LiveProduct) -> dict[str, str]:
    """The patients' codes by house, on a Friday morning."""
    clock_shows(live_server_processes, "2026-12-11T09:00:00+08:00")
    codes = behind(live_server_processes, "smile", BEFORE).split()
    return dict(zip(("smile", "derma", "lumen"), codes, strict=True))


def due_calls(page: Page, product: LiveProduct, slug: str, name: str) -> int:
    """How many calls to this patient stand in the person's day."""
    page.goto(product.url(slug, "/tasks/"))
    return page.locator("[data-row]:has(a[href*='/followup/'])", has_text=name).count()


@pytest.mark.ledger("AE-007", "AE-015")
def test_a_procedure_starts_its_plan_and_the_first_call_is_due_next_day(
    live_server_processes: LiveProduct, sign_in: Callable[..., Page], picture, files: dict[str, str]
) -> None:
    product, name = live_server_processes, "徐贝拉"
    doctor = sign_in("dr.kang", "lumen", path=f"/records/patients/{files['lumen']}/")
    doctor.goto(product.url("lumen", f"/aesthetics/patients/{files['lumen']}/"))
    nurse = sign_in("jin.ya", "lumen", path="/tasks/")
    assert due_calls(nurse, product, "lumen", name) == 0

    # When the doctor records the procedure, then six follow-ups have their dates, counted from that day
    fill(doctor, template="重睑手术")
    with moved_on(doctor):
        doctor.locator("form:has([name=template]) button[type=submit]").click()
    text = doctor.locator("main").inner_text()
    for day in ("2026-12-12", "2026-12-14", "2026-12-18", "2026-12-25", "2027-01-10", "2027-03-11"):
        assert day in text, day
    assert "演员" in text  # the rest advice speaks of the occupation
    picture(doctor, "post-op plan")

    # And the sheet counts as understood only when doctor and nurse both gave it
    send(doctor, "/give/")
    send(doctor, "/acknowledge/")
    assert said(doctor) == "aftercare_incomplete"
    nurse.goto(product.url("lumen", "/aesthetics/"))
    with moved_on(nurse):
        nurse.locator("a[href*='/aesthetics/procedures/']").first.click()
    send(nurse, "/give/")
    send(nurse, "/acknowledge/")
    assert said(nurse) == ""

    # And the next morning the first call stands in the nurse's day
    clock_shows(product, "2026-12-12T09:00:00+08:00")
    product.eventually(lambda: due_calls(nurse, product, "lumen", name) == 1, seconds=30)


@pytest.mark.ledger("DM-020")
def test_the_class_of_an_illness_sets_the_next_date(
    live_server_processes: LiveProduct, sign_in: Callable[..., Page], picture, files: dict[str, str]
) -> None:
    product, name = live_server_processes, "冯雪梅"
    clock_shows(product, "2026-12-14T09:00:00+08:00")
    doctor = sign_in("dr.cen", "derma", path=f"/dermatology/patients/{files['derma']}/")

    # When the doctor sets class B, then the next date is a week away; class A brings it to three days, and leaves one
    fill(doctor, illness="特应性皮炎", illness_class="B")
    with moved_on(doctor):
        doctor.locator("form:has([name=illness]) button[type=submit]").click()
    assert "2026-12-21" in doctor.locator("main").inner_text()
    send(doctor, "/class/", illness_class="A")
    assert "2026-12-17" in doctor.locator("main").inner_text()
    picture(doctor, "class")

    # And on that day the call is the nurse's
    clock_shows(product, "2026-12-17T09:00:00+08:00")
    nurse = sign_in("hu.min", "derma", path="/tasks/")
    product.eventually(lambda: due_calls(nurse, product, "derma", name) == 1, seconds=30)


@pytest.mark.ledger("DE-009", "CA-045")
def test_a_filling_is_guaranteed_for_a_year_and_redone_free_of_charge(
    live_server_processes: LiveProduct, sign_in: Callable[..., Page], picture, files: dict[str, str]
) -> None:
    product = live_server_processes
    clock_shows(product, "2026-12-18T09:00:00+08:00")
    teeth = product.url("smile", f"/dental/patients/{files['smile']}/")
    doctor = sign_in("dr.zhao", "smile", path="/reception/doctor/")
    doctor.goto(teeth)
    fill(doctor, tooth="36", item="补牙")
    with moved_on(doctor):
        doctor.locator("form:has([name=tooth]) button[type=submit]").click()
    assert "2027-12-18" in doctor.locator("main").inner_text()

    # When it breaks within the year, then the redo is a slip without money
    clock_shows(product, "2027-12-18T10:00:00+08:00")
    doctor.goto(teeth)
    send(doctor, "/redo/")
    assert said(doctor) == ""
    picture(doctor, "redo")
    cashier = sign_in("fang.li", "smile", path="/cashier/")
    with moved_on(cashier):
        cashier.locator("tr", has_text="韩博文").locator("a[href*='/cashier/slips/']").click()
    with moved_on(cashier):
        cashier.locator("main form button[type=submit]").first.click()
    assert "/cashier/receipts/" in cashier.url
    assert product.rows("SELECT received_fen FROM t_smile.cashier_receipt ORDER BY id DESC LIMIT 1") == [(0,)]

    # And a day after the year nobody is offered it any more
    clock_shows(product, "2027-12-19T10:00:00+08:00")
    doctor.goto(teeth)
    assert doctor.locator("form[action*='/redo/']").count() == 0
