"""SC-15, the card and the voucher: a VIP card needs the chief physician, and a partner's offer its cardholder."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.over_http import Clinic
from tests.services.till import item

# The standard phrase of TC-015, in the two languages in which the house may answer.
PHRASE = (
    "This offer is for the cardholder personally, I ask for your understanding.",
    "这项优惠只限持卡人本人使用，请您谅解。",
)


@pytest.fixture
def clinic(smile: Any, at: Any) -> Clinic:
    at("2026-12-14 15:30")
    return Clinic()


def receipt(clinic: Clinic, patient: str) -> str:
    """The code of a receipt over a scaling that was paid in cash."""
    slip = slipped(clinic, patient)
    return str(clinic.who("fang.li").does(f"cashier/slips/{slip}/charge/", tender="cash", tendered_fen=30_000)["code"])


def slipped(clinic: Clinic, patient: str) -> str:
    lines = [{"item": str(item("scaling").code), "quantity": 1}]
    made = clinic.who("dr.lin").does("cashier/slips/", site=clinic.site, patient=patient, lines=lines)
    return str(made["code"])


@pytest.mark.ledger("VP-001", "VP-002", "VP-003", "VP-004", "VP-005", "IN-013")
def test_card_v_0007_is_signed_counted_once_and_refused_when_lost(clinic: Clinic) -> None:
    fang, pan = clinic.who("fang.li"), clinic.who("dr.pan")
    hou = clinic.patient("侯先生")
    kept = {"site": clinic.site, "first": "V-0001", "last": "V-0010", "custodian": clinic.staff("104")}
    assert fang.does("vip/cards/", **kept) == {"cards": 10}
    card = next(row["code"] for row in fang.lists("vip/cards/", state="in_stock") if row["serial"] == "V-0007")
    here = f"vip/cards/{card}"

    # Potential alone is not enough: the chief physician has not signed.
    fang.does(f"{here}/propose/", patient=hou, reason="potential")
    fang.is_refused(f"{here}/issue/", "vip_signature_missing")
    assert fang.tries(f"{here}/sign/").status_code == 403
    assert [task["kind"] for task in pan.inbox("vip.sign")] == ["vip.sign"]
    pan.proves_who_it_is()
    pan.does(f"{here}/sign/")
    issued = fang.does(f"{here}/issue/")
    assert (issued["state"], issued["reason"], issued["uses"]) == ("issued", "potential", 0)
    assert issued["signed_by"]
    assert issued["issued_by"]

    # Two tills scan for the same receipt.
    paid = receipt(clinic, hou)
    scan = {"site": clinic.site, "serial": "V-0007", "receipt": paid}
    assert fang.does("vip/uses/", **scan)["uses"] == 1
    fang.is_refused("vip/uses/", "card_counted_already", 409, **scan)
    assert fang.asks(f"{here}/")["uses"] == 1

    fang.does(f"{here}/lost/", words="遗失")
    fang.is_refused("vip/uses/", "card_lost", 409, **{**scan, "receipt": receipt(clinic, hou)})
    blank = next(row["code"] for row in fang.lists("vip/cards/", state="in_stock") if row["serial"] == "V-0008")
    new = fang.does(f"{here}/replace/", blank=blank)
    assert (new["serial"], new["uses"], new["replaces"]) == ("V-0008", 1, "V-0007")
    gao = clinic.who("gao.wen")
    gao.is_refused(f"vip/cards/{blank}/revoke/", "reason_missing")
    assert gao.does(f"vip/cards/{blank}/revoke/", words="转借他人")["state"] == "revoked"


@pytest.mark.ledger("VP-007")
def test_the_bank_package_of_mr_hou_is_not_for_his_wife(clinic: Clinic) -> None:
    gao, fang = clinic.who("gao.wen"), clinic.who("fang.li")
    hou, wife = clinic.patient("侯先生"), clinic.patient("侯太太")
    package = gao.does("vip/packages/", partner="某银行", name_zh="免费洁牙", starts_on="2026-12-01")["code"]
    gao.does("vip/vouchers/", package=package, number="BANK-77", holder_name="侯先生", phone_last_four="4417")
    shown = {"site": clinic.site, "number": "BANK-77", "phone_last_four": "4417"}
    for patient, name, in_person in ((wife, "侯太太", True), (hou, "侯太太", True), (hou, "侯先生", False)):
        said = {"patient": patient, "name": name, "in_person": in_person}
        problem = fang.is_refused("vip/vouchers/check/", "cardholder_only", **shown, **said)
        assert problem["detail"] in PHRASE
    voucher = {"tender": "voucher", "tendered_fen": 30_000, "reference": "BANK-77"}
    slip = slipped(clinic, wife)
    fang.is_refused(f"cashier/slips/{slip}/charge/", "voucher_holder_unchecked", payments=[voucher])

    fang.does("vip/vouchers/check/", patient=hou, name="侯先生", in_person=True, **shown)
    fang.is_refused(f"cashier/slips/{slip}/charge/", "cardholder_only", payments=[voucher])
    fang.does(f"cashier/slips/{slipped(clinic, hou)}/charge/", payments=[voucher])
    assert [row["state"] for row in gao.lists("vip/vouchers/")] == ["used"]


@pytest.mark.ledger("VP-008")
def test_a_leaving_patient_is_told_the_measures(clinic: Clinic) -> None:
    gao, bai = clinic.who("gao.wen"), clinic.who("bai.lan")
    patient = clinic.patient("梁博")
    bai.is_refused("vip/measures/tell/", "no_measures", site=clinic.site, patient=patient)
    made = gao.does("vip/measures/", name_zh="老人优先", starts_on="2026-12-01")
    assert bai.does("vip/measures/tell/", site=clinic.site, patient=patient)["measures"] == ["老人优先"]
    assert gao.does(f"vip/measures/{made['code']}/end/", ends_on="2026-12-13")["ends_on"] == "2026-12-13"
    bai.is_refused("vip/measures/tell/", "no_measures", site=clinic.site, patient=patient)
