"""Writes of the till: a signed slip, then a receipt. Nothing is charged without the one, nothing taken without the other."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from kernel import audit, clock, money, numbering, outbox
from kernel.actions import action
from kernel.capitals import capital_amount
from kernel.context import Actor
from kernel.errors import Conflict, Cure, NotFound, RuleRefused
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
from services.documents.actions import issue
from services.documents.models import Document
from services.patients.models import Patient
from services.sites.models import Site
from services.staff.models import StaffMember


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

    Raises RuleRefused (``slip_empty``, ``slip_not_the_doctor``, ``item_without_price``, ``quantity_invalid``,
    ``zero_reason_unknown``).
    """
    if not lines:
        raise RuleRefused("slip_empty", _("A slip needs at least one item."))
    if doctor.user is None or doctor.user.code != by.code:
        raise RuleRefused("slip_not_the_doctor", _("A charge slip is signed by the treating doctor."))
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
    outbox.emit(
        "cashier.slip_signed",
        key=f"slip:{slip.code}",
        payload={"slip": str(slip.code), "site": str(site.code), "visit": str(visit_code or "")},
    )
    return slip


def _line(line: SlipLine, day: object) -> ChargeLine:
    price = line.item.price_on(day)  # type: ignore[arg-type]
    if price is None:
        raise RuleRefused(
            "item_without_price", _("“%(item)s” has no price today.") % {"item": line.item.name}, item=line.item.key
        )
    if line.quantity < 1:
        raise RuleRefused("quantity_invalid", _("A quantity is one or more."))
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
def withdraw_slip(*, by: Actor, slip: ChargeSlip) -> ChargeSlip:
    """Take back a slip that was not charged yet; its number stays used."""
    SLIP.move(slip, "withdrawn", by=by)
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
    it. Of ``card_number`` only the last four digits survive this call.

    Raises Conflict (``slip_already_charged``), NotFound (``slip_not_found``), RuleRefused (``tender_unknown``,
    ``card_digits_missing``, ``owed_items_missing``, ``owed_more_than_item``, ``too_little_tendered``,
    ``change_only_for_cash``).
    """
    slip = _locked(slip, site)
    lines = list(slip.lines.select_related("item"))
    receivable = sum(line.amount_fen for line in lines)
    rest = _owed_by_line(lines, owed or {})
    owed_fen = sum(rest.values())
    due = receivable - owed_fen
    if tender not in Tender.values:
        raise RuleRefused("tender_unknown", _("Choose how the money is paid."), fields={"tender": [_("Unknown.")]})
    last_four = _last_four(tender, card_number)
    if tendered_fen < due:
        raise RuleRefused(
            "owed_items_missing" if not owed_fen else "too_little_tendered",
            _("%(missing)s yuan are missing. Name the items on which they stay owed, or take the whole amount.")
            % {"missing": money.yuan(due - tendered_fen, grouped=True)},
            cures=[Cure(_("Name the owed items"))],
            missing_fen=due - tendered_fen,
        )
    if tendered_fen > due and tender != Tender.CASH:
        raise RuleRefused("change_only_for_cash", _("Only cash gives change. Enter the exact amount."), due_fen=due)
    receipt = _receipt(by, slip, lines, receivable, rest, tender=tender, tendered_fen=tendered_fen, last_four=last_four)
    Payment.objects.create(
        receipt=receipt,
        site=site,
        tender=tender,
        amount_fen=due,
        tendered_fen=tendered_fen,
        change_fen=tendered_fen - due,
        card_last_four=last_four,
        paid_at=receipt.issued_at,
    )
    return receipt


@action(permission="cashier.charge")
def close_zero_bill(*, by: Actor, site: Site, slip: ChargeSlip) -> Receipt:
    """Issue the receipt of a slip whose every line is free for a stated reason (CA-045). No money moves.

    Raises RuleRefused (``bill_not_zero``) and what ``charge`` raises for the slip.
    """
    slip = _locked(slip, site)
    lines = list(slip.lines.select_related("item"))
    if any(line.amount_fen for line in lines):
        raise RuleRefused("bill_not_zero", _("This slip is not free. Charge it."))
    return _receipt(by, slip, lines, 0, {}, tender="", tendered_fen=0, last_four="")


def _locked(slip: ChargeSlip, site: Site) -> ChargeSlip:
    found = (
        ChargeSlip.objects.select_for_update(of=("self",)).select_related("site", "patient", "doctor").get(pk=slip.pk)
    )
    if found.site_id != site.pk:
        raise NotFound("slip_not_found", _("There is no such slip."))
    if found.state != "issued":
        raise Conflict("slip_already_charged", _("This slip has been charged or withdrawn already."), state=found.state)
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


def _last_four(tender: str, card_number: str) -> str:
    if tender not in CARDS:
        return ""
    digits = re.sub(r"\D", "", card_number)
    if len(digits) < 4:
        raise RuleRefused(
            "card_digits_missing",
            _("Enter the last four digits of the card."),
            fields={"card_number": [_("Four digits.")]},
        )
    return digits[-4:]


def _receipt(
    by: Actor,
    slip: ChargeSlip,
    lines: Sequence[ChargeLine],
    receivable: int,
    rest: Mapping[int, int],
    *,
    tender: str,
    tendered_fen: int,
    last_four: str,
) -> Receipt:
    site, now = slip.site, clock.now()
    day = clock.local(now, site.timezone)
    owed_fen = sum(rest.values())
    received = receivable - owed_fen
    number = f"C-{numbering.next_number('cashier.receipt', entity=str(site.entity.code), period=f'{day:%Y}')}"
    document = _document(by, slip, lines, number, receivable, received, owed_fen, tender, tendered_fen, last_four)
    receipt = Receipt.objects.create(
        number=number,
        site=site,
        slip=slip,
        patient=slip.patient,
        visit_code=slip.visit_code,
        cashier=by.code,
        cashier_name=by.name,
        receivable_fen=receivable,
        received_fen=received,
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
    SLIP.move(slip, "billed", by=by)
    audit.record(
        by=by,
        verb="cashier.charged",
        target=receipt,
        site=site.code,
        received_fen=received,
        owed_fen=owed_fen,
        tender=tender,
    )
    outbox.emit(
        "cashier.charged",
        key=f"receipt:{receipt.code}",
        payload={
            "receipt": str(receipt.code), "site": str(site.code), "visit": str(slip.visit_code or ""), "day": f"{day:%Y-%m-%d}",
            "received_fen": received, "owed_fen": owed_fen,
        },
    )  # fmt: skip
    return receipt


def _document(
    by: Actor, slip: ChargeSlip, lines: Sequence[ChargeLine], number: str, receivable: int, received: int, owed: int,
    tender: str, tendered_fen: int, last_four: str,
) -> Document:  # fmt: skip
    site = slip.site
    content = {
        "business": site.name,
        "entity": site.entity.name,
        "seal": site.entity.seal_text or site.entity.name,
        "number": number,
        "date": f"{clock.local(clock.now(), site.timezone):%Y-%m-%d}",
        "time": f"{clock.local(clock.now(), site.timezone):%H:%M}",
        "patient": slip.patient.name,
        "record_number": slip.patient.record_number,
        "doctor": slip.doctor.name,
        "cashier": by.name,
        "phone": site.phone,
        "lines": [
            {
                "name": line.item_name + (f" {line.remark}" if line.remark else ""),
                "quantity": line.quantity,
                "amount": money.yuan(line.amount_fen, grouped=True),
                "zero_reason": line.zero_reason,
            }
            for line in lines
        ],
        "receivable": money.yuan(receivable, grouped=True),
        "rate": "100%",
        "received": money.yuan(received, grouped=True),
        "owed": money.yuan(owed, grouped=True),
        "capitals": capital_amount(received, currency=True),
        "tender": tender,
        "card": last_four,
        "tendered": money.yuan(tendered_fen, grouped=True),
        "change": money.yuan(max(0, tendered_fen - received), grouped=True),
    }
    return issue(
        by=by,
        kind="receipt",
        number=number,
        site=site,
        subject=slip,
        permission="cashier.view",
        template="cashier/receipt.typ",
        content=content,
    )


@action(permission="cashier.charge")
def settle_arrear(
    *, by: Actor, site: Site, arrear: Arrear, amount_fen: int, tender: str, card_number: str = ""
) -> Arrear:
    """Take in money owed from before (CA-009): income of today, tied to the receipt on which it arose.

    Raises RuleRefused (``amount_more_than_owed``, ``tender_unknown``, ``card_digits_missing``), NotFound.
    """
    arrear = (
        Arrear.objects.select_for_update(of=("self",))
        .select_related("site__entity", "patient", "line", "receipt__slip__doctor")
        .get(pk=arrear.pk)
    )
    if arrear.site_id != site.pk:
        raise NotFound("arrear_not_found", _("There is no such arrear."))
    if tender not in Tender.values:
        raise RuleRefused("tender_unknown", _("Choose how the money is paid."), fields={"tender": [_("Unknown.")]})
    last_four = _last_four(tender, card_number)
    if not 0 < amount_fen <= arrear.owed_fen - arrear.settled_fen:
        raise RuleRefused(
            "amount_more_than_owed",
            _("Only %(rest)s yuan are still owed.")
            % {"rest": money.yuan(arrear.owed_fen - arrear.settled_fen, grouped=True)},
        )
    now = clock.now()
    day = clock.local(now, site.timezone)
    number = f"C-{numbering.next_number('cashier.receipt', entity=str(site.entity.code), period=f'{day:%Y}')}"
    slip = arrear.receipt.slip
    if slip is None:
        raise NotFound("arrear_not_found", _("There is no such arrear."))
    document = _document(by, slip, [arrear.line], number, amount_fen, amount_fen, 0, tender, amount_fen, last_four)
    receipt = Receipt.objects.create(
        number=number, site=site, patient=arrear.patient, visit_code=None, cashier=by.code, cashier_name=by.name,
        receivable_fen=amount_fen, received_fen=amount_fen, issued_at=now, document=document,
    )  # fmt: skip
    ReceiptLine.objects.create(receipt=receipt, line=arrear.line, received_fen=amount_fen)
    Payment.objects.create(
        receipt=receipt,
        site=site,
        tender=tender,
        amount_fen=amount_fen,
        tendered_fen=amount_fen,
        card_last_four=last_four,
        paid_at=now,
    )
    arrear.settled_fen += amount_fen
    if arrear.settled_fen == arrear.owed_fen:
        arrear.settled_at = now
    arrear.save(update_fields=["settled_fen", "settled_at"])
    audit.record(by=by, verb="cashier.arrear_settled", target=arrear, site=site.code, amount_fen=amount_fen)
    outbox.emit(
        "cashier.charged",
        key=f"receipt:{receipt.code}",
        payload={
            "receipt": str(receipt.code),
            "site": str(site.code),
            "visit": "",
            "day": f"{day:%Y-%m-%d}",
            "received_fen": amount_fen,
            "owed_fen": 0,
        },
    )
    return arrear
