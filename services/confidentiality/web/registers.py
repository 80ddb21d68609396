"""Pages of the registers: agreements, devices, education."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel import clock
from kernel.errors import DomainError, NotFound
from kernel.web.views import flash, page, redirect_after_post, render_page, site_code
from services.confidentiality import actions, selectors
from services.confidentiality.web.documents import parts, show
from services.confidentiality.web.forms import CheckForm, DeviceForm, EducationForm, SignForm, TextForm
from services.sites.models import Site
from services.sites.selectors import working_site

SHOWN = 300


@page(permission="confidentiality.keep", methods=("GET", "POST"))
def agreements(request: HttpRequest) -> HttpResponse:
    """Who signed until when (CR-017); POST keeps a signature under the words in force."""
    words = selectors.current_text()
    form = SignForm(request.POST or None, people=selectors.staff_for(request.actor))
    if request.method == "POST" and form.is_valid() and words is not None:
        try:
            actions.sign_agreement(by=request.actor, text_signed=words, **form.cleaned_data)
        except DomainError as error:
            show(form, error)
        else:
            flash(request, _("The agreement is kept"))
            return redirect_after_post(request, "confidentiality:agreements")
    context = {
        "people": selectors.people(request.actor)[:SHOWN],
        "rows": selectors.agreements_for(request.actor)[:SHOWN],
        "today": clock.today(),
        "words": words,
        "form": form,
        "may_manage": request.actor.can(selectors.MANAGE),
        "parts": parts(request),
    }
    return render_page(request, "confidentiality/agreements.html", context, invalid=form)


@page(permission="confidentiality.manage", methods=("GET", "POST"))
def text(request: HttpRequest) -> HttpResponse:
    words = selectors.current_text()
    form = TextForm(request.POST or None, initial={"text": words.text if words else ""})
    if request.method == "POST" and form.is_valid():
        try:
            actions.publish_text(by=request.actor, **form.cleaned_data)
        except DomainError as error:
            show(form, error)
        else:
            flash(request, _("Published; who signs from now on signs these words"))
            return redirect_after_post(request, "confidentiality:agreements")
    return render_page(request, "confidentiality/text.html", {"words": words, "form": form}, invalid=form)


@page(permission="confidentiality.keep", methods=("POST",))
def end(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_agreement(request.actor, code)
    actions.end_agreement(by=request.actor, agreement=found, reason=request.POST.get("reason", "")[:200])
    flash(request, _("Ended"))
    return redirect_after_post(request, "confidentiality:agreements")


@page(permission="confidentiality.keep", methods=("GET", "POST"))
def devices(request: HttpRequest) -> HttpResponse:
    """The devices with data, the next check first (CR-018); POST registers one."""
    site = _site(request)
    form = DeviceForm(request.POST or None, people=selectors.staff_for(request.actor))
    if request.method == "POST" and form.is_valid():
        try:
            actions.register_device(by=request.actor, site=site, **form.cleaned_data)
        except DomainError as error:
            show(form, error)
        else:
            flash(request, _("Registered"))
            return redirect_after_post(request, "confidentiality:devices")
    context = {
        "rows": selectors.devices_for(request.actor)[:SHOWN],
        "today": clock.today(site.timezone),
        "form": form,
        "parts": parts(request),
    }
    return render_page(request, "confidentiality/devices.html", context, invalid=form)


@page(permission="confidentiality.keep", methods=("GET", "POST"))
def device(request: HttpRequest, code: UUID) -> HttpResponse:
    """One device and its checks; POST checks it."""
    found = selectors.access_device(request.actor, code)
    known = {"holder": found.holder.code, "encryption": found.encryption, "state": found.state}
    people = selectors.staff_for(request.actor)
    form = CheckForm(request.POST or None, people=people, initial={**known, "version": found.version})
    if request.method == "POST" and form.is_valid():
        try:
            actions.check_device(by=request.actor, device=found, **form.cleaned_data)
        except DomainError as error:
            show(form, error)
        else:
            flash(request, _("Checked"))
            return redirect_after_post(request, "confidentiality:devices")
    context = {"device": found, "checks": found.checks.all()[:SHOWN], "form": form}
    return render_page(request, "confidentiality/device.html", context, invalid=form)


@page(permission="confidentiality.keep", methods=("GET", "POST"))
def education(request: HttpRequest) -> HttpResponse:
    """Who is to be instructed when, and who was (CR-019)."""
    form = EducationForm(request.POST or None, people=selectors.staff_for(request.actor))
    if request.method == "POST" and form.is_valid():
        try:
            actions.record_education(by=request.actor, **form.cleaned_data)
        except DomainError as error:
            show(form, error)
        else:
            flash(request, _("Kept with its evidence"))
            return redirect_after_post(request, "confidentiality:education")
    today = clock.today()
    context = {
        "people": [{"one": row, "due": row.is_due(today)} for row in selectors.people(request.actor, today)[:SHOWN]],
        "rows": selectors.education_for(request.actor)[:SHOWN],
        "form": form,
        "parts": parts(request),
    }
    return render_page(request, "confidentiality/education.html", context, invalid=form)


def _site(request: HttpRequest) -> Site:
    site = working_site(request.actor, site_code(request), selectors.KEEP)
    if site is None:
        raise NotFound("site_not_found", _("You work at no site yet. Ask the administrator to assign you."))
    return site
