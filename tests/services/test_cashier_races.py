"""Two tills at once: one receipt per slip, no gap and no double in the numbers, never more settled than owed."""

from __future__ import annotations

import pytest

from kernel.errors import Conflict, DomainError
from services.cashier import actions, receipts
from services.cashier.models import Arrear, ChargeSlip, Payment, Receipt
from services.cashier.taking import HandedOver
from services.documents.actions import print_pdf
from services.documents.models import Document, Printing
from services.reception.models import Visit
from tests.kernel.probes import at_once
from tests.services.doors import person
from tests.services.flow import center, patient, walked_in
from tests.services.till import charged, signed


@pytest.fixture(autouse=True)
def monday(own_database, smile, at):
    at("2026-12-14 16:00")
    return at


def trying(act):
    """``act`` with a refusal as its result; anything else fails the test."""

    def run() -> object:
        try:
            return act()
        except DomainError as refusal:
            return refusal

    return run


def split(results: list[object]) -> tuple[list[object], list[str]]:
    """(what was won, the codes of the refusals)."""
    broken = [one for one in results if isinstance(one, BaseException) and not isinstance(one, DomainError)]
    assert not broken, broken
    refused = [one.code for one in results if isinstance(one, DomainError)]
    return [one for one in results if not isinstance(one, DomainError)], refused


def numbers() -> list[int]:
    return sorted(int(number.rpartition("-")[2]) for number in Receipt.objects.values_list("number", flat=True))


@pytest.mark.ledger("CA-002", "CA-055")
def test_two_tills_charge_the_same_slip_and_one_receipt_comes_out(smile):
    slips = [signed(patient(f"患者{number}"), "film") for number in range(5)]
    for slip in slips:
        won, refused = split(at_once(smile, *[trying(lambda slip=slip: charged(slip)) for _ in range(4)]))

        assert (len(won), refused) == (1, ["slip_already_charged"] * 3)
    assert Payment.objects.count() == Receipt.objects.count() == Document.objects.count() == len(slips)
    assert numbers() == [1, 2, 3, 4, 5]


@pytest.mark.ledger("CA-048")
def test_two_slips_of_a_visit_charged_at_once_settle_it(smile):
    for number in range(3):
        visit = walked_in(patient(f"患者{number}"))
        Visit.objects.filter(pk=visit.pk).update(state="left")
        slips = [signed(visit.patient, item, visit_code=visit.code) for item in ("film", "filling", "scaling")]

        won, refused = split(at_once(smile, *[trying(lambda slip=slip: charged(slip)) for slip in slips]))

        assert (len(won), refused) == (3, [])
        assert Visit.objects.get(pk=visit.pk).settled_at is not None


@pytest.mark.ledger("CA-055")
def test_numbers_have_no_gap_when_tills_charge_and_fail_at_once(smile, monkeypatch):
    slips = [signed(patient(f"患者{number}"), "film") for number in range(12)]
    tell = receipts.tell

    def fails_for_every_third(receipt) -> None:
        # The number, the document and the receipt are written by now; all of it must go back.
        if slips.index(receipt.slip) % 3 == 0:
            raise Conflict("stopped", "on purpose")
        tell(receipt)

    monkeypatch.setattr(receipts, "tell", fails_for_every_third)
    won, refused = split(at_once(smile, *[trying(lambda slip=slip: charged(slip)) for slip in slips]))

    assert (len(won), refused) == (8, ["stopped"] * 4)
    assert numbers() == list(range(1, 9))
    assert ChargeSlip.objects.filter(state="issued").count() == Document.objects.count() - 4 == 4
    monkeypatch.setattr(receipts, "tell", tell)
    charged(slips[0])
    assert numbers() == list(range(1, 10))


def test_a_slip_is_charged_or_taken_back_never_both(smile):
    for number in range(4):
        slip = signed(patient(f"患者{number}"), "film")
        doctor, site = person("dr.lin"), center()
        results = at_once(
            smile,
            trying(lambda slip=slip: charged(slip)),
            trying(lambda slip=slip, by=doctor, site=site: actions.withdraw_slip(by=by, site=site, slip=slip)),
        )
        won, refused = split(results)

        assert len(won) == len(refused) == 1
        state = ChargeSlip.objects.get(pk=slip.pk).state
        assert (state == "billed") == Receipt.objects.filter(slip=slip).exists()


@pytest.mark.ledger("CA-009")
def test_no_more_is_settled_than_was_owed(smile):
    arrear = charged(signed(patient("梁博")), owed={"filling": 50_000}).arrears.get()
    till = {"by": person("fang.li"), "site": center(), "arrear": arrear, "amount_fen": 30_000}
    cash = [HandedOver(tender="cash", fen=30_000)]

    won, refused = split(
        at_once(smile, *[trying(lambda: actions.settle_arrear(**till, handed_over=cash)) for _ in range(3)])
    )

    assert (len(won), refused) == (1, ["amount_more_than_owed"] * 2)
    assert Arrear.objects.get().settled_fen == 30_000
    assert Receipt.objects.filter(slip__isnull=True).count() == 1


def test_two_who_print_at_once_get_one_original(smile):
    receipt = charged(signed(patient("梁博"), "film"))
    by = person("fang.li")

    won, refused = split(
        at_once(
            smile,
            *[
                trying(lambda: print_pdf(by=by, document=Document.objects.get(pk=receipt.document_id)))
                for _ in range(3)
            ],
        )
    )

    assert not refused
    assert len(won) == 3
    assert sorted(Printing.objects.values_list("copy", flat=True)) == [1, 2, 3]
    assert len({bytes(pdf) for pdf in won}) == 2, "one original and equal reprints"
