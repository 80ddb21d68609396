"""Who keeps the paper chart, and what stands against giving it out (CR-007, CR-008).

What is in dispute is known by other rooms: each answers through its slot ``chart.holds`` ``(patient) -> str | None`` with
a word such as "refund" or "complaint". So the chart knows nothing of tills and complaints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.module_loading import import_string

from kernel import parameters, registry

if TYPE_CHECKING:
    from services.patients.models import Patient
    from services.sites.models import Site

CLINIC, PATIENT = "clinic_held", "patient_held"


def holds_on(patient: Patient) -> list[str]:
    """What is in dispute about ``patient`` now, as the active rooms know, e.g. ["refund"]."""
    found = (
        import_string(path)(patient) for room in registry.active_rooms() for path in room.slots.get("chart.holds", ())
    )
    return sorted({word for word in found if word})


def never_in_dispute(site: Site) -> bool:
    """Does the original stay here while something is in dispute, whoever consents?"""
    return bool(parameters.value("chart_original_in_dispute", site=site) == "never")


def needs_consent(release: Any) -> bool:
    """Does the supervisor decide on this release? On the original unless the patient keeps the chart anyway, and always
    while something is in dispute; on a copy only where the house wants it."""
    if release.kind == "copy":
        return bool(parameters.value("chart_copy_consent", site=release.site))
    kept = parameters.value("record_custody", site=release.site)
    return bool(kept == CLINIC or holds_on(release.patient))
