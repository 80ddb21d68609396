"""Packages and stored value: owed when paid, income when used, given back by rule (17 P; CA-030, CA-047, CA-056)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from django.db import IntegrityError, transaction

from kernel.audit.models import AuditEntry
from kernel.errors import Conflict, DomainError, Forbidden, RuleRefused
from kernel.messaging.models import Message
from kernel.parameters import set_parameter
from services.books import actions as books
from services.books.models import Account, EntryKind, Movement
from services.books.selectors import balance as account
from services.books.selectors import day_book, expected_in_till
from services.cashier import reissue
from services.cashier.actions import SlipLine, charge, settle_arrear
from services.cashier.kpis import takings
from services.cashier.taking import HandedOver, Taken
from services.patients.families import register_relative
from services.prepaid import actions, comparing, ending, lasting, selectors
from services.prepaid.kpis import liability
from services.prepaid.models import Ending, Holding, StatementLine, Use
from services.records.actions import record_treatment
from services.refunds import actions as refunds
from services.refunds import routes
from services.tasks.models import Task
from tests.services.advance import (
    asked_back,
    balance,
    bought,
    came,
    package,
    package_offer,
    sessions,
    stored,
    top_up_offer,
    used,
)
from tests.services.doors import SYSTEM, person, staff
from tests.services.flow import center, clockwork, patient
from tests.services.money_back import approved, asked, paid, through
from tests.services.till import charged, item, paper, signed

DAY = date(2026, 12, 14)


@pytest.fixture(autouse=True)
def monday(smile, at):
    at("2026-12-14 10:00")
    return at


def refused(code: str, act: Callable[[], object], error: type[DomainError] = RuleRefused) -> DomainError:
    """Refused with ``code`` and audited; nothing has changed."""
    before = (Movement.objects.count(), StatementLine.objects.count(), Use.objects.count(), Ending.objects.count())
    entries = AuditEntry.objects.count()
    with pytest.raises(error) as caught:
        act()
    assert caught.value.code == code
    assert before == (
        Movement.objects.count(),
        StatementLine.objects.count(),
        Use.objects.count(),
        Ending.objects.count(),
    )
    assert AuditEntry.objects.count() > entries
    return caught.value


def spend(who, fen: int, *, reference: str = "", item_name: str = "filling"):
    """The patient's filling, ``fen`` of it from stored value, the rest in cash."""
    slip = signed(who, item_name)
    due = sum(slip.lines.values_list("amount_fen", flat=True))
    given = [HandedOver(tender="stored_value", fen=fen, reference=reference)]
    if due > fen:
        given.append(HandedOver(tender="cash", fen=due - fen))
    return charge(by=person("fang.li"), site=center(), slip=slip, handed_over=given)


# --- packages ---------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CA-056")
def test_what_is_paid_in_advance_is_owed_and_becomes_income_session_by_session(monday):
    su = patient("苏琪")
    holding = package(su)

    book = day_book(center(), DAY)
    assert (balance(holding), sessions(holding), selectors.owed_fen(center())) == (100_000, 10, 100_000)
    assert (book.taken, book.prepaid_added_fen, book.categories) == ({"cash": 100_000}, 100_000, {})

    monday("2026-12-15 10:00")
    used(holding)

    book = day_book(center(), date(2026, 12, 15))
    assert (book.categories["scaling"].net_fen, book.categories["scaling"].count) == (10_000, 1)
    assert (book.taken, book.prepaid_used_fen) == ({}, 10_000)
    assert (balance(holding), sessions(holding)) == (90_000, 9)
    # Money is taken once: on the day of the sale.
    assert (takings(center(), DAY).numerator, takings(center(), date(2026, 12, 15))) == (100_000, None)
    assert liability(center(), DAY).numerator == 100_000
    assert liability(center(), date(2026, 12, 15)).numerator == 90_000


