"""The emergency kit: always ready (IN-012). What is used of it alarms in ``stock.watch``; here it is looked through."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_noop

from kernel import audit, clock, parameters
from kernel.actions import action
from kernel.context import Actor
from services.inventory import stock
from services.inventory.models import KitCheck, Minimum, Place, StockItem
from services.sites.models import Site
from services.tasks.actions import open_task, settle_task
from services.tasks.models import Task

CHECK = "inventory.kit_check"


@dataclass(frozen=True, slots=True)
class Line:
    """An item of the kit: how many must be ready, how many are, not counting what is expired."""

    item: StockItem
    par: int
    ready: int

    @property
    def missing(self) -> int:
        return max(self.par - self.ready, 0)


def lines(site: Site) -> list[Line]:
    """The list of the kit with what is ready; two statements."""
    rows = list(Minimum.objects.filter(site=site, place=Place.KIT).select_related("item"))
    there = stock.on_hand(site, Place.KIT, [row.item for row in rows])
    return [Line(row.item, row.quantity, there.get(row.item_id, 0)) for row in rows]


def last_check(site: Site) -> KitCheck | None:
    """When somebody last looked through it."""
    return KitCheck.objects.filter(site=site).first()


def next_check_at(site: Site) -> datetime | None:
    """When it is due to be looked through; None where there is no kit or nobody ever did (that is: now)."""
    last = last_check(site)
    return last.at + timedelta(days=int(parameters.value("emergency_kit_check_days", site=site))) if last else None


@action(permission="inventory.use")
def check_kit(*, by: Actor, site: Site, remark: str = "") -> KitCheck:
    """Somebody looked through the kit; whether it is complete the books say. What is short alarms (IN-012)."""
    found = lines(site)
    for line in found:
        stock.watch(by=by, site=site, item=line.item, place=Place.KIT)
    row = KitCheck.objects.create(
        site=site, at=clock.now(), by=by.code, by_name=by.name, complete=not any(line.missing for line in found),
        remark=remark.strip()[:200],
    )  # fmt: skip
    audit.record(by=by, verb="inventory.kit_checked", target=row, site=site.code, complete=row.complete)
    for key in list(Task.objects.filter(kind=CHECK, site=site, state="open").values_list("key", flat=True)):
        settle_task(by=by, kind=CHECK, key=key, result="checked")
    return row


def ask_for_check(*, by: Actor, site: Site) -> None:
    """Every morning: what expired overnight is short now, and a check that is due is asked for."""
    found = lines(site)
    if not found:
        return
    for line in found:
        stock.watch(by=by, site=site, item=line.item, place=Place.KIT)
    due = next_check_at(site)
    if due is not None and clock.local(due, site.timezone).date() > clock.today(site.timezone):
        return
    if Task.objects.filter(kind=CHECK, site=site, state=Task.State.OPEN).exists():
        return
    open_task(
        by=by, kind=CHECK, key=f"{site.code}:{clock.today(site.timezone)}", room="inventory",
        title=gettext_noop("Look through the emergency kit"), icon="clipboard", due_at=clock.now(),
        roles=("head_nurse", "nurse"), site=site, url=("inventory:kit",), closed_in_inbox=False,
    )  # fmt: skip
