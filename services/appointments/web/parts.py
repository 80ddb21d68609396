"""The lists beside the day board, and which of them a person may open."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

PARTS = (
    ("cards", _("Next visits to book"), "appointments.view"),
    ("unplanned", _("Came without a time"), "appointments.view"),
    ("specialist", _("Specialist absent or busy"), "appointments.book"),
    ("referrals", _("Referrals"), "appointments.view"),
    ("consultations", _("Remote consultations"), "appointments.consult"),
    ("doctors", _("Doctors of the week"), "appointments.view"),
    ("sessions", _("Sessions of experts"), "appointments.view"),
    ("waits", _("Waits by doctor"), "appointments.view_shares"),
    ("shares", _("Rotation and help"), "appointments.view_shares"),
)


def parts(request: HttpRequest) -> list[dict[str, object]]:
    """The lists that this person may open, as ``{% tabs %}`` draws them; ``key`` is the name of the address."""
    return [
        {"key": key, "label": label, "url": reverse(f"appointments:{key}")}
        for key, label, word in PARTS
        if request.actor.can(word)
    ]