def test_the_sessions_together_are_exactly_what_was_paid(monday):
    holding = package(patient("苏琪"), sessions=3, price_fen=10_000, key="test-three")
    for day in (15, 16, 17):
        monday(f"2026-12-{day} 10:00")
        used(holding)
    holding.refresh_from_db()
    assert list(holding.uses.values_list("amount_fen", flat=True)) == [3_333, 3_333, 3_334]
    assert (holding.state, balance(holding), sessions(holding)) == ("used", 0, 0)
    monday("2026-12-18 10:00")
    refused("holding_rests", lambda: used(holding), Conflict)


def test_a_package_of_a_doctors_slip_lies_beside_what_is_done_today(monday):
    su = patient("苏琪")
    offer = package_offer()
    receipt = charged(signed(su, "film", SlipLine(item=offer.item, quantity=2)))
    holding = Holding.objects.get(patient=su)
    assert (sessions(holding), balance(holding)) == (20, 200_000)
    assert day_book(center(), DAY).categories["treatment"].net_fen == 12_000
    assert receipt.received_fen == 212_000


def test_what_is_paid_in_advance_is_paid_whole_and_not_from_stored_value(monday):
    su = patient("苏琪")
    stored(su, 20)
    thing = package_offer().item
    slip = signed(su, SlipLine(item=thing))
    line = slip.lines.get()
    refused(
        "prepaid_paid_whole",
        lambda: charge(
            by=person("fang.li"), site=center(), slip=slip, owed={line.code: 40_000},
            handed_over=[HandedOver(tender="cash", fen=60_000)],
        ),
    )  # fmt: skip
    refused("stored_value_buys_no_prepaid", lambda: charged(slip, tender="stored_value"))
    free = signed(su, SlipLine(item=thing, zero_reason="exempt"))
    refused("prepaid_not_free", lambda: charged(free))
    assert not Holding.objects.filter(kind="package").exists()


def test_a_visit_takes_one_session_and_a_treatment_is_paid_once(monday):
    su = patient("苏琪")
    holding, other = package(su), package(su)
    visit = came(su)
    done = record_treatment(
        by=person("dr.lin"), site=center(), patient=su, doctor=staff("011"), item=item("scaling"), visit_code=visit.code
    )
    use = used(holding, visit)
    assert use.treatment == done
    refused("session_used_already", lambda: used(holding, visit), Conflict)
    refused("session_used_already", lambda: used(other, visit, treatment=done), Conflict)
    with pytest.raises(IntegrityError), transaction.atomic():
        Use.objects.filter(pk=used(other, visit).pk).update(treatment=done)


def test_a_session_is_for_whom_it_belongs_to_and_signed_for(monday):
    su, wu = patient("苏琪"), patient("吴大伟")
    holding = package(su)
    refused("not_shared", lambda: used(holding, came(wu)))
    visit = came(su)
    refused("signer_not_patient", lambda: used(holding, visit, signer_name="吴大伟"))
    monday("2026-12-15 10:00")
    refused("visit_over", lambda: used(holding, visit))
    money = stored(su)
    refused("not_a_package", lambda: used(money))
    refused("permission_denied", lambda: used(holding, visit, by="ye.fan"), Forbidden)


def test_a_use_that_was_a_mistake_is_taken_back_once(monday):
    holding = package(patient("苏琪"), sessions=1, price_fen=9_999, key="test-one")
    use = used(holding)
    assert Holding.objects.get(pk=holding.pk).state == "used"
    refused("reason_missing", lambda: actions.take_back_use(by=person("gao.wen"), site=center(), use=use, reason=" "))
    actions.take_back_use(by=person("gao.wen"), site=center(), use=use, reason="记错人")
    assert (Holding.objects.get(pk=holding.pk).state, balance(holding), sessions(holding)) == ("active", 9_999, 1)
    book = day_book(center(), DAY)
    assert (book.categories["scaling"].gross_fen, book.categories["scaling"].refunded_fen, book.prepaid_used_fen) == (
        0,
        0,
        0,
    )
    refused(
        "use_taken_back",
        lambda: actions.take_back_use(by=person("gao.wen"), site=center(), use=use, reason="记错人"),
        Conflict,
    )
    assert used(holding, use.visit).amount_fen == 9_999


