"""What equipment shows above the confirmation of a booking."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from services.appointments.models import Appointment
from services.equipment import selectors


def appointment_warnings(request: HttpRequest, *, appointment: Appointment, **context: Any) -> list[dict[str, Any]]:
    """The treatment needs a device that cannot be used now (IN-009)."""
    return [
        {
            "tone": "late",
            "icon": "settings",
            "title": _("Device %(number)s cannot be used") % {"number": one.number},
            "text": _("%(name)s: %(state)s. Find another device or another day.")
            % {"name": one.name, "state": one.get_state_display()},
        }
        for one in selectors.standing_still(appointment)
    ]
