"""Reading what happens around the chairs: the attendant's screen, a visit, and the sheet of a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Max, Model, Q, QuerySet
from django.utils.translation import gettext as _

from kernel import access, clock, parameters
from kernel.context import Actor
from kernel.errors import NotFound
from kernel.identity.selectors import holders_of
from services.reception import selectors as reception
from services.reception.machine import HOLDS_CHAIR
from services.reception.models import Visit
from services.reception.selectors import ChairLine, Waiting
from services.sites.models import Chair, Site
from services.sites.selectors import chairs, open_spans
from services.staff.models import DutyShift
from services.treatment_area.machine import UNANSWERED
from services.treatment_area.models import (
    AccompanyingRelative,
    Concern,
    DailySheet,
    Feedback,
    FloorEntry,
    MedicalNeed,
    Patrol,
    Priority,
    SilentNote,
)

VIEW = "treatment_area.view"
ATTENDANT = "waiting_attendant"
# So many days back the page of the sheets looks for missing ones.
LOOKS_BACK = 14
# So many open concerns stand on the screen, the oldest first; the list has all of them.
SHOWN = 20
M = TypeVar("M", bound=Model)


def access_visit(actor: Actor, code: UUID) -> Visit:
    """The visit behind a code, for somebody who works in the area. Raises NotFound (``visit_not_found``)."""
    rows = Visit.objects.select_related("site", "patient", "doctor__user", "chair__room", "appointment__chair")
    return _one(access.accessible(rows, actor, VIEW), code, "visit_not_found", _("There is no such visit."))


def relatives_for(actor: Actor) -> QuerySet[AccompanyingRelative]:
    """Relatives, admitted and refused, at the sites of ``actor``."""
    return access.accessible(AccompanyingRelative.objects.select_related("site", "visit"), actor, VIEW)


def notes_for(actor: Actor) -> QuerySet[SilentNote]:
    """Silent notes at the sites of ``actor``."""
    rows = SilentNote.objects.select_related("site", "visit__patient", "visit__site", "doctor", "nurse")
    return access.accessible(rows, actor, VIEW)


def concerns_for(actor: Actor) -> QuerySet[Concern]:
    """Concerns at the sites of ``actor``."""
    return access.accessible(Concern.objects.select_related("site", "visit__patient"), actor, VIEW)


def access_relative(actor: Actor, code: UUID) -> AccompanyingRelative:
    """Raises NotFound (``relative_not_found``)."""
    return _one(relatives_for(actor), code, "relative_not_found", _("There is no such relative."))


def access_note(actor: Actor, code: UUID) -> SilentNote:
    """Raises NotFound (``note_not_found``)."""
    return _one(notes_for(actor), code, "note_not_found", _("There is no such note."))


def access_concern(actor: Actor, code: UUID) -> Concern:
    """Raises NotFound (``concern_not_found``)."""
    return _one(concerns_for(actor), code, "concern_not_found", _("There is no such report."))


def priorities_for(actor: Actor) -> QuerySet[Priority]:
    """Marks of guests who need help at the sites of ``actor``."""
    return access.accessible(Priority.objects.select_related("site", "visit"), actor, VIEW)


def access_priority(actor: Actor, code: UUID) -> Priority:
    """Raises NotFound (``priority_not_found``)."""
    return _one(priorities_for(actor), code, "priority_not_found", _("There is no such mark."))


# --- the attendant's screen -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Place:
    """A chair with its guest, who is inside with the guest, and what is still to be done there."""

    line: ChairLine
    relatives: list[AccompanyingRelative] = field(default_factory=list)
    entry: FloorEntry | None = None
    notes: list[SilentNote] = field(default_factory=list)
    priority: Priority | None = None

    @property
    def unsigned(self) -> bool:
        """Does a guest sit here for whom no nurse has signed?"""
        return self.line.visit is not None and self.entry is None


@dataclass(slots=True)
class Waiter:
    """A waiting guest with the mark and the last note about the guest."""

    line: Waiting
    priority: Priority | None = None
    note: SilentNote | None = None


@dataclass(frozen=True, slots=True)
class Area:
    """The attendant's screen."""

    places: list[Place]
    waiting: list[Waiter]
    concerns: list[Concern]
    patrol: Patrol | None
    patrol_due_at: datetime | None


