"""What the till leaves open when a shift ends (slot ``shift.leftovers``)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from services.sites.models import Site
from services.till_days.machines import RUNNING
from services.till_days.models import TillDay


def of_day(site: Site, day: date) -> list[dict[str, Any]]:
    """Tills up to ``day`` that were not counted by two (CA-046): money, so it is cured and never passed on (ledger 17 G). Where
    nobody designated is in the house, a deputy is."""
    rows = TillDay.objects.filter(site=site, day__lte=day, state__in=RUNNING).order_by("day")
    codes = [str(code) for code in rows.values_list("code", flat=True)]
    if not codes:
        return []
    title = ngettext("%(n)s till is not reconciled", "%(n)s tills are not reconciled", len(codes))
    return [
        {
            "source": "till_days.open",
            "keys": codes,
            "title": title % {"n": len(codes)},
            "cure": _("Count, and let a second person count"),
            "url": ("till_days:day", codes[0]),
            "money": True,
        }
    ]
