"""The API of sites."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from kernel import calendars
from kernel.api.conditional import expected_version
from kernel.api.filters import Day, Filters, Number
from kernel.api.pages import paged
from kernel.api.views import ApiView
from services.sites import actions, selectors
from services.sites.api.serializers import ChairListOut, ChairOut, HoursOut, SiteIn, SiteOut

LONGEST_LOOK = 62


class SiteListView(ApiView):
    """The branches where the caller works."""

    permissions = {"GET": "sites.view"}
    outputs = {"GET": paged(SiteOut)}

    def get(self, request: Request) -> Response:
        return self.page(selectors.sites_of(self.actor), SiteOut)


class SiteDetailView(ApiView):
    """One branch."""

    permissions = {"GET": "sites.view", "PATCH": "sites.manage"}
    inputs = {"PATCH": SiteIn}
    outputs = {"GET": SiteOut, "PATCH": SiteOut}
    versioned = ("PATCH",)

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(selectors.access_site(self.actor, code), SiteOut)

    def patch(self, request: Request, code: UUID) -> Response:
        """Change a branch."""
        site = selectors.access_site(self.actor, code, "sites.manage")
        changes = self.read(request)
        version = expected_version(request, site)
        return self.one(actions.update_site(by=self.actor, site=site, version=version, **changes), SiteOut)


class ChairListView(ApiView):
    """The chairs of a branch that are in use."""

    permissions = {"GET": "sites.view"}
    outputs = {"GET": ChairListOut}

    def get(self, request: Request, code: UUID) -> Response:
        site = selectors.access_site(self.actor, code)
        return Response({"results": ChairOut(selectors.chairs(site), many=True).data})


class HoursView(ApiView):
    """When a branch is open, from a day on."""

    permissions = {"GET": "sites.view"}
    outputs = {"GET": HoursOut}
    filters = Filters(
        Day("from", None, help="First day; today at the branch by default"),
        Number("days", None, minimum=1, maximum=LONGEST_LOOK, help="How many days; 7 by default"),
    )

    def get(self, request: Request, code: UUID) -> Response:
        site = selectors.access_site(self.actor, code)
        self.filters.check(request.query_params)
        first, count = (parameter.read(request.query_params) for parameter in self.filters.parameters)
        first = first or selectors.today(site)
        days = [first + timedelta(days=offset) for offset in range(count or 7)]
        hours = selectors.weekly_hours(site, since=days[0], until=days[-1])
        rows: list[dict[str, Any]] = [
            {
                "day": day,
                "spans": [
                    {"opens_at": opens, "closes_at": closes}
                    for opens, closes in calendars.open_spans(hours, day, site.timezone)
                ],
            }
            for day in days
        ]
        return Response(HoursOut({"results": rows}).data)
