"""Workbooks that leave: the template and the report. What begins like a formula leaves as text."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from services.importing.kinds import SheetKind, in_language
from services.importing.models import ImportBatch
from services.importing.selectors import Shown, sheet_of

FORMULA = ("=", "+", "-", "@", "\t", "\r")
WIDTH = 18


def put(sheet: Any, row: int, column: int, value: Any, *, bold: bool = False) -> None:
    """Write one cell; words are words, whatever they begin with."""
    cell = sheet.cell(row=row, column=column)
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"
        cell.quotePrefix = value.startswith(FORMULA)
    if bold:
        cell.font = Font(bold=True)


def template(kinds: Sequence[SheetKind], language: str) -> bytes:
    """An empty workbook with a sheet of each kind (headings, one example that is never imported) and the explanations."""
    with translation.override(language):
        book = Workbook()
        book.remove(book.active)
        for kind in kinds:
            sheet = book.create_sheet(sheet_of(kind, kind.key))
            first = True
            for at, column in enumerate(kind.columns, start=1):
                put(sheet, 1, at, in_language(column) + ("*" if column.required else ""), bold=True)
                example = column.example
                if first:
                    example = f"{_('Example')} {example}"
                    first = False
                put(sheet, 2, at, example)
                # Long numbers and days stay as they are typed.
                sheet.column_dimensions[get_column_letter(at)].width = WIDTH
                sheet.column_dimensions[get_column_letter(at)].number_format = "@"
            sheet.freeze_panes = "A2"
        _explain(book.create_sheet(_("Explanations")), kinds)
        return _bytes(book)


def report(batch: ImportBatch, rows: Iterable[Shown]) -> bytes:
    """Every row of an import with its state and what is wrong, one line for each fault."""
    book = Workbook()
    sheet = book.active
    sheet.title = _("Report")
    heads = (
        _("Sheet"),
        _("Row"),
        _("State"),
        _("Row begins with"),
        _("Column"),
        _("Cell"),
        _("What is wrong and what helps"),
    )
    for at, head in enumerate(heads, start=1):
        put(sheet, 1, at, head, bold=True)
        sheet.column_dimensions[get_column_letter(at)].width = WIDTH
    line = 2
    for one in rows:
        for column, cell, words in one.faults or [("", "", _doubles(one))]:
            values = (one.sheet, one.row.number, one.row.get_state_display(), one.title, column, cell, words)
            for at, value in enumerate(values, start=1):
                put(sheet, line, at, value)
            line += 1
    sheet.freeze_panes = "A2"
    return _bytes(book)


def _doubles(one: Shown) -> str:
    if one.row.state != "double":
        return ""
    numbers = ", ".join(candidate["number"] for candidate in one.row.candidates)
    return _("May be %(numbers)s: decide on the page of the import.") % {"numbers": numbers}


def _explain(sheet: Any, kinds: Sequence[SheetKind]) -> None:
    heads = (_("Sheet"), _("Column"), _("Required"), _("What belongs there"))
    for at, head in enumerate(heads, start=1):
        put(sheet, 1, at, head, bold=True)
        sheet.column_dimensions[get_column_letter(at)].width = WIDTH if at < len(heads) else WIDTH * 4
    line = 2
    for kind in kinds:
        for column in kind.columns:
            values = (
                sheet_of(kind, kind.key),
                in_language(column),
                _("yes") if column.required else "",
                str(column.help),
            )
            for at, value in enumerate(values, start=1):
                put(sheet, line, at, value)
            line += 1
    put(sheet, line + 1, 1, _("Rows that begin with “Example”, “示例” or “範例” are not imported. Sheets that you do not need may stay empty."))  # fmt: skip


def _bytes(book: Any) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
