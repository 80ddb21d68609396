"""What the correction book shows on the page of a receipt."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from services.cashier.models import Receipt


def receipt_act(request: HttpRequest, *, receipt: Receipt, **context: Any) -> list[dict[str, Any]]:
    """The cashier who issued the receipt writes what is wrong with it."""
    actor = request.actor  # type: ignore[attr-defined]
    mine = receipt.cashier == actor.code and getattr(receipt, "void", None) is None
    if not mine or not actor.can("corrections.write", site=receipt.site.code):
        return []
    return [
        {"label": _("Something is wrong"), "url": reverse("corrections:write", args=[receipt.code]), "icon": "pencil"}
    ]
