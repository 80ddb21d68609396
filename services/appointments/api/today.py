"""Patients booked for today and who arranges them, over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.serializers import LineField, MomentField, OutSerializer, StrictSerializer
from kernel.api.views import ApiView
from services.appointments import selectors, today
from services.appointments.lifecycles import ARRANGEMENT

VIEW = "appointments.view"


class ArrangementOut(OutSerializer):
    """How far it is. What makes it difficult is read on the page of the booking."""

    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    appointment = serializers.UUIDField(source="appointment.code")
    state = serializers.ChoiceField(choices=ARRANGEMENT.choices)
    asked_at = MomentField()
    arranged_at = MomentField(allow_null=True)
    arranged_by_name = serializers.CharField()
    told_at = MomentField(allow_null=True)
    acknowledged_at = MomentField(allow_null=True)


class DifficultIn(StrictSerializer):
    difficulty = LineField(max_length=200)


class Arrange(ApiView):
    """Ask the duty doctor of the administration to arrange a patient who is booked for today."""

    permissions = {"POST": "appointments.book"}
    outputs = {"POST": ArrangementOut}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_appointment(self.actor, code)
        row = today.ask_duty_doctor(by=self.actor, appointment=found)
        return self.one(today.access_arrangement(self.actor, row.code), ArrangementOut, status=201)


class OneArrangement(ApiView):
    """How far an arrangement is."""

    permissions = {"GET": VIEW}
    outputs = {"GET": ArrangementOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(today.access_arrangement(self.actor, code), ArrangementOut)


class _Step(ApiView):
    """What steps of one arrangement share. Who may take which is said by its machine and its actions."""

    permissions = {"POST": VIEW}
    outputs = {"POST": (200, ArrangementOut)}

    def step(self, code: UUID, action: Callable[..., Any], **facts: Any) -> Response:
        action(by=self.actor, arrangement=today.access_arrangement(self.actor, code), **facts)
        return self.one(today.access_arrangement(self.actor, code), ArrangementOut)


class Arranged(_Step):
    """It is arranged: the desk or the duty doctor, after a difficulty the director."""

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, today.arrange)


class Difficult(_Step):
    """It cannot be arranged so: the director has to."""

    inputs = {"POST": DifficultIn}

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, today.report_difficulty, **self.read(request))


class Told(_Step):
    """The doctor was told in person."""

    permissions = {"POST": "appointments.book"}

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, today.note_told)


class Acknowledged(_Step):
    """The doctor of the visit acknowledges in the system."""

    def post(self, request: Request, code: UUID) -> Response:
        return self.step(code, today.acknowledge_arrangement)
