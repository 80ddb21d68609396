"""What paper charts put on the patient's pages."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from services.charts.models import Transcription
from services.patients.models import Patient

SHOWN = 60


def paper_tab(request: HttpRequest, patient: Patient) -> dict[str, Any] | None:
    """The way to the paper chart: requests, prints, transcriptions."""
    if not request.actor.can("charts.release"):
        return None
    url = reverse("charts:of-patient", args=[patient.code])
    return {"key": "paper", "label": _("Paper chart"), "icon": "file", "url": url, "order": 40}


def transcriptions(request: HttpRequest, patient: Patient) -> str | None:
    """What was copied from the paper chart, under the electronic one, for whoever reads that."""
    if not request.actor.can("records.view"):
        return None
    rows = list(
        Transcription.objects.filter(patient=patient).select_related("site").order_by("-written_on", "-id")[:SHOWN]
    )
    if not rows:
        return None
    return render_to_string("charts/_transcribed.html", {"rows": rows}, request)
