"""Guest care through the doors: guests now, quick entries, one guest, the till, the doctor, the report, the API."""

from __future__ import annotations

import pytest
from django.utils import translation

from services.cashier.actions import SlipLine, issue_slip
from services.catalogue.selectors import item_by_key
from services.guest_care import actions, queue, wishes
from services.guest_care.models import (
    AdviceSeeker,
    CareItem,
    GuestPass,
    Introduction,
    Luggage,
    ObservationNote,
    OpenQuestion,
    Opinion,
    PriceEnquiry,
    ServiceStep,
    SpecialRequest,
    Ticket,
    TreatmentReminder,
)
from services.reception import actions as desk
from services.reception.models import Visit
from tests.services.doors import api, browser, person, staff, statements
from tests.services.flow import booked, center, chair, patient, walked_in

NOW = "/guest_care/"
API = "/api/v1/guest_care/"


@pytest.fixture(autouse=True)
def monday(smile, at):
    at("2026-12-07 09:00")
    return at


INJECTION = TreatmentReminder.Kind.INJECTION.label
VOICE = 'data-mode="voice"'


def zh(words: object) -> str:
    """As the pages of the cast say it."""
    with translation.override("zh-hans"):
        return str(words)


def text(username: str, path: str) -> str:
    answer = browser(username).get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


@pytest.mark.ledger("FD-017", "FD-040")
def test_guests_now_and_its_quick_entries():
    assert "quiet-empty" in text("bai.lan", NOW)
    visit = walked_in(patient("阮欣"))
    web = browser("bai.lan")
    page = web.get(NOW).content.decode()
    assert all(f'data-key="{key}"' in page for key in "LPQROVWHTU")
    assert 'data-key="L"' not in text("dr.lin", NOW)  # who treats makes no entries of the desk

    entry = web.get(f"{NOW}luggage/new/", headers={"HX-Request": "true"}).content.decode()
    assert "阮欣" in entry
    assert "<html" not in entry
    posted = web.post(f"{NOW}luggage/new/", {"tag": "7", "description": "拉杆箱", "visit": str(visit.code)})
    assert (posted.status_code, posted.headers["Location"]) == (303, NOW)
    again = web.post(f"{NOW}luggage/new/", {"tag": "7", "description": "雨伞", "visit": str(visit.code)})
    assert again.status_code == 409
    assert "雨伞" in again.content.decode()
    luggage = Luggage.objects.get()

    facts = {"visit": str(visit.code)}
    entries = {
        "questions": (OpenQuestion, {"question": "能做核磁吗", "doctor": str(staff("011").code)}),
        "requests": (SpecialRequest, {"words": "靠窗", "kind": "seat"}),
        "opinions": (Opinion, {"words": "很好", "speaker": "family"}),
        "advice": (AdviceSeeker, {"question": "几岁矫正", "answer": "七岁"}),
        "passes": (GuestPass, {"from_post": "desk", "to_post": "floor"}),
        "observations": (ObservationNote, {"words": "很紧张"}),
        "reminders": (TreatmentReminder, {"kind": "injection"}),
        "introductions": (Introduction, {"purpose": "牙痛", "chart_handed": "on"}),
        "prices": (PriceEnquiry, {"question": "洗牙多少钱", "outcome": "leaflet"}),
    }
    for path, (model, data) in entries.items():
        assert web.post(f"{NOW}{path}/new/", data | facts).status_code == 303, path
        assert model.objects.exists(), path
    assert browser("ye.fan").get(f"{NOW}receptions/new/").status_code == 200
    assert web.get(f"{NOW}receptions/new/").status_code == 403

    page = text("su.qi", NOW)
    assert all(
        word in page for word in ("拉杆箱", "靠窗", zh(INJECTION), f"passes/{GuestPass.objects.get().code}/take/")
    )
    assert "很紧张" not in page
    taken = browser("su.qi").post(f"{NOW}passes/{GuestPass.objects.get().code}/take/")
    assert taken.status_code == 303
    assert f"passes/{GuestPass.objects.get().code}/take/" not in text("su.qi", NOW)
    web.post(f"{NOW}luggage/{luggage.code}/return/")
    luggage.refresh_from_db()
    assert luggage.state == "returned"
    for kind in ("luggage", "questions", "requests", "opinions", "advice", "prices", "receptions", "introductions"):
        assert web.get(f"{NOW}kept/{kind}/").status_code == 200, kind
    assert web.get(f"{NOW}kept/else/").status_code == 404


