"""Moving stock: one door for every change, first expired first out, never below zero, nothing after its last day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock
from kernel.context import Actor
from kernel.errors import Cure, RuleRefused
from services.inventory.models import Balance, Lot, Minimum, MoveKind, Movement, Place, StockItem
from services.patients.models import Patient
from services.policy import gates
from services.sites.models import Site
from services.tasks.actions import open_task, settle_task
from services.tasks.models import Task

# Law: nobody overrides it.
EXPIRED = "inventory.expired"
LOW, DEFICIT, OUT = "inventory.below_minimum", "inventory.kit_deficit", "inventory.stock_out"
ENGINE = Actor.system("inventory")
# Whoever works at a place asks the store for what it lacks.
ASKS = {Place.STORE: "head_nurse", Place.CASHIER: "cashier", Place.ROOM: "head_nurse", Place.KIT: "head_nurse"}
KIT_ESCALATION = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken of which lot."""

    lot: Lot
    quantity: int


def expired(lot: Lot, day: date) -> bool:
    """Is ``day`` after the last day of the lot? From 00:00 of that day, at the site, it is neither issued nor sold (IN-007)."""
    return lot.expires_on is not None and lot.expires_on < day


def move(
    *,
    by: Actor,
    lot: Lot,
    place: str,
    kind: MoveKind,
    quantity: int,
    patient: Patient | None = None,
    line: UUID | None = None,
    reference: str = "",
    at: datetime | None = None,
) -> Movement:
    """Write one movement and keep its balance, which is locked until the transaction ends.

    ``quantity`` in units of the item, negative for what leaves. Raises RuleRefused (``out_of_stock``).
    """
    balance = locked_balance(lot, place)
    if balance.quantity + quantity < 0:
        raise _out_of_stock(lot.item, balance.quantity)
    balance.quantity += quantity
    balance.save(update_fields=["quantity"])
    row = Movement.objects.create(
        site_id=lot.site_id,
        lot=lot,
        place=place,
        kind=kind,
        quantity=quantity,
        at=at or clock.now(),
        by=by.code,
        by_name=by.name,
        patient=patient,
        line=line,
        reference=reference[:80],
    )
    audit.record(
        by=by, verb=f"inventory.{kind}", target=row, site=lot.site.code, lot=str(lot.code), place=place, quantity=quantity
    )  # fmt: skip
    return row


def locked_balance(lot: Lot, place: str) -> Balance:
    """The balance row of a lot at a place, written when it is missing, locked."""
    found = Balance.objects.select_for_update().filter(lot=lot, place=place).first()
    if found is None:
        try:
            with transaction.atomic():
                Balance.objects.create(site_id=lot.site_id, lot=lot, place=place)
        except IntegrityError:
            # Somebody else wrote it in the same moment; theirs is read and waited for.
            pass
        found = Balance.objects.select_for_update().get(lot=lot, place=place)
    return found


def take(
    *,
    by: Actor,
    site: Site,
    item: StockItem,
    place: str,
    quantity: int,
    kind: MoveKind,
    patient: Patient | None = None,
    line: UUID | None = None,
    reference: str = "",
    partial: bool = False,
) -> list[Taken]:
    """Take ``quantity`` of an item from a place: what expires first goes first, what is expired stays (IN-007).

    ``partial``: take what there is; else all of it or nothing. Balances are locked in the order of their lots, whoever
    comes. Raises RuleRefused (``out_of_stock``, ``lot_expired`` when only expired lots would be left).
    """
    rows = list(
        Balance.objects.select_for_update(of=("self",))
        .select_related("lot__item", "lot__site")
        .filter(site=site, place=place, lot__item=item, quantity__gt=0)
        .order_by("lot_id")
    )
    today = clock.today(site.timezone)
    usable = sorted(
        (row for row in rows if not expired(row.lot, today)),
        key=lambda row: (row.lot.expires_on or date.max, row.lot_id),
    )
    there = sum(row.quantity for row in usable)
    if there < quantity and not partial:
        gates.check(
            EXPIRED,
            by=by,
            subject=item,
            ok=sum(row.quantity for row in rows) < quantity,
            message=_("“%(item)s” has only expired lots left; they are neither issued, sold nor used.")
            % {"item": item.name},
            cures=(Cure(_("Ask the store for a lot that is not expired"), role="head_nurse"),),
            code="lot_expired",
        )
        raise _out_of_stock(item, there)
    found: list[Taken] = []
    left = quantity
    for row in usable:
        if left <= 0:
            break
        part = min(left, row.quantity)
        move(
            by=by, lot=row.lot, place=place, kind=kind, quantity=-part, patient=patient, line=line, reference=reference
        )
        found.append(Taken(row.lot, part))
        left -= part
    watch(by=by, site=site, item=item, place=place)
    if left > 0:
        report_stock_out(by=by, site=site, item=item, place=place)
    return found


