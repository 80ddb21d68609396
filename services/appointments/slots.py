"""Free time: where a doctor, a chair and an assistant are free together while the site is open.

The arithmetic is pure (spans of moments in, spans out); ``Availability`` reads what it needs once for a range of days.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from kernel import calendars, clock, parameters
from kernel.busy.selectors import elsewhere
from services.appointments.machine import ACTIVE
from services.appointments.models import Appointment, Block, way_from
from services.sites.models import Chair, Site
from services.sites.selectors import weekly_hours
from services.staff.models import DutyShift, StaffMember

HORIZON_DAYS = 21
NOON = 12


class Window(NamedTuple):
    """A half-open stretch of time in UTC."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def holds(self, other: Window) -> bool:
        """Does ``other`` lie inside?"""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: Window) -> bool:
        """Do the two share a moment? Touching is not sharing."""
        return self.start < other.end and other.start < self.end


def merged(windows: Iterable[Window]) -> list[Window]:
    """The same time without overlaps and without seams, in order."""
    found: list[Window] = []
    for window in sorted(windows):
        if found and window.start <= found[-1].end:
            found[-1] = Window(found[-1].start, max(found[-1].end, window.end))
        else:
            found.append(window)
    return found


def common(left: Sequence[Window], right: Sequence[Window]) -> list[Window]:
    """What lies in both."""
    found = (Window(max(a.start, b.start), min(a.end, b.end)) for a in left for b in right)
    return sorted(window for window in found if window.start < window.end)


def without(windows: Sequence[Window], taken: Iterable[Window]) -> list[Window]:
    """What of ``windows`` is left when ``taken`` is cut out."""
    left = list(windows)
    for cut in merged(taken):
        left = [
            piece
            for window in left
            for piece in (
                (window,)
                if not window.overlaps(cut)
                else (Window(window.start, min(window.end, cut.start)), Window(max(window.start, cut.end), window.end))
            )
            if piece.start < piece.end
        ]
    return left


