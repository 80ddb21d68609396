"""Many payouts over one refundable sum: what leaves is never more than what came in (CA-030)."""

from __future__ import annotations

import pytest

from kernel.errors import DomainError
from services.books.selectors import day_book, expected_in_till
from services.refunds import actions, routes
from services.refunds.models import Payout, Refund
from services.till_days import petty
from tests.kernel.probes import at_once
from tests.services.doors import person
from tests.services.flow import center, patient
from tests.services.money_back import approved, asked, herself
from tests.services.till import charged, line_of, signed

SO_MANY, ALLOWED, EACH = 50, 6, 20_000


@pytest.fixture(autouse=True)
def wednesday(own_database, smile, at):
    at("2026-12-16 11:00")
    return at


@pytest.mark.slow
@pytest.mark.ledger("CA-030")
def test_of_fifty_payouts_at_once_exactly_what_came_in_leaves(smile):
    receipt = charged(signed(patient("宋倩")))
    refunds = [approved(asked(receipt, {"filling": EACH})) for _ in range(SO_MANY)]
    by, site, shown = person("fang.li"), center(), herself(receipt.patient)

    def paying(refund: Refund):
        def run() -> object:
            try:
                return actions.pay(by=by, site=site, refund=refund, shown=shown)
            except DomainError as refusal:
                return refusal

        return run

    results: list[object] = []
    for start in range(0, SO_MANY, 10):
        results += at_once(smile, *[paying(refund) for refund in refunds[start : start + 10]])

    broken = [one for one in results if isinstance(one, BaseException) and not isinstance(one, DomainError)]
    assert not broken, broken
    refusals = [one.code for one in results if isinstance(one, DomainError)]
    assert (len(results) - len(refusals), set(refusals)) == (ALLOWED, {"more_than_refundable"})
    filling = line_of(receipt.slip, "filling").code
    assert routes.refundable([filling]) == {filling: 126_000 - ALLOWED * EACH}
    assert Payout.objects.count() == Refund.objects.filter(state="paid").count() == ALLOWED
    assert expected_in_till(center(), "cash") == 168_000 - ALLOWED * EACH
    assert day_book(center(), Payout.objects.first().day).refunded_fen == ALLOWED * EACH


@pytest.mark.ledger("CA-030")
def test_two_refunds_at_once_do_not_take_more_cash_than_lies_in_the_till(smile):
    receipts = [charged(signed(patient(name, phone=f"1380000441{n}"), "film")) for n, name in enumerate("甲乙")]
    spent = petty.ask(by=person("ye.fan"), site=center(), amount_fen=6_000, reason="打车送病历")
    petty.pay_out(by=person("fang.li"), site=center(), petty=petty.decide(
        by=person("gao.wen"), site=center(), petty=spent, approve=True))  # fmt: skip
    assert expected_in_till(center(), "cash") == 18_000
    refunds = [approved(asked(receipt, {"film": 12_000})) for receipt in receipts]
    by, site = person("fang.li"), center()

    def paying(refund: Refund):
        def run() -> object:
            try:
                return actions.pay(by=by, site=site, refund=refund, shown=herself(refund.patient))
            except DomainError as refusal:
                return refusal

        return run

    results = at_once(smile, *[paying(refund) for refund in refunds])
    assert sorted(getattr(one, "code", "") if isinstance(one, DomainError) else "" for one in results) == [
        "", "till_short",
    ]  # fmt: skip
    assert expected_in_till(center(), "cash") == 6_000


@pytest.mark.ledger("CA-030")
def test_one_refund_is_paid_once(smile):
    refund = approved(asked(charged(signed(patient("宋倩")))))
    by, site, shown = person("fang.li"), center(), herself(refund.patient)

    def run() -> object:
        try:
            return actions.pay(by=by, site=site, refund=Refund.objects.get(pk=refund.pk), shown=shown)
        except DomainError as refusal:
            return refusal

    results = at_once(smile, *[run] * 4)
    assert sorted(getattr(one, "code", "") if isinstance(one, DomainError) else "" for one in results) == [
        "", "invalid_transition", "invalid_transition", "invalid_transition",
    ]  # fmt: skip
    assert expected_in_till(center(), "cash") == 108_000
