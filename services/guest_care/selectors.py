"""Reading guest care: who is here and with whom, what is open at the close, one visit's service, the report of times."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Count, Model, Q, QuerySet
from django.utils.translation import gettext as _

from kernel import access, clock
from kernel.context import Actor
from kernel.errors import NotFound
from services.appointments.models import Appointment
from services.appointments.selectors import expected_on, name_on_the_day
from services.guest_care.machine import IN_CUSTODY, IN_QUEUE, UNTOLD
from services.guest_care.models import (
    AdviceSeeker,
    CareItem,
    DeviceFault,
    GuestPass,
    Introduction,
    Luggage,
    ObservationNote,
    OpenQuestion,
    Opinion,
    PriceEnquiry,
    ServiceStep,
    SpecialRequest,
    Ticket,
    TicketCall,
    TreatmentReminder,
)
from services.reception import selectors as reception
from services.reception.machine import HOLDS_CHAIR
from services.reception.models import QueueEvent, Visit
from services.sites.models import Chair, Site
from services.sites.selectors import day_bounds, today
from services.staff.models import DutyShift, StaffMember
from services.staff.selectors import doctors_at, shifts_between

VIEW = "guest_care.view"
WATER, SEEN_OFF = "water", "seen-off"
# So many bookings that are still to come stand on the screen.
COMING = 6
M = TypeVar("M", bound=Model)


# --- rows from outside ------------------------------------------------------------------------------------------------


def access_visit(actor: Actor, code: UUID) -> Visit:
    """The visit behind a code, for who takes care of guests. Raises NotFound (``visit_not_found``)."""
    rows = Visit.objects.select_related("site", "patient", "doctor__user", "chair__room", "appointment__chair")
    return _one(access.accessible(rows, actor, VIEW), code, "visit_not_found", _("There is no such visit."))


def access_booking(actor: Actor, code: UUID) -> Appointment:
    """Raises NotFound (``appointment_not_found``)."""
    rows = Appointment.objects.select_related("site", "patient", "doctor", "item")
    return _one(access.accessible(rows, actor, VIEW), code, "appointment_not_found", _("There is no such booking."))


def access_row(actor: Actor, model: type[M], code: UUID) -> M:
    """A row of this room behind a code, at a site where ``actor`` takes care of guests. Raises NotFound
    (``row_not_found``)."""
    rows = model._default_manager.select_related("site", "visit__patient")
    return _one(access.accessible(rows, actor, VIEW), code, "row_not_found", _("There is no such entry."))


def access_item(actor: Actor, code: UUID) -> CareItem:
    """Raises NotFound (``item_not_found``)."""
    rows = CareItem.objects.all() if access.holds(actor, VIEW) else CareItem.objects.none()
    return _one(rows, code, "item_not_found", _("There is no such item."))


def _one(rows: QuerySet[M], code: UUID, refusal: str, sentence: str) -> M:
    found = rows.filter(code=code).first()
    if found is None:
        raise NotFound(refusal, sentence)
    return found


def rows_for(actor: Actor, model: type[M]) -> QuerySet[M]:
    """The rows of this kind at the sites of ``actor``, the latest first."""
    rows = model._default_manager.select_related("site", "visit__patient")
    return access.accessible(rows, actor, VIEW).order_by("-at", "-id")


# --- what the close asks for ------------------------------------------------------------------------------------------


def unreturned(site: Site) -> QuerySet[Luggage]:
    """Luggage that is still in our custody: listed at the close (FD-017)."""
    return Luggage.objects.filter(site=site, state__in=IN_CUSTODY).select_related("site", "visit").order_by("at", "id")


def open_questions(site: Site) -> QuerySet[OpenQuestion]:
    """Questions to doctors that are due by the end of today and whose answer was not brought back: on the list of the
    close (FD-038, GV-036). What was carried over to a later day is not due."""
    end = day_bounds(site, today(site))[1]
    rows = OpenQuestion.objects.filter(site=site, state__in=UNTOLD, due_at__lte=end)
    return rows.select_related("site", "visit", "doctor").order_by("due_at", "id")


def unled(site: Site, day: date) -> QuerySet[Visit]:
    """Guests registered on the site's day whom nobody has led to a room, and who neither rebooked nor left (FD-015)."""
    return (
        reception.registered_on(site, day)
        .filter(led_in_at__isnull=True, ended_at__isnull=True)
        .select_related("site", "patient", "doctor")
        .order_by("registered_at")
    )


