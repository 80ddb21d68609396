"""Declaring windows, entering visits from paper, and accounting for emergency receipts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from kernel import audit, clock, numbering, outbox
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, NotFound, RuleRefused
from services.cashier import actions as till
from services.cashier.models import ChargeSlip, Receipt
from services.cashier.taking import HandedOver
from services.outage.models import EmergencyNumber, NumberBlock, OutageVisit, OutageWindow
from services.outage.selectors import touched
from services.reception import paper, waits
from services.reception.machine import WAITS
from services.reception.models import Visit
from services.sites.models import Site

SERIES = "emergency_receipt"
LARGEST_BLOCK = 200


@action(permission="outage.declare")
def declare_window(
    *,
    by: Actor,
    site: Site,
    since: datetime,
    until: datetime | None = None,
    reason: str,
    confirmed_reason: str = "",
) -> OutageWindow:
    """Declare that ``site`` works (or worked) on paper from ``since``; without ``until`` it lasts.

    Waits that the server's silence touches are measured no more; with ``confirmed_reason`` the whole window counts. A
    breach that the server raised outside of what counts stays (QU-004).

    Raises RuleRefused (``reason_missing``, ``window_in_future``, ``window_reversed``), Conflict (``window_overlaps``).
    """
    now = clock.now()
    if not reason.strip():
        raise RuleRefused("reason_missing", _("Say what happened."), fields={"reason": [_("Required")]})
    _refuse_impossible(since, until, now)
    with _alone():
        window = OutageWindow.objects.create(
            site=site,
            since=since,
            until=until,
            reason=reason.strip()[:200],
            confirmed_reason=confirmed_reason.strip()[:200],
            declared_at=now,
            declared_by_id=by.user_id,
            declared_by_name=by.name,
            closed_at=now if until is not None else None,
            closed_by_name=by.name if until is not None else "",
        )
    audit.record(
        by=by, verb="outage.declared", target=window, site=site.code, since=since.isoformat(),
        until=until.isoformat() if until else None, confirmed=bool(window.confirmed_reason),
    )  # fmt: skip
    _exclude(by, window)
    return window


@action(permission="outage.declare")
def close_window(*, by: Actor, site: Site, window: OutageWindow, until: datetime | None = None) -> OutageWindow:
    """The house works with the product again, since ``until`` (default: now).

    Raises Conflict (``window_closed``, ``window_overlaps``), RuleRefused (``window_in_future``, ``window_reversed``).
    """
    window = OutageWindow.objects.select_for_update(of=("self",)).select_related("site").get(pk=window.pk, site=site)
    if window.until is not None:
        raise Conflict("window_closed", _("This outage is over already."))
    now = clock.now()
    _refuse_impossible(window.since, until or now, now)
    window.until, window.closed_at, window.closed_by_name = until or now, now, by.name
    with _alone():
        window.bump({"until", "closed_at", "closed_by_name"})
    audit.record(by=by, verb="outage.closed", target=window, site=site.code, until=window.until.isoformat())
    _exclude(by, window)
    return window


@action(permission="outage.enter")
def enter_visit(*, by: Actor, site: Site, window: OutageWindow, times: paper.PaperTimes, **facts: Any) -> OutageVisit:
    """Enter a visit from the paper sheet, with the times written there, all of them inside of ``window``.

    ``facts`` are what ``reception.paper.enter`` takes: patient or appointment, doctor, chair, minutes announced.

    Raises RuleRefused (``time_outside_window``), NotFound (``window_not_found``) and what ``paper.enter`` refuses.
    """
    window = OutageWindow.objects.select_for_update(of=("self",)).get(pk=window.pk)
    if window.site_id != site.pk:
        raise NotFound("window_not_found", _("There is no such outage."))
    end = window.until or clock.now()
    outside = [name for name, at in times.given() if not window.since <= at <= end]
    if outside:
        sentence = _("Times from paper lie inside of the declared outage.")
        raise RuleRefused("time_outside_window", sentence, fields={name: [sentence] for name in outside})
    visit = paper.enter(by=by, site=site, times=times, **facts)
    entered = OutageVisit.objects.create(
        window=window, visit=visit, basis=OutageVisit.Basis.PAPER, at=clock.now(), by_id=by.user_id, by_name=by.name
    )
    if window.until is not None and visit.state in WAITS:
        waits.begin_anew(by, visit, since=window.until)
    audit.record(by=by, verb="outage.visit_entered", target=visit, site=site.code, window=str(window.code))
    return entered


@action(permission="outage.issue")
def issue_block(*, by: Actor, site: Site, size: int) -> NumberBlock:
    """Hand ``site`` a block of paper receipts with the next ``size`` numbers of its legal entity.

    Raises RuleRefused (``block_size``).
    """
    if not 1 <= size <= LARGEST_BLOCK:
        sentence = _("A block holds 1 to %(most)s numbers.") % {"most": LARGEST_BLOCK}
        raise RuleRefused("block_size", sentence, fields={"size": [sentence]})
    block = NumberBlock.objects.create(site=site, size=size, issued_at=clock.now(), issued_by_name=by.name)
    given = numbering.reserve_numbers(SERIES, entity=str(site.entity.code), count=size)
    EmergencyNumber.objects.bulk_create(
        EmergencyNumber(block=block, entity=site.entity, number=f"E{number}", position=place)
        for place, number in enumerate(given, start=1)
    )
    audit.record(by=by, verb="outage.block_issued", target=block, site=site.code, size=size)
    return block


@action(permission="outage.receipts")
def note_written(*, by: Actor, site: Site, number: EmergencyNumber) -> EmergencyNumber:
    """Money was taken on this paper receipt; until it is entered, the day does not close.

    Raises Conflict (``number_accounted``), NotFound (``number_not_found``).
    """
    number = _blank_or_written(site, number)
    if number.written_at is None:
        number.written_at, number.written_by_name = clock.now(), by.name
        number.bump({"written_at", "written_by_name"})
        audit.record(by=by, verb="outage.number_written", target=number, site=site.code)
    return number


@action(permission="outage.receipts")
def enter_receipt(*, by: Actor, site: Site, number: EmergencyNumber, receipt: Receipt) -> EmergencyNumber:
    """The payment of a paper receipt is in the till's books as ``receipt``. A number is used once, and so is a receipt.

    Raises Conflict (``number_accounted``, ``receipt_has_number``), NotFound (``number_not_found``, ``receipt_not_found``).
    """
    number = _blank_or_written(site, number)
    if receipt.site_id != site.pk:
        raise NotFound("receipt_not_found", _("There is no such receipt."))
    now = clock.now()
    if number.written_at is None:
        number.written_at, number.written_by_name = now, by.name
    number.receipt, number.entered_at, number.entered_by_name = receipt, now, by.name
    try:
        with transaction.atomic():
            number.bump({"written_at", "written_by_name", "receipt", "entered_at", "entered_by_name"})
    except IntegrityError as error:
        raise Conflict("receipt_has_number", _("This receipt already has an emergency number.")) from error
    audit.record(by=by, verb="outage.number_entered", target=number, site=site.code, receipt=str(receipt.code))
    return number


@action(permission="outage.receipts")
def charge_paper(
    *, by: Actor, site: Site, number: EmergencyNumber, slip: ChargeSlip, handed_over: Sequence[HandedOver], **more: Any
) -> EmergencyNumber:
    """Charge ``slip`` at the till as it was paid on paper, and account for the paper receipt in the same step.

    The receipt is the till's own, of today. Raises what ``cashier.actions.charge`` and ``enter_receipt`` raise.
    """
    number = _blank_or_written(site, number)
    receipt = till.charge(by=by, site=site, slip=slip, handed_over=handed_over, **more)
    return enter_receipt(by=by, site=site, number=number, receipt=receipt)


@action(permission="outage.receipts")
def void_number(*, by: Actor, site: Site, number: EmergencyNumber, reason: str) -> EmergencyNumber:
    """A paper receipt was spoilt or lost. Raises RuleRefused (``reason_missing``), Conflict (``number_accounted``)."""
    if not reason.strip():
        raise RuleRefused("reason_missing", _("Say why it is void."), fields={"reason": [_("Required")]})
    number = _blank_or_written(site, number)
    number.void_at, number.void_by_name, number.void_reason = clock.now(), by.name, reason.strip()[:200]
    number.bump({"void_at", "void_by_name", "void_reason"})
    audit.record(by=by, verb="outage.number_void", target=number, site=site.code)
    return number


def _blank_or_written(site: Site, number: EmergencyNumber) -> EmergencyNumber:
    """The number, fresh and locked, if nobody has accounted for it yet."""
    found = EmergencyNumber.objects.select_for_update().filter(pk=number.pk, block__site=site).first()
    if found is None:
        raise NotFound("number_not_found", _("There is no such emergency receipt."))
    if found.standing in ("entered", "void"):
        raise Conflict(
            "number_accounted", _("This emergency receipt is accounted for already."), standing=found.standing
        )
    return found


def _exclude(by: Actor, window: OutageWindow) -> None:
    """Keep, once and for all, whose waits this window touches; an alert that came of the silence is withdrawn.

    Who still waits when the window ends has an alert again, for the wait after it. The figures of the days are measured
    again, and headquarters is told.
    """
    now = clock.now()
    basis = OutageVisit.Basis.CONFIRMED if window.confirmed_reason else OutageVisit.Basis.SILENCE
    found = touched(window)
    for visit in found:
        OutageVisit.objects.create(window=window, visit=visit, basis=basis, at=now, by_id=by.user_id, by_name=by.name)
        audit.record(by=by, verb="outage.wait_excluded", target=visit, site=window.site.code, basis=basis)
        if visit.wait_ended_at is None:
            waits.over(by, visit)
    if window.until is not None:
        still = Visit.objects.filter(pk__in=window.visits.values("visit"), state__in=WAITS).select_related("site")
        for visit in still:
            waits.begin_anew(by, visit, since=window.until)
    if found:
        zone = window.site.timezone
        days = {clock.local(one.registered_at, zone).date().isoformat() for one in found if one.registered_at}
        outbox.emit(
            "outage.waits_excluded",
            key=f"outage:{window.code}",
            payload={"site": str(window.site.code), "days": sorted(days)},
        )


def _refuse_impossible(since: datetime, until: datetime | None, now: datetime) -> None:
    if since > now or (until is not None and until > now):
        raise RuleRefused("window_in_future", _("An outage is declared when it has begun."))
    if until is not None and until <= since:
        raise RuleRefused("window_reversed", _("It ends after it began."), fields={"until": [_("Too early")]})


@contextmanager
def _alone() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if getattr(error.__cause__, "sqlstate", None) != "23P01":
            raise
        raise Conflict("window_overlaps", _("Another declared outage of this site covers this time.")) from error
