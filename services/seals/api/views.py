"""The register of seals over the API. Seals are pressed where their document is made."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Choice, Code, Day, Filters
from kernel.api.pages import paged
from kernel.api.views import ApiView
from services.seals import selectors
from services.seals.api.serializers import UseOut
from services.seals.models import Seal


class Uses(ApiView):
    """What was sealed, the latest first."""

    permissions = {"GET": "seals.view"}
    outputs = {"GET": paged(UseOut)}
    filters = Filters(
        Choice("seal", "seal", Seal.values),
        Code("document", "document__code"),
        Day("from", "day__gte"),
        Day("until", "day__lte"),
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.uses(self.actor), UseOut)
