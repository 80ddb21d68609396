"""What the treatment area leaves open when a shift ends (slot ``shift.leftovers``)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from services.reception.models import Visit
from services.sites.models import Site
from services.sites.selectors import day_bounds
from services.treatment_area.models import Concern
from services.treatment_area.selectors import has_attendant, sheet_of


def of_day(site: Site, day: date) -> list[dict[str, Any]]:
    """Take-overs without a nurse's signature and the unsigned sheet, where the site has attendants; open cases."""
    found: list[dict[str, Any]] = []
    start, end = day_bounds(site, day)
    led_in = Visit.objects.filter(site=site, led_in_at__gte=start, led_in_at__lt=end).order_by("led_in_at", "id")
    if has_attendant(site):
        rows = led_in.values_list("code", "floor_entry")
        unsigned = [str(code) for code, entry in rows if entry is None]
        if unsigned:
            title = ngettext("%(n)s take-over is unsigned", "%(n)s take-overs are unsigned", len(unsigned))
            found.append(
                {
                    "source": "treatment_area.take_overs",
                    "keys": unsigned,
                    "title": title % {"n": len(unsigned)},
                    "cure": _("A nurse signs the floor register"),
                    "url": ("treatment_area:board",),
                }
            )
        if rows and sheet_of(site, day) is None:
            found.append(
                {
                    "source": "treatment_area.sheet",
                    "keys": [day.isoformat()],
                    "title": _("The daily sheet of the waiting area is unsigned"),
                    "cure": _("The attendant hands it in"),
                    "url": ("treatment_area:sheet",),
                }
            )
    concerns = [str(code) for code in Concern.objects.filter(site=site, state="open").values_list("code", flat=True)]
    if concerns:
        title = ngettext(
            "%(n)s complaint or special case is open", "%(n)s complaints and special cases are open", len(concerns)
        )
        found.append(
            {
                "source": "treatment_area.concerns",
                "keys": concerns,
                "title": title % {"n": len(concerns)},
                "cure": _("Resolve them"),
                "url": ("treatment_area:concerns",),
                "part": "problem",
            }
        )
    return found
