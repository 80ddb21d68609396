"""Teeth over the API: history and recording, guarantee, free redo."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from dental import actions, selectors
from dental.teeth import SURFACES
from kernel import clock
from kernel.api.filters import Code, Filters, Number
from kernel.api.pages import paged
from kernel.api.serializers import DayField, MomentField, OutSerializer, StrictSerializer
from kernel.api.views import ApiView
from kernel.errors import Malformed, NotFound, RuleRefused
from services.catalogue.selectors import access_item
from services.patients.reading import note_read
from services.patients.selectors import access_patient
from services.sites.selectors import access_site
from services.staff.models import StaffMember
from services.staff.selectors import staff_of

TOOTH_AND_ITEM = Filters(Number("tooth", None, minimum=11, maximum=85), Code("item", None))


class ToothIn(StrictSerializer):
    site = serializers.UUIDField()
    item = serializers.UUIDField()
    tooth = serializers.IntegerField(min_value=11, max_value=85)
    surfaces = serializers.ListField(
        child=serializers.ChoiceField(choices=SURFACES), required=False, default=list, max_length=5
    )
    visit = serializers.UUIDField(required=False, allow_null=True, default=None)
    performed_at = MomentField(required=False, allow_null=True, default=None)


class ToothOut(OutSerializer):
    code = serializers.UUIDField()
    tooth = serializers.IntegerField()
    surfaces = serializers.CharField()
    item = serializers.UUIDField(source="treatment.item.code")
    item_name = serializers.CharField(source="treatment.item.name")
    doctor = serializers.UUIDField(source="treatment.doctor.code")
    performed_on = DayField()
    warranty_until = DayField()
    voided_at = MomentField(source="treatment.voided_at", allow_null=True)
    redo_of = serializers.UUIDField(source="redo_of.code", default=None, allow_null=True)


class WarrantyOut(OutSerializer):
    original = serializers.UUIDField(source="original.code")
    valid = serializers.BooleanField()
    until = DayField()
    original_doctor = serializers.UUIDField(source="original_doctor.code")
    original_doctor_first = serializers.BooleanField()
    original_doctor_until = DayField()


class RedoIn(StrictSerializer):
    site = serializers.UUIDField()
    visit = serializers.UUIDField(required=False, allow_null=True, default=None)


class RedoOut(OutSerializer):
    treatment = ToothOut()
    slip = serializers.UUIDField()


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
            performed_at=data["performed_at"],
            visit_code=data["visit"],
        )
        return self.one(row, ToothOut, status=201)


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
