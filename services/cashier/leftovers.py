"""What the till leaves open when a shift ends (slot ``shift.leftovers``)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kernel import clock
from services.cashier.models import ChargeSlip
from services.sites.models import Site


def of_day(site: Site, day: date) -> list[dict[str, Any]]:
    """Slips signed by the end of ``day`` that nobody charged or withdrew: money, so they block the close (17 "Close")."""
    end = clock.day_bounds(day, site.timezone)[1]
    slips = ChargeSlip.objects.filter(site=site, state="issued", signed_at__lt=end).order_by("signed_at", "id")
    keys = [str(code) for code in slips.values_list("code", flat=True)]
    if not keys:
        return []
    title = ngettext("%(n)s signed slip is not charged", "%(n)s signed slips are not charged", len(keys))
    return [
        {
            "source": "cashier.slips",
            "keys": keys,
            "title": title % {"n": len(keys)},
            "cure": _("Charge it, or have it withdrawn"),
            "url": ("cashier:till",),
            "money": True,
        }
    ]
