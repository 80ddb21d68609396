"""The API of patients."""

from __future__ import annotations

from uuid import UUID

from django.db.models import prefetch_related_objects
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.conditional import expected_version
from kernel.api.filters import Code, Filters, Text
from kernel.api.pages import paged
from kernel.api.views import ApiView
from kernel.limits import Limit
from services.patients import actions, listing, reading, selectors
from services.patients.api.serializers import (
    ContactChangeOut,
    PatientChangesIn,
    PatientIn,
    PatientOut,
    PatientRowOut,
    PhoneOut,
    PurposeIn,
)
from services.patients.models import Patient
from services.sites.selectors import access_site

FOUND_AT_ONCE = 50
REVEALS = Limit("patient-phones", 60, 3600)


class PatientListView(ApiView):
    """Patients: the newest first, or those that a search means, best first."""

    permissions = {"GET": "patients.view", "POST": "patients.register"}
    inputs = {"POST": PatientIn}
    outputs = {"GET": paged(PatientRowOut), "POST": PatientOut}
    filters = Filters(
        Text("q", None, help="Name, pinyin, initials, last four digits, phone or record number"),
        Code("site", "site__code", help="Registered at this branch"),
    )

    def get(self, request: Request) -> Response:
        query = self.filters.parameters[0].read(request.query_params)
        if query:
            return self._found(request, query)
        answer = self.page(selectors.newest(), PatientRowOut)
        codes = [row["code"] for row in answer.data["results"]]
        closed = Patient.objects.filter(code__in=codes, restricted_until__isnull=False)
        shown = {row["code"]: row for row in PatientRowOut(listing.listed(self.actor, closed), many=True).data}
        answer.data["results"] = [shown.get(row["code"], row) for row in answer.data["results"]]
        reading.note_listed_codes(self.actor, codes)
        return answer

    def post(self, request: Request) -> Response:
        """Open a file; 409 `possible_duplicates` proposes files that may be the same person."""
        data = self.read(request)
        site = access_site(self.actor, data.pop("site"), "patients.register")
        patient = actions.register_patient(by=self.actor, site=site, **data)
        return self.one(patient, PatientOut, status=201)

    def _found(self, request: Request, query: str) -> Response:
        self.filters.check(request.query_params)
        site = self.filters.parameters[1].read(request.query_params)
        found = selectors.find_patients(query, limit=FOUND_AT_ONCE)
        prefetch_related_objects(found, "site")
        rows = [patient for patient in found if site is None or patient.site.code == site]
        rows = listing.listed(self.actor, rows)
        reading.note_listing(self.actor, rows)
        return Response(
            {
                "count": len(rows),
                "page": 1,
                "page_size": FOUND_AT_ONCE,
                "pages": 1,
                "results": PatientRowOut(rows, many=True).data,
            }
        )


class PatientDetailView(ApiView):
    """One patient's file. Every look is logged with its purpose."""

    permissions = {"GET": "patients.view", "PATCH": "patients.edit"}
    inputs = {"PATCH": PatientChangesIn}
    outputs = {"GET": PatientOut, "PATCH": PatientOut}
    filters = Filters(Text("purpose", None, help="Needed only where the caller's role gives no purpose"))
    versioned = ("PATCH",)

    def get(self, request: Request, code: UUID) -> Response:
        self.filters.check(request.query_params)
        patient = selectors.access_patient(self.actor, code)
        stated = self.filters.parameters[0].read(request.query_params) or ""
        reading.note_read(self.actor, patient, stated=stated)
        return self.one(patient, PatientOut)

    def patch(self, request: Request, code: UUID) -> Response:
        """Change a file; corrections of phone and address keep the old value, the time and the person."""
        patient = selectors.access_patient(self.actor, code, "patients.edit")
        changes = self.read(request)
        version = expected_version(request, patient)
        return self.one(actions.update_patient(by=self.actor, patient=patient, version=version, **changes), PatientOut)


class PhoneView(ApiView):
    """The whole phone number."""

    permissions = {"POST": "patients.reveal_phone"}
    inputs = {"POST": PurposeIn}
    outputs = {"POST": (200, PhoneOut)}
    limits = {"POST": (REVEALS,)}
    # An answer that is kept would show the number again without a log entry.
    idempotent = False

    def post(self, request: Request, code: UUID) -> Response:
        """See the whole phone number; the look is logged."""
        patient: Patient = selectors.access_patient(self.actor, code, "patients.reveal_phone")
        shown = actions.reveal_phone(by=self.actor, patient=patient, **self.read(request))
        return Response(PhoneOut({"phone": shown}).data)


class ContactHistoryView(ApiView):
    """Corrections of phone and address, the newest first; phones are masked."""

    permissions = {"GET": "patients.view"}
    outputs = {"GET": paged(ContactChangeOut)}

    def get(self, request: Request, code: UUID) -> Response:
        patient = selectors.access_patient(self.actor, code)
        reading.note_read(self.actor, patient, part="contact_history")
        return self.page(selectors.contact_history(patient), ContactChangeOut)
