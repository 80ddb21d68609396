"""Writes of the till: a signed slip, then a receipt. Nothing is charged without the one, nothing taken without the other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from kernel import audit, clock, money, numbering, timers
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Cure, NotFound, RuleRefused
from services.books.models import EntryKind
from services.cashier import paper, receipts
from services.cashier.machines import SLIP
from services.cashier.models import Arrear, ChargeLine, ChargeSlip, Receipt, ReceiptLine, ZeroReason
from services.cashier.taking import HandedOver, take
from services.catalogue.models import Item
from services.discounts import actions as discounting
from services.discounts.models import WHOLE
from services.patients.models import Patient
from services.reception import actions as visits
from services.sites.models import Site
from services.staff.models import StaffMember
from services.tasks.actions import settle_task

# More of one item on one line is a slip of the finger.
MOST_OF_ONE_ITEM = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipLine:
    """An item to be charged. A ``zero_reason`` makes its amount zero, with the reason kept (CA-045)."""

    item: Item
    quantity: int = 1
    remark: str = ""
    zero_reason: str = ""


@action(permission="cashier.issue_slip")
def issue_slip(
    *,
    by: Actor,
    site: Site,
    patient: Patient,
    doctor: StaffMember,
    lines: Sequence[SlipLine],
    visit_code: UUID | None = None,
) -> ChargeSlip:
    """Sign a charge slip (CA-001). Items and today's prices come from the catalogue; amounts are never typed.

    A slip of a visit belongs to its patient and its site. Raises NotFound (``visit_not_found``), RuleRefused
    (``slip_empty``, ``slip_not_the_doctor``, ``item_not_offered``, ``item_without_price``, ``quantity_invalid``,
    ``zero_reason_unknown``).
    """
    if not lines:
        raise RuleRefused("slip_empty", _("A slip needs at least one item."))
    if doctor.user is None or doctor.user.code != by.code:
        raise RuleRefused("slip_not_the_doctor", _("A charge slip is signed by the treating doctor."))
    visit = receipts.locked_visit(visit_code)
    if visit_code and (visit is None or visit.patient_id != patient.pk or visit.site_id != site.pk):
        raise NotFound("visit_not_found", _("There is no such visit."))
    slip = _slip(by, site, patient, lines, doctor=doctor, visit_code=visit_code)
    if visit is not None:
        visits.note_slip_signed(by=receipts.TILL, visit=visit)
    return slip


def _slip(by: Actor, site: Site, patient: Patient, lines: Sequence[SlipLine], **facts: Any) -> ChargeSlip:
    """The signed slip with its lines at today's prices."""
    now = clock.now()
    day = clock.local(now, site.timezone).date()
    drafts = [_line(line, day) for line in lines]
    said = [[draft.item.key, draft.quantity, draft.unit_price_fen, draft.amount_fen, draft.remark] for draft in drafts]
    year = f"{day:%Y}"
    slip = ChargeSlip.objects.create(
        number=f"S-{numbering.next_number('cashier.slip', entity=str(site.code), period=year)}",
        site=site,
        patient=patient,
        signed_at=now,
        signed_by=by.code,
        content_hash=hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest(),
        **facts,
    )
    for draft in drafts:
        draft.slip = slip
    ChargeLine.objects.bulk_create(drafts)
    audit.record(by=by, verb="cashier.slip_signed", target=slip, site=site.code, hash=slip.content_hash)
    return slip


def _line(line: SlipLine, day: date) -> ChargeLine:
    if not line.item.is_active:
        raise RuleRefused(
            "item_not_offered", _("“%(item)s” is no longer offered.") % {"item": line.item.name}, item=line.item.key
        )
    price = line.item.price_on(day)
    if price is None:
        raise RuleRefused(
            "item_without_price", _("“%(item)s” has no price today.") % {"item": line.item.name}, item=line.item.key
        )
    if not 1 <= line.quantity <= MOST_OF_ONE_ITEM:
        raise RuleRefused("quantity_invalid", _("A quantity is 1 to 99."))
    if line.zero_reason and line.zero_reason not in ZeroReason.values:
        raise RuleRefused("zero_reason_unknown", _("Choose why this item is free."))
    return ChargeLine(
        item=line.item,
        item_name=line.item.name_zh,
        category=line.item.category.key,
        quantity=line.quantity,
        unit_price_fen=price,
        amount_fen=0 if line.zero_reason else money.times(price, line.quantity),
        remark=line.remark,
        zero_reason=line.zero_reason,
    )


