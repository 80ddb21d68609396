"""The consultant's day, the list, a new customer, and the conversation on one screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kernel import registry
from kernel.access import holds
from kernel.errors import DomainError, NotFound
from kernel.web.views import flash, page, polled, redirect_after_post, render_page, site_code
from services.catalogue.selectors import access_item, may_see_price
from services.consultation import actions, fees, selectors, talks, transfers
from services.consultation.machines import SUCCESSFUL, WORKED_ON
from services.consultation.models import Consultation
from services.consultation.reading import phone_to_call
from services.consultation.web.forms import (
    AnswerForm,
    DoctorForm,
    FeeForm,
    NotesForm,
    OpenForm,
    OutcomeForm,
    PassOnForm,
    QuestionForm,
    RecommendForm,
    WithdrawForm,
)
from services.patients.models import Patient
from services.patients.reading import note_read
from services.patients.selectors import access_patient
from services.reception.models import Visit
from services.reception.selectors import access_visit
from services.sites.models import Site
from services.sites.selectors import working_site

PER_PAGE = 50


def badge(request: HttpRequest) -> int:
    """Who waits for this person."""
    site = working_site(request.actor, site_code(request), selectors.VIEW)
    return selectors.waiting_count(request.actor, site)


@page(permission="consultation.view")
def day(request: HttpRequest) -> HttpResponse:
    return polled(request, "consultation/day.html", "consultation/_day.html", lambda: _day(request))


@page(permission="consultation.view")
def consultations(request: HttpRequest) -> HttpResponse:
    return polled(request, "consultation/list.html", "consultation/_list.html", lambda: _list(request))


@page(permission="consultation.open", methods=("GET", "POST"))
def consultation_new(request: HttpRequest) -> HttpResponse:
    site = working_place(request, "consultation.open")
    visit = _named_visit(request)
    patient = visit.patient if visit is not None else _named_patient(request)
    initial = {
        "patient": patient.code if patient else None,
        "visit": visit.code if visit else None,
        "vertical": visit.vertical if visit else site_vertical(site),
    }
    form = OpenForm(request.POST or None, initial=initial, site=site, verticals=vertical_choices())
    if request.method == "POST" and form.is_valid():
        try:
            opened = actions.open_consultation(by=request.actor, site=site, **form.cleaned_data)
        except DomainError as error:
            show_on_fields(form, error)
        else:
            flash(request, _("On the list of who waits"))
            if holds(request.actor, selectors.VIEW, site=site.code):
                return redirect_after_post(request, "consultation:consultation", opened.code)
            return redirect_after_post(request, "consultation:new")
    context = {"form": form, "site": site, "patient": patient, "visit": visit}
    return render_page(request, "consultation/new.html", context, invalid=form)


@page(permission="consultation.view")
def consultation(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_consultation(request.actor, code)
    if found.patient is not None:
        note_read(request.actor, found.patient, part="consultation")
    return render_page(request, "consultation/consultation.html", screen(request, found))


@page(permission="consultation.consult", methods=("POST",))
def start(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_consultation(request.actor, code)
    actions.start_consultation(by=request.actor, consultation=found)
    return redirect_after_post(request, "consultation:consultation", code)


@page(permission="consultation.open", methods=("POST",))
def left(request: HttpRequest, code: UUID) -> HttpResponse:
    actions.note_left(by=request.actor, consultation=selectors.access_consultation(request.actor, code))
    flash(request, _("Noted that they left"))
    return redirect_after_post(request, "consultation:day")


@page(permission="consultation.consult", methods=("POST",))
def write(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_consultation(request.actor, code)
    return act(request, found, "notes_form", NotesForm(request.POST), actions.write_down, _("Kept"))


@page(permission="consultation.consult", methods=("POST",))
def recommend(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_consultation(request.actor, code)
    form = RecommendForm(request.POST, vertical=found.vertical)
    return act(request, found, "recommend_form", form, actions.recommend, _("Recommended"))


@page(permission="consultation.consult", methods=("POST",))
def item_words(request: HttpRequest) -> HttpResponse:
    """The words of an item's reviewed sheet, while it is chosen."""
    try:
        item = access_item(request.actor, UUID(request.POST.get("item", "")))
    except (ValueError, NotFound):
        return render_page(request, "consultation/_item_words.html", {"sheet": None, "item": None})
    context = {
        "item": item,
        "sheet": selectors.sheet_of(item),
        "price_fen": item.price_fen if may_see_price(request.actor, item) else None,
    }
    return render_page(request, "consultation/_item_words.html", context)


