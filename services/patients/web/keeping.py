"""How files are kept: restricted, opened by exception, exported, merged; what is out of date, and who reads how much."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel import clock
from kernel.errors import DomainError, NotFound
from kernel.web.fields import DateField, SegmentedRadios
from kernel.web.views import flash, page, redirect_after_post, render_page, site_code
from services.patients import exporting, merging, reading, restriction, selectors
from services.patients.models import Patient, PatientExport
from services.sites.selectors import working_site

PER_PAGE = 50


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class RestrictForm(ReasonForm):
    until = DateField(label=_("Until the end of"))

    def moment(self, zone: Any) -> datetime:
        """The end of the chosen day at the site of the file."""
        day: date = self.cleaned_data["until"]
        return clock.at_local(day, time(23, 59), zone)


class ExportForm(forms.Form):
    purpose = forms.ChoiceField(
        label=pgettext_lazy("data", "Purpose"), choices=PatientExport.Purpose.choices, widget=SegmentedRadios
    )
    words = forms.CharField(
        label=_("Who demands it, on what ground"),
        max_length=300,
        required=False,
        help_text=_("Not needed when the patient asks."),
    )


class MergeForm(ReasonForm):
    """Which file is merged into this one, by its record number."""

    record_number = forms.CharField(label=_("Record number of the other file"), max_length=24)
    field_order = ("record_number", "reason")


class RefuseForm(forms.Form):
    refusal = forms.CharField(label=_("Why not"), max_length=300)


@page(permission="patients.view")
def keeping(request: HttpRequest, code: UUID) -> HttpResponse:
    """One file: its restriction, its exports, its merges."""
    return render_page(request, "patients/keeping.html", _keeping(request, _any(request, code)))


@page(permission="patients.restrict", methods=("POST",))
def restrict(request: HttpRequest, code: UUID) -> HttpResponse:
    patient = _any(request, code, "patients.restrict")
    form = RestrictForm(request.POST)
    if form.is_valid():
        try:
            restriction.restrict_file(
                by=request.actor,
                patient=patient,
                reason=form.cleaned_data["reason"],
                until=form.moment(patient.site.timezone),
            )
        except DomainError as error:
            return _again(request, patient, error, restrict_form=form)
        flash(request, _("Restricted; from now on it is opened by exception only"))
        return redirect_after_post(request, "patients:keeping", patient.code)
    return _again(request, patient, None, restrict_form=form)


@page(permission="patients.restrict", methods=("POST",))
def lift(request: HttpRequest, code: UUID) -> HttpResponse:
    patient = _any(request, code, "patients.restrict")
    restriction.lift_restriction(by=request.actor, patient=patient, reason=request.POST.get("reason", ""))
    flash(request, _("The restriction is lifted"))
    return redirect_after_post(request, "patients:keeping", patient.code)


@page(permission="patients.view", methods=("GET", "POST"))
def exception(request: HttpRequest, code: UUID) -> HttpResponse:
    """Open a restricted file with a reason."""
    patient = _any(request, code)
    form = ReasonForm(request.POST or None)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            site = working_site(request.actor, site_code(request), "patients.view")
            restriction.open_by_exception(by=request.actor, patient=patient, site=site, **form.cleaned_data)
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("Open for you; the directors have been told"), tone="warn")
            return redirect_after_post(request, "patients:detail", code=patient.code)
    context = {"patient": patient, "form": form, "refusal": refusal}
    status = refusal.status if refusal else 200
    return render_page(request, "patients/exception.html", context, status=status, invalid=form)


@page(permission="patients.ask_export", methods=("POST",))
def export_ask(request: HttpRequest, code: UUID) -> HttpResponse:
    patient = selectors.access_patient(request.actor, code, "patients.ask_export")
    form = ExportForm(request.POST)
    if form.is_valid():
        try:
            exporting.ask_export(by=request.actor, patient=patient, **form.cleaned_data)
        except DomainError as error:
            return _again(request, patient, error, export_form=form)
        flash(request, _("Asked for; somebody else releases it"))
        return redirect_after_post(request, "patients:keeping", patient.code)
    return _again(request, patient, None, export_form=form)


@page(permission="patients.release_export")
def exports(request: HttpRequest) -> HttpResponse:
    return render_page(request, "patients/exports.html", _exports(request))


@page(permission="patients.release_export", methods=("POST",))
def export_release(request: HttpRequest, code: UUID) -> HttpResponse:
    exporting.release_export(by=request.actor, export=exporting.access_export(request.actor, code))
    flash(request, _("Released; the files can be fetched below"))
    return redirect_after_post(request, "patients:exports")


@page(permission="patients.release_export", methods=("POST",))
def export_refuse(request: HttpRequest, code: UUID) -> HttpResponse:
    export = exporting.access_export(request.actor, code)
    exporting.refuse_export(by=request.actor, export=export, refusal=request.POST.get("refusal", ""))
    flash(request, _("Refused; the reason stands beside it"))
    return redirect_after_post(request, "patients:exports")


@page(permission="patients.merge")
def doubles(request: HttpRequest) -> HttpResponse:
    """Files that may be one person, and what was merged."""
    pairs = merging.proposed_pairs()
    reading.note_listing(request.actor, {patient.pk: patient for pair in pairs for patient in pair[:2]}.values())
    merges = list(merging.recent_merges()[:PER_PAGE])
    now = clock.now()
    context = {
        "pairs": pairs,
        "merges": [
            {"merge": one, "may_undo": one.undone_at is None and merging.undo_until(one) >= now} for one in merges
        ],
        "tabs": keeping_tabs(request, "doubles"),
    }
    return render_page(request, "patients/doubles.html", context)


@page(permission="patients.merge", methods=("POST",))
def merge(request: HttpRequest, code: UUID) -> HttpResponse:
    survivor = selectors.access_patient(request.actor, code, "patients.merge")
    form = MergeForm(request.POST)
    if form.is_valid():
        try:
            number = form.cleaned_data["record_number"].strip()
            merged = selectors.by_record_number(request.actor, number, "patients.merge")
            reason = form.cleaned_data["reason"]
            merging.merge_patients(by=request.actor, survivor=survivor, merged=merged, reason=reason)
        except DomainError as error:
            return _again(request, survivor, error, merge_form=form)
        flash(request, _("Merged; it can be taken back from the list of doubles"))
        return redirect_after_post(request, "patients:detail", code=survivor.code)
    return _again(request, survivor, None, merge_form=form)


@page(permission="patients.merge", methods=("POST",))
def merge_undo(request: HttpRequest, code: UUID) -> HttpResponse:
    merging.undo_merge(by=request.actor, merge=merging.access_merge(request.actor, code))
    flash(request, _("Taken back; both files stand as before"))
    return redirect_after_post(request, "patients:doubles")


@page(permission="patients.restrict")
def restricted(request: HttpRequest) -> HttpResponse:
    context = {"rows": restriction.restricted_now(), "tabs": keeping_tabs(request, "restricted")}
    return render_page(request, "patients/restricted.html", context)


@page(permission="patients.edit")
def stale(request: HttpRequest) -> HttpResponse:
    """Whose contact data nobody asked for in a long time (CR-004)."""
    rows = Paginator(selectors.stale_profiles(request.actor), PER_PAGE).get_page(request.GET.get("page"))
    reading.note_listing(request.actor, rows.object_list)
    context = {"page_of_rows": rows, "rows": rows.object_list, "tabs": keeping_tabs(request, "stale")}
    return render_page(request, "patients/stale.html", context)


@page(permission="patients.see_readers")
def readers(request: HttpRequest) -> HttpResponse:
    """Who opened how many files, and where the alarm was raised."""
    context = {"rows": reading.busy_readers(), "days": reading.SHOWN_DAYS, "tabs": keeping_tabs(request, "readers")}
    return render_page(request, "patients/readers.html", context)


PARTS = (
    ("exports", pgettext_lazy("patients", "Exports"), "download", "patients.release_export"),
    ("doubles", pgettext_lazy("patients", "Doubles"), "people", "patients.merge"),
    ("restricted", pgettext_lazy("patients", "Restricted"), "lock", "patients.restrict"),
    ("stale", pgettext_lazy("patients", "Out of date"), "refresh", "patients.edit"),
    ("readers", pgettext_lazy("patients", "Readers"), "eye", "patients.see_readers"),
)


def keeping_tabs(request: HttpRequest, current: str) -> dict[str, Any]:
    """The lists about the keeping of files that this person may see."""
    items = [
        {"key": key, "label": label, "icon": icon, "url": reverse(f"patients:{key}")}
        for key, label, icon, word in PARTS
        if request.actor.can(word)
    ]
    return {"items": items, "current": current}


def _any(request: HttpRequest, code: UUID, word: str = "patients.view") -> Patient:
    return selectors.access_patient(request.actor, code, word, even_restricted=True)


def _exports(request: HttpRequest) -> dict[str, Any]:
    rows = list(exporting.exports()[:PER_PAGE])
    reading.note_listing(request.actor, [row.patient for row in rows])
    return {
        "rows": [
            {
                "export": row,
                "own": row.asked_by_id == request.actor.user_id,
                "files": exporting.stored_files(row),
            }
            for row in rows
        ],
        "tabs": keeping_tabs(request, "exports"),
    }


def _keeping(request: HttpRequest, patient: Patient) -> dict[str, Any]:
    can = request.actor.can
    if not any(can(word) for word in ("patients.ask_export", "patients.restrict", "patients.merge")):
        raise NotFound("patient_not_found", _("There is no such patient."))
    closed = restriction.is_restricted(patient)
    return {
        "patient": patient,
        "restricted": closed,
        "restrictions": restriction.restrictions_of(patient)[:20] if can("patients.restrict") else [],
        "exports": exporting.exports().filter(patient=patient)[:20],
        "absorbed": patient.absorbed.order_by("id"),
        "may_restrict": can("patients.restrict"),
        "may_export": can("patients.ask_export") and not closed,
        "may_merge": can("patients.merge") and not closed,
        "restrict_form": RestrictForm(),
        "export_form": ExportForm(initial={"purpose": "patient"}),
        "merge_form": MergeForm(initial={"record_number": request.GET.get("other", "")[:24]}),
        "refusal": None,
    }


def _again(request: HttpRequest, patient: Patient, refusal: DomainError | None, **given: Any) -> HttpResponse:
    """The page once more, with what was typed and why it did not go."""
    [form] = given.values()
    context = _keeping(request, patient) | given | {"refusal": refusal}
    status = refusal.status if refusal else 200
    return render_page(request, "patients/keeping.html", context, status=status, invalid=form)
