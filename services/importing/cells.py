"""From the text of a cell to a value: days, times, numbers, words of a list, however people wrote them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar

T = TypeVar("T")

EARLIEST, LATEST = date(1900, 1, 1), date(2100, 12, 31)
# Day 0 of a spreadsheet's count. Its invented 29 February 1900 lies before every day that matters here.
SERIAL_ZERO = date(1899, 12, 30)
SERIAL = re.compile(r"^\d{4,5}(\.\d+)?$")
DAY = re.compile(r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T].*)?$")
COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
TIME = re.compile(r"^(?:\S+[ T])?(\d{1,2})[:时時](\d{2})(?::\d{2})?分?$")
FRACTION = re.compile(r"^0?\.\d+$")
YES = ("是", "有", "同意", "y", "yes", "true", "1", "√", "x")
NO = ("否", "无", "無", "不同意", "n", "no", "false", "0")


class CellFault(Exception):
    """What is wrong with one cell: a code of ``faults.FAULTS`` with its figures, and the column it stands in."""

    def __init__(self, code: str, column: str = "", **facts: Any) -> None:
        super().__init__(code)
        self.code, self.column, self.facts = code, column, facts


def plain(value: Any) -> str:
    """The text of a cell as a spreadsheet holds it: days as ISO, whole numbers without a point, full width as plain."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, timedelta):
        minutes = int(value.total_seconds()) // 60
        return f"{minutes // 60:02d}:{minutes % 60:02d}"
    if isinstance(value, float):
        # A spreadsheet keeps long numbers such as phones as fractions.
        return str(int(value)) if value.is_integer() else repr(value)
    # A zero byte fits in no column of the database.
    return unicodedata.normalize("NFKC", str(value)).replace("\x00", "").strip()


def text(longest: int) -> Callable[[str], str]:
    """Words, at most ``longest`` of them. Raises CellFault (``too_long``)."""

    def parse(cell: str) -> str:
        if len(cell) > longest:
            raise CellFault("too_long", longest=longest)
        return cell

    return parse


def day(cell: str) -> date:
    """A day: "2026-01-05", "2026/1/5", "2026年1月5日", "20260105" or the number by which a spreadsheet counts days.

    Raises CellFault (``not_a_day``, ``day_out_of_range``).
    """
    found = DAY.match(cell) or COMPACT.match(cell)
    try:
        if found:
            value = date(*(int(part) for part in found.groups()))
        elif SERIAL.match(cell):
            value = SERIAL_ZERO + timedelta(days=int(float(cell)))
        else:
            raise CellFault("not_a_day")
    except ValueError as error:
        raise CellFault("not_a_day") from error
    if not EARLIEST <= value <= LATEST:
        raise CellFault("day_out_of_range")
    return value


def wall_time(cell: str) -> time:
    """A time of day: "9:00", "09:00:00", or the part of a day that a spreadsheet writes. Raises CellFault (``not_a_time``)."""
    found = TIME.match(cell)
    try:
        if found:
            return time(int(found[1]), int(found[2]))
        if FRACTION.match(cell):
            minutes = round(float(cell) * 24 * 60)
            return time(minutes // 60, minutes % 60)
    except ValueError as error:
        raise CellFault("not_a_time") from error
    raise CellFault("not_a_time")


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number, with or without a unit behind it ("32岁"). Raises CellFault (``not_a_number``, ``out_of_range``)."""

    def parse(cell: str) -> int:
        found = re.match(r"^(\d{1,9})(?:\.0+)?\s*(?:岁|歲|分钟|分鐘|分|颗|顆|号|號|周岁|周歲)?$", cell)
        if not found:
            raise CellFault("not_a_number")
        value = int(found[1])
        if not least <= value <= most:
            raise CellFault("out_of_range", least=least, most=most)
        return value

    return parse


def one_of(words: Mapping[str, Sequence[str]]) -> Callable[[str], str]:
    """A code by any of its words, in any case. Raises CellFault (``not_in_list``, naming the first word of each)."""
    known = {word.casefold(): code for code, given in words.items() for word in given}

    def parse(cell: str) -> str:
        if (code := known.get(cell.casefold())) is None:
            raise CellFault("not_in_list", words="、".join(given[0] for given in words.values()))
        return code

    return parse


def yes_or_no(cell: str) -> bool:
    """Raises CellFault (``not_yes_or_no``)."""
    if cell.casefold() in YES:
        return True
    if cell.casefold() in NO:
        return False
    raise CellFault("not_yes_or_no")


def the_only(found: Sequence[T], column: str, *, what: str) -> T:
    """The one row that a cell names. Raises CellFault (``nobody_of_this_name``, ``several_of_this_name``)."""
    if not found:
        raise CellFault("nobody_of_this_name", column, what=what)
    if len(found) > 1:
        raise CellFault("several_of_this_name", column, what=what)
    return found[0]
