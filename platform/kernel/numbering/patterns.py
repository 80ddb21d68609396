"""Patterns of numbers: text with ``{number:6}``, ``{period}`` and ``{entity}`` in it.

Not ``str.format``: a pattern is typed in by a tenant, and format strings reach into objects.
"""

from __future__ import annotations

import re
from datetime import date

from django.utils.translation import gettext as _

from kernel.errors import RuleRefused

_SLOT = re.compile(r"\{(?P<name>number|period|entity)(?::(?P<width>[1-9]|1[0-2]))?\}")
_FORBIDDEN = re.compile(r"[{}\s\x00-\x1f]")


def check_pattern(pattern: str, *, periodic: bool) -> None:
    """Raises RuleRefused unless ``pattern`` keeps numbers apart: it names the number, and the period where there is
    one.
    """
    names = [match["name"] for match in _SLOT.finditer(pattern)]
    rest = _SLOT.sub("", pattern)
    if names.count("number") != 1 or _FORBIDDEN.search(rest) or len(pattern) > 80:
        raise RuleRefused(
            "invalid_number_pattern",
            _("A pattern holds {number} exactly once, no spaces, and only {period} and {entity} beside it."),
            fields={"pattern": [_("Not a valid pattern.")]},
        )
    if periodic and "period" not in names:
        raise RuleRefused(
            "number_pattern_without_period",
            _("The series begins at 1 again each period: without {period} two documents would share a number."),
            fields={"pattern": [_("{period} is missing.")]},
        )


def write(pattern: str, *, number: int, entity: str, period: str) -> str:
    """The number as the pattern writes it; ``{number:6}`` is filled with zeros to six digits and never cut."""
    values = {"number": str(number), "entity": entity, "period": period}
    return _SLOT.sub(lambda slot: values[slot["name"]].zfill(int(slot["width"] or 0)), pattern)


def period_of(day: date, reset: str) -> str:
    """The period that ``day`` belongs to: "2026", "202612", "20261214", or "" for a series that never begins again."""
    return {"year": f"{day:%Y}", "month": f"{day:%Y%m}", "day": f"{day:%Y%m%d}"}.get(reset, "")
