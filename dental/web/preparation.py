"""Lists of preparation of one patient: start, tick, say "prepared"."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from dental import preparation as lists
from dental import selectors
from dental.models import PreparationSet
from dental.web.forms import PreparationForm, ReasonForm
from dental.web.views import patient_tabs
from kernel.errors import DomainError, RuleRefused
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.patients.reading import note_read
from services.patients.selectors import access_patient
from services.sites.web.current import site_for


@page(permission={"GET": "dental.view", "POST": "dental.prepare"}, methods=("GET", "POST"))
def of_patient(request: HttpRequest, code: UUID) -> HttpResponse:
    """A patient's lists, and starting one."""
    request.nav_key = "patients"  # type: ignore[attr-defined]
    patient = access_patient(request.actor, code)
    site = site_for(request, "dental.view")
    form = PreparationForm(request.POST or None, site=site)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            lists.start_preparation(
                by=request.actor, site=site_for(request, "dental.prepare"), patient=patient, **form.cleaned_data
            )
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("List started"))
            return redirect_after_post(request, "dental:preparations", patient.code)
    note_read(request.actor, patient, part="preparation")
    rows = selectors.preparations_for(request.actor).filter(patient=patient)
    context = {
        "patient": patient,
        "form": form,
        "refusal": refusal,
        "sets": [(row, selectors.list_lines(row)) for row in rows],
        "tabs": patient_tabs(request, patient),
        "reason_form": ReasonForm(),
        "may_prepare": request.actor.can("dental.prepare"),
    }
    status = refusal.status if refusal is not None else 200
    return render_page(request, "dental/preparations.html", context, status=status, invalid=form)


@page(permission="dental.prepare", methods=("POST",))
def tick(request: HttpRequest, code: UUID) -> HttpResponse:
    """Tick an item, or take its tick back."""
    found = selectors.access_preparation(request.actor, code)
    there = request.POST.get("there", "1") == "1"
    lists.tick(by=request.actor, preparation=found, item=request.POST.get("item", ""), there=there)
    return _back(request, found, _("Ticked") if there else _("Tick taken back"))


@page(permission="dental.prepare", methods=("POST",))
def prepared(request: HttpRequest, code: UUID) -> HttpResponse:
    """Everything is there."""
    found = selectors.access_preparation(request.actor, code)
    lists.mark_prepared(by=request.actor, preparation=found)
    return _back(request, found, _("Prepared"))


@page(permission="dental.prepare", methods=("POST",))
def withdraw(request: HttpRequest, code: UUID) -> HttpResponse:
    """Nothing is prepared any more."""
    found = selectors.access_preparation(request.actor, code)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        raise RuleRefused("reason_missing", _("Say why."), fields={"reason": [_("Required")]})
    lists.withdraw_preparation(by=request.actor, preparation=found, reason=form.cleaned_data["reason"])
    return _back(request, found, _("Withdrawn"))


def _back(request: HttpRequest, found: PreparationSet, said: str) -> HttpResponse:
    flash(request, said)
    return redirect_after_post(request, "dental:preparations", found.patient.code)
