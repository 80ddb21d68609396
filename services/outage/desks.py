"""Desks that keep the day sheet, so that it is there when the server does not answer (ledger 17 "Outage").

A shared desk of the house (``kernel.identity.desks``) is named for a site once. From then on its browser keeps what the
paper sheet of today and tomorrow holds, for as long as somebody who may see the sheet works there.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kernel import access, audit, clock, limits
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, NotFound, RuleRefused
from kernel.identity import selectors as people
from kernel.identity import sessions
from kernel.identity.models import Desk
from services.outage.models import SheetDesk
from services.outage.selectors import VIEW, day_sheet, sheet_rows
from services.patients.reading import note_listing
from services.sites.models import Site

WORD = "outage.desks"
# The same sheet for the same person at the same desk is logged once in a working day, not at every refreshment.
LOGGED_SECONDS = 12 * 3600


@action(permission=WORD)
def keep_at_desk(*, by: Actor, site: Site, desk: Desk) -> SheetDesk:
    """Let ``desk`` keep the day sheet of ``site``.

    Raises RuleRefused (``desk_revoked``, ``desk_of_other_site``), Conflict (``desk_keeps_sheet``).
    """
    if desk.revoked_at is not None:
        raise RuleRefused("desk_revoked", _("This computer is no shared desk any more. Register it again first."))
    if desk.site_code not in (None, site.code):
        raise RuleRefused("desk_of_other_site", _("This desk stands at another site."))
    try:
        with transaction.atomic():
            kept = SheetDesk.objects.create(
                desk=desk, site=site, registered_at=clock.now(), registered_by_id=by.user_id, registered_by_name=by.name
            )
    except IntegrityError as error:
        raise Conflict("desk_keeps_sheet", _("This desk keeps a day sheet already.")) from error
    audit.record(by=by, verb="outage.desk_registered", target=kept, site=site.code, desk=str(desk.code))
    return kept


@action(permission=WORD)
def withdraw_desk(*, by: Actor, site: Site, kept: SheetDesk) -> SheetDesk:
    """The desk keeps no sheet any more; what it holds is deleted with its next request.

    Raises NotFound (``sheet_desk_not_found``), Conflict (``sheet_desk_withdrawn``).
    """
    kept = _one(SheetDesk.objects.select_for_update(of=("self",)).filter(site=site), kept.code)
    if kept.withdrawn_at is not None:
        raise Conflict("sheet_desk_withdrawn", _("This desk keeps no day sheet any more."))
    kept.withdrawn_at, kept.withdrawn_by_name = clock.now(), by.name
    kept.bump({"withdrawn_at", "withdrawn_by_name"})
    audit.record(by=by, verb="outage.desk_withdrawn", target=kept, site=site.code, desk=str(kept.desk.code))
    return kept


def sheet_desks_for(actor: Actor) -> QuerySet[SheetDesk]:
    """The desks that keep a sheet, at the sites where ``actor`` keeps them."""
    rows = SheetDesk.objects.select_related("site", "desk").filter(withdrawn_at__isnull=True)
    return access.accessible(rows, actor, WORD).order_by("desk__name", "id")


def access_sheet_desk(actor: Actor, code: UUID) -> SheetDesk:
    """The registration behind a code. Raises NotFound (``sheet_desk_not_found``)."""
    return _one(access.accessible(SheetDesk.objects.select_related("site", "desk"), actor, WORD), code)


def free_desks(site: Site) -> QuerySet[Desk]:
    """The shared desks of ``site``, and those of no site, that keep no sheet yet."""
    taken = SheetDesk.objects.filter(withdrawn_at__isnull=True).values("desk")
    return people.desks().filter(Q(site_code=site.code) | Q(site_code__isnull=True)).exclude(pk__in=taken)


def access_desk(actor: Actor, site: Site, code: UUID) -> Desk:
    """A shared desk that may be named for ``site``. Raises Forbidden, NotFound (``desk_not_found``)."""
    access.require(actor, WORD, site=site.code)
    found = people.desks().filter(Q(site_code=site.code) | Q(site_code__isnull=True), code=code).first()
    if found is None:
        raise NotFound("desk_not_found", _("There is no such desk."))
    return found


def kept_here(request: HttpRequest) -> SheetDesk | None:
    """The registration of the desk whose browser asks, if the person who works there now may see the sheet of its site.

    A session that began elsewhere costs no query.
    """
    desk = request.session.get(sessions.DESK) if hasattr(request, "session") else None
    if not desk or getattr(request, "desk_is_locked", False):
        return None
    rows = SheetDesk.objects.select_related("site").filter(withdrawn_at__isnull=True, desk__revoked_at__isnull=True)
    found = rows.filter(desk_id=desk).first()
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return found if found is not None and access.holds(actor, VIEW, site=found.site.code) else None


def sheets_of(actor: Actor, kept: SheetDesk) -> list[dict[str, Any]]:
    """What the desk keeps: day, rows and rest of life (``seconds`` from now to the end of the day) of the sheets of today
    and tomorrow. Who saw which patients is logged."""
    zone, now = kept.site.timezone, clock.now()
    today = clock.today(zone)
    found, patients = [], []
    for day in (today, today + timedelta(days=1)):
        bookings = day_sheet(kept.site, day)
        patients += [one.patient for one in bookings]
        rows = sheet_rows(actor, kept.site, day, bookings=bookings)
        seconds = int((clock.day_bounds(day, zone)[1] - now).total_seconds())
        found.append({"day": day, "rows": rows, "seconds": seconds})
    codes = "".join(sorted({str(one.code) for one in patients}))
    shown = hashlib.sha256(f"{kept.code}{actor.code}{today}{codes}".encode()).hexdigest()
    if limits.first_use("kept-sheet", shown, seconds=LOGGED_SECONDS):
        note_listing(actor, patients)
    return found


def page_mark(request: HttpRequest) -> SafeString | None:
    """In the head of every page of such a desk: whose sheet its browser keeps (slot ``page.head``)."""
    kept = kept_here(request)
    if kept is None:
        return None
    actor: Actor = request.actor  # type: ignore[attr-defined]
    mark = '<meta name="kept-sheet" content="{}.{}" data-worker="{}">'
    return format_html(mark, kept.code, actor.code, reverse("outage:worker"))


def _one(rows: QuerySet[SheetDesk], code: UUID) -> SheetDesk:
    found = rows.filter(code=code).first()
    if found is None:
        raise NotFound("sheet_desk_not_found", _("There is no such desk."))
    return found
