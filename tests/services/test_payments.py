"""Money by the payer's code: taken once whatever is lost on the way, given back where it cannot be charged, and by the route it
came (ledger 17 P)."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import date, timedelta

import pytest
import requests
from django.conf import settings as product
from django.db import transaction

from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, DomainError, Forbidden, RuleRefused
from kernel.timers.models import Timer
from services.books.models import Account, Entry, EntryKind
from services.books.selectors import balance, expected_in_till
from services.cashier.models import Payment, Receipt
from services.cashier.taking import HandedOver
from services.corrections import actions as corrections
from services.payments import actions, bills
from services.payments.models import AcquirerBill, BillDifference, GiveBack, PaymentAttempt
from services.refunds.actions import take_back
from services.tasks.models import Task
from tests.services.doors import api, browser, person, statements
from tests.services.flow import center, clockwork, patient
from tests.services.money_back import approved, asked, paid
from tests.services.payers import ALIPAY, DECLINED, LOST, PAYS, ROOT, SILENT, TYPES, WECHAT, Acquirer
from tests.services.payers import acquirer as acquirer
from tests.services.till import charged, line_of, signed

FILM = 12_000


@pytest.fixture(autouse=True)
def wednesday(own_database, smile, at, acquirer):
    # Answers are settled after commits, so each test has a database of its own.
    at("2026-12-16 10:00")
    acquirer.told(silence_seconds=2)
    return at


@pytest.fixture
def slip(wednesday):
    return signed(patient("宋倩", phone="13800004417"), "film")


def started(slip, code: str = WECHAT + PAYS, **more) -> PaymentAttempt:
    """An attempt by the cashier, as it stands after the first answer."""
    made = actions.start_attempt(by=person("fang.li"), site=slip.site, slip=slip, payer_code=code, **more)
    return PaymentAttempt.objects.get(pk=made.pk)


def refused(code: str, act, error: type[DomainError] = RuleRefused) -> None:
    """``act`` is refused with ``code``, takes nothing, books nothing and is audited."""
    before = PaymentAttempt.objects.count(), Payment.objects.count(), Entry.objects.count(), GiveBack.objects.count()
    with pytest.raises(error, match=code):
        act()
    after = PaymentAttempt.objects.count(), Payment.objects.count(), Entry.objects.count(), GiveBack.objects.count()
    assert after == before
    assert AuditEntry.objects.filter(verb="refused", data__code=code).exists()


@pytest.mark.ledger("CA-001", "CA-003")
def test_a_scanned_code_charges_the_slip_with_the_acquirers_number(slip, acquirer: Acquirer):
    refused("payer_code_malformed", lambda: started(slip, "6228480402564890018"))
    refused("payer_code_malformed", lambda: started(slip, WECHAT + PAYS, tender="alipay"))
    refused("permission_denied", lambda: actions.start_attempt(
        by=person("dr.lin"), site=slip.site, slip=slip, payer_code=WECHAT + PAYS), Forbidden)  # fmt: skip
    assert acquirer.told()["orders"] == []

    done = started(slip)

    payment = Payment.objects.get()
    assert (done.state, done.amount_fen, done.receipt) == ("paid", FILM, Receipt.objects.get())
    assert (payment.tender, payment.amount_fen, payment.reference) == ("wechat_pay", FILM, done.transaction_id)
    assert done.receipt.cashier == person("fang.li").code
    assert acquirer.order(done.out_trade_no)["amount_fen"] == expected_in_till(center(), "wechat_pay") == FILM
    assert WECHAT + PAYS not in str(AuditEntry.objects.values_list("data", flat=True))
    refused("slip_already_charged", lambda: started(slip), Conflict)
    assert not Timer.objects.filter(kind="payments.ask", state="scheduled").exists()


def test_declined_means_nothing_taken_and_the_slip_waits_on(slip, acquirer):
    assert (started(slip, ALIPAY + DECLINED).state, Payment.objects.count()) == ("failed", 0)
    slip.refresh_from_db()
    assert slip.state == "issued"

    assert started(slip, ALIPAY + PAYS).state == "paid"
    assert Payment.objects.get().tender == "alipay"


def test_while_the_payer_types_the_result_is_asked_for_until_known(slip, wednesday):
    attempt = started(slip, WECHAT + TYPES)
    assert attempt.state == "paying"
    refused("attempt_under_way", lambda: started(slip), Conflict)

    for _second in range(4):
        wednesday.advance(seconds=6)
        clockwork()

    attempt.refresh_from_db()
    assert (attempt.state, Payment.objects.count(), attempt.asked) == ("paid", 1, 2)


def test_captured_while_the_answer_is_lost_is_found_by_asking(slip, wednesday, acquirer):
    attempt = started(slip, WECHAT + LOST)
    assert (attempt.state, Payment.objects.count()) == ("unknown", 0)
    assert acquirer.order(attempt.out_trade_no)["state"] == "SUCCESS"

    for _again in range(3):
        wednesday.advance(seconds=6)
        clockwork()

    attempt.refresh_from_db()
    assert (attempt.state, Payment.objects.get().reference) == ("paid", attempt.transaction_id)
    assert Entry.objects.filter(kind=EntryKind.CHARGE).count() == 1


def test_not_known_in_time_is_reversed(slip, wednesday, acquirer):
    attempt = started(slip, WECHAT + SILENT)
    wednesday.advance(seconds=61)
    clockwork()

    attempt.refresh_from_db()
    assert (attempt.state, attempt.error) == ("reversed", "not_known_in_time")
    assert acquirer.order(attempt.out_trade_no)["state"] == "REVOKED"
    assert Payment.objects.count() == 0
    assert started(slip).state == "paid"


def test_a_slip_that_was_charged_meanwhile_gives_the_money_back(slip, wednesday, acquirer):
    attempt = started(slip, WECHAT + LOST)
    charged(slip)

    wednesday.advance(seconds=6)
    clockwork()

    attempt.refresh_from_db()
    assert (attempt.state, attempt.error, attempt.receipt) == ("reversed", "slip_already_charged", None)
    assert acquirer.order(attempt.out_trade_no)["state"] == "REVOKED"
    assert [one.tender for one in Payment.objects.all()] == ["cash"]
    assert AuditEntry.objects.filter(verb="refused", data__code="slip_already_charged").exists()


def test_the_cashier_stops_what_nobody_waits_for(slip, acquirer):
    attempt = started(slip, ALIPAY + SILENT)
    actions.stop_attempt(by=person("fang.li"), site=slip.site, attempt=attempt)

    attempt.refresh_from_db()
    assert (attempt.state, acquirer.order(attempt.out_trade_no)["state"]) == ("reversed", "REVOKED")
    refused("invalid_transition", lambda: actions.stop_attempt(
        by=person("fang.li"), site=slip.site, attempt=attempt), Conflict)  # fmt: skip


def test_without_an_acquirer_the_static_code_and_its_number(slip, settings):
    settings.ACQUIRER_URL = ""
    refused("acquirer_missing", lambda: started(slip))
    cashier, here = browser("fang.li"), f"/cashier/slips/{slip.code}/"
    assert "/payments/slips/" not in cashier.get(here).content.decode()
    given = {"tender": "wechat_pay", "tendered_fen": "120.00"}
    assert cashier.post(here, given).status_code == 422
    assert not Payment.objects.exists()
    assert cashier.post(here, {**given, "reference": "4200001234"}).status_code == 303
    assert Payment.objects.get().reference == "4200001234"


def test_a_number_on_the_payers_phone_is_no_proof_while_the_same_payment_is_open(slip, wednesday):
    attempt = started(slip, WECHAT + LOST)
    refused("attempt_under_way", lambda: charged(slip, tender="wechat_pay", reference="4200001234"), Conflict)
    refused("attempt_under_way", lambda: charged(slip, tender="alipay", reference="2026001234"), Conflict)

    actions.stop_attempt(by=person("fang.li"), site=slip.site, attempt=attempt)
    PaymentAttempt.objects.filter(pk=attempt.pk).update(transaction_id="4200001234")
    refused("payment_given_back", lambda: charged(slip, tender="wechat_pay", reference="4200001234"), Conflict)
    assert charged(slip, tender="wechat_pay", reference="4200001235").number.endswith("1")


def test_the_bill_knows_what_a_correction_said_and_forgets_what_it_took_back(wednesday, acquirer):
    started(signed(patient("甲"), "film"))
    noted = charged(signed(patient("乙"), "film"), tender="wechat_pay", reference="4200009999")
    in_cash = charged(signed(patient("丙"), "film"))
    for receipt, given in (
        (noted, HandedOver(tender="cash", fen=FILM)),
        (in_cash, HandedOver(tender="alipay", fen=FILM, reference="2026009999")),
    ):
        entry = corrections.write_entry(
            by=person("fang.li"), site=center(), receipt=receipt, kind="tender", cause="按错", wrong="错", right="对",
            payments=[given],
        )  # fmt: skip
        corrections.verify(by=person("gao.wen"), site=center(), entry=entry, opinion="核对收款记录")
        corrections.apply(by=person("gao.wen"), site=center(), entry=entry)
    line = {"kind": "pay", "out_trade_no": "x", "transaction_id": "2026009999", "channel": "alipay"}
    acquirer.told(fault={"add": {**line, "amount_fen": FILM}})
    wednesday("2026-12-17 09:31")

    bills.ask_for_bill(by=person("ren.tao"), site=center(), day=date(2026, 12, 16))

    assert AcquirerBill.objects.get().paid_fen == 2 * FILM
    assert not BillDifference.objects.exists()


def test_a_site_that_the_acquirer_does_not_know_is_not_asked_about(wednesday, settings):
    charged(signed(patient("乙"), "film"), tender="wechat_pay", reference="4200009999")
    wednesday("2026-12-17 09:40")
    with transaction.atomic():
        bills.plan_bills(date(2026, 12, 17))
    clockwork()
    assert not AcquirerBill.objects.exists()
    settings.ACQUIRER_MERCHANTS = {str(center().code): "1900001109"}
    assert actions.merchant_of(center()) == "1900001109"
    with transaction.atomic():
        bills.plan_bills(date(2026, 12, 17))
    clockwork()
    assert BillDifference.objects.get().kind == "missing_there"


def test_an_answer_that_is_not_signed_is_no_answer(slip, settings, wednesday):
    settings.ACQUIRER_KEY = "another"
    attempt = started(slip)
    assert (attempt.state, attempt.error) == ("unknown", "no_answer")
    assert requests.post(f"{product.ACQUIRER_URL}/v1/pay", data=b"{}", timeout=5).status_code == 401


@pytest.mark.ledger("CA-030")
def test_a_refund_goes_back_by_the_route_it_came(wednesday, acquirer):
    slip = signed(patient("宋倩", phone="13800004417"))
    attempt = started(slip)
    acquirer.told(slow_refunds=True)
    refund = paid(approved(asked(attempt.receipt)))
    back = GiveBack.objects.get()
    assert (back.state, back.amount_fen, acquirer.told()["refunds"]) == ("refunding", 60_000, [])

    clockwork()
    back.refresh_from_db()
    assert (back.state, acquirer.told()["refunds"][0]["state"]) == ("refunding", "PROCESSING")
    refused("refund_on_its_way", lambda: take_back(by=person("fang.li"), site=center(), refund=refund))
    page = browser("fang.li").get(f"/refunds/{refund.code}/").content.decode()
    assert str(back.get_state_display()) in page

    acquirer.told(slow_refunds=False)
    wednesday.advance(seconds=11)
    clockwork()
    back.refresh_from_db()
    assert back.state == "refunded"
    [order] = acquirer.told()["orders"]
    assert order["refunded_fen"] == 60_000
    assert expected_in_till(center(), "wechat_pay") == 168_000 - 60_000


def test_a_refused_refund_is_a_task_of_finance_and_is_sent_again(wednesday, acquirer):
    attempt = started(signed(patient("宋倩", phone="13800004417")))
    acquirer.told(state={"no": attempt.out_trade_no, "state": "REVOKED"})
    paid(approved(asked(attempt.receipt)))
    clockwork()

    back = GiveBack.objects.get()
    assert (back.state, back.error) == ("failed", "REFUND_TOO_MUCH")
    assert Task.objects.filter(kind="payments.give_back_failed").get().roles == ["finance"]
    acquirer.told(state={"no": attempt.out_trade_no, "state": "SUCCESS"})
    refused("permission_denied", lambda: actions.send_again(
        by=person("fang.li"), site=center(), give_back=back), Forbidden)  # fmt: skip
    actions.send_again(by=person("ren.tao"), site=center(), give_back=back)
    back.refresh_from_db()
    assert back.state == "refunded"


@pytest.mark.ledger("CA-030")
def test_the_bill_of_the_day_is_matched_and_one_fen_is_found(wednesday, acquirer):
    good, wrong, gone = (started(signed(patient(name), "film")) for name in ("甲", "乙", "丙"))
    returned = started(signed(patient("丁", phone="13800004418")))
    paid(approved(asked(returned.receipt)))
    clockwork()
    acquirer.told(fault={"no": wrong.out_trade_no, "delta_fen": -1})
    acquirer.told(fault={"no": gone.out_trade_no, "drop": True})
    stray = {"kind": "pay", "out_trade_no": "x", "transaction_id": "42stray", "channel": "alipay", "amount_fen": 500}
    acquirer.told(fault={"add": stray})
    refused("day_not_over", lambda: bills.ask_for_bill(by=person("ren.tao"), site=center(), day=date(2026, 12, 16)))
    wednesday("2026-12-17 09:31")

    bills.ask_for_bill(by=person("ren.tao"), site=center(), day=date(2026, 12, 16))

    bill = AcquirerBill.objects.get()
    found = {(one.kind, one.number): (one.ours_fen, one.theirs_fen) for one in BillDifference.objects.all()}
    assert found == {
        ("amount", wrong.transaction_id): (FILM, FILM - 1),
        ("missing_there", gone.transaction_id): (FILM, 0),
        ("missing_here", "42stray"): (0, 500),
    }
    assert (bill.paid_fen, bill.returned_fen) == (2 * FILM - 1 + 168_000 + 500, 60_000)
    fees = 72 + 72 + 1008 - 360
    assert bill.fee_fen == fees
    assert balance(Account.FEES) == fees
    assert balance(Account.BANK) == 2 * FILM - 1 + 168_000 - 60_000 - fees
    # What is left in the wallet is the payment that the bill does not know, and the fen.
    assert expected_in_till(center(), "wechat_pay") == FILM + 1
    refused("bill_matched", lambda: bills.ask_for_bill(
        by=person("ren.tao"), site=center(), day=date(2026, 12, 16)), Conflict)  # fmt: skip

    row = BillDifference.objects.get(kind="amount")
    refused("reason_missing", lambda: bills.resolve(by=person("ren.tao"), site=center(), difference=row, reason=" "))
    refused("permission_denied", lambda: bills.resolve(
        by=person("fang.li"), site=center(), difference=row, reason="一分"), Forbidden)  # fmt: skip
    for one in BillDifference.objects.all():
        bills.resolve(by=person("ren.tao"), site=center(), difference=one, reason="已与收单机构核实")
    refused("difference_resolved", lambda: bills.resolve(
        by=person("ren.tao"), site=center(), difference=row, reason="再来"), Conflict)  # fmt: skip
    assert (balance(Account.DIFFERENCE), expected_in_till(center(), "wechat_pay")) == (1, FILM)
    assert Task.objects.get(kind="payments.differences").state == "done"
    assert good.state == "paid"


def test_yesterdays_bill_is_fetched_every_morning(wednesday, acquirer):
    started(signed(patient("甲"), "film"))
    wednesday("2026-12-17 09:40")
    with transaction.atomic():
        bills.plan_bills(date(2026, 12, 17))
    clockwork()
    assert (AcquirerBill.objects.get().day, BillDifference.objects.count()) == (date(2026, 12, 16), 0)


def test_pages_and_operations_lead_through_a_payment(wednesday, acquirer):
    slip = signed(patient("宋倩", phone="13800004417"), "film")
    cashier = browser("fang.li")
    assert f"/payments/slips/{slip.code}/" in cashier.get(f"/cashier/slips/{slip.code}/").content.decode()
    assert cashier.post(f"/payments/slips/{slip.code}/", {"payer_code": "12"}).status_code == 422
    answer = cashier.post(f"/payments/slips/{slip.code}/", {"payer_code": WECHAT + PAYS})
    attempt = PaymentAttempt.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/payments/attempts/{attempt.code}/")
    assert attempt.receipt.number in cashier.get(answer["Location"]).content.decode()
    assert browser("dr.lin").get("/payments/").status_code == 403

    other = signed(patient("何青"), "film")
    client = api("fang.li")
    made = client.post("/api/v1/payments/attempts/", {"slip": str(other.code), "payer_code": ALIPAY + SILENT})
    assert (made.status_code, made.json()["state"]) == (201, "paying")
    notice = cashier.get(f"/cashier/slips/{other.code}/").content.decode()
    assert f"/payments/attempts/{made.json()['code']}/" in notice
    assert client.post(f"/api/v1/payments/attempts/{made.json()['code']}/stop/").json()["state"] == "reversed"
    listed = client.get("/api/v1/payments/attempts/?state=paid").json()
    assert [one["receipt"] for one in listed["results"]] == [str(attempt.receipt.code)]

    wednesday("2026-12-17 10:00")
    finance = browser("ren.tao")
    assert finance.post("/payments/bills/fetch/", {"day": "2026-12-16"}).status_code == 303
    bill = AcquirerBill.objects.get()
    for path in ("/payments/", "/payments/refunds/", "/payments/bills/", f"/payments/bills/{bill.code}/"):
        assert finance.get(path).status_code == 200, path
        assert statements(lambda path=path: finance.get(path)) <= 12, path
    assert cashier.post("/payments/bills/fetch/", {"day": "2026-12-16"}).status_code == 403
    assert line_of(slip, "film").receipt_lines.count() == 1


@pytest.mark.slow
@pytest.mark.ledger("PL-007")
def test_killed_between_capture_and_answer_there_is_exactly_one_payment(
    own_database, bed, tmp_path, smile, wednesday, acquirer
):
    """kill -9 of the process that waits for the answer; what is left asks, and finds the money."""
    slip = signed(patient("宋倩", phone="13800004417"), "film")
    acquirer.told(silence_seconds=60)
    environment = {
        **os.environ,
        **bed.environment(own_database, folder=tmp_path, broker_database=0),
        "ACQUIRER_URL": acquirer.url,
        "ACQUIRER_KEY": product.ACQUIRER_KEY,
        "NO_PROXY": "localhost,127.0.0.1",
    }
    till = subprocess.Popen(
        [sys.executable, "-c", AT_THE_TILL, smile.slug, str(slip.code), WECHAT + LOST], env=environment, cwd=ROOT
    )
    try:
        deadline = time.monotonic() + 60
        while not acquirer.told()["orders"]:
            assert till.poll() is None, "the till ended before it was killed"
            assert time.monotonic() < deadline, "nothing reached the acquirer"
            time.sleep(0.1)
    finally:
        till.kill()
        till.wait(timeout=10)
    attempt = PaymentAttempt.objects.get()
    assert (attempt.state, acquirer.told()["orders"][0]["state"], Payment.objects.count()) == ("paying", "SUCCESS", 0)

    wednesday((attempt.started_at + timedelta(seconds=30)).isoformat())
    for _again in range(3):
        clockwork()
        wednesday.advance(seconds=6)

    attempt.refresh_from_db()
    assert (attempt.state, Payment.objects.get().reference) == ("paid", attempt.transaction_id)
    assert Receipt.objects.count() == Entry.objects.filter(kind=EntryKind.CHARGE).count() == 1
    assert len(acquirer.told()["orders"]) == 1


AT_THE_TILL = """
import sys
sys.path[:0] = [".", "platform"]
import django
django.setup()
from kernel.identity.models import User
from kernel.identity.standing import actor_for_user
from kernel.tenancy import activate
from services.cashier.models import ChargeSlip
from services.payments.actions import start_attempt
from tenants.directory import context_for
with activate(context_for(slug=sys.argv[1])):
    slip = ChargeSlip.objects.select_related("site").get(code=sys.argv[2])
    by = actor_for_user(User.objects.get(username="fang.li"))
    start_attempt(by=by, site=slip.site, slip=slip, payer_code=sys.argv[3])
"""
