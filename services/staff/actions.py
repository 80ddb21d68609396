"""Writing staff: people, the sites they work at, and the duty roster."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from kernel import audit, clock, timers
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from kernel.identity.models import User
from kernel.outbox import emit
from services.sites.locking import lock_version
from services.sites.models import Chair, Site
from services.sites.selectors import day_bounds
from services.staff.models import DutyShift, SiteAssignment, StaffMember
from services.staff.names import read_name

LONGEST_SHIFT = timedelta(hours=24)
STAFF_FIELDS = (
    "number", "name", "post", "title", "gender", "birth_year", "is_doctor", "is_assistant", "specialties",
    "languages", "phone", "hired_on",
)  # fmt: skip


@action(permission="staff.manage")
def hire_staff(
    *,
    by: Actor,
    site: Site,
    number: str,
    name: str,
    post: str,
    gender: str,
    also_at: Iterable[Site] = (),
    user: User | None = None,
    hired_on: date | None = None,
    **fields: Any,
) -> StaffMember:
    """Enter somebody who works at ``site`` (the home site) and ``also_at``, from ``hired_on`` (default: today) on.

    Raises Conflict (``staff_number_taken``, ``user_already_staff``).
    """
    _only(fields)
    _refuse_taken_number(number)
    if user is not None:
        _refuse_taken_user(user)
    first_day = hired_on or clock.today(site.timezone)
    staff = StaffMember(
        home_site=site, number=number, name=name, post=post, gender=gender, user=user, hired_on=first_day, **fields
    )
    _read(staff)
    staff.full_clean(validate_unique=False)
    staff.save()
    for place in {place.pk: place for place in (site, *also_at)}.values():
        SiteAssignment.objects.create(staff=staff, site=place, starts_on=first_day)
    audit.record(by=by, verb="staff.hired", target=staff, site=site.code, number=number)
    return staff


@action(permission="staff.manage")
def update_staff(*, by: Actor, staff: StaffMember, version: int | None = None, **changes: Any) -> StaffMember:
    """Change what is known of a person; the private phone stays with the employer (CR-020).

    Raises StaleVersion, Conflict (``staff_number_taken``).
    """
    _only(changes)
    staff = lock_version(staff, version)
    if changes.get("number", staff.number) != staff.number:
        _refuse_taken_number(changes["number"])
    changed = [field for field, value in changes.items() if getattr(staff, field) != value]
    for field in changed:
        setattr(staff, field, changes[field])
    if changed:
        _read(staff)
        staff.full_clean(validate_unique=False)
        staff.bump([*changed, "pinyin", "initials"])
        audit.record(by=by, verb="staff.changed", target=staff, fields=changed)
    return staff


@action(permission="staff.manage")
def link_user(*, by: Actor, staff: StaffMember, user: User) -> StaffMember:
    """Say that ``user`` is the account of ``staff``. Raises Conflict (``user_already_staff``)."""
    staff = lock_version(staff, None)
    if staff.user_id != user.pk:
        _refuse_taken_user(user)
        staff.user = user
        staff.bump(["user"])
        audit.record(by=by, verb="staff.user_linked", target=staff, user=user.code)
    return staff


@action(permission="staff.manage")
def assign_to_site(
    *, by: Actor, staff: StaffMember, site: Site, starts_on: date | None = None, ends_on: date | None = None
) -> SiteAssignment:
    """Let ``staff`` work at ``site`` too, both days included. Raises Conflict (``already_assigned``)."""
    staff = lock_version(staff, None)
    first = starts_on or clock.today(site.timezone)
    known = staff.site_assignments.filter(Q(ends_on__isnull=True) | Q(ends_on__gte=first), site=site)
    if ends_on is not None:
        known = known.filter(starts_on__lte=ends_on)
    if known.exists():
        raise Conflict("already_assigned", _("%(name)s already works there in these days.") % {"name": staff.name})
    row = SiteAssignment(staff=staff, site=site, starts_on=first, ends_on=ends_on)
    row.full_clean()
    row.save()
    audit.record(by=by, verb="staff.assigned", target=staff, site=site.code, starts_on=first, ends_on=ends_on)
    return row


@action(permission="staff.manage")
def record_leaving(*, by: Actor, staff: StaffMember, left_on: date, version: int | None = None) -> StaffMember:
    """``left_on`` is the last day of ``staff``. Shifts after it are taken out of the roster.

    Other rooms hand over what is open when they hear "staff.left" (tasks, bookings, unsigned slips). The account is
    closed when that day ends at the home site.

    Raises StaleVersion, RuleRefused (``left_before_hired``).
    """
    staff = lock_version(staff, version)
    if staff.hired_on is not None and left_on < staff.hired_on:
        sentence = _("The last day lies before the first one.")
        raise RuleRefused("left_before_hired", sentence, fields={"left_on": [sentence]})
    staff.left_on = left_on
    staff.bump(["left_on"])
    staff.site_assignments.filter(Q(ends_on__isnull=True) | Q(ends_on__gt=left_on), starts_on__lte=left_on).update(
        ends_on=left_on
    )
    staff.site_assignments.filter(starts_on__gt=left_on).delete()
    _start, end = day_bounds(staff.home_site, left_on)
    removed, _by_model = staff.shifts.filter(starts_at__gte=end).delete()
    audit.record(by=by, verb="staff.left", target=staff, left_on=left_on, shifts_removed=removed)
    timers.schedule("staff.leaver", str(staff.code), end, {"staff": str(staff.code)})
    emit("staff.left", key=str(staff.code), payload={"staff": str(staff.code), "left_on": left_on.isoformat()})
    return staff


@action(permission="staff.roster")
def plan_shift(
    *,
    by: Actor,
    site: Site,
    staff: StaffMember,
    starts_at: datetime,
    ends_at: datetime,
    kind: str = DutyShift.Kind.CLINIC,
    chair: Chair | None = None,
    note: str = "",
) -> DutyShift:
    """Plan ``[starts_at, ends_at)`` (aware) for ``staff`` at ``site``. Touching another is fine, overlapping is not.

    Raises Conflict (``shift_overlap``), RuleRefused (``shift_ends_before_it_starts``, ``shift_too_long``,
    ``staff_not_employed``, ``chair_elsewhere``, ``rest_needs_no_chair``).
    """
    staff = lock_version(staff, None)
    shift = DutyShift(site=site, staff=staff, starts_at=starts_at, ends_at=ends_at, kind=kind, chair=chair, note=note)
    _check_shift(shift)
    shift.save()
    _note_shift(by, "staff.shift_planned", shift)
    return shift


@action(permission="staff.roster")
def change_shift(
    *,
    by: Actor,
    site: Site,
    shift: DutyShift,
    starts_at: datetime,
    ends_at: datetime,
    kind: str,
    chair: Chair | None = None,
    note: str = "",
    version: int | None = None,
) -> DutyShift:
    """Change a planned shift of ``site``. Raises what ``plan_shift`` raises, and StaleVersion."""
    lock_version(shift.staff, None)
    shift = lock_version(shift, version)
    for name, value in (
        ("starts_at", starts_at),
        ("ends_at", ends_at),
        ("kind", kind),
        ("chair", chair),
        ("note", note),
    ):
        setattr(shift, name, value)
    _check_shift(shift)
    shift.bump()
    _note_shift(by, "staff.shift_changed", shift)
    return shift


@action(permission="staff.roster")
def remove_shift(*, by: Actor, site: Site, shift: DutyShift, version: int | None = None) -> None:
    """Take a shift of ``site`` out of the roster. Raises StaleVersion."""
    shift = lock_version(shift, version)
    _note_shift(by, "staff.shift_removed", shift)
    shift.delete()


@action(permission="staff.roster")
def copy_week(*, by: Actor, site: Site, from_monday: date, to_monday: date) -> int:
    """Plan the week of ``to_monday`` at ``site`` as that of ``from_monday``; the number of shifts written.

    Local times stay what they were. Whoever is planned already, is away or has left then is left out.

    Raises RuleRefused (``same_week``, ``nothing_to_copy``).
    """
    if from_monday == to_monday:
        raise RuleRefused("same_week", _("Choose another week to copy from."))
    start, end = day_bounds(site, from_monday)[0], day_bounds(site, from_monday + timedelta(days=6))[1]
    shifts = list(DutyShift.objects.filter(site=site, starts_at__gte=start, starts_at__lt=end).select_related("staff"))
    if not shifts:
        raise RuleRefused("nothing_to_copy", _("That week has no shifts."))
    people = {shift.staff_id for shift in shifts}
    list(StaffMember.objects.select_for_update().filter(pk__in=people).order_by("pk"))
    distance = to_monday - from_monday
    taken: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    busy = DutyShift.objects.filter(staff__in=people, starts_at__lt=end + distance, ends_at__gt=start + distance)
    for staff_id, *span in busy.values_list("staff_id", "starts_at", "ends_at"):
        taken[staff_id].append((span[0], span[1]))
    copies = []
    for shift in shifts:
        begins, ends = (_same_wall_time(moment, distance, site) for moment in (shift.starts_at, shift.ends_at))
        free = not any(begins < until and since < ends for since, until in taken[shift.staff_id])
        if free and shift.staff.works_on(clock.local(begins, site.timezone).date()):
            taken[shift.staff_id].append((begins, ends))
            copies.append(
                DutyShift(
                    site=site,
                    staff=shift.staff,
                    chair=shift.chair,
                    kind=shift.kind,
                    note=shift.note,
                    starts_at=begins,
                    ends_at=ends,
                )
            )
    written = len(DutyShift.objects.bulk_create(copies))
    audit.record(by=by, verb="staff.week_copied", target=site, site=site.code, week=to_monday, shifts=written)
    emit("staff.roster_changed", key=str(site.code), payload={"site": str(site.code), "week": to_monday.isoformat()})
    return written


def _check_shift(shift: DutyShift) -> None:
    """Raises what stands against the shift; the caller holds the lock of its person."""
    staff, site = shift.staff, shift.site
    if shift.ends_at <= shift.starts_at:
        sentence = _("The shift ends after it starts.")
        raise RuleRefused("shift_ends_before_it_starts", sentence, fields={"ends_at": [sentence]})
    if shift.ends_at - shift.starts_at > LONGEST_SHIFT:
        raise RuleRefused("shift_too_long", _("A shift lasts up to 24 hours."), fields={"ends_at": [_("Too late.")]})
    day = clock.local(shift.starts_at, site.timezone).date()
    if not staff.works_on(day):
        raise RuleRefused("staff_not_employed", _("%(name)s does not work here on that day.") % {"name": staff.name})
    if shift.chair is not None and shift.chair.site_id != site.pk:
        raise RuleRefused("chair_elsewhere", _("This chair stands at another site."))
    if shift.chair is not None and shift.kind == DutyShift.Kind.REST:
        raise RuleRefused(
            "rest_needs_no_chair", _("Somebody who rests has no chair."), fields={"chair": [_("Leave empty.")]}
        )
    other = _overlapping(shift).select_related("site").first()
    if other is not None:
        raise Conflict(
            "shift_overlap",
            _("%(name)s is already planned at %(site)s from %(start)s to %(end)s.")
            % {
                "name": staff.name,
                "site": other.site.short_name,
                "start": clock.local(other.starts_at, site.timezone).strftime("%H:%M"),
                "end": clock.local(other.ends_at, site.timezone).strftime("%H:%M"),
            },
            shift=other.code,
        )


def _overlapping(shift: DutyShift) -> Any:
    return DutyShift.objects.filter(
        staff=shift.staff, starts_at__lt=shift.ends_at, ends_at__gt=shift.starts_at
    ).exclude(pk=shift.pk)


def _note_shift(by: Actor, verb: str, shift: DutyShift) -> None:
    audit.record(
        by=by, verb=verb, target=shift, site=shift.site.code, staff=shift.staff.code, kind=shift.kind,
        starts_at=shift.starts_at.isoformat(), ends_at=shift.ends_at.isoformat(),
    )  # fmt: skip
    emit(
        "staff.roster_changed",
        key=str(shift.site.code),
        payload={
            "site": str(shift.site.code),
            "staff": str(shift.staff.code),
            "shift": str(shift.code),
            "day": clock.local(shift.starts_at, shift.site.timezone).date().isoformat(),
        },
    )


def _same_wall_time(moment: datetime, distance: timedelta, site: Site) -> datetime:
    local = clock.local(moment, site.timezone)
    return clock.at_local(local.date() + distance, local.time(), site.timezone)


def _read(staff: StaffMember) -> None:
    reading = read_name(staff.name)
    staff.pinyin, staff.initials = reading.pinyin, reading.initials


def _only(given: dict[str, Any]) -> None:
    unknown = set(given) - set(STAFF_FIELDS)
    if unknown:
        raise TypeError(f"no such field: {', '.join(sorted(unknown))}")


def _refuse_taken_number(number: str) -> None:
    if StaffMember.objects.filter(number=number).exists():
        sentence = _("Staff number %(number)s belongs to somebody else.") % {"number": number}
        raise Conflict("staff_number_taken", sentence, fields={"number": [sentence]})


def _refuse_taken_user(user: User) -> None:
    if StaffMember.objects.filter(user=user).exists():
        raise Conflict("user_already_staff", _("This account belongs to another staff member."))
