"""What an outage leaves open when a shift ends (slot ``shift.leftovers``)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from services.outage.models import OutageWindow
from services.outage.selectors import gaps_at, written_at
from services.sites.models import Site


def of_day(site: Site, day: date) -> list[dict[str, Any]]:
    """Paper receipts that no book knows (money: they block the close), gaps in the numbers, and an outage that lasts."""
    found = []
    # One statement for both: a number that is written is no gap.
    numbers = list((written_at(site) | gaps_at(site)).order_by("pk").values_list("code", "written_at"))
    written = [str(code) for code, at in numbers if at is not None]
    if written:
        title = ngettext(
            "%(n)s emergency receipt is not entered", "%(n)s emergency receipts are not entered", len(written)
        )
        found.append(
            {
                "source": "outage.written",
                "keys": written,
                "title": title % {"n": len(written)},
                "cure": _("Charge it and enter its number"),
                "url": ("outage:numbers",),
                "money": True,
            }
        )
    gaps = [str(code) for code, at in numbers if at is None]
    if gaps:
        title = ngettext(
            "%(n)s emergency number is unaccounted for", "%(n)s emergency numbers are unaccounted for", len(gaps)
        )
        found.append(
            {
                "source": "outage.gaps",
                "keys": gaps,
                "title": title % {"n": len(gaps)},
                "cure": _("Say what became of it"),
                "url": ("outage:numbers",),
            }
        )
    lasting = OutageWindow.objects.filter(site=site, until__isnull=True)
    windows = [str(code) for code in lasting.values_list("code", flat=True)]
    if windows:
        found.append(
            {
                "source": "outage.lasting",
                "keys": windows,
                "title": _("A declared outage is not closed"),
                "cure": _("Close it"),
                "url": ("outage:today",),
            }
        )
    return found
