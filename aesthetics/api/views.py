"""Procedures and their post-op plans over the API."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from aesthetics import actions, selectors
from aesthetics.models import Procedure, ProcedureTemplate
from kernel.api.filters import Choice, Code, Filters
from kernel.api.pages import paged
from kernel.api.serializers import DayField, MomentField, OutSerializer, StrictSerializer
from kernel.api.views import ApiView
from kernel.errors import RuleRefused
from services.patients.reading import note_read
from services.patients.selectors import access_patient
from services.sites.selectors import access_site
from services.staff.selectors import staff_of


class TemplateOut(OutSerializer):
    code = serializers.UUIDField()
    key = serializers.CharField()
    name = serializers.CharField()
    offsets = serializers.ListField(child=serializers.CharField())


class ProcedureIn(StrictSerializer):
    site = serializers.UUIDField()
    patient = serializers.UUIDField()
    template = serializers.UUIDField()
    performed_at = MomentField(required=False, allow_null=True, default=None)
    visit = serializers.UUIDField(required=False, allow_null=True, default=None)


class DateIn(StrictSerializer):
    performed_at = MomentField()


class AftercareIn(StrictSerializer):
    step = serializers.ChoiceField(choices=["give", "acknowledge"])


class FollowUpOut(OutSerializer):
    code = serializers.UUIDField()
    offset = serializers.CharField()
    due_on = DayField()
    state = serializers.CharField()
    result = serializers.CharField()


class ProcedureOut(OutSerializer):
    code = serializers.UUIDField()
    template = serializers.CharField(source="template.key")
    patient = serializers.UUIDField(source="patient.code")
    doctor = serializers.UUIDField(source="doctor.code")
    performed_at = MomentField()
    state = serializers.CharField()
    aftercare_by_doctor = MomentField(allow_null=True)
    aftercare_by_nurse = MomentField(allow_null=True)
    acknowledged_at = MomentField(allow_null=True)


class ProcedureWithPlanOut(ProcedureOut):
    followups = serializers.SerializerMethodField()

    def get_followups(self, procedure: Procedure) -> list[dict[str, Any]]:
        return [dict(row) for row in FollowUpOut(selectors.followups_of(procedure), many=True).data]


class Templates(ApiView):
    """Procedure templates."""

    permissions = {"GET": "aesthetics.view"}
    outputs = {"GET": paged(TemplateOut)}

    def get(self, request: Request) -> Response:
        return self.page(ProcedureTemplate.objects.filter(is_active=True), TemplateOut)


class Procedures(ApiView):
    """Procedures, and recording one."""

    permissions = {"GET": "aesthetics.view", "POST": "aesthetics.perform"}
    inputs = {"POST": ProcedureIn}
    outputs = {"GET": paged(ProcedureOut), "POST": ProcedureWithPlanOut}
    filters = Filters(
        Code("patient", "patient__code"),
        Choice("state", "state", Procedure.State.values),
        ordering={"performed_at": "performed_at"},
        default="-performed_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.procedures(self.actor), ProcedureOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        doctor = staff_of(self.actor)
        if doctor is None:
            raise RuleRefused("not_a_doctor", _("Procedures are recorded by the treating doctor."))
        procedure = actions.record_procedure(
            by=self.actor,
            site=access_site(self.actor, data["site"], "aesthetics.perform"),
            patient=access_patient(self.actor, data["patient"]),
            doctor=doctor,
            template=selectors.access_template(self.actor, data["template"]),
            performed_at=data["performed_at"],
            visit_code=data["visit"],
        )
        return self.one(procedure, ProcedureWithPlanOut, status=201)


class ProcedureDetail(ApiView):
    """One procedure with its post-op plan."""

    permissions = {"GET": "aesthetics.view"}
    outputs = {"GET": ProcedureWithPlanOut}

    def get(self, request: Request, code: UUID) -> Response:
        procedure = selectors.access_procedure(self.actor, code)
        note_read(self.actor, procedure.patient, stated="follow_up", part="procedure")
        return Response(ProcedureWithPlanOut(procedure).data)


class ProcedureDate(ApiView):
    """Correct the date; what is undone of the plan moves with it."""

    permissions = {"POST": "aesthetics.perform"}
    inputs = {"POST": DateIn}
    outputs = {"POST": (200, ProcedureWithPlanOut)}

    def post(self, request: Request, code: UUID) -> Response:
        procedure = selectors.access_procedure(self.actor, code, "aesthetics.perform")
        return self.one(
            actions.move_procedure(by=self.actor, procedure=procedure, **self.read(request)), ProcedureWithPlanOut
        )


class Aftercare(ApiView):
    """Hand out the aftercare sheet, or note that the client has understood it."""

    permissions = {"POST": "aesthetics.give_aftercare"}
    inputs = {"POST": AftercareIn}
    outputs = {"POST": (200, ProcedureOut)}

    def post(self, request: Request, code: UUID) -> Response:
        procedure = selectors.access_procedure(self.actor, code, "aesthetics.give_aftercare")
        act = actions.give_aftercare if self.read(request)["step"] == "give" else actions.acknowledge_aftercare
        return self.one(act(by=self.actor, procedure=procedure), ProcedureOut)


class Completion(ApiView):
    """Close the follow-up of a procedure."""

    permissions = {"POST": "aesthetics.perform"}
    outputs = {"POST": (200, ProcedureOut)}

    def post(self, request: Request, code: UUID) -> Response:
        procedure = selectors.access_procedure(self.actor, code, "aesthetics.perform")
        return self.one(actions.complete_procedure(by=self.actor, procedure=procedure), ProcedureOut)