def put(
    *, by: Actor, lot: Lot, place: str, quantity: int, kind: MoveKind, line: UUID | None = None, reference: str = "",
    patient: Patient | None = None,
) -> Movement:  # fmt: skip
    """Add to a place, and let the alarms of the place know."""
    row = move(
        by=by, lot=lot, place=place, kind=kind, quantity=quantity, line=line, reference=reference, patient=patient
    )
    watch(by=by, site=lot.site, item=lot.item, place=place)
    return row


def usable(site: Site, item: StockItem, place: str) -> int:
    """How much of an item lies at a place and is not expired today."""
    rows = Balance.objects.filter(site=site, place=place, lot__item=item, quantity__gt=0)
    today = clock.today(site.timezone)
    return rows.exclude(lot__expires_on__lt=today).aggregate(total=Sum("quantity"))["total"] or 0


def watch(*, by: Actor, site: Site, item: StockItem, place: str) -> None:
    """Below the minimum: whoever works there asks the store (IN-001), the kit is short at once (IN-012). Enough again: the
    task is closed."""
    wanted = Minimum.objects.filter(site=site, place=place, item=item).values_list("quantity", flat=True).first()
    if wanted is None:
        return
    kind = DEFICIT if place == Place.KIT else LOW
    there = usable(site, item, place)
    open_key = _open_key(kind, site, item, place)
    if there >= wanted:
        if open_key:
            settle_task(by=by, kind=kind, key=open_key, result="refilled")
        return
    if open_key:
        return
    now = clock.now()
    kit = place == Place.KIT
    open_task(
        by=by,
        kind=kind,
        key=_new_key(site, item, place),
        room="inventory",
        title=gettext_noop("Emergency kit is short of %(item)s")
        if kit
        else gettext_noop("Draw %(item)s from the store")
        if place != Place.STORE
        else gettext_noop("Order %(item)s"),
        detail=gettext_noop("%(there)s left, %(wanted)s wanted"),
        args={"item": item.name_zh, "there": there, "wanted": wanted},
        icon="box",
        due_at=now,
        roles=(ASKS[Place(place)],),
        escalates_at=now + KIT_ESCALATION if kit else None,
        escalates_to=("dean", "clinic_director") if kit else (),
        site=site,
        url=("inventory:kit",) if kit else ("inventory:item", str(item.code)),
        closed_in_inbox=False,
    )


def report_stock_out(*, by: Actor, site: Site, item: StockItem, place: str) -> None:
    """A place had less than was used: the books are wrong or the room stops; the head nurse hears of it (IN-002)."""
    if _open_key(OUT, site, item, place):
        return
    open_task(
        by=by,
        kind=OUT,
        key=_new_key(site, item, place),
        room="inventory",
        title=gettext_noop("%(item)s has run out"),
        args={"item": item.name_zh},
        icon="box",
        due_at=clock.now(),
        roles=("head_nurse",),
        site=site,
        url=("inventory:item", str(item.code)),
    )


def on_hand(site: Site, place: str, items: Sequence[StockItem]) -> dict[int, int]:
    """What of each item lies at a place and may be used today, by primary key; one query."""
    rows = Balance.objects.filter(site=site, place=place, lot__item__in=items, quantity__gt=0)
    rows = rows.exclude(lot__expires_on__lt=clock.today(site.timezone)).order_by()
    return dict(rows.values_list("lot__item").annotate(Sum("quantity")))


def _prefix(site: Site, item: StockItem, place: str) -> str:
    return f"{site.code.hex}:{item.code.hex}:{place}:"


def _new_key(site: Site, item: StockItem, place: str) -> str:
    # A task is opened once for its key; the next time the place runs low is another task.
    return f"{_prefix(site, item, place)}{clock.now().timestamp():.6f}"


def _open_key(kind: str, site: Site, item: StockItem, place: str) -> str:
    rows = Task.objects.filter(
        kind=kind, key__startswith=_prefix(site, item, place), state__in=(Task.State.OPEN, Task.State.SLEEPING)
    )
    return rows.values_list("key", flat=True).first() or ""


def _out_of_stock(item: StockItem, there: int) -> RuleRefused:
    return RuleRefused(
        "out_of_stock",
        _("Only %(there)s %(unit)s of “%(item)s” are here.") % {"there": there, "unit": item.unit, "item": item.name},
        cures=[Cure(_("Ask the store for more"), role="head_nurse")],
        on_hand=there,
    )