# --- stored value -----------------------------------------------------------------------------------------------------


def test_stored_value_is_topped_up_and_spent_up_to_its_balance(monday):
    su = patient("苏琪")
    holding = stored(su, 5)
    assert stored(su, 2) == holding
    assert balance(holding) == 70_000

    receipt = spend(su, 70_000)
    assert balance(holding) == 0
    book = day_book(center(), DAY)
    # 700.00 topped up and 560.00 for the rest of the filling; what was stored came in once.
    assert book.taken == {"cash": 126_000}
    assert book.categories["treatment"].net_fen == 126_000
    assert [one["tender"] for one in paper(receipt)["payments"]] == ["cash", "stored_value"]
    refused("stored_value_short", lambda: spend(su, 1))
    refused("stored_value_unknown", lambda: spend(patient("吴大伟"), 100))


def test_family_spends_by_the_consent_of_the_holder(monday):
    su, wu = patient("苏琪"), patient("吴大伟")
    holding, sessions_of = stored(su, 10), package(su)
    refused("not_shared", lambda: spend(wu, 100, reference=holding.number))
    refused(
        "signer_not_patient",
        lambda: actions.share(by=person("fang.li"), site=center(), holding=holding, patient=wu, signer_name="吴大伟"),
    )
    rows = [
        actions.share(by=person("fang.li"), site=center(), holding=one, patient=wu, signer_name="苏琪")
        for one in (holding, sessions_of)
    ]
    spend(wu, 60_000, reference=holding.number)
    used(sessions_of, came(wu))
    assert (balance(holding), sessions(sessions_of)) == (40_000, 9)
    for row in rows:
        actions.end_share(by=person("fang.li"), site=center(), share=row)
    refused("not_shared", lambda: spend(wu, 100, reference=holding.number))


def test_a_refund_of_what_stored_value_paid_goes_back_to_it(monday):
    su = patient("苏琪")
    holding = stored(su, 10)
    receipt = spend(su, 100_000)
    refund = through(asked(receipt, {"filling": 126_000}))
    assert refund.state == "closed"
    assert balance(holding) == 100_000
    assert expected_in_till(center(), "cash") == 100_000
    assert account(Account.INCOME, site=center()) == 0


def test_a_giving_back_is_not_taken_back_once_it_was_spent(monday):
    su = patient("苏琪")
    holding = stored(su, 10)
    receipt = spend(su, 100_000)
    refund = paid(approved(asked(receipt, {"filling": 100_000})))
    spend(su, 50_000)
    refused("stored_value_short", lambda: refunds.take_back(by=person("fang.li"), site=center(), refund=refund))
    assert balance(holding) == 50_000


def test_one_item_is_paid_from_one_stored_value(monday):
    su, wu = patient("苏琪"), patient("吴大伟")
    stored(su, 2)
    other = stored(wu, 2)
    actions.share(by=person("fang.li"), site=center(), holding=other, patient=su, signer_name="吴大伟")
    receipt = charged(signed(su, "film"), tender="stored_value", owed={"film": 6_000})
    arrear = receipt.arrears.get()
    settle = lambda reference: settle_arrear(  # noqa: E731
        by=person("fang.li"), site=center(), arrear=arrear, amount_fen=6_000,
        handed_over=[HandedOver(tender="stored_value", fen=6_000, reference=reference)],
    )  # fmt: skip
    refused("stored_value_mixed", lambda: settle(other.number))
    settle("")
    assert account(Account.OWED, site=center()) == 0