def drawn_from(site: Site) -> list[QuerySet[Any]]:
    """The rows that the attendant's screen is drawn from (``polled``)."""
    start, _end = clock.day_bounds(clock.today(site.timezone), site.timezone)
    here = Visit.objects.filter(site=site, state__in=reception.HERE).values("pk")
    return [
        *reception.drawn_from(site, clock.today(site.timezone)),
        AccompanyingRelative.objects.filter(visit__in=here),
        MedicalNeed.objects.filter(visit__in=here),
        FloorEntry.objects.filter(visit__in=here),
        Priority.objects.filter(visit__in=here),
        SilentNote.objects.filter(visit__in=here),
        Concern.objects.filter(site=site, state="open"),
        Patrol.objects.filter(site=site, at__gte=start),
    ]


def area(site: Site) -> Area:
    """Every chair and every waiting guest of ``site`` with what belongs to them; eight queries for any number.

    Guests with a priority mark come right after the emergencies.
    """
    people = reception.present(site)
    codes = [visit.pk for visit in people]
    relatives = _by_visit(AccompanyingRelative.objects.filter(visit__in=codes, state="inside"))
    entries = _by_visit(FloorEntry.objects.filter(visit__in=codes))
    marks = _by_visit(Priority.objects.filter(visit__in=codes, state__in=("raised", "accompanied")))
    notes = list(
        SilentNote.objects.filter(visit__in=codes).exclude(state="withdrawn").select_related("visit__patient", "doctor")
    )
    about, to = _by_visit(notes), _open_by_doctor(notes)
    places = []
    for line in reception.chair_board(site, visits=people):
        key = line.visit.pk if line.visit is not None else 0
        doctor = line.visit.doctor_id if line.visit is not None else 0
        places.append(
            Place(
                line,
                relatives.get(key, []),
                _first(entries.get(key)),
                to.get(doctor, []),
                _first(marks.get(key)),
            )
        )
    waiting = [
        Waiter(line, _first(marks.get(line.visit.pk)), _last(about.get(line.visit.pk)))
        for line in reception.waiting_list(site, visits=people)
    ]
    waiting.sort(key=lambda one: (not one.line.visit.emergency, one.priority is None))
    patrol = Patrol.objects.filter(site=site).first()
    return Area(
        places=places,
        waiting=waiting,
        concerns=list(
            Concern.objects.filter(site=site, state="open")
            .select_related("visit__patient")
            .order_by("reported_at")[:SHOWN]
        ),
        patrol=patrol,
        patrol_due_at=_patrol_due(site, patrol, waiting),
    )


def _patrol_due(site: Site, patrol: Patrol | None, waiting: list[Waiter]) -> datetime | None:
    """So long after the last round, or after the first of those who wait came; nobody waits, nothing is due."""
    came = min((one.line.visit.registered_at for one in waiting if one.line.visit.registered_at), default=None)
    if came is None:
        return None
    last = max(patrol.at, came) if patrol is not None else came
    return last + timedelta(minutes=parameters.value("patrol_minutes", site=site))


# --- one visit --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stay:
    """What was kept around the chair about one visit."""

    relatives: list[AccompanyingRelative]
    needs: list[MedicalNeed]
    entry: FloorEntry | None
    feedback: Mapping[str, Feedback]
    notes: list[SilentNote]
    concerns: list[Concern]
    priority: Priority | None

    @property
    def inside(self) -> list[AccompanyingRelative]:
        """Who is inside with the guest now."""
        return [one for one in self.relatives if one.state == "inside"]


def stay(visit: Visit) -> Stay:
    """Everything that was kept about ``visit``."""
    return Stay(
        relatives=list(visit.relatives.all()),
        needs=list(MedicalNeed.objects.filter(visit=visit).select_related("relative")),
        entry=FloorEntry.objects.filter(visit=visit).first(),
        feedback={one.about: one for one in visit.area_feedback.all()},
        notes=list(visit.silent_notes.select_related("doctor")),
        concerns=list(visit.concerns.all()),
        priority=Priority.objects.filter(visit=visit).first(),
    )


def is_taken_over(visit: Visit) -> bool:
    """Is the lead-in of ``visit`` complete: has a nurse signed for the guest (QU-010)?"""
    return FloorEntry.objects.filter(visit=visit).exists()


