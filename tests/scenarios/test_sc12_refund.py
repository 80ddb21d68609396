"""SC-12: the refund that must be signed by the patient. The catalogue of the tests has a filling at 1,260.00: two of them
stand for the 2,400.00, so that 1,920.00 are left after the first refund."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from kernel import clock
from kernel.parameters import set_parameter
from services.books.selectors import day_book
from services.documents.models import Document
from services.followup.holding import hold_on
from services.patients.actions import add_relation
from services.patients.models import Patient
from services.records.models import ClinicalNote
from services.sites.models import Site
from tests.scenarios.over_http import Clinic
from tests.services.doors import SYSTEM
from tests.services.till import item

OPINION = "材料差价属实，同意退 600.00 元。"


@pytest.fixture
def clinic(smile: Any, at: Any) -> Clinic:
    """Song Qian paid two fillings, 2,520.00, on 3 December."""
    house = Clinic()
    at("2026-12-03 10:00")
    house.song = house.patient("宋倩", phone="13800004417")  # type: ignore[attr-defined]
    house.line = paid(house, house.song, "filling", 2)  # type: ignore[attr-defined]
    return house


def paid(clinic: Clinic, patient: str, name: str, quantity: int, *, doctor: str = "dr.lin") -> str:
    """The code of a charge line that was paid in cash."""
    lines = [{"item": str(item(name).code), "quantity": quantity}]
    slip = clinic.who(doctor).does("cashier/slips/", site=clinic.site, patient=patient, lines=lines)
    due = sum(line["amount_fen"] for line in slip["lines"])
    clinic.who("fang.li").does(f"cashier/slips/{slip['code']}/charge/", tender="cash", tendered_fen=due)
    return str(slip["lines"][0]["code"])


def asks(clinic: Clinic, line: str, fen: int, *, doctor: str = "dr.lin", patient: str = "", **more: Any) -> str:
    """The code of a refund that a doctor has begun and signed."""
    wanted = [{"line": line, "amount_fen": fen, **more}]
    made = clinic.who(doctor).does(
        "refunds/",
        site=clinic.site,
        patient=patient or clinic.song,
        reason="材料变更",
        lines=wanted,  # type: ignore[attr-defined]
    )
    return str(made["code"])


def approves(clinic: Clinic, refund: str) -> dict[str, Any]:
    clinic.who("gao.wen").proves_who_it_is()
    return clinic.who("gao.wen").does(f"refunds/{refund}/opinion/", approve=True, opinion=OPINION)


HERSELF = {"payee": "patient", "name": "宋倩", "phone_last_four": "4417"}


@pytest.mark.ledger(
    "CA-024", "CA-025", "CA-026", "CA-027", "CA-029", "CA-030", "CA-031", "CA-032", "CA-033", "CA-057", "CA-058", "CR-007",
    "CR-008", "FU-018",
)  # fmt: skip
def test_the_refund_is_signed_in_order_paid_to_herself_and_never_more_than_came_in(clinic: Clinic, at: Any) -> None:
    fang, site = clinic.who("fang.li"), Site.objects.get(code=clinic.site)
    line, song = clinic.line, Patient.objects.get(code=clinic.song)  # type: ignore[attr-defined]
    came_in = 2 * 126_000
    third = day_book(site, date(2026, 12, 3))

    # Given Dr Lin starts a refund of 600.00 with its reason
    at("2026-12-15 17:05")
    refund = asks(clinic, line, 60_000)
    # When Fang tries to pay before the supervisor's opinion, then she is refused
    fang.is_refused(f"refunds/{refund}/pay/", "opinion_first", **HERSELF)
    at("2026-12-15 19:50")
    said = {"approve": True, "opinion": OPINION}
    asked_again = clinic.who("gao.wen").tries(f"refunds/{refund}/opinion/", **said)
    assert asked_again.json()["code"] == "reauthentication_required"
    approves(clinic, refund)
    second = asks(clinic, line, came_in - 60_000 + 20_000)
    approves(clinic, second)

    # When her husband comes, then the payee's signature is refused
    at("2026-12-16 10:41")
    fang.is_refused(f"refunds/{refund}/pay/", "payee_not_patient", **{**HERSELF, "name": "宋先生"})
    # When Song demands the chart, then the desk is refused without Gao's consent; a copy after the consent of this house
    at("2026-12-16 10:55")
    bai = clinic.who("bai.lan")
    asked = bai.does(f"charts/patients/{clinic.song}/releases/", site=clinic.site, kind="original", reason="转院")  # type: ignore[attr-defined]
    given = {"receiver": "patient", "receiver_name": "宋倩", "identity_checked": True, "return_on": "2026-12-20"}
    bai.is_refused(f"charts/releases/{asked['code']}/hand-out/", "consent_needed", 403, **given)
    assert hold_on(song) == "open_refund"
    clinic.who("gao.wen").does(f"charts/releases/{asked['code']}/consent/")
    released = bai.does(f"charts/releases/{asked['code']}/hand-out/", **given)
    assert released["decided_by"] == "高文"

    # When Song herself comes at 11:00, then register and form are complete
    at("2026-12-16 11:00")
    fang.does(f"refunds/{refund}/pay/", **HERSELF)
    # and a second refund of the same item is refused: only what is left is refundable
    problem = fang.is_refused(f"refunds/{second}/pay/", "more_than_refundable", **HERSELF)
    assert "1,920.00" in problem["detail"]
    fang.is_refused(f"refunds/{refund}/payee-signature/", "payee_not_patient", signer_name="宋先生")
    fang.does(f"refunds/{refund}/payee-signature/", signer_name="宋倩")
    done = fang.does(f"refunds/{refund}/seal/")
    assert [one["part"] for one in done["signatures"]] == ["doctor", "supervisor", "payer", "payee"]
    seven = ("refund_on", "patient", "reason", "first_visit_on", "paid_total_fen", "amount_fen", "doctor")
    assert [done[key] for key in seven] == [
        "2026-12-15", clinic.song, "材料变更", "2026-12-03", came_in, 60_000, clinic.staff("011"),  # type: ignore[attr-defined]
    ]  # fmt: skip
    form = json.loads(Document.objects.get(code=done["document"]).content)
    assert (form["refund_on"], form["patient"], form["reason"], form["first_visit_on"]) == (
        "2026-12-15", "宋倩", "材料变更", "2026-12-03",
    )  # fmt: skip
    assert (form["paid_total"], form["amount"], form["opinion"]) == ("2,520.00", "600.00", OPINION)
    assert set(form["signatures"]) == {"doctor", "supervisor", "payer", "payee"}
    # The seal reads the day of the payout
    [use] = fang.lists("seals/uses/", document=done["document"])
    assert (use["seal"], use["day"], form["sealed_on"]) == ("cash_paid", "2026-12-16", "2026-12-16")
    note = ClinicalNote.objects.get(patient=song).text
    for words in ("2026-12-16 11:00", "材料变更", "600.00", "方丽"):
        assert words in note
    fang.is_refused(f"refunds/{refund}/pay/", "invalid_transition", 409, **HERSELF)

    # And the report of 12-16 shows −600.00 in treatment with its own column; 12-03 stays unchanged
    today = day_book(site, date(2026, 12, 16)).categories["treatment"]
    assert (today.gross_fen, today.refunded_fen, today.net_fen) == (0, 60_000, -60_000)
    assert day_book(site, date(2026, 12, 3)) == third


@pytest.mark.ledger("CA-028")
def test_dr_xu_changes_the_text_only(clinic: Clinic, at: Any) -> None:
    site = Site.objects.get(code=clinic.site)
    at("2026-12-16 14:00")
    refund = asks(clinic, clinic.line, 0, doctor="dr.xu", changed_to="树脂充填（远中）")  # type: ignore[attr-defined]
    clinic.who("fang.li").is_refused(f"refunds/{refund}/payee-signature/", "no_money_moves", signer_name="宋倩")
    clinic.who("fang.li").is_refused(f"refunds/{refund}/pay/", "no_money_moves", **HERSELF)
    done = approves(clinic, refund)
    assert (done["state"], done["payee_signs"], done["ways"]) == ("closed", False, [])
    assert [one["part"] for one in done["signatures"]] == ["doctor", "supervisor"]
    assert 'data-disabled="payee"' in clinic.who("fang.li").opens(f"/refunds/{refund}/")
    assert clinic.who("fang.li").lists("seals/uses/") == []
    assert day_book(site, date(2026, 12, 16)).categories == {}


@pytest.mark.ledger("CA-027")
def test_a_parent_of_a_nine_year_old_is_refused_unless_the_house_admits_guardians(clinic: Clinic, at: Any) -> None:
    child = clinic.patient("小宝", birth_date="2017-05-01")
    line = paid(clinic, child, "film", 1)
    add_relation(by=SYSTEM, patient=Patient.objects.get(code=child), kind="mother", name="宝妈", is_guardian=True)
    at("2026-12-16 15:00")
    refund = asks(clinic, line, 2_000, patient=child)
    approves(clinic, refund)
    mother = {"payee": "guardian", "name": "宝妈", "birth_date": "2017-05-01"}
    fang = clinic.who("fang.li")
    fang.is_refused(f"refunds/{refund}/pay/", "guardian_not_allowed", **mother, identity_document="身份证 3101")
    set_parameter(by=SYSTEM, key="refund_guardian_allowed", value=True, effective_from=clock.now())
    fang.is_refused(f"refunds/{refund}/pay/", "identity_document_missing", **mother)
    assert fang.does(f"refunds/{refund}/pay/", **mother, identity_document="身份证 3101")["state"] == "paid"
