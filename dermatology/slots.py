"""What dermatology shows on a patient's page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from services.guest_care.introducing import Introducing
from services.patients.models import Patient

# Doctor and nurse are introduced, and what is special about the guest is passed on (FD-014).
INTRODUCTION = Introducing(nurse=True, precautions=True)


def patient_tab(request: HttpRequest, *, patient: Patient, **context: Any) -> list[dict[str, Any]]:
    """The tab with the patient's plans."""
    if not request.actor.can("dermatology.view"):  # type: ignore[attr-defined]
        return []
    return [
        {
            "key": "dermatology",
            "label": _("Follow-up classes"),
            "url": reverse("dermatology:of-patient", args=[patient.code]),
            "icon": "skin",
        }
    ]


def visit_actions(request: HttpRequest, *, visit: Any, **context: Any) -> list[dict[str, Any]]:
    """The way to report that a waiting guest is suddenly worse."""
    if visit.vertical not in ("", "dermatology") or not request.actor.can("dermatology.watch", site=visit.site.code):  # type: ignore[attr-defined]
        return []
    url = reverse("dermatology:changes-of", args=[visit.code])
    return [{"key": "", "label": _("Suddenly worse"), "url": url, "icon": "sos", "order": 90}]
