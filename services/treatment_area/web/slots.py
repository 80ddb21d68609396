"""What the treatment area puts into places of other rooms."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel.access import holds
from services.patients.models import Patient
from services.reception.machine import HOLDS_CHAIR, UNSEEN
from services.reception.models import Visit
from services.treatment_area import selectors
from services.treatment_area.models import Priority

VIEW = "treatment_area.view"


def visit_actions(request: HttpRequest, *, visit: Visit, **context: Any) -> list[dict[str, Any]]:
    """The way from a visit to what is kept beside the chair, as long as the guest is in the house."""
    if visit.state not in (*UNSEEN, *HOLDS_CHAIR) or not request.actor.can(VIEW):  # type: ignore[attr-defined]
        return []
    url = reverse("treatment_area:visit", args=[visit.code])
    return [{"key": "A", "label": _("Treatment area"), "url": url, "icon": "chair", "order": 40}]


def beside(request: HttpRequest, *, visit: Visit, **context: Any) -> list[dict[str, Any]]:
    """Beside a visit: who is inside with the guest, who took the guest over, what was answered."""
    if not holds(request.actor, VIEW, site=visit.site.code):  # type: ignore[attr-defined]
        return []
    stay = selectors.stay(visit)
    found: list[dict[str, Any]] = []
    if stay.priority is not None and stay.priority.state != "ended":
        found.append({"label": _("Needs help"), "value": stay.priority.get_reason_display(), "tone": "warn"})
    if visit.state in HOLDS_CHAIR or stay.entry is not None:
        signed = stay.entry.received_by_name if stay.entry is not None else _("no nurse has signed yet")
        found.append({"label": _("Taken over by"), "value": signed, "tone": "" if stay.entry else "warn"})
    for one in stay.inside:
        found.append({"label": _("Inside with the guest"), "value": f"{one.name} · {one.get_relation_display()}"})
    for note in stay.notes[-1:]:
        said = note.reply if note.state == "answered" else note.get_state_display()
        found.append({"label": _("Silent note"), "value": said, "tone": "warn" if note.state == "escalated" else ""})
    return found


def patient_badges(request: HttpRequest, patient: Patient) -> list[dict[str, Any]]:
    """The mark of a guest who needs help, beside the name."""
    if not request.actor.can(VIEW):  # type: ignore[attr-defined]
        return []
    mark = Priority.objects.filter(visit__patient=patient, state__in=("raised", "accompanied")).first()
    return [{"label": mark.get_reason_display(), "tone": "warn", "icon": "heart"}] if mark is not None else []
