"""The frame of the day: lists, opening, the morning meeting and its sheet, tomorrow's bookings."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel.errors import DomainError
from kernel.web.views import flash, next_path, page, redirect_after_post, render_page
from services.patients.reading import note_listing
from services.shift import meeting as meetings
from services.shift import opening, selectors, sheet
from services.shift.models import Checklist, Meeting, Tick
from services.shift.web.forms import NotesForm, ReasonForm
from services.shift.web.showing import filled_in, may, parts
from services.sites import selectors as sites
from services.sites.models import Site
from services.sites.web.current import site_for

EARLIEST, LATEST = date(2000, 1, 1), date(2199, 12, 31)
LISTS = (Checklist.Purpose.OPENING, Checklist.Purpose.CHECKS, Checklist.Purpose.CLOSING)


@page(permission="shift.view")
def today(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "shift.view")
    return render_page(request, "shift/today.html", _today(request, site))


@page(permission="shift.open", methods=("POST",))
def prepare(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "shift.open")
    opening.prepare_today(by=request.actor, site=site)
    flash(request, _("The day is planned"))
    return redirect_after_post(request, "shift:today")


@page(permission="shift.open", methods=("POST",))
def tick_done(request: HttpRequest, code: UUID) -> HttpResponse:
    tick = selectors.access_tick(request.actor, code)
    opening.answer_item(by=request.actor, site=tick.site, tick=tick, result=Tick.Result.DONE)
    return redirect_after_post(request, f"{reverse('shift:today')}#{tick.purpose}")


@page(permission="shift.open", methods=("POST",))
def tick_not_done(request: HttpRequest, code: UUID) -> HttpResponse:
    tick = selectors.access_tick(request.actor, code)

    def act(data: dict[str, Any]) -> str:
        opening.answer_item(by=request.actor, site=tick.site, tick=tick, result=Tick.Result.NOT_DONE, **data)
        return _("Kept with its reason")

    def again(form: Any, status: int, refusal: DomainError | None = None) -> HttpResponse:
        context = _today(request, tick.site, refusal=refusal, reason_form=form, reason_for=tick.code)
        return render_page(request, "shift/today.html", context, status=status)

    return filled_in(request, ReasonForm(request.POST), act, again, f"{reverse('shift:today')}#{tick.purpose}")


@page(permission="shift.arrive", methods=("POST",))
def arrive(request: HttpRequest, code: UUID) -> HttpResponse:
    day = selectors.access_day(request.actor, code)
    arrival = opening.note_arrival(by=request.actor, site=day.site, day=day)
    late = _("Here, %(n)s min late") % {"n": arrival.late_minutes}
    flash(request, late if arrival.late_minutes else _("Here, on time"))
    return redirect_after_post(request, "shift:today")


@page(permission="shift.open", methods=("POST",))
def open_day(request: HttpRequest, code: UUID) -> HttpResponse:
    day = selectors.access_day(request.actor, code)
    try:
        opening.open_site(by=request.actor, site=day.site, day=day)
    except DomainError as error:
        if getattr(request, "htmx", None):
            raise
        context = _today(request, day.site, refusal=error)
        return render_page(request, "shift/today.html", context, status=error.status)
    flash(request, _("The site is opened"))
    return redirect_after_post(request, "shift:today")


@page(permission="policy.override", methods=("POST",))
def override(request: HttpRequest, code: UUID) -> HttpResponse:
    day = selectors.access_day(request.actor, code)

    def act(data: dict[str, Any]) -> str:
        opening.override_opening(by=request.actor, site=day.site, day=day, **data)
        return _("Overridden once; it is reviewed on the next opening day")

    def again(form: Any, status: int, refusal: DomainError | None = None) -> HttpResponse:
        context = _today(request, day.site, refusal=refusal, override_form=form)
        return render_page(request, "shift/today.html", context, status=status)

    return filled_in(request, ReasonForm(request.POST), act, again, reverse("shift:today"))


@page(permission="shift.sheet")
def meeting(request: HttpRequest) -> HttpResponse:
    site = site_for(request, "shift.sheet")
    return _meeting(request, site, sites.today(site))


@page(permission="shift.sheet")
def meeting_of(request: HttpRequest, day: str) -> HttpResponse:
    return _meeting(request, site_for(request, "shift.sheet"), day_or_404(day))


@page(permission="shift.meet", methods=("POST",))
def start(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_meeting(request.actor, code)
    begun = meetings.start_meeting(by=request.actor, site=found.site, meeting=found)
    late = _("Begun %(n)s min late") % {"n": begun.late_minutes}
    flash(request, late if begun.late_minutes else _("Begun on time"))
    return _to_meeting(request, found)


@page(permission="shift.meet", methods=("POST",))
def attend(request: HttpRequest, code: UUID, presence: str) -> HttpResponse:
    attendee = selectors.access_attendee(request.actor, code)
    meetings.mark_attendee(by=request.actor, site=attendee.site, attendee=attendee, presence=presence)
    return _to_meeting(request, selectors.access_meeting(request.actor, attendee.meeting.code))


@page(permission="shift.meet", methods=("POST",))
def end(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_meeting(request.actor, code)

    def act(data: dict[str, Any]) -> str:
        meetings.end_meeting(by=request.actor, site=found.site, meeting=found, **data)
        return _("The meeting is over")

    def again(form: Any, status: int, refusal: DomainError | None = None) -> HttpResponse:
        return _meeting(request, found.site, found.day.day, notes_form=form, refusal=refusal, status=status)

    back = reverse("shift:meeting-of", args=[found.day.day.isoformat()])
    return filled_in(request, NotesForm(request.POST), act, again, back)


@page(permission="shift.contacts", methods=("GET", "POST"))
def tomorrow(request: HttpRequest) -> HttpResponse:
    """The evening list: masked until somebody asks for it to be printed, which is logged per patient."""
    site = site_for(request, "shift.contacts")
    today_there = sites.today(site)
    shown = request.method == "POST"
    if shown:
        day, rows = sheet.reveal_contacts(by=request.actor, site=site, day=today_there)
    else:
        day, rows = sheet.bookings_after(site, today_there)
        note_listing(request.actor, [row.patient for row in rows])
    context = {"site": site, "day": day, "rows": rows, "shown": shown}
    return render_page(request, "shift/tomorrow.html", context)


def day_or_404(text: str) -> date:
    """A day from a URL. Raises Http404 for anything else, and for days that no clinic has."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Http404 from None
    if not EARLIEST <= day <= LATEST:
        raise Http404
    return day


