"""The grid of doctors and their assistants, half-day by half-day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel.access import holds
from kernel.errors import DomainError
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.sites.models import Site
from services.sites.selectors import today
from services.sites.web.current import site_for
from services.staff.models import StaffMember
from services.staff.selectors import staff_at
from services.treatment_area import assistance
from services.treatment_area.web.views import day_or_404

VIEW, ASSIGN = "treatment_area.view", "treatment_area.assign"


class AssignForm(forms.Form):
    """One cell: who assists this doctor in this half-day."""

    half = forms.ChoiceField(choices=assistance.HALVES.choices)
    doctor = forms.ModelChoiceField(queryset=StaffMember.objects.none(), to_field_name="code")
    assistant = forms.ModelChoiceField(
        label=gettext_lazy("assistant"), queryset=StaffMember.objects.none(), to_field_name="code", required=False
    )

    def __init__(self, *args: Any, site: Site, day: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("doctor", "assistant"):
            self.fields[name].queryset = staff_at(site, day)  # type: ignore[attr-defined]


@page(permission=VIEW)
def today_page(request: HttpRequest) -> HttpResponse:
    site = site_for(request, VIEW)
    return render_page(request, "treatment_area/assistants.html", _grid(request, site, today(site)))


@page(permission={"GET": VIEW, "POST": ASSIGN}, methods=("GET", "POST"))
def day_page(request: HttpRequest, day: str) -> HttpResponse:
    wanted = day_or_404(day)
    template = "treatment_area/assistants.html"
    if request.method != "POST":
        return render_page(request, template, _grid(request, site_for(request, VIEW), wanted))
    site = site_for(request, ASSIGN)
    form = AssignForm(request.POST, site=site, day=wanted)
    if not form.is_valid():
        return render_page(request, template, _grid(request, site, wanted), invalid=form)
    try:
        assistance.assign_assistant(by=request.actor, site=site, day=wanted, **form.cleaned_data)
    except DomainError as error:
        return render_page(request, template, _grid(request, site, wanted) | {"refusal": error}, status=error.status)
    flash(request, _("Assistant assigned") if form.cleaned_data["assistant"] else _("Assistant taken away"))
    return redirect_after_post(request, "treatment_area:assistants-of", day)


def _grid(request: HttpRequest, site: Site, day: date) -> dict[str, Any]:
    rows = assistance.grid(site, day)
    return {
        "site": site,
        "day": day,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "rows": rows,
        "gaps": assistance.gaps(rows),
        "assistants": assistance.assistants(site, day),
        "may_assign": holds(request.actor, ASSIGN, site=site.code),
        "refusal": None,
    }
