"""Classified follow-up over the API."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dermatology import actions, selectors
from dermatology.models import IllnessClass
from kernel.api.filters import Choice, Code, Day, Filters
from kernel.api.pages import paged
from kernel.api.serializers import DayField, LineField, MomentField, OutSerializer, StrictSerializer
from kernel.api.views import ApiView
from kernel.errors import RuleRefused
from services.patients.reading import note_read
from services.patients.selectors import access_patient
from services.sites.selectors import access_site
from services.staff.selectors import staff_of


class PlanIn(StrictSerializer):
    site = serializers.UUIDField()
    patient = serializers.UUIDField()
    illness = LineField(max_length=80)
    illness_class = serializers.ChoiceField(choices=IllnessClass.choices)


class PlanOut(OutSerializer):
    code = serializers.UUIDField()
    patient = serializers.UUIDField(source="patient.code")
    doctor = serializers.UUIDField(source="doctor.code")
    illness = serializers.CharField()
    illness_class = serializers.CharField()
    anchor_on = DayField()
    next_due_on = DayField(allow_null=True)
    ended_on = DayField(allow_null=True)


class ClassIn(StrictSerializer):
    illness_class = serializers.ChoiceField(choices=IllnessClass.choices)


class EndIn(StrictSerializer):
    reason = LineField(max_length=120, allow_blank=True)


class VisitIn(StrictSerializer):
    medication = serializers.CharField(max_length=4000)
    development = serializers.CharField(max_length=4000)
    advice = serializers.CharField(max_length=4000)
    worse = serializers.BooleanField(required=False, default=False)
    illness_class = serializers.ChoiceField(choices=IllnessClass.choices, required=False, allow_blank=True, default="")


class VisitOut(OutSerializer):
    code = serializers.UUIDField()
    illness_class = serializers.CharField()
    medication = serializers.CharField()
    development = serializers.CharField()
    advice = serializers.CharField()
    worse = serializers.BooleanField()
    recorded_at = MomentField()


class Plans(ApiView):
    """Running plans, and classifying an illness."""

    permissions = {"GET": "dermatology.view", "POST": "dermatology.classify"}
    inputs = {"POST": PlanIn}
    outputs = {"GET": paged(PlanOut), "POST": PlanOut}
    filters = Filters(
        Code("patient", "patient__code"),
        Choice("illness_class", "illness_class", IllnessClass.values),
        Day("due_until", "next_due_on__lte"),
        ordering={"next_due_on": "next_due_on"},
        default="next_due_on",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.running_plans(self.actor), PlanOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        doctor = staff_of(self.actor)
        if doctor is None:
            raise RuleRefused("not_a_doctor", _("Illnesses are classified by the treating doctor."))
        plan = actions.classify(
            by=self.actor,
            site=access_site(self.actor, data["site"], "dermatology.classify"),
            patient=access_patient(self.actor, data["patient"]),
            doctor=doctor,
            illness=data["illness"],
            illness_class=data["illness_class"],
        )
        return self.one(plan, PlanOut, status=201)


class PlanDetail(ApiView):
    """One plan."""

    permissions = {"GET": "dermatology.view"}
    outputs = {"GET": PlanOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(selectors.access_plan(self.actor, code), PlanOut)


class PlanClass(ApiView):
    """Move a plan to another class."""

    permissions = {"POST": "dermatology.classify"}
    inputs = {"POST": ClassIn}
    outputs = {"POST": (200, PlanOut)}

    def post(self, request: Request, code: UUID) -> Response:
        plan = selectors.access_plan(self.actor, code, "dermatology.classify")
        return self.one(actions.reclassify(by=self.actor, plan=plan, **self.read(request)), PlanOut)


class PlanEnd(ApiView):
    """End a plan with its reason."""

    permissions = {"POST": "dermatology.classify"}
    inputs = {"POST": EndIn}
    outputs = {"POST": (200, PlanOut)}

    def post(self, request: Request, code: UUID) -> Response:
        plan = selectors.access_plan(self.actor, code, "dermatology.classify")
        return self.one(actions.end_plan(by=self.actor, plan=plan, **self.read(request)), PlanOut)


class PlanVisits(ApiView):
    """Visits of a plan, and recording one."""

    permissions = {"GET": "dermatology.view", "POST": "dermatology.follow_up"}
    inputs = {"POST": VisitIn}
    outputs = {"GET": paged(VisitOut), "POST": VisitOut}

    def get(self, request: Request, code: UUID) -> Response:
        plan = selectors.access_plan(self.actor, code)
        note_read(self.actor, plan.patient, stated="follow_up", part="plan")
        return self.page(plan.visits.all(), VisitOut)

    def post(self, request: Request, code: UUID) -> Response:
        plan = selectors.access_plan(self.actor, code, "dermatology.follow_up")
        return self.one(actions.record_visit(by=self.actor, plan=plan, **self.read(request)), VisitOut, status=201)
