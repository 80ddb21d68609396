"""What stands against closing the till, each with the step that cures it (a9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from services.books.models import Account, Movement
from services.cashier.models import ChargeLine
from services.catalogue.models import Item
from services.catalogue.starter import UNMAPPED
from services.shift.leftovers import gathered
from services.sites.models import Site
from services.till_days.machines import RUNNING
from services.till_days.models import TillDay

# Of what is no money, only this keeps the till open: the same-day rule of referrals (AP-028).
REFERRALS = "appointments.referrals"
OWN = "till_days."


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """One thing that stands against the close: what it is, the step that cures it, and where."""

    source: str
    title: str
    cure: str
    path: str = ""
    keys: tuple[str, ...] = ()


def of(day: TillDay, *, named: bool = True) -> list[Blocker]:
    """Everything that stands against closing ``day``; ``named``: a second person has been named."""
    found = [
        Blocker(source=one.source, title=one.title, cure=one.cure, path=one.path, keys=one.keys)
        for one in gathered(day.site, day.day)
        if (one.money or one.source == REFERRALS) and not one.source.startswith(OWN)
    ]
    for older in TillDay.objects.filter(site=day.site, day__lt=day.day, state__in=RUNNING).order_by("day"):
        found.append(
            Blocker(
                source="till_days.older",
                title=_("The till of %(day)s is not reconciled") % {"day": older.day},
                cure=_("Count, and let a second person count"),
                path=reverse("till_days:day", args=[older.code]),
                keys=(str(older.code),),
            )
        )
    for item in unmapped_items(day.site, day.day):
        found.append(
            Blocker(
                source="till_days.unmapped",
                title=_("“%(item)s” stands on no line of the daily report") % {"item": item.name},
                cure=_("Choose the line"),
                path=reverse("till_days:day", args=[day.code]),
                keys=(str(item.code),),
            )
        )
    if not named:
        found.append(
            Blocker(
                source="till_days.no_reconciler",
                title=_("Nobody is named to count a second time"),
                cure=_("Name the designated person"),
                path=reverse("till_days:day", args=[day.code]),
            )
        )
    return found


def unmapped_items(site: Site, day: date) -> Sequence[Item]:
    """Items charged on the business day that still stand on no line of the daily report (CA-037)."""
    return list(Item.objects.filter(pk__in=_charged_unmapped(site, day).values("item"), category__key=UNMAPPED))


def mapped_since(site: Site, day: date) -> dict[str, str]:
    """Charge line → the line of the report on which its item stands by now, of what was charged without one."""
    rows = _charged_unmapped(site, day).values_list("code", "item__category__key")
    return {str(code): key for code, key in rows}


def _charged_unmapped(site: Site, day: date) -> QuerySet[ChargeLine]:
    of_day = Movement.objects.filter(site=site, day=day, category=UNMAPPED)
    income = of_day.filter(debit__in=_INCOME) | of_day.filter(credit__in=_INCOME)
    return ChargeLine.objects.filter(code__in=income.order_by().values("subject"))


_INCOME = (Account.INCOME, Account.OWED_INCOME)
