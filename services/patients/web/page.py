"""What stands on a patient's page: the file itself and what the other rooms add."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from kernel import clock
from kernel.web.formatting import day_words, weekday
from kernel.web.slots import slot_items
from services.patients import reading, selectors
from services.patients.choices import absent_reason, media_source
from services.patients.models import Patient

TIMELINE_LENGTH = 80


def patient_context(request: HttpRequest, patient: Patient, *, purpose: str) -> dict[str, Any]:
    """Everything the page shows."""
    today = clock.today(patient.site.timezone)
    can = request.actor.can
    kind = request.GET.get("kind", "")
    everything = sorted(
        slot_items("patient.timeline", request, patient=patient), key=lambda item: item["at"], reverse=True
    )
    return {
        "patient": patient,
        "age": patient.age_on(today),
        "is_minor": selectors.is_minor(patient, today),
        "is_elder": selectors.is_elder(patient, today),
        "state": selectors.present_states([patient]).get(patient.pk),
        "absent_reason": absent_reason(patient.phone_absent_reason),
        "purpose": reading.PURPOSES.get(purpose, purpose),
        "segments": timeline_segments(everything, request.path),
        "kind": kind,
        "timeline": by_day([item for item in everything if not kind or item.get("kind") == kind][:TIMELINE_LENGTH]),
        "facts": facts_of(patient),
        "completeness": selectors.completeness(patient),
        "readers": reading.recent_readers(patient),
        "family": selectors.family_of(patient),
        "named_in": selectors.named_in(patient),
        "may_edit": can("patients.edit"),
        "may_reveal": can("patients.reveal_phone") and not patient.untraceable,
    }


def facts_of(patient: Patient) -> list[dict[str, Any]]:
    """The right column: what is known besides the head."""
    consents = {True: _("agrees"), False: _("does not want any"), None: _("not asked yet")}
    born = patient.birth_date.isoformat() if patient.birth_date else _("about %(year)s") % {"year": patient.birth_year}
    return [
        {"label": _("Born"), "value": born},
        {"label": _("Form of address"), "value": patient.form_of_address or None},
        {"label": _("Language"), "value": patient.language or None},
        {"label": _("Occupation"), "value": patient.occupation or None},
        {"label": _("Heard of us by"), "value": media_source(patient.media_source) or None},
        {
            "label": _("Messages to the patient"),
            "value": consents[patient.message_consent],
            "tone": "late" if patient.message_consent is False else "",
        },
        {"label": _("Registered at"), "value": patient.site.name},
    ]


def timeline_segments(items: Iterable[dict[str, Any]], path: str) -> list[dict[str, Any]]:
    """All, and one segment per kind of event with its count."""
    rows = list(items)
    counts = Counter(item.get("kind", "") for item in rows)
    labels = {item.get("kind", ""): item.get("kind_label", item.get("kind", "")) for item in rows}
    return [
        {"key": "", "label": _("All"), "url": path, "count": len(rows)},
        *(
            {"key": kind, "label": labels[kind], "url": f"{path}?kind={kind}", "count": count}
            for kind, count in counts.most_common()
            if kind
        ),
    ]


def by_day(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items with the heading of their local day."""
    return [{**item, **_day(item["at"])} for item in items]


def _day(at: datetime) -> dict[str, str]:
    day = clock.local(at).date()
    return {"day": day_words(day), "day_note": weekday(day)}
