"""How long packages last: the notice before their last day, the day itself, and days that are added."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, messaging, parameters, timers
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, NotFound, RuleRefused
from kernel.messaging.models import Message
from kernel.timers.models import Timer
from services.prepaid.machines import HOLDING
from services.prepaid.models import Extension, Holding
from services.sites.models import Site
from services.tasks.actions import cancel_task, open_task

EXPIRE, NOTICE = "prepaid.expire", "prepaid.notice"
EXPIRING = "prepaid.expiring"
CLOCK = Actor.system("timers")


def watch(holding: Holding) -> None:
    """The clock tells the holder before the last day of a package, and ends it after that day."""
    if holding.valid_until is None:
        return
    zone = holding.site.timezone
    days = int(parameters.value("prepaid_notice_days", site=holding.site))
    told, _end = clock.day_bounds(holding.valid_until - timedelta(days=days), zone)
    _start, over = clock.day_bounds(holding.valid_until, zone)
    timers.schedule(NOTICE, str(holding.code), told + timedelta(hours=9))
    timers.schedule(EXPIRE, str(holding.code), over)


def rest(holding: Holding) -> None:
    """The clock says nothing more of it."""
    for kind in (NOTICE, EXPIRE):
        timers.cancel(kind, str(holding.code))
    cancel_task(by=CLOCK, kind=EXPIRING, key=str(holding.code), reason="settled")


@action(permission="prepaid.adjust")
def freeze(*, by: Actor, site: Site, holding: Holding) -> Holding:
    """It pays for nothing until it is thawed; the days of a package stand still. Raises Conflict (``invalid_transition``)."""
    holding = _locked(holding, site)
    HOLDING.move(holding, "frozen", by=by, day=clock.today(site.timezone))
    rest(holding)
    return holding


@action(permission="prepaid.adjust")
def thaw(*, by: Actor, site: Site, holding: Holding) -> Holding:
    """It pays again, a package as many days longer as it was frozen. Raises Conflict (``invalid_transition``)."""
    holding = _locked(holding, site)
    if holding.state != "frozen" or holding.frozen_on is None:
        raise Conflict("invalid_transition", _("%(number)s is not frozen.") % {"number": holding.number})
    until, since = holding.valid_until, holding.frozen_on
    longer = until + (clock.today(site.timezone) - since) if until is not None else None
    HOLDING.move(holding, "active", by=by, until=longer)
    if until is not None and longer is not None:
        _note(by, holding, until, longer, _("frozen since %(day)s") % {"day": since.isoformat()})
        watch(holding)
    return holding


@action(permission="prepaid.adjust")
def extend(*, by: Actor, site: Site, holding: Holding, until: date, reason: str) -> Holding:
    """A package has a later last day; one that had expired is used again.

    Raises RuleRefused (``reason_missing``, ``extension_too_short``, ``not_a_package``), Conflict (``holding_rests``).
    """
    holding = _locked(holding, site)
    if not reason.strip():
        sentence = _("Say why it lasts longer.")
        raise RuleRefused("reason_missing", sentence, fields={"reason": [sentence]})
    if holding.valid_until is None:
        raise RuleRefused("not_a_package", _("Stored value has no last day; only packages have one."))
    if holding.state not in ("active", "expired"):
        raise Conflict(
            "holding_rests", _("Only a package that is used or has expired lasts longer."), state=holding.state
        )
    if until <= holding.valid_until or until < clock.today(site.timezone):
        sentence = _("The new last day is later than %(day)s, and not over.") % {"day": holding.valid_until.isoformat()}
        raise RuleRefused("extension_too_short", sentence, fields={"until": [sentence]})
    _note(by, holding, holding.valid_until, until, reason.strip()[:200])
    if holding.state == "expired":
        HOLDING.move(holding, "active", by=by, until=until)
    else:
        holding.valid_until = until
        holding.bump({"valid_until"})
        audit.record(by=by, verb="prepaid.extended", target=holding, site=site.code, until=until.isoformat())
    cancel_task(by=by, kind=EXPIRING, key=str(holding.code), reason="extended")
    watch(holding)
    return holding


def on_notice(timer: Timer) -> None:
    """Timer: the last day is near. The holder is told on the phone; whoever has none is called."""
    holding = _of(timer)
    if holding is None or holding.state != "active" or holding.valid_until is None:
        return
    day = holding.valid_until.isoformat()
    if holding.patient.phone:
        messaging.send(
            channel=Message.Channel.SMS,
            to=holding.patient.phone,
            template="prepaid_expiring",
            context={"site": holding.site.name, "name": holding.name, "day": day, "phone": holding.site.phone},
            key=f"prepaid-expiring:{holding.code}:{day}",
            language=holding.patient.language or None,
        )
        audit.record(by=CLOCK, verb="prepaid.notice_sent", target=holding, site=holding.site.code, until=day)
        return
    open_task(
        by=CLOCK,
        kind=EXPIRING,
        key=str(holding.code),
        room="prepaid",
        title=gettext_noop("Package of %(subject)s expires"),
        detail=gettext_noop("%(number)s on %(day)s; no phone number is known"),
        args={"number": holding.number, "day": day},
        subject=("patient", holding.patient.code),
        icon="clock",
        due_at=clock.now() + timedelta(days=3),
        roles=("front_desk",),
        site=holding.site,
        url=("prepaid:holding", str(holding.code)),
    )


def on_validity_over(timer: Timer) -> None:
    """Timer: the last day is over. Nothing is forfeited: what is left stays owed, and can be extended or refunded."""
    holding = _of(timer)
    if holding is None or holding.state != "active" or holding.valid_until is None:
        return
    if clock.today(holding.site.timezone) > holding.valid_until:
        HOLDING.move(holding, "expired", by=CLOCK)


def _of(timer: Timer) -> Holding | None:
    rows = Holding.objects.select_for_update(of=("self",)).select_related("site", "patient")
    return rows.filter(code=UUID(timer.key)).first()


def _locked(holding: Holding, site: Site) -> Holding:
    rows = Holding.objects.select_for_update(of=("self",)).select_related("site", "patient")
    found = rows.filter(pk=holding.pk, site=site).first()
    if found is None:
        raise NotFound("holding_not_found", _("There is no such package or stored value."))
    return found


def _note(by: Actor, holding: Holding, before: date, after: date, reason: str) -> None:
    Extension.objects.create(
        holding=holding, until_before=before, until_after=after, reason=reason, at=clock.now(), by_name=by.name
    )
