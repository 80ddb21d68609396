"""Pages of referrals between doctors."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.access import holds
from kernel.errors import DomainError, NotFound
from kernel.web.fields import FenField
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.appointments import referrals
from services.appointments.machine import AWAITED
from services.appointments.models import Appointment, Referral
from services.appointments.web.parts import parts
from services.appointments.web.views import asked_day
from services.appointments.wishes import code_of
from services.catalogue.selectors import items
from services.patients.models import Patient
from services.patients.selectors import access_patient
from services.sites.models import Site
from services.sites.web.current import site_for
from services.staff.models import StaffMember
from services.staff.selectors import doctors_at


class DetailsForm(forms.Form):
    """What must be known of a part: item, charge, next visit or why there is none."""

    item: forms.ModelChoiceField[Any] = forms.ModelChoiceField(
        label=gettext_lazy("item"), queryset=None, to_field_name="code", required=False
    )
    charge_fen = FenField(label=gettext_lazy("charge"), required=False)
    next_appointment = forms.ModelChoiceField(
        label=gettext_lazy("next visit"), queryset=Appointment.objects.none(), to_field_name="code", required=False,
        help_text=gettext_lazy("Only visits that are booked already."),
    )  # fmt: skip
    no_next_reason = forms.CharField(label=gettext_lazy("why no next visit"), max_length=120, required=False)

    def __init__(self, *args: Any, patient: Patient | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["item"].queryset = items()  # type: ignore[attr-defined]
        self.fields["item"].label_from_instance = lambda one: one.name  # type: ignore[attr-defined]
        if patient is not None:
            rows = Appointment.objects.filter(patient=patient, state__in=AWAITED).select_related("doctor", "site")
            self.fields["next_appointment"].queryset = rows  # type: ignore[attr-defined]
        self.fields["next_appointment"].label_from_instance = (  # type: ignore[attr-defined]
            lambda one: f"{one.starts_at.astimezone(one.site.timezone):%Y-%m-%d %H:%M} {one.doctor.name}"
        )


class ReferralForm(DetailsForm):
    """One part of a transfer."""

    patient = forms.ModelChoiceField(
        label=gettext_lazy("patient"), queryset=Patient.objects.all(), to_field_name="code"
    )
    from_doctor = forms.ModelChoiceField(
        label=gettext_lazy("attending doctor"), queryset=StaffMember.objects.none(), to_field_name="code"
    )
    to_doctor = forms.ModelChoiceField(
        label=gettext_lazy("referred to"), queryset=StaffMember.objects.none(), to_field_name="code"
    )
    question = forms.CharField(label=gettext_lazy("what is unclear"), max_length=300, required=False)
    visit = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("from_doctor", "to_doctor"):
            self.fields[name].queryset = doctors_at(site)  # type: ignore[attr-defined]
            self.fields[name].label_from_instance = lambda one: f"{one.number} {one.name}"  # type: ignore[attr-defined]

    def facts(self) -> dict[str, Any]:
        """What ``register_referral`` takes."""
        facts = dict(self.cleaned_data)
        facts["visit_code"] = facts.pop("visit")
        return facts


class ReasonForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("reason"), max_length=120)


@page(permission="appointments.view")
def referral_list(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "appointments.view")
    day = asked_day(request, site)
    rows = referrals.referrals_for(request.actor).filter(site=site, day=day)
    context = {
        "site": site,
        "day": day,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "open": referrals.open_referrals(site, day),
        "rows": list(rows),
        "may_book": holds(request.actor, "appointments.book", site=site.code),
        "parts": parts(request),
    }
    return render_page(request, "appointments/referrals.html", context)


@page(permission="appointments.book", methods=("GET", "POST"))
def new(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "appointments.book")
    patient = _patient(request)
    asked = {name: request.GET.get(name, "") for name in ("from_doctor", "to_doctor", "visit")}
    initial = asked | ({"patient": patient.code} if patient is not None else {})
    form = ReferralForm(request.POST or None, site=site, patient=patient, initial=initial)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            made = referrals.register_referral(by=request.actor, site=site, **form.facts())
        except DomainError as error:
            refusal = error
        else:
            settled = made.state == "settled"
            flash(request, _("Registered") if settled else _("Registered; the doctor is asked for what is open"))
            return redirect_after_post(request, "appointments:referrals")
    context = {"site": site, "form": form, "patient": patient, "refusal": refusal}
    status = refusal.status if refusal is not None else 200
    return render_page(request, "appointments/referral_new.html", context, status=status, invalid=form)


@page(permission="appointments.view")
def referral(request: HttpRequest, code: UUID) -> HttpResponse:
    found = referrals.access_referral(request.actor, code)
    return render_page(request, "appointments/referral.html", _detail(request, found))


@page(permission="appointments.view", methods=("POST",))
def settle(request: HttpRequest, code: UUID) -> HttpResponse:
    found = referrals.access_referral(request.actor, code)
    form = DetailsForm(request.POST, patient=found.patient)
    if not form.is_valid():
        return render_page(request, "appointments/referral.html", _detail(request, found, form=form), invalid=form)
    try:
        referrals.settle_referral(by=request.actor, referral=found, **form.cleaned_data)
    except DomainError as error:
        context = _detail(request, referrals.access_referral(request.actor, code), form=form, refusal=error)
        return render_page(request, "appointments/referral.html", context, status=error.status)
    flash(request, _("Settled"))
    return redirect_after_post(request, "appointments:referrals")


@page(permission="appointments.view", methods=("POST",))
def withdraw(request: HttpRequest, code: UUID) -> HttpResponse:
    found = referrals.access_referral(request.actor, code)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        context = _detail(request, found, reason_form=form)
        return render_page(request, "appointments/referral.html", context, invalid=form)
    referrals.withdraw_referral(by=request.actor, referral=found, **form.cleaned_data)
    flash(request, _("Withdrawn"))
    return redirect_after_post(request, "appointments:referrals")


def _patient(request: HttpRequest) -> Patient | None:
    code = code_of(request.POST.get("patient") or request.GET.get("patient") or "")
    try:
        return access_patient(request.actor, code) if code is not None else None
    except NotFound:
        return None


def _detail(request: HttpRequest, found: Referral, **given: Any) -> dict[str, Any]:
    words = ("appointments.book", "appointments.write_card")
    initial = {
        "item": found.item.code if found.item is not None else None,
        "charge_fen": found.charge_fen,
        "next_appointment": found.next_appointment.code if found.next_appointment is not None else None,
        "no_next_reason": found.no_next_reason,
    }
    return {
        "referral": found,
        "site": found.site,
        "may_settle": found.state == "open" and any(holds(request.actor, one, site=found.site.code) for one in words),
        "form": given.get("form") or DetailsForm(patient=found.patient, initial=initial),
        "reason_form": given.get("reason_form") or ReasonForm(),
        "refusal": given.get("refusal"),
    }
