"""Reading the day of a site: its lists, its registers, its hand-overs, what is to be signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Count, Model, Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from kernel import access
from kernel.context import Actor
from kernel.errors import NotFound
from services.shift.models import (
    Absence,
    Arrival,
    Attendee,
    Broadcast,
    CashierEntry,
    Checklist,
    Discrepancy,
    Errand,
    HandOver,
    HygieneTicket,
    Incident,
    ItemEntry,
    Meeting,
    SiteDay,
    Tick,
    Visitor,
    Zone,
)
from services.shift.opening import DUTY
from services.shift.posts import at_post
from services.shift.sheet import morning_sheet
from services.sites.models import Site
from services.staff.models import StaffMember
from services.staff.selectors import staff_at
from services.tasks.models import Task
from services.tasks.selectors import Line, Subject, lines_of

VIEW = "shift.view"
SHOWN_ON_SUBJECT = 60
M = TypeVar("M", bound=Model)


# --- rows by their code -----------------------------------------------------------------------------------------------


def access_day(actor: Actor, code: UUID) -> SiteDay:
    """The day behind a code from outside. Raises NotFound (``day_not_found``)."""
    return _one(SiteDay.objects.select_related("site"), actor, code, "day_not_found", _("There is no such day."))


def access_tick(actor: Actor, code: UUID) -> Tick:
    """The item of a day's list behind a code. Raises NotFound (``item_not_found``)."""
    rows = Tick.objects.select_related("site", "day")
    return _one(rows, actor, code, "item_not_found", _("There is no such item."))


def access_meeting(actor: Actor, code: UUID) -> Meeting:
    """The meeting behind a code. Raises NotFound (``meeting_not_found``)."""
    rows = Meeting.objects.select_related("site", "day")
    return _one(rows, actor, code, "meeting_not_found", _("There is no such meeting."))


def access_attendee(actor: Actor, code: UUID) -> Attendee:
    """A line of a meeting's attendance. Raises NotFound (``attendee_not_found``)."""
    rows = Attendee.objects.select_related("site", "meeting", "staff")
    return _one(rows, actor, code, "attendee_not_found", _("There is no such person in this meeting."))


def access_item(actor: Actor, code: UUID) -> ItemEntry:
    """The line of the register of things behind a code. Raises NotFound (``entry_not_found``)."""
    rows = ItemEntry.objects.select_related("site")
    return _one(rows, actor, code, "entry_not_found", _("There is no such entry."))


def access_visitor(actor: Actor, code: UUID) -> Visitor:
    """The visitor behind a code. Raises NotFound (``visitor_not_found``)."""
    rows = Visitor.objects.select_related("site", "host")
    return _one(rows, actor, code, "visitor_not_found", _("There is no such visitor."))


def access_entry(actor: Actor, code: UUID) -> CashierEntry:
    """The entry into the cashier area behind a code. Raises NotFound (``entry_not_found``)."""
    rows = CashierEntry.objects.select_related("site", "cashier")
    return _one(rows, actor, code, "entry_not_found", _("There is no such entry."))


def access_absence(actor: Actor, code: UUID) -> Absence:
    """The absence behind a code. Raises NotFound (``absence_not_found``)."""
    rows = Absence.objects.select_related("site", "staff", "cover")
    return _one(rows, actor, code, "absence_not_found", _("There is no such absence."))


def access_incident(actor: Actor, code: UUID) -> Incident:
    """The disturbance behind a code. Raises NotFound (``incident_not_found``)."""
    rows = Incident.objects.select_related("site")
    return _one(rows, actor, code, "incident_not_found", _("There is no such incident."))


def access_ticket(actor: Actor, code: UUID) -> HygieneTicket:
    """The hygiene ticket behind a code. Raises NotFound (``ticket_not_found``)."""
    rows = HygieneTicket.objects.select_related("site", "zone__keeper")
    return _one(rows, actor, code, "ticket_not_found", _("There is no such ticket."))


def access_errand(actor: Actor, code: UUID) -> Errand:
    """The errand behind a code, for who is concerned and whoever assigns work there. Raises NotFound (``errand_not_found``)."""
    rows = Errand.objects.select_related("site", "assignee__user")
    found = _one(rows, actor, code, "errand_not_found", _("There is no such errand."))
    concerned = actor.user_id is not None and actor.user_id in (found.assignee.user_id, found.assigner_id)
    if not concerned and not access.holds(actor, "tasks.assign", site=found.site.code):
        raise NotFound("errand_not_found", _("There is no such errand."))
    return found


