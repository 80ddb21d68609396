"""Judging a spreadsheet (xlsx) by its bytes before anything opens it."""

from __future__ import annotations

import io
import zipfile

from django.utils.translation import gettext as _

from kernel.errors import RuleRefused

MOST_PARTS = 500
MOST_BYTES = 80 * 1024 * 1024
# A part that says less than this can hold what it likes.
SMALL = 1024 * 1024
MOST_RATIO = 200
NEEDED = {"[Content_Types].xml", "xl/workbook.xml"}


def check_workbook(content: bytes) -> None:
    """Let only a plain workbook pass: a zip of known parts, no macros, no entities, bounded when unpacked.

    Raises RuleRefused (``workbook_type_refused``, ``workbook_macros_refused``, ``workbook_too_large``).
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            if not names >= NEEDED or any(part.flag_bits & 1 for part in parts):
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
                if part.filename.endswith((".xml", ".rels")):
                    with archive.open(part) as opened:
                        if b"<!DOCTYPE" in opened.read(2048):
                            raise _no_workbook()
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, OSError) as error:
        raise _no_workbook() from error


def _no_workbook() -> RuleRefused:
    return RuleRefused(
        "workbook_type_refused",
        _("This is no Excel workbook (.xlsx) without a password. Open it in Excel or WPS and save it as .xlsx."),
    )


def _too_large() -> RuleRefused:
    return RuleRefused(
        "workbook_too_large", _("The workbook is too large when unpacked. Split it into several files.")
    )
