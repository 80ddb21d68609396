"""Closing the till, step by step (a9): blockers, count, second person, report; then nothing is booked on the day any more."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Cure, Forbidden, NotFound, RuleRefused
from kernel.identity.selectors import holders_of
from services.books import actions as books
from services.books.models import Account, EntryKind
from services.catalogue.actions import update_item
from services.catalogue.models import Category, Item
from services.catalogue.starter import UNMAPPED
from services.sites.models import Site
from services.staff.models import StaffMember
from services.staff.selectors import staff_at
from services.tasks.actions import open_task
from services.till_days import blockers, counting, deposits, report
from services.till_days.machines import DAY, RUNNING
from services.till_days.models import DifferenceCase, TillCount, TillDay

TRACE, REPORT = "till_days.trace", "till_days.report"
RECIPIENTS = ("service_supervisor", "supervisor", "clinic_director", "finance")


@action(permission="till_days.work")
def begin_close(*, by: Actor, site: Site, day: TillDay, reconciler: StaffMember | None = None) -> TillDay:
    """Begin to close: nothing stands against it, and another person is named to count a second time (CA-046).

    Raises Conflict (``close_blocked`` with every blocker and its cure, ``invalid_transition``), Forbidden
    (``reconciler_is_cashier``), RuleRefused (``not_a_reconciler``, ``till_day_ahead``).
    """
    day = _locked(day, site)
    if day.day > clock.today(site.timezone):
        raise RuleRefused(
            "till_day_ahead", _("This is money of a day that is still to come. Its till is closed on that day.")
        )
    if reconciler is not None:
        _refuse_reconciler(by, site, reconciler)
    found = blockers.of(day, named=reconciler is not None)
    if found:
        raise Conflict(
            "close_blocked",
            _("The till cannot be closed yet: %(what)s.") % {"what": "; ".join(one.title for one in found)},
            cures=[Cure(one.cure, url=one.path or None) for one in found],
            blockers=[one.source for one in found],
        )
    DAY.move(day, "closing", by=by, reconciler=reconciler)
    return day


@action(permission="till_days.work")
def go_on(*, by: Actor, site: Site, day: TillDay) -> TillDay:
    """Back from closing: somebody came to pay after all. Raises Conflict (``invalid_transition``)."""
    day = _locked(day, site)
    DAY.move(day, "open", by=by)
    return day


@action(permission="till_days.work")
def count(*, by: Actor, site: Site, day: TillDay, counted: counting.Counted) -> TillCount:
    """The cashier counts and signs: every denomination, card slips and totals of the terminals. As often as needed until
    the second person has signed.

    Raises Conflict (``till_closed``) and what ``counting.checked`` raises.
    """
    day = _locked(day, site)
    if day.state not in RUNNING:
        raise Conflict("till_closed", _("This day of the till is closed."), state=day.state)
    return _keep(by, day, counted, TillCount.Part.CASHIER)


@action(permission="till_days.reconcile")
def reconcile(*, by: Actor, site: Site, day: TillDay, counted: counting.Counted) -> TillDay:
    """The second person counts again and signs (CA-046): the books of the day are closed, a difference is booked and
    becomes a case (CA-015), the daily report is issued and goes to its recipients (CA-036).

    Raises Forbidden (``reconciler_is_cashier``, ``not_the_reconciler``), Conflict (``not_counted``, ``counts_differ``,
    ``count_stale``, ``close_blocked``, ``till_closed``, ``invalid_transition``) and what ``counting.checked`` raises.
    """
    day = _locked(day, site)
    if day.state not in RUNNING:
        raise Conflict("till_closed", _("This day of the till is closed."), state=day.state)
    if day.state == "closing" and day.cashier == by.code:
        raise Forbidden("reconciler_is_cashier", _("Whoever closes the till does not count it a second time."))
    # Nobody books from here on until it is over: what was counted stays what was counted.
    books.hold_day(site)
    first = counting.last_count(day)
    if day.state == "closing" and first is None:
        raise Conflict("not_counted", _("The cashier counts first."))
    if first is not None and day.state == "closing":
        _refuse_difference_of_counts(day, first, counted)
    late = blockers.of(day)
    if late and day.state == "closing":
        raise Conflict(
            "close_blocked",
            _("The till cannot be closed yet: %(what)s.") % {"what": "; ".join(one.title for one in late)},
            cures=[Cure(one.cure, url=one.path or None) for one in late],
            blockers=[one.source for one in late],
        )
    expected = counting.expected_of(day)
    differences = counting.checked(day, counted, expected)
    DAY.move(day, "difference_open" if differences else "reconciled", by=by)
    second = _keep(by, day, counted, TillCount.Part.RECONCILER)
    day.expected_fen, day.counted_fen = expected.cash_fen, counted.cash_fen
    if differences:
        _open_case(by, day, differences)
    deposits.book_waiting(by, day)
    books.close_day(by=by, site=site, day=day.day)
    day.report = report.issue_report(by=by, day=day, first=first or second, second=second, expected=expected)
    day.bump({"expected_fen", "counted_fen", "report"})
    _send(by, day)
    deposits.advance(day)
    return day


@action(permission="till_days.work")
def map_item(*, by: Actor, site: Site, item: Item, category: Category) -> Item:
    """Say on which line of the daily report an item counts that stands on none (CA-037). What was charged today counts
    there too.

    Raises RuleRefused (``item_is_mapped``, ``category_missing``).
    """
    if item.category.key != UNMAPPED:
        raise RuleRefused("item_is_mapped", _("This item stands on a line already; the catalogue changes it."))
    if category.key == UNMAPPED:
        raise RuleRefused("category_missing", _("Choose a line of the daily report."))
    update_item(by=deposits.ENGINE, item=item, category=category)
    audit.record(by=by, verb="till_days.item_mapped", target=item, site=site.code, category=category.key)
    return item


def _keep(by: Actor, day: TillDay, counted: counting.Counted, part: str) -> TillCount:
    expected = counting.expected_of(day)
    counting.checked(day, counted, expected)
    made = TillCount.objects.create(
        day=day,
        part=part,
        pieces={str(fen): number for fen, number in counted.pieces.items() if number},
        banked_fen=counted.banked_fen,
        cash_fen=counted.cash_fen,
        tenders={name: {"slips": number, "fen": fen} for name, (number, fen) in counted.tenders.items()},
        expected=expected.as_data(),
        at=clock.now(),
        by=by.code,
        by_name=by.name,
        text_hash=counting.hash_of(day, counted, expected),
    )
    audit.record(by=by, verb="till_days.counted", target=made, site=day.site.code, cash_fen=made.cash_fen, part=part)
    return made


def _refuse_difference_of_counts(day: TillDay, first: TillCount, counted: counting.Counted) -> None:
    if first.expected != counting.expected_of(day).as_data():
        raise Conflict("count_stale", _("Money moved since the cashier counted. Count again."))
    totals = {name: row["fen"] for name, row in first.tenders.items()}
    mine = {name: fen for name, (_number, fen) in counted.tenders.items()}
    if first.cash_fen != counted.cash_fen or totals != mine:
        raise Conflict("counts_differ", _("The two counts are not the same. Both count again."))


def _refuse_reconciler(by: Actor, site: Site, reconciler: StaffMember) -> None:
    if reconciler.user_id is not None and reconciler.user_id == by.user_id:
        raise Forbidden("reconciler_is_cashier", _("Whoever closes the till does not count it a second time."))
    if not any(one.pk == reconciler.pk for one in reconcilers(site)):
        raise RuleRefused("not_a_reconciler", _("%(name)s is not designated to reconcile.") % {"name": reconciler.name})


def reconcilers(site: Site) -> list[StaffMember]:
    """Who is designated to count a second time at ``site``."""
    users = {user.pk for role in RECONCILERS for user in holders_of(role, site=site.code)}
    return list(staff_at(site).filter(user_id__in=users))


RECONCILERS = ("reconciler", "supervisor", "clinic_director", "team_leader")


def _open_case(by: Actor, day: TillDay, differences: dict[str, int]) -> None:
    """A case to be traced, and the difference in the books: what is there is what the books say from now on."""
    case = DifferenceCase.objects.create(
        day=day, site=day.site, amount_fen=sum(differences.values()), by_tender=differences, opened_at=clock.now()
    )
    moves = []
    for tender, fen in differences.items():
        move = books.Move(
            debit=Account.MONEY, credit=Account.DIFFERENCE, amount_fen=abs(fen), tender=tender
        )  # fmt: skip
        moves.append(move if fen > 0 else move.turned())
    books.post(by=by, site=day.site, kind=EntryKind.DIFFERENCE, source=case.code, moves=moves)
    audit.record(by=by, verb="till_days.difference_found", target=case, site=day.site.code, amount_fen=case.amount_fen)
    open_task(
        by=by,
        kind=TRACE,
        key=str(case.code),
        room="till_days",
        title=gettext_noop("Trace the difference of the till of %(day_on)s"),
        args={"day_on": day.day},
        icon="cash",
        due_at=clock.now(),
        roles=("supervisor",),
        site=day.site,
        url=("till_days:day", str(day.code)),
        closed_in_inbox=False,
    )


def _send(by: Actor, day: TillDay) -> None:
    open_task(
        by=by,
        kind=REPORT,
        key=str(day.code),
        room="till_days",
        title=gettext_noop("Daily report of the till of %(day_on)s"),
        args={"day_on": day.day},
        icon="file",
        due_at=clock.now(),
        roles=RECIPIENTS,
        site=day.site,
        url=("till_days:day", str(day.code)),
    )


def _locked(day: TillDay, site: Site) -> TillDay:
    found = TillDay.objects.select_for_update(of=("self",)).select_related("site__entity", "reconciler").get(pk=day.pk)
    if found.site_id != site.pk:
        raise NotFound("till_day_not_found", _("There is no such day of the till."))
    return found
