"""The wait clock: when an alert is due, who is told, and what ends it. The server owns it; no browser is needed."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import clock, parameters, registry, timers
from kernel.context import Actor
from kernel.errors import Conflict, Cure, RuleRefused
from services.appointments.machine import AWAITED
from services.appointments.models import Appointment
from services.policy import gates
from services.policy.models import OverrideRecord
from services.reception.machine import HOLDS_CHAIR, UNSEEN, WAITS
from services.reception.models import QueueEvent, Visit, WaitExplanation
from services.sites.models import Chair, Site
from services.tasks.actions import cancel_task, open_task, settle_task

EXPLAIN = "reception.explain_wait"
EMERGENCY = "reception.emergency"
# Who waits for the same doctor is told that an emergency goes first.
WAIT_NOTICE = "reception.wait_notice"
# What the visit keeps when an outage is over and it still waits.
ANEW = "watched_again"
LEAD_IN_CHECKS = "reception.lead_in_checks"
TOLD = ("guide", "supervisor")
ESCALATES_TO = ("clinic_director",)
DESK = ("front_desk", "guide")
# Whose booking begins within this time of an emergency waits because of it.
AFFECTED = timedelta(hours=1)
# "More than 20 minutes" begins with the first second after 20:00 (reading guide 0.4).
STRICTLY = timedelta(seconds=1)


def limit_minutes(visit: Visit) -> int:
    """``wait_explain_minutes`` as it was when the clock of this visit started (settled 5)."""
    return int(
        parameters.value(
            "wait_explain_minutes", site=visit.site, vertical=visit.vertical or None, at=visit.registered_at
        )
    )


def asks_opinion(visit: Visit) -> bool:
    """Was a wait announced that is longer than what is told without asking? Strictly longer (QU-003)."""
    limit = parameters.value(
        "wait_consent_minutes", site=visit.site, vertical=visit.vertical or None, at=visit.announced_at
    )
    return (visit.announced_wait_minutes or 0) > limit


def alert_at(visit: Visit, *, since: datetime | None = None) -> datetime:
    """The first second at which the wait (since registration, or since ``since``) is longer than the limit (UTC)."""
    assert visit.registered_at is not None
    return (since or visit.registered_at) + timedelta(minutes=limit_minutes(visit)) + STRICTLY


def watch(visit: Visit) -> None:
    """Start the server's watch over a wait that begins now."""
    timers.schedule(EXPLAIN, str(visit.code), alert_at(visit), {"visit": str(visit.code)})


def begin_anew(by: Actor, visit: Visit, *, since: datetime) -> None:
    """An outage that ended at ``since`` kept the wait from being watched: from there on it is watched again.

    An alert that stands is withdrawn; the next one is due when the limit has passed since ``since``, or when the last
    explanation is to be repeated.
    """
    over(by, visit)
    QueueEvent.objects.create(visit=visit, at=since, what=ANEW, by_id=by.user_id, by_name=by.name)
    due = alert_at(visit, since=since)
    told = visit.explanations.filter(late_note=False).order_by("at").last()
    if told is not None:
        due = max(due, told.at + _again(visit) + STRICTLY)
    timers.schedule(EXPLAIN, str(visit.code), due, {"visit": str(visit.code), "since": since.isoformat()})


def alert(*, by: Actor, visit: Visit, since: datetime | None = None) -> None:
    """The wait is too long and nobody has explained it: guide and supervisor get the task (QU-004, QU-005).

    ``since`` is where the watch began, when not at registration (an outage).
    """
    if visit.state not in WAITS or visit.registered_at is None:
        return
    open_task(
        by=by,
        kind=EXPLAIN,
        key=_key(visit),
        room=visit.vertical or "reception",
        title=gettext_noop("Explain the wait to %(subject)s"),
        detail=gettext_noop("Waiting since %(since_at)s for %(doctor)s"),
        args={"since_at": visit.registered_at, "doctor": visit.doctor.name},
        subject=("patient", visit.patient.code),
        icon="clock",
        due_at=clock.now(),
        rank_at=visit.registered_at,
        escalates_at=(since or visit.registered_at)
        + timedelta(minutes=parameters.value("wait_escalate_minutes", site=visit.site, at=visit.registered_at))
        + STRICTLY,
        escalates_to=ESCALATES_TO,
        roles=TOLD,
        site=visit.site,
        url=("reception:visit", str(visit.code)),
        closed_in_inbox=False,
    )


def explained(by: Actor, visit: Visit, explanation: WaitExplanation) -> None:
    """The alert is answered; the next explanation is due ``wait_reexplain_minutes`` later (QU-005)."""
    settle_task(by=by, kind=EXPLAIN, key=_key(visit, before=explanation), result="explained")
    due = max(explanation.at + _again(visit), alert_at(visit) - STRICTLY) + STRICTLY
    timers.schedule(EXPLAIN, str(visit.code), due, {"visit": str(visit.code)})


def over(by: Actor, visit: Visit) -> None:
    """The wait has ended: nobody is to be told any more, and an open alert is withdrawn unanswered."""
    timers.cancel(EXPLAIN, str(visit.code))
    cancel_task(by=by, kind=EXPLAIN, key=_key(visit), reason="wait_over")
    for told in (visit, visit.appointment):
        if told is not None:
            cancel_task(by=by, kind=WAIT_NOTICE, key=str(told.code), reason="wait_over")


