"""The day board: chairs across, time down, every block a whole number of units.

What it needs is read once: hours, chairs, roster, blocked times, and bookings with, through the slot ``appointments.stages``,
what has become of those that are here. The number of queries does not grow with the number of rows.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

from django.db.models import Case, F, OuterRef, Subquery, When
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from kernel import clock, parameters, registry
from kernel.busy.selectors import elsewhere_of
from kernel.calendars import Span
from kernel.calendars.hours import MIDNIGHT
from kernel.web import formatting
from kernel.web.addresses import addresses
from kernel.web.board import Grid
from kernel.web.polling import marks_of
from services.appointments.models import Appointment, Block
from services.appointments.selectors import keeps_the_day, on_day
from services.patients.names import is_read, nobody
from services.sites.models import Chair, Site
from services.sites.selectors import chairs as chairs_of
from services.sites.selectors import opening_hours
from services.staff.models import DutyShift, StaffMember
from services.staff.selectors import shifts_between

STAGES = "appointments.stages"
# What a room says there: an expression over bookings, and how its value reads: (look, note).
StageColumn = tuple[Any, Callable[[Any], tuple[str, str]]]
# Somebody a few minutes late is on the way; from one unit on the board says that they are not here.
LATE_ENOUGH = timedelta(minutes=15)
# Where the site is closed all day, the board still shows what somebody booked by mistake or for an emergency.
CLOSED_DAY = (Span.parse("08:00", "18:00"),)
LOOKS = {
    "booked": "booked",
    "confirmed": "confirmed",
    "unreachable": "booked",
    "affected": "booked",
    "arrived": "arrived",
    "in_service": "in_chair",
    "completed": "left",
}
DRAWN = (
    "code", "state", "starts_at", "ends_at", "chair_id", "doctor_id", "assistant_id", "affected_acknowledged_at",
    "item__name_zh", "item__name_en",
)  # fmt: skip
MOVABLE = frozenset({"booked", "confirmed", "unreachable", "affected"})


@dataclass(frozen=True, slots=True)
class Stage:
    """What has become of a booking that is here: how it looks, one remark, and where its visit is."""

    look: str
    note: str = ""
    url: str = ""


@dataclass
class DayBoard:
    """A drawn day: columns with their blocks, the grid, and how many bookings look how."""

    site: Site
    day: date
    grid: Grid
    columns: list[dict[str, Any]]
    counts: dict[str, int] = field(default_factory=dict)
    is_open: bool = True

    @property
    def total(self) -> int:
        """All bookings of the day that hold their time."""
        return sum(self.counts.values())


def grid_of(site: Site, day: date, *, spans: tuple[Span, ...] | None = None) -> Grid:
    """The rows of the day: from opening to closing, the lunch break folded to one row."""
    spans = opening_hours(site, day) if spans is None else spans
    spans = spans or CLOSED_DAY
    unit = parameters.value("unit_minutes", site=site)
    folded = [
        (_wall(earlier.end), _wall(later.start))
        for earlier, later in itertools.pairwise(spans)
        if later.start - earlier.end >= unit
    ]
    return Grid(start=_wall(spans[0].start), end=_wall(spans[-1].end), unit=unit, folded=tuple(folded))


def moment_at(site: Site, day: date, row: int, *, grid: Grid | None = None) -> datetime:
    """The moment at which ``row`` (from 0) of the day's board begins, in UTC: the way back from a drop.

    A drop into the folded break means its beginning. Raises ValueError outside of the board.
    """
    grid = grid or grid_of(site, day)
    if not 0 <= row < grid.rows:
        raise ValueError("no such row")
    minute = grid.start.hour * 60 + grid.start.minute
    end = grid.end.hour * 60 + grid.end.minute
    while minute < end:
        wall = time(*divmod(minute, 60))
        if grid.row(wall) == row + 1:
            return clock.at_local(day, wall, site.timezone)
        minute += grid.unit
    raise ValueError("no such row")


def day_board(
    site: Site,
    day: date,
    *,
    stages: Mapping[int, Stage] | None = None,
    may_move: bool = False,
    now: datetime | None = None,
) -> DayBoard:
    """Read and draw the day of ``site``. ``stages`` (else the slot says) tells what became of the bookings."""
    now = now or clock.now()
    spans = opening_hours(site, day)
    grid = grid_of(site, day, spans=spans)
    start, end = clock.day_bounds(day, site.timezone)
    shifts = list(
        shifts_between(site, start, end).annotate(
            back_at=_back_at(site, end), elsewhere=elsewhere_of("staff__code", start, end)
        )
    )
    bookings = _drawn_bookings(site, day, shifts, _stage_columns() if stages is None else {})
    blocked = list(
        Block.objects.filter(site=site, removed_at__isnull=True, starts_at__lt=end, ends_at__gt=start).select_related(
            "staff"
        )
    )
    stages = _stages_in(bookings) if stages is None else stages
    columns = _columns(site, list(chairs_of(site)), [*shifts], bookings)
    board = DayBoard(site, day, grid, columns, is_open=bool(spans))
    by_chair = {column["chair"]: column for column in columns if column["chair"] is not None}
    counts: dict[str, int] = defaultdict(int)
    draw = _Drawer(site, grid, stages, now, may_move, day == clock.today(site.timezone) and keeps_the_day(site))
    for booking in bookings:
        block = draw.booking(booking)
        counts[block["state"]] += 1
        column = by_chair.get(booking.chair_id)
        if column is not None:
            if booking.doctor_id not in column["people"]:
                # Somebody else than who works here today treats: mutual help, or a guest in this room.
                block["help"] = booking.doctor.name
            column["blocks"].append(block)
            draw.occupy(column, booking, block)
    for one in blocked:
        for column in columns:
            if column["chair"] == one.chair_id or (one.staff_id is not None and one.staff_id in column["people"]):
                column["blocks"].append(draw.blocked(one))
    for person, stretches in {shift.staff_id: shift.elsewhere for shift in shifts}.items():
        for stretch in stretches:
            # A stretch may reach over midnight; the board ends before.
            block = draw.elsewhere(max(stretch.lower, start), min(stretch.upper, end - timedelta(minutes=1)))
            for column in columns:
                if person in column["people"] and block["row"] <= grid.rows:
                    column["blocks"].append(block)
    board.counts = dict(counts)
    return board


def _drawn_bookings(
    site: Site, day: date, shifts: Iterable[DutyShift], columns: Mapping[str, Any]
) -> list[Appointment]:
    """The bookings of the day with what a block and the head of its column are drawn from, and no more: boards ask for
    hundreds every few seconds. ``columns`` are read along. Who is on duty was read with the ``shifts``; only guests are
    read here."""
    names = {"patient_name": F("patient__name"), "is_named": is_read(), **columns}
    rows = list(on_day(site, day).select_related(None).select_related("item").annotate(**names).only(*DRAWN))
    people = {shift.staff_id: shift.staff for shift in shifts}
    guests = {key for row in rows for key in (row.doctor_id, row.assistant_id) if key is not None} - people.keys()
    if guests:
        people |= StaffMember.objects.in_bulk(guests)
    for row in rows:
        row.doctor = people[row.doctor_id]
        row.assistant = people[row.assistant_id] if row.assistant_id is not None else None
    return rows


def version_of(site: Site, day: date, *, stages: Mapping[int, Stage]) -> str:
    """A cheap word that changes with what the board shows: newest changes of bookings, roster and blocked times of the day,
    the ``stages``, and the minute, so that what it does not know (a renamed chair, a name that may not be read any more) is
    a minute old at most. One query."""
    start, end = clock.day_bounds(day, site.timezone)
    here = {"site": site, "starts_at__lt": end}
    seen = marks_of(
        [
            Appointment.objects.filter(starts_at__gte=start, **here),
            DutyShift.objects.filter(ends_at__gt=start, **here),
            Block.objects.filter(ends_at__gt=start, **here),
        ]
    )
    became = sorted((key, stage.look, stage.note) for key, stage in stages.items())
    return repr((str(site.code), day.isoformat(), f"{clock.now():%H:%M}", seen, became))


def stages_of(site: Site, day: date) -> dict[int, Stage]:
    """What the active rooms know of the day's bookings, by booking key; one query."""
    return _stages_in(on_day(site, day).select_related(None).only("pk").annotate(**_stage_columns()))


