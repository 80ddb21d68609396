"""Treatment of colleagues: charged only against the head nurse's dispatch slip, numbered and used once."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from kernel.errors import RuleRefused
from services.cashier import dispatch
from services.cashier.models import ChargeSlip, DispatchSlip, Receipt
from services.patients.models import Patient
from tests.kernel.probes import at_once
from tests.services.doors import api, browser, person, staff, statements
from tests.services.flow import center, patient
from tests.services.till import charged, item, signed

MEI, URL = "mei.hua", "/api/v1/cashier/dispatch-slips/"


@pytest.fixture
def monday(smile: Any, at: Any) -> Any:
    at("2026-12-14 10:00")
    return at


def colleague() -> Patient:
    """任涛 of the desk as a patient, with the phone that the staff file knows."""
    ren = staff("103")
    ren.phone = "13877776666"
    ren.save()
    return patient("任涛", phone="13877776666", sex="male")


def asked(who: Patient, name: str = "filling", **facts: Any) -> dict[str, Any]:
    known = item(name)
    price = known.price_on(center_day())
    said = {
        "site": str(center().code), "staff": str(staff("103").code), "patient": str(who.code),
        "item": str(known.code), "fee_fen": price,
    }  # fmt: skip
    return said | facts


def center_day() -> Any:
    from kernel import clock

    return clock.today(center().timezone)


@pytest.mark.ledger("DE-019", "IN-016", "CA-040")
def test_a_colleague_is_charged_only_against_the_slip_and_once(monday: Any) -> None:
    ren, head = colleague(), api(MEI)
    bill = signed(ren, "filling")
    with pytest.raises(RuleRefused) as without:
        charged(bill)
    assert (without.value.code, without.value.cures[0].role) == ("dispatch_slip_missing", "head_nurse")
    assert not Receipt.objects.exists()

    assert api("fang.li").post(URL, asked(ren)).status_code == 403
    assert head.post(URL, asked(ren, patient=str(uuid4()))).status_code == 404
    assert head.post(URL, asked(ren, fee_fen=1)).json()["code"] == "fee_differs"
    assert head.post(URL, asked(patient("别人"))).json()["code"] == "file_of_somebody_else"
    assert head.post(URL, asked(ren, staff=str(staff("109").code))).json()["code"] == "own_dispatch_slip"
    made = head.post(URL, asked(ren))
    assert (made.status_code, made.json()["number"], made.json()["issued_by"]) == (201, "D-2026-000001", "梅华")

    receipt = charged(bill)
    used = DispatchSlip.objects.get()
    assert (used.line.slip, receipt.slip, used.used_at) == (bill, bill, receipt.issued_at)
    with pytest.raises(RuleRefused):  # the same item again: the slip is used
        charged(signed(ren, "filling"))
    assert head.post(URL, asked(ren)).json()["number"] == "D-2026-000002"
    with pytest.raises(RuleRefused):  # another item than the head nurse said
        charged(signed(ren, "filling", "film"))
    assert DispatchSlip.objects.filter(line__isnull=True).count() == 1
    assert [row["number"] for row in head.get(URL).json()["results"]] == ["D-2026-000002", "D-2026-000001"]


@pytest.mark.ledger("DE-019")
def test_nobody_else_needs_a_slip(monday: Any) -> None:
    colleague()
    assert charged(signed(patient("陈雨"), "filling")).owed_fen == 0
    assert charged(signed(patient("任涛", phone="13811119999"), "filling")).owed_fen == 0  # another person of that name


@pytest.mark.ledger("IN-016")
def test_two_tills_want_the_same_slip_and_one_gets_it(own_database: Any, smile: Any, at: Any) -> None:
    at("2026-12-14 10:00")
    ren, filling = colleague(), item("filling")
    dispatch.issue_dispatch_slip(
        by=person(MEI), site=center(), staff=staff("103"), patient=ren, item=filling,
        fee_fen=filling.price_on(center_day()) or 0,
    )  # fmt: skip
    bills = [signed(ren, "filling"), signed(ren, "filling")]

    def till(bill: ChargeSlip) -> Any:
        def run() -> object:
            try:
                return charged(bill)
            except RuleRefused as refused:
                return refused.code

        return run

    results = at_once(smile, *(till(bill) for bill in bills))
    assert sorted(isinstance(one, Receipt) for one in results) == [False, True]
    assert "dispatch_slip_missing" in results
    assert Receipt.objects.count() == 1


# --- pages ------------------------------------------------------------------------------------------------------------

PAGES = "/cashier/dispatch/"


def issued(who: Patient, name: str = "filling") -> DispatchSlip:
    known = item(name)
    return dispatch.issue_dispatch_slip(
        by=person(MEI), site=center(), staff=staff("103"), patient=who, item=known,
        fee_fen=known.price_on(center_day()) or 0,
    )  # fmt: skip


@pytest.mark.ledger("IN-016", "CA-040")
def test_the_head_nurse_signs_a_slip_on_the_page_and_the_cashier_finds_it_from_the_till(monday: Any) -> None:
    ren, head, cashier = colleague(), browser(MEI), browser("fang.li")
    other = patient("任涛", phone="13811119999")  # somebody else of that name
    opened = head.get(f"{PAGES}new/", {"staff": staff("103").code})
    assert [one.code for one in opened.context["files"]] == [ren.code, other.code]  # the colleague's phone comes first

    typed = {"staff": staff("103").code, "patient": ren.code, "item": item("filling").code}
    assert head.post(f"{PAGES}new/", typed).status_code == 422  # fee not said
    own = head.post(f"{PAGES}new/", {**typed, "staff": staff("109").code, "fee": "price"})
    assert own.status_code == 422
    assert not DispatchSlip.objects.exists()
    answer = head.post(f"{PAGES}new/", {**typed, "fee": "price"})
    slip = DispatchSlip.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"{PAGES}{slip.code}/")
    assert (slip.fee_fen, slip.issued_by_name) == (126_000, "梅华")

    assert f'href="{PAGES}"' in cashier.get("/cashier/").content.decode()
    listed = cashier.get(PAGES).content.decode()
    assert slip.number in listed
    assert "梅华" in listed
    assert "dispatch/new/" not in listed  # whoever charges does not issue
    assert cashier.get(f"{PAGES}new/").status_code == 403
    one = cashier.get(answer["Location"]).content.decode()
    assert ren.record_number in one
    assert "data-print" in one

    receipt = charged(signed(ren, "filling"))
    assert slip.number not in cashier.get(PAGES).content.decode()
    used = cashier.get(PAGES, {"show": "used"})
    assert [row.number for row in used.context["rows"]] == [slip.number]
    assert f"/cashier/receipts/{receipt.code}/" in cashier.get(answer["Location"]).content.decode()
    # Who issues does not see the till: the number of the receipt is told, its page is not opened.
    told = head.get(answer["Location"]).content.decode()
    assert receipt.number in told
    assert f"/cashier/receipts/{receipt.code}/" not in told


def test_who_sees_dispatch_slips_and_where(monday: Any) -> None:
    slip = issued(colleague())
    assert browser("fang.li").get(f"{PAGES}{slip.code}/").status_code == 200
    assert browser("bai.lan").get(PAGES).status_code == 403
    assert browser("luo.ping").get(f"{PAGES}{slip.code}/").status_code == 404  # another site
    assert api("fang.li").get(f"{URL}{slip.code}/").json()["number"] == slip.number
    assert api("luo.ping").get(f"{URL}{slip.code}/").status_code == 404
    assert api("bai.lan").get(f"{URL}{slip.code}/").status_code == 403
    assert browser("fang.li").get(f"{PAGES}{uuid4()}/").status_code == 404


def test_the_api_tells_open_from_used(monday: Any) -> None:
    ren, cashier = colleague(), api("fang.li")
    used, left = issued(ren), issued(ren, "film")
    receipt = charged(signed(ren, "filling"))
    rows = cashier.get(URL, {"open": "false"}).json()["results"]
    assert [(row["number"], row["state"], row["receipt"]) for row in rows] == [(used.number, "used", str(receipt.code))]
    rows = cashier.get(URL, {"open": "true"}).json()["results"]
    assert [(row["number"], row["state"], row["receipt"]) for row in rows] == [(left.number, "open", None)]


def test_a_list_of_dispatch_slips_costs_the_same_for_many(monday: Any) -> None:
    ren, cashier = colleague(), browser("fang.li")
    issued(ren)
    cashier.get(PAGES)
    one = statements(lambda: cashier.get(PAGES))
    for name in ("film", "scaling", "filling"):
        issued(ren, name)
    assert statements(lambda: cashier.get(PAGES)) == one <= 12
