"""What VIP shows on the pages of a patient and of a receipt."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import pgettext

from services.patients.models import Patient


def patient_tab(request: HttpRequest, *, patient: Patient, **context: Any) -> list[dict[str, Any]]:
    """The tab with the patient's cards, vouchers and the measures that they were told."""
    if not request.actor.can("vip.view"):  # type: ignore[attr-defined]
        return []
    url = reverse("vip:patient", args=[patient.code])
    return [{"key": "vip", "label": pgettext("tab", "VIP"), "url": url, "icon": "people"}]


def receipt_act(request: HttpRequest, *, receipt: Any, **context: Any) -> list[dict[str, Any]]:
    """From a receipt to the use of a card."""
    if not request.actor.can("vip.use", site=receipt.site.code):  # type: ignore[attr-defined]
        return []
    return [{"label": pgettext("tab", "VIP card"), "url": reverse("vip:use", args=[receipt.code]), "icon": "people"}]
