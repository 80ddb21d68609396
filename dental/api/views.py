"""Teeth over the API: history and recording, guarantee, free redo."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from dental import actions, selectors
from dental.api.serializers import (
    ClassStatisticsOut,
    FindingIn,
    FindingOut,
    HealthIn,
    HealthOut,
    ProposalOut,
    RedoIn,
    RedoOut,
    ToothIn,
    ToothOut,
    WarrantyOut,
)
from dental.classes import propose_for_tooth
from dental.health import latest, record_questionnaire
from kernel import clock
from kernel.api.filters import Code, Day, Filters, Number
from kernel.api.pages import paged
from kernel.api.views import ApiView
from kernel.errors import Malformed, NotFound, RuleRefused
from services.catalogue.selectors import access_item
from services.patients.models import Patient
from services.patients.reading import note_read
from services.patients.selectors import access_patient
from services.sites.selectors import access_site
from services.staff.models import StaffMember
from services.staff.selectors import access_staff, staff_of

LONGEST_PERIOD = 366
PERIOD = Filters(Code("site", None), Day("first", None), Day("last", None))
TOOTH_AND_ITEM = Filters(Number("tooth", None, minimum=11, maximum=85), Code("item", None))


class Teeth(ApiView):
    """What was done to a patient's teeth, and recording more."""

    permissions = {"GET": "dental.view", "POST": "dental.treat"}
    inputs = {"POST": ToothIn}
    outputs = {"GET": paged(ToothOut), "POST": ToothOut}
    filters = Filters(Number("tooth", "tooth", minimum=11, maximum=85))

    def get(self, request: Request, code: UUID) -> Response:
        patient = access_patient(self.actor, code)
        note_read(self.actor, patient, part="teeth")
        return self.page(selectors.history(self.actor, patient), ToothOut)

    def post(self, request: Request, code: UUID) -> Response:
        patient = access_patient(self.actor, code)
        data = self.read(request)
        row = actions.record_tooth_treatment(
            by=self.actor,
            site=access_site(self.actor, data["site"], "dental.treat"),
            patient=patient,
            doctor=_doctor(self),
            item=access_item(self.actor, data["item"]),
            tooth=data["tooth"],
            surfaces=data["surfaces"],
            helper=access_staff(self.actor, data["helper"]) if data["helper"] else None,
            performed_at=data["performed_at"],
            visit_code=data["visit"],
        )
        return self.one(row, ToothOut, status=201)


class Findings(ApiView):
    """What was found at a patient's teeth, and noting more."""

    permissions = {"GET": "dental.view", "POST": "dental.treat"}
    inputs = {"POST": FindingIn}
    outputs = {"GET": paged(FindingOut), "POST": FindingOut}
    filters = Filters(Number("tooth", "tooth", minimum=11, maximum=85))

    def get(self, request: Request, code: UUID) -> Response:
        patient = access_patient(self.actor, code)
        note_read(self.actor, patient, part="teeth")
        return self.page(selectors.findings(self.actor, patient), FindingOut)

    def post(self, request: Request, code: UUID) -> Response:
        patient = access_patient(self.actor, code)
        data = self.read(request)
        row = actions.note_finding(
            by=self.actor,
            site=access_site(self.actor, data["site"], "dental.treat"),
            patient=patient,
            author=_doctor(self),
            tooth=data["tooth"],
            kind=data["kind"],
            surfaces=data["surfaces"],
            visit_code=data["visit"],
        )
        return self.one(row, FindingOut, status=201)


class HealthOf(ApiView):
    """What the patient answered last to the questions about health, and asking again."""

    permissions = {"GET": "dental.ask_health", "POST": "dental.ask_health"}
    inputs = {"POST": HealthIn}
    outputs = {"GET": HealthOut, "POST": HealthOut}

    def get(self, request: Request, code: UUID) -> Response:
        patient = access_patient(self.actor, code)
        note_read(self.actor, patient, part="health")
        return self._answer(patient, 200)

    def post(self, request: Request, code: UUID) -> Response:
        patient = access_patient(self.actor, code)
        data = self.read(request)
        record_questionnaire(
            by=self.actor,
            site=access_site(self.actor, data["site"], "dental.ask_health"),
            patient=patient,
            answers=data["answers"],
            visit_code=data["visit"],
        )
        return self._answer(patient, 201)

    def _answer(self, patient: Patient, status: int) -> Response:
        known = latest(patient, clock.today())
        if known is None:
            raise NotFound("health_not_asked", _("Nobody has asked this patient about their health yet."))
        alerts = [{"question": key, "words": words} for key, words in known.alerts]
        said = {
            "alerts": alerts, "asked_at": known.asked_at, "asked_by": known.asked_by, "outdated": known.outdated,
        }  # fmt: skip
        return Response(HealthOut(said).data, status=status)


