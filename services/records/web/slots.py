"""What charts put on the patient's page, for those who may read them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from services.patients.models import Patient
from services.records import selectors

SHOWN = 60


def chart_tab(request: HttpRequest, patient: Patient) -> dict[str, Any] | None:
    """The way to the chart."""
    if not request.actor.can("records.view"):
        return None
    return {
        "key": "chart",
        "label": _("Chart"),
        "icon": "clipboard",
        "url": reverse("records:chart", args=[patient.code]),
        "order": 10,
    }


def chart_timeline(request: HttpRequest, patient: Patient) -> list[dict[str, Any]]:
    """Treatments; their notes are read in the chart."""
    if not request.actor.can("records.view"):
        return []
    return [
        {
            "at": treatment.performed_at,
            "icon": "heart",
            "title": treatment.item.name,
            "text": treatment.item.category.name,
            "who": treatment.doctor.name,
            "tone": "ok",
            "kind": "treatment",
            "kind_label": _("Treatments"),
            "url": reverse("records:chart", args=[patient.code]),
        }
        for treatment in selectors.listed(request.actor, patient, selectors.treatments_of(patient))[:SHOWN]
    ]
