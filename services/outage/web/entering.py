"""The page on which visits are entered from the paper sheet: its lines in its order, the bookings of the day first."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kernel.context import Actor
from kernel.errors import DomainError
from kernel.web.views import flash, page, redirect_after_post, render_page
from services.appointments.models import Appointment
from services.appointments.selectors import expected_on
from services.outage import actions, selectors
from services.outage.models import OutageWindow
from services.outage.web.forms import PaperRow
from services.patients.reading import note_listing
from services.patients.selectors import by_record_number
from services.reception.paper import PaperTimes
from services.sites.selectors import chairs
from services.staff.selectors import doctors_at

# Lines for guests without a booking, and the longest sheet that is entered at once.
WALK_INS = 8
LONGEST = 200


@page(permission="outage.enter", methods=("GET", "POST"))
def enter(request: HttpRequest, code: UUID) -> HttpResponse:
    """Every line stands alone: those that are accepted are entered, the others come back with what is wrong."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    window = selectors.access_window(actor, code)
    days = selectors.days_of(window)
    asked = request.POST.get("day") or request.GET.get("day") or ""
    day = next((one for one in days if one.isoformat() == asked), days[0])
    bookings = list(expected_on(window.site, day))
    lists: dict[str, Any] = {
        "doctors": {str(one.code): one for one in doctors_at(window.site, day)},
        "chairs": {str(one.code): one for one in chairs(window.site)},
    }
    if request.method == "POST":
        by_code = {str(one.code): one for one in bookings}
        places = [name.removeprefix("line-") for name in request.POST if name.startswith("line-")][:LONGEST]
        rows = [
            PaperRow(request.POST, prefix=f"row-{place}", booking=by_code.get(request.POST[f"line-{place}"]), **lists)
            for place in places
        ]
        written = [row for row in rows if not row.is_blank]
        entered = [row for row in written if row.is_valid() and _entered(actor, window, day, row)]
        if entered:
            said = ngettext("%(n)s visit is entered", "%(n)s visits are entered", len(entered))
            flash(request, said % {"n": len(entered)})
        if len(entered) == len(written):
            return redirect_after_post(request, f"{reverse('outage:enter', args=[code])}?day={day}")
        rows = [row for row in rows if row not in entered]
    else:
        lines: list[Appointment | None] = [*bookings, *[None] * WALK_INS]
        rows = [PaperRow(prefix=f"row-{place}", booking=one, **lists) for place, one in enumerate(lines)]
    note_listing(actor, [one.patient for one in bookings])
    context = {"window": window, "site": window.site, "day": day, "days": days, "rows": rows}
    return render_page(request, "outage/enter.html", context, status=422 if request.method == "POST" else 200)


def _entered(actor: Actor, window: OutageWindow, day: date, row: PaperRow) -> bool:
    """Enter one line; what is refused stands beside it."""
    cleaned = row.cleaned_data
    try:
        times = PaperTimes(**row.moments(day, window.site))
        who: dict[str, Any] = {"appointment": row.booking}
        if row.booking is None:
            number = cleaned["patient"].strip()
            who = {"patient": by_record_number(actor, number) if number else None}
        actions.enter_visit(
            by=actor,
            site=window.site,
            window=window,
            times=times,
            doctor=row.doctors.get(cleaned["doctor"]),
            chair=row.chairs.get(cleaned["chair"]),
            **who,
        )
    except DomainError as error:
        row.refused = str(error.message) or _("Refused")
        return False
    return True
