"""Headquarters' pages: the matrix, one figure over all sites, one site by day, the table as CSV."""

from __future__ import annotations

import csv
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import audit, clock, registry
from kernel.web.charts import BarChart, FunnelChart, FunnelLimit, FunnelPoint, Point
from kernel.web.views import page, polled, render_page
from services.headquarters import selectors
from services.headquarters.judging import FEW, judge, limits
from services.headquarters.matrix import Period, build_matrix, period
from services.headquarters.models import SiteDay
from services.headquarters.writing import matrix_body, written


def _period(request: HttpRequest) -> Period:
    return period(request.GET.get("period", "month"), request.GET.get("month", ""), clock.today())


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1


@page(permission="headquarters.view")
def matrix(request: HttpRequest) -> HttpResponse:
    """Figures × sites: what is special first, then everything."""
    wanted = _period(request)
    vertical = request.GET.get("vertical", "")
    window = _number(request.GET.get("window", "1"))
    newest = SiteDay.objects.order_by("-measured_at").values_list("measured_at", flat=True).first()

    def context() -> dict[str, object]:
        found = build_matrix(period=wanted, vertical=vertical, window=window)
        known = registry.verticals()
        base = reverse("headquarters:matrix")
        return {
            "matrix": found,
            "body": matrix_body(found),
            "newest": newest,
            "vertical": vertical,
            "spans": [
                {
                    "key": key,
                    "label": label,
                    "url": f"{base}?period={key}&month={wanted.last:%Y-%m}&vertical={vertical}",
                }
                for key, label in (("month", _("Month")), ("quarter", _("Quarter")), ("year", _("Year")))
            ],
            "filters": [
                {
                    "key": "",
                    "label": _("All"),
                    "count": None,
                    "url": f"{base}?period={wanted.key}&month={wanted.last:%Y-%m}",
                },
                *(
                    {
                        "key": key,
                        "label": known[key].label,
                        "url": f"{base}?period={wanted.key}&month={wanted.last:%Y-%m}&vertical={key}",
                    }
                    for key in found.verticals
                    if key in known
                ),
            ],
            "previous": f"{base}?period={wanted.key}&month={wanted.moved(-1).last:%Y-%m}&vertical={vertical}",
            "next": f"{base}?period={wanted.key}&month={wanted.moved(1).last:%Y-%m}&vertical={vertical}",
            "query": f"?period={wanted.key}&month={wanted.last:%Y-%m}&vertical={vertical}",
        }

    version = f"{newest.isoformat() if newest else ''}|{wanted}|{vertical}|{window}|{request.LANGUAGE_CODE}"
    return polled(request, "headquarters/matrix.html", "headquarters/_matrix.html", context, version=version)


@page(permission="headquarters.view")
def branches(request: HttpRequest) -> HttpResponse:
    """The chain's tenants and sites, and when each was last heard of."""
    return render_page(
        request, "headquarters/branches.html", {"branches": selectors.branches(), "today": clock.today()}
    )


@page(permission="headquarters.view")
def figure(request: HttpRequest, key: str) -> HttpResponse:
    """One figure over all sites: a funnel for rates, bars for everything else; the table twin below."""
    kpi = selectors.access_figure(key)
    wanted = _period(request)
    rows = selectors.sites_of_figure(kpi, wanted)
    total_x = sum(numerator for _site, numerator, _d, _n in rows)
    total_n = sum(denominator or 0 for _site, _x, denominator, _n in rows)
    rate = total_x / total_n if kpi.aggregate == "ratio" and total_n else None
    table = []
    points = []
    for site, numerator, denominator, n in rows:
        few = kpi.sensitive and (denominator if denominator is not None else n) < FEW
        mark = None if few else judge(kpi, numerator, denominator, rate)
        value = _value(kpi, numerator, denominator)
        table.append(
            {
                "site": site,
                "value": written(kpi, value),
                "numerator": numerator,
                "denominator": denominator,
                "n": n,
                "mark": mark,
                "few": few,
            }
        )
        if denominator:
            judged = rate is not None and min(rate, 1 - rate) * denominator >= 1
            points.append(
                FunnelPoint(
                    label=site.short_name,
                    x=numerator,
                    n=denominator,
                    outside=mark is not None,
                    judged=judged and not few,
                )
            )
    chart = _funnel(kpi, wanted, points, rate, total_n) if rate is not None else None
    context = {
        "kpi": kpi,
        "period": wanted,
        "rows": table,
        "chart": chart,
        "query": f"?period={wanted.key}&month={wanted.last:%Y-%m}",
    }
    return render_page(request, "headquarters/figure.html", context)


