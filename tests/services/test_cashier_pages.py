"""The till through its doors: pages and API, who may open which, and nothing of anybody else."""

from __future__ import annotations

import pytest

from kernel.ids import uuid7
from services.cashier.models import Arrear, ChargeSlip, Payment, Receipt
from services.sites.models import Site
from tests.services.doors import api, browser, statements
from tests.services.flow import center, clockwork, patient, walked_in
from tests.services.till import charged, item, line, line_of, signed

API = "/api/v1/cashier/"


@pytest.fixture(autouse=True)
def monday(smile, at):
    at("2026-12-14 16:00")
    return at


def text(response) -> str:
    return response.content.decode()


# --- the whole way ----------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CA-001", "CA-002")
def test_from_the_doctors_signature_to_the_paper_on_the_pages(monday):
    visit = walked_in(patient("梁博"))
    doctor, cashier = browser("dr.lin"), browser("fang.li")
    new = f"/cashier/slips/new/?patient={visit.patient.code}&visit={visit.code}"
    assert "全口洁牙" in (item("scaling") and text(doctor.get(new)))
    rows = {"form-TOTAL_FORMS": "4", "form-INITIAL_FORMS": "0", "form-0-item": str(item("scaling").code)}
    rows |= {"form-0-quantity": "1", "form-1-item": str(item("filling").code), "form-1-quantity": "1"}
    rows |= {"form-1-remark": "16", "form-2-quantity": "1", "form-3-quantity": "1"}
    sent = doctor.post(new, {"patient": str(visit.patient.code), "visit": str(visit.code), **rows})
    assert sent.status_code == 303

    slip = ChargeSlip.objects.get()
    assert slip.visit_code == visit.code
    till = text(cashier.get("/cashier/"))
    assert "梁博" in till
    assert "树脂充填 16" in till
    assert "1,560.00" in till
    page = text(cashier.get(f"/cashier/slips/{slip.code}/"))
    assert "人民币壹仟伍佰陆拾元整" in page
    done = cashier.post(f"/cashier/slips/{slip.code}/", {"tender": "cash", "tendered_fen": "1600.00"})

    receipt = Receipt.objects.get()
    assert (done.status_code, done.url) == (303, f"/cashier/receipts/{receipt.code}/")
    shown = text(cashier.get(done.url))
    assert receipt.number in shown
    assert "40.00" in shown, "the change"
    pdf = cashier.get(f"/documents/{receipt.document.code}.pdf")
    assert pdf.content.startswith(b"%PDF-")
    assert slip.number not in text(cashier.get("/cashier/"))


def test_the_page_of_a_free_bill_takes_no_money(monday):
    slip = signed(patient("梁博"), line("film", zero_reason="exempt"))
    cashier = browser("fang.li")
    assert "tendered_fen" not in text(cashier.get(f"/cashier/slips/{slip.code}/"))
    assert cashier.post(f"/cashier/slips/{slip.code}/").status_code == 303
    assert not Payment.objects.exists()
    assert Receipt.objects.get().receivable_fen == 0


@pytest.mark.ledger("CA-008", "CA-009")
def test_what_is_owed_is_named_listed_and_settled_on_the_pages(monday):
    slip = signed(patient("梁博"))
    cashier = browser("fang.li")
    short = {"tender": "cash", "tendered_fen": "1000"}
    refused = cashier.post(f"/cashier/slips/{slip.code}/", short)
    assert refused.status_code == 422
    assert 'data-code="owed_items_missing"' in text(refused)
    assert cashier.post(
        f"/cashier/slips/{slip.code}/", short | {f"owed_{line_of(slip, 'filling').code}": "680"}
    ).status_code == 303  # fmt: skip

    arrear = Arrear.objects.get()
    register = text(cashier.get("/cashier/arrears/"))
    assert "树脂充填" in register
    assert "680.00" in register
    report = f"/cashier/receipts/{arrear.receipt.code}/report-arrears/"
    assert report in register
    assert report in text(cashier.get(f"/cashier/receipts/{arrear.receipt.code}/"))
    assert "12-14 16:00" not in register, "nobody has told the supervisor yet"
    assert browser("dr.lin").post(report).status_code == 403
    assert cashier.post(report).status_code == 303
    register = text(cashier.get("/cashier/arrears/"))
    assert "12-14 16:00" in register, "since when the supervisor has it"
    assert report not in register
    settle = f"/cashier/arrears/{arrear.code}/"
    assert cashier.post(settle, {"tender": "cash", "amount_fen": "700"}).status_code == 422
    assert cashier.post(settle, {"tender": "cash", "amount_fen": "680", "tendered_fen": "700"}).status_code == 303
    assert Payment.objects.latest("pk").change_fen == 2_000
    assert "680.00" not in text(cashier.get("/cashier/arrears/"))