# --- corrections ------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CA-055")
def test_a_correction_leaves_balances_as_they_are(monday):
    su = patient("苏琪")
    receipt = bought(su, package_offer().item)
    holding = Holding.objects.get(patient=su)
    used(holding)
    with transaction.atomic():
        new = reissue.reissue(
            by=person("gao.wen"), receipt=receipt, source=holding.code, number="K-1", patient=su,
            bill=reissue.parts_of(receipt), taken=[Taken(tender="bank_transfer", amount_fen=100_000, tendered_fen=100_000)],
        )  # fmt: skip
    assert new.replaces == receipt
    assert (balance(holding), sessions(holding)) == (90_000, 9)
    assert day_book(center(), DAY).taken == {"cash": 0, "bank_transfer": 100_000}
    assert Holding.objects.count() == 1

    with pytest.raises(RuleRefused) as caught, transaction.atomic():
        reissue.reissue(
            by=person("gao.wen"), receipt=new, source=holding.code, number="K-2", patient=patient("吴大伟"),
            bill=reissue.parts_of(new), taken=reissue.taken_of(new),
        )  # fmt: skip
    assert caught.value.code == "prepaid_patient_stays"


# --- money back -------------------------------------------------------------------------------------------------------


@pytest.mark.ledger("CA-030")
def test_within_the_cooling_off_period_all_goes_back_whatever_the_rule(monday):
    set_parameter(by=SYSTEM, key="prepaid_refund_rule", value="list_price")
    su = patient("苏琪")
    holding = package(su, tender="bank_transfer")
    monday("2026-12-21 10:00")
    row = asked_back(holding)
    assert (row.rule, row.amount_fen, row.kept_fen) == ("cooling_off", 100_000, 0)
    through(row.refund)
    holding.refresh_from_db()
    assert (holding.state, balance(holding), sessions(holding)) == ("refunded", 0, 0)
    # The way it came.
    assert row.refund.payouts.get().parts.get().tender == "bank_transfer"
    assert account(Account.PREPAID, site=center()) == 0
    assert day_book(center(), date(2026, 12, 21)).prepaid_used_fen == 100_000


def test_whoever_had_it_done_before_does_not_cool_off(monday):
    set_parameter(by=SYSTEM, key="prepaid_refund_rule", value="list_price")
    su = patient("苏琪")
    record_treatment(by=person("dr.lin"), site=center(), patient=su, doctor=staff("011"), item=item("scaling"))
    monday("2026-12-14 11:00")
    holding = package(su)
    used(holding)
    assert ending.quote(holding, cause="patient").rule == "list_price"


@pytest.mark.parametrize(
    ("rule", "cause", "back", "stays"),
    [
        ("pro_rata", "patient", 80_000, 0),
        ("list_price", "patient", 40_000, 40_000),
        ("list_price", "house", 80_000, 0),
    ],
)
def test_afterwards_the_rule_says_what_goes_back(monday, rule, cause, back, stays):
    set_parameter(by=SYSTEM, key="prepaid_refund_rule", value=rule)
    holding = package(patient("苏琪"))
    for day in (15, 16):
        monday(f"2026-12-{day} 10:00")
        used(holding)
    monday("2026-12-22 10:00")
    row = asked_back(holding, cause=cause)
    assert (row.rule, row.amount_fen, row.kept_fen) == (rule if cause == "patient" else "pro_rata", back, stays)
    through(row.refund)
    assert balance(holding) == 0
    assert account(Account.INCOME, site=center()) == -(20_000 + stays)
    assert expected_in_till(center(), "cash") == 100_000 - back


