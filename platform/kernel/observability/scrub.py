"""Taking people out of what leaves for logs and error reports.

Two means. Known shapes (phone, ID number, e-mail, token, any long number, any Chinese text, which in this code base is
always somebody's data because source strings are English) are replaced wherever they stand. And fields whose names say
that they hold a person, a body or a secret are emptied as a whole, because a name has no shape.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

GONE = "[scrubbed]"
DEEPEST = 6

_SHAPES = re.compile(
    r"""
    (?P<keep>\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b)     # codes and request ids
    |(?P<token>\blz_[\w-]{20,}|\bsk_(?:live|test)_\w+|\bwhsec_\w+|\bBearer\s+[\w.~+/=-]+)
    |(?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)
    |(?P<phone>(?<!\w)(?:\+?\d{1,3}[\s-]?)?1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}(?!\w)|(?<!\w)\+\d[\d\s-]{6,}\d|\b[2-9]\d{3}[\s-]\d{4}\b)
    |(?P<number>\d{6,}[Xx]?)
    |(?P<words>[\u2e80-\u9fff\uf900-\ufaff\uff10-\uff5a\U00020000-\U0003134f]+)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_MARKS = {"token": "[secret]", "mail": "[mail]", "phone": "[phone]", "number": "[number]", "words": "[text]"}

SENSITIVE = re.compile(
    r"(?:^|_)(?:name|names|username|display|pinyin|initials|patient|person|people|customer|client|phone|mobile|tel|email|mail|"
    r"address|addr|id_number|identity|id_no|birth|birthday|birthdate|dob|sex|gender|note|notes|text|content|body|payload|data|"
    r"diagnosis|allergy|reason|message|comment|password|passwd|secret|token|authorization|cookie|cookies|session|csrf|otp|"
    r"signature|query|params|args|kwargs|answer|answers)(?:$|_)",
    re.IGNORECASE,
)
# Fields that sound sensitive and hold names of code or settings.
HARMLESS = frozenset(
    {"logger_name", "task_name", "module_name", "service_name", "content_type", "query_count", "event_name"}
)


def scrub_text(text: str) -> str:
    """``text`` without anything that has the shape of a person's data or of a secret."""

    def mark(match: re.Match[str]) -> str:
        kind = match.lastgroup or ""
        return match[0] if kind == "keep" else _MARKS[kind]

    return _SHAPES.sub(mark, text)


def is_sensitive(key: str) -> bool:
    """Does the name of this field say that its whole value must go?"""
    return key not in HARMLESS and bool(SENSITIVE.search(key))


def scrub(value: Any, key: str = "", depth: int = 0) -> Any:
    """``value`` as it may leave. Structures are followed; what cannot be read stays out."""
    if key and is_sensitive(key):
        return GONE
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return scrub_text(value)
    if depth >= DEEPEST:
        return GONE
    if isinstance(value, Mapping):
        return {scrub_text(str(name)): scrub(inner, str(name), depth + 1) for name, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [scrub(inner, "", depth + 1) for inner in value]
    return scrub_text(str(value)) if type(value).__module__ in {"uuid", "datetime", "decimal", "pathlib"} else GONE
