"""The monthly count of the cashier's goods (a11): pre-count, count against the book of the moment, head nurse, month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from kernel import audit, clock, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, NotFound, RuleRefused
from services.inventory import stock
from services.inventory.machines import COUNT
from services.inventory.models import Balance, Count, CountLine, Lot, Minimum, MoveKind, Movement, Place
from services.sites.models import Site
from services.tasks.actions import open_task, settle_task

PRECOUNT, COUNT_DUE, ACCEPT, SETTLE = (
    "inventory.precount", "inventory.count", "inventory.accept_count", "inventory.settle_month"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Month:
    """What the till had, drew, sold and lost in a month, in units and in fen at the prices of the lots."""

    opening: int
    drawn: int
    sold: int
    other: int
    variance: int

    @property
    def closing(self) -> int:
        return self.opening + self.drawn - self.sold + self.other + self.variance


def count_day(site: Site, month: date) -> date:
    """The day of the count in the month that begins with ``month``: that of the override calendar, else ``count_day``."""
    for text in parameters.value("count_override", site=site):
        try:
            day = date.fromisoformat(str(text))
        except ValueError:
            continue
        if (day.year, day.month) == (month.year, month.month):
            return day
    return month.replace(day=parameters.value("count_day", site=site))


@action(permission="inventory.count")
def plan_count(*, by: Actor, site: Site, month: date) -> Count | None:
    """The count of a month; None at a site whose till keeps no goods. Planned once (IN-003, CA-042)."""
    first = month.replace(day=1)
    found = Count.objects.filter(site=site, month=first).first()
    if found is not None:
        return found
    keeps = Balance.objects.filter(site=site, place=Place.CASHIER).exists()
    if not keeps and not Minimum.objects.filter(site=site, place=Place.CASHIER).exists():
        return None
    row = Count.objects.create(site=site, month=first, planned_on=count_day(site, first))
    audit.record(
        by=by, verb="inventory.count_planned", target=row, site=site.code, planned_on=row.planned_on.isoformat()
    )
    start, _end = clock.day_bounds(row.planned_on, site.timezone)
    _task(by, row, PRECOUNT, gettext_noop("Count the goods once before %(planned_on)s"), ("cashier",), start)
    return row


@action(permission="inventory.count")
def precount(*, by: Actor, site: Site, count: Count, counted: dict[UUID, int]) -> Count:
    """The cashier counts before the day; what is written is shown beside the books on the sheet (IN-003).

    Raises RuleRefused (``precount_too_late``, ``count_lines_blank``), Conflict, NotFound.
    """
    _at(count, site)
    COUNT.move(count, "precounted", by=by)
    _complete_sheet(count)
    lines = list(count.lines.select_for_update(of=("self",)).select_related("lot"))
    _refuse_unknown(counted, [line.lot.code for line in lines])
    if missing := [line for line in lines if line.lot.code not in counted]:
        raise _blank(len(missing))
    for line in lines:
        line.precounted = counted[line.lot.code]
    CountLine.objects.bulk_update(lines, ["precounted"])
    settle_task(by=by, kind=PRECOUNT, key=str(count.code), result="precounted")
    start, _end = clock.day_bounds(count.planned_on, site.timezone)
    _task(by, count, COUNT_DUE, gettext_noop("Count the goods on %(planned_on)s"), ("cashier",), start)
    return count


@action(permission="inventory.count")
def begin_count(*, by: Actor, site: Site, count: Count) -> Count:
    """The sheet is opened. Raises RuleRefused (``count_too_early``), Conflict, NotFound."""
    _at(count, site)
    COUNT.move(count, "counting", by=by)
    _complete_sheet(count)
    return count


@action(permission="inventory.count")
def enter_line(*, by: Actor, site: Site, count: Count, lot: UUID, actual: int) -> CountLine:
    """What was found of a lot. The book of this very moment stands beside it: what is sold or drawn later moves both, so
    the difference stays right (IN-004).

    Raises Conflict (``count_not_open``), NotFound (``lot_not_found``), RuleRefused (``quantity_invalid``).
    """
    _at(count, site)
    locked = Count.objects.select_for_update().get(pk=count.pk)
    if locked.state != "counting":
        raise Conflict("count_not_open", _("The sheet is not open."), state=locked.state)
    if actual < 0:
        raise RuleRefused("quantity_invalid", _("Nothing is 0; less than nothing does not lie there."))
    found = Lot.objects.select_related("item", "site").filter(site=site, code=lot).first()
    if found is None:
        raise _lot_not_found()
    # The balance is locked: a sale at the same moment is wholly before or wholly after this line.
    book = stock.locked_balance(found, Place.CASHIER).quantity
    line, _made = CountLine.objects.get_or_create(count=locked, lot=found, defaults={"price_fen": found.price_fen})
    line.actual, line.book, line.counted_at = actual, book, clock.now()
    line.save(update_fields=["actual", "book", "counted_at"])
    audit.record(
        by=by, verb="inventory.counted", target=line, site=site.code, lot=str(found.code), book=book, actual=actual
    )
    return line


@action(permission="inventory.count")
def hand_over_count(*, by: Actor, site: Site, count: Count) -> Count:
    """Profit and loss per line and in total go to the head nurse. No line is blank, those that came meanwhile neither.

    Raises RuleRefused (``count_lines_blank``), Conflict (``invalid_transition``), NotFound.
    """
    _at(count, site)
    Count.objects.select_for_update().get(pk=count.pk)
    _complete_sheet(count)
    lines = list(count.lines.select_related("lot__item"))
    blank = sum(1 for line in lines if line.actual is None)
    if blank:
        raise _blank(blank)
    COUNT.move(
        count, "handed_over", by=by, variance_fen=sum(line.profit_fen or 0 for line in lines),
        variance_quantity=sum(line.difference or 0 for line in lines),
    )  # fmt: skip
    for kind in (COUNT_DUE, f"{COUNT_DUE}.{count.round}"):
        settle_task(by=by, kind=kind, key=str(count.code), result="handed_over")
    _task(
        by, count, f"{ACCEPT}.{count.round}", gettext_noop("Accept the count of %(planned_on)s"), ("head_nurse",),
        clock.now(),
    )  # fmt: skip
    return count


@action(permission="inventory.accept_count")
def accept_count(*, by: Actor, site: Site, count: Count) -> Count:
    """The head nurse accepts: the differences become movements. Sales after the count are in the books already.

    Raises RuleRefused (``same_person_twice``, ``out_of_stock`` where more was sold since than was there), Conflict.
    """
    _at(count, site)
    COUNT.move(count, "accepted", by=by)
    for line in count.lines.select_related("lot__item", "lot__site").order_by("lot_id"):
        if line.difference:
            stock.put(
                by=by, lot=line.lot, place=Place.CASHIER, quantity=line.difference, kind=MoveKind.COUNT,
                reference=f"{count.month:%Y-%m}",
            )  # fmt: skip
    settle_task(by=by, kind=f"{ACCEPT}.{count.round}", key=str(count.code), result="accepted")
    _task(
        by, count, SETTLE, gettext_noop("Settle the month after the count of %(planned_on)s"), ("cashier", "finance"),
        clock.now(),
    )  # fmt: skip
    return count


@action(permission="inventory.accept_count")
def ask_recount(*, by: Actor, site: Site, count: Count, reason: str) -> Count:
    """The head nurse wants it counted again, and says why; all lines are blank again, the audit keeps what they said.

    Raises RuleRefused (``same_person_twice``, ``reason_missing``), Conflict, NotFound.
    """
    _at(count, site)
    settle_task(by=by, kind=f"{ACCEPT}.{count.round}", key=str(count.code), result="recount")
    COUNT.move(count, "counting", by=by, reason=reason)
    count.lines.update(actual=None, book=None, counted_at=None)
    _task(
        by, count, f"{COUNT_DUE}.{count.round}", gettext_noop("Count the goods again: %(planned_on)s"), ("cashier",),
        clock.now(),
    )  # fmt: skip
    return count


@action(permission="inventory.settle")
def settle_month(*, by: Actor, site: Site, count: Count) -> Count:
    """The month is settled after the accepted count (CA-043). Raises Conflict (``invalid_transition``), NotFound."""
    _at(count, site)
    COUNT.move(count, "settled", by=by)
    settle_task(by=by, kind=SETTLE, key=str(count.code), result="settled")
    return count


def month_of(count: Count) -> Month:
    """Opening, drawn, sold and variance of the month of a count up to its acceptance or now; two statements."""
    site = count.site
    start = clock.day_bounds(count.month, site.timezone)[0]
    until = count.accepted_at or clock.now()
    rows = Movement.objects.filter(site=site, place=Place.CASHIER).order_by()
    opening = rows.filter(at__lt=start).aggregate(total=Sum("quantity"))["total"] or 0
    sums = dict(rows.filter(at__gte=start, at__lte=until).values_list("kind").annotate(Sum("quantity")))
    other = sum(total for kind, total in sums.items() if kind not in ("issue", "sale", "count"))
    return Month(opening, sums.get("issue", 0), -sums.get("sale", 0), other, sums.get("count", 0))


def _complete_sheet(count: Count) -> None:
    """A line for every lot that lies at the till, those that came meanwhile too."""
    there = Lot.objects.filter(balances__place=Place.CASHIER, balances__quantity__gt=0, site=count.site)
    CountLine.objects.bulk_create(
        CountLine(count=count, lot=lot, price_fen=lot.price_fen)
        for lot in there.exclude(pk__in=count.lines.values("lot"))
    )


def _refuse_unknown(given: dict[UUID, int], known: Sequence[UUID]) -> None:
    if set(given) - set(known):
        raise _lot_not_found()
    if any(quantity < 0 for quantity in given.values()):
        raise RuleRefused("quantity_invalid", _("Nothing is 0; less than nothing does not lie there."))


def _lot_not_found() -> NotFound:
    return NotFound("lot_not_found", _("There is no such lot here."))


def _blank(number: int) -> RuleRefused:
    sentence = ngettext(
        "%(n)s line is still blank. Write 0 where nothing lies.",
        "%(n)s lines are still blank. Write 0 where nothing lies.",
        number,
    )
    return RuleRefused("count_lines_blank", sentence % {"n": number}, blank=number)


def _task(by: Actor, row: Count, kind: str, title: str, roles: tuple[str, ...], due_at: datetime) -> None:
    open_task(
        by=by, kind=kind, key=str(row.code), room="inventory", title=title, args={"planned_on": row.planned_on},
        icon="clipboard", due_at=due_at, roles=roles, site=row.site, url=("inventory:count", str(row.code)),
        closed_in_inbox=False,
    )  # fmt: skip


def _at(count: Count, site: Site) -> None:
    if count.site_id != site.pk:
        raise NotFound("stock_paper_not_found", _("There is no such paper here."))