def test_a_refund_of_a_package_is_no_more_than_the_rule_says(monday):
    su = patient("苏琪")
    receipt = bought(su, package_offer().item)
    holding = Holding.objects.get(patient=su)
    line = receipt.lines.get().line
    refused(
        "more_than_refundable",
        lambda: refunds.request_refund(
            by=person("dr.lin"), site=center(), patient=su, doctor=staff("011"), reason="退卡",
            wanted=[refunds.Wanted(line=line.code, amount_fen=1)],
        ),
    )  # fmt: skip
    row = asked_back(holding)
    refused("holding_rests", lambda: used(holding), Conflict)
    refused("invalid_transition", lambda: asked_back(holding), Conflict)
    assert routes.refundable([line.code]) == {line.code: 100_000}
    refunds.withdraw(by=person("dr.lin"), site=center(), refund=row.refund)
    holding.refresh_from_db()
    assert (holding.state, routes.refundable([line.code])) == ("active", {line.code: 0})
    used(holding)


def test_a_payment_that_was_not_signed_for_comes_back_to_the_package(monday):
    set_parameter(by=SYSTEM, key="prepaid_refund_rule", value="list_price")
    holding = package(patient("苏琪"))
    used(holding)
    monday("2026-12-30 10:00")
    row = asked_back(holding)
    paid(approved(row.refund))
    assert (balance(holding), sessions(holding)) == (0, 0)
    refunds.take_back(by=person("fang.li"), site=center(), refund=row.refund)
    holding.refresh_from_db()
    assert (holding.state, balance(holding), sessions(holding)) == ("ending", 90_000, 9)
    book = day_book(center(), date(2026, 12, 30))
    assert (book.refunded_fen, book.prepaid_used_fen, book.prepaid_added_fen) == (0, 0, 0)
    paid(row.refund)
    assert (balance(holding), Holding.objects.get(pk=holding.pk).state) == (0, "refunded")


def test_stored_value_goes_back_by_its_newest_top_ups(monday):
    su = patient("苏琪")
    stored(su, 10, tender="cash")
    holding = stored(su, 5, tender="bank_transfer")
    spend(su, 80_000)
    row = asked_back(holding, amount_fen=60_000)
    refused("holding_rests", lambda: spend(su, 100), Conflict)
    through(row.refund)
    holding.refresh_from_db()
    assert (holding.state, balance(holding)) == ("active", 10_000)
    assert {one.tender: one.amount_fen for one in row.refund.payouts.get().parts.all()} == {
        "bank_transfer": 50_000, "cash": 10_000,
    }  # fmt: skip
    refused("stored_value_short", lambda: asked_back(holding, amount_fen=10_001))


# --- how long, and whose ----------------------------------------------------------------------------------------------


def test_the_clock_tells_before_the_last_day_and_forfeits_nothing_after_it(monday):
    holding = package(patient("苏琪"), valid_days=60)
    monday("2027-01-13 08:00")
    clockwork()
    assert not Message.objects.filter(template="prepaid_expiring").exists()
    monday("2027-01-13 09:00")
    clockwork()
    assert "2027-02-12" in Message.objects.get(template="prepaid_expiring").body
    monday("2027-02-12 23:00")
    used(holding)
    monday("2027-02-13 00:01")
    refused("package_expired", lambda: used(holding))
    clockwork()
    holding.refresh_from_db()
    assert (holding.state, balance(holding)) == ("expired", 90_000)
    refused("holding_rests", lambda: used(holding), Conflict)
    assert ending.quote(holding, cause="patient").amount_fen == 90_000
    lasting.extend(by=person("gao.wen"), site=center(), holding=holding, until=date(2027, 3, 1), reason="出差")
    assert used(holding).amount_fen == 10_000


def test_frozen_days_are_added(monday):
    holding = package(patient("苏琪"), valid_days=30)
    lasting.freeze(by=person("gao.wen"), site=center(), holding=holding)
    refused("holding_rests", lambda: used(holding), Conflict)
    monday("2027-02-01 10:00")
    clockwork()
    holding.refresh_from_db()
    assert holding.state == "frozen"
    lasting.thaw(by=person("gao.wen"), site=center(), holding=holding)
    holding.refresh_from_db()
    assert (holding.state, holding.valid_until) == ("active", date(2027, 3, 3))
    refused(
        "extension_too_short",
        lambda: lasting.extend(
            by=person("gao.wen"), site=center(), holding=holding, until=date(2027, 3, 3), reason="出差"
        ),
    )


