"""The chart of a patient."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from kernel.errors import DomainError, NotFound, RuleRefused
from kernel.web.views import flash, page, redirect_after_post, render_page, site_code
from services.patients.models import Patient
from services.patients.reading import note_read
from services.patients.selectors import access_patient
from services.records import actions, selectors
from services.records.web.forms import NoteForm, VoidForm
from services.sites.selectors import working_site
from services.staff.selectors import staff_of


@page(permission={"GET": "records.view", "POST": "records.write"}, methods=("GET", "POST"))
def chart(request: HttpRequest, code: UUID) -> HttpResponse:
    """GET reads the chart (logged); POST writes a note into it."""
    patient = access_patient(request.actor, code)
    if request.method == "GET":
        note_read(request.actor, patient, part="chart")
    form = NoteForm(request.POST or None, initial={"corrects": request.GET.get("corrects")})
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            _write(request, patient, form)
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("Note written"))
            return redirect_after_post(request, "records:chart", code=patient.code)
    context = {
        "patient": patient,
        "treatments": selectors.readable(request.actor, patient, selectors.treatments_of(patient, with_voided=True)),
        "notes": selectors.readable(request.actor, patient, selectors.notes_of(patient)),
        "form": form,
        "void_form": VoidForm(),
        "refusal": refusal,
        "may_write": request.actor.can("records.write"),
    }
    return render_page(request, "records/chart.html", context, status=refusal.status if refusal else 200, invalid=form)


@page(permission="records.write", methods=("POST",))
def void(request: HttpRequest, code: UUID) -> HttpResponse:
    treatment = selectors.access_treatment(request.actor, code, "records.write")
    form = VoidForm(request.POST)
    if not form.is_valid():
        sentence = _("Say why it was a mistake.")
        raise RuleRefused("reason_required", sentence, fields={"reason": [sentence]})
    actions.void_treatment(by=request.actor, treatment=treatment, **form.cleaned_data)
    flash(request, _("Entry struck through"))
    return redirect_after_post(request, "records:chart", code=treatment.patient.code)


def _write(request: HttpRequest, patient: Patient, form: NoteForm) -> None:
    site = working_site(request.actor, site_code(request), "records.write")
    author = staff_of(request.actor)
    if site is None or author is None:
        raise NotFound("author_not_found", _("Only somebody entered as staff of a site can sign a note."))
    corrects = form.cleaned_data["corrects"]
    actions.add_note(
        by=request.actor,
        site=site,
        patient=patient,
        author=author,
        text=form.cleaned_data["text"],
        is_sensitive=form.cleaned_data["is_sensitive"],
        corrects=selectors.access_note(request.actor, corrects, "records.write") if corrects else None,
    )
