"""The API of the search."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Filters, Text
from kernel.api.permissions import SignedIn
from kernel.api.views import ApiView
from services.search import selectors
from services.search.api.serializers import SearchOut


class SearchView(ApiView):
    """Search everything that the caller may see."""

    permissions = {"GET": SignedIn("each room shows only what the caller may see")}
    outputs = {"GET": SearchOut}
    filters = Filters(Text("q", None, help="Name, pinyin initials, last four digits, record number, …"))

    def get(self, request: Request) -> Response:
        self.filters.check(request.query_params)
        query = self.filters.parameters[0].read(request.query_params) or ""
        return Response(SearchOut({"query": query, "results": selectors.search(self.actor, query)}).data)
