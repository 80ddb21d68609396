"""What the file itself contributes to its timeline."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from services.patients import selectors
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