def test_the_screen_takes_the_same_queries_however_many_are_here():
    def fill(number: int) -> None:
        visit = walked_in(patient(f"患者{number}"), doctor=("011", "020", "005", "014")[number % 4])
        wishes.deposit_luggage(by=person("bai.lan"), site=center(), tag=str(number), description="箱", visit=visit)
        wishes.set_reminder(by=person("bai.lan"), visit=visit, kind="injection")
        wishes.take_request(by=person("bai.lan"), site=center(), kind="seat", words="靠窗", visit=visit)
        wishes.ask_doctor(by=person("bai.lan"), site=center(), doctor=staff("011"), question="问", visit=visit)
        actions.pass_guest(by=person("bai.lan"), visit=visit, from_post="desk", to_post="floor")
        actions.note_step(by=person("bai.lan"), visit=visit, item=CareItem.objects.get(key="seat"))
        queue.give_ticket(by=person("bai.lan"), visit=visit)
        booked(patient(f"预约{number}"), f"2026-12-07 {10 + number // 4}:{number % 4 * 15:02}", units=1)

    web, poll = browser("bai.lan"), {"HX-Request": "true", "X-Poll": "1"}
    fill(0)
    web.get(NOW, headers=poll)
    few = statements(lambda: web.get(NOW, headers=poll))
    for number in (1, 2, 3, 4):
        fill(number)
    many = statements(lambda: web.get(NOW, headers=poll))
    assert many == few
    assert many <= 30
    listed = f"{NOW}kept/questions/"
    assert statements(lambda: web.get(listed)) <= 12
    assert statements(lambda: web.get(f"{NOW}queue/", headers=poll)) <= 14


@pytest.mark.ledger("FD-016", "FD-010")
def test_the_door_and_the_guest_without_a_booking():
    new = booked(patient("阮欣"), "2026-12-07 09:30")
    assert browser("yao.jing").post(f"{NOW}bookings/{new.code}/door/").status_code == 303
    assert GuestPass.objects.get().to_post == "desk"

    who = patient("田原", phone="13811112222")
    Visit.objects.create(
        site=center(), patient=who, doctor=staff("011"), vertical="dental", state="closed",
        arrived_at="2026-11-20T01:00:00Z", registered_at="2026-11-20T01:01:00Z", led_in_at="2026-11-20T01:02:00Z",
    )  # fmt: skip
    web = browser("bai.lan")
    for query in ("田原", "13811112222"):
        assert str(who.code) in web.post(f"{NOW}without-booking/", {"q": query}).content.decode()
    untold = web.post(f"{NOW}without-booking/", {"q": "田原", "patient": str(who.code)})
    assert untold.status_code == 422
    told = web.post(f"{NOW}without-booking/", {"q": "田原", "patient": str(who.code), "told": "1"})
    assert told.status_code == 303
    assert Visit.objects.get(patient=who, state="registered")


@pytest.mark.ledger("FD-028", "FD-034", "FD-039")
def test_till_treatment_area_and_doctor_see_what_concerns_them():
    visit = walked_in(patient("阮欣"))
    wishes.set_reminder(by=person("bai.lan"), visit=visit, kind="injection", words="破伤风针")
    wishes.note_observation(by=person("bai.lan"), visit=visit, words="不停看表")
    actions.note_step(by=person("bai.lan"), visit=visit, item=CareItem.objects.get(key="water"))
    desk.lead_in(by=person("su.qi"), visit=visit, chair=chair("1"))
    slip = issue_slip(
        by=person("dr.lin"), site=center(), patient=visit.patient, doctor=staff("011"),
        lines=[SlipLine(item=item_by_key("dental-scaling"))], visit_code=visit.code,
    )  # fmt: skip

    till, charge = browser("fang.li"), f"/cashier/slips/{slip.code}/"
    assert "破伤风针" in till.get(charge).content.decode()
    paid = till.post(charge, {"tender": "cash", "tendered_fen": "300.00"})
    assert paid.status_code == 303  # it is shown and blocks nothing
    assert zh(INJECTION) in text("mo.xiao", "/treatment_area/")
    assert zh(INJECTION) in text("mo.xiao", f"/treatment_area/visits/{visit.code}/")
    assert zh(INJECTION) in text("bai.lan", f"/patients/{visit.patient.code}/")

    pages = (f"/reception/visits/{visit.code}/", f"{NOW}visits/{visit.code}/")
    for page in pages:
        assert "不停看表" in text("dr.lin", page), page
        assert "不停看表" not in text("bai.lan", page), page
        assert "倒水或茶" in text("bai.lan", page), page
    assert "不停看表" not in text("dr.lin", f"/patients/{visit.patient.code}/")  # no part of the file

    reminder = TreatmentReminder.objects.get()
    assert till.post(f"{NOW}reminders/{reminder.code}/done/").status_code == 403
    browser("mo.xiao").post(f"{NOW}reminders/{reminder.code}/done/")
    assert zh(INJECTION) not in text("mo.xiao", "/treatment_area/")


