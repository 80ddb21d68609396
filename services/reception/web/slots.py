"""What the front desk puts into places of other rooms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db.models import F
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel.context import Actor
from kernel.web.formatting import clockface, hhmm
from kernel.web.slots import slot_items
from services.appointments.selectors import card_of_visit, next_of_patient, of_patient
from services.patients.models import Patient
from services.reception import selectors
from services.reception.classes import classes_of
from services.reception.machine import HOLDS_CHAIR, UNSEEN
from services.reception.models import Visit

SHOWN = 20
TREATS = {"doctor", "specialist", "chief_physician", "nurse", "assistant", "head_nurse"}


def stages() -> tuple[Any, Callable[[str], tuple[str, str]]]:
    """What has become of bookings (``appointments.stages``): the state of the visit of each, and how it reads."""
    return F("visit__state"), selectors.stage_of


def patient_states(patients: Sequence[Patient]) -> Mapping[int, tuple[str, str]]:
    """Where each of these patients is now (``patient.states``): one query."""
    rows = Visit.objects.filter(
        patient__in=list(patients), state__in=(*UNSEEN, *HOLDS_CHAIR, "left", "at_cashier")
    ).select_related("chair")
    return {
        visit.patient_id: (selectors.LOOKS[visit.state], visit.chair.name if visit.chair is not None else "")
        for visit in rows
    }


def patient_badges(request: HttpRequest, patient: Patient) -> list[dict[str, Any]]:
    """The class of the visit (where there are none: first or return), and an emergency, beside the name."""
    visit = _here(request, patient)
    if visit is None:
        return []
    known = classes_of(visit.vertical)
    word = known.classes.get(visit.visit_class) if known is not None else None
    badges = [{"label": word or (_("first visit") if visit.is_first else _("return visit")), "tone": "plain"}]
    if visit.emergency:
        badges.append({"label": _("emergency"), "tone": "late", "icon": "sos"})
    return badges


def patient_actions(request: HttpRequest, patient: Patient) -> list[dict[str, Any]]:
    """Book, and check in or see the present visit."""
    actor, found = request.actor, []
    if actor.can("appointments.book"):
        url = f"{reverse('appointments:new')}?patient={patient.code}"
        found.append({"label": _("Book"), "url": url, "key": "B", "icon": "calendar", "order": 20})
    visit = _here(request, patient)
    if visit is not None:
        url = reverse("reception:visit", args=[visit.code])
        found.append({"label": _("Present visit"), "url": url, "key": "G V", "icon": "chair", "order": 10})
        found += slot_items("visit.actions", request, visit=visit)
    elif actor.can("reception.check_in"):
        url = f"{reverse('reception:check-in')}?patient={patient.code}"
        found.append({"label": _("Check in"), "url": url, "key": "C", "icon": "pin", "kind": "primary", "order": 10})
    return found


def patient_next(request: HttpRequest, patient: Patient) -> list[dict[str, Any]]:
    """The next booking, or the card that is still to be written."""
    found: list[dict[str, Any]] = []
    if not request.actor.can("appointments.view"):
        return found
    visit = _here(request, patient)
    if visit is not None and visit.state in (*HOLDS_CHAIR, "left", "at_cashier") and card_of_visit(visit.code) is None:
        found.append(
            {
                "title": _("Write the appointment card"),
                "text": _("No next time and not “treatment complete”."),
                "url": reverse("reception:visit", args=[visit.code]) + "#card",
                "tone": "late",
                "icon": "calendar",
                "order": 10,
            }
        )
    booked = next_of_patient(patient)
    if booked is not None:
        found.append(
            {
                "title": _("Next visit"),
                "text": f"{booked.starts_at.astimezone(booked.site.timezone):%Y-%m-%d %H:%M} {booked.doctor.name}",
                "url": reverse("appointments:appointment", args=[booked.code]),
                "icon": "calendar",
                "order": 20,
            }
        )
    return found


def patient_timeline(request: HttpRequest, patient: Patient) -> list[dict[str, Any]]:
    """Visits and bookings of the patient."""
    items: list[dict[str, Any]] = []
    if request.actor.can("reception.view"):
        items += [_visit_item(visit) for visit in _visits(patient)]
    if request.actor.can("appointments.view"):
        for booking in of_patient(patient).filter(state__in=["cancelled", "no_show"])[:SHOWN]:
            missed = booking.state == "no_show"
            items.append(
                {
                    "at": booking.starts_at,
                    "icon": "no-show" if missed else "close",
                    "title": _("Did not come") if missed else _("Visit cancelled"),
                    "text": booking.cancel_reason,
                    "who": booking.doctor.name,
                    "tone": "late" if missed else "",
                    "url": reverse("appointments:appointment", args=[booking.code]),
                    "kind": "booking",
                    "kind_label": _("Bookings"),
                }
            )
    return items


def patient_purpose(actor: Actor, patient: Patient) -> str | None:
    """Somebody who treats opens the file of a patient who is here: treatment."""
    if not actor.roles & TREATS:
        return None
    here = Visit.objects.filter(patient=patient, state__in=(*UNSEEN, *HOLDS_CHAIR, "left"))
    return "treatment" if here.exists() else None


def _visits(patient: Patient) -> list[Visit]:
    rows = Visit.objects.filter(patient=patient).select_related("site", "doctor").prefetch_related("explanations")
    return list(rows.order_by("-arrived_at")[:SHOWN])


def _visit_item(visit: Visit) -> dict[str, Any]:
    text = ""
    if visit.wait_seconds is not None:
        text = _("waited %(time)s") % {"time": clockface(visit.wait_seconds)}
        if selectors.is_unexplained(visit) and selectors.is_measured(visit):
            text = _("waited %(time)s, unexplained") % {"time": clockface(visit.wait_seconds)}
    return {
        "at": visit.arrived_at,
        "icon": "door",
        "title": f"{selectors.visit_word(visit.vertical)}: {visit.get_state_display()}",
        "text": f"{hhmm(visit.arrived_at, visit.site)} {visit.site.short_name} {text}".strip(),
        "who": visit.doctor.name,
        "tone": "ok" if visit.led_in_at else "warn",
        "url": reverse("reception:visit", args=[visit.code]),
        "kind": "visit",
        "kind_label": _("Visits"),
    }


def _here(request: HttpRequest, patient: Patient) -> Visit | None:
    """The present visit, asked for once per request."""
    known: dict[int, Visit | None] = request.__dict__.setdefault("_visits_here", {})
    if patient.pk not in known:
        rows = Visit.objects.filter(patient=patient, state__in=(*UNSEEN, *HOLDS_CHAIR, "left", "at_cashier"))
        known[patient.pk] = rows.select_related("site", "chair").first()
    return known[patient.pk]
