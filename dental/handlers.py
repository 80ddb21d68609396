"""What the clock and the book of appointments do to models, and to the search for a specialist's time."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from dental import health, lab
from dental.classes import ORTHODONTIST, SPECIALIST_SLOT
from dental.models import LabModel, VisitClass
from dental.selectors import MODEL_JOINED
from kernel import clock
from kernel.context import Actor
from kernel.outbox import Event
from services.intake.models import IntakeSheet
from services.intake.selectors import answers_of
from services.reception.models import Visit
from services.staff.models import StaffMember
from services.tasks.actions import settle_task

MORNING = Actor.system("morning-check")
BOOK = Actor.system("bookings")
FORM = Actor.system("first-visit")
LOOK_BACK = timedelta(days=60)


def models_due(day: date) -> None:
    """Every morning: what is overdue at the laboratory, and what is not ready for a fitting that comes near (DE-020)."""
    for model in LabModel.objects.exclude(state__in=("checked", "fitted")).select_related(*MODEL_JOINED):
        lab.watch(by=MORNING, model=model)


def on_booking_given_up(event: Event) -> None:
    """A fitting that was cancelled or missed: its models wait for another booking."""
    lab.release_fitting(by=BOOK, appointment=UUID(event.payload["appointment"]))


def on_booking_moved(event: Event) -> None:
    """A fitting that was moved nearer may have become too near."""
    rows = LabModel.objects.filter(appointment__code=event.payload["appointment"]).exclude(state="fitted")
    for model in rows.select_related(*MODEL_JOINED):
        lab.watch(by=BOOK, model=model)


def on_booked(event: Event) -> None:
    """A time with the orthodontist ends the search for one (DE-007)."""
    doctor = StaffMember.objects.filter(code=event.payload["doctor"]).first()
    if doctor is None or ORTHODONTIST not in doctor.specialties:
        return
    visits = Visit.objects.filter(
        patient__code=event.payload["patient"],
        visit_class=VisitClass.ORTHODONTIC,
        arrived_at__gte=clock.now() - LOOK_BACK,
    )
    for code in visits.values_list("code", flat=True):
        settle_task(by=BOOK, kind=SPECIALIST_SLOT, key=str(code), result="booked")


def on_first_visit_checked(event: Event) -> None:
    """The enquiry of a first visit asks about health too: its answers are the sheet that dentists read, and nobody asks
    twice (FD-007, DE-014)."""
    sheet = IntakeSheet.objects.select_related("site", "patient", "form", "visit").get(code=event.payload["sheet"])
    if sheet.vertical != "dental":
        return
    said = answers_of(sheet)
    asked = health.questions_for(sheet.patient)
    if set(asked) - set(said):
        return  # a form of the tenant's own that leaves questions out is no complete sheet
    health.record_questionnaire(
        by=FORM,
        site=sheet.site,
        patient=sheet.patient,
        answers={key: said[key]["words"] if said[key]["value"] == "yes" else None for key in asked},
        visit_code=sheet.visit.code if sheet.visit is not None else None,
        asked_by=sheet.checked_by_name,
    )
