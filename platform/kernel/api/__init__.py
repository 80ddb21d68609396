"""The base of every API operation: declared permissions, problem documents, idempotency, versions, pages, filters."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kernel.api.conditional import expected_version, with_etag
    from kernel.api.filters import Choice, Code, Day, Filters, Flag, Moment, Number, Text
    from kernel.api.pages import paged
    from kernel.api.permissions import SignedIn
    from kernel.api.serializers import OutSerializer, StrictSerializer
    from kernel.api.views import ApiView

_HOMES = {
    "ApiView": "views",
    "SignedIn": "permissions",
    "StrictSerializer": "serializers",
    "OutSerializer": "serializers",
    "paged": "pages",
    "expected_version": "conditional",
    "with_etag": "conditional",
    **dict.fromkeys(("Filters", "Text", "Choice", "Code", "Day", "Moment", "Number", "Flag"), "filters"),
}
__all__ = [
    "ApiView",
    "Choice",
    "Code",
    "Day",
    "Filters",
    "Flag",
    "Moment",
    "Number",
    "OutSerializer",
    "SignedIn",
    "StrictSerializer",
    "Text",
    "expected_version",
    "paged",
    "with_etag",
]


def __getattr__(name: str) -> Any:
    # The framework behind these names reads settings at import; apps must be loaded first.
    if name in _HOMES:
        return getattr(import_module(f"kernel.api.{_HOMES[name]}"), name)
    raise AttributeError(name)
