"""Packages and stored value through their doors: pages and API, who may open which, and nothing of anybody else."""

from __future__ import annotations

from datetime import date

import pytest

from kernel.ids import uuid7
from services.cashier.models import Receipt
from services.patients.restriction import restrict_file
from services.prepaid import selectors
from services.prepaid.models import Ending, Extension, Holding, Offer, Share, Transfer, Use
from services.refunds.models import Refund
from services.sites.models import Site
from tests.services.advance import balance, package, package_offer, sessions, stored, used
from tests.services.doors import api, browser, person, somebody, statements
from tests.services.flow import center, local, patient, walked_in
from tests.services.till import item, signed

API = "/api/v1/prepaid/"


@pytest.fixture(autouse=True)
def monday(smile, at):
    at("2026-12-14 10:00")
    return at


def text(response) -> str:
    return response.content.decode()


def test_from_the_patients_page_to_the_till_and_the_visit(monday):
    su = patient("苏琪")
    offer = package_offer()
    cashier = browser("fang.li")
    page = text(cashier.get(f"/prepaid/patients/{su.code}/"))
    till = f"/cashier/goods/?patient={su.code}&amp;i={offer.item.code}:1"
    assert till in page
    assert "洁牙十次卡" in text(cashier.get(till.replace("&amp;", "&")))
    sold = cashier.post(
        "/cashier/goods/",
        {"patient": str(su.code), "i": f"{offer.item.code}:1", "tender": "cash", "tendered_fen": "1000.00"},
    )
    assert (sold.status_code, Receipt.objects.count()) == (303, 1)
    holding = Holding.objects.get()
    assert "1,000.00" in text(cashier.get(f"/prepaid/patients/{su.code}/"))

    visit = walked_in(su)
    nurse = browser("fang.li")
    url = f"/prepaid/visits/{visit.code}/"
    assert holding.number in text(nurse.get(url))
    assert nurse.post(url, {"holding": str(holding.code), "signer_name": "吴大伟"}).status_code == 422
    assert nurse.post(url, {"holding": str(holding.code), "signer_name": "苏琪"}).status_code == 303
    assert sessions(holding) == 9
    assert nurse.post(url, {"holding": str(holding.code), "signer_name": "苏琪"}).status_code == 409
    assert Use.objects.count() == 1


def test_the_page_of_a_charge_says_what_is_stored_and_takes_it(monday):
    su = patient("苏琪")
    cashier = browser("fang.li")
    slip = signed(su, "scaling")
    assert f"/prepaid/patients/{su.code}/" in text(cashier.get(f"/cashier/slips/{slip.code}/"))
    holding = stored(su, 5)
    page = text(cashier.get(f"/cashier/slips/{slip.code}/"))
    assert "500.00" in page
    assert 'value="stored_value"' in page
    done = cashier.post(f"/cashier/slips/{slip.code}/", {"tender": "stored_value", "tendered_fen": "300.00"})
    assert done.status_code == 303
    assert balance(holding) == 20_000


def test_what_is_done_to_a_package_from_its_page(monday):
    su, wu = patient("苏琪"), patient("吴大伟")
    holding = package(su)
    here = f"/prepaid/holdings/{holding.code}/"
    boss, cashier, doctor = browser("gao.wen"), browser("fang.li"), browser("dr.lin")
    assert "洁牙十次卡" in text(boss.get(here))
    assert boss.post(f"{here}freeze/").status_code == 303
    assert boss.post(f"{here}thaw/").status_code == 303
    assert boss.post(f"{here}extend/", {"until": "2028-01-01", "reason": ""}).status_code == 422
    assert boss.post(f"{here}extend/", {"until": "2028-01-01", "reason": "出差"}).status_code == 303
    assert Extension.objects.latest("pk").until_after == date(2028, 1, 1)
    named = {"record_number": wu.record_number, "signer_name": "苏琪"}
    assert cashier.post(f"{here}share/", named).status_code == 303
    assert "吴大伟" in text(cashier.get(here))
    assert cashier.post(f"/prepaid/shares/{Share.objects.get().code}/end/").status_code == 303
    use = used(holding)
    assert boss.post(f"/prepaid/uses/{use.code}/take-back/", {"reason": ""}).status_code == 422
    assert boss.post(f"/prepaid/uses/{use.code}/take-back/", {"reason": "记错"}).status_code == 303
    both = {"record_number": wu.record_number, "giver_name": "苏琪", "taker_name": "吴大伟"}
    assert cashier.post(f"{here}transfer/", both).status_code == 303
    assert Transfer.objects.get().taker == wu
    sent = doctor.post(
        f"{here}refund/", {"cause": "patient", "reason": "不想继续", "amount_fen": "", "signer_name": "吴大伟"}
    )
    refund = Refund.objects.get()
    assert (sent.status_code, sent.url, refund.amount_fen) == (303, f"/refunds/{refund.code}/", 100_000)
    assert refund.number in text(boss.get(here))


