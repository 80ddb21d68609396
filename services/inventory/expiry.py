"""Month end: every lot is looked at, what must go is applied for, the dean decides, the write-off is a movement (IN-007)."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from kernel import audit, clock, numbering, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, NotFound, RuleRefused
from services.inventory import stock
from services.inventory.machines import CHECK, SCRAP
from services.inventory.models import Balance, ExpiryCheck, ExpiryLine, Lot, MoveKind, Place, Scrap
from services.sites.models import Site
from services.tasks.actions import open_task, settle_task

CHECK_DUE, DECIDE, ANSWER = "inventory.expiry_check", "inventory.scrap", "inventory.scrap_rejected"
Finding = ExpiryLine.Finding


def check_day(site: Site, month: date) -> date:
    """The day of the expiry check in a month: its last one, or ``expiry_check_day`` where that is set."""
    fixed = int(parameters.value("expiry_check_day", site=site))
    if fixed:
        return month.replace(day=fixed)
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def lots_here(site: Site) -> QuerySet[Lot]:
    """Every lot of which something lies at the site, what expires first first."""
    return (
        Lot.objects.filter(site=site, balances__quantity__gt=0)
        .select_related("item")
        .distinct()
        .order_by("expires_on", "pk")
    )


def finding_of(lot: Lot, site: Site, day: date) -> str:
    """What the calendar says of a lot on ``day``: expired, expiring within ``expiry_horizon_days``, or good."""
    if stock.expired(lot, day):
        return Finding.EXPIRED
    horizon = timedelta(days=int(parameters.value("expiry_horizon_days", site=site)))
    return Finding.EXPIRING if lot.expires_on is not None and lot.expires_on <= day + horizon else Finding.GOOD


@action(permission="inventory.keep")
def open_check(*, by: Actor, site: Site, day: date) -> ExpiryCheck | None:
    """The check of the month of ``day``, once; None at a site that keeps no stock."""
    due_on = check_day(site, day.replace(day=1))
    found = ExpiryCheck.objects.filter(site=site, due_on=due_on).first()
    if found is not None or not Balance.objects.filter(site=site, quantity__gt=0).exists():
        return found
    row = ExpiryCheck.objects.create(site=site, due_on=due_on)
    _start, end = clock.day_bounds(due_on, site.timezone)
    open_task(
        by=by, kind=CHECK_DUE, key=str(row.code), room="inventory", title=gettext_noop("Check the expiry of all stock"),
        icon="clipboard", due_at=end - timedelta(minutes=1), roles=("head_nurse",), escalates_at=end,
        escalates_to=("dean",), site=site, url=("inventory:expiry", str(row.code)), closed_in_inbox=False,
    )  # fmt: skip
    audit.record(by=by, verb="inventory.expiry_check_opened", target=row, site=site.code)
    return row


@action(permission="inventory.keep")
def confirm_lot(*, by: Actor, site: Site, check: ExpiryCheck, lot: UUID, scrap: bool = False) -> ExpiryLine:
    """The head nurse had the lot in the hand; ``scrap``: it is to go whatever its date.

    Raises Conflict (``check_closed``), NotFound (``lot_not_found``).
    """
    _at(check.site_id, site)
    locked = ExpiryCheck.objects.select_for_update().get(pk=check.pk)
    if locked.state != "due":
        raise Conflict("check_closed", _("This check is closed."))
    found = Lot.objects.select_related("item").filter(site=site, code=lot).first()
    if found is None:
        raise NotFound("lot_not_found", _("There is no such lot here."))
    said = Finding.SCRAP if scrap else finding_of(found, site, clock.today(site.timezone))
    line, _made = ExpiryLine.objects.update_or_create(
        check_of=locked, lot=found, defaults={"finding": said, "at": clock.now(), "by_name": by.name}
    )
    audit.record(by=by, verb="inventory.lot_checked", target=line, site=site.code, finding=said)
    return line


@action(permission="inventory.keep")
def close_check(*, by: Actor, site: Site, check: ExpiryCheck) -> ExpiryCheck:
    """Every lot is confirmed. Raises RuleRefused (``lots_unconfirmed``), Conflict (``invalid_transition``)."""
    _at(check.site_id, site)
    ExpiryCheck.objects.select_for_update().get(pk=check.pk)
    left = lots_here(site).exclude(pk__in=check.lines.values("lot")).count()
    if left:
        sentence = ngettext(
            "%(n)s lot is not confirmed yet. Each is looked at.",
            "%(n)s lots are not confirmed yet. Each is looked at.",
            left,
        )
        raise RuleRefused("lots_unconfirmed", sentence % {"n": left}, lots=left)
    CHECK.move(check, "checked", by=by)
    settle_task(by=by, kind=CHECK_DUE, key=str(check.code), result="checked")
    return check


@action(permission="inventory.keep")
def apply_for_scrap(*, by: Actor, site: Site, lot: Lot, place: str, quantity: int, reason: str) -> Scrap:
    """The head nurse applies, the dean decides. Raises RuleRefused (``reason_missing``, ``out_of_stock``), NotFound."""
    _at(lot.site_id, site)
    if not reason.strip():
        sentence = _("Say why.")
        raise RuleRefused("reason_missing", sentence, fields={"reason": [sentence]})
    balance = stock.locked_balance(lot, Place(place))
    # What is applied for already is not there a second time.
    waiting = sum(Scrap.objects.filter(lot=lot, place=place, state="applied").values_list("quantity", flat=True))
    if not 0 < quantity <= balance.quantity - waiting:
        raise RuleRefused(
            "out_of_stock",
            _("Only %(there)s are here.") % {"there": balance.quantity - waiting},
            on_hand=balance.quantity - waiting,
        )
    day = clock.today(site.timezone)
    row = Scrap.objects.create(
        number=f"SC-{numbering.next_number('inventory.scrap', entity=str(site.code), period=f'{day:%Y}')}",
        site=site,
        lot=lot,
        place=place,
        quantity=quantity,
        reason=reason.strip()[:200],
        applied_at=clock.now(),
        applicant_by=by.code,
        applicant_name=by.name,
    )
    audit.record(by=by, verb="inventory.scrap_applied", target=row, site=site.code, quantity=quantity)
    open_task(
        by=by, kind=DECIDE, key=str(row.code), room="inventory", title=gettext_noop("Scrap %(item)s: your decision"),
        args={"item": lot.item.name_zh}, icon="box", group="approval", due_at=clock.now(), roles=("dean",), site=site,
        url=("inventory:scrap", str(row.code)), closed_in_inbox=False,
    )  # fmt: skip
    return row


@action(permission="inventory.decide")
def decide_scrap(*, by: Actor, site: Site, scrap: Scrap, approve: bool, opinion: str = "") -> Scrap:
    """The dean approves, and it is written off at once; or rejects, with a reason (IN-007).

    Raises RuleRefused (``same_person_twice``, ``reason_missing``, ``out_of_stock``), Conflict (``invalid_transition``).
    """
    _at(scrap.site_id, site)
    SCRAP.move(scrap, "approved" if approve else "rejected", by=by, opinion=opinion)
    settle_task(by=by, kind=DECIDE, key=str(scrap.code), result=scrap.state)
    if not approve:
        open_task(
            by=by, kind=ANSWER, key=str(scrap.code), room="inventory", title=gettext_noop("Not scrapped: %(item)s"),
            args={"item": scrap.lot.item.name_zh}, icon="box", due_at=clock.now(), roles=("head_nurse",), site=site,
            url=("inventory:scrap", str(scrap.code)),
        )  # fmt: skip
        return scrap
    lot = Lot.objects.select_related("item", "site").get(pk=scrap.lot_id)
    stock.put(
        by=by, lot=lot, place=scrap.place, quantity=-scrap.quantity, kind=MoveKind.WRITE_OFF, reference=scrap.number
    )
    SCRAP.move(scrap, "written_off", by=stock.ENGINE)
    return scrap


def _at(site_id: int, site: Site) -> None:
    if site_id != site.pk:
        raise NotFound("stock_paper_not_found", _("There is no such paper here."))
