"""Writes of the till: a signed slip, then a receipt. Nothing is charged without the one, nothing taken without the other."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, money, numbering, outbox
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Cure, NotFound, RuleRefused
from services.cashier import dispatch, paper
from services.cashier.machines import SLIP
from services.cashier.models import (
    CARDS,
    Arrear,
    ChargeLine,
    ChargeSlip,
    Payment,
    Receipt,
    ReceiptLine,
    Tender,
    ZeroReason,
)
from services.catalogue.models import Item
from services.patients.models import Patient
from services.reception import actions as visits
from services.reception.models import Visit
from services.sites.models import Site
from services.staff.models import StaffMember
from services.tasks.actions import open_task

# More of one item on one line is a slip of the finger.
MOST_OF_ONE_ITEM = 99
REPORT = "cashier.arrears_reported"
TILL = Actor.system("till")


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
    visit = _locked_visit(visit_code)
    if visit_code and (visit is None or visit.patient_id != patient.pk or visit.site_id != site.pk):
        raise NotFound("visit_not_found", _("There is no such visit."))
    now = clock.now()
    day = clock.local(now, site.timezone).date()
    drafts = [_line(line, day) for line in lines]
    said = [[draft.item.key, draft.quantity, draft.unit_price_fen, draft.amount_fen, draft.remark] for draft in drafts]
    year = f"{day:%Y}"
    slip = ChargeSlip.objects.create(
        number=f"S-{numbering.next_number('cashier.slip', entity=str(site.code), period=year)}",
        site=site,
        patient=patient,
        doctor=doctor,
        visit_code=visit_code,
        signed_at=now,
        signed_by=by.code,
        content_hash=hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest(),
    )
    for draft in drafts:
        draft.slip = slip
    ChargeLine.objects.bulk_create(drafts)
    audit.record(by=by, verb="cashier.slip_signed", target=slip, site=site.code, hash=slip.content_hash)
    if visit is not None:
        visits.note_slip_signed(by=TILL, visit=visit)
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
    _locked_visit(slip.visit_code)
    SLIP.move(slip, "withdrawn", by=by)
    _note_if_charged(slip.visit_code)
    return slip


@action(permission="cashier.charge")
def charge(
    *,
    by: Actor,
    site: Site,
    slip: ChargeSlip,
    tender: str,
    tendered_fen: int,
    card_number: str = "",
    owed: Mapping[UUID, int] | None = None,
) -> Receipt:
    """Charge a slip and issue its receipt (CA-002 to CA-007).

    ``tendered_fen`` is what the payer handed over; change is computed. Paying less than the slip says is possible only
    when ``owed`` names the items on which the rest stays owed (line code → fen), and the names must account for all of
    it. Of ``card_number`` only the last four digits survive this call. Nothing due (all free or all owed) means no
    payment: then ``tendered_fen`` is 0 and the tender does not count.

    Raises Conflict (``slip_already_charged``), NotFound (``slip_not_found``), RuleRefused (``slip_signed_by_cashier``,
    ``tender_unknown``, ``card_digits_missing``, ``owed_items_missing``, ``owed_more_than_item``,
    ``too_little_tendered``, ``change_only_for_cash``, ``nothing_due``, ``receipt_incomplete``, and for a colleague
    ``dispatch_slip_missing``).
    """
    slip = _locked(slip, site, by)
    lines = list(slip.lines.all())
    rest = _owed_by_line(lines, owed or {})
    due = sum(line.amount_fen for line in lines) - sum(rest.values())
    if tendered_fen < due:
        raise RuleRefused(
            "too_little_tendered" if rest else "owed_items_missing",
            _("%(missing)s yuan are missing. Name the items on which they stay owed, or take the whole amount.")
            % {"missing": money.yuan(due - tendered_fen, grouped=True)},
            cures=[Cure(_("Name the owed items"))],
            missing_fen=due - tendered_fen,
        )
    taken = _taken(due, tender, tendered_fen, card_number)
    receipt = _receipt_of_slip(by, slip, lines, rest, taken)
    if rest:
        _report_arrears(by, receipt, [line for line in lines if line.pk in rest])
    return receipt


@action(permission="cashier.charge")
def close_zero_bill(*, by: Actor, site: Site, slip: ChargeSlip) -> Receipt:
    """Issue the receipt of a slip whose every line is free for a stated reason (CA-045). No money moves.

    Raises RuleRefused (``bill_not_zero``) and what ``charge`` raises for the slip.
    """
    slip = _locked(slip, site, by)
    lines = list(slip.lines.all())
    if any(line.amount_fen for line in lines):
        raise RuleRefused("bill_not_zero", _("This slip is not free. Charge it."))
    return _receipt_of_slip(by, slip, lines, {}, paper.NOTHING)


@action(permission="cashier.charge")
def settle_arrear(
    *,
    by: Actor,
    site: Site,
    arrear: Arrear,
    amount_fen: int,
    tender: str,
    tendered_fen: int | None = None,
    card_number: str = "",
) -> Arrear:
    """Take in money owed from before (CA-009): income of today, tied to the receipt on which it arose.

    ``tendered_fen`` is what the payer handed over, the exact amount if it is not said. The new receipt shows what was
    owed until now, what was received, and what is still owed.

    Raises NotFound (``arrear_not_found``), RuleRefused (``amount_more_than_owed``, ``tender_unknown``,
    ``card_digits_missing``, ``too_little_tendered``, ``change_only_for_cash``, ``receipt_incomplete``).
    """
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
    handed_over = amount_fen if tendered_fen is None else tendered_fen
    taken = _taken(amount_fen, tender, handed_over, card_number)
    now = clock.now()
    number = _receipt_number(arrear.site, now)
    document = paper.issue_receipt(
        by=by,
        site=arrear.site,
        subject=arrear,
        number=number,
        patient=arrear.patient,
        doctor=slip.doctor,
        at=now,
        lines=[(arrear.line, before)],
        owed_fen=before - amount_fen,
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
    _pay(receipt, taken)
    arrear.settled_fen += amount_fen
    if arrear.settled_fen == arrear.owed_fen:
        arrear.settled_at = now
    arrear.save(update_fields=["settled_fen", "settled_at"])
    audit.record(by=by, verb="cashier.arrear_settled", target=arrear, site=site.code, amount_fen=amount_fen)
    _tell(receipt, now)
    return arrear


# --- what charging and settling share ---------------------------------------------------------------------------------


def _locked_visit(code: UUID | None) -> Visit | None:
    """The visit, locked before its slips, so that of two slips charged at once the second knows of the first."""
    return Visit.objects.select_for_update().filter(code=code).first() if code else None


def _note_if_charged(code: UUID | None) -> None:
    """Tell the front desk when no slip of the visit waits any more and at least one was charged (CA-048)."""
    visit = _locked_visit(code)
    if visit is None or visit.settled_at is not None:
        return
    states = set(ChargeSlip.objects.filter(visit_code=visit.code).values_list("state", flat=True))
    if "billed" in states and "issued" not in states:
        visits.note_charged(by=TILL, visit=visit)


def _locked(slip: ChargeSlip, site: Site, by: Actor) -> ChargeSlip:
    """The slip as it stands now, locked after its visit; refused when it is not there, not open, or the cashier's own."""
    _locked_visit(slip.visit_code)
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


