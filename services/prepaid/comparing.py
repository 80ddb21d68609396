"""Every night: do statements and books say the same?"""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils.translation import gettext_noop

from kernel import clock, money
from kernel.context import Actor
from services.books import actions as books
from services.prepaid import selectors
from services.sites.models import Site
from services.tasks.actions import open_task

DIFFERENCE = "prepaid.difference"
CLOCK = Actor.system("timers")


def compare(site: Site, *, by: Actor = CLOCK) -> int:
    """What all statements of ``site`` end with less what the books say is owed, in fen; finance is told of a difference."""
    with transaction.atomic():
        # Nobody sells or uses anything while it is compared.
        books.hold_day(site)
        difference = selectors.stated_fen(site) - selectors.owed_fen(site)
        if difference:
            open_task(
                by=by,
                kind=DIFFERENCE,
                key=f"{site.code}:{clock.today(site.timezone):%Y-%m-%d}",
                room="prepaid",
                title=gettext_noop("Prepaid balances and books differ"),
                detail=gettext_noop("by %(amount)s yuan"),
                args={"amount": money.yuan(abs(difference), grouped=True)},
                due_at=clock.now(),
                icon="cash",
                roles=("finance", "reconciler"),
                site=site,
                url=("prepaid:liability",),
            )
    return difference


def compare_every_site(day: date) -> None:
    """Daily work."""
    for site in Site.objects.filter(is_active=True):
        compare(site)
