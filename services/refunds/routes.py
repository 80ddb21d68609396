"""What can go back of charged items, and on which way: the way it came, as the books know (CA-030, ledger 17 P)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Case, F, Q, Sum, When
from django.utils.module_loading import import_string

from kernel import registry
from services.books.actions import Move
from services.books.models import Account, EntryKind, Movement, Tender
from services.books.selectors import paid_for

# Slot of the room that keeps what patients have prepaid: ``(lines)``, an iterable of line codes → ``Kept``.
KEPT = "refunds.kept"


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of charge lines beside the money: ``ahead`` line → (holding, fen that may go back now) for lines that were
    paid in advance, ``stored`` line → holding for lines that stored value has paid."""

    ahead: Mapping[UUID, tuple[UUID, int]] = field(default_factory=dict)
    stored: Mapping[UUID, UUID] = field(default_factory=dict)


def kept(lines: Iterable[UUID]) -> Kept:
    """Which of ``lines`` were paid in advance or by stored value, and how much of them may go back."""
    wanted = list(lines)
    for room in registry.active_rooms():
        for path in room.slots.get(KEPT, ()):
            return import_string(path)(wanted)  # type: ignore[no-any-return]
    return Kept()


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
    """What of each charge line can still go back, in fen. Of what was paid in advance that is what its own rule says."""
    wanted = list(lines)
    by_way, held = ways(wanted), kept(wanted)
    found = {line: sum(by_way.get(line, {}).values()) for line in wanted}
    return found | {line: min(found[line], fen) for line, (_holding, fen) in held.ahead.items()}


def refunded(lines: Iterable[UUID]) -> dict[UUID, int]:
    """What went back of each charge line so far, in fen; one query."""
    left = Q(credit=Account.MONEY) | Q(debit=Account.INCOME)
    sign = Case(When(left, then=F("amount_fen")), default=-F("amount_fen"))
    rows = (
        Movement.objects.filter(kind=EntryKind.REFUND, subject__in=list(lines))
        .order_by()
        .values_list("subject")
        .annotate(total=Sum(sign))
    )
    return {subject: total for subject, total in rows if subject is not None}


def moves_back(
    wanted: Sequence[tuple[UUID, str, int]], by_way: Mapping[UUID, Mapping[str, int]], held: Kept | None = None
) -> tuple[list[Move], dict[str, int]]:
    """The movements that give back ``wanted`` (line, category, fen), and how much goes which way, in fen.

    What did not come in cash goes first, so that as little cash as possible leaves the till. What was paid in advance is taken
    from its holding, not from income. Raises ValueError where more is wanted than there is.
    """
    held = held or Kept()
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
            ahead = held.ahead.get(line)
            moves.append(
                Move(
                    debit=Account.PREPAID if ahead else Account.INCOME,
                    credit=Account.PREPAID if stored else Account.MONEY,
                    amount_fen=part,
                    tender="" if stored else tender,
                    category="" if ahead else category,
                    subject=line,
                    holding=ahead[0] if ahead else held.stored.get(line) if stored else None,
                )
            )
        if rest:
            raise ValueError("more is to go back than came in")
    return moves, sums
