"""What complaints put into places of other rooms: the way to the intake with what is known filled in (CP-030)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from services.complaints import selectors
from services.patients.models import Patient

SHOWN = 20


def _way(request: HttpRequest, site: UUID | None, **known: Any) -> list[dict[str, Any]]:
    if not request.actor.can("complaints.receive", site=site):  # type: ignore[attr-defined]
        return []
    query = urlencode({name: value for name, value in known.items() if value})
    url = f"{reverse('complaints:new')}?{query}"
    return [{"label": _("Open a complaint"), "url": url, "icon": "complaint", "order": 80}]


def patient_tab(request: HttpRequest, *, patient: Patient, **context: Any) -> list[dict[str, Any]]:
    """The tab from which somebody takes in what the patient says."""
    return [
        {
            "key": "complaints",
            "label": pgettext("tab", "Complaint or feedback"),
            "url": one["url"],
            "icon": "complaint",
            "order": 75,
        }
        for one in _way(request, None, patient=patient.code)
    ]


def patient_timeline(request: HttpRequest, *, patient: Patient, **context: Any) -> list[dict[str, Any]]:
    """The cases of a patient, for whoever reads them."""
    rows = selectors.complaints(request.actor).filter(patient=patient)[:SHOWN]  # type: ignore[attr-defined]
    return [
        {
            "at": one.received_at,
            "icon": "complaint",
            "title": _("Complaint %(number)s") % {"number": one.number},
            "text": str(one.get_state_display()),
            "who": one.receiver_name,
            "url": reverse("complaints:complaint", args=[one.code]),
            "kind": "complaints",
            "kind_label": pgettext("nav", "Complaints and feedback"),
        }
        for one in rows
    ]


def visit_actions(request: HttpRequest, *, visit: Any, **context: Any) -> list[dict[str, Any]]:
    """From a visit to a complaint about it."""
    return _way(request, visit.site.code, visit=visit.code)


def call_actions(request: HttpRequest, *, call: Any, **context: Any) -> list[dict[str, Any]]:
    """From a phone call of a complaint to its case."""
    if call.purpose != "complaint":
        return []
    patient = call.patient.code if call.patient is not None else None
    return _way(request, call.site.code, patient=patient, channel="phone", source="call", source_code=call.code)


def followup_actions(request: HttpRequest, *, followup: Any, **context: Any) -> list[dict[str, Any]]:
    """From a follow-up that found a problem to a complaint."""
    plan = followup.plan
    return _way(
        request, plan.site.code, patient=plan.patient.code, channel="follow_up", source="follow_up",
        source_code=followup.code, accused=plan.doctor.code if plan.doctor is not None else None,
    )  # fmt: skip


def assignment_actions(request: HttpRequest, *, assignment: Any, **context: Any) -> list[dict[str, Any]]:
    """From a decision on the doctor that the patient wanted otherwise to a complaint about the doctor they left."""
    if assignment.owner is None or assignment.deviation not in ("dissatisfied", "patient_wish"):
        return []
    left_angry = assignment.deviation == "dissatisfied"
    return _way(
        request, assignment.site.code, patient=assignment.patient.code, source="doctor_change",
        source_code=assignment.code, category="doctor_change" if left_angry else "original_declined",
        accused=assignment.owner.code,
    )  # fmt: skip


def concern_actions(request: HttpRequest, *, concern: Any, **context: Any) -> list[dict[str, Any]]:
    """From what was reported in the waiting area to a complaint."""
    visit = concern.visit.code if concern.visit is not None else None
    category = "wait" if concern.kind == "long_wait" else None
    return _way(
        request, concern.site.code, visit=visit, channel="waiting", source="wait", source_code=concern.code,
        category=category,
    )  # fmt: skip
