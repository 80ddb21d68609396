"""Disturbances, dirt and errands: what is asked of somebody in the course of the day."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, outbox
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Forbidden, RuleRefused
from services.shift.desk import needed
from services.shift.machines import ERRAND, INCIDENT, TICKET
from services.shift.models import Errand, HygieneTicket, Incident, Zone
from services.sites.models import Site
from services.staff.models import StaffMember
from services.staff.selectors import staff_at
from services.tasks.actions import cancel_task, open_task, settle_task

DISTURBANCE, CLEAN, ASKED = "shift.incident", "shift.clean", "shift.errand"
MANAGERS = ("supervisor", "duty_superior", "clinic_director")
HIGHER = ("dean", "higher_supervisor")
CLEANERS = ("head_nurse", "supervisor", "front_desk")
# A disturbance that no manager has answered for so long goes to whoever stands above them.
ANSWER_MINUTES = 5


@action(permission="shift.register")
def report_incident(*, by: Actor, site: Site, place: str, words: str, persons: str = "") -> Incident:
    """A disturbance: the managers have it at once, and after five minutes without an answer whoever is above them
    (GV-023). Raises RuleRefused (``place_missing``, ``words_missing``)."""
    now = clock.now()
    incident = Incident.objects.create(
        site=site,
        at=now,
        place=needed(place, "place", _("Write where it is."), 80),
        words=needed(words, "words", _("Write what happens."), 1000),
        persons=persons.strip()[:300],
        by_id=by.user_id,
        by_name=by.name,
    )
    audit.record(by=by, verb="shift.incident_reported", target=incident, site=site.code)
    open_task(
        by=by,
        kind=DISTURBANCE,
        key=str(incident.code),
        room="shift",
        title=gettext_noop("A disturbance in the house: go there at once"),
        detail=gettext_noop("Reported at %(reported_at)s"),
        args={"reported_at": now},
        icon="sos",
        due_at=now,
        roles=MANAGERS,
        escalates_at=now + timedelta(minutes=ANSWER_MINUTES),
        escalates_to=HIGHER,
        site=site,
        url=("shift:incident", str(incident.code)),
        closed_in_inbox=False,
    )
    outbox.emit(
        "shift.incident_reported",
        key=f"incident:{incident.code}",
        payload={"incident": str(incident.code), "site": str(site.code)},
    )
    return incident


@action(permission="shift.answer_incident")
def answer_incident(*, by: Actor, site: Site, incident: Incident) -> Incident:
    """A manager is there; the time until then is kept. Raises Conflict (``invalid_transition``)."""
    INCIDENT.move(incident, "answered", by=by)
    settle_task(by=by, kind=DISTURBANCE, key=str(incident.code), result="answered")
    return incident


@action(permission="shift.answer_incident")
def close_incident(*, by: Actor, site: Site, incident: Incident, outcome: str) -> Incident:
    """How it ended. Raises RuleRefused (``outcome_missing``), Conflict (``invalid_transition``)."""
    outcome = needed(outcome, "outcome", _("Write how it ended."), 1000)
    if incident.state == "reported":
        answer_incident(by=by, site=site, incident=incident)
    INCIDENT.move(incident, "closed", by=by, outcome=outcome)
    return incident


@action(permission="shift.zones")
def allocate_zone(*, by: Actor, site: Site, name: str, keeper: StaffMember | None) -> Zone:
    """Who keeps a zone clean from now on; a name that is new makes the zone (GV-022).

    Raises RuleRefused (``name_missing``, ``keeper_not_here``).
    """
    name = needed(name, "name", _("Name the zone."), 40)
    if keeper is not None and not staff_at(site).filter(pk=keeper.pk).exists():
        sentence = _("Name a colleague of this site.")
        raise RuleRefused("keeper_not_here", sentence, fields={"keeper": [sentence]})
    zone, created = Zone.objects.get_or_create(site=site, name=name, defaults={"keeper": keeper})
    if not created:
        zone.keeper, zone.is_active = keeper, True
        zone.bump({"keeper", "is_active"})
    audit.record(by=by, verb="shift.zone_allocated", target=zone, site=site.code)
    return zone


@action(permission="shift.register")
def raise_ticket(*, by: Actor, site: Site, words: str, zone: Zone | None = None) -> HygieneTicket:
    """Something is dirty: whoever keeps the zone clean has it as a task, else the head nurse (GV-022).

    Raises RuleRefused (``words_missing``).
    """
    now = clock.now()
    ticket = HygieneTicket.objects.create(
        site=site,
        zone=zone,
        words=needed(words, "words", _("Write what is dirty, and where."), 300),
        at=now,
        by_name=by.name,
    )
    audit.record(by=by, verb="shift.ticket_raised", target=ticket, site=site.code)
    keeper = zone.keeper.user if zone is not None and zone.keeper is not None else None
    open_task(
        by=by,
        kind=CLEAN,
        key=str(ticket.code),
        room="shift",
        title=gettext_noop("Clean: %(subject)s"),
        subject=("hygiene_ticket", ticket.code),
        icon="drop",
        due_at=now + timedelta(minutes=30),
        assignee=keeper if keeper is not None and keeper.is_active else None,
        roles=CLEANERS,
        site=site,
        url=("shift:hygiene",),
        closed_in_inbox=False,
    )
    return ticket


@action(permission="shift.clean")
def close_ticket(*, by: Actor, site: Site, ticket: HygieneTicket, result: str = "") -> HygieneTicket:
    """It is clean again, now. Raises Conflict (``invalid_transition``)."""
    TICKET.move(ticket, "closed", by=by, result=result.strip()[:120])
    settle_task(by=by, kind=CLEAN, key=str(ticket.code), result="cleaned")
    return ticket


@action(permission="tasks.assign")
def assign_errand(*, by: Actor, site: Site, assignee: StaffMember, words: str, due_at: datetime) -> Errand:
    """Ask a colleague for something by the way; it lies in their day (GV-024).

    Raises RuleRefused (``words_missing``, ``assignee_without_account``, ``due_in_the_past``).
    """
    words = needed(words, "words", _("Write what is to be done."), 500)
    if assignee.user is None or not assignee.user.is_active:
        sentence = _("This colleague has no account and would not see it.")
        raise RuleRefused("assignee_without_account", sentence, fields={"assignee": [sentence]})
    if due_at <= clock.now():
        sentence = _("Choose a later time.")
        raise RuleRefused("due_in_the_past", sentence, fields={"due_at": [sentence]})
    errand = Errand.objects.create(
        site=site,
        words=words,
        assigner_id=by.user_id,
        assigner_name=by.name,
        assignee=assignee,
        due_at=due_at,
        at=clock.now(),
    )
    audit.record(by=by, verb="shift.errand_assigned", target=errand, site=site.code, assignee=str(assignee.code))
    open_task(
        by=by,
        kind=ASKED,
        key=str(errand.code),
        room="shift",
        title=gettext_noop("Errand: %(subject)s"),
        subject=("errand", errand.code),
        icon="task",
        due_at=due_at,
        assignee=assignee.user,
        site=site,
        url=("shift:errand", str(errand.code)),
        closed_in_inbox=False,
    )
    return errand


@action(permission="tasks.work")
def finish_errand(*, by: Actor, site: Site, errand: Errand, result: str) -> Errand:
    """It is done, with what came of it: by whom it was asked of, or whoever assigns work here.

    Raises Forbidden (``not_your_errand``), RuleRefused (``result_missing``), Conflict (``invalid_transition``).
    """
    if by.user_id != errand.assignee.user_id and not by.can("tasks.assign", site=site.code):
        raise Forbidden("not_your_errand", _("This errand was asked of somebody else."))
    ERRAND.move(errand, "done", by=by, result=needed(result, "result", _("Write what came of it."), 500))
    settle_task(by=by, kind=ASKED, key=str(errand.code), result="done")
    return errand


@action(permission="tasks.assign")
def withdraw_errand(*, by: Actor, site: Site, errand: Errand) -> Errand:
    """It is not needed any more. Raises Conflict (``invalid_transition``)."""
    ERRAND.move(errand, "withdrawn", by=by, result="")
    cancel_task(by=by, kind=ASKED, key=str(errand.code), reason="withdrawn")
    return errand
