"""The API of charts. Every read of a chart is logged."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from kernel import access
from kernel.api.filters import Choice, Code, Filters
from kernel.api.pages import paged
from kernel.api.views import ApiView
from kernel.errors import Malformed, NotFound
from services.catalogue.selectors import access_item
from services.patients.models import Patient
from services.patients.reading import note_listing, note_read
from services.patients.selectors import access_patient
from services.records import actions, retention, reviewing, selectors
from services.records.api.serializers import (
    AnswerIn,
    HoldIn,
    HoldOut,
    NoteIn,
    NoteOut,
    ObjectionIn,
    RetentionListOut,
    RetentionOut,
    ReviewOut,
    TreatmentIn,
    TreatmentOut,
)
from services.records.machines import REVIEW
from services.records.models import EntryReview, RetentionHold
from services.sites.selectors import access_site
from services.staff.selectors import access_staff, staff_of

OF_PATIENT = Filters(Code("patient", None, help="Whose chart; required"))


class ChartView(ApiView):
    """A list out of one patient's chart."""

    filters = OF_PATIENT

    def chart_of(self, request: Request) -> Patient:
        """The patient whose chart is asked for; the look is logged. Raises Malformed, NotFound."""
        self.filters.check(request.query_params)
        code = self.filters.parameters[0].read(request.query_params)
        if code is None:
            sentence = _("Say whose chart.")
            raise Malformed("patient_required", sentence, fields={"patient": [sentence]})
        patient = access_patient(self.actor, code)
        note_read(self.actor, patient, part="chart")
        return patient


class TreatmentListView(ChartView):
    """Treatments of a patient."""

    permissions = {"GET": "records.view", "POST": "records.write"}
    inputs = {"POST": TreatmentIn}
    outputs = {"GET": paged(TreatmentOut), "POST": TreatmentOut}

    def get(self, request: Request) -> Response:
        patient = self.chart_of(request)
        rows = selectors.treatments_of(patient, with_voided=True)
        return self.page(selectors.listed(self.actor, patient, rows), TreatmentOut)

    def post(self, request: Request) -> Response:
        """Record a treatment."""
        data = self.read(request)
        treatment = actions.record_treatment(
            by=self.actor,
            site=access_site(self.actor, data["site"], "records.write"),
            patient=access_patient(self.actor, data["patient"]),
            doctor=access_staff(self.actor, data["doctor"]),
            item=access_item(self.actor, data["item"]),
            quantity=data["quantity"],
            performed_at=data["performed_at"],
            visit_code=data["visit"],
            note=data["note"],
            is_sensitive=data["is_sensitive"],
        )
        return self.one(treatment, TreatmentOut, status=201)


class TreatmentDetailView(ApiView):
    """One treatment."""

    permissions = {"GET": "records.view"}
    outputs = {"GET": TreatmentOut}

    def get(self, request: Request, code: UUID) -> Response:
        treatment = selectors.access_treatment(self.actor, code)
        note_read(self.actor, treatment.patient, part="treatment")
        return self.one(treatment, TreatmentOut)


class NoteListView(ChartView):
    """Notes of a patient's chart."""

    permissions = {"GET": "records.view", "POST": "records.write"}
    inputs = {"POST": NoteIn}
    outputs = {"GET": paged(NoteOut), "POST": NoteOut}

    def get(self, request: Request) -> Response:
        patient = self.chart_of(request)
        rows = selectors.notes_of(patient).select_related("patient", "author", "corrects")
        return self.page(selectors.listed(self.actor, patient, rows), NoteOut)

    def post(self, request: Request) -> Response:
        """Write a note."""
        data = self.read(request)
        author = staff_of(self.actor)
        if author is None:
            raise NotFound("author_not_found", _("Only somebody entered as staff of a site can sign a note."))
        note = actions.add_note(
            by=self.actor,
            site=access_site(self.actor, data["site"], "records.write"),
            patient=access_patient(self.actor, data["patient"]),
            author=author,
            text=data["text"],
            is_sensitive=data["is_sensitive"],
            visit_code=data["visit"],
            corrects=selectors.access_note(self.actor, data["corrects"], "records.write") if data["corrects"] else None,
        )
        return Response(NoteOut(note).data, status=201)


class ReviewListView(ApiView):
    """Entries that are looked through, at the sites where the caller does so."""

    permissions = {"GET": "records.review"}
    outputs = {"GET": paged(ReviewOut)}
    filters = Filters(
        Code("site", "site__code"),
        Choice("state", "state", list(REVIEW.states)),
        ordering={"due_at": "due_at"},
        default="due_at",
    )

    def get(self, request: Request) -> Response:
        rows = EntryReview.objects.select_related("patient", "site", "treatment", "note")
        return self.page(access.accessible(rows, self.actor, reviewing.WORD), ReviewOut)


class AcceptEntry(ApiView):
    """The entry is true and in order."""

    permissions = {"POST": "records.review"}
    outputs = {"POST": (200, ReviewOut)}

    def post(self, request: Request, code: UUID) -> Response:
        review = reviewing.access_review(self.actor, code)
        return self.one(reviewing.accept_entry(by=self.actor, review=review), ReviewOut)


class ReturnEntry(ApiView):
    """The entry goes back to whoever made it."""

    permissions = {"POST": "records.review"}
    inputs = {"POST": ObjectionIn}
    outputs = {"POST": (200, ReviewOut)}

    def post(self, request: Request, code: UUID) -> Response:
        review = reviewing.access_review(self.actor, code)
        return self.one(reviewing.return_entry(by=self.actor, review=review, **self.read(request)), ReviewOut)


class EnterAgain(ApiView):
    """Whoever made the entry has put it right."""

    permissions = {"POST": "records.write"}
    inputs = {"POST": AnswerIn}
    outputs = {"POST": (200, ReviewOut)}

    def post(self, request: Request, code: UUID) -> Response:
        review = reviewing.access_review(self.actor, code)
        return self.one(reviewing.enter_again(by=self.actor, review=review, **self.read(request)), ReviewOut)


class Retention(ApiView):
    """The files that nobody has to keep any longer; nothing is removed by itself."""

    permissions = {"GET": "records.keep"}
    outputs = {"GET": RetentionListOut}

    def get(self, request: Request) -> Response:
        rows = retention.expired(self.actor)
        note_listing(self.actor, [row.patient for row in rows])
        return Response(RetentionListOut({"results": rows}).data)


class RetentionOfPatient(ApiView):
    """Until when one file must be kept."""

    permissions = {"GET": "records.keep"}
    outputs = {"GET": RetentionOut}

    def get(self, request: Request, code: UUID) -> Response:
        return Response(RetentionOut(retention.kept(access_patient(self.actor, code))).data)


class Holds(ApiView):
    """The decisions to keep one file longer, the latest first, and one more."""

    permissions = {"GET": "records.keep", "POST": "records.keep"}
    inputs = {"POST": HoldIn}
    outputs = {"GET": paged(HoldOut), "POST": HoldOut}

    def get(self, request: Request, code: UUID) -> Response:
        patient = access_patient(self.actor, code)
        return self.page(RetentionHold.objects.filter(patient=patient).select_related("patient"), HoldOut)

    def post(self, request: Request, code: UUID) -> Response:
        """Keep a file longer, e.g. while a dispute lasts. A hold never shortens."""
        patient = access_patient(self.actor, code)
        held = retention.hold_file(by=self.actor, patient=patient, **self.read(request))
        return Response(HoldOut(held).data, status=201)
