"""Money figures of a site and day."""

from __future__ import annotations

from datetime import date

from django.db.models import F, Q, Sum

from kernel import clock
from kernel.registry import Fact
from services.cashier.models import Arrear, Payment
from services.sites.models import Site


def takings(site: Site, day: date) -> Fact | None:
    """Money taken in on the local day, in fen, and by how many payments."""
    start, end = clock.day_bounds(day, site.timezone)
    payments = Payment.objects.filter(site=site, paid_at__gte=start, paid_at__lt=end)
    total = payments.aggregate(total=Sum("amount_fen"))["total"]
    return None if total is None else Fact(total, None, payments.count())


def arrears(site: Site, day: date) -> Fact | None:
    """What was still owed to the site when the local day ended, in fen, and on how many items."""
    _start, end = clock.day_bounds(day, site.timezone)
    still_open = Arrear.objects.filter(Q(settled_at__isnull=True) | Q(settled_at__gte=end), site=site, arose_at__lt=end)
    total = still_open.aggregate(total=Sum(F("owed_fen") - F("settled_fen")))["total"]
    return None if total is None else Fact(total, None, still_open.count())
