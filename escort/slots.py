"""What the escort vertical shows on a client's page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from services.patients.models import Patient


def patient_actions(request: HttpRequest, *, patient: Patient, **context: Any) -> list[dict[str, Any]]:
    """An enquiry begins with the client's file."""
    if not request.actor.can("escort.enquire"):  # type: ignore[attr-defined]
        return []
    url = f"{reverse('escort:new')}?patient={patient.code}"
    return [{"label": _("New escort order"), "url": url, "key": "O", "icon": "walk", "order": 30}]
