"""What bookings put into places of other rooms."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from services.appointments.referrals import referrals_for
from services.patients.models import Patient

SHOWN = 20


def visit_actions(request: HttpRequest, *, visit: Any, **context: Any) -> list[dict[str, Any]]:
    """At the end of a visit: register what its doctor hands to another one (AP-028)."""
    if not request.actor.can("appointments.book"):  # type: ignore[attr-defined]
        return []
    url = f"{reverse('appointments:referral-new')}?patient={visit.patient.code}&visit={visit.code}"
    url += f"&from_doctor={visit.doctor.code}"
    return [{"label": _("Referral"), "url": url, "icon": "arrow-right", "order": 60}]


def patient_timeline(request: HttpRequest, patient: Patient) -> list[dict[str, Any]]:
    """To whom the patient was referred."""
    actor = request.actor  # type: ignore[attr-defined]
    if not actor.can("appointments.view"):
        return []
    rows = referrals_for(actor).filter(patient=patient).exclude(state="withdrawn")[:SHOWN]
    return [
        {
            "at": row.registered_at,
            "icon": "arrow-right",
            "title": _("Referred to %(doctor)s") % {"doctor": row.to_doctor.name},
            "text": row.item.name if row.item is not None else row.get_state_display(),
            "who": row.from_doctor.name,
            "url": reverse("appointments:referral", args=[row.code]),
        }
        for row in rows
    ]
