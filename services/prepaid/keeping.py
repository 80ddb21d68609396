"""What the till and the room of refunds ask of this room within their own transactions: money that comes to a holding, pays
from it, and goes back. Each is a line of its statement; the books have the entry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from kernel import audit, clock, money, numbering, outbox
from kernel.context import Actor
from kernel.errors import Conflict, Cure, RuleRefused
from services.books import actions as books
from services.books.models import Account, Entry, EntryKind, Movement, Tender
from services.cashier.models import ChargeLine, Receipt
from services.cashier.paper import Part
from services.cashier.receipts import Held
from services.cashier.taking import Taken
from services.prepaid import lasting
from services.prepaid.machines import HOLDING
from services.prepaid.models import Ending, Holding, Kind, Offer, Share, StatementLine
from services.refunds.giving import DROPPED, PAID, TAKEN_BACK
from services.refunds.models import Payout, Refund, RefundLine
from services.refunds.routes import Kept
from services.sites.models import Site

ENGINE = Actor.system("prepaid")
Row = StatementLine.Kind
GAINS = (Row.SOLD, Row.TOPPED_UP)


# --- the till ---------------------------------------------------------------------------------------------------------


def held(*, by: Actor, receipt: Receipt, parts: Sequence[Part], taken: Sequence[Taken]) -> Held:
    """Slot ``cashier.held``: the holdings that this receipt pays in advance, opened with its first charge, and the one whose
    stored value pays it. A receipt that replaces another one finds the same holdings.

    Raises RuleRefused (``prepaid_paid_whole``, ``prepaid_not_free``).
    """
    first = receipt.slip_id is not None and receipt.replaces_id is None
    lines = [part.line.pk for part in parts]
    known = dict(
        StatementLine.objects.filter(line__in=lines, kind__in=GAINS).values_list("line__code", "holding__code")
    )
    offers: dict[int, Offer] = {}
    if first:
        wanted = Offer.objects.filter(item__in=[part.line.item_id for part in parts]).select_related("gives")
        offers = {offer.item_id: offer for offer in wanted}
    for part in parts:
        offer = offers.get(part.line.item_id)
        if offer is None or part.line.code in known:
            continue
        if part.owed_fen:
            raise RuleRefused(
                "prepaid_paid_whole", _("What is paid in advance is paid whole; nothing of it stays owed.")
            )
        if part.paid_fen <= 0:
            raise RuleRefused("prepaid_not_free", _("What is paid in advance is not free."))
        known[part.line.code] = _gain(by, receipt, part, offer).code
    spent = None
    if any(one.tender == Tender.STORED_VALUE for one in taken):
        rows = StatementLine.objects.filter(kind=Row.SPENT, source__in=_lineage(receipt))
        spent = rows.values_list("holding__code", flat=True).first()
    return Held(ahead=known, spent=spent)


def take(*, by: Actor, receipt: Receipt, amount_fen: int, reference: str) -> None:
    """Slot ``cashier.take.stored_value``: a receipt is paid from the stored value named by ``reference`` (its number), or from
    the patient's own. The holder, or whoever shares it by consent, spends up to what is there.

    Raises RuleRefused (``stored_value_unknown``, ``stored_value_short``, ``not_shared``, ``stored_value_buys_no_prepaid``,
    ``stored_value_mixed``), Conflict (``holding_rests``, ``stored_value_twice``).
    """
    lines = list(receipt.lines.values_list("line__item", "line__code"))
    if Offer.objects.filter(item__in=[item for item, _code in lines]).exists():
        raise RuleRefused(
            "stored_value_buys_no_prepaid",
            _("What is paid in advance is not paid from stored value. Take another tender."),
        )
    books.keep_day(receipt.site)
    holding = _account(receipt, reference.strip().upper(), amount_fen)
    _refuse_stranger(holding, receipt.patient_id)
    refuse_resting(holding)
    if StatementLine.objects.filter(kind=Row.SPENT, source=receipt.code).exists():
        raise Conflict("stored_value_twice", _("A receipt is paid from one stored value."))
    others = Movement.objects.filter(
        debit=Account.PREPAID, credit=Account.INCOME, subject__in=[one for _i, one in lines]
    )
    if others.exclude(holding=holding.code).exists():
        raise RuleRefused(
            "stored_value_mixed", _("Another stored value paid a part of this item already. Take that one.")
        )
    write(holding, by=by, kind=Row.SPENT, amount_fen=-amount_fen, source=receipt.code, paper=receipt.number)


# --- refunds ----------------------------------------------------------------------------------------------------------


def kept(lines: Iterable[UUID]) -> Kept:
    """Slot ``refunds.kept``: of lines paid in advance goes back what an open ``Ending`` says and nothing else. Two queries."""
    ahead: dict[UUID, UUID] = {}
    stored: dict[UUID, UUID] = {}
    rows = Movement.objects.filter(subject__in=list(lines), holding__isnull=False).order_by("id")
    for debit, credit, subject, holding in rows.values_list("debit", "credit", "subject", "holding"):
        if subject is None or holding is None:
            continue
        if (debit, credit) == (Account.MONEY, Account.PREPAID):
            ahead[subject] = holding
        elif (debit, credit) == (Account.PREPAID, Account.INCOME):
            stored[subject] = holding
    allowed: dict[str, int] = {}
    if ahead:
        for ending in Ending.objects.filter(holding__code__in=set(ahead.values()), closed_at__isnull=True):
            allowed |= ending.lines
    return Kept(
        ahead={line: (holding, int(allowed.get(str(line), 0))) for line, holding in ahead.items()}, stored=stored
    )


def give(*, by: Actor, refund: Refund, payout: Payout, amount_fen: int, rows: Sequence[RefundLine]) -> None:
    """Slot ``refunds.give.stored_value``: what stored value had paid goes back to it; negative: it is taken back.

    Raises RuleRefused (``stored_value_short``): what went back has been spent since.
    """
    gains = payout.entry.movements.filter(credit=Account.PREPAID)
    kind = Row.GIVEN_BACK if amount_fen > 0 else Row.GIVEN_BACK_VOID
    for holding, fen in _by_holding(refund.site, gains):
        signed = fen if amount_fen > 0 else -fen
        write(holding, by=by, kind=kind, amount_fen=signed, source=payout.code, paper=refund.number)


def turned(*, by: Actor, refund: Refund, step: str, payout: Payout | None) -> None:
    """Slot ``refunds.turned``: the refund of a holding was paid, its payment taken back, or no money will leave."""
    ending = Ending.objects.filter(refund=refund).select_related("holding__site").first()
    if ending is None:
        return
    holding = locked(ending.holding)
    if step == DROPPED:
        _close(ending)
        HOLDING.move(holding, "active", by=ENGINE)
        lasting.watch(holding)
    elif step == PAID and payout is not None:
        _leave(by, ending, holding, payout)
    elif step == TAKEN_BACK and payout is not None:
        _come_back(by, ending, holding, payout)


# --- the statement ----------------------------------------------------------------------------------------------------


def locked(holding: Holding) -> Holding:
    """The holding as it stands now, locked; the day of its site stays open meanwhile."""
    books.keep_day(holding.site)
    rows = Holding.objects.select_for_update(of=("self",)).select_related("site__entity", "patient", "gives__category")
    return rows.get(pk=holding.pk)


def refuse_resting(holding: Holding) -> None:
    """Raises Conflict (``holding_rests``) where it pays for nothing now."""
    if holding.state == "active":
        return
    words = {
        "frozen": _("%(number)s is frozen."),
        "used": _("Every session of %(number)s has been used."),
        "expired": _("%(number)s has expired; it can be extended or refunded."),
        "ending": _("%(number)s is being refunded."),
        "refunded": _("%(number)s has been refunded."),
    }
    raise Conflict("holding_rests", words[holding.state] % {"number": holding.number}, state=holding.state)


def write(
    holding: Holding, *, by: Actor, kind: str, amount_fen: int, source: UUID, sessions: int = 0, paper: str = "",
    line: ChargeLine | None = None,
) -> StatementLine:  # fmt: skip
    """The next line of the statement of a locked ``holding``. Raises RuleRefused (``stored_value_short``), Conflict
    (``holding_moved``): somebody else wrote at the same moment."""
    last = holding.statement.order_by("-number").first()
    before, left = (last.balance_fen, last.sessions_left) if last else (0, 0)
    if before + amount_fen < 0 or left + sessions < 0:
        raise short(holding, before)
    try:
        with transaction.atomic():
            row = StatementLine.objects.create(
                holding=holding,
                number=last.number + 1 if last else 1,
                kind=kind,
                before_fen=before,
                amount_fen=amount_fen,
                balance_fen=before + amount_fen,
                sessions=sessions,
                sessions_left=left + sessions,
                source=source,
                paper=paper,
                line=line,
                at=clock.now(),
                by=by.code,
                by_name=by.name,
            )
    except IntegrityError as error:
        raise Conflict("holding_moved", _("Somebody has just used this. Look again.")) from error
    audit.record(
        by=by, verb=f"prepaid.{kind}", target=holding, site=holding.site.code, fen=amount_fen, sessions=sessions
    )
    outbox.emit(
        "prepaid.changed",
        key=f"holding:{holding.code}",
        payload={
            "holding": str(holding.code),
            "site": str(holding.site.code),
            "day": f"{books.business_day(holding.site):%Y-%m-%d}",
        },
    )
    return row


def short(holding: Holding, there_fen: int) -> RuleRefused:
    """The refusal where more is wanted than there is."""
    return RuleRefused(
        "stored_value_short",
        _("%(number)s holds only %(there)s yuan.")
        % {"number": holding.number, "there": money.yuan(there_fen, grouped=True)},
        cures=[Cure(_("Take the rest by another tender, or top it up first"))],
        available_fen=there_fen,
    )


def may_use(holding: Holding, patient: int) -> bool:
    """Is the patient (by key) the holder, or does the holder share it with them?"""
    shared = Share.objects.filter(holding=holding, patient=patient, ended_at__isnull=True)
    return holding.patient_id == patient or shared.exists()


# --- parts ------------------------------------------------------------------------------------------------------------


def _gain(by: Actor, receipt: Receipt, part: Part, offer: Offer) -> Holding:
    site, now = receipt.site, receipt.issued_at
    if offer.kind == Kind.STORED_VALUE:
        own = _own(receipt).exclude(state="ending").first()
        holding = locked(own) if own else _open(receipt, Kind.STORED_VALUE, name=part.line.item_name)
        kind, sessions = Row.TOPPED_UP, 0
    else:
        kind, sessions = Row.SOLD, offer.sessions * part.line.quantity
        holding = _open(
            receipt,
            Kind.PACKAGE,
            name=part.line.item_name,
            line=part.line,
            gives=offer.gives,
            sessions=sessions,
            paid_fen=part.paid_fen,
            valid_until=clock.local(now, site.timezone).date() + timedelta(days=offer.valid_days),
        )
        lasting.watch(holding)
    write(
        holding, by=by, kind=kind, amount_fen=part.paid_fen, sessions=sessions, source=receipt.code,
        paper=receipt.number, line=part.line,
    )  # fmt: skip
    return holding


def _open(receipt: Receipt, kind: Kind, **facts: object) -> Holding:
    site = receipt.site
    letter = "PK" if kind == Kind.PACKAGE else "SV"
    year = f"{clock.local(receipt.issued_at, site.timezone):%Y}"
    number = numbering.next_number(f"prepaid.{kind}", entity=str(site.entity.code), period=year)
    if Holding.objects.filter(number=f"{letter}-{number}").exists():
        # Two legal entities of one business count for themselves; a number that a patient reads out means one holding.
        letter = f"{letter}{site.entity_id}"
    return Holding.objects.create(
        kind=kind, number=f"{letter}-{number}", site=site, patient=receipt.patient, opened_at=receipt.issued_at, **facts
    )


def _own(receipt: Receipt) -> QuerySet[Holding]:
    """The stored value of the receipt's patient at its site; more than one only after two files became one."""
    rows = Holding.objects.filter(kind=Kind.STORED_VALUE, site=receipt.site, patient=receipt.patient)
    return rows.select_related("site").order_by("opened_at", "id")


