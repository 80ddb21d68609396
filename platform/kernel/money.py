"""Money is whole fen (1/100 yuan) in an ``int``. Nothing here knows a float, and rounding happens in one place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

_YUAN = re.compile(r"(?P<sign>[-+]?)[¥￥]?(?P<whole>\d{1,3}(?:,\d{3})+|\d{1,15})(?:\.(?P<part>\d{1,2}))?", re.ASCII)


class InvalidAmount(ValueError):
    """Not an amount of money: letters, more than two decimals, a float."""


def fen(text: str | int | Decimal) -> int:
    """The fen of an amount in yuan: ``fen("1050.30") == 105030``. Whole yuan may come as ``int``.

    Accepts a sign, a currency mark and well-placed thousands commas. Never rounds.

    Raises InvalidAmount for anything else, floats and booleans included.
    """
    if isinstance(text, bool) or not isinstance(text, (str, int, Decimal)):
        raise InvalidAmount(f"not an amount in yuan: {type(text).__name__}")
    if isinstance(text, Decimal):
        text = format(text.normalize(), "f") if text.is_finite() else str(text)
    match = _YUAN.fullmatch(str(text).strip())
    if match is None:
        raise InvalidAmount("not an amount in yuan with at most two decimals")
    value = int(match["whole"].replace(",", "")) * 100 + int((match["part"] or "").ljust(2, "0"))
    return -value if match["sign"] == "-" else value


def yuan(amount: int, *, grouped: bool = False) -> str:
    """``amount`` fen as plain yuan with two decimals, ``"1050.30"``; ``grouped`` sets thousands commas."""
    sign, whole, part = "-" if amount < 0 else "", abs(amount) // 100, abs(amount) % 100
    return f"{sign}{whole:,}.{part:02d}" if grouped else f"{sign}{whole}.{part:02d}"


def round_half_up(numerator: int, denominator: int) -> int:
    """``numerator / denominator`` as a whole number; halves go away from zero, so a refund mirrors its charge.

    Raises ZeroDivisionError.
    """
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    quotient, rest = divmod(abs(numerator), denominator)
    rounded = quotient + (1 if 2 * rest >= denominator else 0)
    return -rounded if numerator < 0 else rounded


def rate_of(amount: int, basis_points: int) -> int:
    """The share of ``amount`` fen that ``basis_points`` say (10,000 = all of it), rounded half up to whole fen."""
    return round_half_up(amount * basis_points, 10_000)


def times(amount: int, quantity: int | Decimal) -> int:
    """``amount`` fen times ``quantity`` (2.5 units), rounded half up to whole fen."""
    numerator, denominator = quantity.as_integer_ratio()
    return round_half_up(amount * numerator, denominator)


def allocate(amount: int, weights: Sequence[int]) -> list[int]:
    """Split ``amount`` fen in proportion to ``weights`` (none negative) so that the parts add up exactly.

    The fen that rounding leaves over go to the largest remainders, the earlier part first among equals. Where every
    weight is 0 the split is even.

    Raises ValueError for no or negative weights.
    """
    if not weights or any(weight < 0 for weight in weights):
        raise ValueError("weights are needed, and none may be negative")
    shares = list(weights) if any(weights) else [1] * len(weights)
    total, whole = sum(shares), abs(amount)
    parts = [whole * share // total for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda i: (-(whole * shares[i] % total), i))
    for index in by_remainder[: whole - sum(parts)]:
        parts[index] += 1
    return [-part for part in parts] if amount < 0 else parts
