"""What the page that led to the intake knows already (CP-030)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from kernel.errors import DomainError
from services.complaints import selectors, ways
from services.complaints.models import Channel, Source
from services.patients.models import Patient
from services.patients.selectors import access_patient
from services.reception.models import Visit
from services.sites.models import Site


@dataclass(slots=True)
class Known:
    """Patient and visit as far as the caller may see them, and what the form starts with."""

    patient: Patient | None = None
    visit: Visit | None = None
    source: str = ""
    source_code: UUID | None = None
    initial: dict[str, Any] = field(default_factory=dict)


def known_to(request: HttpRequest, site: Site) -> Known:
    """Read the address or the form; what is not there or not theirs is left out."""
    asked = {**request.GET.dict(), **request.POST.dict()}
    found = Known()
    visit, patient = _code(asked.get("visit")), _code(asked.get("patient"))
    try:
        if visit is not None:
            found.visit = selectors.visit_at(request.actor, visit, site)  # type: ignore[attr-defined]
            found.patient = found.visit.patient
        elif patient is not None:
            found.patient = access_patient(request.actor, patient)  # type: ignore[attr-defined]
    except DomainError:
        found.visit = found.patient = None
    if asked.get("source") in Source.values:
        found.source, found.source_code = asked["source"], _code(asked.get("source_code"))
    if asked.get("channel") in Channel.values:
        found.initial["channel"] = asked["channel"]
    if asked.get("category") in ways.categories():
        found.initial["category"] = asked["category"]
    accused = _code(asked.get("accused"))
    if accused is None and found.visit is not None and asked.get("category") == "doctor_change":
        accused = found.visit.doctor.code if found.visit.doctor is not None else None
    if accused is not None:
        found.initial["accused"] = [accused]
    if found.visit is not None:
        found.initial["vertical"] = found.visit.vertical
    if found.patient is not None:
        found.initial["name"] = found.patient.name
    return found


def _code(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