def _account(receipt: Receipt, number: str, amount_fen: int) -> Holding:
    if number:
        rows = Holding.objects.filter(kind=Kind.STORED_VALUE, site=receipt.site, number=number).select_related("site")
        candidates = list(rows)
    else:
        candidates = list(_own(receipt))
    if not candidates:
        raise RuleRefused(
            "stored_value_unknown",
            _("There is no stored value of this patient here. Enter the number of the one that pays."),
            fields={"reference": [_("Check the number.")]},
        )
    for one in candidates:
        holding = locked(one)
        last = holding.statement.order_by("-number").first()
        if holding.state == "active" and (last.balance_fen if last else 0) >= amount_fen:
            return holding
    return locked(candidates[0])


def _refuse_stranger(holding: Holding, patient: int) -> None:
    if not may_use(holding, patient):
        raise RuleRefused(
            "not_shared",
            _("%(number)s belongs to somebody else, who has not agreed to share it.") % {"number": holding.number},
            cures=[Cure(_("Let the holder sign that it is shared"))],
        )


def _lineage(receipt: Receipt) -> list[UUID]:
    """The receipt and those that it replaces, by code."""
    codes: list[UUID] = []
    one: Receipt | None = receipt
    while one is not None:
        codes.append(one.code)
        one = one.replaces
    return codes


