"""What should lie in the till and what was counted: pieces by denomination, slips and totals of every other tender."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from kernel.errors import RuleRefused
from services.books.models import Account, Entry, Tender
from services.books.selectors import DayBook, balance, day_book
from services.cashier.models import Payment, Receipt
from services.till_days.models import TillCount, TillDay

# In fen; what is in circulation.
DENOMINATIONS = (10_000, 5_000, 2_000, 1_000, 500, 100, 50, 10)
MOST_PIECES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What somebody counted: pieces by denomination (fen → pieces), of the other tenders slips and total in fen, and what
    of the day's cash is at the bank already."""

    pieces: Mapping[int, int]
    tenders: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    banked_fen: int = 0

    @property
    def cash_fen(self) -> int:
        """All cash of the day: pieces, and what is at the bank."""
        return sum(fen * number for fen, number in self.pieces.items()) + self.banked_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the books say in fen: all cash that should be there, its parts, and the net of every other tender."""

    cash_fen: int
    float_fen: int
    carried_fen: int
    received_fen: int
    refunded_fen: int
    other_fen: int
    others: Mapping[str, int]
    slips: Mapping[str, int]

    def of(self, tender: str) -> int:
        """What should be there of one tender."""
        return self.cash_fen if tender == Tender.CASH else self.others.get(tender, 0)

    def as_data(self) -> dict[str, int]:
        """By tender, for a signature."""
        return {str(Tender.CASH): self.cash_fen, **{str(key): fen for key, fen in self.others.items()}}


def expected_of(day: TillDay, book: DayBook | None = None) -> Expected:
    """What should be there now for ``day``, from the books (CA-046). What older days left in the till is carried over."""
    book = book or day_book(day.site, day.day)
    cash = balance(Account.MONEY, site=day.site, until=day.day, tender=Tender.CASH)
    tenders = [name for name in Tender.values if name in book.taken or name in book.returned]
    others = {
        name: book.taken.get(name, 0) - book.returned.get(name, 0)
        for name in tenders
        if name not in (Tender.CASH, Tender.STORED_VALUE)
    }
    receipts = receipts_of(day)
    slips = dict(
        Payment.objects.filter(receipt__in=receipts, receipt__void__isnull=True, carried_over=False)
        .order_by()
        .values_list("tender")
        .annotate(Count("pk"))
    )
    received, refunded = book.taken.get(Tender.CASH, 0), book.returned.get(Tender.CASH, 0)
    other = sum(fen for kind, fen in book.other.items() if kind not in ("float", "deposit"))
    return Expected(
        cash_fen=cash,
        float_fen=day.float_fen,
        carried_fen=cash - day.float_fen - received + refunded - other,
        received_fen=received,
        refunded_fen=refunded,
        other_fen=other,
        others=others,
        slips=slips,
    )


def receipts_of(day: TillDay) -> QuerySet[Receipt]:
    """The receipts that were booked on the business day."""
    booked = Entry.objects.filter(site=day.site, day=day.day, kind__in=("charge", "settlement", "correction"))
    return Receipt.objects.filter(site=day.site, code__in=booked.values("source"))


def checked(day: TillDay, given: Counted, expected: Expected) -> dict[str, int]:
    """The difference by tender in fen, counted less expected; only where there is one.

    Raises RuleRefused (``count_invalid``, ``tender_not_counted``, ``banked_too_much``).
    """
    wrong = any(fen not in DENOMINATIONS or not 0 <= number <= MOST_PIECES for fen, number in given.pieces.items())
    if wrong or any(number < 0 or fen < 0 for number, fen in given.tenders.values()):
        raise RuleRefused("count_invalid", _("Enter pieces of the denominations, and totals, from 0."))
    missing = [name for name, fen in expected.others.items() if fen and name not in given.tenders]
    if missing:
        names = ", ".join(str(Tender(name).label) for name in missing)
        raise RuleRefused(
            "tender_not_counted", _("Enter slips and total of: %(tenders)s.") % {"tenders": names}, tenders=missing
        )
    at_bank = sum(day.deposits.values_list("amount_fen", flat=True))
    if not 0 <= given.banked_fen <= at_bank:
        raise RuleRefused("banked_too_much", _("Cash at the bank is what stands on the slips, not more."))
    found = {str(Tender.CASH): given.cash_fen - expected.cash_fen}
    for name in {*expected.others, *given.tenders}:
        found[name] = given.tenders.get(name, (0, 0))[1] - expected.others.get(name, 0)
    return {name: fen for name, fen in found.items() if fen}


def hash_of(day: TillDay, given: Counted, expected: Expected) -> str:
    """The fingerprint of what is signed."""
    said = [
        str(day.code), sorted(given.pieces.items()), sorted((k, list(v)) for k, v in given.tenders.items()),
        given.banked_fen, sorted(expected.as_data().items()),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def last_count(day: TillDay, part: str = TillCount.Part.CASHIER) -> TillCount | None:
    """What was counted last in this part."""
    return day.counts.filter(part=part).order_by("-at", "-id").first()
