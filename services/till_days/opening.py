"""Opening the till of a site: by the cashier with the change fund, or by the first charge of the day."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.utils.translation import gettext as _

from kernel import audit, calendars, clock, parameters, timers
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from kernel.ids import uuid7
from services.books import actions as books
from services.books.models import Account, EntryKind, Tender
from services.books.selectors import balance
from services.sites.models import Site
from services.till_days.models import TillDay
from services.till_days.readiness import refuse_unready

SLIP_DUE = "till_days.slip_due"
# More than any change fund; a slip of the finger.
MOST_FLOAT_FEN = 10_000_000


@action(permission="till_days.work")
def open_till(*, by: Actor, site: Site, float_fen: int | None = None) -> TillDay:
    """Open the till of the present business day with a change fund, by default that of the last day (CA-035).

    A day that the first charge opened takes another fund as long as nobody closes it. Raises RuleRefused
    (``float_invalid``, and what ``refuse_unready`` raises), Conflict (``till_open``).
    """
    refuse_unready(by, site)
    if float_fen is not None and not 0 <= float_fen <= MOST_FLOAT_FEN:
        raise RuleRefused("float_invalid", _("A change fund is 0 to 100,000 yuan."))
    day, made = _day(by, site)
    found = TillDay.objects.select_for_update(of=("self",)).select_related("site").get(pk=day.pk)
    if not made and (found.state != "open" or not found.opened_by_itself):
        raise Conflict("till_open", _("The till of this day is open already."), state=found.state)
    if float_fen is not None and float_fen != found.float_fen:
        _change_fund(by, found, float_fen - found.float_fen)
        found.float_fen = float_fen
    found.opened_by_itself, found.opened_by_name = False, by.name
    found.bump({"opened_by_itself", "opened_by_name", "float_fen"})
    audit.record(by=by, verb="till_days.opened", target=found, site=site.code, float_fen=found.float_fen)
    return found


def before_money(*, by: Actor, site: Site) -> None:
    """Slot ``cashier.before``: whoever is not ready takes nothing, and the first charge of a day opens its till."""
    refuse_unready(by, site)
    books.keep_day(site)
    day = books.business_day(site)
    if not TillDay.objects.filter(site=site, day=day).exists():
        _day(by, site, by_itself=True)


def carried_fund(site: Site) -> int:
    """The change fund that lies in the till of ``site`` by the books, in fen."""
    return -balance(Account.FLOAT, site=site)


def _day(by: Actor, site: Site, *, by_itself: bool = False) -> tuple[TillDay, bool]:
    day = books.business_day(site)
    found, made = TillDay.objects.get_or_create(
        site=site,
        day=day,
        defaults={
            "float_fen": max(carried_fund(site), 0),
            "opened_by_itself": by_itself,
            "opened_at": clock.now(),
            "opened_by_name": by.name,
        },
    )
    if made:
        timers.schedule(SLIP_DUE, str(found.code), slip_due(site, day), {})
    return found, made


def slip_due(site: Site, day: date) -> datetime:
    """By when the slip of the bank for ``day`` is due: ``bank_deposit_time`` of the day, or of the next day on which banks
    work."""
    while not calendars.is_working_day(day):
        day += timedelta(days=1)
    value = parameters.value("bank_deposit_time", site=site)
    wall = value if isinstance(value, time) else time.fromisoformat(value)
    return clock.at_local(day, wall, site.timezone)


def _change_fund(by: Actor, day: TillDay, more_fen: int) -> None:
    """What the house puts into the till as change, or takes out of it."""
    move = books.Move(
        debit=Account.MONEY, credit=Account.FLOAT, amount_fen=abs(more_fen), tender=Tender.CASH
    )  # fmt: skip
    books.post(
        by=by,
        site=day.site,
        kind=EntryKind.FLOAT,
        source=uuid7(),
        moves=[move if more_fen > 0 else move.turned()],
    )
