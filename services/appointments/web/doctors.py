"""Who sees patients this week, what they are versed in, sessions of experts, and how long patients waited."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kernel import access
from kernel.access import holds
from kernel.context import Actor
from kernel.errors import DomainError, NotFound
from kernel.web.fields import SegmentedRadios, SiteDateTimeField
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.appointments import sessions
from services.appointments.models import ExpertSession
from services.appointments.waits import waits
from services.appointments.web.parts import parts
from services.appointments.web.views import asked_day
from services.sites.models import Site
from services.sites.selectors import chairs, today
from services.sites.web.current import site_for
from services.staff.models import StaffMember
from services.staff.selectors import doctors_at, roster

WAITS_DAYS = 14


class SessionForm(forms.Form):
    """A session of an expert."""

    expert = forms.ModelChoiceField(
        label=gettext_lazy("expert"), queryset=StaffMember.objects.none(), to_field_name="code"
    )
    kind = forms.ChoiceField(label=gettext_lazy("kind"), choices=ExpertSession.Kind.choices, widget=SegmentedRadios)
    starts_at = SiteDateTimeField(label=gettext_lazy("from"))
    ends_at = SiteDateTimeField(label=gettext_lazy("until"))
    chair: forms.ModelChoiceField[Any] = forms.ModelChoiceField(
        label=gettext_lazy("chair"), queryset=None, to_field_name="code", required=False
    )
    capacity = forms.IntegerField(label=gettext_lazy("patients at most"), min_value=1, max_value=200)

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["expert"].queryset = doctors_at(site)  # type: ignore[attr-defined]
        self.fields["expert"].label_from_instance = lambda one: f"{one.number} {one.name}"  # type: ignore[attr-defined]
        self.fields["chair"].queryset = chairs(site)  # type: ignore[attr-defined]
        self.fields["chair"].label_from_instance = lambda one: one.name  # type: ignore[attr-defined]
        for name in ("starts_at", "ends_at"):
            self.fields[name].zone = site.timezone  # type: ignore[attr-defined]


class CapacityForm(forms.Form):
    capacity = forms.IntegerField(label=gettext_lazy("patients at most"), min_value=1, max_value=200)


@page(permission={"GET": "appointments.view", "POST": "staff.roster"}, methods=("GET", "POST"))
def doctors(request: HttpRequest) -> HttpResponse:
    """The week of the doctors; a POST makes its roster known (AP-038)."""
    site = site_for(request, "appointments.view")
    monday = sessions.monday_of(asked_day(request, site))
    if request.method == "POST":
        sessions.publish_roster(by=request.actor, site=site, monday=monday)
        flash(request, _("Consultants and desk are told"))
        return redirect_after_post(request, f"{request.path}?day={monday.isoformat()}")
    days = [monday + timedelta(days=step) for step in range(7)]
    context = {
        "site": site,
        "monday": monday,
        "week": f"{monday:%Y-%m-%d} – {days[-1]:%m-%d}",
        "days": days,
        "before": monday - timedelta(days=7),
        "after": monday + timedelta(days=7),
        "rows": [row for row in roster(site, days) if row.staff.is_doctor],
        "published": sessions.publication_of(site, monday),
        "may_publish": holds(request.actor, "staff.roster", site=site.code)
        and monday + timedelta(days=7) > today(site),
        "sessions": list(sessions.coming_sessions(site)[:20]),
        "parts": parts(request),
    }
    return render_page(request, "appointments/doctors.html", context)


@page(permission={"GET": "appointments.view", "POST": "staff.roster"}, methods=("GET", "POST"))
def session_list(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "appointments.view")
    form = SessionForm(request.POST or None, site=site, initial={"kind": "visiting", "capacity": 8})
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            sessions.plan_session(by=request.actor, site=site, **form.cleaned_data)
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("Session planned"))
            return redirect_after_post(request, "appointments:sessions")
    context = {
        "site": site,
        "form": form,
        "refusal": refusal,
        "rows": list(sessions.coming_sessions(site)[:100]),
        "may_plan": holds(request.actor, "staff.roster", site=site.code),
        "parts": parts(request),
    }
    status = refusal.status if refusal is not None else 200
    return render_page(request, "appointments/sessions.html", context, status=status, invalid=form)


@page(permission="staff.roster", methods=("POST",))
def session_capacity(request: HttpRequest, code: UUID) -> HttpResponse:
    found = access_session(request.actor, code)
    form = CapacityForm(request.POST)
    if form.is_valid():
        sessions.change_capacity(by=request.actor, site=found.shift.site, session=found, **form.cleaned_data)
        flash(request, _("Noted"))
    return redirect_after_post(request, "appointments:sessions")


@page(permission="appointments.view_shares")
def wait_report(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "appointments.view_shares")
    last = today(site)
    first = last - timedelta(days=WAITS_DAYS - 1)
    context = {"site": site, "days": WAITS_DAYS, "rows": waits(site, first, last), "parts": parts(request)}
    return render_page(request, "appointments/waits.html", context)


def access_session(actor: Actor, code: UUID) -> ExpertSession:
    """The session behind a code from outside. Raises NotFound (``session_not_found``)."""
    found = ExpertSession.objects.select_related("shift__site", "shift__staff").filter(code=code).first()
    if found is None or not access.holds(actor, "staff.roster", site=found.shift.site.code):
        raise NotFound("session_not_found", _("There is no such session."))
    return found
