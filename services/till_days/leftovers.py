"""What the till leaves open when a shift ends (slot ``shift.leftovers``)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from services.sites.models import Site
from services.till_days.machines import RUNNING
from services.till_days.models import TillDay


def of_day(site: Site, day: date) -> list[dict[str, Any]]:
    """The till of ``day`` was not counted by two (CA-046). It may be passed on with a reason: in a house where nobody can
    count a second time tonight the site is closed all the same, and the till stays open on the lists."""
    open_day = TillDay.objects.filter(site=site, day=day, state__in=RUNNING).first()
    if open_day is None:
        return []
    return [
        {
            "source": "till_days.open",
            "keys": [str(open_day.code)],
            "title": _("The till is not reconciled"),
            "cure": _("Count, and let a second person count"),
            "url": ("till_days:day", str(open_day.code)),
        }
    ]
