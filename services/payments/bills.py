"""The acquirer's bill of a day against what was taken and given back here (ledger 17 P): differences, and the payout."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, timers
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, NotFound, RuleRefused
from kernel.timers.models import Timer
from services.books import actions as books
from services.books.models import Account, EntryKind
from services.cashier.models import WALLETS, Payment
from services.payments.acquirers import ITS_ZONE, BillLine, Unreachable, acquirer
from services.payments.actions import merchant_of
from services.payments.models import AcquirerBill, BillDifference, GiveBack, PaymentAttempt
from services.payments.talking import ENGINE
from services.sites.models import Site
from services.sites.selectors import entity_on
from services.tasks.actions import open_task, settle_task

FETCH = "payments.bill"
TASK = "payments.differences"
AGAIN = timedelta(minutes=30)
# A receipt may follow its money by some time: the server was away, the result unknown.
LATE = timedelta(days=2)
Kind = BillDifference.Kind


@dataclass(frozen=True, slots=True)
class Ours:
    """What the house knows of a line: fen, by which tender, and at which site."""

    fen: int
    tender: str
    site: int


def plan_bills(day: date) -> None:
    """Daily: the bills of the day before, of every site that took or gave back money by a payer's code or wallet. A site
    without a shop of its own at the payment service, which never scanned a code, has static codes of somebody else's."""
    if acquirer() is None:
        return
    before = day - timedelta(days=1)
    start, end = clock.day_bounds(before, ITS_ZONE)
    paid = _numbered(start, end).values_list("site")
    back = GiveBack.objects.filter(ended_at__gte=start, ended_at__lt=end).values_list("site")
    for site in Site.objects.filter(Q(pk__in=paid) | Q(pk__in=back)):
        if not _is_known_there(site):
            continue
        timers.schedule(FETCH, f"{site.code}:{before.isoformat()}", clock.now())


def _is_known_there(site: Site) -> bool:
    """Has ``site`` a shop at the acquirer: its number is set, or a code was scanned there once?"""
    return merchant_of(site) != site.code.hex or PaymentAttempt.objects.filter(site=site).exists()


def fetch(timer: Timer) -> None:
    """Timer: get a bill after the commit; it is asked for again until it is matched."""
    code, _colon, day = timer.key.partition(":")
    site = Site.objects.get(code=code)
    if AcquirerBill.objects.filter(site=site, day=day).exists():
        return
    timers.schedule(FETCH, timer.key, clock.now() + AGAIN)
    transaction.on_commit(lambda: get_bill(site, date.fromisoformat(day)), robust=True)


def get_bill(site: Site, day: date) -> None:
    """Ask the acquirer for the bill, outside of any transaction, and match it. Unreachable: the timer comes again."""
    port = acquirer()
    if port is None:
        return
    try:
        lines = port.bill(merchant=merchant_of(site), day=day)
    except Unreachable:
        return
    with transaction.atomic():
        match(by=ENGINE, site=site, day=day, lines=lines)


@action(permission="payments.match")
def ask_for_bill(*, by: Actor, site: Site, day: date) -> None:
    """Fetch and match the bill of ``day`` now. Raises RuleRefused (``day_not_over``, ``acquirer_missing``), Conflict
    (``bill_matched``)."""
    if acquirer() is None:
        raise RuleRefused("acquirer_missing", _("No payment service is set up."))
    if day >= clock.today(ITS_ZONE):
        raise RuleRefused("day_not_over", _("The bill of a day is made when the day is over."))
    if AcquirerBill.objects.filter(site=site, day=day).exists():
        raise Conflict("bill_matched", _("The bill of this day has been matched."))
    audit.record(by=by, verb="payments.bill_wanted", target=None, site=site.code, day=day.isoformat())
    timers.schedule(FETCH, f"{site.code}:{day.isoformat()}", clock.now() + AGAIN)
    transaction.on_commit(lambda: get_bill(site, day), robust=True)


