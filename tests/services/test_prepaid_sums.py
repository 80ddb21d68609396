"""Whatever is sold, used, spent, given back and corrected, in whatever order: balances are never negative and add up."""

from __future__ import annotations

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kernel import clock
from kernel.errors import DomainError
from kernel.parameters import set_parameter
from services.books.models import Account
from services.books.selectors import balance as account
from services.books.selectors import day_book, held
from services.cashier import reissue
from services.cashier.actions import charge
from services.cashier.models import Receipt
from services.cashier.taking import HandedOver, Taken
from services.prepaid import actions, comparing, selectors
from services.prepaid.models import Holding, Use
from services.refunds import actions as refunds
from services.refunds.models import Refund
from tests.services.advance import asked_back, bought, came, package_offer, top_up_offer
from tests.services.doors import SYSTEM, person
from tests.services.flow import center, patient
from tests.services.money_back import approved, asked, paid
from tests.services.till import signed

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "sell",
                "use",
                "use",
                "use",
                "forget",
                "top_up",
                "spend",
                "spend",
                "end",
                "pay",
                "unpay",
                "drop",
                "correct",
                "back",
            ]
        ),
        st.integers(0, 5),
        st.integers(1, 20_000),
    ),
    min_size=4,
    max_size=14,
)

# One of each, so that every kind of step is seen to be possible.
ALL = [
    ("sell", 0, 1), ("top_up", 2, 1), ("spend", 0, 9_000), ("use", 0, 1), ("use", 0, 1), ("forget", 0, 1), ("use", 0, 1),
    ("correct", 2, 1), ("back", 0, 5_000), ("pay", 0, 1), ("end", 0, 1), ("pay", 1, 1), ("unpay", 1, 1), ("pay", 0, 1),
    ("end", 1, 500), ("drop", 0, 1), ("end", 1, 700), ("pay", 0, 1), ("spend", 0, 300),
]  # fmt: skip


@pytest.fixture(autouse=True)
def monday(smile, at):
    at("2026-12-14 10:00")
    return at


def pick(rows, number: int):
    """One of ``rows``, or none."""
    found = list(rows.order_by("pk"))
    return found[number % len(found)] if found else None


def step(kind: str, number: int, fen: int, people: list) -> None:
    """One thing that somebody tries; what is not possible is refused."""
    who = people[number % len(people)]
    site, cashier = center(), person("fang.li")
    if kind == "sell":
        bought(who, package_offer(sessions=3, price_fen=10_001, key="test-odd").item, 1 + number % 2)
    elif kind == "top_up":
        bought(who, top_up_offer().item, 1 + number, tender="bank_transfer")
    elif kind == "use":
        holding = pick(Holding.objects.filter(kind="package"), number)
        if holding:
            actions.redeem(
                by=cashier, site=site, holding=holding, visit=came(holding.patient), signer_name=holding.patient.name
            )
    elif kind == "forget":
        use = pick(Use.objects.filter(taken_back_at__isnull=True), number)
        if use:
            actions.take_back_use(by=person("gao.wen"), site=site, use=use, reason="记错")
    elif kind == "spend":
        slip = signed(who, "filling")
        rest = [HandedOver(tender="cash", fen=126_000 - fen)]
        charge(by=cashier, site=site, slip=slip, handed_over=[HandedOver(tender="stored_value", fen=fen), *rest])
    elif kind == "end":
        holding = pick(Holding.objects.all(), number)
        if holding:
            asked_back(holding, amount_fen=None if holding.is_package else fen)
    elif kind == "pay":
        refund = pick(Refund.objects.filter(state__in=["filled", "ready"]), number)
        if refund:
            paid(approved(refund) if refund.state == "filled" else refund)
    elif kind == "unpay":
        refund = pick(Refund.objects.filter(state="paid"), number)
        if refund:
            refunds.take_back(by=cashier, site=site, refund=refund)
    elif kind == "drop":
        refund = pick(Refund.objects.filter(state__in=["filled", "ready"]), number)
        if refund:
            refunds.withdraw(by=person("dr.lin"), site=site, refund=refund)
    elif kind == "back":
        receipt = pick(Receipt.objects.filter(void__isnull=True, slip__lines__item__key="test-filling"), number)
        if receipt:
            asked(receipt, {"filling": fen})
    elif kind == "correct":
        receipt = pick(Receipt.objects.filter(void__isnull=True), number)
        if receipt:
            taken = [
                Taken(
                    tender="debit_card", amount_fen=one.amount_fen, tendered_fen=one.amount_fen, card_last_four="4417"
                )
                if one.tender == "cash"
                else one
                for one in reissue.taken_of(receipt)
            ]
            reissue.reissue(
                by=person("gao.wen"), receipt=receipt, source=receipt.code, number="K-1", patient=receipt.patient,
                bill=reissue.parts_of(receipt), taken=taken,
            )  # fmt: skip


def hold_together() -> None:
    """Books and statements say the same, nothing is below zero, no money is lost or counted twice."""
    rows = list(Holding.objects.all())
    worth = held([row.code for row in rows])
    for row in rows:
        last = row.statement.order_by("-number").first()
        assert worth[row.code] == last.balance_fen >= 0
        if row.is_package:
            assert last.sessions_left >= 0
            if row.state not in ("refunded",):
                taken = row.uses.filter(taken_back_at__isnull=True).count()
                assert last.sessions_left == row.sessions - taken
        if row.state in ("used", "refunded"):
            assert (last.balance_fen, last.sessions_left) == (0, 0)
    site = center()
    assert sum(worth.values()) == selectors.owed_fen(site) == selectors.stated_fen(site)
    assert comparing.compare(site) == 0
    assert account(Account.MONEY, site=site) == -account(Account.INCOME, site=site) + selectors.owed_fen(site)
    book = day_book(site, clock.today(site.timezone))
    income = sum(total.net_fen for total in book.categories.values())
    assert income + book.prepaid_added_fen - book.prepaid_used_fen == book.received_fen - book.refunded_fen
    assert income == -account(Account.INCOME, site=site)


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["pro_rata", "list_price"])
def test_balances_hold_together_in_any_order(smile, rule):
    set_parameter(by=SYSTEM, key="prepaid_refund_rule", value=rule)
    people = [patient("苏琪"), patient("吴大伟")]
    package_offer(sessions=3, price_fen=10_001, key="test-odd")
    top_up_offer()
    done: dict[str, int] = {}

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(STEPS)
    @example(ALL)
    def run(steps) -> None:
        with transaction.atomic():
            for kind, number, fen in [("top_up", 3, 1), ("sell", 1, 1), *steps]:
                try:
                    with transaction.atomic():
                        step(kind, number, fen, people)
                    done[kind] = done.get(kind, 0) + 1
                except DomainError:
                    pass
                hold_together()
            transaction.set_rollback(True)

    run()
    # Every kind of step did happen, or this would prove little.
    assert {kind for kind, _number, _fen in ALL} <= set(done), done
