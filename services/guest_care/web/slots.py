"""What guest care puts into places of other rooms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel.access import holds
from services.guest_care import selectors
from services.guest_care.models import ObservationNote, TreatmentReminder
from services.patients.models import Patient
from services.reception.machine import HOLDS_CHAIR, UNSEEN
from services.reception.models import Visit
from services.sites.models import Site

VIEW = "guest_care.view"


def visit_actions(request: HttpRequest, *, visit: Visit, **context: Any) -> list[dict[str, Any]]:
    """The way from a visit to everything that is done for the guest."""
    actor = request.actor  # type: ignore[attr-defined]
    if not actor.can("guest_care.log") and not actor.can("guest_care.read_observations"):
        return []
    url = reverse("guest_care:visit", args=[visit.code])
    return [{"key": "G Y", "label": _("Guest care"), "url": url, "icon": "heart", "order": 50}]


def beside(request: HttpRequest, *, visit: Visit, **context: Any) -> list[dict[str, Any]]:
    """Beside a visit: what is still to be given, and what the desk noticed, for the doctor alone (FD-034)."""
    actor = request.actor  # type: ignore[attr-defined]
    found: list[dict[str, Any]] = []
    if holds(actor, VIEW, site=visit.site.code):
        for one in selectors.reminders_of([visit.code]):
            found.append({"label": one.get_kind_display(), "value": one.words or _("to be done"), "tone": "warn"})
    if holds(actor, "guest_care.read_observations", site=visit.site.code):
        for note in ObservationNote.objects.filter(visit=visit):
            found.append({"label": _("Noticed by the desk"), "value": f"{note.words} · {note.by_name}"})
    return found


def visit_timeline(request: HttpRequest, *, visit: Visit, **context: Any) -> list[dict[str, Any]]:
    """The steps of the service among the moments of a visit (FD-039)."""
    if not holds(request.actor, VIEW, site=visit.site.code):  # type: ignore[attr-defined]
        return []
    return moments_of(selectors.care_of(visit))


def moments_of(care: selectors.Care) -> list[dict[str, Any]]:
    """What was done for a guest, as moments of a timeline. Observations of the desk are not among them."""
    items = [
        {"at": one.at, "icon": "heart", "title": one.item.title, "text": one.remark, "who": one.by_name}
        for one in care.steps
    ]
    if care.introduction is not None:
        names = [care.introduction.doctor.name, care.introduction.nurse.name if care.introduction.nurse else ""]
        items.append(
            {
                "at": care.introduction.at,
                "icon": "person",
                "title": _("Handed over to %(names)s") % {"names": " · ".join(filter(None, names))},
                "text": care.introduction.purpose,
                "who": care.introduction.by_name,
            }
        )
    for handed in care.passes:
        title = _("Passed from %(here)s to %(there)s") % {
            "here": handed.get_from_post_display(), "there": handed.get_to_post_display()
        }  # fmt: skip
        items.append({"at": handed.at, "icon": "walk", "title": title, "text": handed.note, "who": handed.by_name})
        if handed.acknowledged_at is not None:
            items.append(
                {
                    "at": handed.acknowledged_at,
                    "icon": "check",
                    "title": _("Taken over: %(there)s") % {"there": handed.get_to_post_display()},
                    "who": handed.acknowledged_by_name,
                }
            )
    for piece in care.luggage:
        items.append({"at": piece.at, "icon": "box", "title": _("Luggage %(tag)s taken") % {"tag": piece.tag},
                      "text": piece.description, "who": piece.by_name})  # fmt: skip
        if piece.returned_at is not None:
            items.append({"at": piece.returned_at, "icon": "check", "who": piece.returned_by_name,
                          "title": _("Luggage %(tag)s returned") % {"tag": piece.tag}, "text": piece.returned_to})  # fmt: skip
    for reminder in care.reminders:
        items.append({"at": reminder.at, "icon": "pill", "title": reminder.get_kind_display(), "text": reminder.words,
                      "who": reminder.by_name, "tone": "warn" if reminder.state == "open" else ""})  # fmt: skip
        if reminder.closed_at is not None:
            items.append({"at": reminder.closed_at, "icon": "check", "who": reminder.closed_by_name, "text": reminder.reason,
                          "title": f"{reminder.get_kind_display()}: {reminder.get_state_display()}"})  # fmt: skip
    for wish in care.requests:
        items.append({"at": wish.at, "icon": "star", "title": f"{_('Special request')}: {wish.get_state_display()}",
                      "text": wish.words, "who": wish.by_name})  # fmt: skip
    for question in care.questions:
        items.append(
            {
                "at": question.at,
                "icon": "message",
                "title": f"{_('Question to a doctor')}: {question.get_state_display()}",
                "text": question.question,
                "who": question.by_name,
                "url": reverse("guest_care:question", args=[question.code]),
            }
        )
    return items


def flags_of_visits(request: HttpRequest, *, visits: Sequence[Visit], **context: Any) -> list[dict[str, Any]]:
    """What is still to be given to these guests, for boards (FD-028): one query. ``visit`` is the row's key."""
    if not request.actor.can(VIEW):  # type: ignore[attr-defined]
        return []
    return [
        {"visit": one.visit_id, "label": one.get_kind_display(), "tone": "warn", "icon": "pill"}
        for one in TreatmentReminder.objects.filter(visit__in=[visit.pk for visit in visits], state="open")
    ]


def area_part(request: HttpRequest, *, site: Site, **context: Any) -> list[dict[str, Any]]:
    """Above the chairs of the treatment area: who still needs a prescription or an injection (FD-028), polled apart."""
    if not holds(request.actor, VIEW, site=site.code):  # type: ignore[attr-defined]
        return []
    url, rows = reverse("guest_care:flags"), selectors.reminders_at(site)
    return [{"id": "guest-flags", "url": url, "template": "guest_care/_flags.html", "rows": rows}]


def slip_notices(request: HttpRequest, *, slip: Any, **context: Any) -> list[dict[str, Any]]:
    """At the till: the guest still needs a prescription or an injection (FD-028). Charging goes on."""
    if not holds(request.actor, VIEW, site=slip.site.code):  # type: ignore[attr-defined]
        return []
    rows = TreatmentReminder.objects.filter(visit__patient=slip.patient, site=slip.site, state="open")
    return [
        {
            "title": one.get_kind_display(),
            "text": one.words or _("to be done before the guest leaves"),
            "url": reverse("guest_care:visit", args=[one.visit.code]) if one.visit is not None else "",
        }
        for one in rows.select_related("visit")
    ]


def patient_badges(request: HttpRequest, patient: Patient) -> list[dict[str, Any]]:
    """What the guest still needs, beside the name, as long as the guest is here."""
    if not request.actor.can(VIEW):  # type: ignore[attr-defined]
        return []
    here = (*UNSEEN, *HOLDS_CHAIR, "left", "at_cashier")
    rows = TreatmentReminder.objects.filter(visit__patient=patient, visit__state__in=here, state="open")
    return [{"label": one.get_kind_display(), "tone": "warn", "icon": "pill"} for one in rows]
