"""Pages of feedback, of the figures, of the analyses and of the matrix."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kernel import calendars, clock
from kernel.access import holds
from kernel.errors import RuleRefused
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.complaints import feedback as acts
from services.complaints import intake, people, reviews, routing, selectors, ways
from services.complaints.intake import Speaker
from services.complaints.machines import FEEDBACK_OPEN
from services.complaints.reviews import Found
from services.complaints.web import forms as given
from services.complaints.web.views import area_tabs, show_on_fields
from services.consultation.transfers import departments
from services.patients.reading import note_listing
from services.sites.web.current import site_for
from services.tasks.selectors import role_labels

PER_PAGE = 50


@page(permission="complaints.view")
def feedbacks(request: HttpRequest) -> HttpResponse:
    """Praise, suggestions and opinions that the reader deals with."""
    site = site_for(request, "complaints.view")
    show = "ended" if request.GET.get("show") == "ended" else "open"
    rows = selectors.feedback_showing(selectors.feedbacks(request.actor).filter(site=site), show)
    listed = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    note_listing(request.actor, [row.patient for row in listed.object_list if row.patient is not None])
    here = reverse("complaints:feedbacks")
    known = departments()
    context = {
        "site": site,
        "rows": listed,
        "lines": [
            {"row": row, "department": known[row.department].label if row.department in known else row.department}
            for row in listed.object_list
        ],
        "tabs": [
            {"key": "open", "label": pgettext("complaints", "Open"), "url": here},
            {"key": "ended", "label": pgettext("feedback", "Finished"), "url": f"{here}?show=ended"},
        ],
        "show": show,
        "open_states": FEEDBACK_OPEN,
        "parts": area_tabs(request),
        "may_receive": holds(request.actor, "complaints.receive", site=site.code),
    }
    return render_page(request, "complaints/feedbacks.html", context)


@page(permission="complaints.view")
def feedback(request: HttpRequest, code: UUID) -> HttpResponse:
    """One row of feedback with its next step."""
    return _feedback(request, code)


@page(permission="complaints.assign", methods=("POST",))
def assign_feedback(request: HttpRequest, code: UUID) -> HttpResponse:
    """To a department and a person."""
    row = selectors.access_feedback(request.actor, code)
    form = given.AssignFeedbackForm(request.POST, site=row.site)
    return _try(
        request, code, form, "assign_form", lambda said: acts.assign_feedback(by=request.actor, feedback=row, **said)
    )


@page(permission="complaints.view", methods=("POST",))
def process_feedback(request: HttpRequest, code: UUID) -> HttpResponse:
    """What was done about it."""
    row = selectors.access_feedback(request.actor, code)
    form = given.MeasureForm(request.POST)
    return _try(
        request, code, form, "measure_form", lambda said: acts.process_feedback(by=request.actor, feedback=row, **said)
    )


@page(permission="complaints.receive", methods=("POST",))
def tell_feedback(request: HttpRequest, code: UUID) -> HttpResponse:
    """The customer was told."""
    row = selectors.access_feedback(request.actor, code)
    form = given.AnswerForm(request.POST)
    return _try(
        request, code, form, "answer_form", lambda said: acts.tell_customer(by=request.actor, feedback=row, **said)
    )


@page(permission="complaints.view", methods=("POST",))
def confirm_feedback(request: HttpRequest, code: UUID) -> HttpResponse:
    """Finished, and whether the customer is content."""
    row = selectors.access_feedback(request.actor, code)
    form = given.ConfirmForm(request.POST)
    return _try(
        request, code, form, "confirm_form", lambda said: acts.confirm_feedback(by=request.actor, feedback=row, **said)
    )


@page(permission="complaints.receive", methods=("POST",))
def upgrade_feedback(request: HttpRequest, code: UUID) -> HttpResponse:
    """It is a complaint after all."""
    row = selectors.access_feedback(request.actor, code)
    form = given.UpgradeForm(request.POST, site=row.site)

    def upgrade(said: dict[str, Any]) -> None:
        intake.upgrade_feedback(
            by=request.actor,
            feedback=row,
            category=said["category"],
            treatment=said["treatment"],
            promised=said["promised"],
            severity=said["severity"] or "ordinary",
            speaker=Speaker(name=said["name"], phone=said["phone"]),
            accused=list(said["accused"]),
        )

    return _try(request, code, form, "upgrade_form", upgrade)


@page(permission="complaints.view")
def statistics(request: HttpRequest) -> HttpResponse:
    """Counts by category for everybody who sees the room: no case, no name."""
    site = site_for(request, "complaints.view")
    first, last = _period(request, site)
    context = {
        "site": site,
        "first": first,
        "last": last,
        "rows": selectors.statistics(site, first, last),
        "parts": area_tabs(request),
    }
    return render_page(request, "complaints/statistics.html", context)


@page(permission={"GET": "complaints.analyse", "POST": "complaints.analyse"}, methods=("GET", "POST"))
def review_list(request: HttpRequest) -> HttpResponse:
    """The analyses so far, and the one of the period that is asked for."""
    site = site_for(request, "complaints.analyse")
    first, last = _period(request, site, before=True)
    if request.method == "POST":
        asked = given.PeriodForm(request.POST)
        if asked.is_valid():
            first, last = asked.cleaned_data["first"], asked.cleaned_data["last"]
    cases = selectors.to_analyse(site, first, last)
    form = given.ReviewForm(
        request.POST if request.method == "POST" else None,
        initial={"first": first, "last": last},
        site=site,
        categories=list(cases),
    )
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            reviews.analyse(
                by=request.actor,
                site=site,
                first=said["first"],
                last=said["last"],
                common=said["common"],
                findings=[
                    Found(
                        category=key,
                        cause=said[f"cause_{key}"],
                        measure=said[f"measure_{key}"],
                        responsible=said[f"responsible_{key}"],
                        due_on=said[f"due_on_{key}"],
                    )
                    for key in form.categories
                ],
            )
        except RuleRefused as error:
            show_on_fields(form, error)
        else:
            flash(request, _("Analysed; the measures are with those who put them to work"))
            return redirect_after_post(request, "complaints:reviews")
    context = {
        "site": site,
        "first": first,
        "last": last,
        "form": form,
        "groups": [
            {
                "label": ways.category_label(key),
                "cases": len(some),
                "repeats": sum(one.repeat_of_id is not None for one in some),
                "fields": [form[f"{name}_{key}"] for name in ("cause", "measure", "responsible", "due_on")],
            }
            for key, some in cases.items()
        ],
        "done": [
            {
                "review": one,
                "findings": [{"row": row, "label": ways.category_label(row.category)} for row in one.findings.all()],
            }
            for one in selectors.reviews(request.actor).filter(site=site)[:24]
        ],
        "parts": area_tabs(request),
    }
    return render_page(request, "complaints/reviews.html", context, invalid=form)


@page(permission={"GET": "complaints.view", "POST": "complaints.view"}, methods=("GET", "POST"))
def measure(request: HttpRequest, code: UUID) -> HttpResponse:
    """A measure of an analysis: put to work, and what came again since."""
    found = selectors.access_finding(request.actor, code)
    form = given.DoneWordsForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            reviews.finish_measure(by=request.actor, finding=found, **form.cleaned_data)
        except RuleRefused as error:
            show_on_fields(form, error)
        else:
            flash(request, _("Put to work"))
            return redirect_after_post(request, "complaints:measure", code)
    context = {
        "found": found,
        "site": found.review.site,
        "label": ways.category_label(found.category),
        "again": selectors.recurrence(found),
        "form": form,
    }
    return render_page(request, "complaints/measure.html", context, invalid=form)


@page(permission={"GET": "complaints.manage", "POST": "complaints.manage"}, methods=("GET", "POST"))
def routes(request: HttpRequest) -> HttpResponse:
    """The matrix: who receives which complaints."""
    form = given.RouteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            routing.set_route(by=request.actor, **form.cleaned_data)
        except RuleRefused as error:
            show_on_fields(form, error)
        else:
            flash(request, _("Saved; it counts from the next complaint on"))
            return redirect_after_post(request, "complaints:routes")
    labels = role_labels()
    context = {
        "rows": [
            {
                "row": one,
                "category": ways.category_label(one.category) if one.category else "",
                "roles": [labels.get(slug, slug) for slug in one.roles],
                "general": not (one.channel or one.category or one.severity),
            }
            for one in selectors.routes()
        ],
        "form": form,
        "parts": area_tabs(request),
    }
    return render_page(request, "complaints/routes.html", context, invalid=form)


@page(permission="complaints.manage", methods=("POST",))
def drop_route(request: HttpRequest, code: UUID) -> HttpResponse:
    """Take a line out of the matrix."""
    routing.drop_route(by=request.actor, route=selectors.access_route(request.actor, code))
    flash(request, _("Taken out"))
    return redirect_after_post(request, "complaints:routes")


# --- parts ------------------------------------------------------------------------------------------------------------


def _try(request: HttpRequest, code: UUID, form: forms.Form, name: str, act: Any) -> HttpResponse:
    if form.is_valid():
        try:
            act(form.cleaned_data)
        except RuleRefused as error:
            if not error.fields:
                raise
            show_on_fields(form, error)
        else:
            flash(request, _("Kept"))
            if selectors.feedbacks(request.actor).filter(code=code).exists():  # type: ignore[attr-defined]
                return redirect_after_post(request, "complaints:feedback", code)
            return redirect_after_post(request, "complaints:feedbacks")
    return _feedback(request, code, status=422, **{name: form})


def _feedback(request: HttpRequest, code: UUID, *, status: int = 200, **filled: Any) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    row = selectors.access_feedback(actor, code)
    if row.patient is not None:
        note_listing(actor, [row.patient])
    known = departments()
    site = row.site
    case = selectors.complaints(actor).filter(feedback=row).first()
    context = {
        "row": row,
        "site": site,
        "department": known[row.department].label if row.department in known else row.department,
        "case": case,
        "may_assign": holds(actor, "complaints.assign", site=site.code),
        "may_receive": holds(actor, "complaints.receive", site=site.code),
        "is_mine": people.is_staff(row.responsible, actor),
        "assign_form": given.AssignFeedbackForm(site=site),
        "measure_form": given.MeasureForm(),
        "answer_form": given.AnswerForm(),
        "confirm_form": given.ConfirmForm(),
        "upgrade_form": given.UpgradeForm(site=site, initial={"name": row.customer_name}),
        **filled,
    }
    return render_page(request, "complaints/feedback.html", context, status=status)


def _period(request: HttpRequest, site: Any, *, before: bool = False) -> tuple[Any, Any]:
    """The span that the address asks for; this month by default, or the month ``before``."""
    today = clock.today(site.timezone)
    first = calendars.first_of_month(today)
    last = today
    if before:
        first = calendars.add_months_clamped(first, -1)
        last = calendars.last_of_month(first)

    def day(name: str) -> Any:
        try:
            return parse_date(request.GET.get(name, ""))
        except ValueError:
            return None

    asked_first, asked_last = day("from") or first, day("until") or last
    sane = asked_first.year >= 2000 and asked_last.year <= 2100 and asked_first <= asked_last
    return (asked_first, asked_last) if sane else (first, last)
