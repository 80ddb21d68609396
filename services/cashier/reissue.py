"""Another receipt instead of a wrong one: the wrong one is void and keeps its number, the books are turned round and booked
again on the present business day (CA-022, CA-047, CA-055). Called by the room of corrections within its own transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from kernel import audit, clock, money
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from services.books import actions as books
from services.books.models import Account, Entry, EntryKind, Movement, Tender
from services.cashier import paper, receipts
from services.cashier.models import Arrear, ChargeLine, ChargeSlip, Receipt, ReceiptVoid
from services.cashier.taking import Taken
from services.discounts.models import Placement
from services.patients.models import Patient


def parts_of(receipt: Receipt, owed: Mapping[UUID, int] | None = None) -> paper.Bill:
    """What ``receipt`` charged line by line, with what stays owed instead (``owed``: line code → fen; None: as it was).

    Raises RuleRefused (``owed_more_than_item``).
    """
    rows = list(receipt.lines.select_related("line__item", "line__slip__doctor").order_by("id"))
    unknown = set(owed or {}) - {row.line.code for row in rows}
    coupons = dict(
        Placement.objects.filter(line_code__in=[row.line.code for row in rows], coupon__isnull=False).values_list(
            "line_code", "coupon__number"
        )
    )
    parts = []
    for row in rows:
        cost = row.received_fen + row.owed_fen
        stays = row.owed_fen if owed is None else owed.get(row.line.code, 0)
        if unknown or not 0 <= stays <= cost:
            raise RuleRefused("owed_more_than_item", _("No more can be owed on an item than it costs."))
        parts.append(
            paper.Part(
                line=row.line,
                price_fen=cost + row.discount_fen,
                discount_fen=row.discount_fen,
                rate_bp=row.rate_bp,
                coupon=coupons.get(row.line.code, ""),
                owed_fen=stays,
            )
        )
    return paper.Bill(tuple(parts))


def taken_of(receipt: Receipt) -> list[Taken]:
    """How ``receipt`` was paid."""
    return [
        Taken(
            tender=one.tender,
            amount_fen=one.amount_fen,
            tendered_fen=one.tendered_fen,
            card_last_four=one.card_last_four,
            reference=one.reference,
        )
        for one in receipt.payments.order_by("id")
    ]


def refuse_irreplaceable(
    receipt: Receipt, bill: paper.Bill, taken: Sequence[Taken], patient: Patient | None = None
) -> None:
    """Nothing that came after may hang in the air. Raises Conflict (``receipt_void``, ``receipt_refunded``,
    ``receipt_settled_since``), RuleRefused (``correction_adds_up_wrong``, ``stored_value_stays``, ``prepaid_paid_whole``,
    ``prepaid_patient_stays``)."""
    if ReceiptVoid.objects.filter(receipt=receipt).exists():
        raise Conflict("receipt_void", _("This receipt is void already. Correct the one that stands for it."))
    lines = [part.line.code for part in bill.parts]
    if Movement.objects.filter(kind=EntryKind.REFUND, subject__in=lines).exists():
        raise Conflict("receipt_refunded", _("Money of this receipt has gone back; it is corrected no more."))
    changed = {part.line.code: part.owed_fen for part in bill.parts} != {
        row.line.code: row.owed_fen for row in receipt.lines.select_related("line")
    }
    person = patient is not None and patient.pk != receipt.patient_id
    if receipt.slip_id is None and (changed or person):
        raise RuleRefused("settlement_stays", _("A receipt for arrears is corrected in how it was paid, no more."))
    if (changed or person) and receipt.arrears.filter(settled_fen__gt=0).exists():
        raise Conflict("receipt_settled_since", _("Arrears of this receipt have been paid; what was owed stays."))
    if sum(one.amount_fen for one in taken) != bill.due_fen:
        raise RuleRefused(
            "correction_adds_up_wrong",
            _("By tender it must be exactly what was received: %(due)s yuan.")
            % {"due": money.yuan(bill.due_fen, grouped=True)},
            due_fen=bill.due_fen,
        )
    ahead = set(Movement.objects.filter(credit=Account.PREPAID, subject__in=lines).values_list("subject", flat=True))
    if any(part.owed_fen for part in bill.parts if part.line.code in ahead):
        raise RuleRefused("prepaid_paid_whole", _("What is paid in advance is paid whole; nothing of it stays owed."))
    if person and (ahead or _stored(taken)):
        raise RuleRefused(
            "prepaid_patient_stays",
            _("What was paid in advance, or by stored value, stays the patient's. Transfer it with consent instead."),
        )
    if _stored(taken) != _stored(taken_of(receipt)):
        raise RuleRefused(
            "stored_value_stays", _("Stored value is used and given back by its own account, not by a correction.")
        )


def reissue(
    *,
    by: Actor,
    receipt: Receipt,
    source: UUID,
    number: str,
    patient: Patient,
    bill: paper.Bill,
    taken: Sequence[Taken],
) -> Receipt:
    """Void ``receipt`` and issue another one with the next number that names it. ``source`` and ``number`` are those of the
    correction. The receipt is locked by its slip or its arrear before; money is booked on the present business day.

    Raises what ``refuse_irreplaceable`` raises.
    """
    _lock(receipt)
    refuse_irreplaceable(receipt, bill, taken, patient)
    site, now = receipt.site, clock.now()
    ReceiptVoid.objects.create(receipt=receipt, source=source, number=number, at=now, by=by.code, by_name=by.name)
    new_number = receipts.receipt_number(site, now)
    settles = receipt.slip_id is None
    document = paper.issue_receipt(
        by=by,
        cashier=receipt.cashier_name,
        site=site,
        subject=receipt,
        number=new_number,
        patient=patient,
        doctor=(receipt.slip or bill.parts[0].line.slip).doctor,
        at=now,
        bill=bill,
        taken=taken,
        replaces=receipt.number,
    )
    new = Receipt.objects.create(
        number=new_number,
        site=site,
        slip=receipt.slip,
        replaces=receipt,
        patient=patient,
        visit_code=receipt.visit_code if patient.pk == receipt.patient_id else None,
        cashier=receipt.cashier,
        cashier_name=receipt.cashier_name,
        receivable_fen=bill.price_fen,
        discount_fen=bill.discount_fen,
        received_fen=bill.due_fen,
        owed_fen=bill.owed_fen,
        issued_at=now,
        document=document,
    )
    receipts.write_lines(new, bill)
    receipts.write_payments(new, taken, carried_over=True)
    if not settles:
        _move_arrears(receipt, new, bill, now)
        if bill.owed_fen:
            receipts.watch_arrears(new)
    _turn_round(by, receipt, source)
    receipts.book(by, new, EntryKind.CORRECTION, bill, taken, settles=settles)
    audit.record(by=by, verb="cashier.receipt_replaced", target=new, site=site.code, replaces=receipt.number)
    return new


def _lock(receipt: Receipt) -> None:
    """Receipts are append-only and cannot be locked; what moves with them is: the slip, the arrears, the lines."""
    if receipt.slip_id is not None:
        ChargeSlip.objects.select_for_update().get(pk=receipt.slip_id)
    list(Arrear.objects.select_for_update().filter(receipt=receipt).order_by("pk"))
    lines = receipt.lines.values_list("line_id", flat=True)
    list(ChargeLine.objects.select_for_update().filter(pk__in=list(lines)).order_by("pk"))


def _move_arrears(old: Receipt, new: Receipt, bill: paper.Bill, now: datetime) -> None:
    """What is owed stands on the new receipt; rows of the old one stay for the days on which they counted."""
    changed = {part.line.pk: part.owed_fen for part in bill.parts}
    for row in old.arrears.filter(voided_at__isnull=True):
        row.voided_at = now
        row.settled_at = row.settled_at or now
        row.save(update_fields=["voided_at", "settled_at"])
        if row.settled_fen:
            # Paid in part since: the rest goes on as it was, with what has been settled.
            Arrear.objects.create(
                site=new.site, patient=new.patient, receipt=new, line=row.line, owed_fen=row.owed_fen,
                settled_fen=row.settled_fen, arose_at=now,
                settled_at=now if row.settled_fen == row.owed_fen else None,
            )  # fmt: skip
            changed.pop(row.line_id, None)
    Arrear.objects.bulk_create(
        Arrear(
            site=new.site, patient=new.patient, receipt=new, line=part.line, owed_fen=part.owed_fen, arose_at=now
        )
        for part in bill.parts
        if part.owed_fen and part.line.pk in changed
    )  # fmt: skip


def _turn_round(by: Actor, receipt: Receipt, source: UUID) -> None:
    """Every movement of the receipt's entry the other way, today."""
    entry = Entry.objects.filter(source=receipt.code, reverses__isnull=True).first()
    if entry is None:
        # Nothing had moved: a zero bill.
        return
    books.reverse(by=by, entry=entry, kind=EntryKind.CORRECTION, source=source, number=receipt.number)


def _stored(taken: Sequence[Taken]) -> list[tuple[str, int]]:
    return sorted((one.reference, one.amount_fen) for one in taken if one.tender == Tender.STORED_VALUE)
