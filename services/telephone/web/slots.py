"""What the telephone puts on the patient's page: every word in both directions (TC-032)."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from services.patients.models import Patient
from services.telephone import selectors
from services.telephone.models import Promise
from services.telephone.selectors import SHOWN_ON_TIMELINE as SHOWN


def patient_tab(request: HttpRequest, patient: Patient) -> dict[str, Any] | None:
    """The way to the calls."""
    if not request.actor.can("telephone.view"):
        return None
    url = reverse("telephone:of-patient", args=[patient.code])
    return {"key": "telephone", "label": pgettext("telephone", "Calls"), "icon": "phone", "url": url, "order": 60}


def patient_timeline(request: HttpRequest, patient: Patient) -> list[dict[str, Any]]:
    """Calls, messages to colleagues with their replies, and promises of the patient, for whoever may see them."""
    if not request.actor.can("telephone.view"):
        return []
    kind = {"kind": "telephone", "kind_label": pgettext("nav", "Telephone")}
    items: list[dict[str, Any]] = [
        {
            "at": call.started_at,
            "icon": "phone",
            "title": f"{call.get_direction_display()}: {call.get_purpose_display()}",
            "text": call.get_outcome_display(),
            "who": call.handler_name,
            "url": reverse("telephone:call", args=[call.code]),
            **kind,
        }
        for call in selectors.calls_of_patient(request.actor, patient)[:SHOWN]
    ]
    for slip in selectors.slips_of_patient(request.actor, patient)[:SHOWN]:
        url = reverse("telephone:message", args=[slip.code])
        told = _("Message for %(name)s") % {"name": slip.recipient.name}
        items.append(
            {"at": slip.taken_at, "icon": "message", "title": told, "text": slip.get_state_display(),
             "who": slip.taken_by_name, "tone": "" if slip.acknowledged_at else "warn", "url": url, **kind}
        )  # fmt: skip
        if slip.reply:
            answered = _("Reply of %(name)s") % {"name": slip.recipient.name}
            items.append(
                {
                    "at": slip.closed_at,
                    "icon": "message",
                    "title": answered,
                    "who": slip.recipient.name,
                    "url": url,
                    **kind,
                }
            )
    for promise in selectors.promises_of_patient(request.actor, patient)[:SHOWN]:
        broken = promise.outcome == Promise.Outcome.BROKEN
        items.append(
            {
                "at": promise.made_at,
                "icon": "clock",
                "title": _("Promised: %(what)s") % {"what": promise.get_kind_display()},
                "text": promise.get_outcome_display() or promise.get_state_display(),
                "who": promise.owner_name,
                "tone": "late" if broken else "",
                "url": reverse("telephone:promise", args=[promise.code]),
                **kind,
            }
        )
    return items
