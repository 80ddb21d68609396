"""What headquarters published, over the API."""

from __future__ import annotations

from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Filters
from kernel.api.pages import paged
from kernel.api.serializers import MomentField, OutSerializer
from kernel.api.views import ApiView
from services.rules import selectors
from services.rules.actions import adopt_publication


class PublishedRuleOut(OutSerializer):
    key = serializers.CharField()
    value = serializers.JSONField(allow_null=True)
    locked = serializers.BooleanField()
    withdrawn = serializers.BooleanField()


class PublicationOut(OutSerializer):
    code = serializers.UUIDField()
    title = serializers.CharField()
    rules = PublishedRuleOut(many=True)
    effective_from = MomentField()
    published_at = MomentField()
    received_at = MomentField()
    adopted_at = MomentField(allow_null=True)
    adopted_by_name = serializers.CharField()
    left_out = serializers.ListField(child=serializers.CharField())


class Publications(ApiView):
    """The rules that headquarters published to this house."""

    permissions = {"GET": "parameters.view"}
    outputs = {"GET": paged(PublicationOut)}
    filters = Filters(ordering={"published_at": "published_at"}, default="-published_at")

    def get(self, request: Request) -> Response:
        return self.page(selectors.publications(), PublicationOut)


class Adopt(ApiView):
    """Let a publication of headquarters count in this house."""

    permissions = {"POST": "parameters.set"}
    outputs = {"POST": (200, PublicationOut)}

    def post(self, request: Request, code: UUID) -> Response:
        """Adopt it from its date on, or from now if that has passed."""
        found = selectors.access_publication(self.actor, code)
        return self.one(adopt_publication(by=self.actor, publication=found), PublicationOut)
