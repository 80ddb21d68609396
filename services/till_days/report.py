"""The daily report of the till (CA-036, CA-037, CA-057) and its reconciliation, as the columns of the paper have them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Min, Sum

from kernel import clock, money
from kernel.capitals import capital_amount
from kernel.context import Actor
from services.books.models import Movement, Tender
from services.books.selectors import CategoryTotal, DayBook, add_up, day_book
from services.cashier.models import ReceiptVoid
from services.catalogue.models import Category
from services.catalogue.starter import PREPAID, UNMAPPED
from services.documents.actions import issue
from services.documents.models import Document
from services.till_days import blockers, counting
from services.till_days.models import TillCount, TillDay

DAILY = "till.daily_report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the daily report in fen; ``part`` marks what is counted in the line above it ("of which")."""

    key: str
    name: str
    count: int
    gross_fen: int
    refunded_fen: int
    part: bool = False

    @property
    def net_fen(self) -> int:
        """What is left."""
        return self.gross_fen - self.refunded_fen


def book_of(day: TillDay) -> DayBook:
    """The day as the books have it; what was charged without a line counts where its item stands by now."""
    book = day_book(day.site, day.day)
    if UNMAPPED not in book.categories:
        return book
    mapped = blockers.mapped_since(day.site, day.day)
    rows = (
        Movement.objects.filter(site=day.site, day=day.day)
        .order_by()
        .values_list("kind", "debit", "credit", "tender", "category", "subject")
        .annotate(total=Sum("amount_fen"), subjects=Count("subject", distinct=True))
    )
    return add_up(
        (kind, debit, credit, tender, mapped.get(str(subject), category) if category == UNMAPPED else category, fen, n)
        for kind, debit, credit, tender, category, subject, fen, n in rows
    )


def lines_of(totals: Mapping[str, CategoryTotal]) -> list[Line]:
    """The lines in the order of the catalogue. What rolls up counts in its line, and stands below it once more."""
    categories = list(Category.objects.select_related("rolls_up_to"))
    names = {one.key: one.name_zh for one in categories}
    parts: dict[str, list[str]] = {}
    tops: list[str] = []
    for one in categories:
        if one.rolls_up_to is None:
            tops.append(one.key)
        else:
            parts.setdefault(one.rolls_up_to.key, []).append(one.key)
    tops += [key for key in totals if key not in names]
    found: list[Line] = []
    for key in tops:
        below = [part for part in parts.get(key, ()) if part in totals]
        whole = [totals[one] for one in (key, *below) if one in totals]
        # What is paid in advance is no income of its own line; it stands in the row of prepaid.
        if key in (UNMAPPED, PREPAID) and not whole:
            continue
        found.append(_line(key, names.get(key, key), whole, part=False))
        found += [_line(part, names[part], [totals[part]], part=True) for part in below]
    return found


def said(day: TillDay, book: DayBook, *, cashier: str) -> dict[str, Any]:
    """What the daily report says: the lines, the column of refunds, arrears, prepaid, tenders, total and capitals."""
    lines = lines_of(book.categories)
    tops = [line for line in lines if not line.part]
    net = book.received_fen - book.refunded_fen
    return {
        "business": day.site.name,
        "entity": day.site.entity.name,
        "day": day.day.isoformat(),
        "cashier": cashier,
        "lines": [
            {
                "key": line.key, "name": line.name, "part": line.part, "count": line.count,
                "gross_fen": line.gross_fen, "refunded_fen": line.refunded_fen, "net_fen": line.net_fen,
                "gross": money.yuan(line.gross_fen, grouped=True),
                "refunded": money.yuan(line.refunded_fen, grouped=True),
                "net": money.yuan(line.net_fen, grouped=True),
            }
            for line in lines
        ],
        "lines_net_fen": sum(line.net_fen for line in tops),
        "count": sum(line.count for line in tops),
        "gross": money.yuan(sum(line.gross_fen for line in tops), grouped=True),
        "refunded": money.yuan(sum(line.refunded_fen for line in tops), grouped=True),
        "prepaid_fen": book.prepaid_added_fen - book.prepaid_used_fen,
        "prepaid": money.yuan(book.prepaid_added_fen - book.prepaid_used_fen, grouped=True),
        "owed_added": money.yuan(book.owed_added_fen, grouped=True),
        "owed_settled": money.yuan(book.owed_settled_fen, grouped=True),
        "tenders": [
            {
                "tender": name,
                "taken": money.yuan(book.taken.get(name, 0), grouped=True),
                "returned": money.yuan(book.returned.get(name, 0), grouped=True),
                "net_fen": book.taken.get(name, 0) - book.returned.get(name, 0),
                "net": money.yuan(book.taken.get(name, 0) - book.returned.get(name, 0), grouped=True),
            }
            for name in Tender.values
            if name in book.taken or name in book.returned
        ],
        "total_fen": net,
        "total": money.yuan(net, grouped=True),
        "capitals": capital_amount(net, currency=True),
    }  # fmt: skip


def issue_report(
    *, by: Actor, day: TillDay, first: TillCount, second: TillCount, expected: counting.Expected
) -> Document:
    """Keep the daily report and the reconciliation as both signed them."""
    content = {**said(day, book_of(day), cashier=first.by_name), "reconciliation": _sheet(day, first, second, expected)}
    return issue(
        by=by,
        kind=DAILY,
        number=f"T-{day.day:%Y%m%d}",
        site=day.site,
        subject=day,
        permission="till_days.view",
        template="till_days/daily_report.typ",
        content=content,
    )


def _sheet(day: TillDay, first: TillCount, second: TillCount, expected: counting.Expected) -> dict[str, Any]:
    """The reconciliation: fund, cash by denomination, cards, receipts from–to, expected, counted, difference, both people."""
    receipts = counting.receipts_of(day)
    span = receipts.aggregate(first=Min("number"), last=Max("number"), n=Count("pk"))
    counted = sum(row["fen"] for row in second.tenders.values()) + second.cash_fen
    wanted = sum(expected.as_data().values())
    return {
        "float": money.yuan(expected.float_fen, grouped=True),
        "carried": money.yuan(expected.carried_fen, grouped=True),
        "pieces": [
            {"fen": fen, "number": second.pieces.get(str(fen), 0), "sum": money.yuan(fen * second.pieces.get(str(fen), 0), grouped=True)}
            for fen in counting.DENOMINATIONS
        ],
        "banked": money.yuan(second.banked_fen, grouped=True),
        "tenders": [
            {"tender": name, "slips": row["slips"], "total": money.yuan(row["fen"], grouped=True)}
            for name, row in sorted(second.tenders.items())
        ],
        "receipts": {
            "from": span["first"] or "", "until": span["last"] or "", "count": span["n"],
            "void": ReceiptVoid.objects.filter(receipt__in=receipts).count(),
        },
        "expected": money.yuan(wanted, grouped=True),
        "counted": money.yuan(counted, grouped=True),
        "difference": money.yuan(counted - wanted, grouped=True),
        "signatures": [
            {"name": one.by_name, "at": f"{clock.local(one.at, day.site.timezone):%Y-%m-%d %H:%M}", "hash": one.text_hash}
            for one in (first, second)
        ],
    }  # fmt: skip


def _line(key: str, name: str, totals: list[CategoryTotal], *, part: bool) -> Line:
    return Line(
        key=key,
        name=name,
        count=sum(one.count for one in totals),
        gross_fen=sum(one.gross_fen for one in totals),
        refunded_fen=sum(one.refunded_fen for one in totals),
        part=part,
    )
