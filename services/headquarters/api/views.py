"""Headquarters over the API: the matrix, and one site's days. Aggregates only."""

from __future__ import annotations

from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kernel import clock
from kernel.api.filters import Choice, Filters, Number, Text
from kernel.api.serializers import DayField, OutSerializer
from kernel.api.views import ApiView
from services.headquarters import selectors
from services.headquarters.judging import too_few
from services.headquarters.matrix import SPANS, build_matrix, period


class CellOut(OutSerializer):
    site = serializers.UUIDField(source="site.code", allow_null=True, default=None)
    kind = serializers.ChoiceField(choices=["value", "few", "missing", "na"])
    value = serializers.SerializerMethodField()
    numerator = serializers.SerializerMethodField()
    denominator = serializers.SerializerMethodField()
    n = serializers.SerializerMethodField()
    mark = serializers.SerializerMethodField()

    def get_value(self, cell: object) -> float | None:
        return cell.value if cell.kind == "value" else None  # type: ignore[attr-defined]

    def get_numerator(self, cell: object) -> int | None:
        return cell.numerator if cell.kind == "value" else None  # type: ignore[attr-defined]

    def get_denominator(self, cell: object) -> int | None:
        return cell.denominator if cell.kind == "value" else None  # type: ignore[attr-defined]

    def get_n(self, cell: object) -> int | None:
        return cell.n if cell.kind == "value" else None  # type: ignore[attr-defined]

    def get_mark(self, cell: object) -> str:
        mark = cell.mark  # type: ignore[attr-defined]
        return "" if mark is None else "good" if mark.good else "bad"


class RowOut(OutSerializer):
    key = serializers.CharField(source="kpi.key")
    label = serializers.CharField(source="kpi.label")  # type: ignore[assignment]  # DRF has a label too
    unit = serializers.CharField(source="kpi.unit")
    version = serializers.IntegerField(source="kpi.version")
    chain = CellOut()
    reporting = serializers.IntegerField()
    applicable = serializers.IntegerField()
    cells = CellOut(many=True)


class SiteOut(OutSerializer):
    code = serializers.UUIDField()
    name = serializers.CharField()
    tenant = serializers.CharField(source="tenant.slug")


class MatrixOut(OutSerializer):
    period = serializers.CharField(source="period.label")
    sites = SiteOut(many=True)
    rows = RowOut(many=True)
    sites_total = serializers.IntegerField()
    window = serializers.IntegerField()
    windows = serializers.IntegerField()


class DayOut(OutSerializer):
    day = DayField()
    numerator = serializers.IntegerField(allow_null=True)
    denominator = serializers.IntegerField(allow_null=True)
    n = serializers.IntegerField(allow_null=True)


class DaysOut(OutSerializer):
    results = DayOut(many=True)


class MatrixView(ApiView):
    """Figures × sites for a period; a window of 30 sites."""

    permissions = {"GET": "headquarters.view"}
    outputs = {"GET": MatrixOut}
    filters = Filters(
        Choice("period", None, list(SPANS)),
        Text("month", None),
        Text("vertical", None),
        Number("window", None, minimum=1, maximum=10_000),
    )

    def get(self, request: Request) -> Response:
        MatrixView.filters.check(request.query_params)
        key, month, vertical, window = (
            parameter.read(request.query_params) for parameter in MatrixView.filters.parameters
        )
        matrix = build_matrix(
            period=period(key or "month", month or "", clock.today()), vertical=vertical or "", window=window or 1
        )
        return Response(MatrixOut(matrix).data)


class SiteDays(ApiView):
    """One figure of one site by day; headquarters stops here."""

    permissions = {"GET": "headquarters.view"}
    outputs = {"GET": DaysOut}
    filters = Filters(Choice("period", None, list(SPANS)), Text("month", None))

    def get(self, request: Request, code: UUID, key: str) -> Response:
        SiteDays.filters.check(request.query_params)
        span, month = (parameter.read(request.query_params) for parameter in SiteDays.filters.parameters)
        site, kpi = selectors.access_branch_site(self.actor, code), selectors.access_figure(key)
        rows = []
        for day, fact in selectors.site_days(site, kpi, period(span or "month", month or "", clock.today())):
            shown = None if fact is None or too_few(kpi, fact.denominator, fact.n) else fact
            rows.append(
                {
                    "day": day,
                    "numerator": shown.numerator if shown else None,
                    "denominator": shown.denominator if shown else None,
                    "n": shown.n if shown else None,
                }
            )
        return Response(DaysOut({"results": rows}).data)
