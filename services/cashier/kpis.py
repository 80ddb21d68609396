"""Money figures of a site and day."""

from __future__ import annotations

from datetime import date

from django.db.models import Count, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from kernel import clock
from kernel.registry import Fact
from services.books.models import Account, Movement
from services.books.selectors import OF_PATIENTS
from services.cashier.models import Arrear, ChargeSlip, Receipt, ReceiptLine
from services.reception.selectors import median_minutes
from services.sites.models import Site


def takings(site: Site, day: date) -> Fact | None:
    """What patients paid on the business day less what they got back, in fen, and by how many entries of the books."""
    rows = Movement.objects.filter(site=site, day=day, kind__in=OF_PATIENTS)
    came, went = Q(debit=Account.MONEY), Q(credit=Account.MONEY)
    found = rows.filter(came | went).aggregate(
        came=Sum("amount_fen", filter=came, default=0),
        went=Sum("amount_fen", filter=went, default=0),
        count=Count("entry", distinct=True),
    )
    return Fact(found["came"] - found["went"], None, found["count"]) if found["count"] else None


def arrears(site: Site, day: date) -> Fact | None:
    """What was still owed to the site when the local day ended, in fen, and on how many items.

    Nobody owing anything is a measured 0; only a site that had not yet charged anybody by then has no figure. Later
    payments do not change what was owed on an earlier day, so it is read from the receipts and not from the balance.
    """
    _start, end = clock.day_bounds(day, site.timezone)
    if not Receipt.objects.filter(site=site, issued_at__lt=end).exists():
        return None
    # A receipt that was voided later still stood when this day ended.
    stood = Q(receipt__void__isnull=True) | Q(receipt__void__at__gte=end)
    settled = (
        ReceiptLine.objects.filter(stood, line=OuterRef("line"), receipt__slip__isnull=True, receipt__issued_at__lt=end)
        .values("line")
        .annotate(total=Sum("received_fen"))
        .values("total")
    )
    open_then = Q(voided_at__isnull=True) | Q(voided_at__gte=end)
    rows = Arrear.objects.filter(open_then, site=site, arose_at__lt=end).annotate(
        rest=F("owed_fen") - Coalesce(Subquery(settled), 0)
    )
    found = rows.aggregate(total=Sum("rest", default=0), count=Count("pk", filter=Q(rest__gt=0)))
    return Fact(found["total"], None, found["count"])


def till_wait(site: Site, day: date) -> Fact | None:
    """The median wait at the till of the day, from the doctor's signature on the slip to its charge, in whole minutes (CA-017).

    Weighted by how many slips were charged, so that several days together give the mean of their medians per slip. Goods
    that the cashier writes herself wait for nobody.
    """
    start, end = clock.day_bounds(day, site.timezone)
    rows = ChargeSlip.objects.filter(
        site=site, kind=ChargeSlip.Kind.TREATMENT, billed_at__gte=start, billed_at__lt=end
    ).values_list("signed_at", "billed_at")
    waits = [int((billed - signed).total_seconds()) for signed, billed in rows if billed is not None]
    median = median_minutes(waits)
    return None if median is None else Fact(median * len(waits), len(waits), len(waits))
