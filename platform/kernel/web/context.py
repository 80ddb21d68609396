"""Context processor of every page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from kernel.web.shell import Shell


def page_context(request: HttpRequest) -> dict[str, Any]:
    """``shell`` in every template: lazy, and one per request, however many templates render."""
    cached = getattr(request, "_shell", None)
    if cached is None:
        cached = request._shell = Shell(request)  # type: ignore[attr-defined]
    return {"shell": cached}
