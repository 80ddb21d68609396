"""Classified follow-up: what is due, a patient's plans, one plan with its visits."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from dermatology import actions, selectors
from dermatology.web.forms import ClassifyForm, VisitForm
from kernel import clock
from kernel.errors import RuleRefused
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.patients.reading import note_read
from services.patients.selectors import access_patient
from services.sites.web.current import site_for
from services.staff.selectors import staff_of


@page(permission="dermatology.view")
def plans(request: HttpRequest) -> HttpResponse:
    """Running plans, what is due first."""
    rows = list(selectors.running_plans(request.actor)[:300])
    today = clock.today()
    return render_page(
        request,
        "dermatology/plans.html",
        {"rows": rows, "today": today, "due": sum(1 for row in rows if row.next_due_on and row.next_due_on <= today)},
    )


@page(permission={"GET": "dermatology.view", "POST": "dermatology.classify"}, methods=("GET", "POST"))
def of_patient(request: HttpRequest, code: UUID) -> HttpResponse:
    """A patient's plans; the doctor classifies here."""
    patient = access_patient(request.actor, code)
    form = ClassifyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        doctor = staff_of(request.actor)
        if doctor is None:
            raise RuleRefused("not_a_doctor", _("Illnesses are classified by the treating doctor."))
        found = actions.classify(
            by=request.actor,
            site=site_for(request, "dermatology.classify"),
            patient=patient,
            doctor=doctor,
            **form.cleaned_data,
        )
        flash(request, _("Next follow-up on %(day)s") % {"day": found.next_due_on})
        return redirect_after_post(request, "dermatology:plan", found.code)
    context = {
        "patient": patient,
        "rows": selectors.running_plans(request.actor, patient),
        "form": form,
        "may_classify": request.actor.can("dermatology.classify"),
    }
    return render_page(request, "dermatology/of_patient.html", context, invalid=form)


@page(permission={"GET": "dermatology.view", "POST": "dermatology.follow_up"}, methods=("GET", "POST"))
def plan(request: HttpRequest, code: UUID) -> HttpResponse:
    """One plan: when to ask next, recording what was found, the visits so far."""
    found = selectors.access_plan(request.actor, code)
    form = VisitForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actions.record_visit(by=request.actor, plan=found, **form.cleaned_data)
        flash(request, _("Recorded"))
        return redirect_after_post(request, "dermatology:plan", found.code)
    note_read(request.actor, found.patient, stated="follow_up", part="plan")
    context = {
        "plan": found,
        "visits": found.visits.all(),
        "form": form,
        "class_form": ClassifyForm(initial={"illness": found.illness, "illness_class": found.illness_class}),
        "may_visit": request.actor.can("dermatology.follow_up") and found.ended_on is None,
        "may_classify": request.actor.can("dermatology.classify") and found.ended_on is None,
        "today": clock.today(found.site.timezone),
    }
    return render_page(request, "dermatology/plan.html", context, invalid=form)


@page(permission="dermatology.classify", methods=("POST",))
def change_class(request: HttpRequest, code: UUID) -> HttpResponse:
    """Move a plan to another class."""
    found = actions.reclassify(
        by=request.actor,
        plan=selectors.access_plan(request.actor, code, "dermatology.classify"),
        illness_class=request.POST.get("illness_class", ""),
    )
    flash(request, _("Next follow-up on %(day)s") % {"day": found.next_due_on})
    return redirect_after_post(request, "dermatology:plan", found.code)


@page(permission="dermatology.classify", methods=("POST",))
def end(request: HttpRequest, code: UUID) -> HttpResponse:
    """End a plan with its reason."""
    found = actions.end_plan(
        by=request.actor,
        plan=selectors.access_plan(request.actor, code, "dermatology.classify"),
        reason=request.POST.get("reason", ""),
    )
    return redirect_after_post(request, "dermatology:plan", found.code)
