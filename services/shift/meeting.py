"""The morning meeting: begun by whoever chairs it, at the server's time; who came; what was said (GV-004)."""

from __future__ import annotations

from datetime import date

from django.utils.translation import gettext as _

from kernel import audit, clock, outbox
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Forbidden, RuleRefused
from kernel.identity.models import User
from kernel.identity.selectors import holders_of
from services.shift.machines import MEETING
from services.shift.models import Attendee, Meeting, SiteDay
from services.shift.selectors import sheet_figures
from services.sites.models import Site
from services.staff.models import StaffMember
from services.staff.selectors import on_duty, staff_at

# Who must come (GV-004): service desk, lobby and waiting area, cashiers.
MUST_COME = ("front_desk", "lobby_receptionist", "waiting_attendant", "cashier")
LONGEST_NOTES = 4000


@action(permission="shift.meet")
def start_meeting(*, by: Actor, site: Site, meeting: Meeting) -> Meeting:
    """The meeting begins now, and ``by`` chairs it. Whoever is on duty today is expected; where no roster is kept,
    whoever works here. The counts of its sheet are kept.

    Raises Forbidden (``person_needed``), Conflict (``invalid_transition``, ``meeting_to_come``).
    """
    if by.user_id is None:
        raise Forbidden("person_needed", _("A meeting is chaired by a person."))
    day = SiteDay.objects.get(pk=meeting.day_id)
    if day.day > clock.today(site.timezone):
        raise Conflict("meeting_to_come", _("This meeting is on a later day."))
    MEETING.move(meeting, "running", by=by)
    meeting.figures = sheet_figures(site, day.day)
    meeting.bump({"figures"})
    must = _must_come(site)
    Attendee.objects.bulk_create(
        [
            Attendee(site=site, meeting=meeting, staff=one, mandatory=one.user_id in must)
            for one in _expected(site, day.day)
        ]
    )
    outbox.emit(
        "shift.meeting_started",
        key=f"meeting:{meeting.code}",
        payload={"meeting": str(meeting.code), "site": str(site.code), "late_minutes": meeting.late_minutes},
    )
    return meeting


@action(permission="shift.meet")
def mark_attendee(*, by: Actor, site: Site, attendee: Attendee, presence: str) -> Attendee:
    """Whether somebody came, came late, or did not come. Raises RuleRefused (``presence_unknown``), Conflict
    (``meeting_not_running``)."""
    meeting = Meeting.objects.select_for_update(of=("self",)).get(pk=attendee.meeting_id)
    if presence not in Attendee.Presence.values:
        raise RuleRefused("presence_unknown", _("Choose present, late or absent."))
    if meeting.state != "running":
        raise Conflict("meeting_not_running", _("Attendance is noted while the meeting runs."), state=meeting.state)
    attendee = Attendee.objects.select_for_update().get(pk=attendee.pk)
    attendee.presence, attendee.at, attendee.by_name = presence, clock.now(), by.name
    attendee.bump({"presence", "at", "by_name"})
    audit.record(by=by, verb="shift.attendance_noted", target=attendee, site=site.code, presence=presence)
    return attendee


@action(permission="shift.meet")
def end_meeting(*, by: Actor, site: Site, meeting: Meeting, notes: str = "") -> Meeting:
    """The meeting is over: whom nobody saw is absent, and the notes are kept. Raises Conflict (``invalid_transition``)."""
    MEETING.move(meeting, "held", by=by, notes=notes.strip()[:LONGEST_NOTES])
    unseen = Attendee.objects.filter(meeting=meeting, presence=Attendee.Presence.EXPECTED)
    unseen.update(presence=Attendee.Presence.ABSENT, at=clock.now(), by_name=by.name)
    absent = Attendee.objects.filter(meeting=meeting, mandatory=True, staff__user__isnull=False)
    missed = absent.filter(presence__in=[Attendee.Presence.ABSENT, Attendee.Presence.LATE])
    outbox.emit(
        "shift.meeting_held",
        key=f"meeting-held:{meeting.code}",
        payload={
            "meeting": str(meeting.code),
            "site": str(site.code),
            "late_minutes": meeting.late_minutes,
            "missed": [[str(code), presence] for code, presence in missed.values_list("staff__user__code", "presence")],
        },
    )
    return meeting


@action(permission=None, reason="the clock finds meetings that nobody has begun")
def note_missed_meetings(*, by: Actor, site: Site, today: date) -> int:
    """Meetings of days that are over and that nobody began are missed; how many."""
    rows = Meeting.objects.select_related("site").filter(site=site, state="planned", day__day__lt=today)
    for meeting in rows:
        MEETING.move(meeting, "missed", by=by)
    return len(rows)


def _expected(site: Site, day: date) -> list[StaffMember]:
    rostered = [one.staff for one in on_duty(site, day)]
    return rostered or list(staff_at(site, day))


def _must_come(site: Site) -> set[int]:
    return {user.pk for role in MUST_COME for user in _holders(role, site)}


def _holders(role: str, site: Site) -> list[User]:
    return list(holders_of(role, site=site.code))