def _by_holding(site: Site, movements: QuerySet[Movement]) -> list[tuple[Holding, int]]:
    sums: dict[UUID, int] = {}
    for one in movements:
        if one.holding is not None:
            sums[one.holding] = sums.get(one.holding, 0) + one.amount_fen
    rows = {one.code: one for one in Holding.objects.filter(code__in=sums).select_related("site")}
    return [(locked(rows[code]), sums[code]) for code in sorted(sums)]


def _close(ending: Ending) -> None:
    ending.closed_at = clock.now()
    ending.save(update_fields=["closed_at"])


def _leave(by: Actor, ending: Ending, holding: Holding, payout: Payout) -> None:
    refund = payout.refund
    gone = sum(one.amount_fen for one in payout.entry.movements.filter(debit=Account.PREPAID, holding=holding.code))
    left = holding.statement.order_by("-number").values_list("sessions_left", flat=True).first() or 0
    write(holding, by=by, kind=Row.REFUNDED, amount_fen=-gone, sessions=-left, source=payout.code, paper=refund.number)
    if ending.kept_fen and holding.gives is not None:
        entry = books.post(
            by=by,
            site=holding.site,
            kind=EntryKind.REDEMPTION,
            source=payout.code,
            number=refund.number,
            moves=[
                books.Move(
                    debit=Account.PREPAID,
                    credit=Account.INCOME,
                    amount_fen=ending.kept_fen,
                    category=holding.gives.category.key,
                    subject=ending.code,
                    holding=holding.code,
                )
            ],
        )
        write(
            holding, by=by, kind=Row.AT_LIST_PRICE, amount_fen=-ending.kept_fen, source=entry.source,
            paper=refund.number,
        )  # fmt: skip
    _close(ending)
    HOLDING.move(holding, "refunded" if holding.is_package else "active", by=ENGINE)


def _come_back(by: Actor, ending: Ending, holding: Holding, payout: Payout) -> None:
    HOLDING.move(holding, "ending", by=ENGINE)
    ending.closed_at = None
    ending.save(update_fields=["closed_at"])
    holding.ended_at = None
    holding.bump({"ended_at"})
    number = payout.refund.number
    extra = Entry.objects.filter(kind=EntryKind.REDEMPTION, source=payout.code, reverses__isnull=True).first()
    if extra is not None:
        books.reverse(by=by, entry=extra, kind=EntryKind.REDEMPTION, source=payout.code, number=number)
        write(holding, by=by, kind=Row.AT_LIST_PRICE_VOID, amount_fen=ending.kept_fen, source=payout.code, paper=number)
    gone = StatementLine.objects.filter(holding=holding, kind=Row.REFUNDED, source=payout.code).get()
    write(
        holding, by=by, kind=Row.REFUND_VOID, amount_fen=-gone.amount_fen, sessions=-gone.sessions, source=payout.code,
        paper=number,
    )  # fmt: skip
