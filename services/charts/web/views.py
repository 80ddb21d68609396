"""Lists of paper charts: the day's staging, what waits to be given out or compared, prints, and chart writing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from kernel import clock
from kernel.errors import NotFound
from kernel.web.views import flash, page, redirect_after_post, render_page, site_code
from services.charts import actions, selectors
from services.charts.web.forms import CountForm
from services.patients.reading import note_listing
from services.sites.models import Site
from services.sites.selectors import working_site

PER_PAGE = 50


@page(permission="charts.stage")
def staging(request: HttpRequest) -> HttpResponse:
    return render_page(request, "charts/staging.html", _staging(request))


@page(permission="charts.stage", methods=("POST",))
def pull(request: HttpRequest, code: UUID) -> HttpResponse:
    booked = selectors.access_staged(request.actor, code)
    actions.pull_chart(by=request.actor, site=booked.site, appointment=booked)
    return redirect_after_post(request, "charts:staging")


@page(permission="charts.stage", methods=("POST",))
def back(request: HttpRequest, code: UUID) -> HttpResponse:
    booked = selectors.access_staged(request.actor, code)
    actions.put_back(by=request.actor, site=booked.site, appointment=booked)
    return redirect_after_post(request, "charts:staging")


@page(permission="charts.stage", methods=("POST",))
def count(request: HttpRequest) -> HttpResponse:
    form = CountForm(request.POST)
    if not form.is_valid():
        return render_page(request, "charts/staging.html", _staging(request) | {"form": form}, invalid=form)
    actions.count_blanks(by=request.actor, site=place(request, "charts.stage"), **form.cleaned_data)
    flash(request, _("Counted"))
    return redirect_after_post(request, "charts:staging")


@page(permission="charts.release")
def releases(request: HttpRequest) -> HttpResponse:
    site = place(request, "charts.release")
    rows = Paginator(selectors.waiting_releases(request.actor, site), PER_PAGE).get_page(request.GET.get("page"))
    note_listing(request.actor, [row.patient for row in rows.object_list])
    context = {"site": site, "page_of_rows": rows, "rows": rows.object_list, "parts": parts(request)}
    return render_page(request, "charts/releases.html", context)


@page(permission="charts.transcribe")
def transcriptions(request: HttpRequest) -> HttpResponse:
    site = place(request, "charts.transcribe")
    labels = {"entered": _("To be compared"), "differs": _("Differs"), "verified": _("To be given back")}
    show = request.GET.get("show", "")
    show = show if show in labels else "entered"
    found = selectors.transcriptions_for(request.actor).filter(site=site, state=show).order_by("entered_at", "id")
    rows = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    note_listing(request.actor, [row.patient for row in rows.object_list])
    here = reverse("charts:transcriptions")
    context = {
        "site": site,
        "show": show,
        "tabs": [{"key": key, "label": label, "url": f"{here}?show={key}"} for key, label in labels.items()],
        "page_of_rows": rows,
        "rows": rows.object_list,
        "parts": parts(request),
    }
    return render_page(request, "charts/transcriptions.html", context)


@page(permission="charts.print")
def prints(request: HttpRequest) -> HttpResponse:
    """What was looked up and printed, for whom and what for (FD-023)."""
    site = place(request, "charts.print")
    rows = Paginator(selectors.prints_for(request.actor).filter(site=site), PER_PAGE).get_page(request.GET.get("page"))
    note_listing(request.actor, [row.patient for row in rows.object_list])
    context = {"site": site, "page_of_rows": rows, "rows": rows.object_list, "parts": parts(request)}
    return render_page(request, "charts/prints.html", context)


@page(permission="charts.writing")
def writing(request: HttpRequest) -> HttpResponse:
    """How complete doctors' charts were found, by day or month (CR-014)."""
    site = place(request, "charts.writing")
    today = clock.today(site.timezone)
    first = day_asked(request.GET.get("from", ""), today.replace(day=1))
    last = max(first, min(day_asked(request.GET.get("to", ""), today), today))
    context = {
        "site": site,
        "first": first,
        "last": last,
        "rows": selectors.chart_writing(request.actor, site, first, last),
        "parts": parts(request),
    }
    return render_page(request, "charts/writing.html", context)


def place(request: HttpRequest, word: str) -> Site:
    """The site at which this person works with paper charts. Raises NotFound (``site_not_found``)."""
    site = working_site(request.actor, site_code(request), word)
    if site is None:
        raise NotFound("site_not_found", _("You work at no site yet. Ask the administrator to assign you."))
    return site


def parts(request: HttpRequest) -> list[dict[str, Any]]:
    """The pages of paper charts that this person may see."""
    known = (
        ("staging", _("Today's charts"), "file", "charts.stage"),
        ("releases", _("Asked for and given out"), "people", "charts.release"),
        ("transcriptions", _("Copied from paper"), "pencil", "charts.transcribe"),
        ("prints", _("Looked up and printed"), "print", "charts.print"),
        ("writing", _("Chart writing"), "chart", "charts.writing"),
    )
    return [
        {"key": key, "label": label, "icon": icon, "url": reverse(f"charts:{key}")}
        for key, label, icon, word in known
        if request.actor.can(word)
    ]


def day_asked(text: str, otherwise: date) -> date:
    """The day that an address asks for."""
    try:
        day = parse_date(text) or otherwise
    except ValueError:
        return otherwise
    return day if date(2000, 1, 1) <= day <= otherwise + timedelta(days=400) else otherwise


def _staging(request: HttpRequest) -> dict[str, Any]:
    site = place(request, "charts.stage")
    today = clock.today(site.timezone)
    day = day_asked(request.GET.get("day", ""), today)
    rows = selectors.staging(site, day)
    note_listing(request.actor, [row.appointment.patient for row in rows])
    stock, least = selectors.blanks(site)
    return {
        "site": site,
        "day": day,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "rows": rows,
        "ready": sum(row.pulled is not None for row in rows),
        "stock": stock,
        "least": least,
        "low": stock is not None and stock.count < least,
        "form": CountForm(),
        "parts": parts(request),
    }