@action(permission="payments.match")
def match(*, by: Actor, site: Site, day: date, lines: Sequence[BillLine]) -> AcquirerBill:
    """Compare a bill line by line with the payments and refunds of ``site``, list what differs, and book what the acquirer
    pays out of it and keeps as its fee, by tender. Done once a day and site: a second bill changes nothing.
    """
    with_lock = Site.objects.select_for_update().get(pk=site.pk)
    known = AcquirerBill.objects.filter(site=with_lock, day=day).first()
    if known is not None:
        return known
    here = {(what, number): ours for what, number, ours in _ours_of(lines)}
    due = {(what, number): ours for what, number, ours in _ours_on(site, day)}
    bill = AcquirerBill(site=site, entity=entity_on(site, day), day=day, matched_at=clock.now(), lines=0)
    bill.paid_fen = bill.returned_fen = bill.fee_fen = 0
    differences: list[BillDifference] = []
    sums: dict[str, list[int]] = {}
    for line in lines:
        ours = here.get((line.what, line.number))
        if ours is not None and ours.site != site.pk:
            continue  # another site of the same merchant
        bill.lines += 1
        due.pop((line.what, line.number), None)
        if line.what == "pay":
            bill.paid_fen += line.amount_fen
        else:
            bill.returned_fen += line.amount_fen
        bill.fee_fen += line.fee_fen
        if ours is not None:
            gross, fees = sums.setdefault(ours.tender, [0, 0])
            sums[ours.tender] = [
                gross + (line.amount_fen if line.what == "pay" else -line.amount_fen), fees + line.fee_fen,
            ]  # fmt: skip
        if ours is None or ours.fen != line.amount_fen:
            kind = Kind.MISSING_HERE if ours is None else Kind.AMOUNT
            tender = ours.tender if ours is not None else line.tender
            differences.append(
                BillDifference(
                    bill=bill, site=site, kind=kind, what=line.what, number=line.number, tender=tender,
                    ours_fen=ours.fen if ours is not None else 0, theirs_fen=line.amount_fen,
                )
            )  # fmt: skip
    for (what, number), ours in due.items():
        differences.append(
            BillDifference(
                bill=bill, site=site, kind=Kind.MISSING_THERE, what=what, number=number, tender=ours.tender,
                ours_fen=ours.fen, theirs_fen=0,
            )
        )  # fmt: skip
    moves = [move for tender, (gross, fees) in sorted(sums.items()) for move in _paid_out(tender, gross, fees)]
    if moves:
        bill.entry = books.post(
            by=by, site=site, kind=EntryKind.SETTLED_BY_ACQUIRER, source=bill.code, number=day.isoformat(), moves=moves
        )
    bill.save()
    BillDifference.objects.bulk_create(differences)
    timers.cancel(FETCH, f"{site.code}:{day.isoformat()}")
    audit.record(
        by=by, verb="payments.bill_matched", target=bill, site=site.code, day=day.isoformat(),
        differences=len(differences),
    )  # fmt: skip
    if differences:
        _tell(bill, len(differences))
    return bill


@action(permission="payments.match")
def resolve(*, by: Actor, site: Site, difference: BillDifference, reason: str) -> BillDifference:
    """Say why bill and house differ. Where the amounts differ, what the acquirer did not pay out is booked as a difference.

    Raises NotFound (``difference_not_found``), RuleRefused (``reason_missing``), Conflict (``difference_resolved``).
    """
    found = BillDifference.objects.select_for_update(of=("self",)).select_related("bill").get(pk=difference.pk)
    if found.site_id != site.pk:
        raise NotFound("difference_not_found", _("There is no such difference."))
    if len(reason.strip()) < 2:
        sentence = _("Say why they differ.")
        raise RuleRefused("reason_missing", sentence, fields={"reason": [sentence]})
    if found.resolved_at is not None:
        raise Conflict("difference_resolved", _("This difference has been resolved."))
    if found.kind == Kind.AMOUNT:
        missing = found.ours_fen - found.theirs_fen
        moves = _moved(Account.DIFFERENCE, Account.MONEY, missing if found.what == "pay" else -missing, found.tender)
        books.post(
            by=by, site=site, kind=EntryKind.DIFFERENCE, source=found.code, number=found.number[:40], moves=moves
        )
    found.resolved_at, found.resolved_by, found.resolved_by_name = clock.now(), by.code, by.name
    found.reason = reason.strip()[:200]
    found.bump({"resolved_at", "resolved_by", "resolved_by_name", "reason"})
    audit.record(by=by, verb="payments.difference_resolved", target=found, site=site.code)
    if not found.bill.differences.filter(resolved_at__isnull=True).exists():
        settle_task(by=by, kind=TASK, key=str(found.bill.code), result="resolved")
    return found


