"""What stands on packages: plain barcodes, and GS1 codes with number, expiry and lot."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from services.inventory.models import StockItem

# The sign between fields of variable length, and how scanners announce a GS1 code.
SEPARATOR = "\x1d"
ANNOUNCED = re.compile(r"^\](C1|d2|Q3|e0)")


@dataclass(frozen=True, slots=True)
class Scanned:
    """A code as it was read. ``number`` as it is kept with items; lot and expiry where the code holds them."""

    number: str
    lot: str = ""
    expires_on: date | None = None


def read_code(text: str) -> Scanned:
    """Read a barcode: EAN or GTIN, or a GS1 code with (01) number, (17) expiry, (10) lot, with or without brackets.

    Source: GS1 General Specifications, application identifiers 01, 10, 17. A day 00 means the last of the month.
    """
    plain = ANNOUNCED.sub("", text.strip())
    if plain.startswith("("):
        parts = dict(re.findall(r"\((01|10|17)\)([^(]+)", plain))
    else:
        parts = _fields(plain)
    if "01" not in parts:
        return Scanned(plain)
    return Scanned(parts["01"].strip(), parts.get("10", "").strip()[:40], _day(parts.get("17", "")))


def find_stock(text: str) -> StockItem | None:
    """The item with this barcode, or this key; a GTIN is the same with and without its leading zeros."""
    number = read_code(text).number[:80]
    if not number:
        return None
    rows = StockItem.objects.filter(is_active=True).select_related("item")
    if number.isdigit() and len(number) <= 14:
        same = {number, number.lstrip("0"), *(number.lstrip("0").zfill(length) for length in (8, 12, 13, 14))}
        return rows.filter(barcode__in=same).first()
    return rows.filter(barcode=number).first() or rows.filter(key=number).first()


def _fields(plain: str) -> dict[str, str]:
    """The fields of a GS1 code without brackets; nothing for anything else."""
    found: dict[str, str] = {}
    rest = plain
    while len(rest) > 2:
        head, rest = rest[:2], rest[2:]
        if head == "01" and re.match(r"\d{14}", rest):
            found[head], rest = rest[:14], rest[14:]
        elif head == "17" and re.match(r"\d{6}", rest):
            found[head], rest = rest[:6], rest[6:]
        elif head == "10":
            found[head], _sign, rest = rest.partition(SEPARATOR)
        else:
            break
        rest = rest.lstrip(SEPARATOR)
    return found


def _day(text: str) -> date | None:
    if not re.fullmatch(r"\d{6}", text):
        return None
    year, month, day = 2000 + int(text[:2]), int(text[2:4]), int(text[4:])
    try:
        if day == 0:
            return (date(year, month, 28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        return date(year, month, day)
    except ValueError:
        return None
