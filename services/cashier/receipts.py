"""What a receipt is made of: number, lines, payments, entry in the books, arrears, event; one transaction with its action."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, money, numbering, outbox, registry, timers
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from kernel.timers.models import Timer
from services.books import actions as books
from services.books.models import Account, EntryKind, Tender
from services.cashier import dispatch, paper
from services.cashier.machines import SLIP
from services.cashier.models import Arrear, ChargeSlip, Payment, Receipt, ReceiptLine
from services.cashier.taking import Taken
from services.reception import actions as visits
from services.reception.models import Visit
from services.sites.models import Site
from services.tasks.actions import open_task
from services.tasks.models import Task

REPORT = "cashier.arrears_reported"
# The cashier reports; an hour before the day ends the supervisor hears of what was not.
SILENT, LATEST = "cashier.arrears_silent", timedelta(hours=1)
TILL = Actor.system("till")
# Slots of other rooms: who may take money and on which day of the till, what they do when something was charged, and how they give money by a tender of theirs.
BEFORE = "cashier.before"
AFTER = "cashier.charged"
TAKE = "cashier.take"
# Which lines are paid in advance, and which stored value pays: the slot of the room that keeps what patients have prepaid.
HELD = "cashier.held"


@dataclass(frozen=True, slots=True)
class Held:
    """``ahead``: lines that are paid in advance, by code, with the holding that gets their money. ``spent``: the holding whose
    stored value pays the receipt."""

    ahead: Mapping[UUID, UUID] = field(default_factory=dict)
    spent: UUID | None = None


def locked_visit(code: UUID | None) -> Visit | None:
    """The visit, locked before its slips, so that of two slips charged at once the second knows of the first."""
    return Visit.objects.select_for_update().filter(code=code).first() if code else None


def note_if_charged(code: UUID | None) -> None:
    """Tell the front desk when no slip of the visit waits any more and at least one was charged (CA-048)."""
    visit = locked_visit(code)
    if visit is None or visit.settled_at is not None:
        return
    states = set(ChargeSlip.objects.filter(visit_code=visit.code).values_list("state", flat=True))
    if "billed" in states and "issued" not in states:
        visits.note_charged(by=TILL, visit=visit)


def receipt_number(site: Site, now: datetime) -> str:
    """The next number of the legal entity in the local year; without gaps, for it is taken with its receipt (CA-055)."""
    year = f"{clock.local(now, site.timezone):%Y}"
    return f"C-{numbering.next_number('cashier.receipt', entity=str(site.entity.code), period=year)}"


def receipt_of_slip(by: Actor, slip: ChargeSlip, bill: paper.Bill, taken: Sequence[Taken]) -> Receipt:
    dispatch.use_up(by=by, slip=slip, lines=[part.line for part in bill.parts])
    site, now = slip.site, clock.now()
    number = receipt_number(site, now)
    document = paper.issue_receipt(
        by=by,
        site=site,
        subject=slip,
        number=number,
        patient=slip.patient,
        doctor=slip.doctor,
        at=now,
        bill=bill,
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
        receivable_fen=bill.price_fen,
        discount_fen=bill.discount_fen,
        received_fen=bill.due_fen,
        owed_fen=bill.owed_fen,
        issued_at=now,
        document=document,
    )
    write_lines(receipt, bill)
    Arrear.objects.bulk_create(
        Arrear(site=site, patient=slip.patient, receipt=receipt, line=part.line, owed_fen=part.owed_fen, arose_at=now)
        for part in bill.parts
        if part.owed_fen
    )
    if bill.owed_fen:
        watch_arrears(receipt)
    pay(by, receipt, taken)
    book(by, receipt, EntryKind.CHARGE, bill, taken)
    SLIP.move(slip, "billed", by=by)
    note_if_charged(slip.visit_code)
    for after in _fillers(AFTER):
        after(by=by, receipt=receipt, lines=[part.line for part in bill.parts])
    audit.record(
        by=by,
        verb="cashier.charged",
        target=receipt,
        site=site.code,
        received_fen=receipt.received_fen,
        owed_fen=receipt.owed_fen,
        tender="+".join(one.tender for one in taken),
    )
    tell(receipt)
    return receipt


def write_lines(receipt: Receipt, bill: paper.Bill) -> None:
    """What the receipt took in, and left owed, of each item."""
    ReceiptLine.objects.bulk_create(
        ReceiptLine(
            receipt=receipt,
            line=part.line,
            discount_fen=part.discount_fen,
            rate_bp=part.rate_bp,
            received_fen=part.paid_fen,
            owed_fen=part.owed_fen,
        )
        for part in bill.parts
    )


def write_payments(receipt: Receipt, taken: Sequence[Taken], *, carried_over: bool = False) -> None:
    """How the receipt was paid; ``carried_over`` from the one that it replaces, so that no money comes in twice."""
    Payment.objects.bulk_create(
        Payment(
            receipt=receipt,
            site=receipt.site,
            tender=one.tender,
            amount_fen=one.amount_fen,
            tendered_fen=one.tendered_fen,
            change_fen=one.change_fen,
            card_last_four=one.card_last_four,
            reference=one.reference,
            paid_at=receipt.issued_at,
            carried_over=carried_over,
        )
        for one in taken
    )


def pay(by: Actor, receipt: Receipt, taken: Sequence[Taken]) -> None:
    for one in taken:
        fillers = _fillers(f"{TAKE}.{one.tender}")
        if one.tender == Tender.STORED_VALUE and not fillers:
            raise RuleRefused("tender_unknown", _("Nobody keeps stored value here."))
        for fill in fillers:
            fill(by=by, receipt=receipt, amount_fen=one.amount_fen, reference=one.reference)
    try:
        with transaction.atomic():
            write_payments(receipt, taken)
    except IntegrityError as error:
        if "cashier_payment_wallet_once" in str(error):
            raise Conflict(
                "transaction_used",
                _("This transaction has paid another receipt already. Compare its number with the payer's phone."),
            ) from error
        raise Conflict("voucher_used", _("This voucher has been taken already.")) from error


def book(
    by: Actor, receipt: Receipt, kind: EntryKind, bill: paper.Bill, taken: Sequence[Taken], *, settles: bool = False
) -> None:
    """Income of the items that the money paid, in the order of the lines; what stays owed beside it (CA-056). What is paid in
    advance is no income yet: the house owes it."""
    held = Held()
    for ask in _fillers(HELD):
        held = ask(by=by, receipt=receipt, parts=bill.parts, taken=taken)
    moves = books.spread(
        [(part.line.code, part.line.category, part.paid_fen) for part in bill.parts],
        [(one.tender, one.amount_fen) for one in taken],
        holdings=held.ahead,
        spent=held.spent,
    )
    for part in bill.parts:
        moves.append(
            books.Move(
                debit=Account.OWED_INCOME if settles else Account.OWED,
                credit=Account.OWED if settles else Account.OWED_INCOME,
                amount_fen=part.paid_fen if settles else part.owed_fen,
                category=part.line.category,
                subject=part.line.code,
            )
        )
    books.post(by=by, site=receipt.site, kind=kind, source=receipt.code, number=receipt.number, moves=moves)


def offered_tenders() -> list[tuple[str, Any]]:
    """The tenders that money can come in by here, as choices: stored value only where some room keeps it."""
    return [one for one in Tender.choices if one[0] != Tender.STORED_VALUE or _fillers(f"{TAKE}.{one[0]}")]


def _fillers(slot: str) -> list[Callable[..., Any]]:
    """What other rooms do within a charge, in their order; a refusal of theirs refuses the charge."""
    return [import_string(path) for room in registry.active_rooms() for path in room.slots.get(slot, ())]


def before(by: Actor, site: Site) -> None:
    """What other rooms ask before money is taken or given at ``site`` by ``by``; a refusal of theirs refuses it."""
    for ask in _fillers(BEFORE):
        ask(by=by, site=site)


def is_reported(receipt: Receipt) -> bool:
    """Has the supervisor been told what stays owed on ``receipt``?"""
    return Task.objects.filter(kind=REPORT, key=str(receipt.code)).exists()


def watch_arrears(receipt: Receipt) -> None:
    """What stays owed is with the supervisor the same day, also when the cashier forgets it (CA-008)."""
    _start, end = clock.day_bounds(clock.local(receipt.issued_at, receipt.site.timezone).date(), receipt.site.timezone)
    timers.schedule(SILENT, str(receipt.code), max(end - LATEST, receipt.issued_at))


def note_silence(timer: Timer) -> None:
    """Timer: the day ends, and nobody reported what stays owed. The supervisor hears that it was not reported; reporting stays
    the cashier's, and the day of the till stays open for it."""
    receipt = Receipt.objects.select_related("site", "patient").get(code=timer.key)
    if is_reported(receipt) or not receipt.arrears.filter(settled_at__isnull=True, voided_at__isnull=True).exists():
        return
    open_task(
        by=TILL,
        kind=SILENT,
        key=str(receipt.code),
        room="cashier",
        title=gettext_noop("Arrears of %(subject)s were not reported"),
        detail=gettext_noop("Receipt %(number)s, cashier %(cashier)s"),
        args={"number": receipt.number, "cashier": receipt.cashier_name},
        subject=("patient", receipt.patient.code),
        icon="cash",
        due_at=clock.now(),
        roles=("supervisor",),
        site=receipt.site,
        url=("cashier:receipt", str(receipt.code)),
    )