def test_what_is_offered_and_owed(monday):
    finance = somebody("qian.duo", ["finance"])
    item("scaling")
    gives = str(item("scaling").code)
    fields = {
        "key": "pk",
        "name_zh": "五次卡",
        "price_fen": "500.00",
        "gives": gives,
        "sessions": "5",
        "valid_days": "90",
    }
    assert finance.post("/prepaid/offers/", fields | {"sessions": "0"}).status_code == 422
    assert finance.post("/prepaid/offers/", fields).status_code == 303
    assert finance.post("/prepaid/offers/", fields | {"name_zh": "又一"}).status_code == 409
    sv = {"key": "sv", "name_zh": "储值百元", "price_fen": "100.00"}
    assert finance.post("/prepaid/offers/stored-value/", sv).status_code == 303
    assert Offer.objects.count() == 2
    assert "五次卡" in text(finance.get("/prepaid/offers/"))
    package(patient("苏琪"))
    assert "1,000.00" in text(finance.get("/prepaid/liability/?month=2026-12"))
    assert finance.get("/prepaid/liability/?month=nonsense").status_code == 200


def test_the_register_shows_what_expires_soon(monday):
    soon, late = package(patient("苏琪"), valid_days=20, key="test-short"), package(patient("吴大伟"))
    page = text(browser("fang.li").get("/prepaid/?state=expiring"))
    assert soon.number in page
    assert late.number not in page
    assert late.number in text(browser("fang.li").get("/prepaid/"))


def test_lists_ask_the_same_however_long_they_are(monday):
    su = patient("苏琪")
    holding = package(su)
    stored(su)
    web, boss = browser("fang.li"), browser("gao.wen")
    urls = ["/prepaid/", "/prepaid/?state=expiring", f"/prepaid/patients/{su.code}/"]
    package(patient("吴零"), valid_days=20, key="test-short")
    for url in urls:
        web.get(url)
    boss.get(f"/prepaid/holdings/{holding.code}/")
    few = [statements(lambda url=url: web.get(url)) for url in urls]
    few_of_one = statements(lambda: boss.get(f"/prepaid/holdings/{holding.code}/"))
    for name in "甲乙丙丁":
        who = patient(f"吴{name}")
        used(package(who, valid_days=20, key="test-short"))
        package(su)
    many = [statements(lambda url=url: web.get(url)) for url in urls]
    assert many == few
    assert max(many) <= 12, many
    assert statements(lambda: boss.get(f"/prepaid/holdings/{holding.code}/")) == few_of_one


def test_reads_ask_few_statements(monday):
    su = patient("苏琪")
    package(su)
    stored(su)
    fang, site = person("fang.li"), center()
    assert statements(lambda: list(selectors.holdings(fang))) == 1
    assert statements(lambda: list(selectors.of_patient(fang, su))) == 1
    assert statements(lambda: selectors.roll_forward(site, date(2026, 12, 1))) == 2


def test_a_restricted_name_is_masked(monday):
    su = patient("苏琪")
    holding = package(su)
    restrict_file(by=person("dou.heng"), patient=su, reason="纠纷", until=local("2026-12-31 18:00"))
    for url in ("/prepaid/", f"/prepaid/holdings/{holding.code}/"):
        page = text(browser("fang.li").get(url))
        assert holding.number in page
        assert "苏琪" not in page


@pytest.mark.parametrize(
    ("url", "method"),
    [
        ("/prepaid/", "get"),
        ("/prepaid/liability/", "get"),
        ("/prepaid/holdings/{holding}/", "get"),
        ("/prepaid/holdings/{holding}/freeze/", "post"),
        ("/prepaid/holdings/{holding}/share/", "post"),
        ("/prepaid/holdings/{holding}/refund/", "post"),
        ("/prepaid/offers/stored-value/", "post"),
        ("/prepaid/patients/{patient}/", "get"),
    ],
)
def test_without_the_word_no_door_opens(monday, url, method):
    su = patient("苏琪")
    holding = package(su)
    stranger = somebody("lu.ren", ["cleaner"])
    address = url.format(holding=holding.code, patient=su.code)
    assert getattr(stranger, method)(address).status_code == 403
    assert Holding.objects.get().state == "active"