@action(permission="cashier.issue_slip")
def withdraw_slip(*, by: Actor, site: Site, slip: ChargeSlip) -> ChargeSlip:
    """Take back a slip that was not charged yet; its number stays used. Only whoever signed it may.

    Raises Conflict (``invalid_transition``), NotFound (``slip_not_found``), RuleRefused (``slip_not_the_doctor``).
    """
    if slip.site_id != site.pk:
        raise NotFound("slip_not_found", _("There is no such slip."))
    if slip.signed_by != by.code:
        raise RuleRefused("slip_not_the_doctor", _("Only whoever signed this slip takes it back."))
    receipts.locked_visit(slip.visit_code)
    SLIP.move(slip, "withdrawn", by=by)
    receipts.note_if_charged(slip.visit_code)
    return slip


@action(permission="cashier.charge")
def charge(
    *,
    by: Actor,
    site: Site,
    slip: ChargeSlip,
    handed_over: Sequence[HandedOver],
    owed: Mapping[UUID, int] | None = None,
    discounts: Sequence[discounting.Wanted] = (),
    coupons: Sequence[str] = (),
) -> Receipt:
    """Charge a slip and issue its receipt (CA-002 to CA-007, CA-012).

    ``handed_over`` is what the payer gives, by one tender or several; change is computed, and only cash gives it. Paying
    less than the slip says is possible only when ``owed`` names the items on which the rest stays owed (line code → fen),
    and the names must account for all of it. ``discounts`` and ``coupons`` make lines cheaper as the finance policy says;
    a coupon lies with the stub and is never taken again. Nothing due (all free or all owed) means no payment.

    Raises Conflict (``slip_already_charged``, ``coupon_used``, ``voucher_used``, ``transaction_used``), NotFound (``slip_not_found``),
    RuleRefused (``slip_signed_by_cashier``, ``owed_items_missing``, ``owed_more_than_item``, ``receipt_incomplete``, for a
    colleague ``dispatch_slip_missing``) and what ``taking.take`` and ``discounts.reduce`` raise.
    """
    slip = _locked(slip, site, by)
    receipts.before(by, site)
    lines = list(slip.lines.select_related("item"))
    day = clock.today(slip.site.timezone)
    reduced = discounting.reduce(by=by, patient=slip.patient, day=day, lines=lines, wanted=discounts, coupons=coupons)
    bill = _bill(lines, owed or {}, reduced)
    given = sum(one.fen for one in handed_over)
    if given < bill.due_fen:
        raise RuleRefused(
            "too_little_tendered" if bill.owed_fen else "owed_items_missing",
            _("%(missing)s yuan are missing. Name the items on which they stay owed, or take the whole amount.")
            % {"missing": money.yuan(bill.due_fen - given, grouped=True)},
            cures=[Cure(_("Name the owed items"))],
            missing_fen=bill.due_fen - given,
        )
    receipt = receipts.receipt_of_slip(by, slip, bill, take(bill.due_fen, handed_over))
    if reduced:
        discounting.place(by=by, reduced=reduced, receipt_number=receipt.number)
    return receipt


