"""Reading bookings: by code, by patient, by day, and what they say about punctuality."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from kernel import access, clock
from kernel.context import Actor
from kernel.errors import NotFound
from services.appointments.machine import ACTIVE, AWAITED
from services.appointments.models import Appointment, AppointmentCard, Block
from services.patients.models import Patient
from services.sites.models import Site
from services.staff.models import StaffMember
from services.tasks.selectors import Subject

VIEW = "appointments.view"
JOINED = ("site", "patient", "doctor", "assistant", "chair__room", "item")


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


def usual_doctor(patient: Patient) -> StaffMember | None:
    """Who treated the patient last (single-doctor principle, AP-007)."""
    last = (
        Appointment.objects.filter(patient=patient, state="completed")
        .select_related("doctor")
        .order_by("-starts_at")
        .first()
    )
    return last.doctor if last is not None else None


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
    """What the inbox calls a patient."""
    rows = Patient.objects.filter(code__in=codes).values_list("code", "name", "record_number")
    return {code: Subject(name, number) for code, name, number in rows}


def coming_blocks(site: Site) -> QuerySet[Block]:
    """Times that are kept from being booked, from now on."""
    rows = Block.objects.filter(site=site, removed_at__isnull=True, ends_at__gt=clock.now())
    return rows.select_related("staff", "chair", "by").order_by("starts_at")


def open_cards(site: Site) -> QuerySet[AppointmentCard]:
    """Patients under treatment whose next visit is still to be booked, the most urgent first (AP-015)."""
    rows = AppointmentCard.objects.filter(site=site, state=AppointmentCard.State.OPEN)
    return rows.select_related("patient", "doctor", "item").order_by("latest_on", "written_at")
