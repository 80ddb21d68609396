"""The branch's figures over the API."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kernel import clock
from kernel.api.filters import Code, Day, Filters
from kernel.api.serializers import OutSerializer
from kernel.api.views import ApiView
from kernel.errors import Malformed
from services.kpis import selectors
from services.sites.selectors import access_site

LONGEST_DAYS = 400


class FigureOut(OutSerializer):
    key = serializers.CharField(source="kpi.key")
    label = serializers.CharField(source="kpi.label")  # type: ignore[assignment]  # DRF has a label too
    unit = serializers.CharField(source="kpi.unit")
    version = serializers.IntegerField(source="kpi.version")
    value = serializers.FloatField(allow_null=True)
    numerator = serializers.IntegerField()
    denominator = serializers.IntegerField(allow_null=True)
    n = serializers.IntegerField()
    days = serializers.IntegerField()
    excluded = serializers.IntegerField(
        allow_null=True, help_text="Left out because of a declared outage; null for a figure that leaves nothing out."
    )


class FiguresOut(OutSerializer):
    results = FigureOut(many=True)


class Figures(ApiView):
    """Every figure of a site over a period of local days (default: the last 30)."""

    permissions = {"GET": "kpis.view"}
    outputs = {"GET": FiguresOut}
    filters = Filters(Code("site", None), Day("from", None), Day("until", None))

    def get(self, request: Request) -> Response:
        Figures.filters.check(request.query_params)
        code, start, end = (parameter.read(request.query_params) for parameter in Figures.filters.parameters)
        if code is None:
            raise Malformed("site_needed", _("Name the site."), fields={"site": [_("Needed.")]})
        site = access_site(self.actor, code, "kpis.view")
        end = end or clock.today(site.timezone)
        start = start or end - timedelta(days=29)
        if not timedelta(0) <= end - start <= timedelta(days=LONGEST_DAYS):
            raise Malformed("period_invalid", _("Choose a period of 1 to 400 days."))
        rows = selectors.figures(self.actor, site=site, start=start, end=end)
        return Response(FiguresOut({"results": rows}).data)
