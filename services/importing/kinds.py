"""What a sheet of a workbook is: declared by the room whose rows it brings, through the slot ``importing.sheets``.

The engine knows files, cells, states and counts. What a row means, whether it is possible, how it is written and how it is
taken back, only its own room knows, and it does so with its own actions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Any, Protocol
from uuid import UUID

from django.utils import translation
from django.utils.functional import Promise
from django.utils.module_loading import import_string

from kernel import registry
from kernel.context import Actor
from services.sites.models import Site

SLOT = "importing.sheets"
Values = Mapping[str, Any]


class Pending(Enum):
    """What a reference may find besides a code: a row of the same file that is not written yet."""

    PENDING = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its headings (``hant`` only where it is not written like ``zh``), how a cell becomes a value, and what stands
    in the template.

    ``parse`` gets the text of a cell that is not empty and raises ``CellFault``. An empty cell is None.
    """

    key: str
    zh: str
    en: str
    parse: Callable[[str], Any]
    required: bool = False
    help: str | Promise = ""
    example: str = ""
    hant: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Every heading that is understood."""
        return tuple(name for name in (self.zh, self.hant, self.en) if name)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that exists and may be what a row describes: its code, the number people know it by, what both share."""

    code: UUID
    number: str
    shared: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """What a row became: the code of its row, and the codes of whatever was written along with it."""

    code: UUID
    also: tuple[UUID, ...] = ()


class Desk(Protocol):
    """What a room is told about the import in which a row stands."""

    by: Actor
    site: Site

    def find(self, kind: str, identity: str) -> UUID | Pending | None:
        """What the row of ``kind`` with this identity became, earlier or in this file; None when nobody imports it."""


def _no_candidates(rows: Sequence[Values], desk: Desk) -> Sequence[Sequence[Candidate]]:
    return [()] * len(rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetKind:
    """One kind of row.

    ``identity``    what makes a row the same row in another file; a second import of it adds nothing.
    ``check``       raises what would stand against writing the row now (``CellFault``, ``DomainError``); writes nothing.
    ``candidates``  for each of several rows what exists and may be the same; somebody then decides.
    ``write``       writes one row with the room's own actions.
    ``write_all``   writes several rows that nothing stands against in the statements of one, all or none; None for those
                    that are better written by themselves afterwards. Raising leaves each of them to ``write``.
    ``undo``        takes one row back (by, code, words); raises DomainError where somebody has worked with it since.
    """

    key: str
    order: int
    label: str | Promise
    zh: str
    en: str
    columns: tuple[Column, ...]
    identity: Callable[[Values], str]
    check: Callable[[Values, Desk], None]
    write: Callable[[Values, Desk], Written]
    undo: Callable[[Actor, UUID], None]
    candidates: Callable[[Sequence[Values], Desk], Sequence[Sequence[Candidate]]] = field(default=_no_candidates)
    write_all: Callable[[Sequence[Values], Desk], Sequence[Written | None]] | None = None
    hant: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Every name of the sheet that is understood."""
        return tuple(name for name in (self.zh, self.hant, self.en) if name)

    def column(self, key: str) -> Column | None:
        """The column with this key."""
        return next((one for one in self.columns if one.key == key), None)


def in_language(named: SheetKind | Column) -> str:
    """The name of a sheet or the heading of a column in the reader's language."""
    language = (translation.get_language() or "").lower()
    if language.startswith("en"):
        return named.en
    return (named.hant or named.zh) if language.startswith("zh-hant") else named.zh


@cache
def _kind(path: str) -> SheetKind:
    found = import_string(path)
    assert isinstance(found, SheetKind)
    return found


def kinds() -> list[SheetKind]:
    """The kinds of the active rooms in the order in which they are written: people before what happens to them."""
    found = [_kind(path) for room in registry.active_rooms() for path in room.slots.get(SLOT, ())]
    return sorted(found, key=lambda kind: (kind.order, kind.key))


def kind_of(key: str) -> SheetKind | None:
    """The kind with this key; None while its room is switched off."""
    return next((kind for kind in kinds() if kind.key == key), None)
