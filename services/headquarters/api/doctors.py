"""Doctors who work in several houses, over the API."""

from __future__ import annotations

from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.serializers import MomentField, OutSerializer, StrictSerializer
from kernel.api.views import ApiView
from services.headquarters import doctors


class DoctorIn(StrictSerializer):
    label = serializers.CharField(max_length=60)  # type: ignore[assignment]  # DRF has a label too


class MemberOut(OutSerializer):
    code = serializers.UUIDField()
    name = serializers.CharField()
    house = serializers.CharField()
    joined_at = MomentField()


class DoctorOut(OutSerializer):
    code = serializers.UUIDField()
    label = serializers.CharField()  # type: ignore[assignment]  # DRF has a label too
    members = MemberOut(many=True, source="members.all")


class InvitedOut(OutSerializer):
    code = serializers.UUIDField()
    invitation = serializers.CharField(help_text="For the houses; told this once.")


class DoctorsOut(OutSerializer):
    results = DoctorOut(many=True)


class Doctors(ApiView):
    """Who works in which houses; open a calendar for one more."""

    permissions = {"GET": "headquarters.view", "POST": "headquarters.link_doctors"}
    inputs = {"POST": DoctorIn}
    outputs = {"GET": DoctorsOut, "POST": InvitedOut}

    def get(self, request: Request) -> Response:
        return Response(DoctorsOut({"results": list(doctors.doctors_in_houses())}).data)

    def post(self, request: Request) -> Response:
        calendar, invitation = doctors.open_calendar(by=self.actor, **self.read(request))
        return Response(InvitedOut({"code": calendar.code, "invitation": invitation}).data, status=201)


class Doctor(ApiView):
    """Close a calendar: the houses share these times no more."""

    permissions = {"DELETE": "headquarters.link_doctors"}

    def delete(self, request: Request, code: UUID) -> Response:
        doctors.close_calendar(by=self.actor, calendar=doctors.access_calendar(self.actor, code))
        return Response(status=204)
