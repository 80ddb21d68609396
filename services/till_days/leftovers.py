"""What the till leaves open when a shift ends (slot ``shift.leftovers``)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kernel import parameters
from services.sites.models import Site
from services.till_days.machines import RUNNING
from services.till_days.models import TillDay


def of_day(site: Site, day: date) -> list[dict[str, Any]]:
    """Tills up to ``day`` that were not counted by two (CA-046): money, so it is cured and never passed on (ledger 17 G); where
    nobody designated is in the house, a deputy is. A small site passes today's till on with a reason, for one day: the next
    evening it is money there too."""
    rows = TillDay.objects.filter(site=site, day__lte=day, state__in=RUNNING).order_by("day").values_list("day", "code")
    codes = {on: str(code) for on, code in rows}
    if not codes:
        return []
    small = bool(parameters.value("small_site", site=site))
    today = {on: code for on, code in codes.items() if small and on == day}
    money = {on: code for on, code in codes.items() if on not in today}
    return [
        {
            "source": source,
            "keys": list(tills.values()),
            "title": ngettext("%(n)s till is not reconciled", "%(n)s tills are not reconciled", len(tills))
            % {"n": len(tills)},
            "cure": _("Count, and let a second person count"),
            "url": ("till_days:day", next(iter(tills.values()))),
            "money": source == "till_days.open",
        }
        for source, tills in (("till_days.open", money), ("till_days.small_site", today))
        if tills
    ]
