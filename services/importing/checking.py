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
from services.importing.kinds import Candidate, Pending, SheetKind, Values, kind_of, kinds
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


@dataclass(frozen=True, slots=True)
class Read:
    """A row as it was read: its kind (None while its room is off), values, faults of its cells, and the marks under which
    it may be kept."""

    kind: SheetKind | None
    values: Values
    wrong: list[dict[str, Any]]
    marks: list[str]


def read_all(rows: Sequence[ImportedRow]) -> list[Read]:
    """Each of ``rows`` as it was read; a row that cannot be read has no marks."""
    known = {kind.key: kind for kind in kinds()}
    found = []
    for row in rows:
        kind = known.get(row.kind)
        if kind is None:
            found.append(Read(None, {}, [faults.of_cell(CellFault("room_is_off"))], []))
            continue
        values, wrong = values_of(kind, row)
        found.append(Read(kind, values, wrong, [] if wrong else marks(row.kind, kind.identity(values))))
    return found


def known_of(rows: Sequence[ImportedRow], reads: Sequence[Read], batch: ImportBatch) -> Known:
    """What ``rows`` of ``batch`` are compared with, in two queries for each kind."""
    wanted: dict[str, set[str]] = {}
    for row, one in zip(rows, reads, strict=True):
        if one.marks:
            wanted.setdefault(row.kind, set()).update(one.marks)
    live: set[tuple[str, str]] = set()
    first: dict[tuple[str, str], int] = {}
    for key, own in wanted.items():
        same = ImportedRow.objects.filter(kind=key, fingerprint__in=own)
        live |= {(key, one) for one in same.filter(state__in=ImportedRow.LIVE).values_list("fingerprint", flat=True)}
        here = same.filter(batch=batch).exclude(state=State.UNDONE).order_by()
        for mark_, number in here.values_list("fingerprint").annotate(first=Min("number")):
            first[key, mark_] = number
    return Known(live, first)


def judge(rows: Sequence[ImportedRow], desk: ImportDesk) -> list[Read]:
    """Set state, faults and candidates of ``rows``, and return them as they were read. It writes nothing but the rows, and
    asks in a few queries for all of them what stands against them and what they may double."""
    reads = read_all(rows)
    known = known_of(rows, reads, desk.batch)
    open_: dict[str, list[tuple[ImportedRow, Read]]] = {}
    for row, one in zip(rows, reads, strict=True):
        row.candidates = []
        if one.kind is None or one.wrong:
            _settle(row, State.FAULTY, one.wrong)
        elif known.is_live(row.kind, one.marks):
            _settle(row, State.KNOWN, [])
        elif known.stands_before(row.kind, one.marks, row.number):
            _settle(row, State.FAULTY, [faults.of_cell(CellFault("twice_in_file"))])
        elif (fault := fault_of(one.kind, one.values, desk)) is not None:
            _settle(row, State.FAULTY, [fault])
        else:
            open_.setdefault(row.kind, []).append((row, one))
    for same in open_.values():
        kind = same[0][1].kind
        assert kind is not None
        for (row, _one), found in zip(same, kind.candidates([one.values for _row, one in same], desk), strict=True):
            row.candidates = [
                {"code": str(one.code), "number": one.number, "shared": list(one.shared)} for one in _distinct(found)
            ]
            _settle(row, State.DOUBLE if found else State.READY, [])
    return reads


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