def report_arrears(by: Actor, receipt: Receipt, rows: Sequence[Arrear]) -> None:
    """The supervisor has it in the inbox (CA-008); without an answer by the end of that day it goes on to the superiors."""
    site = receipt.site
    _start, end = clock.day_bounds(clock.today(site.timezone), site.timezone)
    due = end - timedelta(minutes=1)
    open_task(
        by=by,
        kind=REPORT,
        key=str(receipt.code),
        room="cashier",
        title=gettext_noop("Arrears of %(subject)s"),
        detail=gettext_noop("%(owed)s yuan on %(items)s, receipt %(number)s"),
        args={
            "owed": money.yuan(sum(row.owed_fen - row.settled_fen for row in rows), grouped=True),
            "items": ", ".join(row.line.item_name for row in rows)[:120],
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


def tell(receipt: Receipt) -> None:
    outbox.emit(
        "cashier.charged",
        key=f"receipt:{receipt.code}",
        payload={
            "receipt": str(receipt.code),
            "site": str(receipt.site.code),
            "visit": str(receipt.visit_code or ""),
            "day": f"{books.business_day(receipt.site, receipt.issued_at):%Y-%m-%d}",
            "received_fen": receipt.received_fen,
            "owed_fen": receipt.owed_fen,
        },
    )