def test_a_package_goes_to_somebody_else_when_both_sign(monday):
    su, wu = patient("苏琪"), patient("吴大伟")
    holding = package(su)
    give = lambda **more: actions.transfer(  # noqa: E731
        by=person("fang.li"), site=center(), holding=holding, taker=wu,
        **({"giver_name": "苏琪", "taker_name": "吴大伟"} | more),
    )  # fmt: skip
    refused("signer_not_patient", lambda: give(taker_name="苏琪"))
    give()
    holding.refresh_from_db()
    assert holding.patient == wu
    used(holding, came(wu))
    refused("not_shared", lambda: used(holding, came(su)))
    # The money goes the way it came: to whoever paid.
    assert asked_back(holding).refund.patient == su


def test_a_guardian_signs_for_a_child(monday):
    mother = patient("苏琪")
    child = register_relative(
        by=SYSTEM, site=center(), patient=mother, kind="child", is_guardian=True, name="苏小琪", sex="female",
        stated_age=8, phone="", phone_absent_reason="privacy",
    )  # fmt: skip
    used(package(child), signer_name="苏琪")


def test_statements_and_books_are_compared_every_night(monday):
    holding = package(patient("苏琪"))
    assert comparing.compare(center()) == 0
    with transaction.atomic():
        books.post(
            by=SYSTEM, site=center(), kind=EntryKind.REDEMPTION, source=holding.code,
            moves=[books.Move(debit=Account.PREPAID, credit=Account.INCOME, amount_fen=5, category="scaling", holding=holding.code)],
        )  # fmt: skip
    assert comparing.compare(center()) == 5
    assert Task.objects.filter(kind="prepaid.difference", site=center()).exists()


@pytest.mark.parametrize("wrong", [{"balance_fen": -1}, {"amount_fen": 7}, {"number": 1}])
def test_the_database_refuses_a_statement_that_does_not_add_up(monday, wrong):
    holding = package(patient("苏琪"))
    facts = {
        "holding": holding, "number": 2, "kind": "spent", "before_fen": 100_000, "amount_fen": -100_000, "balance_fen": 0,
        "source": holding.code, "at": holding.opened_at, "by_name": "x",
    } | wrong  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        StatementLine.objects.create(**facts)


def test_a_month_rolls_forward(monday):
    su = patient("苏琪")
    holding = package(su)
    stored(su, 3)
    used(holding)
    monday("2027-01-04 10:00")
    used(holding)
    through(asked_back(holding).refund)
    december, january = (
        selectors.roll_forward(center(), date(2026, 12, 1)),
        selectors.roll_forward(center(), date(2027, 1, 1)),
    )
    assert (december.opening_fen, december.added_fen, december.used_fen, december.closing_fen) == (
        0,
        130_000,
        10_000,
        120_000,
    )
    assert (january.opening_fen, january.used_fen, january.refunded_fen, january.closing_fen) == (
        120_000,
        10_000,
        80_000,
        30_000,
    )
    assert january.closing_fen == selectors.owed_fen(center()) == selectors.stated_fen(center())


def test_offers_say_what_they_give(monday):
    refused("offer_empty", lambda: package_offer(sessions=0))
    gives = package_offer().item
    refused(
        "offer_of_offer",
        lambda: actions.offer_package(
            by=SYSTEM, key="twice", name_zh="套", price_fen=1, gives=gives, sessions=1, valid_days=1
        ),
    )
    assert top_up_offer().item.category.key == "prepaid"
    refused(
        "permission_denied",
        lambda: actions.offer_stored_value(by=person("fang.li"), key="x", name_zh="x", price_fen=1),
        Forbidden,
    )
