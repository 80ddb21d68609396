"""What consents put on the patient's page."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from services.patients.models import Patient


def consents_tab(request: HttpRequest, patient: Patient) -> dict[str, Any] | None:
    """The way to what was signed and disclosed."""
    if not request.actor.can("consents.view"):
        return None
    url = reverse("consents:of-patient", args=[patient.code])
    return {"key": "consents", "label": _("Consents"), "icon": "sign", "url": url, "order": 30}
