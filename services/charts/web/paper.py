"""The paper chart of one patient: asked for, given out, copied, printed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel.access import holds
from kernel.errors import DomainError
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.charts import actions, custody, selectors
from services.charts.models import ChartRelease, Transcription
from services.charts.web.forms import (
    AgainForm,
    DifferenceForm,
    HandOutForm,
    PrintForm,
    RequestForm,
    TranscribeForm,
)
from services.charts.web.views import place
from services.patients.models import Patient
from services.patients.reading import note_read
from services.patients.selectors import access_patient

SHOWN = 50


@page(permission="charts.release")
def of_patient(request: HttpRequest, code: UUID) -> HttpResponse:
    patient = access_patient(request.actor, code)
    note_read(request.actor, patient, part="paper_chart")
    return render_page(request, "charts/of_patient.html", _context(request, patient))


@page(permission="charts.release", methods=("POST",))
def request_chart(request: HttpRequest, code: UUID) -> HttpResponse:
    patient = access_patient(request.actor, code)
    form = RequestForm(request.POST)
    if form.is_valid():
        site = place(request, "charts.release")
        try:
            release = actions.request_release(by=request.actor, site=site, patient=patient, **form.cleaned_data)
        except DomainError as error:
            return _again(request, patient, error, request_form=form)
        asked = custody.needs_consent(release)
        flash(request, _("The supervisor has been asked") if asked else _("Noted; it can be given out"))
        return redirect_after_post(request, "charts:of-patient", patient.code)
    return _again(request, patient, None, request_form=form)


@page(permission="charts.consent", methods=("POST",))
def consent(request: HttpRequest, code: UUID) -> HttpResponse:
    release = _release(request, code)
    actions.consent_to_release(by=request.actor, release=release)
    flash(request, _("Consented, with your name and the time"))
    return redirect_after_post(request, "charts:of-patient", release.patient.code)


@page(permission="charts.consent", methods=("POST",))
def refuse(request: HttpRequest, code: UUID) -> HttpResponse:
    release = _release(request, code)
    actions.refuse_release(by=request.actor, release=release, words=request.POST.get("words", "")[:300])
    flash(request, _("Refused; the reason stands beside it"))
    return redirect_after_post(request, "charts:of-patient", release.patient.code)


@page(permission="charts.release", methods=("POST",))
def hand_out(request: HttpRequest, code: UUID) -> HttpResponse:
    release = _release(request, code)
    form = HandOutForm(request.POST)
    if form.is_valid():
        try:
            actions.hand_out(by=request.actor, release=release, **form.cleaned_data)
        except DomainError as error:
            return _again(request, release.patient, error, hand_form=form)
        flash(request, _("Given out"))
        return redirect_after_post(request, "charts:of-patient", release.patient.code)
    return _again(request, release.patient, None, hand_form=form)


@page(permission="charts.release", methods=("POST",))
def take_back(request: HttpRequest, code: UUID) -> HttpResponse:
    release = _release(request, code)
    actions.take_back(by=request.actor, release=release)
    flash(request, _("The original is back"))
    return redirect_after_post(request, "charts:of-patient", release.patient.code)


@page(permission="charts.print", methods=("POST",))
def log_print(request: HttpRequest, code: UUID) -> HttpResponse:
    patient = access_patient(request.actor, code)
    form = PrintForm(request.POST)
    if form.is_valid():
        site = place(request, "charts.print")
        try:
            actions.log_print(by=request.actor, site=site, patient=patient, **form.cleaned_data)
        except DomainError as error:
            return _again(request, patient, error, print_form=form)
        flash(request, _("Logged"))
        return redirect_after_post(request, "charts:of-patient", patient.code)
    return _again(request, patient, None, print_form=form)


@page(permission="charts.transcribe", methods=("POST",))
def transcribe(request: HttpRequest, code: UUID) -> HttpResponse:
    patient = access_patient(request.actor, code)
    form = TranscribeForm(request.POST)
    if form.is_valid():
        site = place(request, "charts.transcribe")
        try:
            actions.transcribe(by=request.actor, site=site, patient=patient, **form.cleaned_data)
        except DomainError as error:
            return _again(request, patient, error, transcribe_form=form)
        flash(request, _("Entered under your stamp; a colleague compares it with the paper"))
        return redirect_after_post(request, "charts:of-patient", patient.code)
    return _again(request, patient, None, transcribe_form=form)


@page(permission="charts.transcribe")
def transcription(request: HttpRequest, code: UUID) -> HttpResponse:
    entry = _entry(request, code)
    note_read(request.actor, entry.patient, part="transcription")
    return render_page(request, "charts/transcription.html", _entry_context(request, entry))


@page(permission="charts.transcribe", methods=("POST",))
def verify(request: HttpRequest, code: UUID) -> HttpResponse:
    entry = _entry(request, code)
    actions.verify(by=request.actor, entry=entry, seen_hash=request.POST.get("seen_hash", ""))
    flash(request, _("Compared; give the chart back"))
    return redirect_after_post(request, "charts:transcription", entry.code)


@page(permission="charts.transcribe", methods=("POST",))
def differs(request: HttpRequest, code: UUID) -> HttpResponse:
    entry = _entry(request, code)
    form = DifferenceForm(request.POST)
    if not form.is_valid():
        context = _entry_context(request, entry) | {"difference_form": form}
        return render_page(request, "charts/transcription.html", context, invalid=form)
    actions.object_to(by=request.actor, entry=entry, **form.cleaned_data)
    flash(request, _("Whoever entered it puts it right"))
    return redirect_after_post(request, "charts:transcriptions")


@page(permission="charts.transcribe", methods=("POST",))
def again(request: HttpRequest, code: UUID) -> HttpResponse:
    entry = _entry(request, code)
    form = AgainForm(request.POST)
    if not form.is_valid():
        context = _entry_context(request, entry) | {"again_form": form}
        return render_page(request, "charts/transcription.html", context, invalid=form)
    actions.enter_again(by=request.actor, entry=entry, **form.cleaned_data)
    flash(request, _("Entered under your stamp; a colleague compares it with the paper"))
    return redirect_after_post(request, "charts:transcription", entry.code)


@page(permission="charts.transcribe", methods=("POST",))
def give_back(request: HttpRequest, code: UUID) -> HttpResponse:
    entry = _entry(request, code)
    actions.give_back(by=request.actor, entry=entry)
    flash(request, _("The chart was given back"))
    return redirect_after_post(request, "charts:transcriptions")


def _release(request: HttpRequest, code: UUID) -> ChartRelease:
    release = selectors.access_release(request.actor, code)
    access_patient(request.actor, release.patient.code)
    return release


def _entry(request: HttpRequest, code: UUID) -> Transcription:
    entry = selectors.access_transcription(request.actor, code)
    access_patient(request.actor, entry.patient.code)
    return entry


def _entry_context(request: HttpRequest, entry: Transcription) -> dict[str, Any]:
    mine = entry.entered_by_id == request.actor.user_id
    return {
        "entry": entry,
        "may_compare": not mine and entry.state == "entered",
        "may_correct": mine and entry.state == "differs",
        "may_give_back": entry.state == "verified",
        "difference_form": DifferenceForm(initial={"seen_hash": entry.text_hash}),
        "again_form": AgainForm(initial={"text": entry.text}),
    }


def _context(request: HttpRequest, patient: Patient) -> dict[str, Any]:
    actor = request.actor
    releases = list(selectors.releases_for(actor).filter(patient=patient)[:SHOWN])
    return {
        "patient": patient,
        "holds": custody.holds_on(patient),
        "releases": [
            {
                "release": one,
                "may_decide": one.state == "requested"
                and holds(actor, "charts.consent", site=one.site.code)
                and one.requested_by_id != actor.user_id,
                "may_hand_out": one.state == "consented"
                or (one.state == "requested" and not custody.needs_consent(one)),
                "may_take_back": one.state == "handed_out" and one.kind == "original",
            }
            for one in releases
        ],
        "prints": selectors.prints_for(actor).filter(patient=patient)[:SHOWN],
        "entries": selectors.transcriptions_for(actor).filter(patient=patient)[:SHOWN],
        "may_print": actor.can("charts.print"),
        "may_transcribe": actor.can("charts.transcribe"),
        "request_form": RequestForm(),
        "hand_form": HandOutForm(initial={"receiver_name": patient.name}),
        "print_form": PrintForm(),
        "transcribe_form": TranscribeForm(),
        "refusal": None,
    }


def _again(request: HttpRequest, patient: Patient, refusal: DomainError | None, **given: forms.Form) -> HttpResponse:
    """The page once more, with what was typed and why it did not go."""
    [form] = given.values()
    if refusal is not None:
        for field, messages in refusal.fields.items():
            for message in messages:
                form.add_error(field if field in form.fields else None, str(message))
    context = _context(request, patient) | given | {"refusal": None if refusal is None or refusal.fields else refusal}
    status = refusal.status if refusal else 200
    return render_page(request, "charts/of_patient.html", context, status=status, invalid=form)
