"""What is wrong with a row, said so that whoever prepared the file can put it right."""

from __future__ import annotations

import json
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from services.importing.cells import CellFault

FAULTS: dict[str, str | Promise] = {
    "required": _("This cell is empty. Fill it in."),
    "too_long": _("This is longer than %(longest)s characters. Shorten it."),
    "not_a_day": _("This is no date. Write it as 2026-01-05."),
    "day_out_of_range": _("This date lies before 1900 or after 2100. Check the year."),
    "not_a_time": _("This is no time. Write it as 09:30."),
    "not_a_number": _("This is no whole number. Write digits only."),
    "out_of_range": _("This number is not between %(least)s and %(most)s. Check it."),
    "not_in_list": _("This word is not known here. Possible: %(words)s."),
    "not_yes_or_no": _("Write yes or no (是 or 否)."),
    "nobody_of_this_name": _("“%(what)s” is not entered in the system. Check the spelling, or enter it first."),
    "several_of_this_name": _("“%(what)s” fits more than one. Write the number or key instead."),
    "twice_in_file": _("The same row stands in this file already. Delete one of the two."),
    "patient_unknown": _("No patient has this number, neither in the system nor in the sheet of patients."),
    "patient_not_imported": _("The patient of this row was not imported. Put the patient's row right first."),
    "phone_invalid": _("This is no phone number. Check the digits, or leave it empty and give the reason."),
    "phone_or_reason": _("Give a phone, or say why there is none."),
    "age_or_birth_date": _("Give the date of birth or the age."),
    "birth_in_future": _("This date of birth has not come yet."),
    "relative_missing": _("Give the number of the relative's file or the relative's name."),
    "error_value": _("This cell shows an error of the spreadsheet. Put the formula right, or type the value."),
    "formula_without_result": _("This cell holds a formula without a result. Copy the column and paste it as values."),
    "number_rounded": _(
        "The spreadsheet rounds numbers of more than 15 digits. Format the column as text and type it again."
    ),
    "cell_merged": _("This cell is merged with others. Unmerge them and fill in each cell."),
    "row_hidden": _("This row is hidden in the workbook. Show it, or delete it."),
    "row_not_possible": _("The database does not accept this row. Check it for unusual characters or figures."),
    "room_is_off": _("This kind of row belongs to a line of business that is switched off."),
}


def of_cell(fault: CellFault, column: str = "") -> dict[str, Any]:
    """A fault of a cell as it is kept."""
    return {"column": fault.column or column, "code": fault.code, "facts": fault.facts}


def of_refusal(code: str, message: str, fields: dict[str, Any]) -> dict[str, Any]:
    """A refusal of an action as it is kept: its sentence was said by the room that refused."""
    return {"column": next(iter(fields), ""), "code": code, "text": message}


def said(fault: dict[str, Any]) -> str:
    """The sentence of a kept fault in the reader's language."""
    sentence = FAULTS.get(fault["code"])
    if sentence is None or "text" in fault:
        return str(fault.get("text", fault["code"]))
    return str(sentence) % fault.get("facts", {})


def sealed(faults: list[dict[str, Any]]) -> str:
    """Faults as the text of a sealed field; "" for none."""
    return json.dumps(faults, ensure_ascii=False) if faults else ""


def opened(text: str) -> list[dict[str, Any]]:
    """The faults of a sealed field."""
    return list(json.loads(text)) if text else []
