"""Pages of people and of the duty roster."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import audit, clock
from kernel.errors import DomainError, NotFound
from kernel.web.views import flash, page, redirect_after_post, render_page, site_code
from services.sites.models import Site
from services.sites.selectors import sites_of, today, working_site
from services.staff import actions, selectors
from services.staff.models import StaffMember
from services.staff.web.forms import LeavingForm, ShiftForm, StaffForm
from services.staff.weeks import days_of, parse_week, week_name

PER_PAGE = 50


def _site(request: HttpRequest, word: str = "staff.view") -> Site:
    site = working_site(request.actor, site_code(request), word)
    if site is None:
        raise NotFound("site_not_found", _("You work at no site yet. Ask the administrator to assign you."))
    return site


@page(permission="staff.view")
def roster(request: HttpRequest) -> HttpResponse:
    site = _site(request)
    monday = parse_week(request.GET.get("week", ""), today(site))
    days = days_of(monday)
    rows = selectors.roster(site, days)
    context = {
        "site": site,
        "monday": monday,
        "sunday": days[-1],
        "week": week_name(monday),
        "previous": week_name(monday - timedelta(days=7)),
        "next": week_name(monday + timedelta(days=7)),
        "days": [
            {"day": day, "is_today": day == today(site), "doctors": _count(rows, number)}
            for number, day in enumerate(days)
        ],
        "rows": [{"staff": row.staff, "days": list(zip(days, row.days, strict=True))} for row in rows],
        "may_plan": request.actor.can("staff.roster", site=site.code),
        "is_planned": any(any(row.days) for row in rows),
    }
    return render_page(request, "staff/roster.html", context)


@page(permission="staff.roster", methods=("GET", "POST"))
def shift_new(request: HttpRequest) -> HttpResponse:
    site = _site(request, "staff.roster")
    hours = {"starts": "08:30", "ends": "17:30"}
    initial = {
        "kind": "clinic",
        "day": today(site),
        **hours,
        **{key: request.GET[key] for key in ("staff", "day") if key in request.GET},
    }
    form = ShiftForm(request.POST or None, site=site, initial=initial)
    refusal = None
    if request.method == "POST" and form.is_valid():
        try:
            actions.plan_shift(by=request.actor, site=site, staff=form.cleaned_data["staff"], **form.facts())
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("Shift planned"))
            return _to_roster(request, form)
    return _shift_page(request, form, site, refusal, title=_("Plan a shift"))


@page(permission="staff.roster", methods=("GET", "POST"))
def shift_edit(request: HttpRequest, code: UUID) -> HttpResponse:
    shift = selectors.access_shift(request.actor, code)
    form = ShiftForm(request.POST or None, site=shift.site, shift=shift)
    refusal = None
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_shift(
                by=request.actor, site=shift.site, shift=shift, version=form.cleaned_data["version"], **form.facts()
            )
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("Shift changed"))
            return _to_roster(request, form)
    return _shift_page(request, form, shift.site, refusal, title=shift.staff.name, shift=shift)


@page(permission="staff.roster", methods=("POST",))
def shift_remove(request: HttpRequest, code: UUID) -> HttpResponse:
    shift = selectors.access_shift(request.actor, code)
    week = week_name(clock.local(shift.starts_at, shift.site.timezone).date())
    actions.remove_shift(by=request.actor, site=shift.site, shift=shift)
    flash(request, _("Shift taken out"))
    return redirect_after_post(request, f"{reverse('staff:roster')}?week={week}")


@page(permission="staff.roster", methods=("POST",))
def copy_week(request: HttpRequest) -> HttpResponse:
    site = _site(request, "staff.roster")
    monday = parse_week(request.POST.get("week", ""), today(site))
    written = actions.copy_week(by=request.actor, site=site, from_monday=monday - timedelta(days=7), to_monday=monday)
    flash(request, _("%(n)s shifts taken over from the week before") % {"n": written})
    return redirect_after_post(request, f"{reverse('staff:roster')}?week={week_name(monday)}")


@page(permission="staff.view")
def staff_list(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()
    rows = selectors.find_staff(request.actor, query=query, left="left" in request.GET)
    page_of_rows = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page_of_rows,
        "query": query,
        "with_left": "left" in request.GET,
        "may_manage": request.actor.can("staff.manage"),
    }
    return render_page(request, "staff/list.html", context)


@page(permission="staff.view")
def staff_detail(request: HttpRequest, code: UUID) -> HttpResponse:
    staff = selectors.access_staff(request.actor, code)
    sees_phone = request.actor.can("staff.view_private", site=staff.home_site.code)
    if sees_phone:
        audit.record_read(by=request.actor, target=staff, purpose="staff.private_phone")
    start = clock.now() - timedelta(hours=12)
    context = {
        "staff": staff,
        "assignments": staff.site_assignments.select_related("site"),
        "shifts": staff.shifts.filter(ends_at__gt=start).select_related("site", "chair").order_by("starts_at")[:14],
        "sees_phone": sees_phone,
        "may_manage": request.actor.can("staff.manage", site=staff.home_site.code),
        "leaving": LeavingForm(initial={"left_on": staff.left_on, "version": staff.version}),
    }
    return render_page(request, "staff/detail.html", context)


@page(permission="staff.manage", methods=("GET", "POST"))
def staff_new(request: HttpRequest) -> HttpResponse:
    form = StaffForm(request.POST or None, sites=sites_of(request.actor, "staff.manage"))

    def save(data: dict[str, Any]) -> StaffMember:
        data.pop("version")
        return actions.hire_staff(by=request.actor, **data)

    return _edit(request, form, save, title=_("New staff member"), done=_("Staff member added"))


@page(permission="staff.manage", methods=("GET", "POST"))
def staff_edit(request: HttpRequest, code: UUID) -> HttpResponse:
    staff = selectors.access_staff(request.actor, code, "staff.manage")
    shown = selectors.access_staff(request.actor, code, "staff.manage")
    form = StaffForm(request.POST or None, instance=shown, sites=sites_of(request.actor, "staff.manage"))
    if not request.actor.can("staff.view_private", site=staff.home_site.code):
        del form.fields["phone"]

    def save(data: dict[str, Any]) -> StaffMember:
        return actions.update_staff(by=request.actor, staff=staff, **data)

    return _edit(request, form, save, title=staff.name, done=_("Staff member changed"), back=staff)


@page(permission="staff.manage", methods=("POST",))
def staff_leaving(request: HttpRequest, code: UUID) -> HttpResponse:
    staff = selectors.access_staff(request.actor, code, "staff.manage")
    form = LeavingForm(request.POST)
    if form.is_valid():
        actions.record_leaving(by=request.actor, staff=staff, **form.cleaned_data)
        flash(request, _("Last day entered; the shifts after it are taken out of the roster"))
    return redirect_after_post(request, "staff:detail", code=staff.code)


def _count(rows: list[selectors.RosterRow], number: int) -> int:
    """How many doctors are at work on a day of the shown week."""
    return sum(row.staff.is_doctor and any(shift.kind != "rest" for shift in row.days[number]) for row in rows)


def _to_roster(request: HttpRequest, form: ShiftForm) -> HttpResponse:
    return redirect_after_post(request, f"{reverse('staff:roster')}?week={week_name(form.cleaned_data['day'])}")


def _shift_page(
    request: HttpRequest, form: ShiftForm, site: Site, refusal: DomainError | None, **context: Any
) -> HttpResponse:
    context |= {"form": form, "site": site, "refusal": refusal}
    return render_page(request, "staff/shift.html", context, status=refusal.status if refusal else 200, invalid=form)


def _edit(
    request: HttpRequest, form: StaffForm, save: Any, *, title: str, done: str, back: StaffMember | None = None
) -> HttpResponse:
    refusal: DomainError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            staff = save(dict(form.cleaned_data))
        except DomainError as error:
            refusal = error
        else:
            flash(request, done)
            return redirect_after_post(request, "staff:detail", code=staff.code)
    context = {"form": form, "title": title, "back": back, "refusal": refusal}
    return render_page(request, "staff/form.html", context, status=refusal.status if refusal else 200, invalid=form)