# --- guests now ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Guest:
    """Somebody who is here, with everything that the three posts have to know (FD-040)."""

    visit: Visit
    handed: GuestPass | None = None
    ticket: Ticket | None = None
    luggage: list[Luggage] = field(default_factory=list)
    reminders: list[TreatmentReminder] = field(default_factory=list)
    requests: list[SpecialRequest] = field(default_factory=list)
    questions: list[OpenQuestion] = field(default_factory=list)
    steps: set[str] = field(default_factory=set)

    @property
    def is_unseated(self) -> bool:
        """Registered, and nobody has led the guest to a room yet (FD-015)."""
        return self.visit.state in ("registered", "waiting")

    @property
    def offered(self) -> GuestPass | None:
        """The pass that nobody has taken yet."""
        return self.handed if self.handed is not None and self.handed.state == "offered" else None

    @property
    def post(self) -> str:
        """Who has the guest, as far as it was said; "" if nobody said it."""
        taken = self.handed is not None and self.handed.state == "acknowledged"
        return self.handed.get_to_post_display() if taken and self.handed is not None else ""


@dataclass(frozen=True, slots=True)
class Coming:
    """A guest who is booked and not here yet, with the keys of what was prepared (FD-025)."""

    booking: Appointment
    prepared: set[str]


@dataclass(frozen=True, slots=True)
class DoctorLine:
    """A doctor of the site today: resting, free, or with which guest on which chair (FD-020)."""

    doctor: StaffMember
    state: str
    until: datetime | None
    visit: Visit | None
    chair: Chair | None


@dataclass(frozen=True, slots=True)
class Present:
    """The screen "Guests now"."""

    guests: list[Guest]
    leaving: list[Visit]
    coming: list[Coming]
    doctors: list[DoctorLine]
    luggage: list[Luggage]
    questions: list[OpenQuestion]
    requests: list[SpecialRequest]
    opinions: list[Opinion]
    fault: DeviceFault | None


def drawn_from(site: Site) -> list[QuerySet[Any]]:
    """The rows that the board of guests and the waiting numbers are drawn from (``polled``)."""
    day = today(site)
    start, _end = day_bounds(site, day)
    here = {"site": site, "at__gte": start}
    return [
        *reception.drawn_from(site, day),
        GuestPass.objects.filter(**here),
        Ticket.objects.filter(**here),
        TicketCall.objects.filter(ticket__site=site, at__gte=start),
        ServiceStep.objects.filter(**here),
        TreatmentReminder.objects.filter(**here),
        unreturned(site),
        open_questions(site),
        SpecialRequest.objects.filter(site=site, state="open"),
        Opinion.objects.filter(site=site, state="taken"),
        DeviceFault.objects.filter(site=site, state="open"),
    ]


def guests_now(site: Site) -> Present:
    """Who is here with whom, what is open, which doctor is free; the same number of queries for any number of guests."""
    day = today(site)
    people = reception.present(site)
    keys = [one.pk for one in people]
    guests = {one.pk: Guest(one) for one in sorted(people, key=lambda one: (one.arrived_at, one.pk))}
    for handed in GuestPass.objects.filter(visit__in=keys).exclude(state="withdrawn").order_by("at", "id"):
        guests[_key(handed)].handed = handed
    for ticket in Ticket.objects.filter(visit__in=keys):
        guests[_key(ticket)].ticket = ticket
    luggage, questions = list(unreturned(site)), list(open_questions(site))
    requests = list(SpecialRequest.objects.filter(site=site, state="open").order_by("at", "id"))
    reminders = TreatmentReminder.objects.filter(visit__in=keys, state="open")
    for name, rows in (
        ("luggage", luggage),
        ("questions", questions),
        ("requests", requests),
        ("reminders", reminders),
    ):
        for row in rows:
            if row.visit_id in guests:
                getattr(guests[row.visit_id], name).append(row)
    for visit, key in ServiceStep.objects.filter(visit__in=keys).values_list("visit", "item__key"):
        guests[visit].steps.add(key)
    coming = list(expected_on(site, day)[:COMING])
    name_on_the_day(site, coming)
    prepared: dict[int, set[str]] = defaultdict(set)
    ready = ServiceStep.objects.filter(appointment__in=[one.pk for one in coming])
    for booking, key in ready.values_list("appointment", "item__key"):
        prepared[booking].add(key)
    return Present(
        guests=list(guests.values()),
        leaving=to_see_off(site, day),
        coming=[Coming(one, prepared[one.pk]) for one in coming],
        doctors=doctor_lines(site, day, people),
        luggage=luggage,
        questions=questions,
        requests=requests,
        opinions=list(Opinion.objects.filter(site=site, state="taken").order_by("at", "id")),
        fault=DeviceFault.objects.filter(site=site, state="open").first(),
    )


def _key(row: Any) -> int:
    return int(row.visit_id)