def _today(request: HttpRequest, site: Site, **given: Any) -> dict[str, Any]:
    found = selectors.today_at(site, sites.today(site))
    lists = [
        {
            "key": purpose.value,
            "label": purpose.label,
            "rows": found.lists[purpose],
            "left": found.left(purpose),
            "closed": found.day is not None
            and (found.day.state == "closed" or (purpose == Checklist.Purpose.OPENING and found.day.is_open)),
        }
        for purpose in LISTS
        if purpose in found.lists
    ]
    allowed = may(request, site)
    allowed["override"] = allowed["override"] and found.left(Checklist.Purpose.OPENING) > 0
    return {
        "site": site,
        "today": found,
        "lists": lists,
        "missing": found.left(Checklist.Purpose.OPENING),
        "unopened": found.day is not None and found.day.state in ("planned", "in_progress"),
        "here": any(one.user_id == request.actor.user_id for one in found.arrivals),
        "late": [one for one in found.arrivals if one.late_minutes],
        "parts": parts(request),
        "may": allowed,
        "reason_form": given.get("reason_form") or ReasonForm(auto_id="reason_%s"),
        "reason_for": given.get("reason_for"),
        "override_form": given.get("override_form") or ReasonForm(auto_id="override_%s"),
        "refusal": given.get("refusal"),
    }


def _meeting(
    request: HttpRequest, site: Site, day: date, *, status: int = 200, refusal: DomainError | None = None, **given: Any
) -> HttpResponse:
    found = selectors.day_of(site, day)
    held = Meeting.objects.select_related("site", "day").filter(day=found).first() if found is not None else None
    computed = sheet.morning_sheet(site, day)
    note_listing(request.actor, computed.patients)
    context = {
        "site": site,
        "day": day,
        "sheet": computed,
        "meeting": held,
        "attendees": list(held.attendees.select_related("staff")) if held is not None else [],
        "may": may(request, site),
        "parts": parts(request),
        "notes_form": given.get("notes_form") or NotesForm(),
        "refusal": refusal,
    }
    return render_page(request, "shift/meeting.html", context, status=status)


def _to_meeting(request: HttpRequest, found: Meeting) -> HttpResponse:
    default = reverse("shift:meeting-of", args=[found.day.day.isoformat()])
    return redirect_after_post(request, next_path(request, default))
