"""What the dental vertical shows on the pages of other rooms."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from dental.health import QUESTIONS, latest
from dental.selectors import guaranteed_or_in_grace, history, unready_models
from kernel import clock
from services.appointments.models import Appointment
from services.appointments.originals import Earlier
from services.patients.models import Patient


def visit_actions(request: HttpRequest, *, visit: Any, **context: Any) -> list[dict[str, Any]]:
    """How an appointment card is written, for whoever writes it (DE-013)."""
    may = request.actor.can("appointments.write_card")  # type: ignore[attr-defined]
    if not may or visit.vertical != "dental":
        return []
    return [{"label": _("Card guide"), "url": reverse("dental:card-guide"), "icon": "book", "order": 90}]


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


def patient_warnings(request: HttpRequest, *, patient: Patient, **context: Any) -> list[dict[str, Any]]:
    """What a dentist must know before treating: the yeses of the latest questions about health (DE-014)."""
    if not request.actor.can("dental.ask_health"):  # type: ignore[attr-defined]
        return []
    known = latest(patient, clock.today())
    if known is None or not known.alerts:
        return []
    text = _("; ").join(f"{QUESTIONS[key]} {words}".strip() for key, words in known.alerts)
    return [{"tone": "late", "icon": "warn", "title": pgettext("patient", "Health"), "text": text}]


def patient_next(request: HttpRequest, *, patient: Patient, **context: Any) -> list[dict[str, Any]]:
    """The questions about health that nobody has asked, or that were asked too long ago."""
    if not request.actor.can("dental.ask_health"):  # type: ignore[attr-defined]
        return []
    known = latest(patient, clock.today())
    if known is not None and not known.outdated:
        return []
    return [
        {
            "title": _("Ask about health") if known is None else _("Ask about health again"),
            "text": _("Before treatment: diseases, medicine, allergies, pregnancy."),
            "url": reverse("dental:health", args=[patient.code]),
            "tone": "warn",
            "icon": "heart",
            "order": 30,
        }
    ]


def appointment_warnings(request: HttpRequest, *, appointment: Appointment, **context: Any) -> list[dict[str, Any]]:
    """Before a fitting is confirmed: its models that are not received and checked yet (DE-021)."""
    return [
        {
            "tone": "late",
            "icon": "tooth",
            "title": _("Model %(number)s is not ready") % {"number": model.number},
            "text": _("%(state)s. Get it checked before the visit is confirmed, or move the visit.")
            % {"state": model.get_state_display()},
        }
        for model in unready_models(appointment)
    ]


def earlier_treatments(patient: Patient, day: date) -> Iterator[Earlier]:
    """Treated teeth whose doctor comes first on ``day`` if they make trouble: guaranteed, or just past it (AP-024)."""
    for found in guaranteed_or_in_grace(patient, day):
        yield Earlier(
            code=found.original.code,
            label=f"{found.original.tooth} {found.original.treatment.item.name}",
            doctor=found.original_doctor,
            guaranteed_until=found.until,
            first_until=found.original_doctor_until,
        )