@action(permission="cashier.charge")
def report_arrears(*, by: Actor, site: Site, receipt: Receipt) -> Receipt:
    """Report what stays owed on a receipt to the supervisor: the cashier's own act, the same day (CA-008). Until then the
    day of the till is not closed.

    Raises NotFound (``receipt_not_found``), Conflict (``arrears_reported``), RuleRefused (``nothing_owed``).
    """
    found = Receipt.objects.select_related("site", "patient").get(pk=receipt.pk)
    if found.site_id != site.pk:
        raise NotFound("receipt_not_found", _("There is no such receipt."))
    rows = list(
        Arrear.objects.select_for_update(of=("self",))
        .filter(receipt=found, settled_at__isnull=True, voided_at__isnull=True)
        .select_related("line")
        .order_by("pk")
    )
    if not rows:
        raise RuleRefused("nothing_owed", _("Nothing is owed on this receipt."))
    if receipts.is_reported(found):
        raise Conflict("arrears_reported", _("The supervisor has been told of this already."))
    receipts.report_arrears(by, found, rows)
    timers.cancel(receipts.SILENT, str(found.code))
    settle_task(by=by, kind=receipts.SILENT, key=str(found.code), result="reported")
    audit.record(by=by, verb="cashier.arrears_reported", target=found, site=site.code)
    return found


@action(permission="cashier.charge")
def sell_goods(
    *,
    by: Actor,
    site: Site,
    patient: Patient,
    goods: Sequence[SlipLine],
    handed_over: Sequence[HandedOver],
    discounts: Sequence[discounting.Wanted] = (),
    coupons: Sequence[str] = (),
) -> Receipt:
    """Sell priced goods at list price without a doctor's slip (CA-001, CA-053). All of it is paid at once.

    Raises RuleRefused (``not_goods``, ``goods_not_free``, ``too_little_tendered``) and what ``issue_slip`` and ``charge``
    raise for items, money and discounts.
    """
    if not goods:
        raise RuleRefused("slip_empty", _("A slip needs at least one item."))
    for one in goods:
        if not one.item.is_goods:
            raise RuleRefused(
                "not_goods",
                _("“%(item)s” is charged against the slip of a doctor.") % {"item": one.item.name},
                item=one.item.key,
            )
        if one.zero_reason:
            raise RuleRefused("goods_not_free", _("Goods are sold at their list price."))
    receipts.before(by, site)
    slip = _slip(by, site, patient, goods, kind=ChargeSlip.Kind.GOODS)
    lines = list(slip.lines.select_related("item"))
    day = clock.today(site.timezone)
    reduced = discounting.reduce(by=by, patient=patient, day=day, lines=lines, wanted=discounts, coupons=coupons)
    bill = _bill(lines, {}, reduced)
    receipt = receipts.receipt_of_slip(by, slip, bill, take(bill.due_fen, handed_over))
    if reduced:
        discounting.place(by=by, reduced=reduced, receipt_number=receipt.number)
    return receipt


@action(permission="cashier.charge")
def close_zero_bill(*, by: Actor, site: Site, slip: ChargeSlip) -> Receipt:
    """Issue the receipt of a slip whose every line is free for a stated reason (CA-045). No money moves.

    Raises RuleRefused (``bill_not_zero``) and what ``charge`` raises for the slip.
    """
    slip = _locked(slip, site, by)
    receipts.before(by, site)
    lines = list(slip.lines.select_related("item"))
    if any(line.amount_fen for line in lines):
        raise RuleRefused("bill_not_zero", _("This slip is not free. Charge it."))
    return receipts.receipt_of_slip(by, slip, _bill(lines, {}, {}), [])