def to_see_off(site: Site, day: date) -> list[Visit]:
    """Who has settled today and was not seen off to the door yet (FD-035), the latest first."""
    seen = ServiceStep.objects.filter(site=site, item__key=SEEN_OFF, visit__isnull=False).values("visit")
    rows = reception.on_day(site, day).filter(state__in=("settled", "closed")).exclude(pk__in=seen)
    return list(rows.order_by("-settled_at")[:20])


def doctor_lines(site: Site, day: date, people: Sequence[Visit]) -> list[DoctorLine]:
    """Every doctor of the site with duty, rest and present guest (FD-020); two queries."""
    now = clock.now()
    start, end = day_bounds(site, day)
    shifts: dict[int, list[DutyShift]] = defaultdict(list)
    for shift in shifts_between(site, start, end):
        shifts[shift.staff_id].append(shift)
    inside = {one.doctor_id: one for one in people if one.state in HOLDS_CHAIR}
    return [_doctor_line(doctor, shifts[doctor.pk], inside.get(doctor.pk), now) for doctor in doctors_at(site, day)]


def _doctor_line(doctor: StaffMember, shifts: list[DutyShift], visit: Visit | None, now: datetime) -> DoctorLine:
    present = next((one for one in shifts if one.starts_at <= now < one.ends_at), None)
    working = [one for one in shifts if one.kind != DutyShift.Kind.REST]
    chair = visit.chair if visit is not None else present.chair if present is not None else None
    if visit is not None:
        return DoctorLine(doctor, "with_guest", present.ends_at if present else None, visit, chair)
    if present is not None and present.kind != DutyShift.Kind.REST:
        return DoctorLine(doctor, "free", present.ends_at, None, chair)
    later = next((one for one in working if one.starts_at > now), None)
    if later is not None:
        return DoctorLine(doctor, "later", later.starts_at, None, later.chair)
    return DoctorLine(doctor, "resting" if not working else "gone", None, None, None)


# --- one visit ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CourseStep:
    """A moment of the whole course of a visit: when it happened, or whether it is missing (FD-039)."""

    key: str
    label: str
    at: datetime | None
    is_needed: bool = True

    @property
    def is_missing(self) -> bool:
        """Was it needed and did not happen?"""
        return self.is_needed and self.at is None


@dataclass(frozen=True, slots=True)
class Care:
    """Everything that was done for one guest in one visit."""

    steps: list[ServiceStep]
    introduction: Introduction | None
    passes: list[GuestPass]
    luggage: list[Luggage]
    reminders: list[TreatmentReminder]
    requests: list[SpecialRequest]
    questions: list[OpenQuestion]
    notes: list[ObservationNote]
    ticket: Ticket | None


def care_of(visit: Visit) -> Care:
    """What was kept about ``visit``; what was prepared for its booking belongs to it."""
    mine = Q(visit=visit)
    prepared = mine | Q(appointment=visit.appointment_id) if visit.appointment_id is not None else mine
    return Care(
        steps=list(ServiceStep.objects.filter(prepared).select_related("item").order_by("at", "id")),
        introduction=Introduction.objects.filter(mine).select_related("doctor", "nurse").first(),
        passes=list(GuestPass.objects.filter(mine).order_by("at", "id")),
        luggage=list(Luggage.objects.filter(mine).order_by("at", "id")),
        reminders=list(TreatmentReminder.objects.filter(mine).select_related("site").order_by("at", "id")),
        requests=list(SpecialRequest.objects.filter(mine).order_by("at", "id")),
        questions=list(OpenQuestion.objects.filter(mine).select_related("doctor").order_by("at", "id")),
        notes=list(ObservationNote.objects.filter(mine).order_by("at", "id")),
        ticket=Ticket.objects.filter(mine).first(),
    )


def course(visit: Visit, care: Care) -> list[CourseStep]:
    """The whole course of the service, each moment with its time or as missing (FD-039)."""
    steps = {one.item.key: one.at for one in reversed(care.steps)}
    told = [one.at for one in reception.explanations_of(visit)]
    waits_on = visit.ended_at is None
    return [
        CourseStep("arrived", _("Arrived"), visit.arrived_at),
        CourseStep("water", _("Water offered"), steps.get(WATER)),
        CourseStep("informed", _("Informed of the wait"), visit.announced_at),
        CourseStep(
            "explained", _("Wait explained"), told[0] if told else None, reception.is_unexplained(visit) or bool(told)
        ),
        CourseStep("led_in", _("Led to the room"), visit.led_in_at, waits_on),
        CourseStep(
            "introduced", _("Introduced to the doctor"), care.introduction.at if care.introduction else None, waits_on
        ),
        CourseStep("charged", _("Charged"), visit.charged_at or visit.settled_at, waits_on),
        CourseStep("seen_off", _("Seen off"), steps.get(SEEN_OFF), waits_on),
    ]


