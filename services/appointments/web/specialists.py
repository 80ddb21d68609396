"""Pages for patients who come for a specialist."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.errors import DomainError
from kernel.web.fields import SegmentedRadios
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.appointments import selectors, specialists
from services.appointments.models import SpecialistCase
from services.appointments.web.forms import SlotFields
from services.appointments.web.parts import parts
from services.patients.models import Patient
from services.sites.models import Site
from services.sites.web.current import site_for
from services.staff.models import StaffMember
from services.staff.selectors import doctors_at


class SpecialistForm(forms.Form):
    """What was agreed with a patient whose specialist is absent or busy."""

    patient = forms.ModelChoiceField(
        label=gettext_lazy("patient"), queryset=Patient.objects.all(), to_field_name="code"
    )
    specialist = forms.ModelChoiceField(
        label=gettext_lazy("specialist"), queryset=StaffMember.objects.none(), to_field_name="code"
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("the specialist is"), choices=SpecialistCase.Kind.choices, widget=SegmentedRadios
    )
    purpose = forms.CharField(label=gettext_lazy("purpose"), max_length=200)
    informed = forms.BooleanField(label=gettext_lazy("the specialist knows"), required=False)
    estimated_minutes = forms.IntegerField(
        label=gettext_lazy("estimated wait"), min_value=0, max_value=600, required=False
    )
    opinion = forms.ChoiceField(
        label=gettext_lazy("what the patient wants"), choices=[("", gettext_lazy("not asked")), *SpecialistCase.Opinion.choices],
        required=False,
    )  # fmt: skip

    def __init__(self, *args: object, site: Site, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["specialist"].queryset = doctors_at(site).exclude(specialties=[])  # type: ignore[attr-defined]
        self.fields["specialist"].label_from_instance = lambda one: f"{one.number} {one.name}"  # type: ignore[attr-defined]


class PreparationForm(SlotFields):
    """The visit that prepares the specialist's one."""


@page(permission="appointments.book", methods=("GET", "POST"))
def cases(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "appointments.book")
    form = SpecialistForm(request.POST or None, site=site, initial={"kind": "busy"})
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        kind = data.pop("kind")
        try:
            if kind == SpecialistCase.Kind.ABSENT:
                told = {name: data[name] for name in ("patient", "specialist", "purpose")}
                case = specialists.note_absent_specialist(by=request.actor, site=site, **told)
                words = _("The patient is called on %(day)s") % {"day": case.back_on}
            else:
                specialists.note_busy_specialist(by=request.actor, site=site, **data)
                words = _("Purpose, wait and opinion are kept")
        except DomainError as error:
            refusal = error
        else:
            flash(request, words)
            return redirect_after_post(request, "appointments:specialist")
    context = {
        "site": site,
        "form": form,
        "refusal": refusal,
        "cases": list(selectors.specialist_cases(site)[:100]),
        "parts": parts(request),
    }
    status = refusal.status if refusal is not None else 200
    return render_page(request, "appointments/specialist.html", context, status=status, invalid=form)


@page(permission="appointments.view")
def case(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_specialist_case(request.actor, code)
    return render_page(request, "appointments/specialist_case.html", {"case": found, "site": found.site})


@page(permission="appointments.book", methods=("GET", "POST"))
def preparation(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_appointment(request.actor, code)
    form = PreparationForm(request.POST or None, site=found.site)
    form.fields["doctor"].queryset = doctors_at(found.site).exclude(pk=found.doctor_id)  # type: ignore[attr-defined]
    for name in ("assistant", "chair", "slot"):
        del form.fields[name]
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        data = {name: form.cleaned_data[name] for name in ("doctor", "units", "starts_at")}
        try:
            booked = specialists.book_preparation(by=request.actor, site=found.site, appointment=found, **data)
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("Preparation booked with %(doctor)s") % {"doctor": booked.doctor.name})
            return redirect_after_post(request, "appointments:appointment", code)
    context = {"appointment": found, "site": found.site, "form": form, "refusal": refusal}
    status = refusal.status if refusal is not None else 200
    return render_page(request, "appointments/preparation.html", context, status=status, invalid=form)
