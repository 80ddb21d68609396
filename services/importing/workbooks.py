"""Reading a workbook: which sheets and columns are ours, and the text of every cell that says something."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from kernel.errors import RuleRefused
from services.importing.cells import plain
from services.importing.kinds import SheetKind, in_language
from services.importing.marks import look_through

MOST_COLUMNS = 60
LONGEST_CELL = 1000
# So many rows without a word end a sheet: a stray format far below is no row.
MOST_EMPTY = 500
# A row of the template that shows how it is filled in.
EXAMPLES = ("示例", "範例", "example")


@dataclass(slots=True)
class SheetRow:
    """One row of a sheet as it was typed; ``marks`` say which cells cannot be taken at their word, and why."""

    kind: SheetKind
    number: int
    cells: dict[str, str]
    marks: dict[str, str]


@dataclass(slots=True)
class Contents:
    """What a workbook brings."""

    rows: list[SheetRow] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def read_workbook(content: bytes, kinds: Sequence[SheetKind], *, most: int) -> Contents:
    """The rows of the sheets that ``kinds`` know, in their order. The workbook was judged by ``check_workbook`` before.

    Raises RuleRefused (``workbook_type_refused``, ``sheets_unknown``, ``columns_missing``, ``rows_missing``,
    ``too_many_rows``, ``too_many_merged``).
    """
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        try:
            return _contents(book, kinds, most)
        finally:
            book.close()
    except RuleRefused:
        raise
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, SyntaxError,
            IndexError, OSError, EOFError) as error:  # fmt: skip
        # A broken workbook fails anywhere in the library.
        raise RuleRefused(
            "workbook_type_refused",
            _("This is no Excel workbook (.xlsx) without a password. Open it in Excel or WPS and save it as .xlsx."),
        ) from error


def _contents(book: Any, kinds: Sequence[SheetKind], most: int) -> Contents:
    titles = {_heading(name): kind for kind in kinds for name in kind.names}
    sheets: dict[str, tuple[SheetKind, Any]] = {}
    for sheet in book.worksheets:
        if (kind := titles.get(_heading(sheet.title))) is not None and kind.key not in sheets:
            sheets[kind.key] = (kind, sheet)
    if not sheets:
        raise RuleRefused(
            "sheets_unknown",
            _("No sheet of this workbook is known. Name the sheets as in the template: %(names)s.")
            % {"names": "、".join(in_language(kind) for kind in kinds)},
        )
    found = Contents()
    for kind in kinds:
        if kind.key in sheets:
            for row in _rows(kind, sheets[kind.key][1], found.ignored, most):
                found.rows.append(row)
                if len(found.rows) > most:
                    raise RuleRefused(
                        "too_many_rows",
                        _("A file may hold %(most)s rows. Split it into several files.") % {"most": most},
                    )
    if not found.rows:
        raise RuleRefused("rows_missing", _("The sheets hold no rows below their headings. Fill them in first."))
    return found


def _rows(kind: SheetKind, sheet: Any, ignored: list[str], most: int) -> Iterator[SheetRow]:
    deepest = most * 2 + MOST_EMPTY
    found = look_through(sheet, rows=deepest, columns=MOST_COLUMNS)
    hidden_sheet = sheet.sheet_state != "visible"
    sheet.reset_dimensions()
    lines = enumerate(sheet.iter_rows(max_row=deepest, max_col=MOST_COLUMNS, values_only=True), start=1)
    head = next(lines, (1, ()))[1]
    places = _places(kind, head, ignored, found.hidden_columns)
    empty = 0
    for number, line in lines:
        cells = {key: plain(line[at])[:LONGEST_CELL] for at, key in places.items() if at < len(line)}
        cells = {key: cell for key, cell in cells.items() if cell}
        marks = {key: code for at, key in places.items() if (code := found.of_cell(number, at + 1))}
        if not cells and not marks:
            empty += 1
            if empty > MOST_EMPTY:
                return
            continue
        empty = 0
        first = plain(next((cell for cell in line if cell not in (None, "")), ""))
        if not first.casefold().startswith(EXAMPLES):
            if hidden_sheet or number in found.hidden_rows:
                marks[""] = "row_hidden"
            yield SheetRow(kind, number, cells, marks)


def _places(kind: SheetKind, head: Sequence[Any], ignored: list[str], hidden: set[int]) -> dict[int, str]:
    """Which column of the sheet holds which of the kind's columns; nothing is read from what is hidden.

    Raises RuleRefused (``columns_missing``).
    """
    names = {_heading(name): column.key for column in kind.columns for name in column.names}
    places: dict[int, str] = {}
    for at, cell in enumerate(head):
        heading = _heading(plain(cell))
        key = names.get(heading)
        if key is not None and key not in places.values() and at + 1 not in hidden:
            places[at] = key
        elif heading:
            ignored.append(f"{in_language(kind)}: {plain(cell)[:40]}")
    missing = [in_language(column) for column in kind.columns if column.required and column.key not in places.values()]
    if missing:
        raise RuleRefused(
            "columns_missing",
            _("The sheet “%(sheet)s” lacks these columns: %(columns)s. Take the headings from the template.")
            % {"sheet": in_language(kind), "columns": "、".join(missing)},
        )
    return places


def _heading(name: str) -> str:
    return "".join(plain(name).casefold().split()).rstrip("*")
