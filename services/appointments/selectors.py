"""Reading bookings: by code, by patient, by day, and what they say about punctuality."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from kernel import access, clock, context
from kernel.context import Actor
from kernel.errors import NotFound
from services.appointments.machine import ACTIVE, AWAITED
from services.appointments.models import (
    Appointment,
    AppointmentCard,
    Assignment,
    Block,
    BookingGroup,
    SpecialistCase,
)
from services.patients.models import Patient
from services.patients.names import let_be_named, shown_name
from services.sites.models import Site
from services.staff.models import StaffMember
from services.staff.selectors import rotation_key
from services.tasks.selectors import Subject

VIEW = "appointments.view"
# Whoever confirms visits and notes who came works with the names of the day.
KEEPS_THE_DAY = ("appointments.confirm", "appointments.attend")
JOINED = ("site", "patient", "doctor", "assistant", "chair__room", "item", "helps", "group")


def appointments_for(actor: Actor) -> QuerySet[Appointment]:
    """The bookings at the sites where ``actor`` may see them."""
    return access.accessible(Appointment.objects.select_related(*JOINED), actor, VIEW)


def access_appointment(actor: Actor, code: UUID) -> Appointment:
    """The booking behind a code from outside. Raises NotFound (``appointment_not_found``)."""
    found = appointments_for(actor).filter(code=code).first()
    if found is None:
        raise NotFound("appointment_not_found", _("There is no such booking."))
    return found


def access_block(actor: Actor, code: UUID) -> Block:
    """The blocked time behind a code from outside. Raises NotFound (``block_not_found``)."""
    found = (
        access.accessible(Block.objects.select_related("site"), actor, "appointments.block").filter(code=code).first()
    )
    if found is None:
        raise NotFound("block_not_found", _("There is no such blocked time."))
    return found


def access_card(actor: Actor, code: UUID) -> AppointmentCard:
    """The appointment card behind a code from outside. Raises NotFound (``card_not_found``)."""
    cards = AppointmentCard.objects.select_related("site", "patient", "doctor", "item", "appointment")
    found = access.accessible(cards, actor, VIEW).filter(code=code).first()
    if found is None:
        raise NotFound("card_not_found", _("There is no such appointment card."))
    return found


def groups_for(actor: Actor) -> QuerySet[BookingGroup]:
    """What was booked together at the sites where ``actor`` may see bookings."""
    return access.accessible(BookingGroup.objects.select_related("site", "contact", "booked_by"), actor, VIEW)


def access_group(actor: Actor, code: UUID) -> BookingGroup:
    """The visits booked together behind a code from outside. Raises NotFound (``group_not_found``)."""
    found = groups_for(actor).filter(code=code).first()
    if found is None:
        raise NotFound("group_not_found", _("There is no such group of visits."))
    return found


def visits_of(group: BookingGroup) -> QuerySet[Appointment]:
    """Every visit of a group, by time."""
    return Appointment.objects.filter(group=group).select_related(*JOINED).order_by("starts_at", "id")


def next_of_patients(patients: Iterable[Patient]) -> dict[int, Appointment]:
    """The next booking of each patient that is still expected, by the patient's key; one query."""
    rows = Appointment.objects.filter(patient__in=list(patients), state__in=AWAITED, starts_at__gt=clock.now())
    found: dict[int, Appointment] = {}
    for row in rows.select_related("doctor", "site").order_by("starts_at"):
        found.setdefault(row.patient_id, row)
    return found


def on_day(site: Site, day: date, *, states: Iterable[str] = ACTIVE) -> QuerySet[Appointment]:
    """The bookings of a site's local day that hold their time."""
    start, end = clock.day_bounds(day, site.timezone)
    return (
        Appointment.objects.filter(site=site, starts_at__gte=start, starts_at__lt=end, state__in=list(states))
        .select_related(*JOINED)
        .order_by("starts_at", "id")
    )


def expected_on(site: Site, day: date) -> QuerySet[Appointment]:
    """Who is booked on the day and not here yet."""
    return on_day(site, day, states=AWAITED)


def of_patient(patient: Patient) -> QuerySet[Appointment]:
    """Every booking of a patient, the newest first."""
    return Appointment.objects.filter(patient=patient).select_related(*JOINED).order_by("-starts_at")


def next_of_patient(patient: Patient, *, after: datetime | None = None) -> Appointment | None:
    """The next booking of a patient that is still expected."""
    rows = Appointment.objects.filter(patient=patient, state__in=AWAITED, starts_at__gt=after or clock.now())
    return rows.select_related(*JOINED).order_by("starts_at").first()


