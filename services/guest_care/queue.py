"""Numbers of the queue and the screen that calls them (QU-013). A fault falls back to calling by voice."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Case, IntegerField, Max, Value, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import access, audit, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict
from services.guest_care.actions import LONGEST, needed, unique_or, who
from services.guest_care.machine import FAULT, TICKET
from services.guest_care.models import DeviceFault, Ticket, TicketCall
from services.reception.actions import lock_visit
from services.reception.machine import WAITS
from services.reception.models import Visit
from services.sites.models import Site
from services.sites.selectors import today
from services.tasks.actions import open_task, settle_task

REPAIR = "guest_care.repair"


@action(permission="guest_care.queue")
def give_ticket(*, by: Actor, visit: Visit) -> Ticket:
    """Give a waiting guest the next number of the day. Raises Conflict (``guest_not_waiting``, ``ticket_given``)."""
    visit = lock_visit(visit)
    access.require(by, "guest_care.queue", site=visit.site.code)
    if visit.state not in WAITS:
        raise Conflict("guest_not_waiting", _("Only a registered guest who waits gets a number."), state=visit.state)
    if Ticket.objects.filter(visit=visit).exists():
        raise Conflict("ticket_given", _("This guest has a number already."))
    # Two desks that give a number at once: one after the other, so that none is missing and none comes twice.
    Site.objects.select_for_update(no_key=True).get(pk=visit.site_id)
    day = today(visit.site)
    last = Ticket.objects.filter(site=visit.site, day=day).aggregate(last=Max("number"))["last"] or 0
    ticket = Ticket.objects.create(site=visit.site, visit=visit, day=day, number=last + 1, **who(by))
    audit.record(by=by, verb="guest_care.ticket_given", target=ticket, site=visit.site.code, number=ticket.number)
    return ticket


@action(permission="guest_care.queue")
def call_next(*, by: Actor, site: Site, place: str = "") -> Ticket:
    """Call the next number: emergencies first, then as they were given. Raises Conflict (``nobody_in_queue``)."""
    Site.objects.select_for_update(no_key=True).get(pk=site.pk)
    first = Case(When(visit__emergency="", then=Value(1)), default=Value(0), output_field=IntegerField())
    rows = Ticket.objects.filter(site=site, day=today(site), state="waiting").select_related("site")
    ticket = rows.order_by(first, "number").first()
    if ticket is None:
        raise Conflict("nobody_in_queue", _("No number is waiting."))
    return call_ticket(by=by, ticket=ticket, place=place)


@action(permission="guest_care.queue")
def call_ticket(*, by: Actor, ticket: Ticket, place: str = "") -> Ticket:
    """Call this number, or call it again. While the screen is out of order it is called by voice, and kept as that.

    Raises Conflict (``invalid_transition``).
    """
    again = ticket.calls.exists()
    TICKET.move(ticket, "called", by=by)
    _keep(by, ticket, TicketCall.What.RECALLED if again else TicketCall.What.CALLED, place)
    return ticket


@action(permission="guest_care.queue")
def skip_ticket(*, by: Actor, ticket: Ticket) -> Ticket:
    """The called guest is not there: the next one is called, the number stays and can be called again.

    Raises Conflict (``invalid_transition``).
    """
    TICKET.move(ticket, "skipped", by=by)
    _keep(by, ticket, TicketCall.What.SKIPPED, "")
    return ticket


@action(permission="guest_care.queue")
def report_fault(*, by: Actor, site: Site, words: str) -> DeviceFault:
    """The calling screen is out of order: numbers are called by voice from now on, and somebody is asked to repair it.

    Raises RuleRefused (``words_missing``), Conflict (``fault_open``).
    """
    words = needed(words, "words", _("Write what is wrong."))
    known = Conflict("fault_open", _("The fault is known; somebody is seeing to it."))
    if DeviceFault.objects.filter(site=site, state="open").exists():
        raise known
    fault: DeviceFault = unique_or(known, lambda: DeviceFault.objects.create(site=site, words=words, **who(by)))
    audit.record(by=by, verb="guest_care.fault_reported", target=fault, site=site.code)
    due = fault.at + timedelta(hours=parameters.value("queue_repair_hours", site=site))
    open_task(
        by=by,
        kind=REPAIR,
        key=str(fault.code),
        room="guest_care",
        title=gettext_noop("Repair the calling screen of the queue"),
        detail=gettext_noop("Reported at %(reported_at)s"),
        args={"reported_at": fault.at},
        icon="warn",
        roles=("supervisor", "duty_superior", "tenant_admin"),
        site=site,
        due_at=due,
        escalates_at=due,
        escalates_to=("clinic_director",),
        url=("guest_care:queue",),
        closed_in_inbox=False,
    )
    return fault


@action(permission="guest_care.queue")
def repair_device(*, by: Actor, fault: DeviceFault, remark: str = "") -> DeviceFault:
    """The screen calls again. Raises Conflict (``invalid_transition``)."""
    FAULT.move(fault, "repaired", by=by, remark=remark.strip()[:LONGEST])
    settle_task(by=by, kind=REPAIR, key=str(fault.code), result="repaired")
    return fault


def open_fault(site: Site) -> DeviceFault | None:
    """The fault of the site's calling screen that nobody has repaired yet."""
    return DeviceFault.objects.filter(site=site, state="open").select_related("site").first()


def _keep(by: Actor, ticket: Ticket, what: str, place: str) -> None:
    TicketCall.objects.create(
        ticket=ticket, what=what, place=place.strip()[:40], by_voice=open_fault(ticket.site) is not None, **who(by)
    )