def _owed_by_line(lines: Sequence[ChargeLine], owed: Mapping[UUID, int]) -> dict[int, int]:
    by_code = {line.code: line for line in lines}
    rest: dict[int, int] = {}
    for code, amount in owed.items():
        line = by_code.get(code)
        if line is None or not 0 < amount <= line.amount_fen:
            raise RuleRefused("owed_more_than_item", _("No more can be owed on an item than it costs."))
        rest[line.pk] = amount
    return rest


def _taken(due_fen: int, tender: str, tendered_fen: int, card_number: str) -> paper.Taken:
    """What comes in for ``due_fen``, checked."""
    if due_fen == 0:
        if tendered_fen:
            raise RuleRefused("nothing_due", _("Nothing is due, so no money is taken. Enter 0 as handed over."))
        return paper.NOTHING
    if tender not in Tender.values:
        raise RuleRefused("tender_unknown", _("Choose how the money is paid."), fields={"tender": [_("Unknown.")]})
    last_four = _last_four(tender, card_number)
    missing = due_fen - tendered_fen
    if missing > 0:
        raise RuleRefused(
            "too_little_tendered",
            _("%(missing)s yuan are missing.") % {"missing": money.yuan(missing, grouped=True)},
            missing_fen=missing,
        )
    if missing < 0 and tender != Tender.CASH:
        raise RuleRefused("change_only_for_cash", _("Only cash gives change. Enter the exact amount."), due_fen=due_fen)
    return paper.Taken(tender=tender, amount_fen=due_fen, tendered_fen=tendered_fen, card_last_four=last_four)


