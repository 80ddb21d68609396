"""Headquarters' pages: the matrix, one figure over all sites, one site by day, the table as CSV."""

from __future__ import annotations

import csv
from datetime import timedelta
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import audit, clock, registry
from kernel.web.charts import Chart
from kernel.web.views import page, polled, render_page
from services.headquarters import charting, selectors
from services.headquarters.definitions import value_of
from services.headquarters.judging import too_few
from services.headquarters.matrix import Period, build_matrix, period
from services.headquarters.writing import about, how_to_read, matrix_body, written


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

    def context() -> dict[str, object]:
        found = build_matrix(period=wanted, vertical=vertical, window=window)
        known = registry.verticals()
        base = reverse("headquarters:matrix")
        return {
            "matrix": found,
            "body": matrix_body(found),
            "newest": selectors.newest_figure(),
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
                    "key": key,
                    "label": known[key].label if key else _("All"),
                    "count": count,
                    "url": f"{base}?period={wanted.key}&month={wanted.last:%Y-%m}&vertical={key}",
                }
                for key, count in found.verticals.items()
                if not key or key in known
            ],
            "previous": f"{base}?period={wanted.key}&month={wanted.moved(-1).last:%Y-%m}&vertical={vertical}",
            "next": f"{base}?period={wanted.key}&month={wanted.moved(1).last:%Y-%m}&vertical={vertical}"
            if wanted.last < clock.today().replace(day=1)
            else "",
            "query": f"?period={wanted.key}&month={wanted.last:%Y-%m}&vertical={vertical}",
            "poll_query": f"?period={wanted.key}&month={wanted.last:%Y-%m}&vertical={vertical}&window={found.window}",
        }

    version = f"{selectors.version_of_figures()}|{wanted}|{vertical}|{window}|{request.LANGUAGE_CODE}"
    return polled(request, "headquarters/matrix.html", "headquarters/_matrix.html", context, version=version)


@page(permission="headquarters.view")
def branches(request: HttpRequest) -> HttpResponse:
    """The chain's tenants and sites, and when each was last heard of."""
    found = selectors.branches()
    context = {
        "branches": found,
        "total": sum(len(sites) for _tenant, sites in found),
        # A branch measures every night, also the days on which it is closed.
        "silent_before": clock.now() - timedelta(hours=36),
    }
    return render_page(request, "headquarters/branches.html", context)


@page(permission="headquarters.view")
def figure(request: HttpRequest, key: str) -> HttpResponse:
    """One figure over all sites: a funnel for rates, bars for everything else; the table twin below."""
    kpi = selectors.access_figure(key)
    wanted = _period(request)
    found = selectors.sites_of_figure(kpi, wanted)
    total_x = sum(numerator for _site, numerator, _d, _n in found)
    total_n = sum(denominator or 0 for _site, _x, denominator, _n in found)
    rate = total_x / total_n if kpi.aggregate == "ratio" and total_n else None
    rows = charting.figure_rows(kpi, found, rate)
    chart: Chart | None = None
    if rate is not None:
        chart = charting.funnel(kpi, wanted, rows, rate)
    elif rows:
        chart = charting.bars(kpi, wanted, rows)
    context = {
        "kpi": kpi,
        "about": about(kpi),
        "how": how_to_read(kpi),
        "period": wanted,
        "rows": rows,
        "chart": chart,
        "rate": rate,
        "rate_text": written(kpi, rate * 100) if rate is not None else "",
        "total_x": total_x,
        "total_n": total_n,
        "shapes": charting.shapes_in([row.site for row in rows]) if rate is not None else [],
        **_steps(request, wanted, reverse("headquarters:figure", args=[kpi.key])),
    }
    return render_page(request, "headquarters/figure.html", context)


@page(permission="headquarters.view")
def site(request: HttpRequest, code: UUID, key: str) -> HttpResponse:
    """One figure of one site by month and day: here headquarters stops; the rows behind it belong to the branch."""
    found = selectors.access_branch_site(request.actor, code)
    kpi = selectors.access_figure(key)
    wanted = _period(request)
    days = selectors.site_days(found, kpi, wanted)
    shown = []
    for day, fact in days:
        few = fact is not None and too_few(kpi, fact.denominator, fact.n)
        value = value_of(kpi, fact.numerator, fact.denominator) if fact and not few else None
        shown.append({"day": day, "fact": fact, "few": few, "value": written(kpi, value) if fact and not few else ""})
    audit.record_read(by=request.actor, target=found, purpose="headquarters.drill", figure=kpi.key)
    context = {
        "site": found,
        "kpi": kpi,
        "about": about(kpi),
        "how": how_to_read(kpi),
        "period": wanted,
        "rows": shown,
        "chart": charting.days_chart(kpi, found, wanted, days),
        "months_chart": charting.months_chart(kpi, found, selectors.site_months(found, kpi, wanted.last)),
        **_steps(request, wanted, reverse("headquarters:site", args=[found.code, kpi.key])),
    }
    return render_page(request, "headquarters/site.html", context)


def _steps(request: HttpRequest, wanted: Period, base: str) -> dict[str, object]:
    """The periods before and after, and the address of this one."""
    first = clock.today().replace(day=1)
    return {
        "query": f"?period={wanted.key}&month={wanted.last:%Y-%m}",
        "previous": f"{base}?period={wanted.key}&month={wanted.moved(-1).last:%Y-%m}",
        "next": f"{base}?period={wanted.key}&month={wanted.moved(1).last:%Y-%m}" if wanted.last < first else "",
    }


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
    part = build_matrix(period=wanted, vertical=vertical)
    for window in range(1, part.windows + 1):
        if window > 1:
            part = build_matrix(period=wanted, vertical=vertical, window=window)
        for row in part.rows:
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
