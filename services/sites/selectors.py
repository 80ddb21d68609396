"""Reading sites: where somebody may work, when a site is open, which chairs it has."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from datetime import date, datetime
from uuid import UUID

from django.db import connection
from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from kernel import calendars, clock, context, tenancy
from kernel.access import accessible
from kernel.calendars import Span, WeeklyHours
from kernel.context import ALL, Actor
from kernel.errors import NotFound
from services.sites.models import Chair, LegalEntity, OpeningException, OpeningHours, Room, Site

_HOURS = f"""
    SELECT ARRAY(
        SELECT ARRAY[usual.weekday, usual.opens, usual.closes] FROM {OpeningHours._meta.db_table} usual
        WHERE usual.site_id = %(site)s ORDER BY usual.weekday, usual.opens
    ), (
        SELECT json_agg(json_build_array(other.day, other.spans) ORDER BY other.day)
        FROM {OpeningException._meta.db_table} other
        WHERE other.site_id = %(site)s AND other.day BETWEEN %(since)s AND %(until)s
    )
"""  # noqa: S608  # the names of two tables


def sites() -> QuerySet[Site]:
    """The sites in operation, in their order."""
    return Site.objects.filter(is_active=True).select_related("entity")


_of_this_request: ContextVar[tuple[str, list[Site]]] = ContextVar("sites_of_this_request", default=("", []))


def sites_now() -> list[Site]:
    """The sites in operation; asked once per request, because the frame of every page shows them."""
    here = f"{tenancy.current().schema_name}:{context.request_id()}"
    known, rows = _of_this_request.get()
    if known != here or not context.request_id():
        rows = list(sites())
        _of_this_request.set((here, rows))
    return rows


def sites_of(actor: Actor, word: str = "sites.view") -> QuerySet[Site]:
    """The sites in operation where ``actor`` holds ``word``."""
    granted = actor.sites(word)
    return sites() if granted is ALL else sites().filter(code__in=granted)


def visible_sites(actor: Actor) -> QuerySet[Site]:
    """All sites ``actor`` may see, closed ones too."""
    granted = actor.sites("sites.view")
    rows = Site.objects.select_related("entity")
    return rows if granted is ALL else rows.filter(code__in=granted)


def chair_counts(rows: Sequence[Site]) -> dict[int, int]:
    """How many chairs are in use at each of these sites, by primary key; one query."""
    used = Chair.objects.filter(site__in=[site.pk for site in rows], is_active=True, room__is_active=True)
    counted = dict(used.order_by().values_list("site").annotate(Count("pk")))
    return {site.pk: counted.get(site.pk, 0) for site in rows}


def access_site(actor: Actor, code: UUID, word: str = "sites.view") -> Site:
    """The site ``code``, if ``actor`` holds ``word`` there. Raises NotFound (``site_not_found``) otherwise."""
    found = Site.objects.select_related("entity").filter(code=code).first()
    if found is None or not actor.can(word, site=found.code):
        raise NotFound("site_not_found", _("There is no such site."))
    return found


def access_entity(actor: Actor, code: UUID) -> LegalEntity:
    """The legal entity ``code`` for somebody who manages sites. Raises NotFound (``entity_not_found``)."""
    found = LegalEntity.objects.filter(code=code).first() if actor.can("sites.manage") else None
    if found is None:
        raise NotFound("entity_not_found", _("There is no such legal entity."))
    return found


def access_room(actor: Actor, code: UUID, word: str = "sites.view") -> Room:
    """The room ``code`` at a site where ``actor`` holds ``word``. Raises NotFound (``room_not_found``)."""
    found = accessible(Room.objects.select_related("site"), actor, word).filter(code=code).first()
    if found is None:
        raise NotFound("room_not_found", _("There is no such room."))
    return found


def access_chair(actor: Actor, code: UUID, word: str = "sites.view") -> Chair:
    """The chair ``code`` at a site where ``actor`` holds ``word``. Raises NotFound (``chair_not_found``)."""
    found = accessible(Chair.objects.select_related("site", "room"), actor, word).filter(code=code).first()
    if found is None:
        raise NotFound("chair_not_found", _("There is no such chair."))
    return found


def chairs(site: Site) -> QuerySet[Chair]:
    """The chairs of ``site`` that are in use, in the order of the board: room by room."""
    return Chair.objects.filter(site=site, is_active=True, room__is_active=True).select_related("room", "site")


def rooms_with_chairs(site: Site) -> QuerySet[Room]:
    """All rooms of ``site``, closed ones too, each with ``all_chairs``."""
    return Room.objects.filter(site=site).prefetch_related(
        Prefetch("chairs", queryset=Chair.objects.order_by("order", "id"), to_attr="all_chairs")
    )


def weekly_hours(site: Site, *, since: date | None = None, until: date | None = None) -> WeeklyHours:
    """The opening hours of ``site`` with its exceptions from ``since`` to ``until`` (both included; default: all).

    One query; whoever asks for many days of one site takes this value once and asks it.
    """
    with connection.cursor() as cursor:
        # Asked at every booking, move and call: written out, because putting it together would take longer than the answer.
        cursor.execute(_HOURS, {"site": site.pk, "since": since or date.min, "until": until or date.max})
        hours, exceptions = cursor.fetchone()
    week: list[list[Span]] = [[] for _weekday in range(7)]
    for weekday, opens, closes in hours:
        week[weekday].append(Span(opens, closes))
    return WeeklyHours(
        tuple(tuple(spans) for spans in week),
        {date.fromisoformat(day): tuple(Span.parse(*span) for span in spans) for day, spans in exceptions or ()},
    )


def opening_hours(site: Site, day: date) -> tuple[Span, ...]:
    """The open spans of ``site`` on ``day`` in minutes after its midnight; empty when it is closed."""
    return weekly_hours(site, since=day, until=day).on(day)


def hours_today(rows: Sequence[Site]) -> dict[int, tuple[Span, ...]]:
    """The open spans of each site on its own present day, by primary key; two queries for any number of sites."""
    days = {site.pk: today(site) for site in rows}
    spans: dict[int, list[Span]] = {pk: [] for pk in days}
    for row in OpeningHours.objects.filter(site__in=days, weekday__in={day.weekday() for day in days.values()}):
        if row.weekday == days[row.site_id].weekday():
            spans[row.site_id].append(row.span)
    for exception in OpeningException.objects.filter(site__in=days, day__in=set(days.values())):
        if exception.day == days[exception.site_id]:
            spans[exception.site_id] = [Span.parse(*span) for span in exception.spans]
    return {pk: tuple(found) for pk, found in spans.items()}


def open_spans(site: Site, day: date) -> list[tuple[datetime, datetime]]:
    """The open spans of ``site`` on ``day`` as moments in UTC, half-open."""
    return calendars.open_spans(weekly_hours(site, since=day, until=day), day, site.timezone)


def is_open(site: Site, at: datetime) -> bool:
    """Is ``site`` open at ``at``? It is at the minute of opening and no longer at the minute of closing."""
    day = clock.local(at, site.timezone).date()
    hours = weekly_hours(site, since=day, until=day)
    return calendars.is_open(hours, at, site.timezone)


def day_bounds(site: Site, day: date) -> tuple[datetime, datetime]:
    """The local day of ``site`` as half-open span in UTC."""
    return clock.day_bounds(day, site.timezone)


def today(site: Site) -> date:
    """The present day at ``site``."""
    return clock.today(site.timezone)


def entity_on(site: Site, day: date) -> LegalEntity:
    """The legal entity that stood behind ``site`` on ``day``; the present one where no dates were kept."""
    row = (
        site.entities.filter(Q(starts_on__lte=day) & (Q(ends_on__isnull=True) | Q(ends_on__gte=day)))
        .select_related("entity")
        .first()
    )
    return row.entity if row is not None else site.entity


def coming_exceptions(site: Site) -> QuerySet[OpeningException]:
    """The exceptions of ``site`` from today on."""
    return OpeningException.objects.filter(site=site, day__gte=today(site))


def working_site(actor: Actor, preferred: UUID | None = None, word: str = "sites.view") -> Site | None:
    """The site ``actor`` works at now: the ``preferred`` one (chosen in the top bar) if ``word`` holds there, else the
    first one where it does, else None."""
    granted = actor.sites(word)
    mine = [site for site in sites_now() if site.code in granted]
    return next((site for site in mine if site.code == preferred), mine[0] if mine else None)
