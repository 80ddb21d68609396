"""Overrides over the API. Each room lets its own gates be overridden; here they are read and reviewed."""

from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Choice, Code, Filters, Moment, Text
from kernel.api.pages import paged
from kernel.api.views import ApiView
from services.policy import actions, selectors
from services.policy.api.serializers import OverrideOut, ReviewIn
from services.policy.models import OverrideRecord


class Overrides(ApiView):
    """The exception report."""

    permissions = {"GET": "policy.view_exceptions"}
    outputs = {"GET": paged(OverrideOut)}
    filters = Filters(
        Text("gate", "gate"),
        Code("site", "site__code"),
        Choice("review", "review", OverrideRecord.Review.values),
        Moment("since", "granted_at__gte"),
        ordering={"granted_at": "granted_at"},
        default="-granted_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.overrides_for(self.actor), OverrideOut)


class Override(ApiView):
    """One override."""

    permissions = {"GET": "policy.view_exceptions"}
    outputs = {"GET": OverrideOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(selectors.access_override(self.actor, code), OverrideOut)


class Review(ApiView):
    """Judge an override, as another person than who granted it."""

    permissions = {"POST": "policy.review_exceptions"}
    inputs = {"POST": ReviewIn}
    outputs = {"POST": (200, OverrideOut)}

    def post(self, request: Request, code: UUID) -> Response:
        record = selectors.access_override(self.actor, code)
        actions.review_override(by=self.actor, record=record, **self.read(request))
        return self.one(selectors.access_override(self.actor, code), OverrideOut)
