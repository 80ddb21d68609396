"""The page on which a sudden change of a waiting guest is reported, and what was done is noted with its time."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dermatology import watching
from dermatology.models import SuddenChange
from kernel.errors import NotFound
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.patients.reading import note_read
from services.reception.models import Visit
from services.reception.selectors import access_visit
from services.staff.models import StaffMember
from services.staff.selectors import doctors_at


class ReportForm(forms.Form):
    words = forms.CharField(
        label=gettext_lazy("What changed"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )


class DoctorField(forms.ModelChoiceField):
    """A doctor of the site."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.number} {obj.name}"


class ContactForm(forms.Form):
    doctor = DoctorField(
        label=gettext_lazy("Doctor"), queryset=StaffMember.objects.none(), to_field_name="code", empty_label=None
    )


class TransferForm(forms.Form):
    destination = forms.CharField(label=gettext_lazy("Where to"), max_length=80)


class SettleForm(forms.Form):
    outcome = forms.CharField(label=gettext_lazy("How it ended"), max_length=500)


@page(permission=watching.WORD, methods=("GET", "POST"))
def changes_of(request: HttpRequest, code: UUID) -> HttpResponse:
    """What happened to one waiting guest; POST reports a sudden change."""
    visit = access_visit(request.actor, code)
    form = ReportForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        watching.report_change(by=request.actor, site=visit.site, visit=visit, **form.cleaned_data)
        flash(request, _("The doctor is called; note when they were reached"), tone="warn")
        return redirect_after_post(request, "dermatology:changes-of", visit.code)
    if request.method == "GET":
        note_read(request.actor, visit.patient, part="sudden_change")
    return _shown(request, visit, report_form=form)


@page(permission=watching.WORD, methods=("POST",))
def step(request: HttpRequest, code: UUID, step: str) -> HttpResponse:
    """A step of one event: doctor reached, moved, settled here."""
    change = watching.access_change(request.actor, code)
    known = {"doctor": ContactForm, "transfer": TransferForm, "settle": SettleForm}
    if step not in known:
        raise NotFound("not_found", _("There is no such step."))
    form = known[step](request.POST)
    if "doctor" in form.fields:
        form.fields["doctor"].queryset = doctors_at(change.site)  # type: ignore[attr-defined]
    visit = access_visit(request.actor, change.visit.code)
    if not form.is_valid():
        return _shown(request, visit, **{f"{step}_form": form})
    if step == "doctor":
        watching.note_contact(by=request.actor, change=change, **form.cleaned_data)
    elif step == "transfer":
        watching.transfer(by=request.actor, change=change, **form.cleaned_data)
    else:
        watching.settle(by=request.actor, change=change, **form.cleaned_data)
    return redirect_after_post(request, "dermatology:changes-of", visit.code)


def _shown(request: HttpRequest, visit: Visit, **given: forms.Form) -> HttpResponse:
    rows = list(watching.changes_for(request.actor).filter(visit=visit))
    current: SuddenChange | None = next((row for row in rows if row.state in ("seen", "contacted")), None)
    contact = ContactForm()
    contact.fields["doctor"].queryset = doctors_at(visit.site)  # type: ignore[attr-defined]
    if visit.doctor is not None:
        contact.initial["doctor"] = visit.doctor.code
    context = {
        "visit": visit,
        "rows": rows,
        "current": current,
        "report_form": ReportForm(),
        "doctor_form": contact,
        "transfer_form": TransferForm(),
        "settle_form": SettleForm(),
        **given,
    }
    invalid = next((form for form in given.values() if form.is_bound), None)
    return render_page(request, "dermatology/changes.html", context, invalid=invalid)
