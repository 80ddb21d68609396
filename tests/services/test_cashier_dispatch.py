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
from tests.services.doors import api, person, staff
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
