"""What travels: form bodies in, JSON and Stripe-shaped errors out."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import parse_qsl

API_VERSION = "2026-10-28.endive"


class StripeFailure(Exception):
    """An answer in Stripe's error shape. With ``keep`` what was staged stays (a declined charge leaves its attempt)."""

    keep = False

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"type": kind, "message": message}
        if code:
            self.error |= {"code": code, "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"}
        if param:
            self.error["param"] = param
        self.error |= more

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        return {"error": self.error}


def missing(kind: str, identifier: str, param: str = "id") -> StripeFailure:
    """404 as Stripe words it."""
    return StripeFailure(404, f"No such {kind}: '{identifier}'", code="resource_missing", param=param)


def required(param: str) -> StripeFailure:
    """A parameter is absent."""
    return StripeFailure(400, f"Missing required param: {param}.", code="parameter_missing", param=param)


def refused(message: str, param: str | None = None, code: str | None = None) -> StripeFailure:
    """A parameter or a state is not acceptable."""
    return StripeFailure(400, message, param=param, code=code)


def new_id(prefix: str) -> str:
    """An identifier that looks like one of Stripe's."""
    return f"{prefix}_{secrets.token_hex(12)}"


def decode_form(text: str) -> dict[str, Any]:
    """Turn ``items[0][price]=p&metadata[a]=b`` into nested dicts and lists.

    Dicts whose keys are 0..n-1 become lists, as do ``expand[]`` keys.
    """
    root: dict[str, Any] = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        parts = key.replace("]", "").split("[")
        node = root
        for part in parts[:-1]:
            child = node.setdefault(part, {})
            if not isinstance(child, dict):
                raise refused(f"Invalid nesting in {key}", param=key)
            node = child
        last = parts[-1]
        if last == "":
            last = str(len(node))
        node[last] = value
    return _listed(root)


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    keys = list(value)
    # Metadata keys such as "0" are not distinguished from list positions; nobody sends those.
    if keys and all(key.isdigit() for key in keys):
        return [_listed(value[key]) for key in sorted(keys, key=int)]
    return {key: _listed(child) for key, child in value.items()}


def flag(params: dict[str, Any], name: str, default: bool = False) -> bool:
    """A boolean parameter."""
    value = params.get(name)
    if value is None:
        return default
    if value in (True, "true", "True", "1"):
        return True
    if value in (False, "false", "False", "0"):
        return False
    raise refused(f"Invalid boolean: {value}", param=name)


def whole(params: dict[str, Any], name: str, default: int | None = None, *, minimum: int = 0) -> int | None:
    """An integer parameter."""
    value = params.get(name)
    if value is None or value == "":
        return default
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise refused(f"Invalid integer: {value}", param=name) from None
    if number < minimum:
        raise refused(
            f"This value must be greater than or equal to {minimum}.", param=name, code="parameter_invalid_integer"
        )
    return number


def merged_metadata(old: dict[str, str], params: dict[str, Any]) -> dict[str, str]:
    """Stripe merges metadata key by key; an empty string removes one, an empty field removes all."""
    sent = params.get("metadata")
    if sent is None:
        return old
    if sent == "":
        return {}
    result = old | {key: str(value) for key, value in sent.items()}
    return {key: value for key, value in result.items() if value != ""}


def page_of(rows: list[dict[str, Any]], params: dict[str, Any], url: str) -> dict[str, Any]:
    """A list object, newest first, with ``limit``, ``starting_after`` and ``ending_before``."""
    limit = whole(params, "limit", 10, minimum=1) or 10
    if limit > 100:
        raise refused("Limit cannot exceed 100.", param="limit")
    ids = [row["id"] for row in rows]
    if after := params.get("starting_after"):
        if after not in ids:
            raise missing("object", after, "starting_after")
        rows = rows[ids.index(after) + 1 :]
    elif before := params.get("ending_before"):
        if before not in ids:
            raise missing("object", before, "ending_before")
        rows = rows[: ids.index(before)][-limit:]
    return {"object": "list", "data": rows[:limit], "has_more": len(rows) > limit, "url": url}


def listing(rows: list[dict[str, Any]], url: str) -> dict[str, Any]:
    """A complete embedded list."""
    return {"object": "list", "data": rows, "has_more": False, "total_count": len(rows), "url": url}
