"""What a sheet holds besides values: cells without one, and rows, columns and cells that do not show what they say.

A value that the spreadsheet never computed, rounded or hid looks like any other once it is read. So the sheet is looked
through before, and what is found becomes a fault of that cell or row; nothing is guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from openpyxl.utils.cell import coordinate_to_tuple, range_boundaries
from openpyxl.xml.constants import SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse

from kernel.errors import RuleRefused

MOST_MERGED = 200
# A spreadsheet keeps fifteen digits of a number and forgets the others.
ROUNDED = 1e15
ROW, CELL, VALUE, FORMULA = (f"{{{SHEET_MAIN_NS}}}{tag}" for tag in ("row", "c", "v", "f"))
COLUMN, MERGED = f"{{{SHEET_MAIN_NS}}}col", f"{{{SHEET_MAIN_NS}}}mergeCell"
NUMBER = re.compile(r"^[-+]?[\d.]+([eE][-+]?\d+)?$")


@dataclass(slots=True)
class Marks:
    """What was found in one sheet. Rows and columns count from 1; ``cells`` holds codes of ``faults.FAULTS``."""

    cells: dict[tuple[int, int], str] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)

    def of_cell(self, row: int, column: int) -> str:
        """The fault of a cell; "" for none."""
        return self.cells.get((row, column), "")


def look_through(sheet: Any, *, rows: int, columns: int) -> Marks:
    """What stands against the cells of ``sheet`` in its first ``rows`` and ``columns``.

    Raises RuleRefused (``too_many_merged``).
    """
    found = Marks()
    merged = row = column = 0
    with sheet._get_source() as source:
        for event, part in iterparse(source, events=("start", "end")):
            if event == "start":
                if part.tag == ROW:
                    row, column = int(part.get("r", row + 1)), 0
                    if part.get("hidden") in ("1", "true"):
                        found.hidden_rows.add(row)
                continue
            if part.tag == CELL:
                at = coordinate_to_tuple(part.get("r"))[1] if part.get("r") else column + 1
                column = at
                if row <= rows and at <= columns and (code := _code(part)):
                    found.cells[row, at] = code
            elif part.tag == COLUMN and part.get("hidden") in ("1", "true"):
                last = min(int(part.get("max")), columns)
                found.hidden_columns |= set(range(int(part.get("min")), last + 1))
            elif part.tag == MERGED:
                merged += 1
                if merged > MOST_MERGED:
                    raise RuleRefused(
                        "too_many_merged", _("The sheet has too many merged cells. Unmerge them and fill in each cell.")
                    )
                left, top, right, bottom = range_boundaries(part.get("ref"))
                for line in range(top, min(bottom, rows) + 1):
                    for at in range(left, min(right, columns) + 1):
                        found.cells[line, at] = "cell_merged"
            if part.tag in (ROW, CELL):
                part.clear()
    return found


def _code(cell: Any) -> str:
    """What is wrong with a cell of the file."""
    kind = cell.get("t", "n")
    text = (cell.findtext(VALUE) or "").strip()
    if kind == "e":
        return "error_value"
    if cell.find(FORMULA) is not None and not text and kind != "str":
        return "formula_without_result"
    if kind == "n" and NUMBER.match(text) and abs(float(text)) >= ROUNDED:
        return "number_rounded"
    return ""
