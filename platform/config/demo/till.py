"""The till of a day: opened with its change fund, brought to the bank, counted by two in the evening."""

from __future__ import annotations

from datetime import date

from config.demo import papers
from config.demo.house import House
from kernel import clock
from services.books.models import Account, Tender
from services.books.selectors import balance
from services.sites.models import Site
from services.till_days import actions, counting, deposits, opening
from services.till_days.machines import RUNNING
from services.till_days.models import TillDay

FUND = 50_000
BANK = "中国工商银行"


def open_up(clinic: House, site: Site, day: date) -> None:
    """The cashier opens with the fund; where somebody paid already, the till says that it is open."""
    by = clinic.somebody("till_days.work", site, role="cashier")
    if by is not None and not TillDay.objects.filter(site=site, day=day, opened_by_itself=False).exists():
        clinic.attempt(opening.open_till, by=by, site=site, float_fen=FUND)


def bring(clinic: House, site: Site, day: date) -> None:
    """What lies beyond the fund goes to the bank: the rest of closed days, and what today has taken so far."""
    by = clinic.somebody("till_days.work", site, role="cashier")
    if by is None:
        return
    for one in TillDay.objects.filter(site=site, day__lte=day).exclude(state="locked").order_by("day"):
        if one.state in RUNNING:
            slips = sum(one.deposits.values_list("amount_fen", flat=True))
            there = balance(Account.MONEY, site=site, until=one.day, tender=Tender.CASH)
            amount = there - one.float_fen - deposits.older_fen(one) - slips
        else:
            amount = deposits.missing_fen(one) or 0
        if amount > 0:
            clinic.attempt(
                deposits.enter_deposit, by=by, site=site, day=one, number=f"{clock.now():%y%m%d%H%M}{one.pk % 100:02d}",
                amount_fen=amount, deposited_at=clock.now(), bank=site.entity.bank_name or BANK,
            )  # fmt: skip


def close(clinic: House, site: Site, day: date) -> None:
    """Both count the same, and the day is closed; older ones first."""
    papers.settle_referrals(clinic, site, day)
    for one in (
        TillDay.objects.filter(site=site, day__lte=day, state__in=RUNNING).select_related("site").order_by("day")
    ):
        _close(clinic, site, one)


def close_and_bring(clinic: House, site: Site, day: date) -> None:
    """Long ago: closed, and at the bank the same evening."""
    close(clinic, site, day)
    bring(clinic, site, day)


def _close(clinic: House, site: Site, day: TillDay) -> None:
    by = clinic.somebody("till_days.work", site, role="cashier")
    second = next((one for one in actions.reconcilers(site) if by is not None and one.user_id != by.user_id), None)
    if by is None or second is None:
        return
    expected = counting.expected_of(day)
    banked = sum(day.deposits.values_list("amount_fen", flat=True))
    counted = counting.Counted(
        pieces=_pieces(expected.cash_fen - banked),
        tenders={name: (expected.slips.get(name, 0), max(fen, 0)) for name, fen in expected.others.items()},
        banked_fen=banked,
    )
    if clinic.attempt(actions.begin_close, by=by, site=site, day=day, reconciler=second) is None:
        return
    clinic.attempt(actions.count, by=by, site=site, day=day, counted=counted)
    clinic.attempt(actions.reconcile, by=clinic.self_of(second), site=site, day=day, counted=counted)


def _pieces(fen: int) -> dict[int, int]:
    found, rest = {}, max(fen, 0)
    for one in counting.DENOMINATIONS:
        found[one], rest = divmod(rest, one)
    return found


DAY = (("08:10", open_up), ("09:35", bring), ("16:10", bring), ("19:15", close))