# --- the sheet of a day -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SheetLine:
    """A guest of a chair: in, out, who took over, who came along, and what was seen."""

    visit: Visit
    entry: FloorEntry | None
    relatives: list[AccompanyingRelative]
    reception: Feedback | None
    chart: Feedback | None


@dataclass(frozen=True, slots=True)
class SheetChair:
    """A chair and its guests of the day, in the order in which they came."""

    chair: Chair
    lines: list[SheetLine]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The day of the treatment area as it stands in the rows."""

    day: date
    chairs: list[SheetChair]
    refused: list[AccompanyingRelative]
    notes: list[SilentNote]
    concerns: list[Concern]
    patrols: list[Patrol]
    asked: int
    explained: int
    unexplained: int

    @property
    def lines(self) -> list[SheetLine]:
        """All guests of the day."""
        return [line for one in self.chairs for line in one.lines]

    @property
    def reply_median(self) -> int | None:
        """Median minutes until a note was answered, halves up; None of nothing."""
        return reception.median_minutes([one.reply_seconds for one in self.notes if one.reply_seconds is not None])

    def figures(self) -> dict[str, Any]:
        """The counts that are kept when the sheet is handed in."""
        lines = self.lines
        judged = [line.reception for line in lines if line.reception is not None]
        written = [line.chart for line in lines if line.chart is not None]
        return {
            "led_in": len(lines),
            "left": sum(line.visit.left_at is not None for line in lines),
            "signed": sum(line.entry is not None for line in lines),
            "companions": sum(len(line.relatives) for line in lines),
            "refused": len(self.refused),
            "reception_good": sum(one.is_good for one in judged),
            "reception_poor": sum(not one.is_good for one in judged),
            "chart_written": sum(one.is_good for one in written),
            "chart_missing": sum(not one.is_good for one in written),
            "notes": len(self.notes),
            "notes_escalated": sum(one.escalated_at is not None for one in self.notes),
            "patrols": len(self.patrols),
            "concerns": len(self.concerns),
            "concerns_open": sum(one.state == "open" for one in self.concerns),
            "waits_asked": self.asked,
            "waits_explained": self.explained,
            "waits_unexplained": self.unexplained,
        }


def day_sheet(site: Site, day: date) -> Sheet:
    """The sheet of a site's local day, computed from the rows: who was led in on it, chair by chair."""
    start, end = clock.day_bounds(day, site.timezone)
    visits = list(
        Visit.objects.filter(site=site, led_in_at__gte=start, led_in_at__lt=end)
        .select_related("patient", "doctor", "chair__room", "site")
        .order_by("led_in_at", "id")
    )
    keys = [visit.pk for visit in visits]
    entries = _by_visit(FloorEntry.objects.filter(visit__in=keys))
    came = _by_visit(AccompanyingRelative.objects.filter(visit__in=keys, state__in=("inside", "out")))
    seen = _by_visit(Feedback.objects.filter(visit__in=keys))
    by_chair: dict[int | None, list[SheetLine]] = {}
    for visit in visits:
        said = {one.about: one for one in seen.get(visit.pk, [])}
        by_chair.setdefault(visit.chair_id, []).append(
            SheetLine(
                visit,
                _first(entries.get(visit.pk)),
                came.get(visit.pk, []),
                said.get(Feedback.About.RECEPTION),
                said.get(Feedback.About.CHART),
            )
        )
    known = {chair.pk: chair for chair in chairs(site)} | {v.chair_id: v.chair for v in visits if v.chair is not None}
    asked, explained, unexplained = _waits(site, day)
    here: dict[str, Any] = {"site": site}
    return Sheet(
        day=day,
        chairs=[SheetChair(chair, by_chair[pk]) for pk, chair in known.items() if pk in by_chair],
        refused=list(
            AccompanyingRelative.objects.filter(
                site=site, state="refused", asked_at__gte=start, asked_at__lt=end
            ).select_related("visit__patient")
        ),
        notes=list(
            SilentNote.objects.filter(sent_at__gte=start, sent_at__lt=end, **here).select_related(
                "visit__patient", "doctor"
            )
        ),
        concerns=list(
            Concern.objects.filter(reported_at__gte=start, reported_at__lt=end, **here)
            .select_related("visit__patient")
            .order_by("reported_at")
        ),
        patrols=list(Patrol.objects.filter(at__gte=start, at__lt=end, **here).order_by("at")),
        asked=asked,
        explained=explained,
        unexplained=unexplained,
    )