def _stage_columns() -> dict[str, Any]:
    """A column for each room that knows what has become of bookings (slot ``appointments.stages``)."""
    return {f"stage_{number}": column for number, (column, _read) in enumerate(_rooms())}


def _stages_in(bookings: Iterable[Appointment]) -> dict[int, Stage]:
    """What stands in the ``_stage_columns`` that were read with the bookings."""
    readers = [(f"stage_{number}", read) for number, (_column, read) in enumerate(_rooms())]
    found: dict[int, Stage] = {}
    for booking in bookings:
        for name, read in readers:
            if (known := getattr(booking, name)) is not None:
                found[booking.pk] = Stage(*read(known))
    return found


def _rooms() -> list[StageColumn]:
    return [_stages(path)() for room in registry.active_rooms() for path in room.slots.get(STAGES, ())]


@cache
def _stages(path: str) -> Callable[[], StageColumn]:
    return import_string(path)


def _columns(
    site: Site, chairs: list[Chair], shifts: list[DutyShift], bookings: list[Appointment]
) -> list[dict[str, Any]]:
    """One column per chair in room order, headed by who works there; doctors who rest fold to a narrow one at the end."""
    at_chair: dict[int, list[DutyShift]] = defaultdict(list)
    resting: dict[int, StaffMember] = {}
    returns: dict[int, date] = {}
    working: set[int] = set()
    for shift in shifts:
        if shift.kind == DutyShift.Kind.REST:
            if shift.staff.is_doctor:
                resting[shift.staff_id] = shift.staff
                if shift.back_at is not None:
                    returns[shift.staff_id] = clock.local(shift.back_at, site.timezone).date()
            continue
        working.add(shift.staff_id)
        if shift.chair_id is not None:
            at_chair[shift.chair_id].append(shift)
    booked_here: dict[int, Appointment] = {}
    for booking in bookings:
        booked_here.setdefault(booking.chair_id, booking)
    columns = [_column(chair, at_chair[chair.pk], booked_here.get(chair.pk)) for chair in chairs]
    off = [person for key, person in resting.items() if key not in working]
    columns += [
        {
            "key": f"off-{person.code}",
            "chair": None,
            "people": {person.pk},
            "title": person.name,
            "off": _("off today, back %(day)s") % {"day": formatting.day_words(returns[person.pk])}
            if person.pk in returns
            else _("off today"),
            "blocks": [],
        }
        for person in off
    ]
    return columns


