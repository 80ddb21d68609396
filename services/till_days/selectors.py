"""Reads of till days."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from kernel.access import accessible
from kernel.context import Actor
from kernel.errors import NotFound
from services.till_days.models import DifferenceCase, Leave, PettyCash, TillDay

VIEW = "till_days.view"


def days(actor: Actor, word: str = VIEW) -> QuerySet[TillDay]:
    """Days of the till at the sites of ``actor``, the latest first."""
    rows = accessible(TillDay.objects.all(), actor, word)
    return rows.select_related("site__entity", "reconciler", "report", "difference__liable").prefetch_related(
        "deposits"
    )


def access_day(actor: Actor, code: UUID, word: str = VIEW) -> TillDay:
    """A day of the till at a site where ``actor`` holds ``word``. Raises NotFound (``till_day_not_found``)."""
    found = days(actor, word).filter(code=code).first()
    if found is None:
        raise NotFound("till_day_not_found", _("There is no such day of the till."))
    return found


def cases(actor: Actor, word: str = VIEW) -> QuerySet[DifferenceCase]:
    """Differences at the sites of ``actor``, the latest first."""
    return accessible(DifferenceCase.objects.all(), actor, word).select_related("day", "site", "liable")


def access_case(actor: Actor, code: UUID, word: str = VIEW) -> DifferenceCase:
    """A difference at a site where ``actor`` holds ``word``. Raises NotFound (``difference_not_found``)."""
    found = cases(actor, word).filter(code=code).first()
    if found is None:
        raise NotFound("difference_not_found", _("There is no such difference."))
    return found


def petty_cash(actor: Actor, word: str = "till_days.ask") -> QuerySet[PettyCash]:
    """Small expenses at the sites of ``actor``, the latest first."""
    return accessible(PettyCash.objects.all(), actor, word).select_related("site")


def access_petty(actor: Actor, code: UUID, word: str = "till_days.ask") -> PettyCash:
    """A small expense at a site where ``actor`` holds ``word``. Raises NotFound (``petty_cash_not_found``)."""
    found = petty_cash(actor, word).filter(code=code).first()
    if found is None:
        raise NotFound("petty_cash_not_found", _("There is no such request."))
    return found


def leaves(actor: Actor, word: str = VIEW) -> QuerySet[Leave]:
    """Ways out of the house at the sites of ``actor``, the latest first."""
    return accessible(Leave.objects.all(), actor, word).select_related("site", "staff")


def access_leave(actor: Actor, code: UUID, word: str = VIEW) -> Leave:
    """A way out at a site where ``actor`` holds ``word``. Raises NotFound (``leave_not_found``)."""
    found = leaves(actor, word).filter(code=code).first()
    if found is None:
        raise NotFound("leave_not_found", _("There is no such request."))
    return found
