"""The order of signing, step by step (CA-029): doctor, supervisor, cashier, patient, seal, chart. Links: ``links``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Min
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import access, audit, clock, money, numbering, outbox, tenancy
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Cure, NotFound, RuleRefused
from services.books import actions as books
from services.books.models import EntryKind, Tender
from services.books.selectors import expected_in_till
from services.cashier.models import ChargeLine, Receipt, ReceiptLine
from services.cashier.receipts import before
from services.documents.signatures import read_strokes
from services.patients.models import Patient
from services.reception.models import Visit
from services.records.actions import add_note
from services.records.models import Treatment
from services.refunds import giving, identity, paper, routes
from services.refunds.machines import OPEN, REFUND, same_person_twice
from services.refunds.models import Payee, Payout, PayoutPart, Refund, RefundLine, RefundSignature
from services.seals.actions import apply_seal
from services.seals.models import Seal
from services.sites.models import Site
from services.staff.models import StaffMember
from services.staff.selectors import staff_of
from services.tasks.actions import cancel_task, open_task, settle_task

OPINION, PAY, ANSWER = "refunds.opinion", "refunds.pay", "refunds.refused"
# Moves that follow by themselves from what people did.
ENGINE = Actor.system("refunds")
Part = RefundSignature.Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What of a charge line goes back (fen), or what its text becomes."""

    line: UUID
    amount_fen: int = 0
    changed_to: str = ""


@action(permission="refunds.request")
def request_refund(
    *, by: Actor, site: Site, patient: Patient, doctor: StaffMember, reason: str, wanted: Sequence[Wanted]
) -> Refund:
    """The doctor fills in register and form at once and signs both (CA-024 to CA-026): refund date, patient, detailed reason,
    first visit, total amount, amount to refund, signature. Everything but reason and amounts is computed.

    Raises RuleRefused (``refund_not_the_doctor``, ``reason_missing``, ``refund_empty``, ``more_than_refundable``,
    ``refund_mixed``), NotFound (``line_not_found``).
    """
    if doctor.user is None or doctor.user.code != by.code or not doctor.is_doctor:
        raise RuleRefused("refund_not_the_doctor", _("A change or refund is begun and signed by a doctor."))
    if len(reason.strip()) < 2:
        sentence = _("Write the reason in detail.")
        raise RuleRefused("reason_missing", sentence, fields={"reason": [sentence]})
    given = [one for one in wanted if one.amount_fen or one.changed_to.strip()]
    if not given:
        raise RuleRefused("refund_empty", _("Say what goes back, or what the text becomes."))
    lines = _lines_of(site, patient, [one.line for one in given])
    _refuse_more_than_there_is(lines, {one.line: one.amount_fen for one in given})
    now = clock.now()
    day = clock.local(now, site.timezone).date()
    received = _received(lines)
    refund = Refund(
        number=f"RF-{numbering.next_number('refunds.refund', entity=str(site.code), period=f'{day:%Y}')}",
        site=site,
        patient=patient,
        refund_on=day,
        reason=reason.strip(),
        first_visit_on=first_visit(patient, day, site),
        paid_total_fen=sum(received.values()),
        amount_fen=sum(one.amount_fen for one in given),
        doctor=doctor,
        doctor_by=by.code,
        filled_at=now,
    )
    rows = [
        RefundLine(
            refund=refund, line=lines[one.line], amount_fen=one.amount_fen, changed_to=one.changed_to.strip()[:120]
        )
        for one in given
    ]  # fmt: skip
    refund.content_hash = hash_of(seven_fields(refund, rows))
    refund.save()
    RefundLine.objects.bulk_create(rows)
    _sign(by, refund, Part.DOCTOR, by.name, refund.content_hash)
    audit.record(
        by=by, verb="refunds.filled", target=refund, site=site.code, amount_fen=refund.amount_fen,
        hash=refund.content_hash,
    )  # fmt: skip
    _task(by, refund, OPINION, gettext_noop("Your opinion on a refund to %(subject)s"), roles=("supervisor",))
    return refund


