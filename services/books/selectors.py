"""Reads of the books: how a day adds up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from django.db.models import Case, Count, F, Q, Sum, When
from django.db.models.functions import Coalesce

from services.books.models import Account, EntryKind, Movement
from services.sites.models import Site

# What patients bring and get back. The rest of what passes through the till is the house's own money.
OF_PATIENTS = (
    EntryKind.CHARGE,
    EntryKind.SETTLEMENT,
    EntryKind.PREPAYMENT,
    EntryKind.REFUND,
    EntryKind.CORRECTION,
)


@dataclass(slots=True)
class CategoryTotal:
    """A line of the daily report in fen: what came in, what went back, and how many items."""

    gross_fen: int = 0
    refunded_fen: int = 0
    count: int = 0

    @property
    def net_fen(self) -> int:
        """What is left."""
        return self.gross_fen - self.refunded_fen


@dataclass(slots=True)
class DayBook:
    """A business day of a site: by category, by tender, and what else passed through the till. All in fen."""

    categories: dict[str, CategoryTotal] = field(default_factory=dict)
    taken: dict[str, int] = field(default_factory=dict)
    returned: dict[str, int] = field(default_factory=dict)
    # By kind of entry: what the house's own movements brought into the till (negative: took out).
    other: dict[str, int] = field(default_factory=dict)
    owed_added_fen: int = 0
    owed_settled_fen: int = 0
    prepaid_added_fen: int = 0
    prepaid_used_fen: int = 0

    def correct(self, debit: str, credit: str, tender: str, category: str, total: int, subjects: int) -> None:
        """Count a movement of a correction: the wrong one turned round, or the right one instead."""
        for account, sign in ((debit, 1), (credit, -1)):
            if account == Account.MONEY:
                self.taken[tender] = self.taken.get(tender, 0) + sign * total
            if account == Account.INCOME:
                line = self.categories.setdefault(category, CategoryTotal())
                line.gross_fen -= sign * total
                line.count -= sign * subjects
            if account == Account.OWED:
                self.owed_added_fen += sign * total
            if account == Account.PREPAID:
                self.prepaid_used_fen += sign * total

    def keep(self, debit: str, credit: str, tender: str, category: str, total: int) -> None:
        """Count a movement of a refund that was taken back."""
        if debit == Account.MONEY:
            self.returned[tender] = self.returned.get(tender, 0) - total
        if debit == Account.PREPAID:
            self.prepaid_added_fen -= total
        if credit == Account.PREPAID:
            self.prepaid_used_fen -= total
        else:
            self.categories.setdefault(category, CategoryTotal()).refunded_fen -= total

    def not_used(self, category: str, total: int, subjects: int) -> None:
        """Count a use of something prepaid that was taken back: it never was income."""
        line = self.categories.setdefault(category, CategoryTotal())
        line.gross_fen -= total
        line.count -= subjects
        self.prepaid_used_fen -= total

    @property
    def received_fen(self) -> int:
        """All that patients paid."""
        return sum(self.taken.values())

    @property
    def refunded_fen(self) -> int:
        """All that patients got back."""
        return sum(self.returned.values())


def day_book(site: Site, day: date) -> DayBook:
    """How the business day ``day`` of ``site`` adds up. One query."""
    return add_up(
        Movement.objects.filter(site=site, day=day)
        .order_by()
        .values_list("kind", "debit", "credit", "tender", "category")
        .annotate(total=Sum("amount_fen"), subjects=Count("subject", distinct=True))
    )


def add_up(rows: Iterable[tuple[str, str, str, str, str, int, int]]) -> DayBook:
    """The day that these movements make: (kind, debit, credit, tender, category, fen, how many items)."""
    book = DayBook()
    for kind, debit, credit, tender, category, total, subjects in rows:
        of_patients = kind in OF_PATIENTS
        if kind == EntryKind.CORRECTION:
            # Nobody got anything back: what was booked wrongly is taken out of where it stood.
            book.correct(debit, credit, tender, category, total, subjects)
            continue
        if kind == EntryKind.REFUND and (credit == Account.INCOME or debit == Account.MONEY):
            # A refund that was taken back: it never left.
            book.keep(debit, credit, tender, category, total)
            continue
        if kind == EntryKind.REDEMPTION and debit == Account.INCOME:
            book.not_used(category, total, subjects)
            continue
        if debit == Account.MONEY and of_patients:
            book.taken[tender] = book.taken.get(tender, 0) + total
        if credit == Account.MONEY and of_patients:
            book.returned[tender] = book.returned.get(tender, 0) + total
        if not of_patients and Account.MONEY in (debit, credit):
            book.other[kind] = book.other.get(kind, 0) + (total if debit == Account.MONEY else -total)
        if credit == Account.INCOME:
            line = book.categories.setdefault(category, CategoryTotal())
            line.gross_fen += total
            line.count += subjects
        if debit == Account.INCOME:
            book.categories.setdefault(category, CategoryTotal()).refunded_fen += total
        book.owed_added_fen += total if debit == Account.OWED else 0
        book.owed_settled_fen += total if credit == Account.OWED else 0
        book.prepaid_added_fen += total if credit == Account.PREPAID else 0
        book.prepaid_used_fen += total if debit == Account.PREPAID else 0
    return book


def balance(account: Account, *, site: Site | None = None, until: date | None = None, **only: object) -> int:
    """Debit less credit of ``account`` in fen up to the end of ``until``; ``only`` narrows (tender, category, subject)."""
    rows = Movement.objects.filter(Q(debit=account) | Q(credit=account), **only)
    if site is not None:
        rows = rows.filter(site=site)
    if until is not None:
        rows = rows.filter(day__lte=until)
    signed = Case(When(debit=account, then=F("amount_fen")), default=-F("amount_fen"))
    return int(rows.aggregate(total=Coalesce(Sum(signed), 0))["total"])


def expected_in_till(site: Site, tender: str) -> int:
    """What of ``tender`` should lie in the till now, in fen: all that came in less all that went out."""
    return balance(Account.MONEY, site=site, tender=tender)


def paid_for(subjects: Iterable[UUID]) -> dict[UUID, dict[str, int]]:
    """What came in for each of ``subjects`` less what went back, in fen by tender; one query."""
    signed = Case(When(debit=Account.MONEY, then=F("amount_fen")), default=-F("amount_fen"))
    rows = (
        Movement.objects.filter(Q(debit=Account.MONEY) | Q(credit=Account.MONEY), subject__in=list(subjects))
        .order_by()
        .values_list("subject", "tender")
        .annotate(total=Sum(signed))
    )
    found: dict[UUID, dict[str, int]] = {}
    for subject, tender, total in rows:
        if subject is not None:
            found.setdefault(subject, {})[tender] = total
    return found


def held(holdings: Iterable[UUID]) -> dict[UUID, int]:
    """What each of ``holdings`` is worth, in fen, as the movements say; one query. What has none is worth nothing."""
    wanted = list(holdings)
    signed = Case(When(credit=Account.PREPAID, then=F("amount_fen")), default=-F("amount_fen"))
    rows = Movement.objects.filter(holding__in=wanted).order_by().values_list("holding").annotate(total=Sum(signed))
    return dict.fromkeys(wanted, 0) | {holding: int(total) for holding, total in rows if holding is not None}
