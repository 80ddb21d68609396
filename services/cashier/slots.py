"""What the till shows on the pages of a patient and of a visit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import money
from kernel.access import accessible
from services.cashier.machines import SLIP
from services.cashier.models import Arrear, ChargeLine, Receipt
from services.patients.models import Patient


def visit_actions(request: HttpRequest, *, visit: Any, **context: Any) -> list[dict[str, Any]]:
    """The slip of a visit, for whoever signs it: the one way by which something comes to the till."""
    if not request.actor.can("cashier.issue_slip"):  # type: ignore[attr-defined]
        return []
    url = f"{reverse('cashier:new-slip')}?patient={visit.patient.code}&visit={visit.code}"
    return [{"key": "W", "label": _("Charge slip"), "url": url, "icon": "cash", "order": 30}]


def patient_tab(request: HttpRequest, *, patient: Patient, **context: Any) -> list[dict[str, Any]]:
    """The tab with a patient's receipts and arrears."""
    if not request.actor.can("cashier.view"):  # type: ignore[attr-defined]
        return []
    return [
        {
            "key": "cashier",
            "label": _("Receipts"),
            "url": reverse("cashier:of-patient", args=[patient.code]),
            "icon": "cash",
        }
    ]


def patient_timeline(request: HttpRequest, *, patient: Patient, **context: Any) -> list[dict[str, Any]]:
    """The last receipts, for the timeline."""
    actor = request.actor  # type: ignore[attr-defined]
    if not actor.can("cashier.view"):
        return []
    rows = accessible(Receipt.objects.filter(patient=patient), actor, "cashier.view").order_by("-issued_at")
    rows = rows.select_related("void")[:20]
    return [
        {
            "at": receipt.issued_at,
            "icon": "cash",
            "title": _("Receipt %(number)s") % {"number": receipt.number}
            + (" · " + _("void") if getattr(receipt, "void", None) else ""),
            "text": money.yuan(receipt.received_fen, grouped=True)
            + (
                " · " + _("owed %(sum)s") % {"sum": money.yuan(receipt.owed_fen, grouped=True)}
                if receipt.owed_fen
                else ""
            ),
            "who": receipt.cashier_name,
            "url": reverse("cashier:receipt", args=[receipt.code]),
        }
        for receipt in rows
    ]


def patient_revenue(patients: Sequence[int]) -> dict[int, int]:
    """What each of ``patients`` has paid on receipts so far, in fen, by primary key (CR-012)."""
    paid = (
        Receipt.objects.filter(patient__in=patients, void__isnull=True)
        .order_by()
        .values_list("patient")
        .annotate(Sum("received_fen"))
    )
    return dict(paid)


def account_of(patient: Patient) -> tuple[int, int]:
    """What the patient has to pay at the till and owes of earlier bills, in fen (slot ``telephone.account``); two queries."""
    waiting = ChargeLine.objects.filter(slip__patient=patient, slip__state=SLIP.initial)
    owed = Arrear.objects.filter(patient=patient, settled_at__isnull=True)
    return (
        waiting.aggregate(total=Sum("amount_fen"))["total"] or 0,
        owed.aggregate(total=Sum(F("owed_fen") - F("settled_fen")))["total"] or 0,
    )