def _ours_of(lines: Sequence[BillLine]) -> Iterable[tuple[str, str, Ours]]:
    """What the house has, at any site and of any day, under the numbers of a bill."""
    pays = [line.number for line in lines if line.what == "pay"]
    for payment in _numbered().filter(reference__in=pays):
        yield "pay", payment.reference, Ours(payment.amount_fen, payment.tender, payment.site_id)
    codes = [code for line in lines if line.what == "refund" if (code := _code(line.number)) is not None]
    for back in GiveBack.objects.filter(code__in=codes, state="refunded").select_related("attempt"):
        yield "refund", back.out_refund_no, Ours(back.amount_fen, back.attempt.tender, back.site_id)


def _numbered(since: datetime | None = None, until: datetime | None = None) -> QuerySet[Payment]:
    """Wallet payments that can be matched: by the payer's code, or by the static one with the number that was noted."""
    rows = Payment.objects.filter(tender__in=WALLETS, receipt__void__isnull=True).exclude(reference="")
    # What a correction carried over, or said only then, came in with the receipt that was wrong.
    same = Payment.objects.filter(tender=OuterRef("tender"), reference=OuterRef("reference")).exclude(reference="")
    found = rows.annotate(came_at=Subquery(same.order_by("paid_at").values("paid_at")[:1]))
    if since is not None:
        found = found.filter(came_at__gte=since)
    return found.filter(came_at__lt=until) if until is not None else found


def _ours_on(site: Site, day: date) -> Iterable[tuple[str, str, Ours]]:
    """What should stand on the bill: money that the acquirer took or gave back on its ``day``."""
    start, end = clock.day_bounds(day, ITS_ZONE)
    rows = list(_numbered(start, end + LATE).filter(site=site))
    attempts = PaymentAttempt.objects.filter(site=site, transaction_id__in=[row.reference for row in rows])
    taken: dict[str, datetime | None] = dict(attempts.values_list("transaction_id", "captured_at"))
    for row in rows:
        at = taken.get(row.reference) or row.came_at
        if start <= at < end:
            yield "pay", row.reference, Ours(row.amount_fen, row.tender, site.pk)
    backs = GiveBack.objects.filter(site=site, state="refunded", ended_at__gte=start, ended_at__lt=end)
    for back in backs.select_related("attempt"):
        yield "refund", back.out_refund_no, Ours(back.amount_fen, back.attempt.tender, site.pk)


def _code(number: str) -> UUID | None:
    try:
        return UUID(number)
    except ValueError:
        return None


def _paid_out(tender: str, gross: int, fees: int) -> list[books.Move]:
    return [
        *_moved(Account.BANK, Account.MONEY, gross - fees, tender),
        *_moved(Account.FEES, Account.MONEY, fees, tender),
    ]


def _moved(debit: Account, credit: Account, fen: int, tender: str) -> list[books.Move]:
    """A movement whose amount may be negative: then it goes the other way."""
    if not fen:
        return []
    move = books.Move(debit=debit, credit=credit, amount_fen=abs(fen), tender=tender)
    return [move if fen > 0 else move.turned()]


def _tell(bill: AcquirerBill, count: int) -> None:
    open_task(
        by=ENGINE,
        kind=TASK,
        key=str(bill.code),
        room="payments",
        title=gettext_noop("The payment service's bill differs"),
        detail=gettext_noop("%(day)s, %(site)s: %(n)s differences"),
        args={"day": bill.day.isoformat(), "site": bill.site.name, "n": count},
        icon="cash",
        due_at=clock.now() + timedelta(days=1),
        roles=("finance", "reconciler"),
        site=bill.site,
        url=("payments:bill", str(bill.code)),
    )
