"""Booking several people at once, and the page of what was booked together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import clock
from kernel.access import holds
from kernel.errors import DomainError
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.appointments import groups, reminders, selectors
from services.appointments.group_models import BookingGroup
from services.appointments.group_slots import Search, Wanted
from services.appointments.web.booking import following_of
from services.appointments.web.forms import CancelForm, ConfirmForm, GroupForm, GroupMoveForm, MemberForm, read_day
from services.catalogue.selectors import items
from services.patients.families import family_files
from services.patients.models import Patient
from services.patients.reading import note_listing
from services.patients.selectors import access_patient
from services.sites.models import Site
from services.sites.selectors import today
from services.sites.web.current import site_for
from services.staff.selectors import doctors_at


@page(permission="appointments.book", methods=("GET", "POST"))
def new(request: HttpRequest) -> HttpResponse:
    """The form of a group: who, how, when; members are added and taken out on the same page."""
    site = site_for(request, "appointments.book")
    rows, added = _rows(request, site)
    members = [row.patient for row in rows]
    form = _form(request, site, members)
    refusal: DomainError | None = None
    books = request.method == "POST" and not added and "drop" not in request.POST
    if books and form.is_valid() and all(row.is_valid() for row in rows):
        try:
            booked = groups.book_group(by=request.actor, site=site, wanted=_wanted(site, rows), **form.facts())
        except DomainError as error:
            refusal = error
        else:
            flash(request, _("%(visits)s visits booked together") % {"visits": len(rows)})
            return redirect_after_post(request, "appointments:group", booked.code)
    context = {
        "site": site,
        "form": form,
        "rows": rows,
        "refusal": refusal,
        "following": following_of(refusal),
        "full": len(rows) >= groups.MOST,
        **_proposals(request, site, rows),
    }
    status = refusal.status if refusal is not None else 200
    return render_page(request, "appointments/group_new.html", context, status=status, invalid=form if books else None)


@page(permission="appointments.book")
def slots(request: HttpRequest) -> HttpResponse:
    """The common times for what is typed so far."""
    site = site_for(request, "appointments.book")
    rows, _added = _rows(request, site)
    return render(request, "appointments/_group_slots.html", {"site": site, **_proposals(request, site, rows)})


@page(permission="appointments.view")
def group(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_group(request.actor, code)
    return render_page(request, "appointments/group.html", _detail(request, found))


@page(permission="appointments.confirm", methods=("POST",))
def confirm(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_group(request.actor, code)
    form = ConfirmForm({"channel": "phone", **request.POST.dict()})
    if form.is_valid():
        groups.confirm_group(
            by=request.actor,
            group=found,
            result=form.cleaned_data["result"],
            channel=form.cleaned_data["channel"],
        )
        done = form.cleaned_data["result"] == "confirmed"
        flash(request, _("All visits confirmed") if done else _("Not reached; the task stays open"))
    return redirect_after_post(request, "appointments:group", code)


@page(permission="appointments.book", methods=("POST",))
def move(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_group(request.actor, code)
    form = GroupMoveForm(request.POST, site=found.site)
    if not form.is_valid():
        return render_page(request, "appointments/group.html", _detail(request, found, move_form=form), invalid=form)
    try:
        groups.move_group(by=request.actor, group=found, **form.facts())
    except DomainError as error:
        context = _detail(request, found, move_form=form, refusal=error)
        return render_page(request, "appointments/group.html", context, status=error.status)
    flash(request, _("All visits moved; the doctors are told"))
    return redirect_after_post(request, "appointments:group", code)


@page(permission="appointments.book", methods=("POST",))
def cancel(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_group(request.actor, code)
    form = CancelForm(request.POST)
    if not form.is_valid():
        return render_page(request, "appointments/group.html", _detail(request, found, cancel_form=form), invalid=form)
    groups.cancel_group(by=request.actor, group=found, **form.cleaned_data)
    flash(request, _("All visits cancelled; the reminder is withdrawn"))
    return redirect_after_post(request, "appointments:group", code)


def _detail(request: HttpRequest, found: BookingGroup, **forms_: Any) -> dict[str, Any]:
    actor, site = request.actor, found.site  # type: ignore[attr-defined]
    visits = list(selectors.visits_of(found))
    awaited = [visit for visit in visits if visit.state in groups.actions.AWAITED]
    note_listing(actor, [visit.patient for visit in visits])
    may_book = bool(awaited) and holds(actor, "appointments.book", site=site.code)
    return {
        "group": found,
        "site": site,
        "visits": visits,
        "awaited": awaited,
        "receipt": reminders.group_receipt_of(found),
        "confirmed": bool(awaited) and all(visit.is_confirmed for visit in awaited),
        "may_book": may_book,
        "may_confirm": bool(awaited) and holds(actor, "appointments.confirm", site=site.code),
        "proposals": groups.search_again(found, awaited, after=clock.now()).best() if may_book else [],
        "move_form": forms_.get("move_form")
        or GroupMoveForm(site=site, initial={"asked_by": "patient", "version": found.version}),
        "cancel_form": forms_.get("cancel_form") or CancelForm(initial={"version": found.version}),
        "refusal": forms_.get("refusal"),
        "following": following_of(forms_.get("refusal")),
    }


def _rows(request: HttpRequest, site: Site) -> tuple[list[MemberForm], bool]:
    """One form per member, and whether one was just added. The fields of all members stand side by side in the request."""
    asked = request.POST if request.method == "POST" else request.GET
    actor = request.actor  # type: ignore[attr-defined]
    codes = asked.getlist("member")[: groups.MOST]
    typed = {name: asked.getlist(name) for name in ("doctor", "units", "item")}
    if not codes and asked.get("family"):
        files = family_files(access_patient(actor, _code(asked["family"])))
        codes = [str(one.code) for one in files][: groups.MOST]
    dropped, picked = asked.get("drop", ""), asked.get("patient", "")
    added = bool(picked) and picked not in codes and len(codes) < groups.MOST
    doctors, goods = doctors_at(site), items()
    rows: list[MemberForm] = []
    for index, code in enumerate([*codes, picked] if added else codes):
        if code == dropped:
            continue
        patient = access_patient(actor, _code(code))
        values = {name: row[index] if index < len(row) else "" for name, row in typed.items()}
        data = {**values, "units": values["units"] or "1"}
        row = MemberForm(data, auto_id=f"member-{len(rows)}-%s", doctors=doctors, goods=goods)
        row.patient = patient
        rows.append(row)
    note_listing(actor, [row.patient for row in rows])
    return rows, added


def _form(request: HttpRequest, site: Site, members: Sequence[Patient]) -> GroupForm:
    contacts = groups.contacts_of(members)
    usual = next((one for one in contacts if one.phone), None) or next(iter(contacts), None)
    asked = request.GET.get("day", "")
    initial = {
        "arrangement": "side_by_side",
        "day": read_day(asked) or today(site),
        "contact": usual.code if usual is not None else "",
        "channel": "phone",
    }
    return GroupForm(request.POST if request.method == "POST" else None, site=site, members=contacts, initial=initial)


def _wanted(site: Site, rows: Sequence[MemberForm]) -> list[Wanted]:
    """What is looked for, by what is typed; who names no doctor sees the usual one."""
    asked = []
    for row in rows:
        data = row.cleaned_data
        asked.append(Wanted(row.patient, data.get("units") or 1, data.get("doctor"), data.get("item")))
    return groups.with_usual_doctors(site, asked)


def _proposals(request: HttpRequest, site: Site, rows: Sequence[MemberForm]) -> dict[str, Any]:
    asked = request.POST if request.method == "POST" else request.GET
    if len(rows) < groups.FEWEST or not all(row.is_valid() for row in rows):
        return {"proposals": [], "asked": False}
    day: date = read_day(asked.get("day", "")) or today(site)
    after: datetime = max(clock.now(), clock.day_bounds(day, site.timezone)[0])
    arrangement = asked.get("arrangement", "")
    if arrangement not in BookingGroup.Arrangement.values:
        arrangement = BookingGroup.Arrangement.SIDE_BY_SIDE
    return {"proposals": Search(site, _wanted(site, rows), arrangement, after=after).best(), "asked": True}


def _code(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def family_actions(request: HttpRequest, patient: Patient, members: Sequence[Patient]) -> list[dict[str, Any]]:
    """On the page of a family: book all of them at once."""
    if len(members) < groups.FEWEST or not request.actor.can("appointments.book"):  # type: ignore[attr-defined]
        return []
    url = f"{reverse('appointments:group-new')}?family={patient.code}"
    return [{"label": _("Book the family"), "url": url, "key": "B", "icon": "calendar", "kind": "primary"}]


def next_visits(request: HttpRequest, patients: Sequence[Patient]) -> list[dict[str, Any]]:
    """The next visit of each patient, for lists of people."""
    if not request.actor.can("appointments.view"):  # type: ignore[attr-defined]
        return []
    return [
        {
            "patient": key,
            "text": f"{clock.local(row.starts_at, row.site.timezone):%m-%d %H:%M} {row.doctor.name}",
            "url": reverse("appointments:appointment", args=[row.code]),
        }
        for key, row in selectors.next_of_patients(patients).items()
    ]
