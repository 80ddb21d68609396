"""Cash to the bank (CA-038): slips, before the close or after it, compared with counted cash less the change fund."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, money
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, NotFound, RuleRefused
from kernel.files.actions import store
from services.books import actions as books
from services.books.models import Account, Entry, EntryKind, Tender
from services.books.selectors import balance
from services.sites.models import Site
from services.tasks.actions import open_task, settle_task
from services.till_days.machines import DAY, RUNNING
from services.till_days.models import Deposit, TillDay

# Moves that follow by themselves from what people did.
ENGINE = Actor.system("till")
MISSING, MISMATCH = "till_days.slip_missing", "till_days.slip_mismatch"


@action(permission="till_days.work")
def enter_deposit(
    *,
    by: Actor,
    site: Site,
    day: TillDay,
    number: str,
    amount_fen: int,
    deposited_at: datetime,
    bank: str = "",
    image: bytes = b"",
    image_name: str = "",
) -> Deposit:
    """Enter a slip of the bank. One that is not counted cash less the change fund is kept and flagged to the supervisor.

    Raises RuleRefused (``slip_incomplete``, ``slip_in_future``, and what storing a picture raises), Conflict
    (``slip_entered``).
    """
    found = TillDay.objects.select_for_update(of=("self",)).select_related("site__entity").get(pk=day.pk)
    if found.site_id != site.pk:
        raise NotFound("till_day_not_found", _("There is no such day of the till."))
    bank = bank.strip() or found.site.entity.bank_name
    if not number.strip() or amount_fen <= 0 or not bank:
        raise RuleRefused("slip_incomplete", _("A slip has number, amount, time and bank."))
    if deposited_at > clock.now():
        raise RuleRefused("slip_in_future", _("The time of the slip is still to come."))
    stored = (
        store(content=image, name=image_name or "slip", by=by, purpose="till.deposit", permission="till_days.view")
        if image
        else None
    )
    try:
        with transaction.atomic():
            made = Deposit.objects.create(
                day=found,
                site=found.site,
                number=number.strip()[:40],
                amount_fen=amount_fen,
                deposited_at=deposited_at,
                bank=bank[:120],
                image=stored,
                at=clock.now(),
                by=by.code,
                by_name=by.name,
            )
    except IntegrityError as error:
        raise Conflict("slip_entered", _("This slip has been entered already.")) from error
    audit.record(by=by, verb="till_days.deposited", target=made, site=site.code, amount_fen=amount_fen)
    settle_task(by=by, kind=MISSING, key=str(found.code), result="entered")
    if found.state not in RUNNING:
        book_waiting(by, found)
        advance(found)
    flag(by, found)
    return made


def advance(day: TillDay) -> None:
    """What follows by itself: reported once the report is out, deposited once the slips are right, then locked."""
    if day.state == "reconciled" and day.report_id is not None:
        DAY.move(day, "reported", by=ENGINE)
    if day.state == "reported" and missing_fen(day) == 0:
        DAY.move(day, "deposited", by=ENGINE)
    if day.state == "deposited":
        DAY.move(day, "locked", by=ENGINE)


def book_waiting(by: Actor, day: TillDay) -> None:
    """Slips that were entered before the close leave the till in the books with it."""
    for one in day.deposits.all():
        if not Entry.objects.filter(kind=EntryKind.DEPOSIT, source=one.code).exists():
            move = books.Move(
                debit=Account.BANK, credit=Account.MONEY, amount_fen=one.amount_fen, tender=Tender.CASH
            )  # fmt: skip
            books.post(by=by, site=day.site, kind=EntryKind.DEPOSIT, source=one.code, number=one.number, moves=[move])
    flag(by, day)


def missing_fen(day: TillDay) -> int | None:
    """Counted cash less the change fund, less what older days still have to bring, less what the slips say, in fen: 0 is
    right, negative is too much on the slips. None before anybody counted."""
    counted = counted_fen(day)
    if counted is None:
        return None
    due = max(counted - day.float_fen - older_fen(day), 0)
    return due - sum(day.deposits.values_list("amount_fen", flat=True))


def older_fen(day: TillDay) -> int:
    """Cash of older days that lay in the till when ``day`` was counted, in fen: a weekend's money goes to the bank by the slips
    of its own days."""
    before = day.day - timedelta(days=1)
    left = balance(Account.MONEY, site=day.site, until=before, tender=Tender.CASH)
    left += balance(Account.FLOAT, site=day.site, until=before)
    booked = Entry.objects.filter(site=day.site, day=day.day, kind=EntryKind.DEPOSIT).values("source")
    brought = Deposit.objects.filter(site=day.site, code__in=booked).exclude(day=day)
    return max(left - sum(brought.values_list("amount_fen", flat=True)), 0)


def counted_fen(day: TillDay) -> int | None:
    """What both agreed on, or else what the cashier counted last."""
    if day.counted_fen is not None:
        return day.counted_fen
    last = day.counts.order_by("-at", "-id").first()
    return last.cash_fen if last is not None else None


def flag(by: Actor, day: TillDay) -> None:
    """Tell the supervisor of slips that do not agree; once they do, the task is settled."""
    missing = missing_fen(day)
    if missing is None or not day.deposits.exists():
        return
    if missing == 0:
        settle_task(by=by, kind=MISMATCH, key=str(day.code), result="agrees")
        return
    _alert(
        by, day, MISMATCH, gettext_noop("The bank slip of %(day_on)s differs by %(missing)s yuan"),
        missing=money.yuan(abs(missing), grouped=True),
    )  # fmt: skip


def alert_missing(by: Actor, day: TillDay) -> None:
    """The time for the bank is over and no slip is entered: the supervisor has it. Where only change lies in the till, or
    money that older days have to bring, there is nothing to bring."""
    cash = balance(Account.MONEY, site=day.site, tender=Tender.CASH)
    if day.deposits.exists() or cash <= day.float_fen or missing_fen(day) == 0:
        return
    _alert(by, day, MISSING, gettext_noop("No bank slip for the till of %(day_on)s"))


def _alert(by: Actor, day: TillDay, kind: str, title: str, **args: str) -> None:
    open_task(
        by=by,
        kind=kind,
        key=str(day.code),
        room="till_days",
        title=title,
        args={"day_on": day.day, **args},
        icon="cash",
        due_at=clock.now(),
        roles=("supervisor",),
        site=day.site,
        url=("till_days:day", str(day.code)),
        closed_in_inbox=kind == MISSING,
    )