def _last_four(tender: str, card_number: str) -> str:
    if tender not in CARDS:
        return ""
    # Full-width digits of a Chinese keyboard are digits too.
    digits = re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", card_number))
    if len(digits) < 4:
        raise RuleRefused(
            "card_digits_missing",
            _("Enter the last four digits of the card."),
            fields={"card_number": [_("Four digits.")]},
        )
    return digits[-4:]


def _receipt_number(site: Site, now: datetime) -> str:
    """The next number of the legal entity in the local year; without gaps, for it is taken with its receipt (CA-055)."""
    year = f"{clock.local(now, site.timezone):%Y}"
    return f"C-{numbering.next_number('cashier.receipt', entity=str(site.entity.code), period=year)}"


def _receipt_of_slip(
    by: Actor, slip: ChargeSlip, lines: Sequence[ChargeLine], rest: Mapping[int, int], taken: paper.Taken
) -> Receipt:
    dispatch.use_up(by=by, slip=slip, lines=lines)
    site, now = slip.site, clock.now()
    owed_fen = sum(rest.values())
    number = _receipt_number(site, now)
    document = paper.issue_receipt(
        by=by,
        site=site,
        subject=slip,
        number=number,
        patient=slip.patient,
        doctor=slip.doctor,
        at=now,
        lines=[(line, line.amount_fen) for line in lines],
        owed_fen=owed_fen,
        taken=taken,
    )
    receipt = Receipt.objects.create(
        number=number,
        site=site,
        slip=slip,
        patient=slip.patient,
        visit_code=slip.visit_code,
        cashier=by.code,
        cashier_name=by.name,
        receivable_fen=taken.amount_fen + owed_fen,
        received_fen=taken.amount_fen,
        owed_fen=owed_fen,
        issued_at=now,
        document=document,
    )
    ReceiptLine.objects.bulk_create(
        ReceiptLine(
            receipt=receipt,
            line=line,
            received_fen=line.amount_fen - rest.get(line.pk, 0),
            owed_fen=rest.get(line.pk, 0),
        )
        for line in lines
    )
    Arrear.objects.bulk_create(
        Arrear(site=site, patient=slip.patient, receipt=receipt, line=line, owed_fen=rest[line.pk], arose_at=now)
        for line in lines
        if line.pk in rest
    )
    _pay(receipt, taken)
    SLIP.move(slip, "billed", by=by)
    _note_if_charged(slip.visit_code)
    audit.record(
        by=by,
        verb="cashier.charged",
        target=receipt,
        site=site.code,
        received_fen=receipt.received_fen,
        owed_fen=owed_fen,
        tender=taken.tender,
    )
    _tell(receipt, now)
    return receipt


def _pay(receipt: Receipt, taken: paper.Taken) -> None:
    if not taken.amount_fen:
        return
    Payment.objects.create(
        receipt=receipt,
        site=receipt.site,
        tender=taken.tender,
        amount_fen=taken.amount_fen,
        tendered_fen=taken.tendered_fen,
        change_fen=taken.change_fen,
        card_last_four=taken.card_last_four,
        paid_at=receipt.issued_at,
    )


def _report_arrears(by: Actor, receipt: Receipt, lines: Sequence[ChargeLine]) -> None:
    """The supervisor has it in the inbox the same day (CA-008); without an answer it goes on to the superiors."""
    site = receipt.site
    _start, end = clock.day_bounds(clock.local(receipt.issued_at, site.timezone).date(), site.timezone)
    due = end - timedelta(minutes=1)
    open_task(
        by=by,
        kind=REPORT,
        key=str(receipt.code),
        room="cashier",
        title=gettext_noop("Arrears of %(subject)s"),
        detail=gettext_noop("%(owed)s yuan on %(items)s, receipt %(number)s"),
        args={
            "owed": money.yuan(receipt.owed_fen, grouped=True),
            "items": ", ".join(line.item_name for line in lines)[:120],
            "number": receipt.number,
        },
        subject=("patient", receipt.patient.code),
        icon="cash",
        due_at=due,
        escalates_at=due,
        escalates_to=("higher_supervisor", "clinic_director"),
        roles=("supervisor",),
        site=site,
        url=("cashier:receipt", str(receipt.code)),
    )


def _tell(receipt: Receipt, now: datetime) -> None:
    outbox.emit(
        "cashier.charged",
        key=f"receipt:{receipt.code}",
        payload={
            "receipt": str(receipt.code),
            "site": str(receipt.site.code),
            "visit": str(receipt.visit_code or ""),
            "day": f"{clock.local(now, receipt.site.timezone):%Y-%m-%d}",
            "received_fen": receipt.received_fen,
            "owed_fen": receipt.owed_fen,
        },
    )
