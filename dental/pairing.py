"""Four-handed work: which half-days a doctor worked with an assistant beside the chair (DE-018).

Read from the grid of the treatment area; nothing is entered twice.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta

from kernel.registry import Fact
from services.sites.models import Site
from services.staff.models import StaffMember
from services.treatment_area.assistance import grid


@dataclass(slots=True)
class Pairing:
    """A doctor's half-days on duty in a period: how many, and with which assistant how often."""

    doctor: StaffMember
    worked: int = 0
    assistants: Counter[str] = field(default_factory=Counter)

    @property
    def paired(self) -> int:
        """Half-days with an assistant."""
        return sum(self.assistants.values())

    @property
    def share(self) -> float:
        """The share of half-days with an assistant, 0 to 1."""
        return self.paired / self.worked

    @property
    def names(self) -> list[str]:
        """The assistants, the most frequent first."""
        return [f"{name} {times}" for name, times in self.assistants.most_common()]


def pairings(site: Site, first: date, last: date) -> list[Pairing]:
    """Who worked four-handed with whom from ``first`` to ``last`` (both included), by staff number; two queries a day."""
    found: dict[int, Pairing] = {}
    for step in range((last - first).days + 1):
        for row in grid(site, first + timedelta(days=step)):
            mine = found.setdefault(row.doctor.pk, Pairing(row.doctor))
            for cell in row.cells:
                mine.worked += cell.on_duty
                if cell.on_duty and cell.assistant is not None:
                    mine.assistants[cell.assistant.name] += 1
    return sorted((one for one in found.values() if one.worked), key=lambda one: one.doctor.number)


def four_handed(site: Site, day: date) -> Fact | None:
    """Half-days of doctors on duty with an assistant ÷ half-days of doctors on duty (KPI). A day whose grid nobody filled in
    was not measured."""
    found = pairings(site, day, day)
    worked, paired = sum(one.worked for one in found), sum(one.paired for one in found)
    return Fact(numerator=paired, denominator=worked, n=worked) if paired else None