def access_handover(actor: Actor, code: UUID) -> HandOver:
    """The hand-over behind a code. Raises NotFound (``handover_not_found``)."""
    rows = HandOver.objects.select_related("site", "day")
    return _one(rows, actor, code, "handover_not_found", _("There is no such hand-over."))


def access_discrepancy(actor: Actor, code: UUID) -> Discrepancy:
    """The discrepancy behind a code. Raises NotFound (``discrepancy_not_found``)."""
    rows = Discrepancy.objects.select_related("site", "handover__day")
    return _one(rows, actor, code, "discrepancy_not_found", _("There is no such discrepancy."))


def access_checklist(actor: Actor, code: UUID) -> Checklist:
    """A list of the day behind a code; lists belong to the whole tenant. Raises NotFound (``checklist_not_found``)."""
    access.require(actor, VIEW)
    found = Checklist.objects.filter(code=code).first()
    if found is None:
        raise NotFound("checklist_not_found", _("There is no such list."))
    return found


# --- the day ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listed:
    """An item of the day's list in the reader's language."""

    tick: Tick
    text: str


@dataclass(frozen=True, slots=True)
class Duty:
    """A duty of the day with its task, in the reader's language."""

    line: Line
    text: str


@dataclass(frozen=True, slots=True)
class Today:
    """The frame of the day on one screen."""

    day: SiteDay | None
    lists: dict[str, list[Listed]]
    arrivals: list[Arrival]
    meeting: Meeting | None
    duties: list[Duty]
    to_receive: list[HandOver]
    away: list[Absence]

    def left(self, purpose: str) -> int:
        """How many mandatory items of a list have no answer."""
        return sum(1 for one in self.lists.get(purpose, ()) if one.tick.mandatory and not one.tick.result)


def day_of(site: Site, day: date) -> SiteDay | None:
    """The planned day of a site; None before it is planned, or when the site is closed."""
    return SiteDay.objects.select_related("site").filter(site=site, day=day).first()


def today_at(site: Site, day: date) -> Today:
    """Everything of the day's frame; a fixed number of queries, however many rows."""
    found = day_of(site, day)
    if found is None:
        return Today(None, {}, [], None, [], to_receive(site), [])
    lists: dict[str, list[Listed]] = {}
    for tick in Tick.objects.filter(day=found).order_by("position", "id"):
        lists.setdefault(tick.purpose, []).append(Listed(tick, in_words(tick.text_zh, tick.text_en)))
    prefix = f"{site.code}:{day.isoformat()}:"
    duties = Task.objects.filter(kind=DUTY, site=site, key__startswith=prefix).select_related("assignee", "site")
    return Today(
        day=found,
        lists=lists,
        arrivals=list(Arrival.objects.filter(day=found)),
        meeting=Meeting.objects.filter(day=found).first(),
        duties=[Duty(one, _duty(one)) for one in lines_of(duties.order_by("due_at", "id"))],
        to_receive=to_receive(site),
        away=list(Absence.objects.filter(site=site, state="away").select_related("staff", "cover")),
    )


def to_receive(site: Site) -> list[HandOver]:
    """The hand-overs of ``site`` that wait for the incoming signature, the oldest first."""
    return list(HandOver.objects.filter(site=site, state="given").select_related("day").order_by("given_at"))


def _duty(line: Line) -> str:
    words = line.task.args
    return in_words(str(words.get("duty", line.title)), str(words.get("duty_en", "")))


def in_words(zh: str, en: str) -> str:
    """Words of the tenant's own content in the reader's language."""
    return en if en and (translation.get_language() or "").startswith("en") else zh


def sheet_figures(site: Site, day: date) -> dict[str, int]:
    """The counts of the sheet, kept with the meeting."""
    sheet = morning_sheet(site, day)
    return {
        "booked": len(sheet.today),
        "yesterday": len(sheet.yesterday),
        "no_show": sum(1 for one in sheet.yesterday if one.missed),
        "defects": len(sheet.defects),
        "reminders": sum(len(one.keys) for one in sheet.reminders),
        "problems": sum(len(one.keys) for one in sheet.problems),
    }


# --- the registers ----------------------------------------------------------------------------------------------------