def refuse_occupied(by: Actor, visit: Visit, chair: Chair, *, gate: str) -> OverrideRecord | None:
    """Ask the gate whether the chair is free: its previous guest finished **and** left (QU-008). Raises Conflict."""
    held = (
        Visit.objects.filter(chair=chair, state__in=HOLDS_CHAIR)
        .exclude(pk=visit.pk)
        .order_by("led_in_at")
        .select_related("patient")
        .first()
    )
    finished = held is not None and held.state == "finished"
    message = (
        _("%(chair)s is not free: the previous guest has finished but not left the area.")
        if finished
        else _("%(chair)s is not free: the treatment is not finished.")
    )
    return gates.check(
        gate,
        by=by,
        subject=visit,
        ok=held is None,
        message=message % {"chair": chair.name},
        cures=(Cure(_("The guest has left the area"), role="waiting_attendant"),) if finished else (),
        code="chair_not_free",
        refusal=Conflict,
        chair=str(chair.code),
        occupied_by=str(held.code) if held is not None else None,
        state=held.state if held is not None else None,
    )


def ask_other_rooms(by: Actor, visit: Visit) -> None:
    """Let every room that knows a reason against leading this guest in refuse it (slot ``reception.lead_in_checks``, each
    ``(by=, visit=)``); nothing is asked where there is no move to refuse."""
    if visit.state not in WAITS:
        return
    for room in registry.active_rooms():
        for path in room.slots.get(LEAD_IN_CHECKS, ()):
            import_string(path)(by=by, visit=visit)


def check_emergency(condition: str, *, site: Site, vertical: str, needed: bool = False) -> None:
    """Refuse a condition that is not on the emergency list of today. Raises RuleRefused (``unknown_emergency``)."""
    if not condition and not needed:
        return
    known = parameters.value("emergency_list", site=site, vertical=vertical or None)
    if condition not in known:
        raise RuleRefused(
            "unknown_emergency",
            _("This condition is not on the emergency list."),
            fields={"emergency": [_("Choose from the list.")]},
            known=list(known),
        )


def call_supervisor(by: Actor, visit: Visit) -> None:
    """An emergency is here: the supervisor is told at once (QU-007)."""
    open_task(
        by=by,
        kind=EMERGENCY,
        key=str(visit.code),
        room=visit.vertical or "reception",
        title=gettext_noop("Emergency: %(subject)s"),
        detail=gettext_noop("Arrange treatment at once. Arrived %(arrived_at)s"),
        args={"arrived_at": visit.arrived_at},
        subject=("patient", visit.patient.code),
        icon="sos",
        due_at=clock.now(),
        roles=("supervisor",),
        escalates_at=clock.now() + timedelta(minutes=10),
        escalates_to=ESCALATES_TO,
        site=visit.site,
        url=("reception:visit", str(visit.code)),
    )
    _warn_affected(by, visit)


def _warn_affected(by: Actor, emergency: Visit) -> None:
    """The desk tells whoever waits for the doctor of an emergency, or is booked with them soon (QU-007). Their own wait
    clocks go on."""
    now = clock.now()
    same_doctor = {"site": emergency.site, "doctor": emergency.doctor}
    here = Visit.objects.filter(**same_doctor, state__in=UNSEEN).exclude(pk=emergency.pk)
    booked = Appointment.objects.filter(
        **same_doctor, state__in=AWAITED, starts_at__lt=now + AFFECTED, ends_at__gt=now
    ).exclude(patient=emergency.patient)
    expected = [
        *((row, ("reception:visit", str(row.code))) for row in here.select_related("patient").order_by("arrived_at")),
        *((row, ("appointments:appointment", str(row.code))) for row in booked.select_related("patient")),
    ]
    for row, url in expected:
        open_task(
            by=by,
            kind=WAIT_NOTICE,
            key=str(row.code),
            room=emergency.vertical or "reception",
            title=gettext_noop("Tell %(subject)s that it takes longer"),
            detail=gettext_noop("An emergency goes first with %(doctor)s"),
            args={"doctor": emergency.doctor.name},
            subject=("patient", row.patient.code),
            icon="clock",
            due_at=now,
            roles=DESK,
            site=emergency.site,
            url=url,
        )


def only_vertical() -> str:
    """The line of business of a tenant that has exactly one; else none is presumed."""
    active = registry.active_verticals()
    return active[0].key if len(active) == 1 else ""


def _again(visit: Visit) -> timedelta:
    return timedelta(minutes=parameters.value("wait_reexplain_minutes", site=visit.site, at=visit.registered_at))


def _key(visit: Visit, *, before: WaitExplanation | None = None) -> str:
    """The alert that stands now: one per explanation given and per outage outlasted so far. ``before``: the one that this explanation answers."""
    given = visit.explanations.filter(late_note=False)
    if before is not None:
        given = given.exclude(pk=before.pk)
    anew = visit.events.filter(what=ANEW).count()
    return f"{visit.code}:{given.count()}" + (f":{anew}" if anew else "")
