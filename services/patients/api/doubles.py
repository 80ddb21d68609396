"""Pairs of files that may be one person, over the API."""

from __future__ import annotations

from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.pages import paged
from kernel.api.serializers import LineField, MomentField, OutSerializer, StrictSerializer
from kernel.api.views import ApiView
from services.patients import doubles, selectors


class DistinctionIn(StrictSerializer):
    """Two files that are two people, and how one knows."""

    patient = serializers.UUIDField()
    other = serializers.UUIDField()
    reason = LineField(max_length=300, required=False, allow_blank=True, default="")


class DistinctionOut(OutSerializer):
    """What was said of a pair."""

    code = serializers.UUIDField()
    first = serializers.UUIDField(source="first.code")
    second = serializers.UUIDField(source="second.code")
    reason = serializers.CharField()
    said_at = MomentField()
    said_by = serializers.CharField(source="said_by_name")
    undone_at = MomentField(allow_null=True)


class DistinctionListView(ApiView):
    """Pairs of files that are known to be two people, the latest first."""

    permissions = {"GET": "patients.merge", "POST": "patients.merge"}
    inputs = {"POST": DistinctionIn}
    outputs = {"GET": paged(DistinctionOut), "POST": DistinctionOut}

    def get(self, request: Request) -> Response:
        return self.page(doubles.distinctions(), DistinctionOut)

    def post(self, request: Request) -> Response:
        """Say that two files are two people: they are proposed and merged no more."""
        data = self.read(request)
        one = selectors.access_patient(self.actor, data["patient"], "patients.merge")
        other = selectors.access_patient(self.actor, data["other"], "patients.merge")
        row = doubles.distinguish_patients(by=self.actor, one=one, other=other, reason=data["reason"])
        return self.one(row, DistinctionOut, status=201)


class DistinctionView(ApiView):
    """Take back what was said of a pair."""

    permissions = {"DELETE": "patients.merge"}

    def delete(self, request: Request, code: UUID) -> Response:
        doubles.undo_distinction(by=self.actor, distinction=doubles.access_distinction(self.actor, code))
        return Response(status=204)
