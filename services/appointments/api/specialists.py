"""Patients who come for a specialist, over the API."""

from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from kernel import access
from kernel.api.filters import Choice, Code, Filters
from kernel.api.pages import paged
from kernel.api.views import ApiView
from services.appointments import selectors, specialists
from services.appointments.api.serializers import (
    AppointmentOut,
    PreparationIn,
    SpecialistCaseIn,
    SpecialistCaseOut,
)
from services.appointments.models import SpecialistCase
from services.patients.selectors import access_patient
from services.sites.selectors import access_site
from services.staff.selectors import access_staff


class SpecialistCases(ApiView):
    """Who came for an absent or busy specialist, and what was agreed."""

    permissions = {"GET": "appointments.view", "POST": "appointments.book"}
    inputs = {"POST": SpecialistCaseIn}
    outputs = {"GET": paged(SpecialistCaseOut), "POST": SpecialistCaseOut}
    filters = Filters(
        Code("site", "site__code"),
        Code("patient", "patient__code"),
        Choice("kind", "kind", SpecialistCase.Kind.values),
        ordering={"at": "at"},
        default="-at",
    )

    def get(self, request: Request) -> Response:
        rows = SpecialistCase.objects.select_related("site", "patient", "specialist")
        return self.page(access.accessible(rows, self.actor, selectors.VIEW), SpecialistCaseOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        whom = {
            "by": self.actor,
            "site": access_site(self.actor, data.pop("site"), "appointments.book"),
            "patient": access_patient(self.actor, data.pop("patient")),
            "specialist": access_staff(self.actor, data.pop("specialist")),
            "purpose": data.pop("purpose"),
        }
        if data.pop("kind") == SpecialistCase.Kind.ABSENT:
            case = specialists.note_absent_specialist(**whom)
        else:
            case = specialists.note_busy_specialist(**whom, **data)
        return self.one(selectors.access_specialist_case(self.actor, case.code), SpecialistCaseOut, status=201)


class Preparation(ApiView):
    """Book the visit that prepares a specialist's one, with another doctor before it."""

    permissions = {"POST": "appointments.book"}
    inputs = {"POST": PreparationIn}
    outputs = {"POST": AppointmentOut}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_appointment(self.actor, code)
        data = self.read(request)
        booked = specialists.book_preparation(
            by=self.actor,
            site=found.site,
            appointment=found,
            doctor=access_staff(self.actor, data.pop("doctor")),
            **data,
        )
        return self.one(selectors.access_appointment(self.actor, booked.code), AppointmentOut, status=201)
