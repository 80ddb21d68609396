"""SC-14: closing the till and the bank; and of SC-11 that unreported arrears keep it open."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kernel.outbox import relay_pending
from services.appointments.referrals import register_referral
from services.books.models import Account
from services.books.selectors import balance
from services.catalogue.actions import ensure_item
from services.catalogue.models import Item
from services.documents.models import Document
from services.patients.models import Patient
from services.sites.models import Site
from tests.scenarios.over_http import Clinic, clockwork, moment
from tests.services.doors import SYSTEM, staff
from tests.services.till import item
from tests.services.till_close import as_json, counted

EXPECTED, COUNTED = 699_000, 694_000


@pytest.fixture
def clinic(smile: Any, at: Any) -> Clinic:
    """Fang opens on 18 December with a fund of 500.00; at night 6,490.00 were taken in cash."""
    house = Clinic()
    at("2026-12-18 08:00")
    fang = house.who("fang.li")
    house.day = fang.does("till_days/", site=house.site, float_fen=50_000)["code"]  # type: ignore[attr-defined]
    ensure_item(
        by=SYSTEM,
        key="sports-guard",
        name_zh="运动护牙套",
        name_en="Sports guard",
        category="unmapped",
        price_fen=28_000,
    )
    ensure_item(by=SYSTEM, key="brace", name_zh="矫治器", name_en="Brace", category="orthodontic", price_fen=495_000)
    house.tan = house.patient("谭女士")  # type: ignore[attr-defined]
    # 280.00 + 4,950.00 + 1,260.00
    takes(house, house.tan, "sports-guard", "brace", str(item("filling").key))
    return house


def takes(clinic: Clinic, patient: str, *keys: str, owed_fen: int = 0) -> dict[str, Any]:
    """The receipt of a slip of these items, paid in cash."""
    lines = [{"item": str(Item.objects.get(key=key).code), "quantity": 1} for key in keys]
    slip = clinic.who("dr.lin").does("cashier/slips/", site=clinic.site, patient=patient, lines=lines)
    due = sum(line["amount_fen"] for line in slip["lines"])
    more = {"owed": [{"line": slip["lines"][0]["code"], "owed_fen": owed_fen}]} if owed_fen else {}
    return clinic.who("fang.li").does(
        f"cashier/slips/{slip['code']}/charge/", tender="cash", tendered_fen=due - owed_fen, **more
    )


def refers(clinic: Clinic) -> Any:
    """Dr Lin handed Mrs Tan to Dr Xu, and nobody wrote down the next appointment."""
    return register_referral(
        by=SYSTEM, site=Site.objects.get(code=clinic.site), patient=Patient.objects.get(code=clinic.tan),  # type: ignore[attr-defined]
        from_doctor=staff("011"), to_doctor=staff("020"), item=item("film"), charge_fen=0,
    )  # fmt: skip


@pytest.mark.ledger("CA-015", "CA-036", "CA-037", "CA-038", "CA-046", "CA-047", "AP-028")
def test_the_till_is_closed_by_two_with_a_difference_and_the_slip_agrees(clinic: Clinic, at: Any) -> None:
    fang, ren, gao, day = clinic.who("fang.li"), clinic.who("ren.tao"), clinic.who("gao.wen"), clinic.day  # type: ignore[attr-defined]
    referral = refers(clinic)
    site = Site.objects.get(code=clinic.site)
    at("2026-12-18 16:12")
    shown = fang.asks(f"till_days/{day}/")
    assert (shown["expected_cash_fen"], shown["float_fen"], shown["state"]) == (EXPECTED, 50_000, "open")

    # When Fang closes, then she is refused with three blockers, each with the step that cures it
    problem = fang.is_refused(f"till_days/{day}/close/", "close_blocked", 409)
    assert problem["facts"]["blockers"] == ["appointments.referrals", "till_days.unmapped", "till_days.no_reconciler"]
    assert len(problem["cures"]) == 3
    assert 'data-blocker="till_days.unmapped"' in fang.opens(f"/till-days/{day}/")

    # After they are fixed …
    bai = clinic.who("bai.lan")
    bai.does(
        f"appointments/referrals/{referral.code}/settle/",
        item=clinic.item("test-film"),
        charge_fen=0,
        no_next_reason="患者再联系",
    )
    mapped = {"item": str(Item.objects.get(key="sports-guard").code), "category": "device"}
    lines = fang.does(f"till_days/{day}/map-item/", **mapped)["lines"]
    by_line = {line["key"]: (line["count"], line["gross_fen"]) for line in lines}
    assert by_line["device"] == (1, 28_000)
    assert "unmapped" not in by_line
    # … and when Fang names herself as designated person, then she is refused
    fang.is_refused(f"till_days/{day}/close/", "reconciler_is_cashier", 403, reconciler=clinic.staff("104"))
    fang.is_refused(f"till_days/{day}/close/", "not_a_reconciler", reconciler=clinic.staff("011"))
    count = as_json(counted(COUNTED))
    fang.does(f"till_days/{day}/count/", **count)
    assert fang.does(f"till_days/{day}/close/", reconciler=clinic.staff("103"))["state"] == "closing"

    # The slip over 6,440.00 is entered at 16:25, before the second count: counted less fund
    at("2026-12-18 16:25")
    slip = {"number": "338120", "deposited_at": moment("2026-12-18 16:25"), "bank": "工商银行"}
    wrong = fang.does(f"till_days/{day}/deposits/", **slip, amount_fen=640_000)
    assert wrong["deposit_missing_fen"] == 4_000
    [flagged] = gao.inbox("till_days.slip_mismatch")
    assert "40.00" in flagged["title"]
    right = fang.does(f"till_days/{day}/deposits/", **{**slip, "number": "338121"}, amount_fen=4_000)
    assert right["deposit_missing_fen"] == 0
    assert gao.inbox("till_days.slip_mismatch") == []
    at("2026-12-18 16:31")
    clockwork()
    assert gao.inbox("till_days.slip_missing") == []

    # Ren Tao counts again; another sum is refused, the same one signed
    gao.proves_who_it_is()
    ren.is_refused(f"till_days/{day}/reconcile/", "counts_differ", 409, **as_json(counted(COUNTED + 5_000)))
    gao.is_refused(f"till_days/{day}/reconcile/", "not_the_reconciler", 403, **count)
    done = ren.does(f"till_days/{day}/reconcile/", **count)
    assert (done["state"], done["difference"]["amount_fen"], done["counted_fen"]) == (
        "difference_open",
        -5_000,
        COUNTED,
    )
    relay_pending()

    # The report: capitals, lines, both signatures
    paper = json.loads(Document.objects.get(code=done["report"]).content)
    assert (paper["total_fen"], paper["capitals"]) == (649_000, "人民币陆仟肆佰玖拾元整")
    assert paper["lines_net_fen"] + paper["prepaid_fen"] == paper["total_fen"]
    assert [one["name"] for one in paper["reconciliation"]["signatures"]] == ["方丽", "任涛"]
    assert paper["reconciliation"]["difference"] == "-50.00"
    assert gao.inbox("till_days.report")

    # What comes in later is money of the next business day, and the fund is still there
    late = takes(clinic, clinic.tan, "test-film")  # type: ignore[attr-defined]
    assert late["received_fen"] == 12_000
    fang.is_refused(f"till_days/{day}/count/", "till_closed", 409, **count)
    [tomorrow] = fang.lists("till_days/", **{"from": "2026-12-19"})
    assert (tomorrow["day"], tomorrow["float_fen"], tomorrow["state"]) == ("2026-12-19", 50_000, "open")
    assert balance(Account.MONEY, site=site, tender="cash") == 50_000 + 12_000

    # Closed, difference open: until cause and liable person are stated
    [case] = gao.lists("till_days/differences/", state="open")
    path = f"till_days/differences/{case['code']}/cause/"
    gao.is_refused(path, "liable_missing", cause="找零错误")
    gao.is_refused(path, "cause_missing", cause="?", liable=clinic.staff("104"))
    assert gao.does(path, cause="找零错误", liable=clinic.staff("104"), recovery="现金补足")["state"] == "stated"
    assert fang.asks(f"till_days/{day}/")["state"] == "locked"
    fang.does(f"till_days/differences/{case['code']}/recover/")
    assert balance(Account.DIFFERENCE, site=site) == 0
    assert balance(Account.MONEY, site=site, tender="cash") == 50_000 + 12_000 + 5_000


@pytest.mark.ledger("CA-038")
def test_without_a_slip_the_supervisor_has_it_at_half_past_four(clinic: Clinic, at: Any) -> None:
    gao = clinic.who("gao.wen")
    at("2026-12-18 16:29")
    clockwork()
    assert gao.inbox("till_days.slip_missing") == []
    at("2026-12-18 16:31")
    clockwork()
    assert len(gao.inbox("till_days.slip_missing")) == 1


@pytest.mark.ledger("CA-008")
def test_sc11_unreported_arrears_keep_the_till_open(clinic: Clinic, at: Any) -> None:
    fang, gao, day = clinic.who("fang.li"), clinic.who("gao.wen"), clinic.day  # type: ignore[attr-defined]
    mapped = {"item": str(Item.objects.get(key="sports-guard").code), "category": "device"}
    fang.does(f"till_days/{day}/map-item/", **mapped)
    owed = takes(clinic, clinic.patient("梁博"), "test-filling", owed_fen=50_000)
    at("2026-12-18 18:00")
    refused = fang.is_refused(f"till_days/{day}/close/", "close_blocked", 409, reconciler=clinic.staff("103"))
    assert refused["facts"]["blockers"] == ["cashier.arrears"]
    at("2026-12-18 18:05")
    fang.does(f"cashier/receipts/{owed['code']}/report-arrears/")
    assert len(gao.inbox("cashier.arrears_reported")) == 1
    assert fang.does(f"till_days/{day}/close/", reconciler=clinic.staff("103"))["state"] == "closing"
