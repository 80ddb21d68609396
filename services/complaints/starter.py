"""The matrix that a new tenant starts with (CP-005): who receives what is not settled at once."""

from __future__ import annotations

from services.complaints.models import Route

# (channel, category, severity): roles
MATRIX: dict[tuple[str, str, str], list[str]] = {
    ("", "", ""): ["supervisor"],
    ("phone", "", ""): ["clinic_director"],
    ("desk", "", ""): ["supervisor"],
    ("", "doctor_change", ""): ["doctor_supervisor"],
    ("", "original_declined", ""): ["clinic_director"],
    ("", "", "serious"): ["clinic_director"],
}


def load() -> None:
    """Lines that are not there yet; what the tenant changed stays."""
    for (channel, category, severity), roles in MATRIX.items():
        Route.objects.get_or_create(channel=channel, category=category, severity=severity, defaults={"roles": roles})