def _value(kpi: registry.Kpi, numerator: int, denominator: int | None) -> float | None:
    if kpi.aggregate in ("ratio", "mean"):
        return numerator / denominator * (100 if kpi.unit == "percent" else 1) if denominator else None
    return float(numerator)


def _funnel(kpi: registry.Kpi, wanted: Period, points: list[FunnelPoint], rate: float, total: int) -> FunnelChart:
    largest = max(point.n for point in points)
    sizes = sorted({max(1, round(largest * step / 24)) for step in range(1, 26)})
    steps = []
    for n in sizes:
        low, high = limits(rate, n)
        narrow = (high - low) * 0.3171
        steps.append(
            FunnelLimit(
                n=n, lower95=max(0.0, rate - narrow), upper95=min(1.0, rate + narrow), lower998=low, upper998=high
            )
        )
    outside = [point for point in points if point.outside]
    reading = (
        _("Only %(sites)s lie outside the 99.8 %% limits; the others cannot be told from luck and are not ranked.")
        % {"sites": ", ".join(str(p.label) for p in outside)}
        if outside
        else _("No site lies outside the 99.8 % limits; what is higher or lower cannot be told from luck.")
    )
    return FunnelChart(
        title=f"{kpi.label} · {wanted.label}",
        unit="%",
        n=total,
        reading=reading,
        points=points,
        mean=rate,
        limits=steps,
    )


@page(permission="headquarters.view")
def site(request: HttpRequest, code: UUID, key: str) -> HttpResponse:
    """One figure of one site by day: here headquarters stops; the rows behind it belong to the branch."""
    found = selectors.access_branch_site(request.actor, code)
    kpi = selectors.access_figure(key)
    wanted = _period(request)
    days = selectors.site_days(found, kpi, wanted)
    shown = []
    for day, fact in days:
        few = (
            fact is not None and kpi.sensitive and (fact.denominator if fact.denominator is not None else fact.n) < FEW
        )
        shown.append(
            {
                "day": day,
                "fact": fact,
                "few": few,
                "value": written(kpi, _value(kpi, fact.numerator, fact.denominator)) if fact and not few else "",
            }
        )
    chart = BarChart(
        title=f"{found.tenant.name} · {found.short_name} · {kpi.label}",
        unit={"percent": "%", "fen": _("yuan"), "minutes": _("min"), "count": ""}[kpi.unit],
        n=sum(fact.n for _day, fact in days if fact),
        reading=_("Totals per day; empty days were not measured."),
        points=[
            Point(
                label=f"{day:%d}",
                value=(_value(kpi, fact.numerator, fact.denominator) or 0) / (100 if kpi.unit == "fen" else 1)
                if fact and not row["few"]
                else None,
            )
            for (day, fact), row in zip(days, shown, strict=True)
        ],
    )
    audit.record_read(by=request.actor, target=found, purpose="headquarters.drill", figure=kpi.key)
    context = {
        "site": found,
        "kpi": kpi,
        "period": wanted,
        "rows": shown,
        "chart": chart,
        "months": selectors.site_months(found, kpi, wanted.last),
    }
    return render_page(request, "headquarters/site.html", context)


@page(permission="headquarters.view")
def export(request: HttpRequest) -> HttpResponse:
    """The matrix as CSV: the same numbers, with numerator, denominator and n."""
    wanted = _period(request)
    vertical = request.GET.get("vertical", "")
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="figures-{wanted.last:%Y-%m}.csv"'
    response.write("\ufeff")
    table = csv.writer(response)
    table.writerow(
        [
            _safe(str(word))
            for word in (
                _("Figure"),
                _("Version"),
                _("Tenant"),
                _("Site"),
                _("Value"),
                _("Numerator"),
                _("Denominator"),
                "n",
                _("State"),
            )
        ]
    )
    windows = build_matrix(period=wanted, vertical=vertical).windows
    for window in range(1, windows + 1):
        for row in build_matrix(period=wanted, vertical=vertical, window=window).rows:
            for cell in row.cells:
                assert cell.site is not None
                shown = cell.kind == "value"
                table.writerow(
                    [
                        _safe(str(row.kpi.label)), row.kpi.version, _safe(cell.site.tenant.name), _safe(cell.site.short_name),
                        written(row.kpi, cell.value) if shown else "", cell.numerator if shown else "",
                        cell.denominator if shown and cell.denominator is not None else "", cell.n if shown else "", cell.kind,
                    ]
                )  # fmt: skip
    audit.record(by=request.actor, verb="headquarters.exported", target=None, period=wanted.label)
    return response


def _safe(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
