"""Publishing rules to the houses, over the API."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Filters
from kernel.api.pages import paged
from kernel.api.serializers import MomentField, OutSerializer, StrictSerializer
from kernel.api.views import ApiView
from services.headquarters import publishing
from services.headquarters.models import RulePublication


class RuleIn(StrictSerializer):
    key = serializers.CharField(max_length=80)
    value = serializers.JSONField(required=False, allow_null=True, default=None)
    locked = serializers.BooleanField(required=False, default=False)
    withdrawn = serializers.BooleanField(required=False, default=False)


class PublicationIn(StrictSerializer):
    title = serializers.CharField(max_length=120)
    rules = RuleIn(many=True)
    effective_from = MomentField(required=False, allow_null=True, default=None)


class PublishedOut(OutSerializer):
    key = serializers.CharField()
    value = serializers.JSONField(allow_null=True)
    locked = serializers.BooleanField()
    withdrawn = serializers.BooleanField()


class RulePublicationOut(OutSerializer):
    code = serializers.UUIDField()
    title = serializers.CharField()
    rules = PublishedOut(many=True)
    effective_from = MomentField()
    published_at = MomentField()
    published_by_name = serializers.CharField()


class HouseOut(OutSerializer):
    house = serializers.UUIDField()
    name = serializers.CharField()
    received_at = MomentField(allow_null=True)
    adopted_at = MomentField(allow_null=True)
    left_out = serializers.ListField(child=serializers.CharField())


class WithoutOut(OutSerializer):
    house = serializers.UUIDField()
    name = serializers.CharField()


class AnsweredOut(RulePublicationOut):
    houses = HouseOut(many=True, source="answers.all")
    not_received = serializers.SerializerMethodField()
    in_force = serializers.SerializerMethodField()

    @extend_schema_field(WithoutOut(many=True))
    def get_not_received(self, row: RulePublication) -> Any:
        return WithoutOut(publishing.houses_without(row), many=True).data

    def get_in_force(self, row: RulePublication) -> bool:
        return publishing.counts_still(row)


class Publications(ApiView):
    """The rules that were published to the houses; publish some."""

    permissions = {"GET": "headquarters.view", "POST": publishing.PUBLISH}
    inputs = {"POST": PublicationIn}
    outputs = {"GET": paged(RulePublicationOut), "POST": RulePublicationOut}
    filters = Filters(ordering={"published_at": "published_at"}, default="-published_at")

    def get(self, request: Request) -> Response:
        return self.page(publishing.publications(), RulePublicationOut)

    def post(self, request: Request) -> Response:
        """Publish rules to every house of the chain."""
        return self.one(publishing.publish_rules(by=self.actor, **self.read(request)), RulePublicationOut, status=201)


class Publication(ApiView):
    """One publication, and what each house did with it."""

    permissions = {"GET": "headquarters.view"}
    outputs = {"GET": AnsweredOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(publishing.access_publication(self.actor, code), AnsweredOut)
