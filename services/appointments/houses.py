"""A doctor who works in several houses of the chain: joining the busy calendar that headquarters opened, and leaving it.

What the house gives away is when the doctor is busy, and nothing else; what it learns of the others is the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, tenancy
from kernel.actions import action
from kernel.busy import telling
from kernel.busy.actions import fingerprint, invitation_hash
from kernel.busy.models import Calendar, Membership
from kernel.busy.selectors import contested_with_others, memberships
from kernel.context import Actor
from kernel.errors import Conflict, NotFound, RuleRefused
from services.appointments import locking
from services.appointments.machine import ACTIVE
from services.appointments.models import Appointment, Block
from services.sites.models import Site
from services.staff.models import StaffMember
from services.tasks.actions import open_task, settle_task
from services.tasks.models import Task
from tenants.directory import public_schema

CLASH = "appointments.house_clash"
ENDED = "appointments.sharing_ended"
DESK = ("front_desk", "guide")


@dataclass(frozen=True, slots=True)
class Clash:
    """Something of this house at a time that another house holds as well (UTC)."""

    staff: StaffMember
    starts_at: datetime
    ends_at: datetime
    booking: Appointment | None
    block: Block | None

    @property
    def site(self) -> Site:
        """Where it is."""
        row = self.booking or self.block
        assert row is not None
        return row.site


@action(permission="appointments.share_calendar")
def join_calendar(*, by: Actor, staff: StaffMember, invitation: str) -> Membership:
    """Say that ``staff`` is the doctor of headquarters' ``invitation``, and share when they are busy. What is booked from now
    on is written at once; where another house is booked at the same time, both keep it and see it among their clashes.

    Raises RuleRefused (``invitation_unknown``: wrong, expired, or of another chain; ``not_a_doctor``), Conflict
    (``calendar_joined``).
    """
    tenant = tenancy.current()
    if not staff.is_doctor:
        raise RuleRefused("not_a_doctor", _("%(name)s does not treat patients.") % {"name": staff.name})
    locking.lock_rows([staff], [])
    print_ = invitation_hash(invitation, tenant.chain_code)
    with public_schema():
        calendar = Calendar.objects.filter(
            invitation_hash=print_, chain_code=tenant.chain_code, invitation_until__gt=clock.now()
        ).first()
        if calendar is None:
            raise RuleRefused(
                "invitation_unknown",
                _("Headquarters has no such invitation, or it has expired. Ask there for a new one."),
                fields={"invitation": [_("Unknown")]},
            )
        same = Q(calendar=calendar, owner_role=tenant.database_role) | Q(staff=staff.code)
        if Membership.objects.filter(same).exists():
            raise Conflict("calendar_joined", _("This doctor, or this invitation, is joined already in this house."))
        member = Membership.objects.create(
            calendar=calendar,
            staff=staff.code,
            name=staff.name,
            house=tenant.name,
            schema_name=tenant.schema_name,
            owner_role=tenant.database_role,
            headquarters_role=calendar.owner_role,
            joined_at=clock.now(),
        )
    for row in _held(staff):
        row.hold(contested=True)
    follow_clashes(by=by)
    telling.tell_others(telling.CHANGED, calendar=calendar.code, key=f"staff:{staff.code}")
    audit.record(by=by, verb="appointments.calendar_joined", target=staff, calendar=str(calendar.code))
    return member


@action(permission="appointments.share_calendar")
def leave_calendar(*, by: Actor, staff: StaffMember) -> None:
    """Take the consent back: the other houses see this house's times no more, are told so, and it sees none of theirs. Whoever
    is not (or no longer) joined stays so."""
    member = memberships_of_house().filter(staff=staff.code).first()
    if member is None:
        return
    ended, _rows = memberships_of_house().filter(pk=member.pk).delete()
    if ended:
        telling.tell_others(telling.ENDED, calendar=member.calendar.code, key=f"staff:{staff.code}")
        audit.record(by=by, verb="appointments.calendar_left", target=staff)
        follow_clashes(by=by)


def hear_ended(*, by: Actor, staff: StaffMember, own: bool, key: str) -> None:
    """The sharing of ``staff``'s busy times ended, here (``own``) or in another house: the desk learns that it has to look by
    itself again, and clashes that are none any more are closed. ``key`` names the notice, so that it comes once."""
    open_task(
        by=by,
        kind=ENDED,
        key=key,
        room="appointments",
        title=gettext_noop("%(doctor)s: busy times are no longer shared with other houses")
        if own
        else gettext_noop("%(doctor)s: another house no longer shares its busy times"),
        detail=gettext_noop("Ask the doctor before you book; headquarters knows more"),
        args={"doctor": staff.name},
        icon="calendar",
        due_at=clock.now(),
        roles=DESK,
        site=staff.home_site,
        url=("appointments:board",),
    )
    follow_clashes(by=by)


def tell_settled(*, by: Actor) -> None:
    """Look at the clashes again; where one is settled on this side, the other house looks at once too."""
    if follow_clashes(by=by):
        for row in memberships_of_house():
            telling.tell_others(telling.CHANGED, calendar=row.calendar.code, key=f"staff:{row.staff}")


def memberships_of_house() -> QuerySet[Membership]:
    """Who of this house shares a calendar, with the calendar."""
    return memberships().filter(owner_role=tenancy.current().database_role).select_related("calendar")


def shared_doctors() -> list[tuple[Membership, StaffMember]]:
    """The doctors who share their busy times, with since when; two queries."""
    rows = list(memberships_of_house())
    people = {one.code: one for one in StaffMember.objects.filter(code__in=[row.staff for row in rows])}
    return [(row, people[row.staff]) for row in rows if row.staff in people]


def clashes() -> list[Clash]:
    """What two houses hold at once, from now on, by time: booked on both sides before they joined. At most six queries."""
    held = contested_with_others(clock.now())
    if not held:
        return []
    staff = list(StaffMember.objects.filter(code__in={row[0] for row in held}))
    named = {fingerprint(row.code): row for person in staff for row in _held(person)}
    found = []
    for code, mark, start, end in held:
        person = next((one for one in staff if one.code == code), None)
        row = named.get(mark)
        if person is not None and row is not None:
            booking, block = (row, None) if isinstance(row, Appointment) else (None, row)
            found.append(Clash(person, start, end, booking, block))
    return found


def follow_clashes(*, by: Actor) -> int:
    """One task for the desk per clash of this house; those that are settled, over, or no clash any more are closed, and
    counted."""
    standing = set()
    for one in clashes():
        row = one.booking or one.block
        assert row is not None
        key = f"{row.code}:{one.starts_at:%Y-%m-%dT%H:%M}"
        standing.add(key)
        open_task(
            by=by,
            kind=CLASH,
            key=key,
            room="appointments",
            title=gettext_noop("%(doctor)s is also busy in another house"),
            detail=gettext_noop("%(starts_at)s: one of the two houses moves it"),
            args={"doctor": one.staff.name, "starts_at": one.starts_at},
            icon="calendar",
            due_at=one.starts_at,
            roles=DESK,
            site=one.site,
            url=("appointments:appointment", str(row.code)) if one.booking is not None else ("appointments:blocks",),
            closed_in_inbox=False,
        )
    waiting = Task.objects.filter(kind=CLASH, state__in=(Task.State.OPEN, Task.State.SLEEPING))
    over = list(waiting.exclude(key__in=standing).values_list("key", flat=True))
    for key in over:
        settle_task(by=by, kind=CLASH, key=key, result="settled")
    return len(over)


def access_doctor(actor: Actor, code: UUID) -> StaffMember:
    """The doctor behind a code from outside, for who shares calendars. Raises NotFound (``staff_not_found``)."""
    found = StaffMember.objects.filter(code=code, is_doctor=True).first()
    if found is None or not actor.can("appointments.share_calendar"):
        raise NotFound("staff_not_found", _("There is no such colleague."))
    return found


def _held(staff: StaffMember) -> Iterator[Appointment | Block]:
    """What holds ``staff`` from now on."""
    coming = {"ends_at__gt": clock.now()}
    yield from Appointment.objects.filter(
        Q(doctor=staff) | Q(assistant=staff), state__in=ACTIVE, **coming
    ).select_related("site", "doctor", "assistant")
    yield from Block.objects.filter(staff=staff, removed_at__isnull=True, **coming).select_related("site", "staff")
