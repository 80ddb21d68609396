"""Procedures: the list, a patient's own, and one with its post-op plan and aftercare."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from aesthetics import actions, selectors
from aesthetics.models import Procedure
from aesthetics.web.forms import MoveForm, ProcedureForm
from kernel import clock
from kernel.errors import NotFound, RuleRefused
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.patients.reading import note_read
from services.patients.selectors import access_patient
from services.sites.web.current import site_for
from services.staff.selectors import staff_of

STEPS = ("give", "acknowledge", "complete", "move")


@page(permission="aesthetics.view")
def procedures(request: HttpRequest) -> HttpResponse:
    """All procedures, the latest first."""
    return render_page(request, "aesthetics/procedures.html", {"rows": selectors.procedures(request.actor)[:300]})


@page(permission={"GET": "aesthetics.view", "POST": "aesthetics.perform"}, methods=("GET", "POST"))
def of_patient(request: HttpRequest, code: UUID) -> HttpResponse:
    """A patient's procedures; the doctor records here."""
    patient = access_patient(request.actor, code)
    form = ProcedureForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        doctor = staff_of(request.actor)
        if doctor is None:
            raise RuleRefused("not_a_doctor", _("Procedures are recorded by the treating doctor."))
        found = actions.record_procedure(
            by=request.actor,
            site=site_for(request, "aesthetics.perform"),
            patient=patient,
            doctor=doctor,
            **form.cleaned_data,
        )
        flash(request, _("Recorded; the post-op plan has begun"))
        return redirect_after_post(request, "aesthetics:procedure", found.code)
    context = {
        "patient": patient,
        "rows": selectors.procedures(request.actor, patient),
        "form": form,
        "may_perform": request.actor.can("aesthetics.perform"),
    }
    return render_page(request, "aesthetics/of_patient.html", context, invalid=form)


@page(permission="aesthetics.view")
def procedure(request: HttpRequest, code: UUID) -> HttpResponse:
    """One procedure: post-op plan, aftercare sheet, what is missing."""
    found = selectors.access_procedure(request.actor, code)
    note_read(request.actor, found.patient, stated="follow_up", part="procedure")
    return render_page(request, "aesthetics/procedure.html", _detail(request, found))


def _detail(request: HttpRequest, found: Procedure, move_form: MoveForm | None = None) -> dict[str, object]:
    return {
        "procedure": found,
        "followups": selectors.followups_of(found),
        "move_form": move_form or MoveForm(initial={"performed_at": found.performed_at}),
        "may_perform": request.actor.can("aesthetics.perform"),
        "may_give": request.actor.can("aesthetics.give_aftercare"),
        "today": clock.today(found.site.timezone),
    }


@page(permission="aesthetics.view", methods=("POST",))
def step(request: HttpRequest, code: UUID, step: str) -> HttpResponse:
    """A step with a procedure; each action asks for its own right."""
    actor = request.actor
    if step not in STEPS:
        raise NotFound("not_found", _("There is no such step."))
    found = selectors.access_procedure(actor, code)
    if step == "give":
        actions.give_aftercare(by=actor, procedure=found)
    elif step == "acknowledge":
        actions.acknowledge_aftercare(by=actor, procedure=found)
    elif step == "complete":
        actions.complete_procedure(by=actor, procedure=found)
    else:
        form = MoveForm(request.POST)
        if not form.is_valid():
            return render_page(request, "aesthetics/procedure.html", _detail(request, found, form), invalid=form)
        actions.move_procedure(by=actor, procedure=found, performed_at=form.cleaned_data["performed_at"])
    return redirect_after_post(request, "aesthetics:procedure", found.code)
