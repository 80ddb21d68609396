"""The page of the doctors who work in several houses of the chain."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.access import holds
from kernel.errors import DomainError
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.headquarters import doctors as rules


class DoctorForm(forms.Form):
    """Who it is, in headquarters' words."""

    label = forms.CharField(label=gettext_lazy("Name of the doctor"), max_length=60)


@page(permission={"GET": "headquarters.view", "POST": "headquarters.link_doctors"}, methods=("GET", "POST"))
def doctors(request: HttpRequest) -> HttpResponse:
    """Who works where; a POST opens a calendar and shows its invitation, this once."""
    form = DoctorForm(request.POST or None)
    refusal: DomainError | None = None
    invitation = ""
    if request.method == "POST" and form.is_valid():
        try:
            _calendar, invitation = rules.open_calendar(by=request.actor, **form.cleaned_data)
        except DomainError as error:
            refusal = error
        else:
            form = DoctorForm()
    return _drawn(request, form, invitation, refusal)


@page(permission="headquarters.link_doctors", methods=("POST",))
def invite(request: HttpRequest, code: UUID) -> HttpResponse:
    """A new invitation, shown this once."""
    calendar = rules.access_calendar(request.actor, code)
    return _drawn(request, DoctorForm(), rules.invite_again(by=request.actor, calendar=calendar), None)


@page(permission="headquarters.link_doctors", methods=("POST",))
def close(request: HttpRequest, code: UUID) -> HttpResponse:
    rules.close_calendar(by=request.actor, calendar=rules.access_calendar(request.actor, code))
    flash(request, _("The houses do not share these times any more"))
    return redirect_after_post(request, "headquarters:doctors")


@page(permission="headquarters.link_doctors", methods=("POST",))
def end(request: HttpRequest, code: UUID, member: UUID) -> HttpResponse:
    calendar = rules.access_calendar(request.actor, code)
    rules.end_membership(by=request.actor, member=rules.access_member(request.actor, calendar, member))
    flash(request, _("The houses do not share these times any more"))
    return redirect_after_post(request, "headquarters:doctors")


def _drawn(request: HttpRequest, form: DoctorForm, invitation: str, refusal: DomainError | None) -> HttpResponse:
    context = {
        "form": form,
        "refusal": refusal,
        "invitation": invitation,
        "days": rules.INVITATION_DAYS,
        "rows": list(rules.doctors_in_houses()),
        "may_link": holds(request.actor, "headquarters.link_doctors"),
    }
    status = refusal.status if refusal is not None else 200
    return render_page(request, "headquarters/doctors.html", context, status=status, invalid=form)
