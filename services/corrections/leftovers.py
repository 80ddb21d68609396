"""What the correction book leaves open when a shift ends (slot ``shift.leftovers``)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kernel import clock
from services.corrections.machines import UNSIGNED
from services.corrections.models import Correction
from services.sites.models import Site


def of_day(site: Site, day: date) -> list[dict[str, Any]]:
    """Entries of the book that wait for the supervisor's signature or for the change: money, so they block the close
    (SC-14). What only the higher supervisor has still to read does not."""
    end = clock.day_bounds(day, site.timezone)[1]
    rows = Correction.objects.filter(site=site, state__in=UNSIGNED, drafted_at__lt=end).order_by("drafted_at", "id")
    keys = [str(code) for code in rows.values_list("code", flat=True)]
    if not keys:
        return []
    title = ngettext(
        "%(n)s correction is not signed and applied", "%(n)s corrections are not signed and applied", len(keys)
    )
    return [
        {
            "source": "corrections.unsigned",
            "keys": keys,
            "title": title % {"n": len(keys)},
            "cure": _("Let the supervisor verify and apply it, or reject it"),
            "url": ("corrections:book",),
            "money": True,
        }
    ]