@pytest.mark.ledger("FD-018", "FD-019")
def test_the_form_of_a_price_enquiry_shows_the_words_and_no_price():
    page = text("bai.lan", f"{NOW}prices/new/")
    assert "免费检查" in page
    assert "300.00" not in page
    assert 'value="leaflet"' in page
    assert 'value="quoted"' not in page  # what the desk may not do is not offered, and refused to whoever sends it
    assert 'value="quoted"' in text("ye.fan", f"{NOW}prices/new/")
    refused = browser("bai.lan").post(
        f"{NOW}prices/new/",
        {"question": "洗牙", "outcome": "quoted", "item": str(item_by_key("dental-scaling").code)},
    )
    assert refused.status_code == 403
    assert 'value="quoted"' not in refused.content.decode()
    assert not PriceEnquiry.objects.exists()
    assert (
        browser("ye.fan")
        .post(
            f"{NOW}prices/new/",
            {"question": "洗牙", "outcome": "quoted", "item": str(item_by_key("dental-scaling").code)},
        )
        .status_code
        == 303
    )


@pytest.mark.ledger("FD-014")
def test_the_words_of_an_introduction_name_the_doctor_with_title():
    visit = walked_in(patient("阮欣"))
    page = text("bai.lan", f"{NOW}introductions/new/?visit={visit.code}")
    assert "这位是林医生 主治医师" in page
    assert "这位是阮欣" in page
    assert "{doctor}" not in text("bai.lan", f"{NOW}introductions/new/")


@pytest.mark.ledger("FD-038", "FD-024")
def test_entries_are_answered_on_their_pages():
    asked = wishes.ask_doctor(by=person("bai.lan"), site=center(), doctor=staff("011"), question="能做核磁吗")
    doctor, path = browser("dr.lin"), f"{NOW}questions/{asked.code}/"
    assert doctor.post(f"{path}answer/", {"answer": ""}).status_code == 422
    assert doctor.post(f"{path}answer/", {"answer": "可以"}).status_code == 303
    assert "可以" in text("bai.lan", path)
    assert browser("gao.wen").post(f"{path}carry-over/", {"until": "2026-12-07", "reason": "x"}).status_code == 422
    assert browser("bai.lan").post(f"{path}told/").status_code == 303

    opinion = wishes.take_opinion(by=person("bai.lan"), site=center(), speaker="guest", words="灯太亮")
    assert browser("bai.lan").post(f"{NOW}opinions/{opinion.code}/acknowledge/").status_code == 403
    boss = browser("gao.wen")
    assert "灯太亮" in boss.get(f"{NOW}opinions/{opinion.code}/").content.decode()
    assert boss.post(f"{NOW}opinions/{opinion.code}/acknowledge/", {"remark": "已调暗"}).status_code == 303

    wish = wishes.take_request(by=person("bai.lan"), site=center(), kind="seat", words="靠窗")
    web = browser("bai.lan")
    assert web.post(f"{NOW}requests/{wish.code}/unmet/", {}).status_code == 422
    assert web.post(f"{NOW}requests/{wish.code}/unmet/", {"unmet_reason": "withdrawn"}).status_code == 303


