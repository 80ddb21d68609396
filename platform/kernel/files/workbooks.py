"""Judging a spreadsheet (xlsx) by its bytes before anything opens it."""

from __future__ import annotations

import io
import zipfile
import zlib

from django.utils.translation import gettext as _

from kernel.errors import RuleRefused

MAXIMUM_BYTES = 10 * 1024 * 1024
MOST_PARTS = 500
MOST_BYTES = 80 * 1024 * 1024
# A part that says less than this can hold what it likes.
SMALL = 1024 * 1024
MOST_RATIO = 200
NEEDED = {"[Content_Types].xml", "xl/workbook.xml"}
PACKED_BY = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
DECLARATIONS = (b"<!DOCTYPE", b"<!ENTITY")
PIECE = 256 * 1024
BYTE_ORDER_MARKS = b"\xef\xbb\xbf\xff\xfe"


def check_workbook(content: bytes) -> None:
    """Let only a plain workbook pass: a zip of known parts, no macros, no entities, bounded when unpacked.

    Raises RuleRefused (``file_too_large``, ``workbook_type_refused``, ``workbook_macros_refused``,
    ``workbook_too_large``).
    """
    if len(content) > MAXIMUM_BYTES:
        raise RuleRefused("file_too_large", _("The file is larger than 10 MB. Please choose a smaller one."))
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            if not names >= NEEDED or len(names) < len(parts) or any(part.flag_bits & 1 for part in parts):
                raise _no_workbook()
            if any(part.compress_type not in PACKED_BY for part in parts):
                raise _no_workbook()
            if any(name.lower().endswith(".bin") and "vba" in name.lower() for name in names):
                raise RuleRefused(
                    "workbook_macros_refused", _("The workbook contains macros. Save it as .xlsx without macros.")
                )
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_BYTES:
                raise _too_large()
            for part in parts:
                if part.file_size > SMALL and part.file_size > MOST_RATIO * max(part.compress_size, 1):
                    raise _too_large()
            for part in parts:
                _check_part(archive, part)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, ValueError, OSError) as error:
        raise _no_workbook() from error


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Search a whole part for declarations, whatever its name: any part may be called a sheet by the table of contents.

    Zero bytes are left out, so that two and four bytes a letter are searched as well. A part that begins with anything but
    a bracket could be written in letters that are no ASCII at all.
    """
    tail, first = b"", True
    with archive.open(part) as opened:
        while piece := opened.read(PIECE):
            piece = piece.replace(b"\x00", b"").upper()
            if first and part.filename.lower().endswith((".xml", ".rels")):
                if not piece.lstrip(BYTE_ORDER_MARKS).lstrip().startswith(b"<"):
                    raise _no_workbook()
                first = False
            if any(word in tail + piece for word in DECLARATIONS):
                raise _no_workbook()
            tail = (tail + piece)[-max(map(len, DECLARATIONS)) :]


def _no_workbook() -> RuleRefused:
    return RuleRefused(
        "workbook_type_refused",
        _("This is no Excel workbook (.xlsx) without a password. Open it in Excel or WPS and save it as .xlsx."),
    )


def _too_large() -> RuleRefused:
    return RuleRefused("workbook_too_large", _("The workbook is too large when unpacked. Split it into several files."))
