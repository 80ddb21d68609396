"""The types of parameters: what may be typed in, what is stored, what the code gets, and what counts as tighter."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import time
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from kernel.errors import Malformed, RuleRefused
from kernel.registry import Param

_WHOLE = re.compile(r"-?\d{1,12}", re.ASCII)
_WALL = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d", re.ASCII)
_TRUE, _FALSE = {"true", "on", "yes", "1"}, {"false", "off", "no", "0", ""}
NUMBERS = {"int", "minutes", "days", "decimal"}
TEXT_LIMIT = 2_000


def to_stored(param: Param, value: Any) -> Any:
    """``value`` as JSON keeps it, checked against the definition. Text from a form is understood where it is exact.

    Raises Malformed (``parameter_malformed``) for the wrong kind of value, RuleRefused (``parameter_out_of_range``) for
    one outside of what the parameter allows. Without a minimum of its own a number may not be negative.
    """
    stored: Any = _READERS[param.kind](param, value)
    if param.kind in NUMBERS:
        _check_range(param, stored)
    elif param.kind == "choice" and stored not in param.choices:
        raise _refused(param, _("Choose one of: %(choices)s.") % {"choices": ", ".join(param.choices)})
    elif param.kind == "list":
        _check_members(param, stored)
    elif param.kind == "table":
        _check_members(param, stored.values())
    return stored


def to_python(param: Param, stored: Any) -> Any:
    """What the code gets: ``Decimal`` for decimals, ``datetime.time`` for times, a copy of lists and tables."""
    if param.kind == "decimal":
        return Decimal(str(stored))
    if param.kind == "time":
        return time.fromisoformat(stored) if isinstance(stored, str) else stored
    if param.kind == "list":
        return list(stored)
    if param.kind == "table":
        return dict(stored)
    return stored


def loosens(param: Param, *, locked: Any, wanted: Any) -> bool:
    """Would ``wanted`` be looser than the ``locked`` value of a wider scope? (Both as stored.)

    Where the definition knows no direction, anything else than the locked value is.
    """
    if wanted == locked:
        return False
    if param.tightens is None or param.kind in {"text", "list", "table"}:
        return True
    locked_rank, wanted_rank = _rank(param, locked), _rank(param, wanted)
    return wanted_rank > locked_rank if param.tightens == "lower" else wanted_rank < locked_rank


def _rank(param: Param, stored: Any) -> Any:
    if param.kind == "decimal":
        return Decimal(str(stored))
    if param.kind == "choice":
        return param.choices.index(stored) if stored in param.choices else -1
    return stored


def _whole(param: Param, value: Any) -> int:
    if isinstance(value, bool):
        raise _malformed(param, _("A whole number is needed."))
    if isinstance(value, int):
        return value
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    raise _malformed(param, _("A whole number is needed."))


def _decimal(param: Param, value: Any) -> str:
    try:
        # A float has lost what was typed before it came here.
        number = None if isinstance(value, (bool, float)) else Decimal(str(value).strip())
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite() or abs(number) >= 10**12:
        raise _malformed(param, _("A number is needed."))
    return format(number.normalize(), "f")


def _bool(param: Param, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else None
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise _malformed(param, _("Yes or no is needed."))


def _text(param: Param, value: Any) -> str:
    if not isinstance(value, str):
        raise _malformed(param, _("A text is needed."))
    if len(value) > TEXT_LIMIT:
        raise _refused(param, _("At most %(limit)s characters.") % {"limit": TEXT_LIMIT})
    return value.strip()


def _wall(param: Param, value: Any) -> str:
    text = value.strftime("%H:%M") if isinstance(value, time) else value
    if isinstance(text, str) and _WALL.fullmatch(text.strip()):
        return text.strip()
    raise _malformed(param, _("A time of day is needed, such as 16:30."))


def _list(param: Param, value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)) and all(_is_scalar(item) for item in value):
        return list(value)
    raise _malformed(param, _("A list is needed."))


def _table(param: Param, value: Any) -> dict[str, Any]:
    if isinstance(value, dict) and all(
        isinstance(name, str)
        and name.strip()
        and (_is_scalar(item) or (isinstance(item, (list, tuple)) and all(_is_scalar(part) for part in item)))
        for name, item in value.items()
    ):
        return {name.strip(): list(item) if isinstance(item, tuple) else item for name, item in value.items()}
    raise _malformed(param, _("A table of names and values is needed."))


_READERS: dict[str, Callable[[Param, Any], Any]] = {
    "int": _whole,
    "minutes": _whole,
    "days": _whole,
    "decimal": _decimal,
    "bool": _bool,
    "text": _text,
    "choice": _text,
    "time": _wall,
    "list": _list,
    "table": _table,
}


def _is_scalar(item: Any) -> bool:
    return isinstance(item, (str, int)) or item is None


def _check_members(param: Param, members: Any) -> None:
    flat = [part for item in members for part in (item if isinstance(item, list) else [item])]
    if param.choices and any(part not in param.choices for part in flat):
        raise _refused(param, _("Choose only from: %(choices)s.") % {"choices": ", ".join(param.choices)})
    for part in flat:
        if isinstance(part, int) and not isinstance(part, bool):
            _check_range(param, part)


def _check_range(param: Param, stored: Any) -> None:
    number = Decimal(str(stored))
    minimum = Decimal(0) if param.minimum is None else Decimal(str(param.minimum))
    if number < minimum:
        raise _refused(param, _("At least %(minimum)s.") % {"minimum": format(minimum.normalize(), "f")})
    if param.maximum is not None and number > Decimal(str(param.maximum)):
        raise _refused(
            param, _("At most %(maximum)s.") % {"maximum": format(Decimal(str(param.maximum)).normalize(), "f")}
        )


def _malformed(param: Param, sentence: str) -> Malformed:
    return Malformed("parameter_malformed", sentence, fields={"value": [sentence]}, parameter=param.key)


def _refused(param: Param, sentence: str) -> RuleRefused:
    return RuleRefused("parameter_out_of_range", sentence, fields={"value": [sentence]}, parameter=param.key)