@action(permission="refunds.approve")
def give_opinion(*, by: Actor, site: Site, refund: Refund, approve: bool, opinion: str) -> Refund:
    """The supervisor signs with an opinion, for or against (CA-026). Without money the chart is noted at once (CA-028).

    Raises RuleRefused (``same_person_twice``, ``opinion_missing``), NotFound, Conflict (``invalid_transition``).
    """
    _at(refund, site)
    REFUND.move(refund, "ready" if approve else "refused", by=by, opinion=opinion)
    said = {"content": refund.content_hash, "opinion": refund.opinion, "for": approve}
    _sign(by, refund, Part.SUPERVISOR, by.name, hash_of(said))
    settle_task(by=by, kind=OPINION, key=str(refund.code), result=refund.state)
    if not approve:
        giving.tell(by=by, refund=refund, step=giving.DROPPED)
        _task(by, refund, ANSWER, gettext_noop("Refund refused: %(subject)s"), assignee=refund.doctor.user, closed=True)
    elif refund.amount_fen:
        _task(by, refund, PAY, gettext_noop("Pay a refund to %(subject)s"), roles=("cashier",))
    else:
        REFUND.move(refund, "noted", by=ENGINE)
        _note_in_chart(refund, refund.doctor)
        _close(refund)
    return refund


@action(permission="refunds.request")
def withdraw(*, by: Actor, site: Site, refund: Refund) -> Refund:
    """The doctor takes it back before money moved. Raises RuleRefused (``refund_not_the_doctor``), Conflict."""
    _at(refund, site)
    if refund.doctor_by != by.code:
        raise RuleRefused("refund_not_the_doctor", _("Only whoever began it takes it back."))
    REFUND.move(refund, "withdrawn", by=by)
    giving.tell(by=by, refund=refund, step=giving.DROPPED)
    for kind in (OPINION, PAY):
        cancel_task(by=by, kind=kind, key=str(refund.code), reason="withdrawn")
    return refund


@action(permission="refunds.pay")
def pay(*, by: Actor, site: Site, refund: Refund, shown: identity.Shown) -> Payout:
    """The cashier signs as payer and the money leaves, the way it came (CA-029, CA-030, CA-032): of today, whenever it was
    approved and whenever it had come in. The charge lines are locked first, so of refunds at once no more leaves than came in.

    Raises Conflict (``invalid_transition``), RuleRefused (``same_person_twice``, ``opinion_first``, ``no_money_moves``,
    ``more_than_refundable``, ``till_short``, ``way_back_unknown``) and what ``identity.check`` raises.
    """
    _at(refund, site)
    if not refund.amount_fen:
        raise RuleRefused("no_money_moves", _("Only the text changes here: no money is paid and nobody receives any."))
    if refund.state == "filled":
        raise RuleRefused(
            "opinion_first",
            _("The supervisor has not signed yet. Money leaves only after doctor and supervisor."),
            cures=[Cure(_("Ask for the supervisor's opinion"), role="supervisor")],
        )
    now = clock.now()
    identified = identity.check(refund.patient, site, clock.local(now, site.timezone).date(), shown)
    rows = list(refund.lines.select_related("line").order_by("line_id"))
    # The refund before its lines, everywhere: two who pay the same one wait for each other, not in a ring.
    Refund.objects.select_for_update().get(pk=refund.pk)
    list(ChargeLine.objects.select_for_update().filter(pk__in=[row.line_id for row in rows]).order_by("pk"))
    by_way = routes.ways(row.line.code for row in rows)
    _refuse_more_than_there_is(
        {row.line.code: row.line for row in rows}, {row.line.code: row.amount_fen for row in rows}
    )
    REFUND.move(refund, "paid", by=by)
    # Of two refunds at once the second sees what the first has left in the till.
    books.hold_day(site)
    before(by, site)
    moves, sums = routes.moves_back(
        [(row.line.code, row.line.category, row.amount_fen) for row in rows if row.amount_fen],
        by_way,
        routes.kept(row.line.code for row in rows),
    )
    _refuse_short_till(site, sums.get(Tender.CASH, 0))
    payout = Payout(
        refund=refund,
        site=site,
        at=now,
        payee=shown.payee,
        payee_name=refund.patient.name if shown.payee == Payee.PATIENT else shown.name.strip()[:80],
        identified_by=identified,
        identity_document=shown.identity_document.strip()[:120],
        proxy_reason=shown.proxy_reason if shown.payee == Payee.PROXY else "",
    )
    payout.entry = books.post(
        by=by, site=site, kind=EntryKind.REFUND, source=payout.code, number=refund.number, moves=moves
    )
    payout.day = payout.entry.day
    payout.save()
    PayoutPart.objects.bulk_create(
        PayoutPart(payout=payout, tender=tender, amount_fen=fen) for tender, fen in sums.items()
    )
    giving.give_back(by=by, refund=refund, payout=payout, sums=sums, rows=rows)
    giving.tell(by=by, refund=refund, step=giving.PAID, payout=payout)
    _sign(by, refund, Part.PAYER, by.name, hash_of(_paid_words(refund, payout, sums)), payout=payout)
    audit.record(
        by=by, verb="refunds.money_left", target=refund, site=site.code, amount_fen=refund.amount_fen,
        tender="+".join(sums), payee=shown.payee,
    )  # fmt: skip
    _tell(refund, payout.day)
    return payout


