"""Differences of the till, traced until cause and liable person are stated, and made good (CA-015)."""

from __future__ import annotations

from django.utils.translation import gettext as _

from kernel import audit
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, NotFound, RuleRefused
from services.books import actions as books
from services.books.models import Account, EntryKind, Tender
from services.books.selectors import expected_in_till
from services.sites.models import Site
from services.staff.models import StaffMember
from services.staff.selectors import staff_at
from services.tasks.actions import settle_task
from services.till_days.actions import TRACE
from services.till_days.deposits import ENGINE, advance
from services.till_days.machines import CASE, DAY
from services.till_days.models import DifferenceCase, TillDay
from services.till_days.opening import before_money


@action(permission="till_days.trace")
def state_cause(
    *, by: Actor, site: Site, case: DifferenceCase, cause: str, liable: StaffMember | None, investigation: str = "",
    recovery: str = "",
) -> DifferenceCase:  # fmt: skip
    """State the cause and the liable person; until both are known the day stays “closed, difference open”.

    Raises RuleRefused (``cause_missing``, ``liable_missing``), Forbidden (``own_difference``), Conflict
    (``invalid_transition``).
    """
    _at(case, site)
    if len(cause.strip()) < 2:
        sentence = _("Write the cause. Until it is known, the difference stays open.")
        raise RuleRefused("cause_missing", sentence, fields={"cause": [sentence]})
    if liable is None or not staff_at(site).filter(pk=liable.pk).exists():
        sentence = _("Name the liable person, a colleague of this site.")
        raise RuleRefused("liable_missing", sentence, fields={"liable": [sentence]})
    CASE.move(
        case, "stated", by=by, cause=cause.strip(), liable=liable, investigation=investigation.strip(),
        recovery=recovery.strip(),
    )  # fmt: skip
    settle_task(by=by, kind=TRACE, key=str(case.code), result="stated")
    day = TillDay.objects.select_for_update(of=("self",)).select_related("site__entity").get(pk=case.day_id)
    if day.state == "difference_open":
        DAY.move(day, "reconciled", by=ENGINE)
        advance(day)
    return case


@action(permission="till_days.work")
def recover(*, by: Actor, site: Site, case: DifferenceCase) -> DifferenceCase:
    """What was missing has been paid in, or what was too much given back: in cash, today's money (RECOVERY).

    Raises Conflict (``invalid_transition``, ``till_short``) and what ``refuse_unready`` raises.
    """
    _at(case, site)
    books.hold_day(site)
    before_money(by=by, site=site)
    if case.amount_fen > expected_in_till(site, Tender.CASH):
        raise Conflict("till_short", _("There is not that much cash in the till."))
    CASE.move(case, "recovered", by=by)
    move = books.Move(
        debit=Account.MONEY, credit=Account.DIFFERENCE, amount_fen=abs(case.amount_fen), tender=Tender.CASH
    )  # fmt: skip
    books.post(
        by=by,
        site=site,
        kind=EntryKind.RECOVERY,
        source=case.code,
        moves=[move if case.amount_fen < 0 else move.turned()],
    )
    audit.record(by=by, verb="till_days.recovered", target=case, site=site.code, amount_fen=case.amount_fen)
    return case


def _at(case: DifferenceCase, site: Site) -> None:
    if case.site_id != site.pk:
        raise NotFound("difference_not_found", _("There is no such difference."))
