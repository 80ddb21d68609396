"""Common times: one slot for each of several people, side by side or one after the other.

What is free is read once for everybody (``Availability``); then a beginning is common if every visit finds its slot from
there on. Nobody is given the same doctor or chair twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from kernel import clock
from services.appointments.group_models import BookingGroup
from services.appointments.slots import HORIZON_DAYS, Availability, Proposal, unit
from services.catalogue.models import Item
from services.patients.models import Patient
from services.sites.models import Chair, Site
from services.staff.models import StaffMember
from services.staff.selectors import doctors_at, rotation_key

Arrangement = BookingGroup.Arrangement


@dataclass(frozen=True, slots=True)
class Wanted:
    """One visit that is looked for. Without ``doctor`` whoever is free sees the patient."""

    patient: Patient
    units: int
    doctor: StaffMember | None = None
    item: Item | None = None


@dataclass(frozen=True, slots=True)
class Common:
    """A common proposal: a slot for each visit, in the order in which they were asked for."""

    slots: tuple[Proposal, ...]

    @property
    def starts_at(self) -> datetime:
        return min(slot.starts_at for slot in self.slots)

    @property
    def ends_at(self) -> datetime:
        return max(slot.ends_at for slot in self.slots)

    @property
    def seams(self) -> int:
        return sum(slot.seams for slot in self.slots)


@dataclass(frozen=True, slots=True)
class Misfit:
    """Who found no slot at a beginning, and the moment at which it would have had to be."""

    wanted: Wanted
    at: datetime


@dataclass
class Search:
    """One question for common times. ``leaving`` are the keys of bookings that give their time up for it."""

    site: Site
    wanted: Sequence[Wanted]
    arrangement: str
    after: datetime
    days: int = HORIZON_DAYS
    leaving: Collection[int] = ()
    doctors: list[StaffMember] = field(init=False)
    _known: Availability = field(init=False)
    _free: dict[tuple[int, int], dict[datetime, Proposal]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        named = {one.doctor.pk: one.doctor for one in self.wanted if one.doctor is not None}
        if any(one.doctor is None for one in self.wanted):
            named |= {doctor.pk: doctor for doctor in doctors_at(self.site)}
        self.doctors = sorted(named.values(), key=rotation_key)
        self.read()

    def read(self) -> None:
        """Read again what is free, for instance once the resources are locked."""
        first = clock.local(self.after, self.site.timezone).date()
        last = date.fromordinal(first.toordinal() + self.days)
        self._known = Availability.read(self.site, first, last, people=self.doctors, leaving=self.leaving)
        self._free.clear()

    @property
    def chairs(self) -> list[Chair]:
        """The chairs that the roster gives these doctors."""
        found = {chair.pk: chair for pairs in self._known.duty_chairs.values() for _window, chair in pairs}
        return list(found.values())

    def at(self, start: datetime) -> Common | Misfit:
        """The common proposal that begins at ``start``, or who does not fit."""
        slots: dict[int, Proposal] = {}
        following: dict[int, datetime] = {}
        end = start
        # Who named a doctor is placed first; whoever takes anybody takes what is left.
        order = range(len(self.wanted))
        if self.arrangement == Arrangement.SIDE_BY_SIDE:
            order = sorted(order, key=lambda index: self.wanted[index].doctor is None)  # type: ignore[assignment]
        for index in order:
            one = self.wanted[index]
            if self.arrangement == Arrangement.IN_A_ROW:
                moment = end
            else:
                moment = following.get(one.doctor.pk, start) if one.doctor is not None else start
            slot = self._slot(one, moment, list(slots.values()))
            if slot is None:
                return Misfit(one, moment)
            slots[index], end = slot, slot.ends_at
            following[slot.doctor.pk] = slot.ends_at
        return Common(tuple(slots[index] for index in range(len(self.wanted))))

    def all(self) -> Iterator[Common]:
        """Every common proposal by time."""
        lead = self.wanted[0]
        if self.arrangement == Arrangement.SIDE_BY_SIDE:
            lead = next((one for one in self.wanted if one.doctor is not None), lead)
        leaders = [lead.doctor] if lead.doctor is not None else self.doctors
        starts = {start for doctor in leaders for start in self._starts(doctor, lead.units)}
        for start in sorted(starts):
            found = self.at(start)
            if isinstance(found, Common):
                yield found

    def best(self, *, limit: int = 6, per_day: int = 2) -> list[Common]:
        """What to offer: of each day the ones that leave the fewest gaps, at most ``per_day`` (AP-006)."""
        days: dict[date, list[Common]] = {}
        for found in self.all():
            days.setdefault(clock.local(found.starts_at, self.site.timezone).date(), []).append(found)
        chosen: list[Common] = []
        for day in sorted(days):
            tightest = sorted(days[day], key=lambda one: (-one.seams, one.starts_at))[:per_day]
            chosen += sorted(tightest, key=lambda one: one.starts_at)
            if len(chosen) >= limit:
                break
        return chosen[:limit]

    def _slot(self, one: Wanted, moment: datetime, taken: Sequence[Proposal]) -> Proposal | None:
        for doctor in [one.doctor] if one.doctor is not None else self.doctors:
            slot = self._starts(doctor, one.units).get(moment)
            if slot is not None and not any(_clash(slot, other) for other in taken):
                return slot
        return None

    def _starts(self, doctor: StaffMember, units: int) -> dict[datetime, Proposal]:
        key = (doctor.pk, units)
        if key not in self._free:
            step = unit(self.site)
            found: dict[datetime, Proposal] = {}
            for slot in self._known.proposals(doctor, length=units * step, step=step, after=self.after):
                found.setdefault(slot.starts_at, slot)
            self._free[key] = found
        return self._free[key]


def _clash(one: Proposal, other: Proposal) -> bool:
    shared = one.doctor.pk == other.doctor.pk or one.chair.pk == other.chair.pk
    return shared and one.starts_at < other.ends_at and other.starts_at < one.ends_at