def starts_in(
    free: Iterable[Window], length: timedelta, step: timedelta, *, zone: ZoneInfo, after: datetime
) -> Iterator[datetime]:
    """Every start on the grid of ``step`` (counted from local midnight) where ``length`` fits, not before ``after``."""
    for window in free:
        earliest = max(window.start, after)
        midnight = clock.at_local(clock.local(earliest, zone).date(), datetime.min.time(), zone)
        start = midnight + -(-(earliest - midnight) // step) * step
        while start + length <= window.end:
            yield start
            start += step


@dataclass(frozen=True, slots=True)
class Proposal:
    """A free slot. ``seams`` counts its sides that touch a booking or the edge of the duty: 2 leaves no gap at all."""

    starts_at: datetime
    ends_at: datetime
    doctor: StaffMember
    chair: Chair
    seams: int = 0


@dataclass
class Availability:
    """What is free at ``site`` from ``first`` to ``last`` (local days, both included) for some people and chairs."""

    site: Site
    first: date
    last: date
    open: list[Window] = field(default_factory=list)
    duty: dict[int, list[Window]] = field(default_factory=dict)
    duty_chairs: dict[int, list[tuple[Window, Chair]]] = field(default_factory=dict)
    busy_people: dict[int, list[Window]] = field(default_factory=dict)
    busy_chairs: dict[int, list[Window]] = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        site: Site,
        first: date,
        last: date,
        *,
        people: Iterable[StaffMember],
        chairs: Iterable[Chair] = (),
        ignore: Appointment | None = None,
        leaving: Collection[int] = (),
    ) -> Availability:
        """Read opening hours, duty and what is taken, in other houses too: six queries, however many days. ``ignore``, and
        bookings whose keys are ``leaving``, do not count as taken."""
        found = cls(site, first, last)
        found._read_hours()
        codes = {person.code: person.pk for person in people}
        people_ids = set(codes.values())
        found._read_duty(people_ids)
        chair_ids = {chair.pk for chair in chairs}
        chair_ids |= {chair.pk for pairs in found.duty_chairs.values() for _window, chair in pairs}
        found._read_taken(people_ids, chair_ids, {*leaving, ignore.pk} if ignore is not None else set(leaving))
        found._read_elsewhere(codes)
        return found

    def free(self, doctor: StaffMember, chair: Chair, assistant: StaffMember | None = None) -> list[Window]:
        """The free stretches of this very set of resources."""
        free = common(self.open, self.duty.get(doctor.pk, []))
        taken = [*self.busy_people.get(doctor.pk, []), *self.busy_chairs.get(chair.pk, [])]
        if assistant is not None:
            free = common(free, self.duty.get(assistant.pk, []))
            taken += self.busy_people.get(assistant.pk, [])
        return without(free, taken)

    def on_duty(self, person: StaffMember, window: Window) -> bool:
        """Is the person on duty here during the whole ``window``?"""
        return any(shift.holds(window) for shift in self.duty.get(person.pk, []))

    def is_open(self, window: Window) -> bool:
        """Is the site open during the whole ``window``?"""
        return any(span.holds(window) for span in self.open)

    def chair_of(self, doctor: StaffMember, window: Window) -> Chair | None:
        """The chair that the roster gives the doctor at that time."""
        for shift, chair in self.duty_chairs.get(doctor.pk, []):
            if shift.overlaps(window):
                return chair
        return None

    def proposals(
        self,
        doctor: StaffMember,
        *,
        length: timedelta,
        step: timedelta,
        after: datetime,
        chair: Chair | None = None,
        assistant: StaffMember | None = None,
    ) -> Iterator[Proposal]:
        """Free slots for the doctor by time, in ``chair`` or in the chairs that the roster gives."""
        chairs = {chair.pk: chair} if chair else {c.pk: c for _w, c in self.duty_chairs.get(doctor.pk, [])}
        found: list[Proposal] = []
        for place in chairs.values():
            free = self.free(doctor, place, assistant)
            if chair is None:
                mine = merged(w for w, c in self.duty_chairs[doctor.pk] if c.pk == place.pk)
                free = common(free, mine)
            for start in starts_in(free, length, step, zone=self.site.timezone, after=after):
                seams = sum((start == window.start) + (start + length == window.end) for window in free)
                found.append(Proposal(start, start + length, doctor, place, seams))
        yield from sorted(found, key=lambda proposal: (proposal.starts_at, -proposal.seams))

    def _read_hours(self) -> None:
        hours = weekly_hours(self.site, since=self.first, until=self.last)
        for day in calendars.opening_days(hours, self.first, self.last):
            self.open += [Window(*span) for span in calendars.open_spans(hours, day, self.site.timezone)]

    def _bounds(self) -> Window:
        zone = self.site.timezone
        return Window(clock.day_bounds(self.first, zone)[0], clock.day_bounds(self.last, zone)[1])

    def _read_duty(self, people_ids: set[int]) -> None:
        bounds = self._bounds()
        shifts = (
            DutyShift.objects.filter(
                site=self.site,
                staff_id__in=people_ids,
                starts_at__lt=bounds.end,
                ends_at__gt=bounds.start,
            )
            .exclude(kind=DutyShift.Kind.REST)
            .select_related("chair__room")
        )
        raw: dict[int, list[Window]] = {}
        for shift in shifts:
            window = Window(shift.starts_at, shift.ends_at)
            raw.setdefault(shift.staff_id, []).append(window)
            if shift.chair is not None and shift.kind == DutyShift.Kind.CLINIC:
                self.duty_chairs.setdefault(shift.staff_id, []).append((window, shift.chair))
        self.duty = {person: merged(windows) for person, windows in raw.items()}

    def _read_taken(self, people_ids: set[int], chair_ids: set[int], leaving: set[int]) -> None:
        bounds = self._bounds()
        overlapping = Q(starts_at__lt=bounds.end, ends_at__gt=bounds.start)
        concerned = Q(doctor_id__in=people_ids) | Q(assistant_id__in=people_ids) | Q(chair_id__in=chair_ids)
        booked = Appointment.objects.filter(overlapping, concerned, state__in=ACTIVE)
        if leaving:
            booked = booked.exclude(pk__in=leaving)
        for doctor, assistant, chair, start, end in booked.values_list(
            "doctor_id", "assistant_id", "chair_id", "starts_at", "ends_at"
        ):
            self._take((doctor, assistant), chair, Window(start, end))
        blocked = Block.objects.filter(
            overlapping, Q(staff_id__in=people_ids) | Q(chair_id__in=chair_ids), removed_at__isnull=True
        )
        for person, chair, start, end in blocked.values_list("staff_id", "chair_id", "starts_at", "ends_at"):
            self._take((person,), chair, Window(start, end))

    def _read_elsewhere(self, codes: Mapping[UUID, int]) -> None:
        """What other houses of the chain hold; the way back from there comes before a visit here."""
        bounds, way = self._bounds(), way_from(self.site)
        for code, start, end in elsewhere(codes, bounds.start, bounds.end + way):
            self._take((codes[code],), None, Window(start - way, end))

    def _take(self, people: tuple[int | None, ...], chair: int | None, window: Window) -> None:
        for person in people:
            if person is not None:
                self.busy_people.setdefault(person, []).append(window)
        if chair is not None:
            self.busy_chairs.setdefault(chair, []).append(window)


