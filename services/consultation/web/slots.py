"""What consultation puts on the pages of a patient and of a visit."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from services.consultation import selectors
from services.patients.models import Patient

SHOWN = 20


def patient_tab(request: HttpRequest, patient: Patient) -> dict[str, Any] | None:
    """The way to a patient's consultations."""
    if not request.actor.can("consultation.view"):
        return None
    url = reverse("consultation:of-patient", args=[patient.code])
    return {
        "key": "consultation", "label": pgettext("consultation", "Consultations"), "icon": "message", "url": url, "order": 55,
    }  # fmt: skip


def patient_timeline(request: HttpRequest, patient: Patient) -> list[dict[str, Any]]:
    """What was advised, and what became of it."""
    if not request.actor.can("consultation.view"):
        return []
    return [
        {
            "at": row.started_at or row.opened_at,
            "icon": "message",
            "title": f"{_('Consultation')}: {row.get_channel_display()}",
            "text": row.get_state_display(),
            "who": row.consultant.name if row.consultant is not None else "",
            "url": reverse("consultation:consultation", args=[row.code]),
            "kind": "consultation",
            "kind_label": pgettext("nav", "Consultation"),
        }
        for row in selectors.of_patient(request.actor, patient)[:SHOWN]
    ]


def visit_actions(request: HttpRequest, *, visit: Any, **context: Any) -> list[dict[str, Any]]:
    """From a visit to the consultant, for whoever keeps the list."""
    if not request.actor.can("consultation.open"):
        return []
    url = f"{reverse('consultation:new')}?visit={visit.code}"
    return [{"label": _("To the consultant"), "url": url, "icon": "message", "order": 40}]
