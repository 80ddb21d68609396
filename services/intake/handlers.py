"""What bookings, visits and the clock do to first-visit forms."""

from __future__ import annotations

from uuid import UUID

from kernel.context import Actor
from kernel.outbox import Event
from kernel.timers.models import Timer
from services.appointments.models import Appointment
from services.intake import actions, handover, selectors
from services.intake.machine import WITH_THE_DESK
from services.intake.models import HandOver, IntakeSheet
from services.reception.models import Visit

CLOCK = Actor.system("timers")
VISITS = Actor.system("visit")
BOOKINGS = Actor.system("booking")


def on_booked(event: Event) -> None:
    """Somebody new is booked where the file begins with the booking (FD-031): their form lies ready."""
    appointment = (
        Appointment.objects.select_related("site", "patient", "item")
        .filter(code=UUID(event.payload["appointment"]), state="booked")
        .first()
    )
    if appointment is None:
        return
    form = selectors.form_in_use(selectors.vertical_of(None, appointment))
    if form is None or not form.at_booking:
        return
    if Visit.objects.filter(patient=appointment.patient).exclude(state__in=selectors.GONE).exists():
        return
    if selectors.latest_of(appointment.patient) is None:
        actions.start_sheet(by=BOOKINGS, site=appointment.site, appointment=appointment)


def on_given_up(event: Event) -> None:
    """The booking was cancelled or nobody came: its form is given up, unless the patient is here all the same."""
    rows = IntakeSheet.objects.filter(
        appointment__code=UUID(event.payload["appointment"]), visit__isnull=True, state__in=WITH_THE_DESK
    )
    for sheet in rows:
        actions.drop_sheet(by=BOOKINGS, sheet=sheet)


def on_registered(event: Event) -> None:
    """Who booked has come: the form that began with the booking belongs to the visit."""
    visit = Visit.objects.select_related("site", "patient").filter(code=UUID(event.payload["visit"])).first()
    if visit is None:
        return
    sheet = selectors.begun(visit.patient, visit=visit, appointment=visit.appointment)
    if sheet is not None:
        actions.attach(by=VISITS, sheet=sheet, visit=visit)


def on_gone(event: Event) -> None:
    """The visitor left unseen or took another time: nobody waits for the form any more."""
    rows = IntakeSheet.objects.filter(visit__code=UUID(event.payload["visit"]), state__in=WITH_THE_DESK)
    for sheet in rows:
        actions.drop_sheet(by=VISITS, sheet=sheet)


def on_hand_over_due(timer: Timer) -> None:
    """The receiver has not confirmed a hand-over in time."""
    given = HandOver.objects.select_related("site", "sheet").filter(code=UUID(timer.key)).first()
    if given is not None:
        handover.note_breach(by=CLOCK, hand_over=given)