def visit_of_booked_card(appointment: UUID | str) -> UUID | None:
    """The code of the visit whose card was booked with this appointment."""
    return AppointmentCard.objects.filter(appointment__code=appointment).values_list("visit_code", flat=True).first()


def card_of_visit(visit_code: UUID) -> AppointmentCard | None:
    """The card written in a visit."""
    return (
        AppointmentCard.objects.filter(visit_code=visit_code)
        .select_related("doctor", "item", "appointment", "patient", "site")
        .first()
    )


@dataclass(frozen=True, slots=True)
class Habits:
    """How punctual a patient has been (AP-018): kept visits, of them late, moved and missed ones; minutes late on average."""

    kept: int
    late: int
    moved: int
    missed: int
    late_minutes: int


def habits_of(patient: Patient, *, since: datetime | None = None) -> Habits:
    """The patient's habits, from one query over their bookings (of the last year by default)."""
    rows = Appointment.objects.filter(patient=patient, starts_at__lt=clock.now())
    if since is not None:
        rows = rows.filter(starts_at__gte=since)
    values = list(rows.values_list("state", "slot_no", "starts_at", "arrived_at"))
    delays = [int((arrived - start).total_seconds()) for _s, _n, start, arrived in values if arrived is not None]
    late = [seconds for seconds in delays if seconds > 0]
    return Habits(
        kept=len(delays),
        late=len(late),
        moved=sum(slot - 1 for _s, slot, _start, _a in values),
        missed=sum(1 for state, *_rest in values if state == "no_show"),
        late_minutes=sum(late) // 60 // len(late) if late else 0,
    )


@dataclass(frozen=True, slots=True)
class DoctorHabits:
    """How a doctor keeps to the planned units (AP-018): treatments measured, of them overrun, minutes over on average."""

    treated: int
    overrun: int
    over_minutes: int


def doctor_habits(doctor: StaffMember, *, days: int = 90) -> DoctorHabits:
    """The last ``days`` of a doctor, from one query: real length from the chair against the planned one."""
    real = ExpressionWrapper(F("completed_at") - F("began_at"), output_field=DurationField())
    planned = ExpressionWrapper(F("ends_at") - F("starts_at"), output_field=DurationField())
    rows = Appointment.objects.filter(
        doctor=doctor,
        began_at__isnull=False,
        completed_at__isnull=False,
        starts_at__gte=clock.now() - timedelta(days=days),
    ).annotate(real=real, planned=planned)
    found = rows.aggregate(
        treated=Count("pk"),
        overrun=Count("pk", filter=Q(real__gt=F("planned"))),
        over=Sum(
            ExpressionWrapper(F("real") - F("planned"), output_field=DurationField()), filter=Q(real__gt=F("planned"))
        ),
    )
    overrun, over = found["overrun"], found["over"]
    return DoctorHabits(found["treated"], overrun, int(over.total_seconds()) // 60 // overrun if overrun else 0)


def affected(site: Site) -> QuerySet[Appointment]:
    """Bookings that a changed roster left without their doctor and that nobody has told the patient about (AP-020)."""
    return (
        Appointment.objects.filter(site=site, state="affected", affected_acknowledged_at__isnull=True)
        .select_related(*JOINED)
        .order_by("starts_at")
    )


def outcomes_on(site: Site, day: date) -> Mapping[str, int]:
    """How many bookings of the day ended completed, cancelled and as no-show."""
    start, end = clock.day_bounds(day, site.timezone)
    states = Appointment.objects.filter(site=site, starts_at__gte=start, starts_at__lt=end).values_list(
        "state", flat=True
    )
    found = {"completed": 0, "cancelled": 0, "no_show": 0}
    for state in states:
        if state in found:
            found[state] += 1
    return found


def patient_subjects(codes: set[UUID]) -> Mapping[UUID, Subject]:
    """What the inbox calls a patient; a restricted file goes by its number."""
    rows = Patient.objects.filter(code__in=codes).values_list("code", "name", "record_number", "pk", "restricted_until")
    return {
        code: Subject(shown_name(name, key=key, restricted_until=until), number)
        for code, name, number, key, until in rows
    }


def attended(actor: Actor) -> QuerySet[Any, Any]:
    """The restricted files that ``actor`` reads the name of because of a booking of today (``patients.attended``, CR-006):
    the doctor and the assistant of the visit. The desk reads them where it works on the day, see ``name_on_the_day``."""
    start, end = clock.day_bounds(clock.today())
    mine = Q(doctor__user_id=actor.user_id) | Q(assistant__user_id=actor.user_id)
    rows = Appointment.objects.filter(
        mine, starts_at__gte=start, starts_at__lt=end, state__in=ACTIVE, patient__restricted_until__gt=clock.now()
    )
    return rows.order_by().values_list("patient_id")


def keeps_the_day(site: Site) -> bool:
    """Does whoever reads now keep the day's bookings at ``site``, and so read the names of those who come today (CR-006)?"""
    reading = context.reading()
    return reading is None or all(access.holds(reading.actor, word, site=site.code) for word in KEEPS_THE_DAY)


def name_on_the_day(site: Site, rows: Iterable[Appointment]) -> None:
    """Let those of ``rows`` that are of today be named to who keeps the day's bookings at ``site`` (CR-006)."""
    if not keeps_the_day(site):
        return
    start, end = clock.day_bounds(clock.today(site.timezone), site.timezone)
    for row in rows:
        if start <= row.starts_at < end:
            let_be_named(row.patient)


def coming_blocks(site: Site) -> QuerySet[Block]:
    """Times that are kept from being booked, from now on."""
    rows = Block.objects.filter(site=site, removed_at__isnull=True, ends_at__gt=clock.now())
    return rows.select_related("staff", "chair", "by").order_by("starts_at")


def open_cards(site: Site) -> QuerySet[AppointmentCard]:
    """Patients under treatment whose next visit is still to be booked, the most urgent first (AP-015)."""
    rows = AppointmentCard.objects.filter(site=site, state=AppointmentCard.State.OPEN)
    return rows.select_related("patient", "doctor", "item").order_by("latest_on", "written_at")


@dataclass(frozen=True, slots=True)
class Share:
    """How patients came to one doctor in a period: by basis, and together."""

    doctor: StaffMember
    by_basis: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.by_basis.values())

    @property
    def numbers(self) -> list[int]:
        """The numbers by basis, in the order of ``Assignment.Basis``."""
        return [self.by_basis.get(basis, 0) for basis in Assignment.Basis.values]

    @property
    def turns(self) -> int:
        """Those that rotation gave (AP-008)."""
        return self.by_basis.get(Assignment.Basis.ROTATION, 0)


