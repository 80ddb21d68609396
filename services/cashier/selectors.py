"""Reads of the till."""

from __future__ import annotations

from datetime import date

from django.db.models import F, Prefetch, QuerySet, Sum
from django.http import HttpRequest

from kernel import clock
from kernel.access import accessible
from kernel.context import Actor
from services.cashier.models import Arrear, ChargeLine, ChargeSlip, Payment, Receipt
from services.patients.models import Patient
from services.sites.models import Site


def waiting_slips(actor: Actor, site: Site | None = None) -> QuerySet[ChargeSlip]:
    """Signed slips that nobody charged yet, the oldest first, with their total (``total_fen``)."""
    rows = accessible(ChargeSlip.objects.filter(state="issued"), actor, "cashier.charge")
    if site is not None:
        rows = rows.filter(site=site)
    return (
        rows.select_related("patient", "doctor", "site")
        .prefetch_related(Prefetch("lines", ChargeLine.objects.order_by("id")))
        .annotate(total_fen=Sum("lines__amount_fen"))
        .order_by("signed_at")
    )


def waiting_count(request: HttpRequest) -> int:
    """How many slips wait at the till, for the rail."""
    return accessible(ChargeSlip.objects.filter(state="issued"), request.actor, "cashier.charge").count()  # type: ignore[attr-defined]


def receipts_of_day(actor: Actor, site: Site, day: date) -> QuerySet[Receipt]:
    """The receipts of a site's local day, the latest first."""
    start, end = clock.day_bounds(day, site.timezone)
    rows = Receipt.objects.filter(site=site, issued_at__gte=start, issued_at__lt=end)
    return (
        accessible(rows, actor, "cashier.view")
        .select_related("patient", "site")
        .prefetch_related("payments")
        .order_by("-issued_at")
    )


def open_arrears(actor: Actor, patient: Patient | None = None) -> QuerySet[Arrear]:
    """What is still owed, the oldest first, with ``rest_fen``."""
    rows = accessible(Arrear.objects.filter(settled_at__isnull=True), actor, "cashier.view")
    if patient is not None:
        rows = rows.filter(patient=patient)
    return (
        rows.select_related("patient", "line", "receipt", "site")
        .annotate(rest_fen=F("owed_fen") - F("settled_fen"))
        .order_by("arose_at")
    )


def day_totals(actor: Actor, site: Site, day: date) -> list[dict[str, object]]:
    """Money of the day by tender: ``tender``, ``total_fen``, in the order of the tenders' names."""
    start, end = clock.day_bounds(day, site.timezone)
    rows = accessible(Payment.objects.filter(site=site, paid_at__gte=start, paid_at__lt=end), actor, "cashier.view")
    return list(rows.values("tender").annotate(total_fen=Sum("amount_fen")).order_by("tender"))
