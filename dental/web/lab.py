"""The register of models at the laboratory: list, new, one model with its steps and what comes next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dental import lab, selectors
from dental.machines import LAB_MODEL, OPEN
from dental.models import LabModel
from dental.web.forms import FittingForm, ModelForm, ReasonForm, ReceiveForm, SendForm
from kernel import parameters
from kernel.access import holds
from kernel.errors import DomainError
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.patients.reading import note_read
from services.patients.selectors import access_patient
from services.reception.machine import HOLDS_CHAIR
from services.reception.models import Visit
from services.sites.selectors import today as today_at
from services.sites.web.current import site_for
from services.staff.selectors import staff_of

PAGE = 50
SHOWS = {
    "open": gettext_lazy("on the way"),
    "overdue": gettext_lazy("overdue"),
    "ready": gettext_lazy("checked, to be fitted"),
    "all": gettext_lazy("all"),
}


@page(permission="dental.view_models")
def models(request: HttpRequest) -> HttpResponse:
    """The register of this site, or the models of one patient."""
    site = site_for(request, "dental.view_models")
    today = today_at(site)
    patient = _asked_patient(request)
    asked = request.GET.get("show", "")
    show = asked if asked in SHOWS else "all" if patient is not None else "open"
    rows = selectors.register(request.actor, site, show, today)
    if patient is not None:
        rows = rows.filter(patient=patient)
        note_read(request.actor, patient, part="models")
    kept = f"&patient={patient.code}" if patient is not None else ""
    context = {
        "site": site,
        "today": today,
        "patient": patient,
        "page_obj": Paginator(rows, PAGE).get_page(request.GET.get("page")),
        "show": show,
        "shows": [{"key": key, "label": label, "url": f"?show={key}{kept}"} for key, label in SHOWS.items()],
        "may_order": patient is not None and holds(request.actor, "dental.order_models", site=site.code),
    }
    return render_page(request, "dental/models.html", context)


@page(permission="dental.order_models", methods=("GET", "POST"))
def new(request: HttpRequest, code: UUID) -> HttpResponse:
    """Enter a model of one patient with its impression."""
    request.nav_key = "patients"  # type: ignore[attr-defined]
    patient = access_patient(request.actor, code)
    site = site_for(request, "dental.order_models")
    me = staff_of(request.actor)
    initial = {"impression_on": today_at(site), "doctor": me.code if me is not None and me.is_doctor else None}
    form = ModelForm(request.POST or None, site=site, patient=patient, initial=initial)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            model = lab.order_model(by=request.actor, site=site, patient=patient, **form.cleaned_data)
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("Model %(number)s entered") % {"number": model.number})
            return redirect_after_post(request, "dental:model", model.code)
    context = {"patient": patient, "form": form, "refusal": refusal}
    status = refusal.status if refusal is not None else 200
    return render_page(request, "dental/model_new.html", context, status=status, invalid=form)


@page(permission="dental.view_models")
def model(request: HttpRequest, code: UUID) -> HttpResponse:
    """One model: where it is, what was done, what comes next."""
    found = selectors.access_model(request.actor, code)
    note_read(request.actor, found.patient, part="models")
    return render_page(request, "dental/model.html", _shown(request, found))


@page(permission="dental.handle_models", methods=("POST",))
def send(request: HttpRequest, code: UUID) -> HttpResponse:
    return _act(request, code, SendForm, "send_form", lab.send_model, _("Sent; the due date is watched"))


@page(permission="dental.handle_models", methods=("POST",))
def receive(request: HttpRequest, code: UUID) -> HttpResponse:
    return _act(request, code, ReceiveForm, "receive_form", lab.receive_model, _("Received back; now it is checked"))


@page(permission="dental.order_models", methods=("POST",))
def check(request: HttpRequest, code: UUID) -> HttpResponse:
    return _act(request, code, forms.Form, "", lab.check_model, _("Checked; the fitting may be confirmed"))


@page(permission="dental.order_models", methods=("POST",))
def remake(request: HttpRequest, code: UUID) -> HttpResponse:
    return _act(request, code, ReasonForm, "remake_form", lab.remake_model, _("It is made anew; send it again"))


@page(permission="dental.handle_models", methods=("POST",))
def lose(request: HttpRequest, code: UUID) -> HttpResponse:
    return _act(request, code, ReasonForm, "lose_form", lab.lose_model, _("Noted as lost; the superiors know"))


@page(permission="dental.treat", methods=("POST",))
def fit(request: HttpRequest, code: UUID) -> HttpResponse:
    """Fitted at the patient's present visit, if there is one."""

    def act(**facts: Any) -> LabModel:
        found: LabModel = facts["model"]
        visit = Visit.objects.filter(patient=found.patient, site=found.site, state__in=HOLDS_CHAIR).first()
        return lab.fit_model(visit=visit, **facts)

    return _act(request, code, forms.Form, "", act, _("Fitted"))


