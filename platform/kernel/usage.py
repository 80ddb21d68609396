"""What can be counted and paid for: seats, sites and consumption, declared by the rooms that have them.

Billing sets limits and prices but knows no room; a room knows how many companions or sites it has but no plan. This
port lies between them. A room declares a meter through its slot ``usage.meters`` (dotted paths of ``Meter`` values);
a vertical names the ones that belong to it in ``Vertical.meters``. Whoever takes a seat calls
``tenants.entitlements.actions.take_seat`` in the same transaction, which locks the limit first and then counts here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.utils.functional import Promise
from django.utils.module_loading import import_string

from kernel import registry
from kernel.registry import Room, Vertical

Text = str | Promise
SLOT = "usage.meters"
OPEN_WORK_SLOT = "usage.open_work"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """Something that is counted in each tenant.

    ``kind`` says how: ``site`` and ``seat`` are numbers that stand (``count() -> int``), ``flow`` is consumed in a
    span of time (``count(start, end) -> int`` over [start, end) in UTC), ``level`` is a number that stands and is
    paid by its last value (``count() -> int``). ``unit_fen`` is the list price per unit and month (for ``flow`` and
    ``level``: per unit beyond ``included``); None means that it is counted and costs nothing.
    """

    key: str
    label: Text
    kind: Literal["site", "seat", "flow", "level"]
    count: str
    unit: Text = ""
    unit_fen: int | None = None
    included: int = 0
    limited: bool = True

    @property
    def consumed(self) -> bool:
        """Is it paid by use rather than by a number that was ordered?"""
        return self.kind in ("flow", "level")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWork:
    """Work that must be finished or handed over before a vertical is given up: what, how many, and where it is
    listed.

    A vertical contributes callables ``() -> Iterable[OpenWork]`` to the slot ``usage.open_work``. Counts only:
    whoever pays sees no patient.
    """

    label: Text
    count: int


def _meters_of(room: Room) -> tuple[Meter, ...]:
    return tuple(import_string(path) for path in room.slots.get(SLOT, ()))


def meters() -> dict[str, Meter]:
    """The meters of the current tenant's rooms, by key. Raises NoTenant outside of any."""
    return {meter.key: meter for room in registry.active_rooms() for meter in _meters_of(room)}


def all_meters() -> dict[str, Meter]:
    """Every meter of this build, by key."""
    return {meter.key: meter for room in registry.rooms() for meter in _meters_of(room)}


def vertical_of(key: str) -> Vertical | None:
    """The vertical a meter belongs to, if it belongs to one."""
    for vertical in registry.verticals().values():
        if key in vertical.meters or any(meter.key == key for meter in _meters_of(vertical)):
            return vertical
    return None


def count(key: str) -> int:
    """How many units of a standing meter the current tenant has now; 0 for a meter that none of its rooms has.

    Inside a transaction that holds the limit's lock this reads what other transactions have committed before.
    """
    meter = meters().get(key)
    return int(import_string(meter.count)()) if meter else 0


def consumed(key: str, *, start: datetime, end: datetime) -> int:
    """What the current tenant consumed in [start, end) (UTC). For a ``level`` meter: what stands now."""
    meter = meters().get(key)
    if meter is None:
        return 0
    if meter.kind == "flow":
        return int(import_string(meter.count)(start, end))
    return int(import_string(meter.count)())


def open_work(vertical_key: str) -> list[OpenWork]:
    """What of a vertical is still open in the current tenant, without the lines that count nothing."""
    for room in registry.active_verticals():
        if room.key == vertical_key:
            found = [work for path in room.slots.get(OPEN_WORK_SLOT, ()) for work in import_string(path)()]
            return [work for work in found if work.count]
    return []
