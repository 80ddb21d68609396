"""The branch's own figures: a month at a site, and one figure by day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel import clock, money
from kernel.errors import NotFound
from kernel.registry import Kpi
from kernel.web.charts import BarChart, Point
from kernel.web.views import page, render_page
from services.kpis import selectors
from services.kpis.actions import active_kpis
from services.sites.web.current import site_for


def month_of(text: str, today: date) -> date:
    """The first day of the month "YYYY-MM" of this century; this month for anything else."""
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
    return first if 2000 <= first.year < 2100 else today.replace(day=1)


def written(kpi: Kpi, value: float | None) -> str:
    """A value as people read it."""
    if value is None:
        return "—"
    if kpi.unit == "fen":
        return money.yuan(round(value), grouped=True)
    return {"percent": f"{value:.1f} %", "minutes": f"{value:.1f}"}.get(kpi.unit, f"{value:,.0f}")


@page(permission="kpis.view")
def figures(request: HttpRequest) -> HttpResponse:
    """Every figure of the site in one month."""
    site = site_for(request, "kpis.view")
    first = month_of(request.GET.get("month", ""), clock.today(site.timezone))
    following = (first + timedelta(days=32)).replace(day=1)
    rows = [
        {"figure": figure, "value": written(figure.kpi, figure.value)}
        for figure in selectors.figures(request.actor, site=site, start=first, end=following - timedelta(days=1))
    ]
    earlier = (first - timedelta(days=1)).replace(day=1)
    context = {
        "site": site,
        "rows": rows,
        "month": f"{first:%Y-%m}",
        "earlier": f"{earlier:%Y-%m}",
        "later": f"{following:%Y-%m}",
    }
    return render_page(request, "kpis/figures.html", context)


@page(permission="kpis.view")
def days(request: HttpRequest, key: str) -> HttpResponse:
    """One figure by day of a month."""
    site = site_for(request, "kpis.view")
    kpi = next((one for one in active_kpis() if one.key == key), None)
    if kpi is None:
        raise NotFound("figure_not_found", _("There is no such figure."))
    today = clock.today(site.timezone)
    first = month_of(request.GET.get("month", ""), today)
    last = min((first + timedelta(days=32)).replace(day=1) - timedelta(days=1), max(today, first))
    rows: list[dict[str, Any]] = []
    points: list[Point] = []
    for day, facts in selectors.days_of(request.actor, site=site, start=first, end=last).items():
        fact = facts.get(key)
        value = selectors.value_of(kpi, fact.numerator, fact.denominator, 1) if fact else None
        left_out = facts.get(kpi.excluded_by)
        excluded = left_out.numerator if left_out else 0
        rows.append({"day": day, "fact": fact, "value": written(kpi, value), "excluded": excluded})
        points.append(Point(label=f"{day:%d}", value=value / 100 if value is not None and kpi.unit == "fen" else value))
    chart = BarChart(
        title=str(kpi.label), unit={"percent": "%", "fen": _("yuan"), "minutes": _("min"), "count": ""}[kpi.unit],
        n=sum(int(row["fact"].n) for row in rows if row["fact"]), reading=_("Totals per day; empty days were not measured."), points=points,
    )  # fmt: skip
    return render_page(
        request, "kpis/days.html", {"site": site, "kpi": kpi, "rows": rows, "chart": chart, "month": f"{first:%Y-%m}"}
    )