def test_a_form_with_mistakes_says_so_and_keeps_nothing(monday):
    slip = signed(patient("梁博"), "film")
    cashier = browser("fang.li")
    for fields in ({}, {"tender": "iou", "tendered_fen": "120"}, {"tender": "cash", "tendered_fen": "12,0"}):
        assert cashier.post(f"/cashier/slips/{slip.code}/", fields).status_code == 422, fields
    doctor = browser("dr.lin")
    new = "/cashier/slips/new/"
    empty = {"patient": str(slip.patient.code), "form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "0"}
    assert doctor.post(new, empty).status_code == 422
    assert doctor.get(new).status_code == 404
    assert doctor.get(f"{new}?patient={slip.patient.code}&visit={uuid7()}").status_code == 404
    assert doctor.get(f"{new}?patient={slip.patient.code}&visit=abc").status_code == 404
    assert not Receipt.objects.exists()


def test_the_doctor_takes_a_slip_back_from_the_patients_page(monday):
    slip = signed(patient("梁博"), "film")
    page = f"/cashier/patients/{slip.patient.code}/"
    back = f"/cashier/slips/{slip.code}/withdraw/"
    assert back in text(browser("dr.lin").get(page))
    assert back not in text(browser("dr.xu").get(page)), "somebody else's slip"
    assert browser("dr.xu").post(back).status_code == 422
    assert browser("dr.lin").post(back).status_code == 303
    assert ChargeSlip.objects.get().state == "withdrawn"
    assert slip.number not in text(browser("dr.lin").get(page))


# --- the API ----------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CA-001", "CA-007", "CA-012")
def test_the_whole_way_over_the_api(monday):
    who, cashier = patient("梁博"), api("fang.li")
    wanted = [{"item": str(item(name).code)} for name in ("scaling", "film", "filling")]
    made = api("dr.lin").post(API + "slips/", {"site": str(center().code), "patient": str(who.code), "lines": wanted})
    assert made.status_code == 201, made.json()
    slip = made.json()
    assert sum(row["amount_fen"] for row in slip["lines"]) == 168_000

    payment = {"tender": "debit_card", "tendered_fen": 100_000, "card_last_four": "4417"}
    url = f"{API}slips/{slip['code']}/charge/"
    assert cashier.post(url, payment).json()["code"] == "owed_items_missing"
    assert cashier.post(url, payment | {"card_last_four": "6222021112344417"}).status_code == 400
    assert cashier.post(url, payment | {"amount_fen": 1}).status_code == 400, "no free amounts"
    owed = [{"line": slip["lines"][2]["code"], "owed_fen": 68_000}]
    first = cashier.post(url, payment | {"owed": owed}, HTTP_IDEMPOTENCY_KEY="till-1")
    again = cashier.post(url, payment | {"owed": owed}, HTTP_IDEMPOTENCY_KEY="till-1")

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    receipt = first.json()
    assert (receipt["receivable_fen"], receipt["received_fen"], receipt["owed_fen"]) == (168_000, 100_000, 68_000)
    assert receipt["capitals"] == "人民币壹仟元整"
    assert receipt["payments"][0]["card_last_four"] == "4417"
    assert cashier.post(url, payment).status_code == 409
    assert Receipt.objects.count() == 1

    (arrear,) = cashier.get(API + "arrears/").json()["results"]
    assert (arrear["item"], arrear["receipt"], arrear["owed_fen"]) == ("树脂充填", receipt["number"], 68_000)
    assert arrear["reported_at"] is None
    report = f"{API}receipts/{receipt['code']}/report-arrears/"
    assert api("dr.lin").post(report).status_code == 403
    assert cashier.post(report).status_code == 200
    assert cashier.post(report).json()["code"] == "arrears_reported"
    (arrear,) = cashier.get(API + "arrears/").json()["results"]
    assert arrear["reported_at"] == receipt["issued_at"]
    settle = {"amount_fen": 68_000, "tender": "cash", "tendered_fen": 70_000}
    settled = cashier.post(f"{API}arrears/{arrear['code']}/settle/", settle)
    assert settled.status_code == 200, settled.json()
    assert settled.json()["settled_at"] is not None
    assert cashier.get(API + "arrears/").json()["results"] == []
    assert len(cashier.get(f"{API}receipts/?patient={who.code}").json()["results"]) == 2


def test_a_slip_is_taken_back_over_the_api(monday):
    slip = signed(patient("梁博"), "film")
    assert api("dr.xu").post(f"{API}slips/{slip.code}/withdraw/").json()["code"] == "slip_not_the_doctor"
    assert api("dr.lin").post(f"{API}slips/{slip.code}/withdraw/").json()["state"] == "withdrawn"
    assert api("fang.li").get(f"{API}slips/{slip.code}/").json()["state"] == "withdrawn"


# --- who may, and whose it is -----------------------------------------------------------------------------------------


@pytest.mark.ledger("CA-052")
def test_each_role_opens_what_its_words_say_and_nobody_edits_a_receipt(monday):
    slip = signed(patient("梁博"))
    receipt = charged(signed(patient("宋倩")), owed={"filling": 100})
    arrear = receipt.arrears.get()
    seen = {
        "/cashier/": {"fang.li"},
        f"/cashier/slips/new/?patient={slip.patient.code}": {"dr.lin"},
        f"/cashier/slips/{slip.code}/": {"fang.li"},
        f"/cashier/arrears/{arrear.code}/": {"fang.li"},
        f"/cashier/receipts/{receipt.code}/": {"fang.li", "dr.lin", "gao.wen"},
        f"/cashier/patients/{slip.patient.code}/": {"fang.li", "dr.lin", "gao.wen"},
        "/cashier/arrears/": {"fang.li", "dr.lin", "gao.wen"},
    }
    for username in ("fang.li", "dr.lin", "gao.wen", "bai.lan"):
        web = browser(username)
        for path, allowed in seen.items():
            assert web.get(path).status_code == (200 if username in allowed else 403), (username, path)
    nobody = browser(None)
    assert all(nobody.get(path).status_code == 302 for path in seen)

    client = api("fang.li")
    for method in (client.put, client.patch, client.delete):
        for path in (f"receipts/{receipt.code}/", f"slips/{slip.code}/", f"arrears/{arrear.code}/settle/"):
            assert method(API + path, {}).status_code == 405, path
    assert api("gao.wen").post(f"{API}slips/{slip.code}/charge/", {}).status_code == 403
    assert api("dr.lin").post(f"{API}slips/{slip.code}/charge/", {}).status_code == 403
    assert api("fang.li").post(API + "slips/", {}).status_code == 403
    assert api(None).get(API + "receipts/").status_code == 401


def test_another_site_sees_nothing_of_it(monday):
    slip = signed(patient("蓝鲸壹"))
    receipt = charged(signed(patient("蓝鲸壹")), owed={"filling": 100})
    web, client = browser("luo.ping"), api("luo.ping")
    for path in (
        f"slips/{slip.code}/", f"receipts/{receipt.code}/", f"arrears/{receipt.arrears.get().code}/",
    ):  # fmt: skip
        assert web.get("/cashier/" + path).status_code == 404, path
    assert client.get(f"{API}receipts/{receipt.code}/").status_code == 404
    assert (
        client.post(f"{API}slips/{slip.code}/charge/", {"tender": "cash", "tendered_fen": 168_000}).status_code == 404
    )
    assert "蓝鲸壹" not in text(web.get("/cashier/"))
    assert "蓝鲸壹" not in text(web.get("/cashier/arrears/"))
    for listed in ("slips/", "receipts/", "arrears/"):
        assert client.get(API + listed).json()["results"] == []
    harbor = Site.objects.get(slug="harbor")
    assert client.get(f"{API}receipts/?site={harbor.code}").json()["results"] == []


def test_codes_of_another_tenant_are_not_there(monday, client_for, api_for):
    slip = signed(patient("蓝鲸壹"))
    receipt = charged(signed(patient("蓝鲸壹")), owed={"filling": 100})
    arrear = receipt.arrears.get()
    web, client = client_for("liu.yin", "willow"), api_for("liu.yin", "willow")
    pages = (
        f"/cashier/slips/{slip.code}/", f"/cashier/receipts/{receipt.code}/", f"/cashier/arrears/{arrear.code}/",
        f"/cashier/patients/{slip.patient.code}/", f"/documents/{receipt.document.code}.pdf",
    )  # fmt: skip
    for path in pages:
        found = web.get(path)
        assert found.status_code == 404, path
        assert "蓝鲸壹" not in text(found)
    assert client.get(f"{API}receipts/{receipt.code}/").status_code == 404
    assert (
        client.post(f"{API}slips/{slip.code}/charge/", {"tender": "cash", "tendered_fen": 168_000}).status_code == 404
    )
    assert client.post(f"{API}arrears/{arrear.code}/settle/", {"tender": "cash", "amount_fen": 1}).status_code == 404


# --- queries ----------------------------------------------------------------------------------------------------------

MOST = 12


def test_the_till_takes_the_same_few_queries_however_many_wait(monday):
    web, client = browser("fang.li"), api("fang.li")
    paths = ("/cashier/", "/cashier/arrears/")
    listed = [API + one for one in ("slips/", "receipts/", "arrears/")]

    def counted() -> dict[str, int]:
        polled = {path: statements(lambda path=path: web.get(path, headers={"X-Poll": "1"})) for path in paths}
        return polled | {path: statements(lambda path=path: client.get(path)) for path in listed}

    def busier() -> None:
        for number in range(4):
            signed(patient(f"候{number}"))
            charged(signed(patient(f"付{number}")), owed={"filling": 100})

    busier()
    counted()
    few = counted()
    busier()
    busier()
    counted()
    many = counted()

    assert few == many
    assert max(many.values()) <= MOST, many


def test_the_part_that_is_polled_changes_only_when_something_did(monday):
    web = browser("fang.li")
    first = web.get("/cashier/", headers={"X-Poll": "1"})
    ask = {"X-Poll": "1", "If-None-Match": first.headers["ETag"]}
    assert web.get("/cashier/", headers=ask).status_code == 304
    signed(patient("梁博"))
    assert web.get("/cashier/", headers=ask).status_code == 200
    clockwork()
