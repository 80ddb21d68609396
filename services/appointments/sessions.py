"""Sessions of experts, and the roster made known: when who sees patients, how many, and who learns of it (AP-035, AP-038)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from services.appointments import locking
from services.appointments.machine import ACTIVE
from services.appointments.models import Appointment, ExpertSession, RosterPublication
from services.appointments.slots import Window
from services.sites.models import Chair, Site
from services.staff.actions import plan_shift
from services.staff.models import DutyShift, StaffMember
from services.tasks.actions import open_task
from services.tasks.models import Task

PUBLISHED = "appointments.roster_published"
READERS = ("consultant", "front_desk", "guide", "phone_agent", "customer_service")


@action(permission="staff.roster")
def plan_session(
    *,
    by: Actor,
    site: Site,
    expert: StaffMember,
    chair: Chair | None,
    starts_at: datetime,
    ends_at: datetime,
    kind: str,
    capacity: int,
) -> ExpertSession:
    """Put a session of an expert into the roster, with how many patients it takes (AP-035).

    Raises RuleRefused (``kind_unknown``, ``capacity_impossible``, ``not_a_doctor``) and what ``plan_shift`` refuses.
    """
    if kind not in ExpertSession.Kind.values:
        raise RuleRefused("kind_unknown", _("Choose the kind of expert."), fields={"kind": [_("Required")]})
    if capacity < 1:
        sentence = _("A session takes at least one patient.")
        raise RuleRefused("capacity_impossible", sentence, fields={"capacity": [sentence]})
    if not expert.is_doctor:
        raise RuleRefused("not_a_doctor", _("%(name)s does not treat patients.") % {"name": expert.name})
    label = str(ExpertSession.Kind(kind).label)
    shift = plan_shift(by=by, site=site, staff=expert, starts_at=starts_at, ends_at=ends_at, chair=chair, note=label)
    session = ExpertSession.objects.create(shift=shift, kind=kind, capacity=capacity, by_id=by.user_id)
    audit.record(by=by, verb="appointments.session_planned", target=session, site=site.code, capacity=capacity)
    return session


@action(permission="staff.roster")
def change_capacity(*, by: Actor, site: Site, session: ExpertSession, capacity: int) -> ExpertSession:
    """Take more or fewer patients, not fewer than are booked.

    Raises RuleRefused (``capacity_impossible``), Conflict (``session_booked``).
    """
    shift = session.shift
    locking.lock_rows([shift.staff], [])
    session = ExpertSession.objects.select_for_update(of=("self",)).select_related("shift__staff").get(pk=session.pk)
    if capacity < 1:
        sentence = _("A session takes at least one patient.")
        raise RuleRefused("capacity_impossible", sentence, fields={"capacity": [sentence]})
    booked = _booked_in(shift).count()
    if capacity < booked:
        raise Conflict("session_booked", _("%(count)s patients are booked already.") % {"count": booked}, booked=booked)
    session.capacity = capacity
    session.bump({"capacity"})
    audit.record(by=by, verb="appointments.session_changed", target=session, site=site.code, capacity=capacity)
    return session


def refuse_full(*, site: Site, doctor: StaffMember, window: Window, ignore: Appointment | None = None) -> None:
    """Refuse one more patient in a session that takes no more (AP-035). Call it with the doctor locked: then two desks
    cannot both take the last place. One query where no session lies in the window.

    Raises Conflict (``session_full``).
    """
    sessions = ExpertSession.objects.select_related("shift").filter(
        shift__site=site, shift__staff=doctor, shift__starts_at__lt=window.end, shift__ends_at__gt=window.start
    )
    for session in sessions:
        booked = _booked_in(session.shift)
        if ignore is not None:
            booked = booked.exclude(pk=ignore.pk)
        if booked.count() >= session.capacity:
            raise Conflict(
                "session_full",
                _("The session of %(name)s takes %(count)s patients and is full. Choose another session.")
                % {"name": doctor.name, "count": session.capacity},
                capacity=session.capacity,
            )


def coming_sessions(site: Site) -> QuerySet[ExpertSession]:
    """The sessions from today on, with how many are booked (``booked``); one query."""
    start, _end = clock.day_bounds(clock.today(site.timezone), site.timezone)
    overlapping = (
        Appointment.objects.filter(
            site=site,
            doctor=OuterRef("shift__staff"),
            state__in=ACTIVE,
            starts_at__lt=OuterRef("shift__ends_at"),
            ends_at__gt=OuterRef("shift__starts_at"),
        )
        .order_by()
        .values("doctor")
        .annotate(n=Count("pk"))
        .values("n")
    )
    return (
        ExpertSession.objects.filter(shift__site=site, shift__ends_at__gt=start)
        .select_related("shift__staff", "shift__chair")
        .annotate(booked=Coalesce(Subquery(overlapping, output_field=IntegerField()), 0))
    )


def monday_of(day: date) -> date:
    """The Monday of the week of ``day``."""
    return day - timedelta(days=day.weekday())


@action(permission="staff.roster")
def publish_roster(*, by: Actor, site: Site, monday: date) -> RosterPublication:
    """Make the roster of a week known: consultants and desk get a note to read it (AP-038); so do they of each day on which
    it changes afterwards. Raises RuleRefused (``week_is_over``)."""
    monday = monday_of(monday)
    if monday + timedelta(days=7) <= clock.today(site.timezone):
        raise RuleRefused("week_is_over", _("This week is over."), fields={"week": [_("Choose a later week.")]})
    row = RosterPublication.objects.create(
        site=site, monday=monday, at=clock.now(), by_id=by.user_id, by_name=by.name
    )  # fmt: skip
    _notify(by, site, monday, gettext_noop("The roster of the week of %(monday_on)s is out"))
    audit.record(by=by, verb="appointments.roster_published", target=row, site=site.code, week=monday)
    return row


@action(permission=None, reason="the roster was changed by somebody who may; its readers learn of it")
def tell_roster_changed(*, by: Actor, site: Site, day: date) -> Task | None:
    """A published roster changed: its readers are told once for each day of changes; None for one nobody has read yet."""
    monday = monday_of(day)
    over = monday + timedelta(days=7) <= clock.today(site.timezone)
    if over or not RosterPublication.objects.filter(site=site, monday=monday).exists():
        return None
    return _notify(by, site, monday, gettext_noop("The roster of the week of %(monday_on)s has changed"))


def publication_of(site: Site, monday: date) -> RosterPublication | None:
    """When the roster of the week was made known last."""
    return RosterPublication.objects.filter(site=site, monday=monday).first()


def _notify(by: Actor, site: Site, monday: date, title: str) -> Task:
    today = clock.today(site.timezone)
    told = Task.objects.filter(kind=PUBLISHED, site=site, key__startswith=f"{site.code}:{monday}:").exclude(
        state=Task.State.OPEN
    )
    closing = clock.at_local(max(today, monday), time(20, 0), site.timezone)
    return open_task(
        by=by,
        kind=PUBLISHED,
        key=f"{site.code}:{monday}:{told.count()}",
        room="appointments",
        title=title,
        detail=gettext_noop("Doctors, what they are versed in, and their sessions"),
        args={"monday_on": monday},
        icon="people",
        due_at=max(closing, clock.now()),
        roles=READERS,
        site=site,
        url=("appointments:doctors",),
    )


def _booked_in(shift: DutyShift) -> QuerySet[Appointment]:
    return Appointment.objects.filter(
        site_id=shift.site_id,
        doctor_id=shift.staff_id,
        state__in=ACTIVE,
        starts_at__lt=shift.ends_at,
        ends_at__gt=shift.starts_at,
    )