@action(permission="refunds.pay")
def put_off(*, by: Actor, site: Site, refund: Refund, reason: str) -> Refund:
    """Not today, and why: the day may be closed without it. Raises RuleRefused (``reason_missing``), Conflict."""
    _at(refund, site)
    if not reason.strip():
        sentence = _("Say why it is not paid today.")
        raise RuleRefused("reason_missing", sentence, fields={"reason": [sentence]})
    found = Refund.objects.select_for_update().get(pk=refund.pk)
    if found.state != "ready":
        raise Conflict("invalid_transition", _("This refund does not wait for its payment."), state=found.state)
    found.put_off_on, found.put_off_reason = clock.today(site.timezone), reason.strip()[:200]
    found.bump({"put_off_on", "put_off_reason"})
    audit.record(by=by, verb="refunds.put_off", target=found, site=site.code)
    return found


@action(permission="refunds.pay")
def take_back(*, by: Actor, site: Site, refund: Refund) -> Refund:
    """The payee did not sign and the money is back: the books turn it round today, the refund waits for its payment again.

    Raises Conflict (``invalid_transition``), RuleRefused (``way_back_unknown``).
    """
    _at(refund, site)
    payout = standing_payout(refund, lock=True)
    REFUND.move(refund, "ready", by=by)
    entry = books.reverse(by=by, entry=payout.entry, kind=EntryKind.REFUND, source=payout.code, number=refund.number)
    sums = {part.tender: -part.amount_fen for part in payout.parts.all()}
    giving.give_back(by=by, refund=refund, payout=payout, sums=sums, rows=[])
    giving.tell(by=by, refund=refund, step=giving.TAKEN_BACK, payout=payout)
    payout.taken_back_at, payout.taken_back_by_name = clock.now(), by.name
    payout.save(update_fields=["taken_back_at", "taken_back_by_name"])
    audit.record(by=by, verb="refunds.taken_back", target=refund, site=site.code)
    _tell(refund, entry.day)
    return refund


@action(permission="refunds.pay")
def sign_as_payee(
    *, by: Actor, site: Site, refund: Refund, signer_name: str, strokes: str = "", by_link: bool = False
) -> RefundSignature:
    """The patient signs as payee, or whoever was identified at the payment (CA-027): a name typed, or drawn on the screen.

    Raises Conflict (``invalid_transition``), RuleRefused (``payee_not_patient``, ``strokes_malformed``,
    ``no_money_moves``).
    """
    _at(refund, site)
    if not refund.amount_fen:
        raise RuleRefused("no_money_moves", _("Only the text changes here: no money is paid and nobody receives any."))
    drawn = read_strokes(strokes)
    payout = standing_payout(refund, lock=True)
    if not identity.same_name(signer_name, payout.payee_name):
        raise identity.not_patient()
    REFUND.move(refund, "received", by=by)
    sums = {part.tender: part.amount_fen for part in payout.parts.all()}
    words = {**_paid_words(refund, payout, sums), "received_by": payout.payee_name, "strokes": drawn}
    signature = RefundSignature.objects.create(
        refund=refund,
        part=Part.PAYEE,
        payout=payout,
        name=payout.payee_name,
        at=clock.now(),
        text_hash=hash_of(words),
        strokes=drawn,
        by_link=by_link,
        witness_name="" if by_link else by.name,
    )
    audit.record(by=by, verb="refunds.received", target=refund, site=site.code, payee=payout.payee, by_link=by_link)
    return signature


