"""Money figures of a site and day."""

from __future__ import annotations

from datetime import date

from django.db.models import Count, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from kernel import clock
from kernel.registry import Fact
from services.cashier.models import Arrear, Payment, Receipt, ReceiptLine
from services.sites.models import Site


def takings(site: Site, day: date) -> Fact | None:
    """Money taken in on the local day, in fen, and by how many payments."""
    start, end = clock.day_bounds(day, site.timezone)
    payments = Payment.objects.filter(site=site, paid_at__gte=start, paid_at__lt=end)
    found = payments.aggregate(total=Sum("amount_fen"), count=Count("pk"))
    return Fact(found["total"], None, found["count"]) if found["count"] else None


def arrears(site: Site, day: date) -> Fact | None:
    """What was still owed to the site when the local day ended, in fen, and on how many items.

    Nobody owing anything is a measured 0; only a site that had not yet charged anybody by then has no figure. Later
    payments do not change what was owed on an earlier day, so it is read from the receipts and not from the balance.
    """
    _start, end = clock.day_bounds(day, site.timezone)
    if not Receipt.objects.filter(site=site, issued_at__lt=end).exists():
        return None
    settled = (
        ReceiptLine.objects.filter(line=OuterRef("line"), receipt__slip__isnull=True, receipt__issued_at__lt=end)
        .values("line")
        .annotate(total=Sum("received_fen"))
        .values("total")
    )
    rows = Arrear.objects.filter(site=site, arose_at__lt=end).annotate(
        rest=F("owed_fen") - Coalesce(Subquery(settled), 0)
    )
    found = rows.aggregate(total=Sum("rest", default=0), count=Count("pk", filter=Q(rest__gt=0)))
    return Fact(found["total"], None, found["count"])
