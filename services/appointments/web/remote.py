"""Pages of consultations over distance."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel import audit, clock
from kernel.errors import DomainError
from kernel.web.fields import SiteDateTimeField
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.appointments import remote
from services.appointments.lifecycles import CONSULT, REMOTE, is_doctor_of
from services.appointments.models import RemoteConsultation
from services.appointments.web.parts import parts
from services.patients.models import Patient
from services.sites.models import Site
from services.sites.web.current import site_for
from services.staff.models import StaffMember
from services.staff.selectors import doctors_at, working_on

PER_PAGE = 50


class RequestForm(forms.Form):
    """A question for a doctor elsewhere."""

    patient = forms.ModelChoiceField(
        label=gettext_lazy("patient"), queryset=Patient.objects.all(), to_field_name="code"
    )
    doctor = forms.ModelChoiceField(
        label=gettext_lazy("doctor here"), queryset=StaffMember.objects.none(), to_field_name="code"
    )
    colleague = forms.ModelChoiceField(
        label=gettext_lazy("colleague at another site"), queryset=StaffMember.objects.none(), to_field_name="code",
        required=False,
    )  # fmt: skip
    partner = forms.CharField(label=gettext_lazy("or partner hospital"), max_length=80, required=False)
    partner_doctor = forms.CharField(label=gettext_lazy("doctor there"), max_length=60, required=False)
    question = forms.CharField(
        label=gettext_lazy("question"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )
    consent = forms.BooleanField(
        label=gettext_lazy("the patient agrees that the data are passed on"), required=False
    )  # fmt: skip

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["doctor"].queryset = doctors_at(site)  # type: ignore[attr-defined]
        everybody = working_on(clock.today(site.timezone)).filter(is_doctor=True)
        self.fields["colleague"].queryset = everybody  # type: ignore[attr-defined]
        for name in ("doctor", "colleague"):
            self.fields[name].label_from_instance = lambda one: f"{one.number} {one.name}"  # type: ignore[attr-defined]


class TimeForm(forms.Form):
    starts_at = SiteDateTimeField(label=gettext_lazy("time"))
    minutes = forms.IntegerField(label=gettext_lazy("length"), min_value=5, max_value=240, initial=30)

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["starts_at"].zone = site.timezone  # type: ignore[attr-defined]


class StepForm(forms.Form):
    """What the other steps need: who answers, the result, a reason."""

    partner_doctor = forms.CharField(label=gettext_lazy("doctor there"), max_length=60, required=False)
    result = forms.CharField(
        label=gettext_lazy("result"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 5})
    )
    reason = forms.CharField(label=gettext_lazy("reason"), max_length=120, required=False)


@page(permission=CONSULT)
def consultations(request: HttpRequest) -> HttpResponse:
    site = site_for(request, CONSULT)
    rows = remote.consultations_for(request.actor).filter(site=site)
    shown = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {"site": site, "page_of_rows": shown, "rows": list(shown.object_list), "parts": parts(request)}
    return render_page(request, "appointments/consultations.html", context)


@page(permission=CONSULT, methods=("GET", "POST"))
def new(request: HttpRequest) -> HttpResponse:
    site = site_for(request, CONSULT)
    form = RequestForm(request.POST or None, site=site)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            made = remote.request_consultation(by=request.actor, site=site, **form.cleaned_data)
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("Requested"))
            return redirect_after_post(request, "appointments:consultation", made.code)
    context = {"site": site, "form": form, "refusal": refusal}
    status = refusal.status if refusal is not None else 200
    return render_page(request, "appointments/consultation_new.html", context, status=status, invalid=form)


@page(permission=CONSULT)
def consultation(request: HttpRequest, code: UUID) -> HttpResponse:
    found = remote.access_consultation(request.actor, code)
    with transaction.atomic():
        audit.record_read(by=request.actor, target=found.patient, purpose="remote_consultation", part="question")
    return render_page(request, "appointments/consultation.html", _detail(request, found))


@page(permission=CONSULT, methods=("POST",))
def step(request: HttpRequest, code: UUID, verb: str) -> HttpResponse:
    """One step in the life of a consultation."""
    found = remote.access_consultation(request.actor, code)
    form = TimeForm(request.POST, site=found.site) if verb == "schedule" else StepForm(request.POST)
    if not form.is_valid():
        shown = {"time_form": form} if verb == "schedule" else {"step_form": form}
        return render_page(request, "appointments/consultation.html", _detail(request, found, **shown), invalid=form)
    try:
        _take(request, found, verb, form.cleaned_data)
    except DomainError as error:
        again = remote.access_consultation(request.actor, code)
        context = _detail(request, again, refusal=error)
        return render_page(request, "appointments/consultation.html", context, status=error.status)
    flash(request, _("Noted"))
    return redirect_after_post(request, "appointments:consultation", code)


def _take(request: HttpRequest, found: RemoteConsultation, verb: str, data: dict[str, Any]) -> None:
    by = request.actor  # type: ignore[attr-defined]
    if verb == "consent":
        remote.note_consent(by=by, consultation=found)
    elif verb == "accept":
        remote.accept_consultation(by=by, consultation=found, partner_doctor=data["partner_doctor"])
    elif verb == "schedule":
        remote.schedule_consultation(by=by, consultation=found, **data)
    elif verb == "hold":
        remote.hold_consultation(by=by, consultation=found)
    elif verb == "record":
        remote.record_result(by=by, consultation=found, result=data["result"])
    else:
        remote.end_consultation(by=by, consultation=found, reason=data["reason"], refused=verb == "refuse")


def _detail(request: HttpRequest, found: RemoteConsultation, **given: Any) -> dict[str, Any]:
    actor = request.actor  # type: ignore[attr-defined]
    possible = {option.target for option in REMOTE.options(found, by=actor, result="…")}
    return {
        "consultation": found,
        "site": found.site,
        "possible": possible,
        "is_mine": is_doctor_of(found, actor),
        "time_form": given.get("time_form") or TimeForm(site=found.site),
        "step_form": given.get("step_form") or StepForm(initial={"partner_doctor": found.partner_doctor}),
        "refusal": given.get("refusal"),
    }
