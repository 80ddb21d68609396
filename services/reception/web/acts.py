"""What people do with a visit: each a POST that calls one action and goes back to where it came from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel.errors import DomainError, NotFound, RuleRefused
from kernel.web.views import flash, next_path, page, redirect_after_post, render_page
from services.appointments.actions import write_card
from services.reception import actions, selectors
from services.reception.classes import classes_of, classify_visit
from services.reception.models import Visit
from services.reception.web.forms import (
    AnnounceForm,
    CardForm,
    ClassForm,
    EmergencyForm,
    ExplainForm,
    LeadInForm,
    OpinionForm,
    OverrideForm,
    ReasonForm,
    RebookForm,
)
from services.reception.web.views import visit_context


@page(permission="reception.check_in", methods=("POST",))
def register(request: HttpRequest, code: UUID) -> HttpResponse:
    visit = selectors.access_visit(request.actor, code)
    actions.register_visit(by=request.actor, visit=visit)
    return _back(request, visit, _("Registered; the wait clock runs"))


@page(permission="reception.classify", methods=("POST",))
def classify(request: HttpRequest, code: UUID) -> HttpResponse:
    visit = selectors.access_visit(request.actor, code)
    known = classes_of(visit.vertical)
    if known is None:
        raise NotFound("visit_not_found", _("There is no such visit."))
    form = ClassForm(request.POST, known=known)
    if not form.is_valid():
        context = visit_context(request, visit, class_form=form)
        return render_page(request, "reception/visit.html", context, invalid=form)
    try:
        classify_visit(
            by=request.actor,
            visit=visit,
            visit_class=form.cleaned_data["visit_class"],
            reason=form.cleaned_data["visit_class_reason"],
        )
    except RuleRefused as error:
        context = visit_context(request, visit, class_form=form, refusal=error)
        return render_page(request, "reception/visit.html", context, status=error.status)
    return _back(request, visit, _("Class of the visit stored"))


@page(permission="reception.check_in", methods=("POST",))
def announce(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(visit: Visit, data: dict[str, Any]) -> str:
        done = actions.announce_wait(by=request.actor, visit=visit, **data)
        return _("Waiting") if done.state == "waiting" else _("Now ask whether the patient stays")

    return _with_form(request, code, AnnounceForm, "announce_form", act)


@page(permission="reception.check_in", methods=("POST",))
def opinion(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(visit: Visit, data: dict[str, Any]) -> str:
        actions.record_opinion(by=request.actor, visit=visit, **data)
        return _("Opinion stored")

    return _with_form(request, code, OpinionForm, "opinion_form", act)


@page(permission="reception.explain", methods=("POST",))
def explain(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(visit: Visit, data: dict[str, Any]) -> str:
        note = actions.explain_wait(by=request.actor, visit=visit, **data)
        return _("Kept as a late note; the figures stay as they are") if note.late_note else _("Explanation recorded")

    return _with_form(request, code, ExplainForm, "explain_form", act)


@page(permission="reception.lead_in", methods=("POST",))
def lead_in(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(visit: Visit, data: dict[str, Any]) -> str:
        done = actions.lead_in(by=request.actor, visit=visit, chair=data["chair"])
        return _("Led in: %(chair)s") % {"chair": done.chair.name if done.chair is not None else ""}

    return _with_form(request, code, LeadInForm, "lead_in_form", act, site=True)


@page(permission="policy.override", methods=("POST",))
def override(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(visit: Visit, data: dict[str, Any]) -> str:
        actions.override_chair(by=request.actor, site=visit.site, visit=visit, reason=data["reason"])
        return _("Overridden once; it is reviewed on the next opening day")

    return _with_form(request, code, OverrideForm, "override_form", act)


@page(permission="reception.treat", methods=("POST",))
def in_chair(request: HttpRequest, code: UUID) -> HttpResponse:
    visit = selectors.access_visit(request.actor, code)
    actions.seat_in_chair(by=request.actor, visit=visit)
    return _back(request, visit, _("In the chair"))


@page(permission="reception.treat", methods=("POST",))
def finish(request: HttpRequest, code: UUID) -> HttpResponse:
    visit = selectors.access_visit(request.actor, code)
    actions.finish_treatment(by=request.actor, visit=visit)
    return _back(request, visit, _("Treatment finished"))


@page(permission="reception.leave_area", methods=("POST",))
def leave(request: HttpRequest, code: UUID) -> HttpResponse:
    visit = selectors.access_visit(request.actor, code)
    actions.leave_area(by=request.actor, visit=visit)
    return _back(request, visit, _("The chair is free"))


@page(permission="reception.close", methods=("POST",))
def close(request: HttpRequest, code: UUID) -> HttpResponse:
    visit = selectors.access_visit(request.actor, code)
    actions.close_visit(by=request.actor, visit=visit)
    return _back(request, visit, _("Visit closed"))


@page(permission="reception.check_in", methods=("POST",))
def rebook(request: HttpRequest, code: UUID) -> HttpResponse:
    visit = selectors.access_visit(request.actor, code)
    form = RebookForm(request.POST, site=visit.site)
    if not form.is_valid():
        return render_page(
            request, "reception/visit.html", visit_context(request, visit, rebook_form=form), invalid=form
        )
    placing = form.placing()
    placing.pop("assistant")
    try:
        actions.rebook_visit(by=request.actor, visit=visit, reason=form.cleaned_data["reason"], **placing)
    except DomainError as error:
        context = visit_context(request, visit, rebook_form=form, refusal=error)
        return render_page(request, "reception/visit.html", context, status=error.status)
    flash(request, _("Rebooked; the visit ends with its wait"))
    return redirect_after_post(request, "reception:board")


@page(permission="reception.check_in", methods=("POST",))
def left_unseen(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(visit: Visit, data: dict[str, Any]) -> str:
        actions.leave_unseen(by=request.actor, visit=visit, reason=data["reason"])
        return _("Left unseen, recorded with the wait")

    return _with_form(request, code, ReasonForm, "left_form", act)


@page(permission="reception.check_in", methods=("POST",))
def emergency(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(visit: Visit, data: dict[str, Any]) -> str:
        actions.mark_emergency(by=request.actor, visit=visit, condition=data["condition"])
        return _("First in the queue; the supervisor knows")

    return _with_form(request, code, EmergencyForm, "emergency_form", act, site=True)


@page(permission="appointments.write_card", methods=("POST",))
def card(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(visit: Visit, data: dict[str, Any]) -> str:
        write_card(
            by=request.actor,
            site=visit.site,
            patient=visit.patient,
            doctor=visit.doctor,
            visit_code=visit.code,
            **data,
        )
        return _("Appointment card written")

    return _with_form(request, code, CardForm, "card_form", act)


def _with_form(
    request: HttpRequest,
    code: UUID,
    form_class: Callable[..., forms.Form],
    name: str,
    act: Callable[[Visit, dict[str, Any]], str],
    *,
    site: bool = False,
) -> HttpResponse:
    """Read the form, act, and go back; with what is missing the visit's page comes again as 422."""
    visit = selectors.access_visit(request.actor, code)
    form = form_class(request.POST, site=visit.site) if site else form_class(request.POST)
    if not form.is_valid():
        context = visit_context(request, visit, **{name: form})
        return render_page(request, "reception/visit.html", context, invalid=form)
    return _back(request, visit, act(visit, dict(form.cleaned_data)))


def _back(request: HttpRequest, visit: Visit, text: str) -> HttpResponse:
    flash(request, text)
    return redirect_after_post(request, next_path(request, reverse("reception:visit", args=[visit.code])))
