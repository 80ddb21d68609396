"""What the front desk leaves open when a shift ends (slot ``shift.leftovers``)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from services.reception.selectors import here_now
from services.sites.models import Site


def of_day(site: Site, day: date) -> list[dict[str, Any]]:
    """Guests who are still in the house: nobody has said yet that they left, or that they are settled."""
    here = [str(code) for code in here_now(site).order_by("arrived_at", "id").values_list("code", flat=True)]
    if not here:
        return []
    title = ngettext("%(n)s guest is still in the house", "%(n)s guests are still in the house", len(here))
    return [
        {
            "source": "reception.here",
            "keys": here,
            "title": title % {"n": len(here)},
            "cure": _("See them out, or finish their visits"),
            "url": ("reception:board",),
        }
    ]
