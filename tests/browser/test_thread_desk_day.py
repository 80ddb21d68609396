"""A day of the front desk, from the opening list before eight to the colleague who takes over the next morning."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from config.launcher.testbed import Testbed
from tests.browser.hands import behind, clock_shows, fill, form_to, moved_on, said, send
from tests.browser.test_thread_clinic import charged, registered, slip_signed
from tests.harness.product import LiveProduct, start_product, stop_product

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

DAY, NEXT = "2026-12-08", "2026-12-09"
NEWCOMER = "罗敏之"
# 陈雨 comes today; 韩江 is expected tomorrow and was not asked yet.
BEFORE = f"""
from datetime import date
from services.shift.handlers import plan_days
from tests.services.flow import booked, patient
booked(patient("陈雨", phone="13911114417"), "{DAY} 15:00")
booked(patient("韩江", phone="13911114418"), "{NEXT} 10:00")
plan_days(date.fromisoformat("{DAY}"))
"""
HEALTH = (
    "heart", "blood_pressure", "diabetes", "bleeding", "infection", "epilepsy", "allergy", "medication", "pregnancy", "other",
)  # fmt: skip


@pytest.fixture(scope="module")
def live_server_processes(bed: Testbed) -> Iterator[LiveProduct]:
    """A product of its own: a hand-over gathers everything that is open in the house."""
    product = start_product(bed)
    at(product, "07:40")
    behind(product, "smile", BEFORE)
    yield product
    stop_product(bed, product)


def at(product: LiveProduct, time: str, day: str = DAY) -> None:
    clock_shows(product, f"{day}T{time}:00+08:00")


def pressed(page: Page, key: str) -> None:
    """A key that leads to another page."""
    with moved_on(page):
        page.keyboard.press(key)


def clicked(target: Locator) -> None:
    """A link or button that leads to another page."""
    with moved_on(target.page):
        target.click()


def unanswered(page: Page, part: str) -> int:
    """How many items of a list have neither a tick nor a reason."""
    return page.locator(f"#{part} form[action$='/not-done/']").count()


def drawn(page: Page) -> int:
    """How many lines stand in the field for the signature."""
    return page.locator("svg[data-signature] polyline").count()


def draws(page: Page) -> None:
    """The visitor draws two lines into the field."""
    field = page.locator("svg[data-signature]")
    field.scroll_into_view_if_needed()
    box = field.bounding_box()
    assert box is not None
    for height in (0.3, 0.6):
        page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] * height)
        page.mouse.down()
        for step in (0.35, 0.5, 0.65, 0.8):
            page.mouse.move(box["x"] + box["width"] * step, box["y"] + box["height"] * (1.1 - step))
        page.mouse.up()


def open_lines(page: Page) -> dict[str, bool]:
    """What stands against the hand-over on its page, and whether it is cured only."""
    rows = page.locator("[data-source]").all()
    return {str(row.get_attribute("data-source")): row.locator("details").count() == 0 for row in rows}


def cured(page: Page, source: str) -> None:
    """Go where a line of the hand-over is put right."""
    clicked(page.locator(f"[data-source='{source}'] a[data-row-open]"))


def till_closed(cashier: Page, sign_in: Callable[..., Page], product: LiveProduct) -> None:
    """The cashier counts 420.00 in cash and names a colleague, who counts the same on a screen of her own."""
    cashier.goto(product.url("smile", "/till-days/"))
    clicked(cashier.locator("tbody a[data-row-open]").first)
    fill(cashier, n_10000="4", n_2000="1")
    with moved_on(cashier):
        cashier.keyboard.press("Control+Enter")
    assert said(cashier) == ""
    fill(cashier, reconciler="任涛")
    clicked(form_to(cashier, "/close/").locator("button"))
    assert said(cashier) == ""
    second = sign_in("ren.tao", "smile", path=cashier.url.removeprefix(product.url("smile", "")))
    fill(second, n_10000="4", n_2000="1")
    with moved_on(second):
        second.keyboard.press("Control+Enter")
    assert said(second) == ""
    cashier.reload()
    assert cashier.locator("a[href$='.pdf']").count() == 1


@pytest.mark.ledger(
    "GV-004", "GV-005", "GV-006", "GV-007", "GV-013", "GV-036", "FD-007", "FD-008", "TC-007", "AP-013", "QU-001"
)
def test_a_desks_day_from_the_opening_list_to_the_hand_over(
    live_server_processes: LiveProduct, sign_in: Callable[..., Page], picture: Callable[..., object]
) -> None:
    product = live_server_processes
    day = "SELECT state FROM t_smile.shift_siteday d JOIN t_smile.sites_site s ON s.id = d.site_id WHERE s.slug = 'center'"

    # Given the desk at twenty to eight: she says that she is here, and the site does not open with an unanswered list
    desk = sign_in("bai.lan", "smile", path="/shift/")
    pressed(desk, "a")
    pressed(desk, "o")
    assert said(desk) == "opening_items_missing"
    picture(desk, "not opened")
    while unanswered(desk, "opening") > 1:
        pressed(desk, "d")
    last = desk.locator("#opening [data-row]", has=desk.locator("form[action$='/not-done/']"))
    last.locator("summary").click()
    last.locator("[name=reason]").fill("打印机缺墨，已报修")
    clicked(last.locator("form[action$='/not-done/'] button"))
    assert unanswered(desk, "opening") == 0
    pressed(desk, "o")
    assert product.rows(day) == [("opened",)]
    picture(desk, "opened")

    # When the morning meeting is held, then its sheet names who comes, and who was there is kept
    at(product, "08:20")
    clicked(desk.locator("a[href='/shift/meeting/']").first)
    assert "陈雨" in desk.locator("table").first.inner_text()
    pressed(desk, "b")
    clicked(desk.locator("[data-row]", has_text="林医生").locator("form[action$='/present/'] button"))
    # The key goes on to the next colleague each time.
    for _colleague in range(2):
        pressed(desk, "p")
    assert product.rows("SELECT count(*) FROM t_smile.shift_attendee WHERE presence = 'present'") == [(3,)]
    picture(desk, "meeting")
    desk.fill("[name=notes]", "今天打印机报修，单据手写")
    with moved_on(desk):
        desk.keyboard.press("Control+Enter")
    assert "今天打印机报修" in desk.locator("main").inner_text()
    assert product.rows("SELECT state FROM t_smile.shift_meeting m JOIN t_smile.sites_site s ON s.id = m.site_id"
                        " WHERE s.slug = 'center'") == [("held",)]  # fmt: skip

    # When somebody new rings up, then the file is opened and today at 10:30 is booked on the day board
    at(product, "08:45")
    desk.goto(product.url("smile", "/patients/new/"))
    registered(desk, NEWCOMER, "13911116688")
    desk.goto(product.url("smile", "/appointments/"))
    desk.keyboard.press("n")
    drawer = desk.locator("#booking")
    drawer.locator("[name=q]").fill(NEWCOMER)
    drawer.locator("#booking-patients [name=patient]").wait_for(state="attached")
    fill(drawer, item="补牙", doctor="011", day=DAY, time="10:30", channel="phone")
    desk.keyboard.press("Control+Enter")
    desk.locator("#day-board", has_text=NEWCOMER).wait_for()
    picture(desk, "day board")

    # When she comes, then the form of the first visit waits beside the desk's screen; she signs it by hand
    at(product, "10:20")
    desk.goto(product.url("smile", "/reception/"))
    desk.keyboard.press("c")
    desk.locator("#check-in label", has_text=NEWCOMER).click()
    with moved_on(desk):
        desk.keyboard.press("Control+Enter")
    clicked(desk.locator("a[href='/intake/']").first)
    clicked(desk.locator("tr", has_text=NEWCOMER).locator("a[data-row-open]"))
    pressed(desk, "y")
    sheet = form_to(desk, "/answers/")
    fill(sheet, symptoms="右下后牙疼三天", address_declined=True, occupation="会计", **dict.fromkeys(HEALTH, "no"))
    with moved_on(desk):
        desk.keyboard.press("Control+Enter")
    assert product.rows("SELECT state FROM t_smile.intake_intakesheet") == [("filling",)]
    picture(desk, "one blank")
    form_to(desk, "/answers/").locator("[name=heard_by]").select_option("map")
    with moved_on(desk):
        desk.keyboard.press("Control+Enter")
    symptoms = desk.locator("dl.facts dd", has_text="右下后牙疼三天")
    assert symptoms.inner_text().startswith("右下后牙疼三天")
    # The file knows her name and no guardian; what a refusal brings back is still drawn.
    draws(desk)
    name = desk.locator("[name=signer_name]")
    assert (drawn(desk), name.input_value()) == (2, NEWCOMER)
    desk.locator("[data-signature-clear]").click()
    assert (drawn(desk), name.input_value()) == (0, "")
    draws(desk)
    fill(form_to(desk, "/sign/"), signer="guardian")
    assert name.input_value() == ""
    clicked(form_to(desk, "/sign/").locator("button[type=submit]").first)
    assert (said(desk), drawn(desk)) == ("signer_name_missing", 2)
    picture(desk, "who signs")
    fill(form_to(desk, "/sign/"), signer="patient")
    assert name.input_value() == NEWCOMER
    clicked(form_to(desk, "/sign/").locator("button[type=submit]").first)
    assert desk.locator("main svg[viewBox='0 0 1000 300'] polyline").count() == 2
    assert product.rows("SELECT signer, signer_name FROM t_smile.intake_signature") == [("patient", NEWCOMER)]
    picture(desk, "signed")
    send(desk, "/hand-over/", receiver="唐蕊")
    nurse = sign_in("tang.rui", "smile", path=desk.url.partition(product.host("smile"))[2])
    pressed(nurse, "a")

    # When she waits, then her clock runs in front of everybody; chair by chair the attendant and the doctor go on
    desk.goto(product.url("smile", "/reception/"))
    waiting = desk.locator("article", has_text=NEWCOMER).locator("[data-wait-time]")
    before = waiting.inner_text()
    desk.wait_for_function("([one, old]) => one.innerText !== old", arg=[waiting.element_handle(), before])
    picture(desk, "waiting")
    at(product, "10:31")
    attendant = sign_in("su.qi", "smile", path="/reception/chairs/")
    clicked(attendant.locator("tr", has_text="1诊室").locator("form[action*='/lead-in/'] button"))
    nurse.goto(product.url("smile", "/treatment_area/"))
    clicked(nurse.locator("a[href$='#take-over']").first)
    send(nurse, "/take-over/")
    nurse.goto(product.url("smile", "/reception/chairs/"))
    send(nurse, "/in-chair/")
    doctor = sign_in("dr.lin", "smile", path="/reception/doctor/")
    slip_signed(doctor, "补牙", "36")
    at(product, "11:05")
    doctor.goto(product.url("smile", "/reception/doctor/"))
    send(doctor, "/finish/")
    attendant.goto(product.url("smile", "/reception/chairs/"))
    send(attendant, "/leave/")
    cashier = sign_in("fang.li", "smile", path="/cashier/")
    assert "肆佰贰拾元整" in charged(cashier, product, "smile", NEWCOMER)
    picture(cashier, "receipt")

    # When somebody asks for Dr Xu, then a message is laid into her inbox
    at(product, "14:00")
    desk.goto(product.url("smile", "/telephone/messages/"))
    pressed(desk, "n")
    fill(
        desk,
        recipient="徐医生",
        phone="13901230001",
        caller_name="朱蕾",
        caller_sex="female",
        matter="请回电谈矫正方案",
    )
    picture(desk, "message")
    with moved_on(desk):
        desk.keyboard.press("Control+Enter")
    assert said(desk) == ""
    assert product.rows("SELECT state FROM t_smile.telephone_messageslip") == [("taken",)]
    # And a courier stands in the cashier area with Fang Li.
    at(product, "15:00")
    cashier.goto(product.url("smile", "/shift/cashier-area/"))
    cashier.keyboard.press("n")
    fill(cashier, name="快递员", reason="送保险柜", cashier="方丽")
    with moved_on(cashier):
        cashier.keyboard.press("Control+Enter")
    # 陈雨 does not come.
    at(product, "16:00")
    desk.goto(product.url("smile", "/appointments/"))
    clicked(desk.locator("#day-board a[href*='/appointments/']", has_text="陈雨").first)
    send(desk, "/no-show/")

    # When the day is to be closed, then everything that is open stands in front of her, and money is not passed on
    at(product, "17:35")
    evening = sign_in("bai.lan", "smile", path="/shift/")
    pressed(evening, "c")
    here = evening.url
    lines = open_lines(evening)
    assert lines["shift.cashier_area"] is True
    assert lines["till_days.open"] is True
    for source in ("shift.items", "shift.duties", "telephone.messages", "appointments.confirmations"):
        assert lines[source] is False, (source, lines)
    picture(evening, "what is open")
    with moved_on(evening):
        evening.locator("form[action$='/sign/'] button[type=submit]").click()
    assert said(evening) == "money_open"
    cashier.goto(product.url("smile", "/shift/cashier-area/"))
    pressed(cashier, "u")
    till_closed(cashier, sign_in, product)
    picture(cashier, "till closed")
    with moved_on(evening):
        evening.locator("form[action$='/sign/'] button[type=submit]").click()
    assert said(evening) == "leftovers_open"
    assert not {"shift.cashier_area", "till_days.open"} & set(open_lines(evening))

    # Each line leads where it is put right: the lists, the message, the call to whoever is expected tomorrow
    cured(evening, "shift.items")
    while unanswered(evening, "checks") + unanswered(evening, "closing"):
        pressed(evening, "d")
    pressed(evening, "c")
    assert evening.url == here
    assert "shift.items" not in open_lines(evening)
    cured(evening, "telephone.messages")
    clicked(evening.locator("tr", has_text="徐医生").locator("a[data-row-open]"))
    pressed(evening, "u")
    evening.goto(here)
    cured(evening, "appointments.confirmations")
    clicked(evening.locator("[data-row]", has_text="韩江").locator("a[href*='/appointments/']"))
    clicked(form_to(evening, "/confirm/").locator("button[value=confirmed]").first)
    evening.goto(here)
    left = open_lines(evening)
    assert not {"telephone.messages", "appointments.confirmations", "shift.items", "shift.cashier_area"} & set(left)

    # What stays open goes to the shift lead with its reason; two people sign
    for source in left:
        line = evening.locator(f"[data-source='{source}']")
        line.locator("summary").click()
        line.locator("[name=reason]").fill("主管明早安排")
        clicked(line.locator("form[action$='/pass-on/'] button"))
    picture(evening, "passed on")
    fill(evening, cash_fen="500.00", remark="打印机待修")
    with moved_on(evening):
        evening.keyboard.press("Control+Enter")
    assert said(evening) == ""
    assert product.rows(day) == [("closed",)]
    picture(evening, "closed")
    evening.goto(product.url("smile", "/shift/"))
    assert evening.locator("form[action*='/done/'], form[action*='/begin/']").count() == 0
    at(product, "08:00", NEXT)
    colleague = sign_in("ren.tao", "smile", path="/shift/")
    clicked(colleague.locator("a[href*='/shift/handovers/']", has_text="白岚"))
    assert "打印机待修" in colleague.locator("main").inner_text()
    assert "主管明早安排" in colleague.locator("main").inner_text()
    pressed(colleague, "a")
    picture(colleague, "taken over")
    assert product.rows("SELECT state, given_by_name, received_by_name FROM t_smile.shift_handover") == [
        ("received", "白岚", "任涛")
    ]
