"""Consultations over distance over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Choice, Code, Filters
from kernel.api.pages import paged
from kernel.api.serializers import LineField, MomentField, OutSerializer, StrictSerializer
from kernel.api.views import ApiView
from services.appointments import remote
from services.appointments.lifecycles import CONSULT, REMOTE
from services.patients.selectors import access_patient
from services.sites.selectors import access_site
from services.staff.selectors import access_staff


class ConsultationIn(StrictSerializer):
    """A question for a colleague of the tenant, or for a partner hospital."""

    site = serializers.UUIDField()
    patient = serializers.UUIDField()
    doctor = serializers.UUIDField()
    colleague = serializers.UUIDField(required=False, allow_null=True, default=None)
    partner = LineField(max_length=80, required=False, allow_blank=True, default="")
    partner_doctor = LineField(max_length=60, required=False, allow_blank=True, default="")
    question = LineField(max_length=2000)
    consent = serializers.BooleanField(default=False)


class ConsultationOut(OutSerializer):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    patient = serializers.UUIDField(source="patient.code")
    doctor = serializers.UUIDField(source="doctor.code")
    colleague = serializers.UUIDField(source="colleague.code", default=None, allow_null=True)
    partner = serializers.CharField()
    partner_doctor = serializers.CharField()
    state = serializers.ChoiceField(choices=REMOTE.choices)
    requested_at = MomentField()
    consented_at = MomentField(allow_null=True)
    starts_at = MomentField(allow_null=True)
    ends_at = MomentField(allow_null=True)
    held_at = MomentField(allow_null=True)
    recorded_at = MomentField(allow_null=True)
    end_reason = serializers.CharField()


class AcceptIn(StrictSerializer):
    partner_doctor = LineField(max_length=60, required=False, allow_blank=True, default="")


class ScheduleIn(StrictSerializer):
    starts_at = MomentField()
    minutes = serializers.IntegerField(min_value=5, max_value=240)


class RecordIn(StrictSerializer):
    result = serializers.CharField(max_length=4000)


class EndIn(StrictSerializer):
    reason = LineField(max_length=120)


class Consultations(ApiView):
    """Consultations over distance, the latest first; one more question. Question and result are read on the page."""

    permissions = {"GET": CONSULT, "POST": CONSULT}
    inputs = {"POST": ConsultationIn}
    outputs = {"GET": paged(ConsultationOut), "POST": ConsultationOut}
    filters = Filters(
        Code("site", "site__code"),
        Code("patient", "patient__code"),
        Choice("state", "state", list(REMOTE.states)),
        ordering={"requested_at": "requested_at"},
        default="-requested_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(remote.consultations_for(self.actor), ConsultationOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        colleague = data.pop("colleague")
        made = remote.request_consultation(
            by=self.actor,
            site=access_site(self.actor, data.pop("site"), CONSULT),
            patient=access_patient(self.actor, data.pop("patient")),
            doctor=access_staff(self.actor, data.pop("doctor")),
            colleague=access_staff(self.actor, colleague) if colleague else None,
            **data,
        )
        return self.one(remote.access_consultation(self.actor, made.code), ConsultationOut, status=201)


class OneConsultation(ApiView):
    """One consultation; its question and result are read on the page."""

    permissions = {"GET": CONSULT}
    outputs = {"GET": ConsultationOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(remote.access_consultation(self.actor, code), ConsultationOut)


class _Step(ApiView):
    """What steps of one consultation share: find it, act, show it."""

    permissions = {"POST": CONSULT}
    outputs = {"POST": (200, ConsultationOut)}

    def step(self, code: UUID, action: Callable[..., Any], **facts: Any) -> Response:
        action(by=self.actor, consultation=remote.access_consultation(self.actor, code), **facts)
        return self.one(remote.access_consultation(self.actor, code), ConsultationOut)


class Consent(_Step):
    """The patient agrees that the data are passed on."""

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, remote.note_consent)


class Accept(_Step):
    """The other side takes it, and says who answers."""

    inputs = {"POST": AcceptIn}

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, remote.accept_consultation, **self.read(request))


class Refuse(_Step):
    """The partner does not take it."""

    inputs = {"POST": EndIn}

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, remote.end_consultation, refused=True, **self.read(request))


class Schedule(_Step):
    """Fix the time; it is kept from bookings."""

    inputs = {"POST": ScheduleIn}

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, remote.schedule_consultation, **self.read(request))


class Hold(_Step):
    """It took place."""

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, remote.hold_consultation)


class Record(_Step):
    """Write down what it brought."""

    inputs = {"POST": RecordIn}

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, remote.record_result, **self.read(request))


class Cancel(_Step):
    """It is not needed any more; the kept time is free again."""

    inputs = {"POST": EndIn}

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, remote.end_consultation, **self.read(request))