def items_listed(actor: Actor, site: Site, *, query: str = "", kind: str = "") -> QuerySet[ItemEntry]:
    """The register of things in and out, the latest first, searched by thing, party, receiver or handler (GV-014)."""
    rows = _at(ItemEntry.objects.annotate(error_count=Count("errors")), actor, site)
    if kind in ItemEntry.Kind.values:
        rows = rows.filter(kind=kind)
    for word in query.split()[:6]:
        rows = rows.filter(
            Q(what__icontains=word)
            | Q(party__icontains=word)
            | Q(receiver__icontains=word)
            | Q(handler_name__icontains=word)
        )
    return rows.order_by("-at", "-id")


def visitors_listed(actor: Actor, site: Site) -> QuerySet[Visitor]:
    """The visitor log, who is here first."""
    return _at(Visitor.objects.select_related("host"), actor, site).order_by("left_at", "-arrived_at", "-id")


def broadcasts_listed(actor: Actor, site: Site) -> QuerySet[Broadcast]:
    """The broadcast log, the latest first."""
    return _at(Broadcast.objects.all(), actor, site)


def entries_listed(actor: Actor, site: Site) -> QuerySet[CashierEntry]:
    """Who was in the cashier area, who is inside first."""
    return _at(CashierEntry.objects.select_related("cashier"), actor, site).order_by("state", "-in_at", "-id")


def absences_listed(actor: Actor, site: Site) -> QuerySet[Absence]:
    """Who left which post, who is away first."""
    return _at(Absence.objects.select_related("staff", "cover"), actor, site).order_by("state", "-left_at", "-id")


def incidents_listed(actor: Actor, site: Site) -> QuerySet[Incident]:
    """The disturbances, the latest first."""
    return _at(Incident.objects.all(), actor, site)


def tickets_listed(actor: Actor, site: Site) -> QuerySet[HygieneTicket]:
    """The hygiene tickets, open ones first."""
    return _at(HygieneTicket.objects.select_related("zone__keeper"), actor, site).order_by("-state", "-at", "-id")


def zones_of(site: Site) -> QuerySet[Zone]:
    """The zones of ``site`` and who keeps them clean."""
    return Zone.objects.filter(site=site, is_active=True).select_related("keeper").order_by("name")


def errands_listed(actor: Actor, site: Site) -> QuerySet[Errand]:
    """The errands: one's own and those one gave; whoever assigns work here sees all. Open ones first."""
    rows = _at(Errand.objects.select_related("assignee"), actor, site)
    if not actor.can("tasks.assign", site=site.code):
        rows = rows.filter(Q(assignee__user_id=actor.user_id) | Q(assigner_id=actor.user_id))
    return rows.order_by("ended_at", "due_at", "id")


def handovers_listed(actor: Actor, site: Site) -> QuerySet[HandOver]:
    """The hand-overs of a site, the latest first."""
    return _at(HandOver.objects.select_related("day"), actor, site).order_by("-begun_at", "-id")


def colleagues_at(site: Site) -> QuerySet[StaffMember]:
    """Whom a form of this room may name: who works at ``site`` today."""
    return staff_at(site)


def cashiers_at(site: Site) -> QuerySet[StaffMember]:
    """Who may accompany somebody into the cashier area now."""
    return StaffMember.objects.filter(pk__in=at_post(site, Absence.Post.CASHIER)).order_by("number")


# --- what tasks are about ---------------------------------------------------------------------------------------------


def errand_subjects(codes: set[UUID]) -> Mapping[UUID, Subject]:
    """What the inbox calls an errand: its own words."""
    rows = Errand.objects.filter(code__in=codes)
    return {row.code: Subject(row.words[:SHOWN_ON_SUBJECT], row.assigner_name) for row in rows}


def visitor_subjects(codes: set[UUID]) -> Mapping[UUID, Subject]:
    """What the inbox calls a visitor."""
    rows = Visitor.objects.filter(code__in=codes)
    return {row.code: Subject(row.name, row.company) for row in rows}


def ticket_subjects(codes: set[UUID]) -> Mapping[UUID, Subject]:
    """What the inbox calls a hygiene ticket."""
    rows = HygieneTicket.objects.filter(code__in=codes).select_related("zone")
    return {row.code: Subject(row.words[:SHOWN_ON_SUBJECT], row.zone.name if row.zone else "") for row in rows}


def _at(rows: QuerySet[Any], actor: Actor, site: Site) -> QuerySet[Any]:
    return access.accessible(rows, actor, VIEW).filter(site=site)


def _one(rows: QuerySet[M], actor: Actor, code: UUID, refusal: str, sentence: str) -> M:
    found = access.accessible(rows, actor, VIEW).filter(code=code).first()
    if found is None:
        raise NotFound(refusal, sentence)
    return found
