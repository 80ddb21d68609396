"""Reading staff: who works where, and who is on duty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from kernel import clock
from kernel.access import holds
from kernel.context import ALL, Actor
from kernel.errors import NotFound
from services.sites.models import Site
from services.sites.selectors import day_bounds
from services.staff.models import DutyShift, SiteAssignment, StaffMember
from services.staff.names import normalise_query


@dataclass(slots=True)
class OnDuty:
    """A person and their shifts of a day at one site, in order."""

    staff: StaffMember
    shifts: list[DutyShift] = field(default_factory=list)

    def at(self, moment: datetime) -> DutyShift | None:
        """The shift that ``moment`` lies in."""
        return next((shift for shift in self.shifts if shift.starts_at <= moment < shift.ends_at), None)


def rotation_key(staff: StaffMember) -> tuple[int, str]:
    """Sorts by staff number as people count: 9 before 011 before 101."""
    digits = "".join(filter(str.isdigit, staff.number))
    return (int(digits) if digits else 1_000_000, staff.number)


def staff_of(actor: Actor) -> StaffMember | None:
    """The staff member that ``actor`` is, if the person has been entered as one."""
    if actor.user_id is None:
        return None
    return StaffMember.objects.filter(user_id=actor.user_id).first()


def working_on(day: date) -> QuerySet[StaffMember]:
    """Everybody employed on ``day``."""
    return StaffMember.objects.filter(
        Q(hired_on__isnull=True) | Q(hired_on__lte=day), Q(left_on__isnull=True) | Q(left_on__gte=day)
    )


def staff_at(site: Site, day: date | None = None) -> QuerySet[StaffMember]:
    """Everybody who works at ``site`` on ``day`` (default: today there), by staff number."""
    wanted = day or clock.today(site.timezone)
    here = SiteAssignment.objects.filter(
        Q(ends_on__isnull=True) | Q(ends_on__gte=wanted), site=site, starts_on__lte=wanted
    ).values("staff")
    return working_on(wanted).filter(pk__in=here).order_by("number")


def doctors_at(site: Site, day: date | None = None) -> QuerySet[StaffMember]:
    """The doctors who work at ``site`` on ``day``, on duty or not."""
    return staff_at(site, day).filter(is_doctor=True)


def named(text: str) -> list[StaffMember]:
    """Everybody, those who left included, whose number or whole name is ``text``; a number wins over a name."""
    found = StaffMember.objects.filter(Q(number__iexact=text) | Q(name=text)).order_by("number")
    return [one for one in found if one.number.casefold() == text.casefold()] or list(found)


def find_staff(actor: Actor, *, query: str = "", site: Site | None = None, left: bool = False) -> QuerySet[StaffMember]:
    """Colleagues that ``actor`` may see, by name, pinyin, initials, number or post."""
    if not holds(actor, "staff.view"):
        return StaffMember.objects.none()
    rows = (
        StaffMember.objects.select_related("home_site")
        if left
        else working_on(clock.today()).select_related("home_site")
    )
    if site is not None:
        rows = rows.filter(pk__in=staff_at(site).values("pk"))
    wanted = normalise_query(query)
    if wanted:
        rows = rows.filter(
            Q(pinyin__startswith=wanted)
            | Q(initials__startswith=wanted)
            | Q(name__icontains=query.strip())
            | Q(number__startswith=wanted)
            | Q(post__icontains=query.strip())
        )
    return rows.order_by("number")


def access_staff(actor: Actor, code: UUID, word: str = "staff.view") -> StaffMember:
    """The staff member ``code``; for more than ``staff.view`` at a site where ``actor`` holds ``word``.

    Raises NotFound (``staff_not_found``).
    """
    found = StaffMember.objects.select_related("home_site").filter(code=code).first() if holds(actor, word) else None
    granted = actor.sites(word)
    if found is not None and granted is not ALL:
        sites = {found.home_site.code, *found.sites.values_list("code", flat=True)}
        # A doctor of another branch is a colleague too: names are for everybody, changes only for one's own sites.
        if word != "staff.view" and not sites & granted:
            found = None
    if found is None:
        raise NotFound("staff_not_found", _("There is no such staff member."))
    return found


def access_shift(actor: Actor, code: UUID, word: str = "staff.roster") -> DutyShift:
    """The shift ``code`` at a site where ``actor`` holds ``word``. Raises NotFound (``shift_not_found``)."""
    found = DutyShift.objects.select_related("staff", "site", "chair__room").filter(code=code).first()
    if found is None or not holds(actor, word, site=found.site.code):
        raise NotFound("shift_not_found", _("There is no such shift."))
    return found


def shifts_between(site: Site, start: datetime, end: datetime) -> QuerySet[DutyShift]:
    """All shifts at ``site`` that share a moment with ``[start, end)``, resting ones too."""
    return (
        DutyShift.objects.filter(site=site, starts_at__lt=end, ends_at__gt=start)
        .select_related("staff", "chair__room", "site")
        .order_by("starts_at", "staff__number")
    )


def on_duty(site: Site, day: date) -> list[OnDuty]:
    """Everybody on duty at ``site`` on its local ``day``, in rotation order (by staff number); one query."""
    start, end = day_bounds(site, day)
    found: dict[int, OnDuty] = {}
    for shift in shifts_between(site, start, end).exclude(kind=DutyShift.Kind.REST):
        found.setdefault(shift.staff_id, OnDuty(shift.staff)).shifts.append(shift)
    return sorted(found.values(), key=lambda one: rotation_key(one.staff))


def first_shift(site: Site, day: date, *, user_id: int | None) -> DutyShift | None:
    """The first shift of an account's own staff member at ``site`` on its local ``day``; None when they are off duty."""
    if user_id is None:
        return None
    start, end = day_bounds(site, day)
    own = DutyShift.objects.filter(site=site, starts_at__lt=end, ends_at__gt=start, staff__user_id=user_id)
    return own.exclude(kind=DutyShift.Kind.REST).order_by("starts_at").first()


