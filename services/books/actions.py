"""Booking money. The only place that writes movements; the rooms of the till call it within their own transaction."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from kernel import clock
from kernel.context import Actor
from kernel.errors import Conflict
from services.books.models import Account, ClosedDay, Entry, EntryKind, Movement, Tender
from services.sites.models import Site
from services.sites.selectors import entity_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """``amount_fen`` from ``credit`` to ``debit``, before it is booked. Of nothing nothing is booked."""

    debit: Account
    credit: Account
    amount_fen: int
    tender: str = ""
    category: str = ""
    subject: UUID | None = None
    holding: UUID | None = None

    def turned(self) -> Move:
        """The same way back."""
        return Move(
            debit=self.credit,
            credit=self.debit,
            amount_fen=self.amount_fen,
            tender=self.tender,
            category=self.category,
            subject=self.subject,
            holding=self.holding,
        )


def post(
    *, by: Actor, site: Site, kind: EntryKind, source: UUID, moves: Iterable[Move], number: str = "",
    reverses: Entry | None = None,
) -> Entry:  # fmt: skip
    """Book a business event on the site's business day, once per ``kind`` and ``source``.

    Runs inside the transaction of the action that it belongs to: both happen or neither. Raises Conflict
    (``already_booked``), and RuntimeError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("money is booked together with what moved it")
    keep_day(site)
    now = clock.now()
    day = business_day(site, now)
    try:
        with transaction.atomic():
            entry = Entry.objects.create(
                site=site,
                entity=entity_on(site, clock.local(now, site.timezone).date()),
                kind=kind,
                day=day,
                at=now,
                source=source,
                number=number,
                by=by.code,
                by_name=by.name,
                reverses=reverses,
            )
    except IntegrityError as error:
        raise Conflict("already_booked", _("This has been booked already."), kind=str(kind)) from error
    Movement.objects.bulk_create(
        Movement(
            entry=entry,
            site=site,
            day=day,
            kind=kind,
            debit=move.debit,
            credit=move.credit,
            amount_fen=move.amount_fen,
            tender=move.tender,
            category=move.category,
            subject=move.subject,
            holding=move.holding,
        )
        for move in moves
        if move.amount_fen
    )
    return entry


def reverse(*, by: Actor, entry: Entry, kind: EntryKind, source: UUID, number: str = "") -> Entry:
    """Every movement of ``entry`` the other way, on the present business day; an entry is reversed once.

    Raises what ``post`` raises.
    """
    moves = [
        Move(
            debit=Account(one.debit),
            credit=Account(one.credit),
            amount_fen=one.amount_fen,
            tender=one.tender,
            category=one.category,
            subject=one.subject,
            holding=one.holding,
        ).turned()
        for one in entry.movements.all()
    ]
    return post(by=by, site=entry.site, kind=kind, source=source, number=number, moves=moves, reverses=entry)


def business_day(site: Site, at: datetime | None = None) -> date:
    """The day to whose figures money of ``at`` (now) belongs: the site's local day, or the next one if it is closed."""
    day = clock.local(at or clock.now(), site.timezone).date()
    closed = set(ClosedDay.objects.filter(site=site, day__gte=day).values_list("day", flat=True))
    while day in closed:
        day += timedelta(days=1)
    return day


def close_day(*, by: Actor, site: Site, day: date) -> ClosedDay:
    """Nothing is booked on ``day`` any more. Called by the till when its day is locked.

    Raises Conflict (``day_closed``).
    """
    hold_day(site)
    if ClosedDay.objects.filter(site=site, day=day).exists():
        raise Conflict("day_closed", _("This day is closed already."), day=day.isoformat())
    return ClosedDay.objects.create(site=site, day=day, closed_at=clock.now(), by=by.code, by_name=by.name)


def hold_day(site: Site) -> None:
    """Until the transaction ends nobody books anything at ``site``: what is counted now stays what was counted."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('books:' || %s, 0))", [str(site.code)])


def keep_day(site: Site) -> None:
    """Until the transaction ends the day is not closed at ``site``: what is asked of it now is true when money is booked."""
    # Tills book side by side; only the close of the day waits for all of them and holds them up.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(hashtextextended('books:' || %s, 0))", [str(site.code)])


def spread(
    parts: Sequence[tuple[UUID, str, int]],
    money_in: Sequence[tuple[str, int]],
    *,
    holdings: Mapping[UUID, UUID] | None = None,
    spent: UUID | None = None,
) -> list[Move]:
    """Which money paid which item: ``parts`` are (subject, category, fen), ``money_in`` (tender, fen); in their order.

    Both add up to the same; so a category has exactly what came in for it, and a refund finds the way the money came.
    ``holdings`` says which subjects are paid in advance, and for which holding; ``spent`` is the holding from which stored
    value pays. Raises ValueError where sums differ, or stored value would pay in advance.
    """
    ahead = holdings or {}
    if sum(part[2] for part in parts) != sum(fen for _tender, fen in money_in):
        raise ValueError("what came in is not what was paid")
    moves = []
    queue = deque((tender, fen) for tender, fen in money_in if fen)
    for subject, category, amount in parts:
        rest = amount
        while rest:
            tender, there = queue.popleft()
            part = min(rest, there)
            if there > part:
                queue.appendleft((tender, there - part))
            rest -= part
            # Stored value is no new money: it is what the house owed the patient.
            stored = tender == Tender.STORED_VALUE
            holding = ahead.get(subject)
            if stored and holding is not None:
                raise ValueError("stored value does not pay in advance")
            moves.append(
                Move(
                    debit=Account.PREPAID if stored else Account.MONEY,
                    credit=Account.INCOME if holding is None else Account.PREPAID,
                    amount_fen=part,
                    tender="" if stored else tender,
                    category=category if holding is None else "",
                    subject=subject,
                    holding=spent if stored else holding,
                )
            )
    return moves
