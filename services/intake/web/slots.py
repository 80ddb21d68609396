"""What the first visit puts into places of other rooms."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kernel.access import holds
from services.intake import findings, seating, selectors
from services.intake.models import IntakeSheet
from services.patients.models import Patient
from services.reception.machine import HOLDS_CHAIR, UNSEEN
from services.reception.models import Visit

VIEW = "intake.view"
SHOWN = 5


def visit_actions(request: HttpRequest, *, visit: Visit, **context: Any) -> list[dict[str, Any]]:
    """The way from a visit to its first-visit form, as long as the visitor is in the house."""
    if not visit.is_first or visit.state not in (*UNSEEN, *HOLDS_CHAIR):
        return []
    if not request.actor.can(VIEW):  # type: ignore[attr-defined]
        return []
    url = reverse("intake:of-visit", args=[visit.code])
    return [{"key": "Y", "label": _("First-visit form"), "url": url, "icon": "clipboard", "order": 15}]


def beside(request: HttpRequest, *, visit: Visit, **context: Any) -> list[dict[str, Any]]:
    """Beside a visit: where its form stands, what is special, and to whom it was handed over."""
    if not holds(request.actor, VIEW, site=visit.site.code):  # type: ignore[attr-defined]
        return []
    sheet = _sheet(request, visit)
    if sheet is None:
        if seating.demanded(visit):
            return [{"label": _("First-visit form"), "value": _("not begun yet"), "tone": "warn"}]
        return []
    places = findings.places(sheet)
    found: list[dict[str, Any]] = [{"label": _("First-visit form"), "value": sheet.get_state_display()}]
    if places.found:
        words = _("; ").join(places.in_words)
        found.append({"label": _("Special circumstances"), "value": words, "tone": "late"})
        found += [
            {"label": _("Before the chair"), "value": seating.CURES[one], "tone": "late"} for one in places.missing
        ]
    given = places.hand_over
    if given is not None:
        value = _("%(giver)s to %(receiver)s") % {"giver": given.giver_name, "receiver": given.receiver.name}
        found.append(
            {
                "label": pgettext("first visit", "Passed on"),
                "value": value,
                "tone": "" if given.acknowledged_at else "warn",
            }
        )
    return found


def patient_warnings(request: HttpRequest, *, patient: Patient, **context: Any) -> list[dict[str, Any]]:
    """What stands out on the last form, and which of its three places are missing."""
    if not request.actor.can(VIEW):  # type: ignore[attr-defined]
        return []
    sheet = _latest(request, patient)
    places = findings.places(sheet) if sheet is not None else None
    if places is None or not places.found:
        return []
    text = _("; ").join(places.in_words)
    if sheet is not None and sheet.visit is not None and sheet.visit.state in UNSEEN and places.missing:
        text = _("%(words)s. Still missing: %(missing)s.") % {
            "words": text,
            "missing": _("; ").join(str(seating.CURES[one]) for one in places.missing),
        }
    return [{"tone": "late", "icon": "warn", "title": _("First visit: special circumstances"), "text": text}]


def patient_timeline(request: HttpRequest, *, patient: Patient, **context: Any) -> list[dict[str, Any]]:
    """The forms of the patient."""
    actor = request.actor  # type: ignore[attr-defined]
    if not actor.can(VIEW):
        return []
    return [
        {
            "at": sheet.started_at,
            "icon": "clipboard",
            "title": _("First-visit form"),
            "text": sheet.get_state_display(),
            "who": sheet.checked_by_name or sheet.started_by_name,
            "url": reverse("intake:sheet", args=[sheet.code]),
            "kind": "intake",
            "kind_label": _("First visit"),
        }
        for sheet in selectors.of_patient(actor, patient)[:SHOWN]
    ]


def patient_next(request: HttpRequest, *, patient: Patient, **context: Any) -> list[dict[str, Any]]:
    """The form that the desk has not handed over yet."""
    if not request.actor.can("intake.fill"):  # type: ignore[attr-defined]
        return []
    sheet = _latest(request, patient)
    if sheet is None or sheet.state not in ("filling", "to_sign", "signed"):
        return []
    return [
        {
            "title": _("Finish the first-visit form"),
            "text": sheet.get_state_display(),
            "url": reverse("intake:sheet", args=[sheet.code]),
            "tone": "warn",
            "icon": "clipboard",
            "order": 15,
        }
    ]


def _sheet(request: HttpRequest, visit: Visit) -> IntakeSheet | None:
    """The form of a visit, asked for once per request."""
    known: dict[int, IntakeSheet | None] = request.__dict__.setdefault("_intake_sheets", {})
    if visit.pk not in known:
        known[visit.pk] = selectors.sheet_of(visit)
    return known[visit.pk]


def _latest(request: HttpRequest, patient: Patient) -> IntakeSheet | None:
    """The last form of a patient, asked for once per request."""
    known: dict[int, IntakeSheet | None] = request.__dict__.setdefault("_latest_intake", {})
    if patient.pk not in known:
        known[patient.pk] = selectors.latest_of(patient)
    return known[patient.pk]
