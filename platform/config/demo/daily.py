"""What people do every day beside the visits, and at the moments of a visit: all of it, in the order of the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from functools import partial

from config.demo import area, desk, frame, papers, till
from config.demo.house import MINUTE, House
from kernel import tenancy
from services.catalogue.models import Item
from services.reception.models import Visit
from services.sites.models import Site

Act = Callable[[House, Site, date], None]
# Calls with counted rings, entries looked through, the attendant's sheet, the till closed.
LONG_AGO: tuple[tuple[str, Act], ...] = (
    ("10:25", partial(desk.call, 1)),
    ("15:05", partial(desk.call, 3)),
    ("17:20", papers.review),
    (area.LAST_SHEET, area.hand_in),
    ("19:15", till.close_and_bring),
)
# Minutes before the end at which the last things come onto the table.
SHOWN_BEFORE = 12


def plan(clinic: House, site: Site, day: date) -> None:
    """Plan a day of ``site``. A stretch that begins within it opens at once what was not opened yet."""
    start = clinic.timeline.now
    for wall, act in _acts():
        if (moment := clinic.local(day, wall)) >= start:
            clinic.timeline.at(moment, partial(act, clinic, site, day))
    if clinic.local(day, "08:06") < start < clinic.local(day, "18:00"):
        clinic.timeline.at(start, partial(frame.open_day, clinic, site, day))
    if day == clinic.last_day and clinic.local(day, frame.PLANNED) <= clinic.timeline.until:
        # A stretch that ends before the desk opens leaves today's lists behind.
        clinic.timeline.at(clinic.timeline.until, partial(frame.plan, clinic, site, day))
    if day == clinic.last_day and clinic.local(day, "08:45") < clinic.timeline.until < clinic.local(day, "17:45"):
        for number, show in enumerate((desk.show, area.show, papers.show)):
            moment = clinic.timeline.until - (SHOWN_BEFORE - number) * MINUTE
            clinic.timeline.at(moment, partial(show, clinic, site, day))


def plan_sparsely(clinic: House, site: Site, day: date) -> None:
    """Of a day long ago with visits only what figures count, and what somebody would be reminded of ever since."""
    for wall, act in LONG_AGO:
        if (moment := clinic.local(day, wall)) >= clinic.timeline.now:
            clinic.timeline.at(moment, partial(act, clinic, site, day))


def _acts() -> list[tuple[str, Act]]:
    """The acts of a day by the clock on the wall, each room's in its own order."""
    found: list[tuple[str, Act]] = [*till.DAY, *frame.DAY, *papers.DAY, *area.DAY, *desk.DAY]
    if _dental():
        from config.demo import lab

        found += lab.DAY
    return found


def _dental() -> bool:
    return "dental" in tenancy.current().verticals


# --- at the moments of a visit ----------------------------------------------------------------------------------------


def told_wait(clinic: House, visit: Visit) -> None:
    """The guest knows how long it takes, and is looked after."""
    papers.begin_form(clinic, visit)
    desk.serve(clinic, visit)
    area.note_need_of_help(clinic, visit)


def before_chair(clinic: House, visit: Visit) -> None:
    """The papers of a first visit are ready."""
    papers.finish_form(clinic, visit)
    papers.ask_consent(clinic, visit)


def treated(clinic: House, visit: Visit, done: Iterable[Item]) -> None:
    """What is kept beside the treatment."""
    if visit.vertical == "dental":
        from config.demo import lab

        lab.fit(clinic, visit)
        lab.examine(clinic, visit, done)


def leaves(clinic: House, visit: Visit) -> None:
    """The guest gets up and goes."""
    area.see_out(clinic, visit)
    desk.say_goodbye(clinic, visit)
