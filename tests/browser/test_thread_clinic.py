"""A patient's way through a clinic, from the search box to the call on the same evening; the shared rooms are the same
for every line of business, only the words are its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from django.utils import translation

from kernel import registry
from tests.browser.hands import behind, clock_shows, fetched, fill, form_to, moved_on, said, send
from tests.harness.product import LiveProduct

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

# 陈雨 is known from before and holds ten o'clock with Dr Lin.
BEFORE = """
from tests.services.doors import staff
from tests.services.flow import booked, patient
booked(patient("陈雨", phone="13911114417"), "2026-12-07 10:00", assistant=staff("201"))
"""


def searched(page: Page, query: str) -> list[str]:
    """What the search box of every page finds."""
    page.keyboard.press("/")
    page.fill("#palette-input", query)
    found = page.locator("#palette-results a[href*='/patients/']")
    found.first.wait_for()
    titles = found.all_inner_texts()
    page.keyboard.press("Escape")
    page.locator("#palette").wait_for(state="hidden")
    return titles


def registered(page: Page, name: str, phone: str) -> None:
    """A new file, opened from the list of patients."""
    fill(page, name=name, sex="female", stated_age="31", phone=phone)
    with moved_on(page):
        page.keyboard.press("Control+Enter")
    page.wait_for_selector(f"h1:has-text('{name}')")


def charged(cashier: Page, product: LiveProduct, slug: str, name: str) -> str:
    """The slip that waits at the till becomes a receipt; the text of its page."""
    cashier.goto(product.url(slug, "/cashier/"))
    with moved_on(cashier):
        cashier.locator("tr", has_text=name).locator("a[href*='/cashier/slips/']").first.click()
    with moved_on(cashier):
        cashier.locator("form:has([name=tender]) button[type=submit]").click()
    assert "/cashier/receipts/" in cashier.url
    document = cashier.locator("a[href$='.pdf']").first.get_attribute("href")
    status, media_type, text = fetched(cashier, str(document))
    assert (status, media_type, text[:5]) == (200, "application/pdf", "%PDF-")
    return cashier.locator("body").inner_text()


def slip_signed(doctor: Page, item: str, remark: str = "") -> None:
    """From the visit to the slip, and the signature under it."""
    with moved_on(doctor):
        doctor.locator("a[href*='/cashier/slips/new/']").first.click()
    fill(doctor, **{"form-0-item": item, "form-0-remark": remark})
    with moved_on(doctor):
        doctor.keyboard.press("Control+Enter")
    assert said(doctor) == ""


@pytest.mark.ledger("AP-002", "AP-003", "QU-001", "CA-001", "CA-007", "FU-001", "FU-003")
def test_from_the_search_box_to_the_call_in_the_evening(
    live_server_processes: LiveProduct, sign_in: Callable[..., Page], picture
) -> None:
    product = live_server_processes
    product.manage("clock", "--set", "2026-12-07T09:50:00+08:00")
    behind(product, "smile", BEFORE)

    # Given a desk that finds whom it knows, by initials and by four digits, and registers whom it does not know
    desk = sign_in("bai.lan", "smile", path="/reception/")
    assert any("陈雨" in one for one in searched(desk, "cy"))
    assert any("陈雨" in one for one in searched(desk, "4417"))
    desk.goto(product.url("smile", "/patients/new/"))
    registered(desk, "沈清秋", "13911116688")
    assert any("沈清秋" in one for one in searched(desk, "sqq"))

    # When a slot is asked for that is taken, then it is refused with the next gap, and the gap is one key away
    with moved_on(desk):
        desk.locator("a[href*='/appointments/new/?patient=']").first.click()
    fill(desk, item="补牙", doctor="011", assistant="201", day="2026-12-07", time="10:00", channel="on_spot")
    desk.keyboard.press("Control+Enter")
    desk.wait_for_selector("[data-code]")
    picture(desk, "slot taken")
    with moved_on(desk):
        desk.locator("button[name=slot]").click()
    assert product.rows(
        "SELECT to_char(a.starts_at AT TIME ZONE 'Asia/Shanghai', 'HH24:MI'), a.units, s.number FROM t_smile.appointments_appointment a"
        " JOIN t_smile.patients_patient p ON p.id = a.patient_id JOIN t_smile.staff_staffmember s ON s.id = a.assistant_id"
        " WHERE p.name = '沈清秋'"
    ) == [("10:30", 2, "201")]

    # When she checks in, the wait runs in front of everybody, and the attendant leads in
    desk.goto(product.url("smile", "/reception/"))
    desk.keyboard.press("c")
    desk.locator("#check-in label", has_text="沈清秋").click()
    with moved_on(desk):
        desk.keyboard.press("Control+Enter")
    card = desk.locator("article", has_text="沈清秋")
    clock = card.locator("[data-wait-time]")
    before = clock.inner_text()
    desk.wait_for_function("([one, old]) => one.innerText !== old", arg=[clock.element_handle(), before])
    picture(desk, "waiting")
    attendant = sign_in("su.qi", "smile", path="/reception/chairs/")
    with moved_on(attendant):
        attendant.locator("tr", has_text="1诊室").locator("form[action*='/lead-in/'] button").click()

    # When the doctor treats a tooth, signs the slip and says what comes next
    doctor = sign_in("dr.lin", "smile", path="/reception/doctor/")
    with moved_on(doctor):
        doctor.locator("a[href*='/patients/']", has_text="沈清秋").first.click()
    with moved_on(doctor):
        doctor.locator("a[href*='/dental/patients/']").first.click()
    fill(doctor, tooth="36", item="补牙")
    with moved_on(doctor):
        doctor.locator("form:has([name=tooth]) button[type=submit]").click()
    doctor.wait_for_selector("text=2027-12-07")  # a year of guarantee
    picture(doctor, "teeth")
    doctor.goto(product.url("smile", "/reception/doctor/"))
    slip_signed(doctor, "补牙", "36")
    doctor.goto(product.url("smile", "/reception/doctor/"))
    send(doctor, "/finish/")
    with moved_on(doctor):
        doctor.locator("a[href*='/reception/visits/']").first.click()
    send(doctor, "/card/", state="open", item="口腔检查", units="1")
    attendant.goto(product.url("smile", "/reception/chairs/"))
    send(attendant, "/leave/")

    # Then the till charges what was signed, and the receipt says it in capitals and as a document
    cashier = sign_in("fang.li", "smile", path="/cashier/")
    said_there = charged(cashier, product, "smile", "沈清秋")
    assert "肆佰贰拾元整" in said_there
    assert "420.00" in said_there
    picture(cashier, "receipt")

    # And the next visit is booked from the card, which closes this one
    desk.goto(product.url("smile", "/appointments/cards/"))
    with moved_on(desk):
        desk.locator("tr", has_text="沈清秋").locator("a[href*='card=']").click()
    fill(desk, day="2026-12-09", time="10:00", doctor="011")
    with moved_on(desk):
        desk.keyboard.press("Control+Enter")
    product.eventually(lambda: product.rows("SELECT state FROM t_smile.reception_visit") == [("closed",)])

    # And the same-day call is in the desk's day at once, the confirmation when the day before is ending
    calls = (
        "SELECT state FROM t_smile.followup_followup f JOIN t_smile.followup_plan p ON p.id = f.plan_id"
        " WHERE rule_key = 'same_day_call'"
    )
    product.eventually(lambda: product.rows(calls) == [("due",)])
    desk.goto(product.url("smile", "/tasks/"))
    assert desk.locator("[data-row]:has(a[href*='/followup/'])", has_text="沈清秋").count() == 1
    desk.goto(product.url("smile", "/tasks/?show=overdue"))
    assert desk.locator("[data-row]:has(a[href*='/appointments/'])", has_text="沈清秋").count() == 0
    product.manage("clock", "--set", "2026-12-08T17:31:00+08:00")
    desk.goto(product.url("smile", "/tasks/?show=overdue"))
    confirm = desk.locator("[data-row]:has(a[href*='/appointments/'])", has_text="沈清秋")
    assert confirm.count() == 1
    picture(desk, "day before")
    with moved_on(desk):
        confirm.locator("a[href*='/appointments/']").click()
    with moved_on(desk):
        form_to(desk, "/confirm/").locator("button[value=confirmed]").click()
    desk.goto(product.url("smile", "/tasks/?show=overdue"))
    assert desk.locator("[data-row]:has(a[href*='/appointments/'])", has_text="沈清秋").count() == 0


@pytest.mark.parametrize(
    ("slug", "vertical", "desk", "leads", "doctor", "cashier", "item"),
    [
        ("derma", "dermatology", "lian.qiao", "hu.min", "dr.cen", "wang.lei", "皮肤镜检查"),
        ("lumen", "aesthetics", "nora.shen", "jin.ya", "dr.ruan", "cui.ling", "医美面诊"),
    ],
)
def test_the_same_rooms_speak_the_words_of_the_house(
    live_server_processes: LiveProduct, sign_in: Callable[..., Page], picture, slug: str, vertical: str, desk: str, leads: str,
    doctor: str, cashier: str, item: str,
) -> None:  # fmt: skip
    """Given a walk-in at a dermatology or aesthetics clinic, then desk, chair, slip and till are the rooms of the dental
    clinic; the visit is called by the word of the house, and nothing of teeth is there."""
    product = live_server_processes
    clock_shows(product, "2026-12-09T09:00:00+08:00")
    with translation.override("zh-hans"):
        word = str(registry.verticals()[vertical].visit_word)
    assert word not in (str(registry.verticals()["dental"].visit_word), vertical)

    front = sign_in(desk, slug, path="/patients/new/")
    registered(front, "冯梅", "13911110001")
    assert front.locator("a[href*='/dental/']").count() == 0
    with moved_on(front):
        front.locator("a[href*='/reception/check-in/']").first.click()
    doctors = front.locator("form:has([name=doctor]) select[name=doctor] option")
    name = {"dr.cen": "041", "dr.ruan": "052"}[doctor]
    assert any(one.startswith(name) for one in doctors.all_inner_texts())
    fill(front, doctor=name, complaint="复诊")
    with moved_on(front):
        front.keyboard.press("Control+Enter")
    with moved_on(front):
        front.locator("article a", has_text="冯梅").first.click()
    assert front.get_by_text(word, exact=True).count() >= 1
    picture(front, f"visit {slug}")

    helper = sign_in(leads, slug, path=re.sub(r"^.*?//[^/]+", "", front.url))
    send(helper, "/lead-in/", chair={"derma": "1诊室", "lumen": "治疗室"}[slug])
    treats = sign_in(doctor, slug, path="/reception/doctor/")
    slip_signed(treats, item)
    treats.goto(product.url(slug, "/reception/doctor/"))
    send(treats, "/finish/")
    assert "元整" in charged(sign_in(cashier, slug, path="/cashier/"), product, slug, "冯梅")
