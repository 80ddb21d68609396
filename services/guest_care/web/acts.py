"""What people do about guests: each a POST that calls one action and goes back to where it came from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel.errors import DomainError
from kernel.web.views import code_or_404, flash, next_path, page, redirect_after_post, render_page
from services.guest_care import actions, enquiries, queue, selectors, wishes
from services.guest_care.models import (
    AdviceSeeker,
    CareItem,
    DeviceFault,
    GuestPass,
    Luggage,
    OpenQuestion,
    Opinion,
    SpecialRequest,
    Ticket,
    TreatmentReminder,
)
from services.guest_care.web.entries import show_on_fields
from services.guest_care.web.forms import (
    AnswerForm,
    CarryForm,
    CloseRequestForm,
    ItemForm,
    PlaceForm,
    ReasonForm,
    RemarkForm,
    ResultForm,
)
from services.guest_care.web.views import show_row
from services.patients.reading import note_listing
from services.patients.selectors import access_patient, find_patients
from services.sites.web.current import site_for

FOUND = 8


# --- at the door ------------------------------------------------------------------------------------------------------


@page(permission="guest_care.log", methods=("POST",))
def door(request: HttpRequest, code: UUID) -> HttpResponse:
    booking = selectors.access_booking(request.actor, code)
    visit = actions.receive_at_door(by=request.actor, site=booking.site, appointment=booking)
    said = _("First visit: lead the guest to the service desk") if visit.is_first else _("Registered at the door")
    return _back(request, said)


@page(permission="guest_care.log", methods=("GET", "POST"))
def without_booking(request: HttpRequest) -> HttpResponse:
    """Name or phone as the guest wrote it down; the number goes by POST, so that it stands in no address (FD-010)."""
    site = site_for(request, "guest_care.log")
    query = request.POST.get("q", "").strip()[:80]
    refusal: DomainError | None = None
    if request.method == "POST" and request.POST.get("patient"):
        patient = access_patient(request.actor, code_or_404(request.POST["patient"]))
        try:
            told = bool(request.POST.get("told"))
            visit = actions.receive_without_booking(by=request.actor, site=site, patient=patient, told=told)
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("%(name)s is registered; the wait clock runs") % {"name": visit.patient.name})
            return redirect_after_post(request, "guest_care:now")
    found = find_patients(query, limit=FOUND) if query and request.actor.can("patients.view") else []
    note_listing(request.actor, found)
    context = {
        "site": site,
        "query": query,
        "found": found,
        "refusal": refusal,
        "words": selectors.words_for(CareItem.Moment.NO_BOOKING),
    }
    status = refusal.status if refusal is not None else 200
    return render_page(request, "guest_care/without_booking.html", context, status=status)


@page(permission="guest_care.log", methods=("POST",))
def prepared(request: HttpRequest, code: UUID, item: UUID) -> HttpResponse:
    booking = selectors.access_booking(request.actor, code)
    actions.prepare_for(by=request.actor, appointment=booking, item=selectors.access_item(request.actor, item))
    return _back(request, _("Prepared"))


# --- about one guest ----------------------------------------------------------------------------------------------------


@page(permission="guest_care.log", methods=("POST",))
def step(request: HttpRequest, code: UUID, item: UUID) -> HttpResponse:
    visit = selectors.access_visit(request.actor, code)
    done = actions.note_step(by=request.actor, visit=visit, item=selectors.access_item(request.actor, item))
    return _back(request, done.item.title)


@page(permission="guest_care.pass", methods=("POST",))
def take(request: HttpRequest, code: UUID) -> HttpResponse:
    actions.take_guest(by=request.actor, handed=selectors.access_row(request.actor, GuestPass, code))
    return _back(request, _("You have the guest"))


@page(permission="guest_care.pass", methods=("POST",))
def withdraw(request: HttpRequest, code: UUID) -> HttpResponse:
    actions.withdraw_pass(by=request.actor, handed=selectors.access_row(request.actor, GuestPass, code))
    return _back(request, _("Withdrawn"))


@page(permission="guest_care.log", methods=("POST",))
def luggage_desk(request: HttpRequest, code: UUID) -> HttpResponse:
    wishes.carry_to_desk(by=request.actor, luggage=selectors.access_row(request.actor, Luggage, code))
    return _back(request, _("At the main desk"))


@page(permission="guest_care.log", methods=("POST",))
def luggage_return(request: HttpRequest, code: UUID) -> HttpResponse:
    luggage = selectors.access_row(request.actor, Luggage, code)
    wishes.return_luggage(by=request.actor, luggage=luggage, returned_to=request.POST.get("returned_to", ""))
    return _back(request, _("Returned"))


@page(permission="guest_care.view", methods=("POST",))
def reminder_done(request: HttpRequest, code: UUID) -> HttpResponse:
    wishes.finish_reminder(by=request.actor, reminder=selectors.access_row(request.actor, TreatmentReminder, code))
    return _back(request, _("Done"))


@page(permission="guest_care.inject", methods=("POST",))
def reminder_withdraw(request: HttpRequest, code: UUID) -> HttpResponse:
    reminder = selectors.access_row(request.actor, TreatmentReminder, code)
    form = ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    wishes.withdraw_reminder(by=request.actor, reminder=reminder, reason=reason)
    return _back(request, _("Withdrawn"))


# --- what closes an entry -----------------------------------------------------------------------------------------------


@page(permission="guest_care.log", methods=("POST",))
def met(request: HttpRequest, code: UUID) -> HttpResponse:
    row = selectors.access_row(request.actor, SpecialRequest, code)
    wishes.close_request(by=request.actor, request=row, met=True)
    return _back(request, _("Met"))


@page(permission="guest_care.log", methods=("POST",))
def unmet(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(row: Any, data: dict[str, Any]) -> str:
        wishes.close_request(by=request.actor, request=row, met=False, **data)
        return _("Kept with its reason")

    return _about(request, SpecialRequest, code, CloseRequestForm, act)


@page(permission="guest_care.acknowledge", methods=("POST",))
def acknowledge(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(row: Any, data: dict[str, Any]) -> str:
        wishes.acknowledge_opinion(by=request.actor, opinion=row, **data)
        return _("Acknowledged")

    return _about(request, Opinion, code, RemarkForm, act)


@page(permission="guest_care.answer", methods=("POST",))
def answer(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(row: Any, data: dict[str, Any]) -> str:
        wishes.answer_question(by=request.actor, question=row, **data)
        return _("The desk brings your answer back")

    return _about(request, OpenQuestion, code, AnswerForm, act, back="guest_care:question")


@page(permission="guest_care.log", methods=("POST",))
def told(request: HttpRequest, code: UUID) -> HttpResponse:
    wishes.bring_answer_back(by=request.actor, question=selectors.access_row(request.actor, OpenQuestion, code))
    return _back(request, _("Answer brought back"))


@page(permission="guest_care.carry_over", methods=("POST",))
def carry_over(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(row: Any, data: dict[str, Any]) -> str:
        wishes.carry_question_over(by=request.actor, question=row, **data)
        return _("Carried over")

    return _about(request, OpenQuestion, code, CarryForm, act)


@page(permission="guest_care.log", methods=("POST",))
def followed(request: HttpRequest, code: UUID) -> HttpResponse:
    def act(row: Any, data: dict[str, Any]) -> str:
        enquiries.follow_advice_up(by=request.actor, advice=row, **data)
        return _("Followed up")

    return _about(request, AdviceSeeker, code, ResultForm, act)


# --- the queue ----------------------------------------------------------------------------------------------------------


@page(permission="guest_care.queue", methods=("POST",))
def ticket(request: HttpRequest, code: UUID) -> HttpResponse:
    given = queue.give_ticket(by=request.actor, visit=selectors.access_visit(request.actor, code))
    return _back(request, _("Number %(number)s") % {"number": given.number}, "guest_care:queue")


@page(permission="guest_care.queue", methods=("POST",))
def call_next(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "guest_care.queue")
    called = queue.call_next(by=request.actor, site=site, place=_place(request))
    return _back(request, _("Number %(number)s is called") % {"number": called.number}, "guest_care:queue")


@page(permission="guest_care.queue", methods=("POST",))
def call(request: HttpRequest, code: UUID) -> HttpResponse:
    row = selectors.access_row(request.actor, Ticket, code)
    called = queue.call_ticket(by=request.actor, ticket=row, place=_place(request))
    return _back(request, _("Number %(number)s is called") % {"number": called.number}, "guest_care:queue")


@page(permission="guest_care.queue", methods=("POST",))
def skip(request: HttpRequest, code: UUID) -> HttpResponse:
    row = queue.skip_ticket(by=request.actor, ticket=selectors.access_row(request.actor, Ticket, code))
    return _back(request, _("Number %(number)s is skipped") % {"number": row.number}, "guest_care:queue")


@page(permission="guest_care.queue", methods=("POST",))
def repaired(request: HttpRequest, code: UUID) -> HttpResponse:
    fault = selectors.access_row(request.actor, DeviceFault, code)
    form = RemarkForm(request.POST)
    queue.repair_device(by=request.actor, fault=fault, remark=form.cleaned_data["remark"] if form.is_valid() else "")
    return _back(request, _("The screen calls again"), "guest_care:queue")


# --- what is done and said ------------------------------------------------------------------------------------------------


@page(permission={"GET": "guest_care.view", "POST": "guest_care.manage"}, methods=("GET", "POST"))
def item(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_item(request.actor, code)
    initial = {name: getattr(found, name) for name in ItemForm.base_fields}
    form = ItemForm(request.POST if request.method == "POST" else None, initial=initial)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_care_item(by=request.actor, item=found, **form.cleaned_data)
        except DomainError as error:
            refusal = None if show_on_fields(form, error) else error
        else:
            return _back(request, _("Changed"), "guest_care:items")
    context = {"item": found, "form": form, "refusal": refusal, "may_manage": request.actor.can("guest_care.manage")}
    return render_page(
        request, "guest_care/item.html", context, status=refusal.status if refusal else 200, invalid=form
    )


def _about(
    request: HttpRequest,
    model: Any,
    code: UUID,
    form_class: type[forms.Form],
    act: Callable[[Any, dict[str, Any]], str],
    *,
    back: str = "guest_care:now",
) -> HttpResponse:
    """Read the form, act, and go back; with what is missing, or refused, the entry comes again with what was typed."""
    row = selectors.access_row(request.actor, model, code)
    form = form_class(request.POST)
    if not form.is_valid():
        return show_row(request, row, form=form)
    try:
        said = act(row, dict(form.cleaned_data))
    except DomainError as error:
        refusal = None if show_on_fields(form, error) else error
        return show_row(request, selectors.access_row(request.actor, model, code), form=form, refusal=refusal)
    flash(request, said)
    return redirect_after_post(
        request, next_path(request, reverse(back, args=[code] if back != "guest_care:now" else []))
    )


def _place(request: HttpRequest) -> str:
    form = PlaceForm(request.POST)
    return str(form.cleaned_data["place"]) if form.is_valid() else ""


def _back(request: HttpRequest, text: str, default: str = "guest_care:now") -> HttpResponse:
    flash(request, text)
    return redirect_after_post(request, next_path(request, reverse(default)))
