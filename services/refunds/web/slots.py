"""What refunds show on the pages of a patient and of a receipt."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kernel import money
from services.patients.models import Patient
from services.refunds import selectors


def patient_tab(request: HttpRequest, *, patient: Patient, **context: Any) -> list[dict[str, Any]]:
    """The tab from which a doctor begins a change or refund."""
    if not request.actor.can("refunds.request"):  # type: ignore[attr-defined]
        return []
    url = reverse("refunds:begin", args=[patient.code])
    return [{"key": "refunds", "label": pgettext("tab", "Change or refund"), "url": url, "icon": "cash"}]


def receipt_act(request: HttpRequest, *, receipt: Any, **context: Any) -> list[dict[str, Any]]:
    """From a receipt to a change or refund of its items."""
    if receipt.slip_id is None or not request.actor.can("refunds.request", site=receipt.site.code):  # type: ignore[attr-defined]
        return []
    url = reverse("refunds:begin", args=[receipt.patient.code])
    return [{"label": pgettext("tab", "Change or refund"), "url": url, "icon": "undo"}]


def patient_timeline(request: HttpRequest, *, patient: Patient, **context: Any) -> list[dict[str, Any]]:
    """The last refunds, for the timeline."""
    rows = selectors.refunds(request.actor).filter(patient=patient)[:20]  # type: ignore[attr-defined]
    return [
        {
            "at": one.filled_at,
            "icon": "undo",
            "title": _("Refund %(number)s") % {"number": one.number},
            "text": f"{money.yuan(one.amount_fen, grouped=True)} · {one.get_state_display()}",
            "who": one.doctor.name,
            "url": reverse("refunds:refund", args=[one.code]),
        }
        for one in rows
    ]