def _waits(site: Site, day: date) -> tuple[int, int, int]:
    """(waits longer than what is told without asking, longer than the limit and explained, and unexplained) of the day."""
    asked = over = unexplained = 0
    for visit in reception.waited_on(site, day):
        seconds, at, line = visit.wait_seconds or 0, visit.registered_at, visit.vertical or None
        asked += seconds > 60 * parameters.value("wait_consent_minutes", site=site, vertical=line, at=at)
        over += seconds > 60 * parameters.value("wait_explain_minutes", site=site, vertical=line, at=at)
        unexplained += reception.is_unexplained(visit)
    return asked, over - unexplained, unexplained


def sheet_due_at(site: Site, day: date) -> datetime:
    """When the sheet of ``day`` is due: the end of the attendants' last shift, without a roster the closing time."""
    start, end = clock.day_bounds(day, site.timezone)
    shifts = DutyShift.objects.filter(
        site=site,
        starts_at__gte=start,
        starts_at__lt=end,
        staff__user__in=holders_of(ATTENDANT, site=site.code),
    ).exclude(kind=DutyShift.Kind.REST)
    last = shifts.aggregate(last=Max("ends_at"))["last"]
    if last is not None:
        return last
    spans = open_spans(site, day)
    return spans[-1][1] if spans else end


def has_attendant(site: Site) -> bool:
    """Does somebody work as waiting-area attendant at ``site``? Without one nobody hands guests over."""
    return holders_of(ATTENDANT, site=site.code).exists()


def sheets(site: Site) -> list[tuple[date, DailySheet | None]]:
    """The days of the last two weeks on which guests were led in, the latest first, each with its sheet or None."""
    today = clock.today(site.timezone)
    since = today - timedelta(days=LOOKS_BACK)
    handed = {sheet.day: sheet for sheet in DailySheet.objects.filter(site=site, day__gte=since)}
    moments = Visit.objects.filter(site=site, led_in_at__gte=clock.day_bounds(since, site.timezone)[0])
    days = {clock.local(at, site.timezone).date() for at in moments.values_list("led_in_at", flat=True) if at}
    return [(day, handed.get(day)) for day in sorted({*days, *handed}, reverse=True)]


def sheet_of(site: Site, day: date) -> DailySheet | None:
    """The sheet that was handed in for ``day``."""
    return DailySheet.objects.filter(site=site, day=day).first()


def listed_concerns(actor: Actor, *, site: Site, show: str = "open") -> QuerySet[Concern]:
    """Concerns of a site: ``open``, the oldest first, or all, the latest first."""
    rows = concerns_for(actor).filter(site=site)
    return rows.filter(state="open").order_by("reported_at", "id") if show == "open" else rows


def my_notes(actor: Actor, site: Site) -> QuerySet[SilentNote]:
    """What waits for an answer: a doctor sees what went to the doctor, everybody else all of the site's."""
    rows = notes_for(actor).filter(site=site, state__in=UNANSWERED)
    if access.holds(actor, "treatment_area.medical_need", site=site.code):
        return rows.filter(Q(doctor__user_id=actor.user_id) | Q(nurse_id=actor.user_id))
    return rows


def chair_is_taken(visit: Visit) -> bool:
    """Does a guest sit with the doctor of ``visit``?"""
    return Visit.objects.filter(site=visit.site, doctor=visit.doctor, state__in=HOLDS_CHAIR).exists()


def _one(rows: QuerySet[M], code: UUID, refusal: str, sentence: str) -> M:
    found = rows.filter(code=code).first()
    if found is None:
        raise NotFound(refusal, sentence)
    return found


def _by_visit(rows: Iterable[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row.visit_id, []).append(row)
    return found


def _open_by_doctor(notes: Iterable[SilentNote]) -> dict[int, list[SilentNote]]:
    found: dict[int, list[SilentNote]] = {}
    for note in notes:
        if note.state in UNANSWERED:
            found.setdefault(note.doctor_id, []).append(note)
    return found


def _first(rows: Sequence[Any] | None) -> Any:
    return rows[0] if rows else None


def _last(rows: Sequence[Any] | None) -> Any:
    return rows[-1] if rows else None