def _column(chair: Chair, shifts: list[DutyShift], first: Appointment | None) -> dict[str, Any]:
    doctors = {shift.staff_id: shift.staff for shift in shifts if shift.staff.is_doctor}
    helpers = {
        shift.staff_id: shift.staff for shift in shifts if shift.staff.is_assistant and not shift.staff.is_doctor
    }
    if not doctors and first is not None:
        doctors = {first.doctor_id: first.doctor}
    if not helpers and first is not None and first.assistant is not None:
        helpers = {first.assistant.pk: first.assistant}
    # A consultation room is headed by whoever consults there.
    heads = doctors or {shift.staff_id: shift.staff for shift in shifts if shift.staff_id not in helpers}
    names = " / ".join(person.name for person in heads.values())
    column: dict[str, Any] = {
        "key": str(chair.code),
        "chair": chair.pk,
        "people": set(heads) | set(helpers),
        "title": f"{chair.name} {names}".strip(),
        "note": " / ".join(person.number for person in heads.values()),
        "sub": _("assistant %(name)s") % {"name": formatting.listed(person.name for person in helpers.values())}
        if helpers
        else "",
        "blocks": [],
    }
    if doctors and not helpers:
        column |= {"alert": _("no assistant"), "alert_icon": "warn", "alert_tone": "warn"}
    return column


def _back_at(site: Site, end: datetime) -> Case:
    """For a shift of rest: when this person's next shift at ``site`` begins after ``end``."""
    following = (
        DutyShift.objects.filter(staff=OuterRef("staff_id"), site=site, starts_at__gte=end)
        .exclude(kind=DutyShift.Kind.REST)
        .order_by("starts_at")
        .values("starts_at")[:1]
    )
    return Case(When(kind=DutyShift.Kind.REST, then=Subquery(following)))