def test_another_branch_sees_nothing_of_it(monday):
    holding = package(patient("苏琪"))
    other = Site.objects.get(slug="harbor")
    web = somebody("yuan.fen", ["cashier"], site=other)
    assert web.get(f"/prepaid/holdings/{holding.code}/").status_code == 404
    assert holding.number not in text(web.get("/prepaid/"))


# --- the API ----------------------------------------------------------------------------------------------------------


def test_the_api_does_what_the_pages_do(monday):
    su, wu = patient("苏琪"), patient("吴大伟")
    holding = package(su)
    cash, boss, doctor = api("fang.li"), api("gao.wen"), api("dr.lin")
    here = f"{API}holdings/{holding.code}/"
    found = cash.get(here).json()
    assert (found["balance_fen"], found["sessions_left"], found["state"]) == (100_000, 10, "active")
    assert [row["kind"] for row in cash.get(f"{here}statement/").json()["results"]] == ["sold"]
    visit = walked_in(su)
    wanted = {"holding": str(holding.code), "visit": str(visit.code), "signer_name": "苏琪"}
    use = cash.post(f"{API}uses/", wanted)
    assert (use.status_code, use.json()["amount_fen"]) == (201, 10_000)
    again = cash.post(f"{API}uses/", wanted)
    assert (again.status_code, again.json()["code"]) == (409, "session_used_already")
    assert boss.post(f"{API}uses/{use.json()['code']}/take-back/", {"reason": "记错"}).status_code == 200
    shared = cash.post(f"{here}share/", {"patient": str(wu.code), "signer_name": "苏琪"})
    assert shared.status_code == 201
    mine = cash.get(f"{API}patients/{wu.code}/").json()["results"]
    assert [row["number"] for row in mine] == [holding.number]
    assert cash.post(f"{API}shares/{shared.json()['code']}/end/").status_code == 200
    assert boss.post(f"{here}freeze/").json()["state"] == "frozen"
    assert boss.post(f"{here}thaw/").json()["state"] == "active"
    longer = boss.post(f"{here}extend/", {"until": "2028-01-01", "reason": "出差"})
    assert longer.json()["valid_until"] == "2028-01-01"
    moved = cash.post(f"{here}transfer/", {"taker": str(wu.code), "giver_name": "苏琪", "taker_name": "吴大伟"})
    assert moved.json()["patient"] == str(wu.code)
    said = doctor.post(f"{here}quote/", {"cause": "patient"}).json()
    assert (said["rule"], said["amount_fen"]) == ("cooling_off", 100_000)
    back = doctor.post(f"{here}refund/", {"cause": "patient", "reason": "不想继续", "signer_name": "吴大伟"})
    assert (back.status_code, back.json()["amount_fen"]) == (201, 100_000)
    assert Ending.objects.get().refund.number == back.json()["number"]
    assert cash.get(f"{API}holdings/?state=ending").json()["results"][0]["number"] == holding.number
    assert boss.get(f"{API}sites/{center().code}/liability/").json()["closing_fen"] == 100_000


def test_the_api_sets_offers(monday):
    somebody("qian.duo", ["finance"])
    finance = api("qian.duo")
    wanted = {"key": "pk", "name_zh": "五次卡", "price_fen": 50_000, "gives": str(item("scaling").code), "sessions": 5}
    made = finance.post(f"{API}offers/packages/", wanted | {"valid_days": 90})
    assert (made.status_code, made.json()["kind"]) == (201, "package")
    assert (
        finance.post(f"{API}offers/stored-value/", {"key": "sv", "name_zh": "储值", "price_fen": 100}).status_code
        == 201
    )
    assert len(finance.get(f"{API}offers/").json()["results"]) == 2
    assert api("fang.li").post(f"{API}offers/packages/", wanted | {"valid_days": 90}).status_code == 403


def test_unknown_codes_are_not_found(monday):
    cash = api("fang.li")
    assert cash.get(f"{API}holdings/{uuid7()}/").status_code == 404
    assert cash.post(f"{API}shares/{uuid7()}/end/").status_code == 404
    wanted = {"holding": str(uuid7()), "visit": str(walked_in(patient("苏琪")).code), "signer_name": "苏琪"}
    assert cash.post(f"{API}uses/", wanted).status_code == 404
