"""Reading outages: windows, what the server's silence proves, whose waits count no more, which numbers are open."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Count, Exists, Model, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from kernel import access, clock
from kernel.context import Actor
from kernel.errors import NotFound
from services.appointments.models import Appointment
from services.appointments.selectors import on_day
from services.outage.models import EmergencyNumber, OutageVisit, OutageWindow
from services.reception.models import Visit
from services.reception.selectors import is_unexplained
from services.reception.waits import alert_at
from services.sites.models import Site
from tenants import pulse

VIEW = "outage.view"
PROPOSED = timedelta(days=2)
M = TypeVar("M", bound=Model)


def access_window(actor: Actor, code: UUID) -> OutageWindow:
    """The window behind a code. Raises NotFound (``window_not_found``)."""
    rows = OutageWindow.objects.select_related("site")
    return _one(access.accessible(rows, actor, VIEW), code, "window_not_found", _("There is no such outage."))


def access_number(actor: Actor, code: UUID) -> EmergencyNumber:
    """The emergency receipt behind a code. Raises NotFound (``number_not_found``)."""
    rows = access.accessible(EmergencyNumber.objects.select_related("block__site"), actor, VIEW, field="block__site")
    return _one(rows, code, "number_not_found", _("There is no such emergency receipt."))


def windows_for(actor: Actor) -> QuerySet[OutageWindow]:
    """The declared outages that ``actor`` may see, the latest first, with ``touched``: how many visits each took out."""
    rows = access.accessible(OutageWindow.objects.select_related("site"), actor, VIEW)
    return rows.annotate(touched=Count("visits")).order_by("-since", "-id")


def windows_at(actor: Actor, site: Site) -> QuerySet[OutageWindow]:
    """The same of one site."""
    return windows_for(actor).filter(site=site)


def days_of(window: OutageWindow) -> list[date]:
    """The site's local days that a window touches, the first one first."""
    zone = window.site.timezone
    first, last = clock.local(window.since, zone).date(), clock.local(window.until or clock.now(), zone).date()
    return [first + timedelta(days=step) for step in range((last - first).days + 1)]


def open_window(site: Site) -> OutageWindow | None:
    """The outage that lasts now."""
    return OutageWindow.objects.filter(site=site, until__isnull=True).first()


def proposals(site: Site) -> list[tuple[datetime, datetime]]:
    """The server's silences of the last two days that no window of ``site`` touches yet."""
    now = clock.now()
    gaps = pulse.silences(now - PROPOSED, now)
    known = list(OutageWindow.objects.filter(Q(until__isnull=True) | Q(until__gt=now - PROPOSED), site=site))
    return [
        (begin, end) for begin, end in gaps if not any(one.since < end and (one.until or now) > begin for one in known)
    ]


def counted_spans(window: OutageWindow) -> list[tuple[datetime, datetime]]:
    """What of a window counts: the server's silence in it; all of it when the supervisor confirmed that with a reason."""
    end = window.until or clock.now()
    if window.confirmed_reason:
        return [(window.since, end)]
    return pulse.silences(window.since, end)


def touched(window: OutageWindow) -> list[Visit]:
    """The visits whose waits ``window`` takes out and that are not taken out yet.

    A wait counts no more if it overlaps what counts of the window. It stays when its limit ran out at a moment at which
    the server lived and raised the alert: no window and no confirmed reason heals that breach (QU-004).
    """
    spans = counted_spans(window)
    if not spans:
        return []
    silent = pulse.silences(window.since, window.until or clock.now())
    first, last = spans[0][0], spans[-1][1]
    rows = (
        Visit.objects.filter(site=window.site, registered_at__lt=last, registered_at__gte=first - timedelta(days=1))
        .filter(Q(led_in_at__gt=first) | Q(ended_at__gt=first) | Q(led_in_at__isnull=True, ended_at__isnull=True))
        .exclude(Exists(OutageVisit.objects.filter(visit=OuterRef("pk"))))
        .select_related("site")
        .order_by("registered_at", "id")
    )
    now = clock.now()
    found = []
    for visit in rows:
        assert visit.registered_at is not None
        began, ended = visit.registered_at, visit.wait_ended_at or now
        overlaps = any(began < end and ended > begin for begin, end in spans)
        breached_alive = is_unexplained(visit) and not any(begin <= alert_at(visit) <= end for begin, end in silent)
        if overlaps and not breached_alive:
            found.append(visit)
    return found


