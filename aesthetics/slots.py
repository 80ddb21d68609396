"""What aesthetics shows on a patient's page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from services.patients.models import Patient


def patient_tab(request: HttpRequest, *, patient: Patient, **context: Any) -> list[dict[str, Any]]:
    """The tab with the patient's procedures."""
    if not request.actor.can("aesthetics.view"):  # type: ignore[attr-defined]
        return []
    return [
        {
            "key": "aesthetics",
            "label": _("Procedures"),
            "url": reverse("aesthetics:of-patient", args=[patient.code]),
            "icon": "flower",
        }
    ]