def care_items(vertical: str = "", *, moments: Iterable[str] = ()) -> list[CareItem]:
    """What is done and said for guests of a line of business, in its order; one of the line takes the place of the
    general one with its key."""
    rows = CareItem.objects.filter(is_active=True, vertical__in=["", vertical])
    if moments:
        rows = rows.filter(moment__in=list(moments))
    found: dict[str, CareItem] = {}
    for item in rows.order_by("vertical", "order", "key"):
        found[item.key] = item
    return sorted(found.values(), key=lambda one: (one.order, one.key))


def words_for(moment: str, vertical: str = "") -> str:
    """What is said at a moment, in the reader's language; "" if nothing is written."""
    return "\n".join(item.words for item in care_items(vertical, moments=(moment,)) if item.words)


def queue(site: Site) -> list[Ticket]:
    """The numbers of today that were not led in: called first, then waiting, then skipped."""
    order = {"called": 0, "waiting": 1, "skipped": 2}
    rows = Ticket.objects.filter(site=site, day=today(site), state__in=IN_QUEUE).select_related(
        "visit__patient", "site"
    )
    return sorted(rows, key=lambda one: (order[one.state], not one.visit.emergency if one.visit else True, one.number))


# --- the report of times ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Times:
    """How promptly one person registered and seated guests on one day (FD-030): medians in seconds, and n."""

    day: date
    name: str
    registered: int | None
    registered_n: int
    seated: int | None
    seated_n: int


def punctuality(site: Site, first: date, last: date) -> list[Times]:
    """Arrival to registration by who registered, arrival to seat by who led in, per person and day; one query."""
    start, end = day_bounds(site, first)[0], day_bounds(site, last)[1]
    found: dict[tuple[date, int | None, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    rows = QueueEvent.objects.filter(visit__site=site, at__gte=start, at__lt=end, what__in=("registered", "led_in"))
    for what, by, name, at, arrived in rows.values_list("what", "by_id", "by_name", "at", "visit__arrived_at"):
        day = clock.local(at, site.timezone).date()
        found[day, by, name][what].append(int((at - arrived).total_seconds()))
    return [
        Times(day, name, _median(of["registered"]), len(of["registered"]), _median(of["led_in"]), len(of["led_in"]))
        for (day, _by, name), of in sorted(found.items(), key=lambda pair: (pair[0][0], pair[0][2]))
    ]


def _median(seconds: list[int]) -> int | None:
    """The middle, of two middle ones their mean, halves up; None of nothing."""
    if not seconds:
        return None
    ordered, middle = sorted(seconds), len(seconds) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle] + 1) // 2


def service_figures(site: Site, first: date, last: date) -> dict[str, int]:
    """Of the visits that arrived in the period: how many, how many were led to a room, introduced and seen off, and how
    often somebody asked for a price."""
    start, end = day_bounds(site, first)[0], day_bounds(site, last)[1]
    visits = Visit.objects.filter(site=site, arrived_at__gte=start, arrived_at__lt=end)
    off = ServiceStep.objects.filter(visit__in=visits, item__key=SEEN_OFF).values("visit").distinct()
    counted = visits.aggregate(
        visits=Count("pk"),
        registered=Count("pk", filter=Q(registered_at__isnull=False)),
        led_in=Count("pk", filter=Q(led_in_at__isnull=False)),
        unled=Count("pk", filter=Q(registered_at__isnull=False, led_in_at__isnull=True, ended_at__isnull=True)),
    )
    return counted | {
        "introduced": Introduction.objects.filter(visit__in=visits).count(),
        "seen_off": off.count(),
        "price_enquiries": PriceEnquiry.objects.filter(site=site, at__gte=start, at__lt=end).count(),
    }


def advice_due(site: Site) -> QuerySet[AdviceSeeker]:
    """Whom somebody still has to follow up (FD-033), the next due first."""
    return AdviceSeeker.objects.filter(site=site, state="follow_up").order_by("follow_up_on", "id")


def reminders_of(visit_codes: Iterable[UUID | None]) -> QuerySet[TreatmentReminder]:
    """The open reminders of these visits (FD-028)."""
    codes = [code for code in visit_codes if code is not None]
    return TreatmentReminder.objects.filter(visit__code__in=codes, state="open").select_related("site", "visit")


def reminders_at(site: Site) -> list[TreatmentReminder]:
    """The open reminders of the guests who are in the house, the oldest first; one query."""
    rows = TreatmentReminder.objects.filter(site=site, state="open", visit__state__in=reception.HERE)
    return list(rows.select_related("site", "visit__patient").order_by("at", "id"))