@dataclass
class _Drawer:
    """Turns rows into blocks of one board."""

    site: Site
    grid: Grid
    stages: Mapping[int, Stage]
    now: datetime
    may_move: bool
    # Today's board as the desk reads it: every guest by name.
    names_all: bool

    def __post_init__(self) -> None:
        self.page_of, self.drop_on = addresses("appointments:appointment"), addresses("appointments:move-drop")

    def booking(self, row: Appointment) -> dict[str, Any]:
        stage = self.stages.get(row.pk)
        look = stage.look if stage is not None else LOOKS[row.state]
        missed = stage is None and row.state in MOVABLE and self.now - row.starts_at >= LATE_ENOUGH
        note, tone = self._note(row, stage, missed)
        start, end = formatting.localised(row.starts_at, self.site), formatting.localised(row.ends_at, self.site)
        assert start is not None
        assert end is not None
        block = {
            "code": str(row.code),
            "row": self.grid.row(start),
            "span": self.grid.span(start, end),
            "state": "no_show" if missed else look,
            "title": self.name_of(row),
            "item": row.item.name if row.item is not None else "",
            "text": f"{start:%H:%M}–{end:%H:%M}",
            "note": note,
            "note_tone": tone,
            "url": (stage.url if stage is not None else "") or self.page_of(row.code),
        }
        if self.may_move and row.state in MOVABLE:
            block["move_url"] = self.drop_on(row.code)
            block["attributes"] = {"data-move-target": "#move-notice", "draggable": "true"}
        return block

    def name_of(self, row: Appointment) -> str:
        """Who it is, as the board of its day may say to who reads it."""
        name: str = row.patient_name  # type: ignore[attr-defined]
        return name if self.names_all or row.is_named else nobody()  # type: ignore[attr-defined]

    def _note(self, row: Appointment, stage: Stage | None, missed: bool) -> tuple[str, str]:
        if missed:
            minutes = int((self.now - row.starts_at) / timedelta(minutes=1))
            return _("%(minutes)s min late") % {"minutes": minutes}, "late"
        if stage is not None:
            return stage.note, "warn"
        if row.state == "affected":
            return (_("roster changed, patient told") if row.affected_acknowledged_at else _("roster changed")), "late"
        if row.state == "unreachable":
            return _("not reached"), "warn"
        if row.state == "booked":
            return _("unconfirmed"), "warn"
        return "", "plain"

    def occupy(self, column: dict[str, Any], row: Appointment, block: dict[str, Any]) -> None:
        """Say in the head of the column who is in the chair, and why it stays closed."""
        if block["state"] == "in_chair":
            over = row.ends_at < self.now
            name = self.name_of(row)
            text = _("%(name)s, overrun") % {"name": name} if over else name
            column |= {"alert": text, "alert_icon": "chair", "alert_tone": "late" if over else "ok"}
        elif block["state"] == "finished":
            column |= {"alert": _("not left yet"), "alert_icon": "warn", "alert_tone": "warn"}

    def blocked(self, row: Block) -> dict[str, Any]:
        start, end = formatting.localised(row.starts_at, self.site), formatting.localised(row.ends_at, self.site)
        assert start is not None
        assert end is not None
        return {
            "row": self.grid.row(start),
            "span": self.grid.span(start, end),
            "state": "locked",
            "title": row.reason,
            "text": f"{start:%H:%M}–{end:%H:%M}",
            "url": reverse("appointments:blocks"),
        }

    def elsewhere(self, since: datetime, until: datetime) -> dict[str, Any]:
        """Busy in another house of the chain: from when to when, and nothing else."""
        start, end = formatting.localised(since, self.site), formatting.localised(until, self.site)
        assert start is not None
        assert end is not None
        return {
            "row": self.grid.row(start),
            "span": self.grid.span(start, end),
            "state": "locked",
            "title": _("In another house"),
            "text": f"{start:%H:%M}–{end:%H:%M}",
        }


def _wall(minute: int) -> time:
    return time(23, 59) if minute >= MIDNIGHT else time(*divmod(minute, 60))
