"""The pack of the fifth: budget of this month, purchase and requisition of the last (IN-005). Overdue from the 6th 00:00."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, parameters, timers
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, NotFound, RuleRefused
from kernel.timers.models import Timer
from services.inventory import stock
from services.inventory.machines import PACK
from services.inventory.models import MonthlyPack, MoveKind, Movement, PackLine, PackTable, Place
from services.sites.models import Site
from services.tasks.actions import open_task, settle_task

DUE, LATE = "inventory.pack", "inventory.pack_overdue"
Kind = PackTable.Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a table with the columns of 14; price of one in fen."""

    item: str
    quantity: int
    price_fen: int
    on: date
    spec: str = ""
    reason: str = ""


def due_at(site: Site, month: date) -> datetime:
    """When the pack of a month is late: 00:00 after the due day, or 00:00 of it where the day itself does not count."""
    day = month.replace(day=int(parameters.value("monthly_pack_due_day", site=site)))
    start, end = clock.day_bounds(day, site.timezone)
    return end if parameters.value("monthly_pack_due_inclusive", site=site) else start


@action(permission="inventory.keep")
def open_pack(*, by: Actor, site: Site, month: date) -> MonthlyPack:
    """The pack of a month, once: the head nurse has it in the inbox, a timer stands at its deadline."""
    first = month.replace(day=1)
    row, made = MonthlyPack.objects.get_or_create(site=site, month=first, defaults={"due_at": due_at(site, first)})
    if made:
        audit.record(by=by, verb="inventory.pack_opened", target=row, site=site.code)
        timers.schedule(DUE, str(row.code), row.due_at)
        _task(by, row, DUE, gettext_noop("Budget, purchase and requisition tables"), ("head_nurse",), row.due_at)
    return row


@action(permission="inventory.keep")
def write_table(*, by: Actor, site: Site, pack: MonthlyPack, kind: str, lines: Sequence[Line] | None) -> PackTable:
    """Write one of the three tables, or write it again. ``None``: purchase and requisition as the books of last month
    have them. No lines at all says that there was nothing.

    Raises Conflict (``pack_submitted``), RuleRefused (``table_unknown``, ``lines_missing``, ``quantity_invalid``).
    """
    _at(pack, site)
    locked = MonthlyPack.objects.select_for_update().get(pk=pack.pk)
    if locked.state == "submitted":
        raise Conflict("pack_submitted", _("The pack has been submitted."))
    if kind not in Kind.values:
        raise RuleRefused("table_unknown", _("The tables are budget, purchase and requisition."))
    if lines is None:
        if kind == Kind.BUDGET:
            raise RuleRefused("lines_missing", _("The budget is written by you; nothing can be read from the books."))
        lines = from_books(site, kind, _month_before(pack.month))
    if any(one.quantity < 1 or one.price_fen < 0 or not one.item.strip() for one in lines):
        raise RuleRefused("quantity_invalid", _("Each line has an item, a quantity from 1 and a price."))
    month = pack.month if kind == Kind.BUDGET else _month_before(pack.month)
    table, _made = PackTable.objects.update_or_create(
        pack=locked, kind=kind, defaults={"month": month, "written_at": clock.now(), "written_by_name": by.name}
    )
    table.lines.all().delete()
    PackLine.objects.bulk_create(
        PackLine(
            table=table, item=one.item.strip()[:80], spec=one.spec[:80], quantity=one.quantity,
            price_fen=one.price_fen, reason=one.reason[:120], on=one.on,
        )
        for one in lines
    )  # fmt: skip
    audit.record(by=by, verb="inventory.table_written", target=table, site=site.code, kind=kind, lines=len(lines))
    return table


@action(permission="inventory.keep")
def submit_pack(*, by: Actor, site: Site, pack: MonthlyPack) -> MonthlyPack:
    """All three tables go in; late is late, but goes in. Raises RuleRefused (``tables_missing``), Conflict."""
    _at(pack, site)
    MonthlyPack.objects.select_for_update().get(pk=pack.pk)
    there = set(pack.tables.values_list("kind", flat=True))
    missing = [str(Kind(kind).label) for kind in Kind.values if kind not in there]
    if missing:
        raise RuleRefused(
            "tables_missing",
            _("Missing: %(tables)s. Each of the three tables is mandatory.") % {"tables": ", ".join(missing)},
            tables=[kind for kind in Kind.values if kind not in there],
        )
    PACK.move(pack, "submitted", by=by)
    timers.cancel(DUE, str(pack.code))
    for kind in (DUE, LATE):
        settle_task(by=by, kind=kind, key=str(pack.code), result="submitted")
    return pack


def on_deadline(timer: Timer) -> None:
    """00:00 of the 6th: what is not in is overdue, and the dean is told (IN-005)."""
    pack = MonthlyPack.objects.select_related("site").filter(code=UUID(timer.key), state="drafting").first()
    if pack is None:
        return
    PACK.move(pack, "overdue", by=stock.ENGINE)
    _task(
        stock.ENGINE,
        pack,
        LATE,
        gettext_noop("Overdue: the monthly tables of %(month_on)s"),
        ("dean", "head_nurse"),
        pack.due_at,
    )


def from_books(site: Site, kind: str, month: date) -> list[Line]:
    """What the books say of a month: receipts into the store, or what the places drew from it; a line per lot and day."""
    start = clock.day_bounds(month, site.timezone)[0]
    end = clock.day_bounds(_month_after(month), site.timezone)[0]
    rows = Movement.objects.filter(site=site, at__gte=start, at__lt=end).select_related("lot__item")
    if kind == Kind.PURCHASE:
        rows = rows.filter(kind=MoveKind.RECEIPT)
    else:
        rows = rows.filter(kind=MoveKind.ISSUE, quantity__gt=0).exclude(place=Place.STORE)
    return [
        Line(
            item=row.lot.item.name_zh,
            spec=row.lot.item.spec,
            quantity=row.quantity,
            price_fen=row.lot.price_fen,
            reason=f"{row.get_place_display()} {row.reference}".strip() if kind != Kind.PURCHASE else row.reference,
            on=clock.local(row.at, site.timezone).date(),
        )
        for row in rows.order_by("at", "id")
    ]


def _month_before(month: date) -> date:
    return (month.replace(day=1) - timedelta(days=1)).replace(day=1)


def _month_after(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def _task(by: Actor, row: MonthlyPack, kind: str, title: str, roles: tuple[str, ...], due: datetime) -> None:
    open_task(
        by=by, kind=kind, key=str(row.code), room="inventory", title=title, args={"month_on": row.month},
        icon="report", due_at=due, roles=roles, site=row.site, url=("inventory:pack", str(row.code)),
        closed_in_inbox=False,
    )  # fmt: skip


def _at(pack: MonthlyPack, site: Site) -> None:
    if pack.site_id != site.pk:
        raise NotFound("stock_paper_not_found", _("There is no such paper here."))
