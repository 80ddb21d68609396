"""Pages of consents: what a patient signed, what third parties were told, and the words of the forms."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import clock
from kernel.errors import DomainError, NotFound
from kernel.web.views import flash, page, redirect_after_post, render_page, site_code
from services.consents import actions, selectors
from services.consents.web.forms import DiscloseForm, PublishForm, TakeForm, TemplateForm
from services.patients.models import Patient
from services.patients.reading import note_listing, note_read
from services.patients.selectors import access_patient, is_minor
from services.sites.models import Site
from services.sites.selectors import working_site

PER_PAGE = 50
STARTER = "starter-content"  # what came with the product has no author to show


@page(permission={"GET": "consents.view", "POST": "consents.take"}, methods=("GET", "POST"))
def of_patient(request: HttpRequest, code: UUID) -> HttpResponse:
    """What was signed for one patient; POST takes another signature."""
    request.nav_key = "patients"  # type: ignore[attr-defined]
    patient = access_patient(request.actor, code)
    if request.method == "GET":
        note_read(request.actor, patient, part="consents")
    minor = is_minor(patient, clock.today(patient.site.timezone))
    form = TakeForm(request.POST or None, patient=patient, initial={"signer": "guardian" if minor else "patient"})
    if request.method == "POST" and form.is_valid():
        site = _site(request, "consents.take")
        try:
            actions.take_consent(by=request.actor, site=site, patient=patient, **form.cleaned_data)
        except DomainError as error:
            _show(form, error)
        else:
            flash(request, _("The consent is kept"))
            return redirect_after_post(request, "consents:of-patient", patient.code)
    context = {
        "patient": patient,
        "rows": selectors.consents_of(patient),
        "form": form,
        "may_take": request.actor.can("consents.take"),
        "is_minor": minor,
        "parts": _parts(request, patient),
    }
    return render_page(request, "consents/of_patient.html", context, invalid=form)


@page(permission="consents.take", methods=("POST",))
def withdraw(request: HttpRequest, code: UUID) -> HttpResponse:
    consent = selectors.access_consent(request.actor, code, "consents.take")
    access_patient(request.actor, consent.patient.code)
    actions.withdraw_consent(by=request.actor, consent=consent, words=request.POST.get("words", "")[:300])
    flash(request, _("Withdrawn; nothing is told on its ground any more"))
    return redirect_after_post(request, "consents:of-patient", consent.patient.code)


@page(permission="consents.disclose", methods=("GET", "POST"))
def disclosures_of(request: HttpRequest, code: UUID) -> HttpResponse:
    """What was told about one patient; POST writes down what is told now."""
    request.nav_key = "patients"  # type: ignore[attr-defined]
    patient = access_patient(request.actor, code)
    if request.method == "GET":
        note_read(request.actor, patient, part="disclosures")
    form = DiscloseForm(request.POST or None, patient=patient)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        site = _site(request, "consents.disclose")
        try:
            actions.disclose(by=request.actor, site=site, patient=patient, **form.cleaned_data)
        except DomainError as error:
            if error.fields:
                _show(form, error)
            else:
                refusal = error
        else:
            flash(request, _("Written down; it may be told now"))
            return redirect_after_post(request, "consents:disclosures-of", patient.code)
    context = {
        "patient": patient,
        "rows": selectors.disclosures_for(request.actor).filter(patient=patient),
        "form": form,
        "refusal": refusal,
        "parts": _parts(request, patient),
    }
    status = refusal.status if refusal else 200
    return render_page(request, "consents/disclosures_of.html", context, status=status, invalid=form)


@page(permission="consents.disclose")
def disclosures(request: HttpRequest) -> HttpResponse:
    """What third parties were told, the latest first."""
    found = selectors.disclosures_for(request.actor)
    rows = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    note_listing(request.actor, [row.patient for row in rows.object_list])
    context = {"page_of_rows": rows, "rows": rows.object_list, "may_manage": request.actor.can("consents.manage")}
    return render_page(request, "consents/disclosures.html", context)


@page(permission="consents.manage", methods=("GET", "POST"))
def template_list(request: HttpRequest) -> HttpResponse:
    form = TemplateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.ensure_template(by=request.actor, **form.cleaned_data)
        except DomainError as error:
            _show(form, error)
        else:
            flash(request, _("Published"))
            return redirect_after_post(request, "consents:templates")
    context = {"rows": selectors.templates(), "form": form}
    return render_page(request, "consents/templates.html", context, invalid=form)


@page(permission="consents.manage", methods=("GET", "POST"))
def template(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_template(request.actor, code)
    latest = selectors.latest_version(found)
    initial = {"text": latest.text if latest else "", "version": found.version}
    form = PublishForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            actions.publish(by=request.actor, template=found, **form.cleaned_data)
        except DomainError as error:
            _show(form, error)
        else:
            flash(request, _("Published"))
            return redirect_after_post(request, "consents:template", found.code)
    context = {"template": found, "versions": found.versions.all(), "form": form, "starter": STARTER}
    return render_page(request, "consents/template.html", context, invalid=form)


def _site(request: HttpRequest, word: str) -> Site:
    site = working_site(request.actor, site_code(request), word)
    if site is None:
        raise NotFound("site_not_found", _("You work at no site yet. Ask the administrator to assign you."))
    return site


def _show(form: forms.Form, error: DomainError) -> None:
    for field, messages in error.fields.items():
        for message in messages:
            form.add_error(field if field in form.fields else None, str(message))
    if not error.fields:
        form.add_error(None, str(error.message))


def _parts(request: HttpRequest, patient: Patient) -> list[dict[str, Any]]:
    parts = [("of-patient", _("Signed"), "sign")]
    if request.actor.can("consents.disclose"):
        parts.append(("disclosures-of", _("Told to third parties"), "shield"))
    return [
        {"key": key, "label": label, "icon": icon, "url": reverse(f"consents:{key}", args=[patient.code])}
        for key, label, icon in parts
    ]