class VisitClassOf(ApiView):
    """Which class would a visit for this tooth and item be today?"""

    permissions = {"GET": "dental.view"}
    outputs = {"GET": ProposalOut}
    filters = TOOTH_AND_ITEM

    def get(self, request: Request, code: UUID) -> Response:
        patient = access_patient(self.actor, code)
        TOOTH_AND_ITEM.check(request.query_params)
        tooth, item = (parameter.read(request.query_params) for parameter in TOOTH_AND_ITEM.parameters)
        found = propose_for_tooth(
            patient, clock.today(), tooth=tooth, item=access_item(self.actor, item) if item else None
        )
        return self.one(found, ProposalOut)


class ClassStatistics(ApiView):
    """How many visits of each class every doctor of a site had in a period; this month by default."""

    permissions = {"GET": "dental.view_classes"}
    outputs = {"GET": ClassStatisticsOut}
    filters = PERIOD

    def get(self, request: Request) -> Response:
        PERIOD.check(request.query_params)
        code, first, last = (parameter.read(request.query_params) for parameter in PERIOD.parameters)
        if code is None:
            raise Malformed("parameter_missing", _("A parameter is missing."), fields={"site": [_("Required")]})
        site = access_site(self.actor, code, "dental.view_classes")
        today = clock.today(site.timezone)
        first, last = first or today.replace(day=1), last or today
        if not 0 <= (last - first).days <= LONGEST_PERIOD:
            sentence = _("Choose at most a year, the last day after the first.")
            raise Malformed("invalid_parameter", sentence, fields={"last": [sentence]})
        rows = selectors.class_statistics(site, first, last)
        return Response(ClassStatisticsOut({"first": first, "last": last, "results": rows}).data)


class WarrantyCheck(ApiView):
    """Is this item at this tooth under guarantee on a day (default: today)?"""

    permissions = {"GET": "dental.view"}
    outputs = {"GET": WarrantyOut}
    filters = TOOTH_AND_ITEM

    def get(self, request: Request, code: UUID) -> Response:
        patient = access_patient(self.actor, code)
        TOOTH_AND_ITEM.check(request.query_params)
        tooth, item = (parameter.read(request.query_params) for parameter in TOOTH_AND_ITEM.parameters)
        if tooth is None or item is None:
            raise Malformed("tooth_and_item_needed", _("Name the tooth and the item."))
        warranty = selectors.find_warranty(patient, tooth, access_item(self.actor, item), clock.today())
        if warranty is None:
            raise NotFound("tooth_treatment_not_found", _("This was never done at this tooth."))
        return self.one(warranty, WarrantyOut)


class Redo(ApiView):
    """Redo a treatment under guarantee; the slip is free of charge."""

    permissions = {"POST": "dental.treat"}
    inputs = {"POST": RedoIn}
    outputs = {"POST": RedoOut}

    def post(self, request: Request, code: UUID) -> Response:
        original = selectors.access_tooth_treatment(self.actor, code)
        data = self.read(request)
        redo, slip = actions.redo_under_warranty(
            by=self.actor,
            site=access_site(self.actor, data["site"], "dental.treat"),
            original=original,
            doctor=_doctor(self),
            visit_code=data["visit"],
        )
        return Response(RedoOut({"treatment": redo, "slip": slip.code}).data, status=201)


def _doctor(view: ApiView) -> StaffMember:
    doctor = staff_of(view.actor)
    if doctor is None:
        raise RuleRefused("not_a_doctor", _("Treatments are recorded by the treating doctor."))
    return doctor
