"""What the till leaves open when a shift ends (slot ``shift.leftovers``)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db.models import CharField, Exists, OuterRef, QuerySet
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kernel import clock
from services.cashier.models import Arrear, ChargeSlip
from services.cashier.receipts import REPORT
from services.sites.models import Site
from services.tasks.models import Task


def of_day(site: Site, day: date) -> list[dict[str, Any]]:
    """Slips signed by the end of ``day`` that nobody charged or withdrew, and arrears of it that the supervisor was not
    told of (CA-008): money, so they block the close (17 "Close")."""
    end = clock.day_bounds(day, site.timezone)[1]
    slips = ChargeSlip.objects.filter(site=site, state="issued", signed_at__lt=end).order_by("signed_at", "id")
    keys = [str(code) for code in slips.values_list("code", flat=True)]
    found = []
    if keys:
        title = ngettext("%(n)s signed slip is not charged", "%(n)s signed slips are not charged", len(keys))
        found.append(
            {
                "source": "cashier.slips",
                "keys": keys,
                "title": title % {"n": len(keys)},
                "cure": _("Charge it, or have it withdrawn"),
                "url": ("cashier:till",),
                "money": True,
            }
        )
    silent = [str(code) for code in unreported(site, end).values_list("receipt__code", flat=True)]
    if silent:
        title = ngettext(
            "%(n)s receipt with arrears is not reported",
            "%(n)s receipts with arrears are not reported",
            len(set(silent)),
        )
        found.append(
            {
                "source": "cashier.arrears",
                "keys": sorted(set(silent)),
                "title": title % {"n": len(set(silent))},
                "cure": _("Report it to the supervisor"),
                "url": ("cashier:arrears",),
                "money": True,
            }
        )
    return found


def unreported(site: Site, until: datetime) -> QuerySet[Arrear]:
    """What is owed from before ``until`` and was never reported to the supervisor."""
    told = Task.objects.filter(kind=REPORT, key=Cast(OuterRef("receipt__code"), CharField()))
    rows = Arrear.objects.filter(site=site, settled_at__isnull=True, voided_at__isnull=True, arose_at__lt=until)
    return rows.filter(~Exists(told)).order_by("arose_at", "id")
