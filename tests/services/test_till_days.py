"""Days of the till: opened, counted twice, closed once; and what comes in is what the report and the bank slip say."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel import clock
from kernel.errors import Conflict, RuleRefused
from kernel.identity.actions import assign_role
from kernel.identity.models import Role, User
from services.books import actions as books
from services.books.models import Account, EntryKind, Tender
from services.books.selectors import CategoryTotal, add_up, balance, expected_in_till
from services.cashier.taking import HandedOver, take
from services.shift.leftovers import gathered
from services.shift.models import PassedOn
from services.till_days import actions, deposits, differences, opening
from services.till_days.models import DifferenceCase, TillDay
from services.till_days.report import lines_of
from tests.services.doors import SYSTEM, browser, person, staff, statements
from tests.services.flow import center, patient
from tests.services.till import charged, signed
from tests.services.till_close import closed, counted, till_of

DAY = date(2026, 12, 14)


@pytest.fixture
def monday(smile, at):
    at("2026-12-14 09:00")
    return at


@pytest.mark.ledger("CA-035")
def test_the_first_charge_opens_the_day_with_the_fund_of_the_last_one(monday, at):
    opening.open_till(by=person("fang.li"), site=center(), float_fen=50_000)
    charged(signed(patient("梁博"), "film"))
    closed(DAY, counted(62_000))
    at("2026-12-15 09:00")
    charged(signed(patient("何青"), "film"))
    next_day = till_of(date(2026, 12, 15))
    assert (next_day.float_fen, next_day.opened_by_itself) == (50_000, True)
    opened = opening.open_till(by=person("fang.li"), site=center(), float_fen=30_000)
    assert (opened.float_fen, opening.carried_fund(center())) == (30_000, 30_000)
    with pytest.raises(Conflict, match="till_open"):
        opening.open_till(by=person("fang.li"), site=center(), float_fen=40_000)


@pytest.mark.ledger("CA-046")
def test_cards_are_counted_by_slip_and_terminal(monday):
    charged(signed(patient("梁博"), "film"), tender="debit_card", card_number="6222000000004417")
    by, day = person("fang.li"), till_of(DAY)
    with pytest.raises(RuleRefused, match="tender_not_counted"):
        actions.count(by=by, site=center(), day=day, counted=counted(0))
    done = closed(DAY, counted(0, debit_card=(1, 11_000)))
    assert (done.state, done.difference.by_tender) == ("difference_open", {"debit_card": -1_000})


@pytest.mark.ledger("CA-046")
def test_money_after_the_count_makes_both_count_again(monday):
    charged(signed(patient("梁博"), "film"))
    day, cashier = till_of(DAY), person("fang.li")
    actions.count(by=cashier, site=center(), day=day, counted=counted(12_000))
    actions.begin_close(by=cashier, site=center(), day=day, reconciler=staff("103"))
    charged(signed(patient("何青"), "film"))
    with pytest.raises(Conflict, match="count_stale"):
        actions.reconcile(by=person("ren.tao"), site=center(), day=day, counted=counted(24_000))
    actions.count(by=cashier, site=center(), day=day, counted=counted(24_000))
    assert actions.reconcile(by=person("ren.tao"), site=center(), day=day, counted=counted(24_000)).state == "reported"


@pytest.mark.ledger("CA-038")
def test_each_day_of_a_weekend_brings_its_own_money_to_the_bank(monday, at):
    def brings(day: date, number: str, fen: int) -> int | None:
        deposits.enter_deposit(
            by=person("fang.li"), site=center(), day=till_of(day), number=number, amount_fen=fen, bank="工商银行",
            deposited_at=clock.now(),
        )  # fmt: skip
        return deposits.missing_fen(till_of(day))

    friday, saturday, monday_after = date(2026, 12, 18), date(2026, 12, 19), date(2026, 12, 21)
    at("2026-12-18 09:00")
    opening.open_till(by=person("fang.li"), site=center(), float_fen=50_000)
    charged(signed(patient("梁博"), "film"))
    closed(friday, counted(62_000))
    at("2026-12-19 09:00")
    charged(signed(patient("何青"), "scaling"))
    closed(saturday, counted(92_000))
    assert [deposits.missing_fen(till_of(day)) for day in (friday, saturday)] == [12_000, 30_000]

    # On Monday both slips are brought back before the first charge, and a third one after the close.
    at("2026-12-21 10:00")
    assert brings(saturday, "2", 30_000) == 0
    assert deposits.missing_fen(till_of(friday)) == 12_000
    assert brings(friday, "1", 12_000) == 0
    charged(signed(patient("宋倩"), "film"))
    closed(monday_after, counted(62_000))
    assert brings(monday_after, "3", 12_000) == 0
    assert {till_of(day).state for day in (friday, saturday, monday_after)} == {"locked"}
    assert expected_in_till(center(), "cash") == 50_000


@pytest.mark.ledger("CA-046")
def test_a_till_that_was_not_reconciled_is_not_passed_over(monday, at):
    charged(signed(patient("梁博"), "film"))
    (left,) = [one for one in gathered(center(), DAY) if one.source == "till_days.open"]
    assert (left.money, left.keys) == (True, (str(till_of(DAY).code),))
    # A reason does not help: money is cured.
    passed = PassedOn(source=left.source, keys=list(left.keys), reason="明天再点")
    (left,) = [one for one in gathered(center(), DAY, passed=[passed]) if one.source == "till_days.open"]
    assert left.blocks

    at("2026-12-15 09:00")
    charged(signed(patient("何青"), "film"))
    next_day, cashier = date(2026, 12, 15), person("fang.li")
    (left,) = [one for one in gathered(center(), next_day) if one.source == "till_days.open"]
    assert left.keys == (str(till_of(DAY).code), str(till_of(next_day).code))
    with pytest.raises(Conflict, match="close_blocked") as blocked:
        actions.begin_close(by=cashier, site=center(), day=till_of(next_day), reconciler=staff("103"))
    assert blocked.value.facts["blockers"] == ["till_days.older"]

    closed(DAY, counted(12_000))
    closed(next_day, counted(24_000))
    assert not [one for one in gathered(center(), next_day) if one.source == "till_days.open"]


@pytest.mark.ledger("CA-047")
def test_money_after_the_close_waits_for_its_own_day(monday, at):
    charged(signed(patient("梁博"), "film"))
    closed(DAY, counted(12_000))
    charged(signed(patient("何青"), "film"))
    ahead = till_of(date(2026, 12, 15))
    with pytest.raises(RuleRefused, match="till_day_ahead"):
        actions.begin_close(by=person("fang.li"), site=center(), day=ahead, reconciler=staff("103"))
    assert not [one for one in gathered(center(), DAY) if one.source == "till_days.open"]
    at("2026-12-15 18:00")
    assert closed(ahead.day, counted(24_000)).state == "reported"


@pytest.mark.ledger("CA-015", "CA-035")
def test_what_was_too_much_is_given_back_out_of_a_till_that_has_it_by_who_may_sit_there(monday, at):
    charged(signed(patient("梁博"), "film"))
    closed(DAY, counted(12_500))
    case = DifferenceCase.objects.get()
    differences.state_cause(by=person("gao.wen"), site=center(), case=case, cause="多收一笔", liable=staff("104"))
    at("2026-12-15 09:00")
    assert not TillDay.objects.filter(day=date(2026, 12, 15)).exists()
    user, role = User.objects.get(username="dr.lin"), Role.objects.get(slug="cashier")
    assign_role(by=SYSTEM, user=user, role=role, site=center().code)
    with pytest.raises(RuleRefused, match="guarantee_missing"):
        differences.recover(by=person("dr.lin"), site=center(), case=case)
    differences.recover(by=person("fang.li"), site=center(), case=case)
    assert till_of(date(2026, 12, 15)).opened_by_itself
    assert (balance(Account.DIFFERENCE), expected_in_till(center(), "cash")) == (0, 12_000)


@pytest.mark.ledger("CA-046")
def test_pages_show_the_day_within_twelve_statements_for_a_list(monday):
    charged(signed(patient("梁博"), "film"))
    done = closed(DAY, counted(12_000))
    fang = browser("fang.li")
    page = fang.get(f"/till-days/{done.code}/")
    assert (page.status_code, "人民币壹佰贰拾元整" in page.content.decode()) == (200, True)
    fang.get("/till-days/")
    assert statements(lambda: fang.get("/till-days/")) <= 12
    assert browser("dr.lin").get("/till-days/").status_code == 403


# --- what came in is what is reported and brought to the bank ---------------------------------------------------------

CATEGORIES = ("treatment", "xray", "scaling")
HOW = [Tender.CASH, Tender.DEBIT_CARD, Tender.WECHAT_PAY]
FUND = 50_000
STEP = st.one_of(
    st.tuples(st.just("charge"), st.integers(1, 200_000), st.integers(0, 10_000), st.integers(0, 100), st.sampled_from(HOW)),
    st.tuples(st.just("settle"), st.integers(0, 100), st.integers(1, 100), st.sampled_from(HOW)),
    st.tuples(st.just("refund"), st.integers(0, 100), st.integers(1, 100)),
    st.tuples(st.just("correct"), st.integers(0, 100), st.sampled_from(HOW)),
    st.just(("close",)),
)  # fmt: skip


class House:
    """The till in memory: what is booked on each day, by the functions of the books and of the till alone."""

    def __init__(self) -> None:
        self.days: list[list[tuple[str, books.Move]]] = [[]]
        # Line → category, what is owed, and what came in for it by tender.
        self.lines: dict[UUID, tuple[str, int, dict[str, int]]] = {}
        self.drawer, self.at_bank, self.banked = FUND, [], 0

    def book(self, kind: str, moves: list[books.Move]) -> None:
        for move in moves:
            if move.amount_fen:
                self.days[-1].append((kind, move))
                if move.tender == Tender.CASH:
                    self.drawer += move.amount_fen if move.debit == Account.MONEY else -move.amount_fen

    def charge(self, price: int, rate_bp: int, owes: int, how: str) -> None:
        due = price * rate_bp // 10_000
        owed = due * owes // 100
        line, category = uuid4(), CATEGORIES[len(self.lines) % len(CATEGORIES)]
        fen = due - owed
        given = [
            HandedOver(
                tender=how, fen=fen + (700 if how == Tender.CASH and fen else 0), card_number="4417", reference="42"
            )
        ]
        taken = take(fen, given if fen else [])
        moves = books.spread([(line, category, fen)], [(one.tender, one.amount_fen) for one in taken])
        moves.append(
            books.Move(debit=Account.OWED, credit=Account.OWED_INCOME, amount_fen=owed, category=category, subject=line)
        )
        self.book(EntryKind.CHARGE, moves)
        self.lines[line] = (category, owed, {how: fen} if fen else {})

    def pick(self, number: int) -> UUID | None:
        return list(self.lines)[number % len(self.lines)] if self.lines else None

    def settle(self, number: int, percent: int, how: str) -> None:
        line = self.pick(number)
        if line is None:
            return
        category, owed, paid = self.lines[line]
        fen = owed * percent // 100
        taken = take(fen, [HandedOver(tender=how, fen=fen, card_number="4417", reference="42")] if fen else [])
        moves = books.spread([(line, category, fen)], [(one.tender, one.amount_fen) for one in taken])
        moves.append(
            books.Move(debit=Account.OWED_INCOME, credit=Account.OWED, amount_fen=fen, category=category, subject=line)
        )
        self.book(EntryKind.SETTLEMENT, moves)
        self.lines[line] = (category, owed - fen, {**paid, how: paid.get(how, 0) + fen})

    def refund(self, number: int, percent: int) -> None:
        line = self.pick(number)
        if line is None:
            return
        category, owed, paid = self.lines[line]
        left = {}
        for how, fen in paid.items():
            back = fen * percent // 100
            if how == Tender.CASH and back > self.drawer:
                back = 0
            move = books.spread([(line, category, back)], [(how, back)] if back else [])
            self.book(EntryKind.REFUND, [one.turned() for one in move])
            left[how] = fen - back
        self.lines[line] = (category, owed, left)

    def correct(self, number: int, how: str) -> None:
        """It was paid by another tender than the receipt said."""
        line = self.pick(number)
        if line is None:
            return
        category, owed, paid = self.lines[line]
        total = sum(paid.values())
        if paid.get(Tender.CASH, 0) > self.drawer:
            return
        wrong = books.spread([(line, category, total)], [(name, fen) for name, fen in paid.items() if fen])
        right = books.spread([(line, category, total)], [(how, total)] if total else [])
        self.book(EntryKind.CORRECTION, [one.turned() for one in wrong] + right)
        self.lines[line] = (category, owed, {how: total} if total else {})

    def close(self) -> None:
        """Counted, brought to the bank; what comes later belongs to the next day."""
        slip = max(self.drawer - FUND, 0)
        self.at_bank.append((len(self.days) - 1, slip, self.drawer))
        if slip:
            move = books.Move(debit=Account.BANK, credit=Account.MONEY, amount_fen=slip, tender=Tender.CASH)
            self.book(EntryKind.DEPOSIT, [move])
        self.days.append([])


@pytest.mark.slow
@pytest.mark.ledger("CA-036", "CA-038", "CA-056", "CA-057")
@settings(max_examples=10_000, deadline=None)
@given(st.lists(STEP, max_size=14))
def test_receipts_less_refunds_are_tenders_are_the_report_are_the_bank_slip(steps):
    house = House()
    for name, *facts in steps:
        getattr(house, name)(*facts)
    house.close()

    brought, left = 0, FUND
    for number, slip, counted_fen in house.at_bank:
        rows = house.days[number]
        book = add_up((kind, one.debit, one.credit, one.tender, one.category, one.amount_fen, 1) for kind, one in rows)
        net = book.received_fen - book.refunded_fen
        by_tender = {how: book.taken.get(how, 0) - book.returned.get(how, 0) for how in HOW}
        moved = {
            how: sum(
                one.amount_fen if one.debit == Account.MONEY else -one.amount_fen
                for kind, one in rows
                if one.tender == how and kind != EntryKind.DEPOSIT
            )
            for how in HOW
        }
        report = sum(line.net_fen for line in book.categories.values())
        assert net == sum(by_tender.values()) == report
        assert by_tender == moved
        assert book.other.get(EntryKind.DEPOSIT, 0) == -slip
        assert counted_fen == left + by_tender[Tender.CASH]
        assert slip == max(counted_fen - FUND, 0)
        left = counted_fen - slip
        brought += slip
    assert left + brought == FUND + sum(
        fen for day in house.days for fen in (_cash(one) for kind, one in day if kind != EntryKind.DEPOSIT)
    )


def _cash(move: books.Move) -> int:
    """What a movement brought into the drawer."""
    if move.tender != Tender.CASH:
        return 0
    return move.amount_fen if move.debit == Account.MONEY else -move.amount_fen


@pytest.mark.ledger("CA-037")
def test_what_rolls_up_counts_in_its_line_and_stands_below_it(smile):
    lines = lines_of({"treatment": CategoryTotal(63_030, 0, 1), "xray": CategoryTotal(12_000, 2_000, 1)})
    by_key = {(line.key, line.part): line for line in lines}
    whole, part = by_key["treatment", False], by_key["xray", True]
    assert (whole.gross_fen, whole.refunded_fen, whole.count) == (75_030, 2_000, 2)
    assert (part.net_fen, part.count) == (10_000, 1)
    assert ("xray", False) not in by_key
    assert sum(line.net_fen for line in lines if not line.part) == 73_030
