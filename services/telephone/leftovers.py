"""What the telephone leaves open when a shift ends (slot ``shift.leftovers``)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kernel import clock
from services.sites.models import Site
from services.telephone.machines import OWED
from services.telephone.models import Promise
from services.telephone.selectors import undelivered


def of_day(site: Site, day: date) -> list[dict[str, Any]]:
    """Messages that have not arrived (TC-007), and promises due by the end of ``day`` of which nobody was told."""
    found = []
    messages = [str(code) for code in undelivered(site).values_list("code", flat=True)]
    if messages:
        found.append(
            {
                "source": "telephone.messages",
                "keys": messages,
                "title": ngettext("%(n)s message has not arrived", "%(n)s messages have not arrived", len(messages))
                % {"n": len(messages)},
                "cure": _("Pass them on and have them acknowledged"),
                "url": ("telephone:messages",),
            }
        )
    _start, end = clock.day_bounds(day, site.timezone)
    owed = Promise.objects.filter(site=site, state__in=OWED, due_at__lt=end).order_by("due_at", "id")
    promises = [str(code) for code in owed.values_list("code", flat=True)]
    if promises:
        found.append(
            {
                "source": "telephone.promises",
                "keys": promises,
                "title": ngettext(
                    "%(n)s customer waits for a promise", "%(n)s customers wait for a promise", len(promises)
                )
                % {"n": len(promises)},
                "cure": _("Tell them, or agree on another time"),
                "url": ("telephone:promises",),
                "part": "problem",
            }
        )
    return found
