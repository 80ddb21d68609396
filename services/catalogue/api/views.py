"""The API of the catalogue."""

from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.conditional import expected_version
from kernel.api.filters import Filters, Text
from kernel.api.pages import paged
from kernel.api.views import ApiView
from services.catalogue import actions, selectors
from services.catalogue.api.serializers import ItemIn, ItemOut, PriceIn, PriceOut


class ItemListView(ApiView):
    """The items on offer."""

    permissions = {"GET": "catalogue.view"}
    outputs = {"GET": paged(ItemOut)}
    filters = Filters(
        Text("q", None, help="Name, pinyin, initials or key"),
        Text("vertical", None, help="Of one line of business, with the general ones"),
        Text("category", "category__key"),
        ordering={"order": "order", "key": "key"},
        default="order",
    )

    def get(self, request: Request) -> Response:
        query, vertical = (parameter.read(request.query_params) for parameter in self.filters.parameters[:2])
        return self.page(selectors.items(query=query or "", vertical=vertical), ItemOut)


class ItemDetailView(ApiView):
    """One item."""

    permissions = {"GET": "catalogue.view", "PATCH": "catalogue.manage"}
    inputs = {"PATCH": ItemIn}
    outputs = {"GET": ItemOut, "PATCH": ItemOut}
    versioned = ("PATCH",)

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(selectors.access_item(self.actor, code), ItemOut)

    def patch(self, request: Request, code: UUID) -> Response:
        """Change an item; its price has an operation of its own."""
        item = selectors.access_item(self.actor, code, "catalogue.manage")
        changes = self.read(request)
        item = actions.update_item(by=self.actor, item=item, version=expected_version(request, item), **changes)
        return self.one(item, ItemOut)


class PriceView(ApiView):
    """Setting a price."""

    permissions = {"POST": "catalogue.manage"}
    inputs = {"POST": PriceIn}
    outputs = {"POST": PriceOut}

    def post(self, request: Request, code: UUID) -> Response:
        """Let an item cost this much from a day on."""
        item = selectors.access_item(self.actor, code, "catalogue.manage")
        price = actions.set_price(by=self.actor, item=item, **self.read(request))
        return Response(PriceOut(price).data, status=201)
