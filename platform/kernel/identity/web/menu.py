"""What this room adds to the menu of the person who is signed in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _


def account_entry(request: HttpRequest) -> dict[str, Any]:
    """The way to one's own password, second factor, sessions and apps."""
    return {"label": _("Your account"), "url": reverse("mfa_index"), "icon": "key", "order": 10}
