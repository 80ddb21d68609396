"""What complaints leave open when a shift ends, and for the morning meeting (slot ``shift.leftovers``; GV-005)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kernel import clock
from services.complaints.machines import UNANSWERED, UNASSIGNED
from services.complaints.models import Complaint
from services.sites.models import Site


def of_day(site: Site, day: date) -> list[dict[str, Any]]:
    """Cases that nobody handles yet, and those whose answer was promised by the end of ``day``; numbers, no content."""
    end = clock.day_bounds(day, site.timezone)[1]
    waits = Q(state__in=UNASSIGNED) | Q(state__in=UNANSWERED, reply_due_at__lt=end)
    rows = Complaint.objects.filter(waits, site=site, received_at__lt=end).order_by("reply_due_at", "id")
    keys = [str(code) for code in rows.values_list("code", flat=True)]
    if not keys:
        return []
    title = ngettext("%(n)s complaint waits for us", "%(n)s complaints wait for us", len(keys))
    return [
        {
            "source": "complaints.open",
            "keys": keys,
            "title": title % {"n": len(keys)},
            "cure": _("Choose a handler, answer the customer"),
            "url": ("complaints:list",),
            "part": "problem",
        }
    ]
