"""The day sheet as PDF: what the printed page holds, with the lines on which the day is written by hand."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from kernel import clock
from kernel.context import Actor
from services.documents.typesetting import typeset
from services.outage.selectors import day_sheet, sheet_rows
from services.patients.reading import note_listing
from services.sites.models import Site

# Lines for guests without a booking.
BLANK = 8


def headings() -> list[str]:
    """The columns of the sheet in their order; the last five are empty and filled in by hand."""
    return [
        _("Time"), _("Patient"), _("Phone"), _("Doctor"), _("Room"), _("Item"), _("Chief complaint"), _("Remarks"),
        _("Arrived"), _("Registered"), _("Led in"), _("Finished"), _("Left"),
    ]  # fmt: skip


def sheet_pdf(actor: Actor, site: Site, day: date) -> bytes:
    """The sheet of ``site`` for ``day`` as PDF (A4 across). Who saw which patients is logged.

    Raises FontsMissing. The reader is judged by whoever calls: ``outage.view`` at the site.
    """
    bookings = day_sheet(site, day)
    now = clock.now()
    as_of = clock.local(now, site.timezone)
    content = {
        "title": _("Day sheet"),
        "site": site.name,
        "day": day.isoformat(),
        "as_of": _("as of %(time)s") % {"time": f"{as_of:%Y-%m-%d %H:%M}"},
        "heads": headings(),
        "rows": sheet_rows(actor, site, day, bookings=bookings),
        "blank": BLANK,
    }
    note_listing(actor, [one.patient for one in bookings])
    return typeset("outage/sheet.typ", content, at=now)
