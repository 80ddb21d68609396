"""Reads of refunds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch, QuerySet, Sum
from django.utils.translation import gettext as _

from kernel.access import accessible
from kernel.context import Actor
from kernel.errors import NotFound
from services.cashier.models import ChargeLine, Receipt, ReceiptLine
from services.patients.models import Patient
from services.refunds import routes
from services.refunds.machines import OPEN
from services.refunds.models import Payout, Refund, RefundLine, RefundSignature
from services.sites.models import Site


def refunds(actor: Actor, word: str = "refunds.view") -> QuerySet[Refund]:
    """The register at the sites of ``actor``, the latest first."""
    rows = accessible(Refund.objects.all(), actor, word)
    return rows.select_related("site__entity", "patient", "doctor__user", "document").prefetch_related(
        "signatures",
        Prefetch("lines", RefundLine.objects.select_related("line")),
        Prefetch("payouts", Payout.objects.filter(taken_back_at__isnull=True).prefetch_related("parts")),
    )


def access_refund(actor: Actor, code: UUID, word: str = "refunds.view") -> Refund:
    """A refund at a site where ``actor`` holds ``word``. Raises NotFound (``refund_not_found``)."""
    found = refunds(actor, word).filter(code=code).first()
    if found is None:
        raise NotFound("refund_not_found", _("There is no such refund."))
    return found


@dataclass(frozen=True, slots=True)
class Item:
    """A charged item of a patient: the receipt it stands on, what was received for it and what can still go back, in fen."""

    line: ChargeLine
    receipt: Receipt
    received_fen: int
    refunded_fen: int
    left_fen: int


def items_of(actor: Actor, site: Site, patient: Patient) -> list[Item]:
    """Items on receipts of the patient at ``site`` that count, the latest receipt first; for a new change or refund."""
    rows = ReceiptLine.objects.filter(receipt__site=site, receipt__patient=patient, receipt__void__isnull=True)
    rows = accessible(rows, actor, "refunds.request", field="receipt__site")
    lines: dict[UUID, ReceiptLine] = {}
    for row in rows.select_related("line__slip__doctor", "receipt").order_by("-receipt__issued_at", "id")[:300]:
        # The receipt on which it was charged, not those by which arrears came in.
        if row.line.code not in lines or row.receipt.slip_id is not None:
            lines[row.line.code] = row
    left, back = routes.refundable(lines), routes.refunded(lines)
    return [
        Item(row.line, row.receipt, left.get(code, 0) + back.get(code, 0), back.get(code, 0), left.get(code, 0))
        for code, row in lines.items()
    ]


def signature_of(refund: Refund, part: str, payout: Payout | None = None) -> RefundSignature | None:
    """The signature of one part, of the payment that stands."""
    return next(
        (
            one
            for one in refund.signatures.all()
            if one.part == part and one.payout_id == (payout.pk if payout else None)
        ),
        None,
    )


def standing(refund: Refund) -> Payout | None:
    """The payment that was not taken back, as ``refunds`` has fetched it."""
    return next((one for one in refund.payouts.all() if one.taken_back_at is None), None)


def in_dispute(patient: Patient) -> str | None:
    """“refund” while one is open: the original chart stays, or goes by the supervisor's word (slot ``chart.holds``)."""
    return "refund" if Refund.objects.filter(patient=patient, state__in=OPEN).exists() else None


def holds_calls(patient: Patient) -> str | None:
    """Nothing promotional while a refund is open (slot ``followup.holds``, FU-018)."""
    return "open_refund" if Refund.objects.filter(patient=patient, state__in=OPEN).exists() else None


def given_back(patients: Sequence[int]) -> dict[int, int]:
    """What went back to each of ``patients``, as a negative amount in fen, by primary key (slot ``patient.revenue``)."""
    rows = Payout.objects.filter(refund__patient__in=patients, taken_back_at__isnull=True).order_by()
    return {pk: -total for pk, total in rows.values_list("refund__patient").annotate(Sum("parts__amount_fen")) if total}
