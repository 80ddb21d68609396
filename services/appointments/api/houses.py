"""Doctors who also work in other houses of the chain, over the API."""

from __future__ import annotations

from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.serializers import MomentField, OutSerializer, StrictSerializer
from kernel.api.views import ApiView
from services.appointments import houses


class JoinIn(StrictSerializer):
    staff = serializers.UUIDField()
    invitation = serializers.CharField(
        max_length=40, help_text="What headquarters was given when it opened the calendar."
    )


class SharedOut(OutSerializer):
    staff = serializers.UUIDField()
    name = serializers.CharField()
    joined_at = MomentField()


class ClashOut(OutSerializer):
    staff = serializers.UUIDField(source="staff.code")
    starts_at = MomentField()
    ends_at = MomentField()
    appointment = serializers.UUIDField(source="booking.code", allow_null=True, default=None)


class HousesOut(OutSerializer):
    doctors = SharedOut(many=True)
    clashes = ClashOut(many=True)


class Houses(ApiView):
    """Who shares busy times with other houses, what clashes; join with an invitation of headquarters."""

    permissions = {"GET": "appointments.share_calendar", "POST": "appointments.share_calendar"}
    inputs = {"POST": JoinIn}
    outputs = {"GET": HousesOut, "POST": SharedOut}

    def get(self, request: Request) -> Response:
        doctors = [row for row, _staff in houses.shared_doctors()]
        return Response(HousesOut({"doctors": doctors, "clashes": houses.clashes()}).data)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        staff = houses.access_doctor(self.actor, data["staff"])
        member = houses.join_calendar(by=self.actor, staff=staff, invitation=data["invitation"])
        return Response(SharedOut(member).data, status=201)


class HouseDoctor(ApiView):
    """Stop sharing the busy times of a doctor."""

    permissions = {"DELETE": "appointments.share_calendar"}

    def delete(self, request: Request, code: UUID) -> Response:
        houses.leave_calendar(by=self.actor, staff=houses.access_doctor(self.actor, code))
        return Response(status=204)
