"""What can go back of charged items, and on which way: the way it came, as the books know (CA-030, ledger 17 P)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from django.db.models import Case, F, Q, Sum, When

from services.books.actions import Move
from services.books.models import Account, EntryKind, Movement, Tender
from services.books.selectors import paid_for


def ways(lines: Iterable[UUID]) -> dict[UUID, dict[str, int]]:
    """What of each charge line can still go back, in fen by tender: received less refunded. Two queries.

    Stored value that paid a line goes back to the account of stored value.
    """
    wanted = list(lines)
    found = {line: {tender: fen for tender, fen in by.items() if fen > 0} for line, by in paid_for(wanted).items()}
    used = Case(When(debit=Account.PREPAID, then=F("amount_fen")), default=-F("amount_fen"))
    rows = (
        Movement.objects.filter(
            Q(debit=Account.PREPAID, credit=Account.INCOME) | Q(credit=Account.PREPAID, debit=Account.INCOME),
            subject__in=wanted,
        )
        .order_by()
        .values_list("subject")
        .annotate(total=Sum(used))
    )
    for subject, total in rows:
        if subject is not None and total > 0:
            found.setdefault(subject, {})[Tender.STORED_VALUE.value] = total
    return found


def refundable(lines: Iterable[UUID]) -> dict[UUID, int]:
    """What of each charge line can still go back, in fen."""
    wanted = list(lines)
    by_way = ways(wanted)
    return {line: sum(by_way.get(line, {}).values()) for line in wanted}


def refunded(lines: Iterable[UUID]) -> dict[UUID, int]:
    """What went back of each charge line so far, in fen; one query."""
    sign = Case(When(debit=Account.INCOME, then=F("amount_fen")), default=-F("amount_fen"))
    rows = (
        Movement.objects.filter(
            Q(debit=Account.INCOME) | Q(credit=Account.INCOME), kind=EntryKind.REFUND, subject__in=list(lines)
        )
        .order_by()
        .values_list("subject")
        .annotate(total=Sum(sign))
    )
    return {subject: total for subject, total in rows if subject is not None}


def moves_back(
    wanted: Sequence[tuple[UUID, str, int]], by_way: Mapping[UUID, Mapping[str, int]]
) -> tuple[list[Move], dict[str, int]]:
    """The movements that give back ``wanted`` (line, category, fen), and how much goes which way, in fen.

    What did not come in cash goes first, so that as little cash as possible leaves the till. Raises ValueError where more
    is wanted than there is.
    """
    moves, sums = [], dict[str, int]()
    for line, category, amount in wanted:
        rest = amount
        for tender, there in sorted(by_way.get(line, {}).items(), key=lambda way: way[0] == Tender.CASH):
            part = min(rest, there)
            if not part:
                continue
            rest -= part
            sums[tender] = sums.get(tender, 0) + part
            stored = tender == Tender.STORED_VALUE
            moves.append(
                Move(
                    debit=Account.INCOME,
                    credit=Account.PREPAID if stored else Account.MONEY,
                    amount_fen=part,
                    tender="" if stored else tender,
                    category=category,
                    subject=line,
                )
            )
        if rest:
            raise ValueError("more is to go back than came in")
    return moves, sums