@action(permission="refunds.pay")
def seal(*, by: Actor, site: Site, refund: Refund) -> Refund:
    """“Cash paid” is pressed on the form with the date of the payout's close, which is today, once (CA-031, CA-058); then
    the chart is noted (CA-033) and the register line closed.

    Raises Conflict (``invalid_transition``, ``seal_applied``), Forbidden (``seal_not_yours``).
    """
    _at(refund, site)
    payout = standing_payout(refund, lock=True)
    REFUND.move(refund, "noted", by=by)
    sealed_on = clock.today(site.timezone)
    refund.document = paper.issue_form(by=by, refund=refund, payout=payout, sealed_on=sealed_on)
    refund.bump({"document"})
    apply_seal(by=by, site=site, seal=Seal.CASH_PAID, document=refund.document)
    _note_in_chart(refund, staff_of(by) or refund.doctor, payout)
    _close(refund)
    settle_task(by=by, kind=PAY, key=str(refund.code), result="paid")
    return refund


# --- parts ------------------------------------------------------------------------------------------------------------


def standing_payout(refund: Refund, *, lock: bool = False) -> Payout:
    """The payment that was not taken back. Raises Conflict (``not_paid_yet``)."""
    rows = Payout.objects.filter(refund=refund, taken_back_at__isnull=True).select_related("entry")
    found = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if found is None:
        raise Conflict("not_paid_yet", _("The cashier has not paid and signed yet."))
    return found


def seven_fields(refund: Refund, rows: Sequence[RefundLine]) -> dict[str, Any]:
    """What the doctor signs: the seven fields of register and form, and the items."""
    return {
        "number": refund.number,
        "refund_on": refund.refund_on.isoformat(),
        "patient": str(refund.patient.code),
        "reason": refund.reason,
        "first_visit_on": refund.first_visit_on.isoformat(),
        "paid_total_fen": refund.paid_total_fen,
        "amount_fen": refund.amount_fen,
        "doctor": str(refund.doctor.code),
        "lines": [[str(row.line.code), row.amount_fen, row.changed_to] for row in rows],
    }


def hash_of(said: Mapping[str, Any]) -> str:
    """The hash of what is signed, in one spelling."""
    return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def first_visit(patient: Patient, day: date, site: Site) -> date:
    """The day on which the patient came for the first time, as visits, treatments and receipts know; else ``day``."""
    moments = [
        Visit.objects.filter(patient=patient).aggregate(at=Min("arrived_at"))["at"],
        Treatment.objects.filter(patient=patient).aggregate(at=Min("performed_at"))["at"],
        Receipt.objects.filter(patient=patient).aggregate(at=Min("issued_at"))["at"],
    ]
    days = [clock.local(moment, site.timezone).date() for moment in moments if moment is not None]
    return min([*days, day])


def _lines_of(site: Site, patient: Patient, codes: Sequence[UUID]) -> dict[UUID, ChargeLine]:
    """The charge lines that stand on receipts of this patient at this site which count."""
    rows = ReceiptLine.objects.filter(
        receipt__site=site, receipt__patient=patient, receipt__void__isnull=True, line__code__in=list(codes)
    ).select_related("line__slip")
    found = {row.line.code: row.line for row in rows}
    if set(codes) - set(found) or len(set(codes)) < len(codes):
        raise NotFound("line_not_found", _("There is no such item on a receipt of this patient."))
    return found


def _received(lines: Mapping[UUID, ChargeLine]) -> dict[UUID, int]:
    """What was paid for each line, whatever went back since."""
    left, back = routes.refundable(lines), routes.refunded(lines)
    return {code: left.get(code, 0) + back.get(code, 0) for code in lines}


