"""Judging a row without writing: its cells, whether it was imported before, what stands against it, what it may double."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Min

from kernel.context import Actor
from kernel.crypto import blind_candidates, blind_index
from kernel.errors import DomainError
from services.importing import faults
from services.importing.cells import CellFault
from services.importing.kinds import Candidate, Pending, SheetKind, Values, kind_of
from services.importing.models import ImportBatch, ImportedRow

# Rows are written by the product; the person stands on the import.
BY = Actor.system("importing")
FIELD = "importing"
State = ImportedRow.State
# A row of the same file in one of these may still be written.
AWAITED = (State.STAGED, State.READY, State.DOUBLE)


class ImportDesk:
    """What a room is told about the import of ``batch``."""

    def __init__(self, batch: ImportBatch) -> None:
        self.by, self.batch, self.site = BY, batch, batch.site

    def find(self, kind: str, identity: str) -> UUID | Pending | None:
        """What the row of ``kind`` with this identity became, in any file, or that it waits in this one."""
        rows = ImportedRow.objects.filter(kind=kind, fingerprint__in=marks(kind, identity))
        code = rows.filter(state__in=ImportedRow.LIVE).values_list("target", flat=True).first()
        if code is not None:
            return code
        return Pending.PENDING if rows.filter(batch=self.batch, state__in=AWAITED).exists() else None


def fingerprint(kind: str, identity: str) -> str:
    """The mark of a row that is the same in every file."""
    return blind_index(FIELD, f"{kind} {identity}")


def marks(kind: str, identity: str) -> list[str]:
    """The marks under which such a row may be kept."""
    return blind_candidates(FIELD, f"{kind} {identity}")


def values_of(kind: SheetKind, row: ImportedRow) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The values of a row and what is wrong with its cells; a column without a value is None."""
    cells: dict[str, str] = json.loads(row.data) if row.data else {}
    values: dict[str, Any] = {}
    wrong = [faults.of_cell(CellFault(row.marks[""]))] if "" in row.marks else []
    for column in kind.columns:
        cell = cells.get(column.key, "")
        values[column.key] = None
        if column.key in row.marks:
            wrong.append(faults.of_cell(CellFault(row.marks[column.key]), column.key))
            continue
        if not cell:
            if column.required:
                wrong.append(faults.of_cell(CellFault("required"), column.key))
            continue
        try:
            values[column.key] = column.parse(cell)
        except CellFault as fault:
            wrong.append(faults.of_cell(fault, column.key))
    return values, wrong


def mark(row: ImportedRow) -> None:
    """Give a row its fingerprint, from whatever can be read of it; a row that cannot be read has none."""
    kind = kind_of(row.kind)
    if kind is None:
        return
    values, wrong = values_of(kind, row)
    if not wrong:
        row.fingerprint = fingerprint(row.kind, kind.identity(values))


@dataclass(frozen=True, slots=True)
class Known:
    """What the rows of a portion are compared with: marks of their kind that stand for something in the system, and the
    number of the first row of the file under each mark."""

    live: set[tuple[str, str]]
    first: dict[tuple[str, str], int]

    def is_live(self, kind: str, own: list[str]) -> bool:
        """Does one of these marks stand for something?"""
        return any((kind, one) in self.live for one in own)

    def stands_before(self, kind: str, own: list[str], number: int) -> bool:
        """Has an earlier row of the file one of these marks?"""
        return any(self.first.get((kind, one), number) < number for one in own)


def known_of(rows: Sequence[ImportedRow], batch: ImportBatch) -> Known:
    """What ``rows`` of ``batch`` are compared with, in two queries for each kind."""
    wanted: dict[str, set[str]] = {}
    for row in rows:
        kind = kind_of(row.kind)
        if kind is not None:
            values, wrong = values_of(kind, row)
            if not wrong:
                wanted.setdefault(row.kind, set()).update(marks(row.kind, kind.identity(values)))
    live: set[tuple[str, str]] = set()
    first: dict[tuple[str, str], int] = {}
    for key, own in wanted.items():
        same = ImportedRow.objects.filter(kind=key, fingerprint__in=own)
        live |= {(key, one) for one in same.filter(state__in=ImportedRow.LIVE).values_list("fingerprint", flat=True)}
        here = same.filter(batch=batch).exclude(state=State.UNDONE).order_by()
        for mark_, number in here.values_list("fingerprint").annotate(first=Min("number")):
            first[key, mark_] = number
    return Known(live, first)


def judge(row: ImportedRow, desk: ImportDesk, known: Known | None = None) -> None:
    """Set state, faults and candidates of ``row``. It writes nothing but the row.

    ``known`` is what ``known_of`` found for its portion; without it the row is compared by itself.
    """
    kind = kind_of(row.kind)
    row.candidates = []
    if kind is None:
        return _settle(row, State.FAULTY, [faults.of_cell(CellFault("room_is_off"))])
    values, wrong = values_of(kind, row)
    if wrong:
        return _settle(row, State.FAULTY, wrong)
    known = known or known_of([row], row.batch)
    own = marks(row.kind, kind.identity(values))
    if known.is_live(row.kind, own):
        return _settle(row, State.KNOWN, [])
    if known.stands_before(row.kind, own, row.number):
        return _settle(row, State.FAULTY, [faults.of_cell(CellFault("twice_in_file"))])
    fault = fault_of(kind, values, desk)
    if fault is not None:
        return _settle(row, State.FAULTY, [fault])
    found = kind.candidates(values, desk)
    row.candidates = [
        {"code": str(one.code), "number": one.number, "shared": list(one.shared)} for one in _distinct(found)
    ]
    return _settle(row, State.DOUBLE if found else State.READY, [])


def fault_of(kind: SheetKind, values: Values, desk: ImportDesk) -> dict[str, Any] | None:
    """What stands against writing these values now, as the room says it."""
    try:
        kind.check(values, desk)
    except CellFault as fault:
        return faults.of_cell(fault)
    except DomainError as error:
        return faults.of_refusal(error.code, str(error.message), dict(error.fields or {}))
    return None


def _distinct(found: Any) -> list[Candidate]:
    return list({one.code: one for one in found}.values())


def _settle(row: ImportedRow, state: str, wrong: list[dict[str, Any]]) -> None:
    row.state, row.faults = state, faults.sealed(wrong)
