"""The books: what is booked balances, once, on an open day; a category has exactly the money that came in for it."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.errors import Conflict
from services.books import actions as books
from services.books.models import Account, Entry, EntryKind, Movement, Tender
from services.books.selectors import add_up, balance, day_book, expected_in_till, paid_for
from tests.services.doors import SYSTEM
from tests.services.flow import center, patient
from tests.services.till import charged, line_of, signed

DAY = date(2026, 12, 14)
TENDERS = [tender for tender in Tender.values if tender != Tender.STORED_VALUE]


@pytest.fixture
def monday(smile, at):
    at("2026-12-14 16:00")
    return at


def moved(fen: int = 5_000, **more) -> books.Move:
    """Cash for a treatment."""
    facts = {"debit": Account.MONEY, "credit": Account.INCOME, "tender": "cash", "category": "treatment"} | more
    return books.Move(amount_fen=fen, **facts)


def post(kind: EntryKind = EntryKind.CHARGE, *moves: books.Move, **more) -> Entry:
    """An entry of the test."""
    with transaction.atomic():
        facts = {"by": SYSTEM, "site": center(), "source": uuid4(), "kind": kind} | more
        return books.post(moves=moves or (moved(),), **facts)


@pytest.mark.ledger("CA-047")
def test_a_closed_day_takes_nothing_more(monday):
    post()
    with transaction.atomic():
        books.close_day(by=SYSTEM, site=center(), day=DAY)

    late = post(EntryKind.CHARGE, moved(700))

    assert late.day == date(2026, 12, 15)
    assert (day_book(center(), DAY).received_fen, day_book(center(), late.day).received_fen) == (5_000, 700)
    with pytest.raises(Conflict, match="day_closed"), transaction.atomic():
        books.close_day(by=SYSTEM, site=center(), day=DAY)


def test_what_happened_once_is_booked_once(monday):
    source = uuid4()
    entry = post(source=source)
    with pytest.raises(Conflict, match="already_booked"):
        post(source=source)
    back = post(EntryKind.CHARGE, moved().turned(), source=source, reverses=entry)
    assert back.reverses == entry
    with pytest.raises(Conflict, match="already_booked"):
        post(EntryKind.CHARGE, moved().turned(), source=source, reverses=entry)
    assert balance(Account.MONEY, site=center()) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"tender": ""},
        {"tender": "iou"},
        {"category": ""},
        {"debit": Account.BANK},
        {"debit": Account.INCOME},
        {"credit": "nowhere"},
    ],
)
def test_the_database_refuses_a_movement_that_says_nothing(monday, wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        post(EntryKind.CHARGE, moved(**wrong))
    assert not Movement.objects.exists()


@pytest.mark.ledger("CA-056")
def test_the_till_and_the_report_say_the_same(monday):
    slip = signed(patient("梁博"))
    receipt = charged(slip, owed={"filling": 50_000}, tendered_fen=120_000)

    book = day_book(center(), DAY)
    assert book.taken == {"cash": receipt.received_fen}
    assert sum(total.net_fen for total in book.categories.values()) == receipt.received_fen
    assert book.categories["scaling"].count == 1
    assert expected_in_till(center(), "cash") == receipt.received_fen
    filling = line_of(slip, "filling")
    assert paid_for([filling.code]) == {filling.code: {"cash": 76_000}}


PARTS = st.lists(
    st.tuples(st.uuids(), st.sampled_from(["scaling", "treatment", "device"]), st.integers(0, 10**7)), max_size=6
)


@settings(max_examples=2_000, deadline=None)
@given(PARTS, st.lists(st.sampled_from(TENDERS), min_size=1, max_size=4), st.data())
def test_every_fen_of_a_bill_has_a_tender_and_a_category(parts, tenders, data):
    due = sum(part[2] for part in parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, due), min_size=len(tenders) - 1, max_size=len(tenders) - 1)))
    edges = [0, *cuts, due]
    money_in = [(tender, edges[i + 1] - edges[i]) for i, tender in enumerate(tenders)]

    moves = books.spread(parts, money_in)
    book = add_up((EntryKind.CHARGE, m.debit, m.credit, m.tender, m.category, m.amount_fen, 1) for m in moves)

    by_tender: dict[str, int] = {}
    by_category: dict[str, int] = {}
    for tender, fen in money_in:
        by_tender[tender] = by_tender.get(tender, 0) + fen
    for _subject, category, fen in parts:
        by_category[category] = by_category.get(category, 0) + fen
    assert book.taken == {tender: fen for tender, fen in by_tender.items() if fen}
    assert {key: total.net_fen for key, total in book.categories.items()} == {
        key: fen for key, fen in by_category.items() if fen
    }
    assert all(move.amount_fen > 0 for move in moves)


def test_money_that_does_not_cover_the_items_is_not_spread():
    with pytest.raises(ValueError, match="what came in"):
        books.spread([(uuid4(), "scaling", 100)], [("cash", 99)])
