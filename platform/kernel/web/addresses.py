"""Addresses of many rows: a board names hundreds of them, and each look into the routes costs more than the rest of its row."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.urls import reverse

_STAND_IN = UUID(int=0)


def addresses(name: str) -> Callable[[UUID], str]:
    """``reverse(name, args=[code])`` as a function of ``code``, for a route whose only argument is a code.

    The routes are asked once, for the tenant of the moment: make it where the page is made and keep it no longer.
    Raises NoReverseMatch as ``reverse`` does.
    """
    before, _code, after = reverse(name, args=[_STAND_IN]).partition(str(_STAND_IN))
    return lambda code: f"{before}{code}{after}"
