"""Whose turn it is: the ring of doctors by staff number (AP-008).

The pointer goes round by number over days and days off. Who is not on duty on a day is not in its ring and saves nothing
up. Who is passed over because of being busy keeps the turn and is next, once, however often it happens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kernel import clock
from services.appointments.models import KeptTurn, Rotation
from services.sites.models import Site
from services.staff.models import StaffMember
from services.staff.selectors import rotation_key


@dataclass(frozen=True, slots=True)
class Turn:
    """Who is next. ``kept`` says that the turn was kept from before; ``skipped`` are busy now and keep theirs."""

    doctor: StaffMember
    kept: bool = False
    skipped: tuple[StaffMember, ...] = ()


def next_turn(
    ring: Sequence[StaffMember],
    *,
    last: StaffMember | None,
    kept: Sequence[int],
    free: Callable[[StaffMember], bool],
) -> Turn | None:
    """The next one of ``ring`` who is ``free``: kept turns first, then by number behind ``last``; None if nobody is."""
    here = {doctor.pk: doctor for doctor in ring}
    for key in kept:
        if key in here and free(here[key]):
            return Turn(here[key], kept=True)
    skipped: list[StaffMember] = []
    for doctor in _behind(ring, last):
        if doctor.pk in kept:
            continue  # busy, and keeps the turn it has
        if free(doctor):
            return Turn(doctor, skipped=tuple(skipped))
        skipped.append(doctor)
    return None


def _behind(ring: Sequence[StaffMember], last: StaffMember | None) -> list[StaffMember]:
    ordered = sorted(ring, key=rotation_key)
    if last is None:
        return ordered
    since = rotation_key(last)
    return [one for one in ordered if rotation_key(one) > since] + [
        one for one in ordered if rotation_key(one) <= since
    ]


def state_of(site: Site) -> tuple[StaffMember | None, list[KeptTurn]]:
    """The pointer and the kept turns of a site, for reading."""
    found = Rotation.objects.select_related("last").filter(site=site).first()
    if found is None:
        return None, []
    return found.last, list(found.kept.select_related("doctor"))


def lock(site: Site) -> Rotation:
    """The ring of a site, locked until the transaction ends: nobody else is given a turn meanwhile."""
    Rotation.objects.get_or_create(site=site)
    return Rotation.objects.select_for_update(of=("self",)).select_related("last").get(site=site)


def take(ring: Rotation, turn: Turn) -> None:
    """Move the pointer (a kept turn leaves it where it is) and keep the turns of those who were passed over.

    The caller holds the ring's lock.
    """
    if turn.kept:
        ring.kept.filter(doctor=turn.doctor).delete()
        return
    for doctor in turn.skipped:
        KeptTurn.objects.get_or_create(rotation=ring, doctor=doctor, defaults={"since": clock.now()})
    ring.last = turn.doctor
    ring.bump({"last"})
