"""The page of the doctors who also work in other houses of the chain."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.errors import DomainError
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.appointments import houses
from services.staff.models import StaffMember


class JoinForm(forms.Form):
    """Who of this house it is, and what headquarters said."""

    staff = forms.ModelChoiceField(
        label=gettext_lazy("Doctor"), queryset=StaffMember.objects.none(), to_field_name="code"
    )
    invitation = forms.CharField(label=gettext_lazy("Invitation code of headquarters"), max_length=40)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        doctors = StaffMember.objects.filter(is_doctor=True, left_on__isnull=True)
        self.fields["staff"].queryset = doctors  # type: ignore[attr-defined]
        self.fields["staff"].label_from_instance = lambda one: f"{one.number} {one.name}"  # type: ignore[attr-defined]


@page(permission="appointments.share_calendar", methods=("GET", "POST"))
def shared(request: HttpRequest) -> HttpResponse:
    """Who shares their busy times with other houses, what clashes, and the invitation that joins one more."""
    form = JoinForm(request.POST or None)
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            houses.join_calendar(by=request.actor, **form.cleaned_data)
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("The busy times are shared from now on"))
            return redirect_after_post(request, "appointments:houses")
    context = {"form": form, "refusal": refusal, "rows": houses.shared_doctors(), "clashes": houses.clashes()}
    status = refusal.status if refusal is not None else 200
    return render_page(request, "appointments/houses.html", context, status=status, invalid=form)


@page(permission="appointments.share_calendar", methods=("POST",))
def leave(request: HttpRequest, code: UUID) -> HttpResponse:
    houses.leave_calendar(by=request.actor, staff=houses.access_doctor(request.actor, code))
    flash(request, _("The busy times are no longer shared"))
    return redirect_after_post(request, "appointments:houses")