def doctors_on_duty(site: Site, day: date) -> list[OnDuty]:
    """The doctors on duty at ``site`` on ``day`` in rotation order."""
    return [one for one in on_duty(site, day) if one.staff.is_doctor]


def assistants_on_duty(site: Site, day: date) -> list[OnDuty]:
    """The assistants and nurses on duty at ``site`` on ``day`` in rotation order."""
    return [one for one in on_duty(site, day) if one.staff.is_assistant]


def is_on_duty(staff: StaffMember, site: Site, start: datetime, end: datetime) -> bool:
    """Is ``staff`` on duty at ``site`` during all of ``[start, end)``, in one shift or several that touch?"""
    reached = start
    shifts = DutyShift.objects.filter(staff=staff, site=site, starts_at__lt=end, ends_at__gt=start)
    for shift in shifts.exclude(kind=DutyShift.Kind.REST).order_by("starts_at"):
        if shift.starts_at > reached:
            return False
        reached = max(reached, shift.ends_at)
        if reached >= end:
            return True
    return reached >= end


def rest_returns_on(staff: StaffMember, site: Site, day: date) -> date | None:
    """The local day of the next shift of ``staff`` at ``site`` after ``day``; None when none is planned."""
    _start, end = day_bounds(site, day)
    shift = (
        DutyShift.objects.filter(staff=staff, site=site, starts_at__gte=end)
        .exclude(kind=DutyShift.Kind.REST)
        .order_by("starts_at")
        .first()
    )
    return clock.local(shift.starts_at, site.timezone).date() if shift is not None else None


@dataclass(frozen=True, slots=True)
class RosterRow:
    """A person and their shifts of each day of a week."""

    staff: StaffMember
    days: list[list[DutyShift]]


def roster(site: Site, days: Sequence[date]) -> list[RosterRow]:
    """The roster of ``site`` for ``days``: doctors first, then assistants, then the others, each by staff number.

    Somebody who is planned here without belonging here (help from another branch) is listed too.
    """
    start, end = day_bounds(site, days[0])[0], day_bounds(site, days[-1])[1]
    place = {day: position for position, day in enumerate(days)}
    rows = {person.pk: RosterRow(person, [[] for _day in days]) for person in staff_at(site, days[0])}
    for person in staff_at(site, days[-1]):
        rows.setdefault(person.pk, RosterRow(person, [[] for _day in days]))
    for shift in shifts_between(site, start, end):
        row = rows.setdefault(shift.staff_id, RosterRow(shift.staff, [[] for _day in days]))
        # A shift over midnight stands on the day on which it begins.
        row.days[place.get(clock.local(shift.starts_at, site.timezone).date(), 0)].append(shift)
    return sorted(
        rows.values(), key=lambda row: (not row.staff.is_doctor, not row.staff.is_assistant, rotation_key(row.staff))
    )
