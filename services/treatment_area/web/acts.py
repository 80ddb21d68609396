"""What people do beside the chairs: each a POST that calls one action and goes back to where it came from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel.errors import DomainError
from kernel.identity.sign_in import require_recent_authentication
from kernel.web.views import flash, next_path, page, redirect_after_post, render_page
from services.reception.models import Visit
from services.sites.web.current import site_for
from services.treatment_area import actions, rounds, selectors
from services.treatment_area.web.forms import (
    AdmitForm,
    ConcernForm,
    FeedbackForm,
    NeedForm,
    NoteForm,
    PatrolForm,
    PriorityForm,
    RefuseForm,
    ReplyForm,
    ResolveForm,
    SheetForm,
    TakeOverForm,
)
from services.treatment_area.web.views import (
    board_context,
    concern_context,
    day_or_404,
    note_context,
    sheet_context,
    visit_context,
)

Act = Callable[[Visit, dict[str, Any]], str]


@page(permission="treatment_area.companions", methods=("POST",))
def admit(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(visit: Visit, data: dict[str, Any]) -> str:
        relative = actions.admit_companion(by=request.actor, visit=visit, **data)
        return _("Inside: %(ground)s") % {"ground": relative.get_ground_display()}

    return _about_visit(request, code, AdmitForm, "admit_form", act, visit=True)


@page(permission="treatment_area.companions", methods=("POST",))
def refuse(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(visit: Visit, data: dict[str, Any]) -> str:
        actions.refuse_companion(by=request.actor, visit=visit, **data)
        return _("Kept: the relative stays in the waiting area")

    return _about_visit(request, code, RefuseForm, "refuse_form", act)


@page(permission="treatment_area.companions", methods=("POST",))
def relative_out(request: HttpRequest, code: UUID) -> HttpResponse:
    relative = selectors.access_relative(request.actor, code)
    visit = relative.visit
    actions.companion_out(by=request.actor, relative=relative)
    return _back(request, visit, _("The relative has left the treatment area"))


@page(permission="treatment_area.medical_need", methods=("POST",))
def medical_need(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(visit: Visit, data: dict[str, Any]) -> str:
        actions.enter_medical_need(by=request.actor, visit=visit, **data)
        return _("Medical need entered; one person may come in")

    return _about_visit(request, code, NeedForm, "need_form", act)


@page(permission="treatment_area.take_over", methods=("POST",))
def take_over(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(visit: Visit, data: dict[str, Any]) -> str:
        require_recent_authentication(request)
        actions.sign_take_over(by=request.actor, visit=visit, **data)
        return _("Signed: the guest is taken over")

    return _about_visit(request, code, TakeOverForm, "take_over_form", act)


@page(permission="treatment_area.feedback", methods=("POST",))
def feedback(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(visit: Visit, data: dict[str, Any]) -> str:
        actions.give_feedback(by=request.actor, visit=visit, **data)
        return _("Noted for the daily sheet")

    return _about_visit(request, code, FeedbackForm, "feedback_form", act)


@page(permission="treatment_area.note", methods=("POST",))
def send_note(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(visit: Visit, data: dict[str, Any]) -> str:
        actions.send_note(by=request.actor, visit=visit, **data)
        return _("Sent to doctor and nurse")

    return _about_visit(request, code, NoteForm, "note_form", act)


@page(permission="treatment_area.reply", methods=("POST",))
def reply(request: HttpRequest, code: UUID) -> HttpResponse:
    note = selectors.access_note(request.actor, code)
    form = ReplyForm(request.POST)
    if not form.is_valid():
        context = note_context(request, note, reply_form=form)
        return render_page(request, "treatment_area/note.html", context, invalid=form)
    actions.reply_note(by=request.actor, note=note, **form.cleaned_data)
    flash(request, _("Reply stored"))
    return redirect_after_post(request, "treatment_area:note", code)


@page(permission="treatment_area.note", methods=("POST",))
def withdraw_note(request: HttpRequest, code: UUID) -> HttpResponse:
    actions.withdraw_note(by=request.actor, note=selectors.access_note(request.actor, code))
    flash(request, _("Note withdrawn"))
    return redirect_after_post(request, "treatment_area:note", code)


@page(permission="treatment_area.flag", methods=("POST",))
def flag(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(visit: Visit, data: dict[str, Any]) -> str:
        rounds.raise_priority(by=request.actor, visit=visit, **data)
        return _("Marked; the guide is asked to accompany")

    return _about_visit(request, code, PriorityForm, "priority_form", act)


@page(permission="treatment_area.accompany", methods=("POST",))
def accompany(request: HttpRequest, code: UUID) -> HttpResponse:
    rounds.accompany(by=request.actor, priority=selectors.access_priority(request.actor, code))
    flash(request, _("You accompany the guest"))
    return redirect_after_post(request, next_path(request, reverse("treatment_area:board")))


@page(permission="treatment_area.flag", methods=("POST",))
def end_priority(request: HttpRequest, code: UUID) -> HttpResponse:
    rounds.end_priority(by=request.actor, priority=selectors.access_priority(request.actor, code))
    flash(request, _("The mark is taken off"))
    return redirect_after_post(request, next_path(request, reverse("treatment_area:board")))


@page(permission="treatment_area.patrol", methods=("POST",))
def patrol(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "treatment_area.patrol")
    form = PatrolForm(request.POST)
    if not form.is_valid():
        context = board_context(request, site, patrol_form=form)
        return render_page(request, "treatment_area/board.html", context, invalid=form)
    rounds.note_patrol(by=request.actor, site=site, **form.cleaned_data)
    flash(request, _("Round noted"))
    return redirect_after_post(request, "treatment_area:board")


@page(permission="treatment_area.report", methods=("POST",))
def report(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "treatment_area.report")
    form = ConcernForm(request.POST, site=site)
    if not form.is_valid():
        context = board_context(request, site, concern_form=form)
        return render_page(request, "treatment_area/board.html", context, invalid=form)
    concern = rounds.report_concern(by=request.actor, site=site, **form.cleaned_data)
    flash(request, _("Reported: %(to)s") % {"to": concern.get_to_display()})
    return redirect_after_post(request, "treatment_area:board")


@page(permission="treatment_area.resolve", methods=("POST",))
def resolve(request: HttpRequest, code: UUID) -> HttpResponse:
    concern = selectors.access_concern(request.actor, code)
    form = ResolveForm(request.POST)
    if not form.is_valid():
        context = concern_context(request, concern, resolve_form=form)
        return render_page(request, "treatment_area/concern.html", context, invalid=form)
    rounds.resolve_concern(by=request.actor, concern=concern, **form.cleaned_data)
    flash(request, _("Resolved"))
    return redirect_after_post(request, "treatment_area:concerns")


@page(permission="treatment_area.hand_in", methods=("POST",))
def hand_in(request: HttpRequest, day: str) -> HttpResponse:
    site = site_for(request, "treatment_area.hand_in")
    wanted = day_or_404(day)
    form = SheetForm(request.POST)
    if not form.is_valid():
        context = sheet_context(request, site, wanted, sheet_form=form)
        return render_page(request, "treatment_area/sheet.html", context, invalid=form)
    require_recent_authentication(request)
    sheet = rounds.hand_in_sheet(by=request.actor, site=site, day=wanted, **form.cleaned_data)
    flash(request, _("Handed in late") if sheet.is_late else _("Handed in"))
    return redirect_after_post(request, "treatment_area:sheet-of", day)


def _about_visit(
    request: HttpRequest, code: UUID, form_class: Callable[..., forms.Form], name: str, act: Act, *, visit: bool = False
) -> HttpResponse:
    """Read the form, act, and go back; with what is missing, or refused, the guest's page comes again with what was
    typed."""
    found = selectors.access_visit(request.actor, code)
    form = form_class(request.POST, visit=found, by=request.actor) if visit else form_class(request.POST)
    template = "treatment_area/visit.html"
    if not form.is_valid():
        return render_page(request, template, visit_context(request, found, **{name: form}), invalid=form)
    try:
        said = act(found, dict(form.cleaned_data))
    except DomainError as error:
        if getattr(request, "htmx", None):
            raise
        context = visit_context(request, found, refusal=error, **{name: form})
        return render_page(request, template, context, status=error.status)
    return _back(request, found, said)


def _back(request: HttpRequest, visit: Visit, text: str) -> HttpResponse:
    flash(request, text)
    return redirect_after_post(request, next_path(request, reverse("treatment_area:visit", args=[visit.code])))