@action(permission="cashier.charge")
def settle_arrear(
    *, by: Actor, site: Site, arrear: Arrear, amount_fen: int, handed_over: Sequence[HandedOver]
) -> Arrear:
    """Take in money owed from before (CA-009): income of today, tied to the receipt on which it arose.

    The new receipt shows what was owed until now, what was received, and what is still owed.

    Raises NotFound (``arrear_not_found``), RuleRefused (``amount_more_than_owed``, ``receipt_incomplete``) and what
    ``taking.take`` raises.
    """
    receipts.before(by, site)
    arrear = (
        Arrear.objects.select_for_update(of=("self",))
        .select_related("site__entity", "patient", "line", "receipt__slip__doctor")
        .get(pk=arrear.pk)
    )
    slip = arrear.receipt.slip
    if arrear.site_id != site.pk or slip is None:
        raise NotFound("arrear_not_found", _("There is no such arrear."))
    before = arrear.owed_fen - arrear.settled_fen
    if not 0 < amount_fen <= before:
        raise RuleRefused(
            "amount_more_than_owed",
            _("Only %(rest)s yuan are still owed.") % {"rest": money.yuan(before, grouped=True)},
        )
    taken = take(amount_fen, handed_over)
    now = clock.now()
    part = paper.Part(line=arrear.line, price_fen=before, owed_fen=before - amount_fen)
    number = receipts.receipt_number(arrear.site, now)
    document = paper.issue_receipt(
        by=by,
        site=arrear.site,
        subject=arrear,
        number=number,
        patient=arrear.patient,
        doctor=slip.doctor,
        at=now,
        bill=paper.Bill((part,)),
        taken=taken,
        settles=arrear.receipt.number,
    )
    receipt = Receipt.objects.create(
        number=number,
        site=arrear.site,
        patient=arrear.patient,
        cashier=by.code,
        cashier_name=by.name,
        receivable_fen=before,
        received_fen=amount_fen,
        owed_fen=before - amount_fen,
        issued_at=now,
        document=document,
    )
    ReceiptLine.objects.create(receipt=receipt, line=arrear.line, received_fen=amount_fen, owed_fen=before - amount_fen)
    receipts.pay(by, receipt, taken)
    receipts.book(by, receipt, EntryKind.SETTLEMENT, paper.Bill((part,)), taken, settles=True)
    arrear.settled_fen += amount_fen
    if arrear.settled_fen == arrear.owed_fen:
        arrear.settled_at = now
    arrear.save(update_fields=["settled_fen", "settled_at"])
    audit.record(by=by, verb="cashier.arrear_settled", target=arrear, site=site.code, amount_fen=amount_fen)
    receipts.tell(receipt)
    return arrear


# --- what charging and settling share ---------------------------------------------------------------------------------


def _locked(slip: ChargeSlip, site: Site, by: Actor) -> ChargeSlip:
    """The slip as it stands now, locked after its visit; refused when it is not there, not open, or the cashier's own."""
    receipts.locked_visit(slip.visit_code)
    found = (
        ChargeSlip.objects.select_for_update(of=("self",))
        .select_related("site__entity", "patient", "doctor")
        .get(pk=slip.pk)
    )
    if found.site_id != site.pk:
        raise NotFound("slip_not_found", _("There is no such slip."))
    if found.state != "issued":
        raise Conflict("slip_already_charged", _("This slip has been charged or withdrawn already."), state=found.state)
    if found.signed_by is not None and found.signed_by == by.code:
        raise RuleRefused("slip_signed_by_cashier", _("Whoever signed a slip does not charge it. Ask the cashier."))
    return found


def _bill(
    lines: Sequence[ChargeLine], owed: Mapping[UUID, int], reduced: Mapping[UUID, discounting.Reduced]
) -> paper.Bill:
    """What each line costs, what of it is paid and what stays owed."""
    by_code = {line.code: line for line in lines}
    for code, amount in owed.items():
        line = by_code.get(code)
        cost = 0 if line is None else reduced[code].reduced_fen if code in reduced else line.amount_fen
        if not 0 < amount <= cost:
            raise RuleRefused("owed_more_than_item", _("No more can be owed on an item than it costs."))
    return paper.Bill(
        tuple(
            paper.Part(
                line=line,
                price_fen=line.amount_fen,
                discount_fen=line.amount_fen - found.reduced_fen if (found := reduced.get(line.code)) else 0,
                rate_bp=found.rate_bp if found else WHOLE,
                coupon=found.coupon.number if found and found.coupon else "",
                owed_fen=owed.get(line.code, 0),
            )
            for line in lines
        )
    )
