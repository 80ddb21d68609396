"""Blind indexes: equal values of one tenant give equal marks, and a mark says nothing without the tenant's key.

A mark is ``<key id>:<base64url(HMAC-SHA256, first 16 bytes)>``. While keys are being rotated a search asks for the mark
under every configured key, so nothing is missed between the first row and the last.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Callable

from kernel.crypto import cipher

MARK_BYTES = 16


def _phone(value: str) -> str:
    digits = re.sub(r"\D", "", value)
    # 0086 and +86 are how an export or a foreign phone writes the same mainland number.
    for prefix in ("0086", "86"):
        if digits.startswith(prefix) and len(digits) - len(prefix) == 11 and digits[len(prefix)] == "1":
            return digits[len(prefix) :]
    return digits


def _id_number(value: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", value.upper())


def _text(value: str) -> str:
    return " ".join(value.casefold().split())


NORMALISERS: dict[str, Callable[[str], str]] = {"phone": _phone, "id_number": _id_number, "text": _text}


def normalise(field: str, value: str) -> str:
    """``value`` as the index of ``field`` sees it: a phone by its digits without +86, an ID number in capitals.

    Full-width digits and letters count as plain ones. An unknown field is treated as text.
    """
    return NORMALISERS.get(field, _text)(unicodedata.normalize("NFKC", value))


def blind_index(field: str, value: str, *, last: int | None = None) -> str:
    """The mark under which ``value`` is stored, or that of its ``last`` characters; "" for an empty or too short value.

    ``field`` names the kind ("phone", "id_number"): the same phone gives the same mark in every table of a tenant,
    and a different one in every other tenant.
    """
    marks = _marks(field, value, last, (cipher.current_key_id(),))
    return marks[0] if marks else ""


def blind_candidates(field: str, value: str, *, last: int | None = None) -> list[str]:
    """The marks under which ``value`` may be stored: one per configured key. Empty for an empty value."""
    return _marks(field, value, last, cipher.key_ids())


def _marks(field: str, value: str, last: int | None, key_ids: tuple[str, ...]) -> list[str]:
    normal = normalise(field, value or "")
    if last is not None:
        normal = normal[-last:] if len(normal) >= last else ""
    if not normal:
        return []
    message = "\x1f".join((field, "full" if last is None else f"last{last}", normal)).encode()
    return [f"{key_id}:{_mark(cipher.tenant_key('index', key_id), message)}" for key_id in key_ids]


def _mark(key: bytes, message: bytes) -> str:
    digest = hmac.new(key, message, hashlib.sha256).digest()[:MARK_BYTES]
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
