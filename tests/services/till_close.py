"""The close of the till in the tests: what is counted, and a day through all its steps."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.till_days import actions
from services.till_days.counting import DENOMINATIONS, Counted
from services.till_days.models import TillDay
from tests.services.doors import person, staff
from tests.services.flow import center

RECONCILER = "103"


def pieces(fen: int) -> dict[int, int]:
    """The fewest pieces that make ``fen`` (a multiple of one jiao)."""
    found = {}
    for one in DENOMINATIONS:
        found[one], fen = divmod(fen, one)
    assert fen == 0, "no piece is smaller than one jiao"
    return found


def counted(cash_fen: int, **tenders: tuple[int, int]) -> Counted:
    """What somebody counted."""
    return Counted(pieces=pieces(cash_fen), tenders=tenders)


def till_of(day: date) -> TillDay:
    """The till of the center on a business day."""
    return TillDay.objects.select_related("site").get(site=center(), day=day)


def closed(day: date, given: Counted, *, by: str = "fang.li", second: str = "ren.tao") -> TillDay:
    """A day of the till that was counted, closed and reconciled."""
    found, cashier = till_of(day), person(by)
    actions.count(by=cashier, site=center(), day=found, counted=given)
    actions.begin_close(by=cashier, site=center(), day=found, reconciler=staff(RECONCILER))
    actions.reconcile(by=person(second), site=center(), day=found, counted=given)
    return till_of(day)


def as_json(given: Counted) -> dict[str, Any]:
    """The same count as the API takes it."""
    return {
        "pieces": [{"fen": fen, "number": number} for fen, number in given.pieces.items()],
        "tenders": [
            {"tender": name, "slips": number, "total_fen": fen} for name, (number, fen) in given.tenders.items()
        ],
    }