def unmeasured() -> Exists:
    """Is the wait of a visit measured by nobody? (slot ``reception.unmeasured``)"""
    return Exists(OutageVisit.objects.filter(visit=OuterRef("pk")))


def unmeasured_bookings() -> Exists:
    """The same of a booking: is the wait of its visit measured by nobody? (slot ``appointments.unmeasured``)"""
    return Exists(OutageVisit.objects.filter(visit__appointment=OuterRef("pk")))


def excluded_on(site: Site, day: date) -> int:
    """How many waits of the site's day are excluded because an outage touched them."""
    start, end = clock.day_bounds(day, site.timezone)
    return OutageVisit.objects.filter(
        visit__site=site, visit__registered_at__gte=start, visit__registered_at__lt=end
    ).count()


def exclusions(actor: Actor, since: date) -> list[OutageVisit]:
    """Every wait that was taken out since ``since``, for the exception report (slot ``policy.exclusions``)."""
    rows = OutageVisit.objects.filter(window__declared_at__date__gte=since)
    rows = access.accessible(rows, actor, "policy.view_exceptions", field="window__site")
    return list(rows.select_related("window__site", "visit").order_by("-at", "-id"))


def numbers_for(actor: Actor) -> QuerySet[EmergencyNumber]:
    """The emergency receipts that ``actor`` may see, with ``gap``: blank, although a later one of the block was used."""
    rows = access.accessible(EmergencyNumber.objects.all(), actor, VIEW, field="block__site")
    return _with_gaps(rows).select_related("block__site", "receipt")


def numbers_at(actor: Actor, site: Site) -> QuerySet[EmergencyNumber]:
    """Those of one site, the newest block first."""
    return numbers_for(actor).filter(block__site=site).order_by("-block", "position")


def written_at(site: Site) -> QuerySet[EmergencyNumber]:
    """Paper receipts with money on them that no book knows yet."""
    return EmergencyNumber.objects.filter(
        block__site=site, written_at__isnull=False, receipt__isnull=True, void_at__isnull=True
    )


def gaps_at(site: Site) -> QuerySet[EmergencyNumber]:
    """Blank numbers below one of their block that was used: written without a note, spoilt, or lost."""
    return _with_gaps(EmergencyNumber.objects.filter(block__site=site)).filter(gap=True)


def day_sheet(site: Site, day: date) -> list[Appointment]:
    """The bookings of the day as the paper sheet shows them."""
    return list(on_day(site, day))


def sheet_rows(
    actor: Actor, site: Site, day: date, *, bookings: list[Appointment] | None = None
) -> list[dict[str, Any]]:
    """The sheet as plain data: last four digits of phones only; complaint and remarks for whoever sees bookings.

    ``bookings`` are those of ``day_sheet`` where they were read already.
    """
    whole = access.holds(actor, "appointments.view", site=site.code)
    return [
        {
            "time": clock.local(one.starts_at, site.timezone).strftime("%H:%M"),
            "patient": one.patient.name,
            "phone": (one.patient.phone or "")[-4:],
            "doctor": one.doctor.name,
            "room": one.chair.name if one.chair else "",
            "item": one.item.name if one.item else "",
            "complaint": one.complaint if whole else "",
            "note": one.note if whole else "",
        }
        for one in (day_sheet(site, day) if bookings is None else bookings)
    ]


def _with_gaps(rows: QuerySet[EmergencyNumber]) -> QuerySet[Any]:
    used = Q(written_at__isnull=False) | Q(void_at__isnull=False)
    later = EmergencyNumber.objects.filter(used, block=OuterRef("block"), position__gt=OuterRef("position"))
    return rows.annotate(gap=Exists(later) & Q(written_at__isnull=True) & Q(void_at__isnull=True))


def _one(rows: QuerySet[M], code: UUID, refusal: str, sentence: str) -> M:
    found = rows.filter(code=code).first()
    if found is None:
        raise NotFound(refusal, sentence)
    return found