def _refuse_more_than_there_is(lines: Mapping[UUID, ChargeLine], wanted: Mapping[UUID, int]) -> None:
    left = routes.refundable(lines)
    for code, amount in wanted.items():
        if not 0 <= amount <= left.get(code, 0):
            raise RuleRefused(
                "more_than_refundable",
                _("Of “%(item)s” only %(left)s yuan can go back.")
                % {"item": lines[code].item_name, "left": money.yuan(max(left.get(code, 0), 0), grouped=True)},
                fields={"amount": [_("Too much.")]},
                refundable_fen=left.get(code, 0),
            )


def _refuse_short_till(site: Site, cash_fen: int) -> None:
    there = expected_in_till(site, Tender.CASH) if cash_fen else 0
    if cash_fen > there:
        raise RuleRefused(
            "till_short",
            _("Only %(there)s yuan of cash lie in the till.") % {"there": money.yuan(max(there, 0), grouped=True)},
            cures=[Cure(_("Put more change into the till, or put the payment off"))],
        )


def _paid_words(refund: Refund, payout: Payout, sums: Mapping[str, int]) -> dict[str, Any]:
    return {
        "content": refund.content_hash,
        "payout": str(payout.code),
        "day": payout.day.isoformat(),
        "amount_fen": refund.amount_fen,
        "ways": dict(sorted(sums.items())),
        "payee": payout.payee,
    }


def _sign(by: Actor, refund: Refund, part: str, name: str, text_hash: str, payout: Payout | None = None) -> None:
    others = RefundSignature.objects.filter(refund=refund, by__isnull=False).exclude(part=part)
    if by.code is not None and others.filter(by=by.code).exists():
        raise same_person_twice()
    RefundSignature.objects.create(
        refund=refund, part=part, payout=payout, by=by.code, name=name, at=clock.now(), text_hash=text_hash
    )


def _note_in_chart(refund: Refund, author: StaffMember, payout: Payout | None = None) -> None:
    """Time, reason, amount and who paid, in the tenant's language; without money: what the text became (CA-033, CR-009)."""
    with translation.override(tenancy.current().language):
        add_note(
            by=ENGINE,
            site=refund.site,
            patient=refund.patient,
            author=author,
            text=paper.chart_note(refund, payout),
        )


def _close(refund: Refund) -> None:
    if refund.document_id is None:
        refund.document = paper.issue_form(by=ENGINE, refund=refund)
        refund.bump({"document"})
    REFUND.move(refund, "closed", by=ENGINE)


def _tell(refund: Refund, day: date) -> None:
    outbox.emit(
        "refunds.paid",
        key=f"refund:{refund.code}",
        payload={
            "refund": str(refund.code),
            "site": str(refund.site.code),
            "patient": str(refund.patient.code),
            "day": day.isoformat(),
        },
    )


def _task(by: Actor, refund: Refund, kind: str, title: str, *, closed: bool = False, **who: Any) -> None:
    if not who.get("roles") and who.get("assignee") is None:
        return
    open_task(
        by=by,
        kind=kind,
        key=str(refund.code),
        room="refunds",
        title=title,
        detail=gettext_noop("%(number)s · %(amount)s yuan"),
        args={"number": refund.number, "amount": money.yuan(refund.amount_fen, grouped=True)},
        subject=("patient", refund.patient.code),
        icon="cash",
        group="approval" if kind == OPINION else "due",
        due_at=clock.now(),
        site=refund.site,
        url=("refunds:refund", str(refund.code)),
        closed_in_inbox=closed,
        **who,
    )


def _at(refund: Refund, site: Site) -> None:
    if refund.site_id != site.pk:
        raise NotFound("refund_not_found", _("There is no such refund."))


def is_open(patient: Patient) -> bool:
    """Waits the patient for a refund, or its last signature?"""
    return Refund.objects.filter(patient=patient, state__in=OPEN).exists()


def may(actor: Actor, refund: Refund, word: str) -> bool:
    """Does ``actor`` hold the word of this room at the refund's site?"""
    return access.holds(actor, f"refunds.{word}", site=refund.site.code)