def shares(site: Site, first: date, last: date) -> list[Share]:
    """Assignments of a period by doctor and basis, by staff number; two queries."""
    start, end = clock.day_bounds(first, site.timezone)[0], clock.day_bounds(last, site.timezone)[1]
    rows = (
        Assignment.objects.filter(site=site, at__gte=start, at__lt=end)
        .order_by()
        .values_list("doctor_id", "basis")
        .annotate(n=Count("pk"))
    )
    found: dict[int, dict[str, int]] = {}
    for doctor, basis, number in rows:
        found.setdefault(doctor, {})[basis] = number
    people = StaffMember.objects.in_bulk(found)
    return sorted(
        (Share(people[key], by_basis) for key, by_basis in found.items()), key=lambda one: rotation_key(one.doctor)
    )


def help_given(site: Site, first: date, last: date) -> QuerySet[Assignment]:
    """Who helped whom out in a period, so that the credit of helper and owner stays apart (AP-025)."""
    start, end = clock.day_bounds(first, site.timezone)[0], clock.day_bounds(last, site.timezone)[1]
    helped = (Assignment.Basis.MUTUAL_HELP, Assignment.Basis.SUPERVISOR)
    rows = Assignment.objects.filter(site=site, at__gte=start, at__lt=end, basis__in=helped, owner__isnull=False)
    return rows.select_related("doctor", "owner", "patient", "appointment__item").order_by("-at", "-id")


def assignments_of(appointment: Appointment) -> QuerySet[Assignment]:
    """By which rules a booking came to its doctors, the latest first."""
    return appointment.assignments.select_related("doctor", "owner", "by")


def preparation_of(appointment: Appointment) -> Appointment | None:
    """The visit that prepares this specialist's one, if one is booked."""
    if not appointment.doctor.specialties:
        return None
    rows = Appointment.objects.filter(prepares=appointment).exclude(state__in=("cancelled", "no_show"))
    return rows.select_related("doctor").first()


def specialist_cases(site: Site) -> QuerySet[SpecialistCase]:
    """Who came for an absent or busy specialist, the latest first (AP-021, AP-022)."""
    return SpecialistCase.objects.filter(site=site).select_related("patient", "specialist")


def access_specialist_case(actor: Actor, code: UUID) -> SpecialistCase:
    """The case behind a code from outside. Raises NotFound (``specialist_case_not_found``)."""
    rows = SpecialistCase.objects.select_related("site", "patient", "specialist", "by")
    found = access.accessible(rows, actor, VIEW).filter(code=code).first()
    if found is None:
        raise NotFound("specialist_case_not_found", _("There is no such case."))
    return found
