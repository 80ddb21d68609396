"""Calls: the list of the day, the form of the call that is going on, one call, the calls of a patient."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kernel import clock
from kernel.errors import DomainError, NotFound, RuleRefused
from kernel.web.views import flash, page, polled, redirect_after_post, render_page, site_code
from services.patients.models import Patient
from services.patients.reading import note_read
from services.patients.selectors import access_patient
from services.sites.models import Site
from services.sites.selectors import working_site
from services.telephone import actions, phrases, selectors
from services.telephone.models import Call, Purpose
from services.telephone.reading import phone_of_serious
from services.telephone.web.forms import CallForm

PER_PAGE = 50
EARLIEST = date(2000, 1, 1)


@page(permission="telephone.view")
def calls(request: HttpRequest) -> HttpResponse:
    return polled(request, "telephone/list.html", "telephone/_calls.html", lambda: _calls(request))


@page(permission="telephone.log", methods=("GET", "POST"))
def call_new(request: HttpRequest) -> HttpResponse:
    """The form of the call that is going on; its moment of opening is the time of the call."""
    site = working_place(request, "telephone.log")
    patient = known_patient(request)
    initial = {"started_at": clock.now().isoformat(), "patient": patient.code if patient else None}
    form = CallForm(request.POST or None, initial=initial, site=site)
    if request.method == "POST" and form.is_valid():
        try:
            logged = actions.log_call(by=request.actor, site=site, **form.facts())
        except RuleRefused as error:
            show_on_fields(form, error)
        else:
            flash(request, _("Call logged"))
            warn_of_words(request, logged.summary)
            return redirect_after_post(request, "telephone:list")
    purpose = request.POST.get("purpose", "")
    context = {
        "form": form,
        "site": site,
        "patient": patient,
        "spoken": selectors.scripts_for(purpose, selectors.values_of(request.actor, site, patient=patient)),
        "free_doctors": selectors.free_doctors(site),
    }
    return render_page(request, "telephone/new.html", context, invalid=form)


@page(permission="telephone.log", methods=("POST",))
def caller(request: HttpRequest) -> HttpResponse:
    """Who has this number, asked while it is typed. By POST, so that no number stands in an address."""
    known = selectors.known_callers(request.actor, request.POST.get("phone", "")[:30])
    return render_page(request, "telephone/_caller.html", {"known": known})


@page(permission="telephone.log", methods=("POST",))
def prompts(request: HttpRequest) -> HttpResponse:
    """What to say in a call about this purpose, with what is known of it so far."""
    site = working_place(request, "telephone.log")
    purpose = request.POST.get("purpose", "")
    form = CallForm(request.POST, site=site)
    form.is_valid()
    recipient = form.cleaned_data.get("recipient")
    values = selectors.values_of(
        request.actor,
        site,
        patient=form.cleaned_data.get("patient"),
        caller_name=form.cleaned_data.get("caller_name", ""),
        recipient=recipient.name if recipient is not None else "",
    )
    chosen = purpose if purpose in Purpose.values else ""
    return render_page(request, "telephone/_prompts.html", {"spoken": selectors.scripts_for(chosen, values)})


@page(permission="telephone.view")
def call(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_call(request.actor, code)
    context = {
        "call": found,
        "slips": found.slips.select_related("recipient"),
        "promises": found.promises.all(),
        "suggestions": found.suggestions.all(),
        "phone": phone_of_serious(request.actor, found),
    }
    return render_page(request, "telephone/call.html", context)


@page(permission="telephone.view")
def of_patient(request: HttpRequest, code: UUID) -> HttpResponse:
    """Everything that went over the phone with one patient; looking at it is logged as reading the file."""
    patient = access_patient(request.actor, code)
    note_read(request.actor, patient, part="calls")
    rows = Paginator(selectors.calls_of_patient(request.actor, patient), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "patient": patient,
        "page_of_rows": rows,
        "rows": rows.object_list,
        "slips": selectors.slips_of_patient(request.actor, patient)[:PER_PAGE],
        "promises": selectors.promises_of_patient(request.actor, patient)[:PER_PAGE],
        "may_log": request.actor.can("telephone.log"),
    }
    return render_page(request, "telephone/of_patient.html", context)


def working_place(request: HttpRequest, word: str) -> Site:
    """The site at which this person works the phone. Raises NotFound (``site_not_found``)."""
    site = working_site(request.actor, site_code(request), word)
    if site is None:
        raise NotFound("site_not_found", _("You work at no site yet. Ask the administrator to assign you."))
    return site


def known_patient(request: HttpRequest) -> Patient | None:
    """The patient whom a form is about: chosen in it, or named by the page that led here."""
    code = request.POST.get("patient") or request.GET.get("patient")
    try:
        return access_patient(request.actor, UUID(code)) if code else None
    except (ValueError, NotFound):
        return None


def show_on_fields(form: forms.Form, error: DomainError) -> None:
    """Put what a rule misses beside its fields; what belongs to none of them above the form."""
    for field, messages in error.fields.items():
        for message in messages:
            form.add_error(field if field in form.fields else None, str(message))
    if not error.fields:
        form.add_error(None, str(error.message))


def warn_of_words(request: HttpRequest, *texts: str) -> None:
    """Say what is better than a forbidden phrase; nothing is blocked."""
    found = phrases.found_in(*texts)
    if found:
        named = "；".join(f"{one.text} → {one.instead}" if one.instead else one.text for one in found[:3])
        flash(request, _("Better not to say: %(phrases)s") % {"phrases": named}, tone="warn")


def area_tabs(current: str) -> list[dict[str, Any]]:
    """The parts of the telephone."""
    parts = {
        "list": (pgettext("telephone", "Calls"), "phone"),
        "messages": (pgettext("telephone", "Messages"), "message"),
        "promises": (pgettext("telephone", "Promises"), "clock"),
        "courtesy": (pgettext("telephone", "Courtesy calls"), "heart"),
        "scripts": (pgettext("telephone", "Scripts"), "book"),
    }
    return [
        {"key": key, "label": label, "icon": icon, "url": reverse(f"telephone:{key}")}
        for key, (label, icon) in parts.items()
    ]


def _calls(request: HttpRequest) -> dict[str, Any]:
    site = working_place(request, "telephone.view")
    today = clock.today(site.timezone)
    day = _day(request.GET.get("day", ""), today)
    purpose = request.GET.get("purpose", "")
    purpose = purpose if purpose in Purpose.values else ""
    rows = Paginator(selectors.calls_of_day(request.actor, site, day, purpose=purpose), PER_PAGE).get_page(
        request.GET.get("page")
    )
    here = reverse("telephone:list")
    return {
        "site": site,
        "day": day,
        "today": today,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1) if day < today else None,
        "purpose": purpose,
        "purposes": [
            {"key": "", "label": _("All"), "url": f"{here}?day={day:%Y-%m-%d}"},
            *(
                {"key": value, "label": label, "url": f"{here}?day={day:%Y-%m-%d}&purpose={value}"}
                for value, label in Purpose.choices
            ),
        ],
        "page_of_rows": rows,
        "rows": list(rows.object_list),
        "figures": selectors.figures_of_day(request.actor, site, day),
        "parts": area_tabs("list"),
        "may_log": request.actor.can("telephone.log", site=site.code),
        "directions": Call.Direction,
    }


def _day(text: str, today: date) -> date:
    """The day that an address asks for, today when it asks for none that could have calls."""
    try:
        day = parse_date(text) or today
    except ValueError:
        return today
    return day if EARLIEST <= day <= today else today
