"""What the file itself contributes to its timeline."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kernel import clock
from kernel.web.formatting import day_words
from services.patients import restriction, selectors
from services.patients.models import ContactChange, Patient

SHOWN = 20


def own_timeline(request: HttpRequest, patient: Patient) -> list[dict[str, Any]]:
    """Registration and corrections of the contact; values stay out of it."""
    words = {ContactChange.Field.PHONE: _("Phone corrected"), ContactChange.Field.ADDRESS: _("Address corrected")}
    items: list[dict[str, Any]] = [
        {
            "at": change.changed_at,
            "icon": "pencil",
            "title": words[ContactChange.Field(change.field)],
            "who": change.changed_by_name,
            "kind": "file",
            "kind_label": pgettext("patient", "File"),
        }
        for change in selectors.contact_history(patient)[:SHOWN]
    ]
    items.append(
        {
            "at": patient.created_at,
            "icon": "clipboard",
            "title": _("File opened"),
            "text": patient.site.name,
            "kind": "file",
            "kind_label": pgettext("patient", "File"),
        }
    )
    return items


def profile_due(request: HttpRequest, patient: Patient) -> dict[str, Any] | None:
    """Contact data that nobody asked for in a long time (CR-004)."""
    if not request.actor.can("patients.edit") or not selectors.is_stale(patient):
        return None
    return {
        "title": _("Ask whether phone and address are still right"),
        "text": _("Nobody asked since %(day)s")
        % {"day": day_words(clock.local(selectors.profile_asked_at(patient)).date())},
        "url": reverse("patients:contact", args=[patient.code]),
        "icon": "refresh",
        "order": 200,
    }


def opened_by_exception(request: HttpRequest, patient: Patient) -> dict[str, Any] | None:
    """The file is restricted, and open to this reader for a while only."""
    if not restriction.is_restricted(patient):
        return None
    return {
        "tone": "late",
        "icon": "lock",
        "title": _("Restricted file"),
        "text": _("Open to you by exception; the directors know and somebody reviews it."),
    }


def keeping_tab(request: HttpRequest, patient: Patient) -> dict[str, Any] | None:
    """How the file is kept: restriction, export, merge."""
    if not any(request.actor.can(word) for word in ("patients.ask_export", "patients.restrict", "patients.merge")):
        return None
    return {
        "key": "keeping",
        "label": _("Keeping"),
        "icon": "lock",
        "url": reverse("patients:keeping", args=[patient.code]),
        "order": 900,
    }
