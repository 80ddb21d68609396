"""What the dental vertical shows on a patient's page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from dental.selectors import history
from services.patients.models import Patient


def patient_tab(request: HttpRequest, *, patient: Patient, **context: Any) -> list[dict[str, Any]]:
    """The tab with the chart of teeth."""
    if not request.actor.can("dental.view"):  # type: ignore[attr-defined]
        return []
    return [
        {"key": "dental", "label": _("Teeth"), "url": reverse("dental:teeth", args=[patient.code]), "icon": "tooth"}
    ]


def patient_timeline(request: HttpRequest, *, patient: Patient, **context: Any) -> list[dict[str, Any]]:
    """Treatments of teeth, for the timeline."""
    actor = request.actor  # type: ignore[attr-defined]
    if not actor.can("dental.view"):
        return []
    return [
        {
            "at": row.treatment.performed_at,
            "icon": "tooth",
            "title": f"{row.tooth} {row.treatment.item.name}",
            "text": _("struck through")
            if row.treatment.voided_at
            else _("guaranteed until %(day)s") % {"day": row.warranty_until},
            "who": row.treatment.doctor.name,
        }
        for row in history(actor, patient)[:20]
    ]
