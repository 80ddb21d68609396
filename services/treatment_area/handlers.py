"""What visits and the clock do around the chairs."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext_noop

from kernel import clock, parameters, timers
from kernel.context import Actor
from kernel.identity.selectors import holders_of
from kernel.outbox import Event
from kernel.timers.models import Timer
from services.reception.machine import HOLDS_CHAIR
from services.reception.models import Visit
from services.sites.selectors import sites
from services.tasks.actions import cancel_task, open_task
from services.tasks.models import Task
from services.treatment_area import actions, assistance, rounds, selectors
from services.treatment_area.machine import UNANSWERED
from services.treatment_area.models import FloorEntry, Priority, SilentNote

CLOCK = Actor.system("timers")
VISITS = Actor.system("visit")
# A sheet that is missing for longer is no task any more; the page of the sheets goes on saying that it is missing.
KEPT = timedelta(days=2)


def on_led_in(event: Event) -> None:
    """A guest is in the treatment area: notes about the guest have lost their reason. Where attendants lead in, a nurse
    signs for the guest within ``take_over_minutes``, and the sheet of the day will be due."""
    visit = _visit(event)
    if visit is None:
        return
    _withdraw_notes(visit)
    if not selectors.has_attendant(visit.site):
        return
    at = datetime.fromisoformat(event.payload["at"])
    _ask_for_sheet(visit, clock.local(at, visit.site.timezone).date())
    if not FloorEntry.objects.filter(visit=visit).exists():
        minutes = parameters.value("take_over_minutes", site=visit.site)
        timers.schedule(actions.TAKE_OVER, str(visit.code), at + timedelta(minutes=minutes), {"visit": str(visit.code)})


def on_gone(event: Event) -> None:
    """A guest has left the area or the house: nobody stays inside without a guest, and nothing is asked any more."""
    visit = _visit(event)
    if visit is None:
        return
    _withdraw_notes(visit)
    for relative in visit.relatives.filter(state="inside").select_related("site"):
        actions.companion_out(by=VISITS, relative=relative)
    priority = Priority.objects.filter(visit=visit, state__in=("raised", "accompanied")).select_related("site").first()
    if priority is not None:
        rounds.end_priority(by=VISITS, priority=priority)
    timers.cancel(actions.TAKE_OVER, str(visit.code))
    cancel_task(by=VISITS, kind=actions.TAKE_OVER, key=str(visit.code), reason="left_unsigned")


def on_take_over_missing(timer: Timer) -> None:
    """A guest sits inside and no nurse has signed: the nurses are asked."""
    visit = (
        Visit.objects.select_for_update(of=("self",))
        .select_related("site", "patient")
        .filter(code=UUID(timer.key), state__in=HOLDS_CHAIR)
        .first()
    )
    if visit is None or FloorEntry.objects.filter(visit=visit).exists():
        return
    open_task(
        by=CLOCK,
        kind=actions.TAKE_OVER,
        key=timer.key,
        room=visit.vertical or "treatment_area",
        title=gettext_noop("Sign the floor register: %(subject)s"),
        detail=gettext_noop("Led in at %(led_in_at)s"),
        args={"led_in_at": visit.led_in_at},
        subject=("patient", visit.patient.code),
        icon="sign",
        due_at=clock.now(),
        roles=actions.NURSES,
        escalates_at=clock.now() + timedelta(minutes=10),
        escalates_to=("head_nurse",),
        site=visit.site,
        url=("treatment_area:visit", timer.key),
        closed_in_inbox=False,
    )


def on_note_unanswered(timer: Timer) -> None:
    """A note has waited for its answer for too long."""
    note = (
        SilentNote.objects.select_for_update(of=("self",))
        .select_related("site")
        .filter(code=UUID(timer.key), state="sent")
        .first()
    )
    if note is not None:
        actions.escalate_note(by=CLOCK, note=note)


def drop_old_sheets(day: date) -> None:
    """Every morning: what nobody handed in for days is no task any more."""
    old = Task.objects.filter(kind=rounds.SHEET, state="open", due_at__lt=clock.now() - KEPT)
    for key in list(old.values_list("key", flat=True)):
        cancel_task(by=CLOCK, kind=rounds.SHEET, key=key, reason="missed")


def alarm_gaps(day: date) -> None:
    """Every morning: a doctor of today who has no assistant is the head nurse's business, where there is one. Nobody can
    fill a gap of a day that is over: its alarm is withdrawn."""
    for site in sites():
        assistance.withdraw_past_alarms(by=CLOCK, site=site, day=clock.today(site.timezone))
        if holders_of("head_nurse", site=site.code).exists():
            assistance.alarm_gaps(by=CLOCK, site=site, day=clock.today(site.timezone))


def _withdraw_notes(visit: Visit) -> None:
    for note in visit.silent_notes.filter(state__in=UNANSWERED).select_related("site"):
        actions.withdraw_note(by=VISITS, note=note)


def _ask_for_sheet(visit: Visit, day: date) -> None:
    due = selectors.sheet_due_at(visit.site, day)
    open_task(
        by=VISITS,
        kind=rounds.SHEET,
        key=rounds.sheet_key(visit.site, day),
        room="treatment_area",
        title=gettext_noop("Hand in the daily sheet of %(sheet_on)s"),
        args={"sheet_on": day},
        icon="report",
        due_at=due,
        roles=("waiting_attendant",),
        escalates_at=due,
        escalates_to=("head_nurse", "supervisor"),
        site=visit.site,
        url=("treatment_area:sheet-of", day.isoformat()),
        closed_in_inbox=False,
    )


def _visit(event: Event) -> Visit | None:
    rows = Visit.objects.select_for_update(of=("self",)).select_related("site", "patient")
    return rows.filter(code=UUID(event.payload["visit"])).first()
