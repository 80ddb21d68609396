"""Pages for patients of the day who need somebody to arrange."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.access import holds
from kernel.errors import DomainError
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.appointments import selectors, talks, today
from services.appointments.models import UnplannedArrival
from services.appointments.web.parts import parts
from services.patients.models import Patient
from services.sites.models import Site
from services.sites.web.current import site_for
from services.staff.models import StaffMember
from services.staff.selectors import doctors_at

SHOWN = 100


class UnplannedForm(forms.Form):
    """Who came without a time, and what for."""

    patient = forms.ModelChoiceField(
        label=gettext_lazy("patient"), queryset=Patient.objects.all(), to_field_name="code"
    )
    purpose = forms.CharField(label=gettext_lazy("purpose"), max_length=200)


class SeesForm(forms.Form):
    """Who sees a patient whose attending doctor rests."""

    doctor = forms.ModelChoiceField(
        label=gettext_lazy("doctor"), queryset=StaffMember.objects.none(), to_field_name="code"
    )

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["doctor"].queryset = doctors_at(site)  # type: ignore[attr-defined]
        self.fields["doctor"].label_from_instance = lambda one: f"{one.number} {one.name}"  # type: ignore[attr-defined]


@page(permission="appointments.book", methods=("POST",))
def said(request: HttpRequest, code: UUID) -> HttpResponse:
    """Ticks of what was read back and explained."""
    found = selectors.access_appointment(request.actor, code)
    talks.note_said(by=request.actor, appointment=found, said=request.POST.getlist("said"))
    flash(request, _("Noted"))
    return redirect_after_post(request, "appointments:appointment", code)


@page(permission="appointments.book", methods=("POST",))
def ask(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_appointment(request.actor, code)
    row = today.ask_duty_doctor(by=request.actor, appointment=found)
    if row.administrator is not None and row.state == "asked":
        flash(request, _("%(name)s is asked to arrange it") % {"name": row.administrator.name})
    else:
        flash(request, _("The clinic director is asked to arrange it"))
    return redirect_after_post(request, "appointments:appointment", code)


@page(permission="appointments.view", methods=("POST",))
def step(request: HttpRequest, code: UUID, verb: str) -> HttpResponse:
    """One step of an arrangement: arranged, difficult, told in person, acknowledged."""
    row = today.access_arrangement(request.actor, code)
    by = request.actor
    if verb == "arranged":
        today.arrange(by=by, arrangement=row)
    elif verb == "difficult":
        today.report_difficulty(by=by, arrangement=row, difficulty=request.POST.get("difficulty", "")[:200])
    elif verb == "told":
        today.note_told(by=by, arrangement=row)
    else:
        today.acknowledge_arrangement(by=by, arrangement=row)
    flash(request, _("Noted"))
    return redirect_after_post(request, "appointments:appointment", row.appointment.code)


@page(permission={"GET": "appointments.view", "POST": "appointments.attend"}, methods=("GET", "POST"))
def unplanned(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "appointments.view")
    form = UnplannedForm(request.POST or None)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            row = today.note_unplanned(by=request.actor, site=site, **form.cleaned_data)
        except DomainError as error:
            refusal = error
        else:
            flash(
                request,
                _("%(name)s sees the patient") % {"name": row.sees.name}
                if row.sees is not None
                else _("%(name)s rests; the supervisor is asked to arrange") % {"name": row.attending.name},
            )
            return redirect_after_post(request, "appointments:unplanned")
    context = {
        "site": site,
        "form": form,
        "refusal": refusal,
        "rows": list(today.unplanned_arrivals(site)[:SHOWN]),
        "may_note": holds(request.actor, "appointments.attend", site=site.code),
        "parts": parts(request),
    }
    status = refusal.status if refusal is not None else 200
    return render_page(request, "appointments/unplanned.html", context, status=status, invalid=form)


@page(permission={"GET": "appointments.view", "POST": "appointments.assign"}, methods=("GET", "POST"))
def unplanned_one(request: HttpRequest, code: UUID) -> HttpResponse:
    found: UnplannedArrival = today.access_unplanned(request.actor, code)
    form = SeesForm(request.POST or None, site=found.site)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            today.arrange_unplanned(by=request.actor, arrival=found, **form.cleaned_data)
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("Arranged; the doctor is told"))
            return redirect_after_post(request, "appointments:unplanned")
    context = {
        "arrival": found,
        "site": found.site,
        "form": form,
        "refusal": refusal,
        "may_arrange": found.sees_id is None and holds(request.actor, "appointments.assign", site=found.site.code),
    }
    status = refusal.status if refusal is not None else 200
    return render_page(request, "appointments/unplanned_one.html", context, status=status, invalid=form)
