"""What refunds leave open when a shift ends (slot ``shift.leftovers``)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kernel import clock
from services.refunds.machines import HALF_DONE
from services.refunds.models import Refund
from services.sites.models import Site


def of_day(site: Site, day: date) -> list[dict[str, Any]]:
    """Refunds approved by the end of ``day`` that are not paid, signed for and sealed: money, so they block the close
    (SC-14). One that was put off on that day with its reason does not."""
    end = clock.day_bounds(day, site.timezone)[1]
    rows = Refund.objects.filter(site=site, state__in=HALF_DONE, opinion_at__lt=end)
    rows = rows.exclude(state="ready", put_off_on__gte=day).order_by("opinion_at", "id")
    keys = [str(code) for code in rows.values_list("code", flat=True)]
    if not keys:
        return []
    title = ngettext("%(n)s refund is not paid out and signed", "%(n)s refunds are not paid out and signed", len(keys))
    return [
        {
            "source": "refunds.payouts",
            "keys": keys,
            "title": title % {"n": len(keys)},
            "cure": _("Pay it out, have it signed and seal it, or put it off with a reason"),
            "url": ("refunds:register",),
            "money": True,
        }
    ]