@page(permission="dental.order_models", methods=("POST",))
def fitting(request: HttpRequest, code: UUID) -> HttpResponse:
    """Choose the booking of the fitting."""
    found = selectors.access_model(request.actor, code)
    form = FittingForm(request.POST, site=found.site, patient=found.patient)
    if not form.is_valid():
        return render_page(request, "dental/model.html", _shown(request, found, fitting_form=form), invalid=form)
    lab.plan_fitting(by=request.actor, model=found, appointment=form.cleaned_data["appointment"])
    flash(request, _("Fitting stored"))
    return redirect_after_post(request, "dental:model", found.code)


def _act(
    request: HttpRequest,
    code: UUID,
    form_class: type[forms.Form],
    name: str,
    act: Callable[..., LabModel],
    said: str,
) -> HttpResponse:
    """Read the form, take the step, and go back; with what is missing the page comes again as 422."""
    found = selectors.access_model(request.actor, code)  # type: ignore[attr-defined]
    form = form_class(request.POST)
    if not form.is_valid():
        return render_page(request, "dental/model.html", _shown(request, found, **{name: form}), invalid=form)
    act(by=request.actor, model=found, **form.cleaned_data)  # type: ignore[attr-defined]
    flash(request, said)
    return redirect_after_post(request, "dental:model", found.code)


def _shown(request: HttpRequest, found: LabModel, **given: Any) -> dict[str, Any]:
    actor, site = request.actor, found.site  # type: ignore[attr-defined]
    today = today_at(site)
    due = today + timedelta(days=parameters.value("lab_days", site=site))
    targets = {option.target for option in LAB_MODEL.options(found, by=actor)}
    booking = found.appointment
    return {
        "model": found,
        "patient": found.patient,
        "site": site,
        "today": today,
        "steps": found.steps.all(),
        "targets": targets,
        "overdue": found.state == "sent" and found.due_on is not None and found.due_on < today,
        "file_url": reverse("patients:detail", args=[found.patient.code]),
        "may_plan": found.state in (*OPEN, "lost") and holds(actor, "dental.order_models", site=site.code),
        "send_form": given.get("send_form") or SendForm(initial={"lab": found.lab, "due_on": due}),
        "receive_form": given.get("receive_form") or ReceiveForm(),
        "remake_form": given.get("remake_form") or ReasonForm(auto_id="remake_%s"),
        "lose_form": given.get("lose_form") or ReasonForm(auto_id="lose_%s"),
        "fitting_form": given.get("fitting_form")
        or FittingForm(
            site=site, patient=found.patient, initial={"appointment": booking.code if booking is not None else None}
        ),
    }


def _asked_patient(request: HttpRequest) -> Any:
    wanted = request.GET.get("patient", "")
    try:
        return access_patient(request.actor, UUID(wanted)) if wanted else None  # type: ignore[attr-defined]
    except ValueError:
        return None