def unit(site: Site, *, vertical: str | None = None) -> timedelta:
    """The length of one booking unit (``unit_minutes``, 15)."""
    return timedelta(minutes=parameters.value("unit_minutes", site=site, vertical=vertical))


def next_free(
    *,
    site: Site,
    doctor: StaffMember,
    length: timedelta,
    after: datetime,
    chair: Chair | None = None,
    assistant: StaffMember | None = None,
    ignore: Appointment | None = None,
    limit: int = 1,
) -> list[Proposal]:
    """The first ``limit`` slots from ``after`` on at which all named resources are free (AP-006); [] within the horizon."""
    return _within_horizon(
        site=site, doctor=doctor, length=length, after=after, chair=chair, assistant=assistant, ignore=ignore
    )[:limit]


def best_slots(
    *,
    site: Site,
    doctor: StaffMember,
    length: timedelta,
    after: datetime,
    chair: Chair | None = None,
    assistant: StaffMember | None = None,
    ignore: Appointment | None = None,
    limit: int = 6,
    per_day: int = 2,
) -> list[Proposal]:
    """Slots to offer: day by day the ones that leave no gap first (AP-006), at most ``per_day`` of each day."""
    zone = site.timezone
    found = _within_horizon(
        site=site, doctor=doctor, length=length, after=after, chair=chair, assistant=assistant, ignore=ignore
    )
    days: dict[date, list[Proposal]] = {}
    for proposal in found:
        days.setdefault(clock.local(proposal.starts_at, zone).date(), []).append(proposal)
    chosen: list[Proposal] = []
    for proposals in days.values():
        tightest = sorted(proposals, key=lambda proposal: (-proposal.seams, proposal.starts_at))
        chosen += sorted(tightest[:per_day], key=lambda proposal: proposal.starts_at)
        if len(chosen) >= limit:
            break
    return chosen[:limit]


def phone_offer(
    *, site: Site, doctor: StaffMember, length: timedelta, after: datetime, ignore: Appointment | None = None
) -> list[Proposal]:
    """What is offered on the phone (AP-009): of the next ``booking_offer_days`` days with something free, the tightest
    morning and the tightest afternoon time. The patient chooses between them and not freely."""
    days: dict[date, dict[bool, Proposal]] = {}
    for proposal in _within_horizon(
        site=site, doctor=doctor, length=length, after=after, chair=None, assistant=None, ignore=ignore
    ):
        local = clock.local(proposal.starts_at, site.timezone)
        half = days.setdefault(local.date(), {})
        afternoon = local.hour >= NOON
        known = half.get(afternoon)
        if known is None or proposal.seams > known.seams:
            half[afternoon] = proposal
    wanted = sorted(days)[: parameters.value("booking_offer_days", site=site)]
    return [days[day][half] for day in wanted for half in sorted(days[day])]


def _within_horizon(
    *,
    site: Site,
    doctor: StaffMember,
    length: timedelta,
    after: datetime,
    chair: Chair | None,
    assistant: StaffMember | None,
    ignore: Appointment | None,
) -> list[Proposal]:
    first = clock.local(after, site.timezone).date()
    people = [doctor] if assistant is None else [doctor, assistant]
    known = Availability.read(
        site,
        first,
        first + timedelta(days=HORIZON_DAYS),
        people=people,
        chairs=[chair] if chair else (),
        ignore=ignore,
    )
    return list(known.proposals(doctor, length=length, step=unit(site), after=after, chair=chair, assistant=assistant))