@pytest.mark.ledger("FD-030")
def test_the_report_and_its_csv():
    walked_in(patient("阮欣"))
    boss, period = browser("gao.wen"), {"first": "2026-12-07", "last": "2026-12-07"}
    page = boss.get(f"{NOW}report/", period).content.decode()
    assert "白岚" in page
    assert "阮欣" in page  # registered, and nobody has led the guest to a room
    table = boss.get(f"{NOW}report/times.csv", period)
    assert table.headers["Content-Type"].startswith("text/csv")
    assert "2026-12-07,白岚,0,1,,0" in table.content.decode()
    assert browser("bai.lan").get(f"{NOW}report/").status_code == 403
    assert boss.get(f"{NOW}report/", {"first": "2026-12-09", "last": "x"}).status_code == 200


@pytest.mark.ledger("QU-013")
def test_the_queue_its_screen_and_the_fault():
    visit = walked_in(patient("阮欣"))
    web = browser("bai.lan")
    assert web.post(f"{NOW}visits/{visit.code}/ticket/").status_code == 303
    assert web.post(f"{NOW}queue/next/", {"place": "1诊室"}).status_code == 303
    screen = text("su.qi", f"{NOW}queue/screen/")
    assert "1诊室" in screen
    assert "阮欣" not in screen
    ticket = Ticket.objects.get()
    assert web.post(f"{NOW}tickets/{ticket.code}/skip/").status_code == 303
    assert web.post(f"{NOW}tickets/{ticket.code}/call/").status_code == 303
    assert web.post(f"{NOW}queue/fault/", {"words": "黑屏"}).status_code == 303
    assert VOICE in text("bai.lan", f"{NOW}queue/")
    assert VOICE in text("su.qi", NOW)


def test_what_is_said_is_changed_by_the_superior():
    item = CareItem.objects.get(key="no-booking")
    assert "倒水或茶" in text("bai.lan", f"{NOW}items/")
    data = {"title_zh": "未预约", "words_zh": "请稍坐", "is_active": "on", "version": item.version}
    assert browser("bai.lan").post(f"{NOW}items/{item.code}/", data).status_code == 403
    assert browser("gao.wen").post(f"{NOW}items/{item.code}/", data).status_code == 303
    assert browser("gao.wen").post(f"{NOW}items/{item.code}/", data).status_code == 409  # changed meanwhile


def test_the_api_makes_the_same_entries():
    visit, client = walked_in(patient("阮欣")), api("bai.lan")
    here = {"site": str(center().code), "visit": str(visit.code)}
    kept = client.post(f"{API}luggage/", here | {"tag": "9", "description": "箱"})
    assert (kept.status_code, kept.json()["owner"]) == (201, "阮欣")
    assert client.post(f"{API}luggage/{kept.json()['code']}/return/", {}).json()["state"] == "returned"
    price = {"question": "洗牙", "outcome": "quoted", "item": str(item_by_key("dental-scaling").code)}
    assert client.post(f"{API}price-enquiries/", here | price).status_code == 403
    asked = client.post(f"{API}questions/", here | {"doctor": str(staff("011").code), "question": "问"}).json()
    answered = api("dr.lin").post(f"{API}questions/{asked['code']}/answer/", {"answer": "答"})
    assert answered.json()["state"] == "answered"
    assert client.post(f"{API}questions/{asked['code']}/told/").json()["state"] == "told"
    handed = client.post(f"{API}visits/{visit.code}/passes/", {"from_post": "desk", "to_post": "floor"}).json()
    assert client.post(f"{API}passes/{handed['code']}/take/").status_code == 403
    assert api("su.qi").post(f"{API}passes/{handed['code']}/take/").json()["state"] == "acknowledged"
    water = CareItem.objects.get(key="water")
    assert client.post(f"{API}visits/{visit.code}/steps/", {"item": str(water.code)}).status_code == 201
    assert client.get(f"{API}visits/{visit.code}/steps/").json()["count"] == ServiceStep.objects.count()
    wish = client.post(f"{API}requests/", here | {"kind": "help", "words": "轮椅"}).json()
    assert client.post(f"{API}requests/{wish['code']}/close/", {"met": False}).status_code == 422
    shot = client.post(f"{API}visits/{visit.code}/reminders/", {"kind": "injection"}).json()
    assert api("fang.li").post(f"{API}reminders/{shot['code']}/done/").status_code == 403
    number = client.post(f"{API}visits/{visit.code}/ticket/").json()
    assert client.post(f"{API}tickets/next/", {"site": str(center().code)}).json()["code"] == number["code"]
    assert api("mei.hua").get(f"{API}opinions/").status_code == 200