@page(permission="consultation.consult", methods=("POST",))
def drop(request: HttpRequest, code: UUID) -> HttpResponse:
    row = selectors.access_recommendation(request.actor, code)
    found = actions.drop_recommendation(by=request.actor, recommendation=row)
    return redirect_after_post(request, "consultation:consultation", found.code)


@page(permission="consultation.consult", methods=("POST",))
def understood(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_consultation(request.actor, code)
    actions.confirm_understanding(by=request.actor, consultation=found)
    flash(request, _("The customer's understanding is noted"))
    return redirect_after_post(request, "consultation:consultation", code)


@page(permission="consultation.consult", methods=("POST",))
def conclude(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_consultation(request.actor, code)
    form = OutcomeForm(request.POST, consultation=found)
    return act(request, found, "outcome_form", form, actions.conclude, _("Concluded"), to="consultation:day")


@page(permission="consultation.consult", methods=("POST",))
def withdraw(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_consultation(request.actor, code)
    form = WithdrawForm(request.POST)
    return act(request, found, "withdraw_form", form, actions.withdraw_acceptance, _("Taken back"))


@page(permission="consultation.consult", methods=("POST",))
def question_new(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_consultation(request.actor, code)
    return act(request, found, "question_form", QuestionForm(request.POST), talks.note_question, _("Question noted"))


@page(permission="consultation.consult", methods=("GET", "POST"))
def question(request: HttpRequest, code: UUID) -> HttpResponse:
    """The final answer of a question, with what the knowledge base says to it."""
    found = selectors.access_question(request.actor, code)
    answered = found.talks.filter(state__in=["answered", "presented"]).first()
    form = AnswerForm(request.POST or None, initial={"source": "doctor" if answered else ""})
    if request.method == "POST" and form.is_valid():
        try:
            talks.answer_question(by=request.actor, question=found, **form.cleaned_data)
        except DomainError as error:
            show_on_fields(form, error)
        else:
            flash(request, _("The answer is final"))
            return redirect_after_post(request, "consultation:consultation", found.consultation.code)
    context = {
        "question": found,
        "consultation": found.consultation,
        "form": form,
        "talk": answered,
        "answers": selectors.find_answers(found.text, vertical=found.consultation.vertical),
    }
    return render_page(request, "consultation/question.html", context, invalid=form)


@page(permission="consultation.view", methods=("POST",))
def search(request: HttpRequest) -> HttpResponse:
    """Standard answers to what is being typed. By POST, so that no customer's words stand in an address."""
    text = request.POST.get("text", "")[:500]
    answers = selectors.find_answers(text, vertical=request.POST.get("vertical", "")[:30])
    return render_page(request, "consultation/_answers.html", {"answers": answers, "asked": text.strip()})


@page(permission="consultation.consult", methods=("POST",))
def ask_doctor(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_consultation(request.actor, code)
    form = DoctorForm(request.POST, consultation=found)
    return act(request, found, "doctor_form", form, talks.ask_doctor, _("The doctor has it now"))


@page(permission="consultation.consult", methods=("POST",))
def pass_on(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_consultation(request.actor, code)
    return act(request, found, "pass_on_form", PassOnForm(request.POST), transfers.pass_on, _("Passed on"))


@page(permission="consultation.consult", methods=("POST",))
def fee(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_consultation(request.actor, code)
    form = FeeForm(request.POST, consultation=found)
    return act(request, found, "fee_form", form, fees.ask_fee, _("The doctor is asked to sign the slip"))


@page(permission="consultation.view")
def of_patient(request: HttpRequest, code: UUID) -> HttpResponse:
    """Every consultation of one patient; looking at it is logged as reading the file (DE-017)."""
    patient = access_patient(request.actor, code)
    note_read(request.actor, patient, part="consultations")
    rows = selectors.of_patient(request.actor, patient).prefetch_related("recommendations__item")
    context = {
        "patient": patient,
        "page_of_rows": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "may_open": request.actor.can("consultation.open"),
    }
    return render_page(request, "consultation/of_patient.html", context)


def act(
    request: HttpRequest,
    found: Consultation,
    name: str,
    form: forms.Form,
    action: Callable[..., Any],
    done: str,
    *,
    to: str = "consultation:consultation",
) -> HttpResponse:
    """Do what a form of the screen asks for; what is missing stands beside its fields, and the rest of the screen stays."""
    if form.is_valid():
        try:
            action(by=request.actor, consultation=found, **form.cleaned_data)
        except DomainError as error:
            again = selectors.access_consultation(request.actor, found.code)
            show_on_fields(form, error)
            context = screen(request, again, **{name: form, "refusal": error if error.cures else None})
            return render_page(request, "consultation/consultation.html", context, status=error.status)
        flash(request, done)
        return redirect_after_post(request, to, *([found.code] if to == "consultation:consultation" else []))
    return render_page(request, "consultation/consultation.html", screen(request, found, **{name: form}), invalid=form)


def screen(request: HttpRequest, found: Consultation, **given: Any) -> dict[str, Any]:
    """Everything of a consultation: needs at the left, recommendations and outcome at the right."""
    consults = holds(request.actor, "consultation.consult", site=found.site.code)
    works = consults and found.state in WORKED_ON
    notes = {name: getattr(found, name) for name in (*actions.TEXTS, "further", "conduct")}
    recommendations = list(found.recommendations.select_related("item"))
    return {
        "consultation": found,
        "site": found.site,
        "phone": phone_to_call(request.actor, found),
        "works": works,
        "may_start": consults and found.state == "waiting",
        "may_leave": found.state == "waiting" and holds(request.actor, "consultation.open", site=found.site.code),
        "may_withdraw": consults and found.state in SUCCESSFUL and found.treated_at is None,
        "may_sign": holds(request.actor, "cashier.issue_slip", site=found.site.code) and found.fee_item is not None,
        "may_ask": consults and found.state not in talks.OVER,
        "recommendations": recommendations,
        "needs_understanding": any(row.needs_disclosure for row in recommendations),
        "questions": list(found.questions.prefetch_related("talks")),
        "talks": list(found.talks.select_related("doctor")),
        "passed_on": list(found.transfers.all()),
        "departments": transfers.departments(),
        "series": list(selectors.series_of(found)[:PER_PAGE]),
        "guidance": selectors.guidance(selectors.ELDER_GUIDANCE, found.vertical) if selectors.needs_guidance(found) else None,
        "notes_form": NotesForm(initial=notes),
        "recommend_form": RecommendForm(vertical=found.vertical),
        "question_form": QuestionForm(),
        "doctor_form": DoctorForm(consultation=found),
        "pass_on_form": PassOnForm(),
        "fee_form": FeeForm(consultation=found),
        "outcome_form": OutcomeForm(consultation=found),
        "withdraw_form": WithdrawForm(),
        "refusal": None,
        **given,
    }  # fmt: skip


def working_place(request: HttpRequest, word: str) -> Site:
    """The site at which this person advises. Raises NotFound (``site_not_found``)."""
    site = working_site(request.actor, site_code(request), word)
    if site is None:
        raise NotFound("site_not_found", _("You work at no site yet. Ask the administrator to assign you."))
    return site


def vertical_choices() -> list[tuple[str, Any]]:
    """The lines of business, and none of them."""
    return [
        ("", pgettext("line of business", "any")),
        *((room.key, room.short) for room in registry.active_verticals()),
    ]


def site_vertical(site: Site) -> str:
    """The line of business where there is only one."""
    active = [room.key for room in registry.active_verticals()]
    return active[0] if len(active) == 1 else ""


def show_on_fields(form: forms.Form, error: DomainError) -> None:
    """Put what a rule misses beside its fields; what belongs to none of them above the form."""
    left_over = [str(error.message)] if not any(field in form.fields for field in error.fields) else []
    for field, messages in error.fields.items():
        if field in form.fields:
            for message in messages:
                form.add_error(field, str(message))
    for message in left_over:
        form.add_error(None, message)


def area_tabs(current: str) -> list[dict[str, Any]]:
    """The parts of consultation."""
    parts = {
        "day": (pgettext("consultation", "My day"), "clock"),
        "list": (pgettext("consultation", "Consultations"), "message"),
        "transfers": (pgettext("consultation", "Passed on"), "arrow-right"),
        "knowledge": (pgettext("consultation", "Knowledge"), "book"),
        "sheets": (pgettext("consultation", "Services"), "file"),
        "success": (pgettext("consultation", "Success rate"), "chart"),
    }
    return [
        {"key": key, "label": label, "icon": icon, "url": reverse(f"consultation:{key}")}
        for key, (label, icon) in parts.items()
    ]


def _day(request: HttpRequest) -> dict[str, Any]:
    site = working_place(request, selectors.VIEW)
    everybody = request.GET.get("whose") == "all"
    here = reverse("consultation:day")
    return {
        "site": site,
        "day": selectors.day_of(request.actor, site, everybody=everybody),
        "whose": "all" if everybody else "mine",
        "choices": [
            {"key": "mine", "label": _("Mine"), "url": here},
            {"key": "all", "label": _("The team's"), "url": f"{here}?whose=all"},
        ],
        "departments": transfers.departments(),
        "parts": area_tabs("day"),
        "may_open": request.actor.can("consultation.open", site=site.code),
        "may_consult": request.actor.can("consultation.consult", site=site.code),
    }


def _list(request: HttpRequest) -> dict[str, Any]:
    site = working_place(request, selectors.VIEW)
    labels = {
        "open": _("Going on"),
        "undecided": pgettext("consultation", "Undecided"),
        "taken": _("Booked and accepted"),
        "refused": pgettext("consultation", "Declined"),
        "lessons": _("Lessons"),
    }
    show = request.GET.get("show", "")
    show = show if show in labels else "open"
    rows = Paginator(selectors.listed(request.actor, site, show=show), PER_PAGE).get_page(request.GET.get("page"))
    numbers = selectors.counts(request.actor, site)
    here = reverse("consultation:list")
    return {
        "site": site,
        "show": show,
        "tabs": [
            {"key": key, "label": label, "url": f"{here}?show={key}", "count": numbers.get(key)}
            for key, label in labels.items()
        ],
        "page_of_rows": rows,
        "rows": list(rows.object_list),
        "parts": area_tabs("list"),
        "may_open": request.actor.can("consultation.open", site=site.code),
    }


def _named_patient(request: HttpRequest) -> Patient | None:
    code = request.POST.get("patient") or request.GET.get("patient")
    try:
        return access_patient(request.actor, UUID(code)) if code else None
    except (ValueError, NotFound):
        return None


def _named_visit(request: HttpRequest) -> Visit | None:
    code = request.POST.get("visit") or request.GET.get("visit")
    try:
        return access_visit(request.actor, UUID(code)) if code else None
    except (ValueError, NotFound):
        return None
