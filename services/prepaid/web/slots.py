"""What this room shows on the pages of a patient, a visit and a slip."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kernel import money
from services.patients.models import Patient
from services.prepaid import selectors


def patient_tab(request: HttpRequest, *, patient: Patient, **context: Any) -> list[dict[str, Any]]:
    """The tab with what the patient has paid in advance."""
    if not request.actor.can("prepaid.view"):  # type: ignore[attr-defined]
        return []
    url = reverse("prepaid:patient", args=[patient.code])
    return [{"key": "prepaid", "label": pgettext("tab", "Prepaid"), "url": url, "icon": "cash"}]


def visit_action(request: HttpRequest, *, visit: Any, **context: Any) -> list[dict[str, Any]]:
    """From a visit to the use of a session."""
    if not request.actor.can("prepaid.redeem", site=visit.site.code):  # type: ignore[attr-defined]
        return []
    url = reverse("prepaid:visit", args=[visit.code])
    return [{"key": "G P", "label": _("Use a package"), "url": url, "icon": "check", "order": 45}]


def charge_way(request: HttpRequest, *, slip: Any, **context: Any) -> list[dict[str, Any]]:
    """On the page of a charge: what the patient may spend here, and the way to sell and top up. One query."""
    actor = request.actor  # type: ignore[attr-defined]
    if not actor.can("prepaid.view", site=slip.site.code):
        return []
    rows = selectors.of_patient(actor, slip.patient).filter(site=slip.site, state="active")
    words = [
        money.yuan(one.balance_fen, grouped=True) if not one.is_package else f"{one.name} × {one.sessions_left}"
        for one in rows
    ]
    label = _("Prepaid: %(what)s") % {"what": ", ".join(words[:3])} if words else _("Sell or top up in advance")
    return [{"label": label, "url": reverse("prepaid:patient", args=[slip.patient.code]), "icon": "cash", "key": "G P"}]
