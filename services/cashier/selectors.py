"""Reads of the till."""

from __future__ import annotations

from datetime import date

from django.db.models import CharField, F, OuterRef, Prefetch, QuerySet, Subquery, Sum
from django.db.models.functions import Cast
from django.http import HttpRequest

from kernel import clock
from kernel.access import accessible, require
from kernel.context import Actor
from services.books.models import Tender
from services.books.selectors import day_book
from services.cashier.models import Arrear, ChargeLine, ChargeSlip, Receipt
from services.cashier.receipts import REPORT
from services.patients.models import Patient
from services.sites.models import Site
from services.tasks.models import Task


def waiting_slips(
    actor: Actor, site: Site | None = None, *, patient: Patient | None = None, word: str = "cashier.charge"
) -> QuerySet[ChargeSlip]:
    """Signed slips that nobody charged yet, the oldest first, with their total (``total_fen``)."""
    rows = accessible(ChargeSlip.objects.filter(state="issued"), actor, word)
    if site is not None:
        rows = rows.filter(site=site)
    if patient is not None:
        rows = rows.filter(patient=patient)
    return (
        rows.select_related("patient", "doctor", "site")
        .prefetch_related(Prefetch("lines", ChargeLine.objects.order_by("id")))
        .annotate(total_fen=Sum("lines__amount_fen"))
        .order_by("signed_at", "id")
    )


def waiting_count(request: HttpRequest) -> int:
    """How many slips wait at the till, for the rail."""
    return accessible(ChargeSlip.objects.filter(state="issued"), request.actor, "cashier.charge").count()  # type: ignore[attr-defined]


def receipts(actor: Actor) -> QuerySet[Receipt]:
    """Every receipt that ``actor`` may see, the latest first."""
    rows = accessible(Receipt.objects.all(), actor, "cashier.view")
    return rows.select_related("patient", "site", "void").order_by("-issued_at", "-id")


def receipts_of_day(actor: Actor, site: Site, day: date) -> QuerySet[Receipt]:
    """The receipts of a site's local day with their payments, the latest first."""
    start, end = clock.day_bounds(day, site.timezone)
    rows = receipts(actor).filter(site=site, issued_at__gte=start, issued_at__lt=end)
    return rows.prefetch_related("payments")


def with_report(rows: QuerySet[Arrear]) -> QuerySet[Arrear]:
    """``rows`` with ``rest_fen`` (still owed), ``reported_at`` (the supervisor has it since) and ``seen_at``."""
    report = Task.objects.filter(kind=REPORT, key=Cast(OuterRef("receipt__code"), CharField()))
    return rows.annotate(
        rest_fen=F("owed_fen") - F("settled_fen"),
        reported_at=Subquery(report.values("opened_at")[:1]),
        seen_at=Subquery(report.filter(state="done").values("closed_at")[:1]),
    )


def open_arrears(actor: Actor, patient: Patient | None = None) -> QuerySet[Arrear]:
    """What is still owed, the oldest first, ``with_report``."""
    rows = accessible(Arrear.objects.filter(settled_at__isnull=True), actor, "cashier.view")
    if patient is not None:
        rows = rows.filter(patient=patient)
    return with_report(rows.select_related("patient", "line", "receipt", "site")).order_by("arose_at", "id")


def day_totals(actor: Actor, site: Site, day: date) -> dict[str, int]:
    """What came in on the business day in fen by tender, in the order of the tenders; only those that came in. What a
    correction turned round is gone from where it was wrong."""
    require(actor, "cashier.view", site=site.code)
    taken = day_book(site, day).taken
    return {tender: taken[tender] for tender in Tender.values if taken.get(tender)}
