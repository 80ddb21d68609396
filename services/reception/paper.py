"""Visits from paper: the one place where moments of a visit are not the clock's. For declared outages only.

``services.outage`` calls it and checks the window; the live steps know no edited times (QU-004).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from itertools import pairwise

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from kernel import clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, NotFound, RuleRefused
from services.appointments import actions as bookings
from services.appointments.models import Appointment
from services.patients.models import Patient
from services.reception import waits
from services.reception.actions import UNIQUE_VIOLATION, tell
from services.reception.machine import HOLDS_CHAIR, UNSEEN
from services.reception.models import QueueEvent, Visit
from services.sites.models import Chair, Site
from services.staff.models import StaffMember


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperTimes:
    """What stands on the sheet, in the order of the day. Each but the first may be missing when all after it are."""

    arrived: datetime
    registered: datetime | None = None
    led_in: datetime | None = None
    finished: datetime | None = None
    left: datetime | None = None

    def given(self) -> list[tuple[str, datetime]]:
        """The times that are there, by name and in order."""
        return [(one.name, getattr(self, one.name)) for one in fields(self) if getattr(self, one.name) is not None]


@action(permission="outage.enter")
def enter(
    *,
    by: Actor,
    site: Site,
    times: PaperTimes,
    patient: Patient | None = None,
    appointment: Appointment | None = None,
    doctor: StaffMember | None = None,
    chair: Chair | None = None,
    announced_minutes: int | None = None,
) -> Visit:
    """A visit as the paper tells it, as far as it went; what is still to come goes on live.

    Raises RuleRefused (``nobody_arrived``, ``doctor_missing``, ``times_out_of_order``, ``time_missing``,
    ``time_in_future``, ``chair_missing``), NotFound, Conflict (``already_here``, ``chair_not_free``, and
    ``invalid_transition`` for a booking that is not expected).
    """
    if appointment is not None:
        if appointment.site_id != site.pk:
            raise NotFound("appointment_not_found", _("There is no such booking here."))
        patient, doctor, chair = appointment.patient, doctor or appointment.doctor, chair or appointment.chair
    if patient is None:
        raise RuleRefused("nobody_arrived", _("Choose the patient who is here."), fields={"patient": [_("Required")]})
    if doctor is None:
        raise RuleRefused("doctor_missing", _("Choose who sees the patient."), fields={"doctor": [_("Required")]})
    if chair is not None and chair.site_id != site.pk:
        raise NotFound("chair_not_found", _("There is no such chair here."))
    _refuse_impossible(times)
    if times.led_in is not None and chair is None:
        raise RuleRefused("chair_missing", _("Choose a chair."), fields={"chair": [_("Choose a chair.")]})
    # Two desks that enter the same sheet: the second one finds the first one's visit.
    Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    last = times.given()[-1][0]
    same = Visit.objects.filter(site=site, patient=patient, arrived_at=times.arrived)
    if same.exists() or (
        last != "left" and Visit.objects.filter(site=site, patient=patient, state__in=(*UNSEEN, *HOLDS_CHAIR)).exists()
    ):
        raise Conflict("already_here", _("This patient is here already."))
    if appointment is not None:
        appointment = bookings.mark_arrived(by=Actor.system("visit"), appointment=appointment)
    visit = _kept(
        Visit(
            site=site,
            patient=patient,
            appointment=appointment,
            doctor=doctor,
            chair=chair if times.led_in is not None else None,
            vertical=(appointment.item.vertical if appointment and appointment.item else "") or waits.only_vertical(),
            is_first=not Visit.objects.filter(patient=patient).exclude(state__in=("rebooked", "left_unseen")).exists(),
            visit_class=appointment.visit_class if appointment else "",
            complaint=appointment.complaint if appointment else "",
            state=last,
            arrived_at=times.arrived,
            registered_at=times.registered,
            registered_by_id=by.user_id if times.registered else None,
            announced_wait_minutes=announced_minutes,
            announced_at=times.registered if announced_minutes is not None else None,
            led_in_at=times.led_in,
            in_chair_at=times.led_in if times.finished else None,
            finished_at=times.finished,
            left_at=times.left,
        )
    )
    for what, at in times.given():
        QueueEvent.objects.create(
            visit=visit, at=at, what=what, by_id=by.user_id, by_name=by.name,
            data={"paper": True, "entered_at": clock.now().isoformat()},
        )  # fmt: skip
    if appointment is not None and times.left is not None:
        bookings.mark_in_service(by=Actor.system("visit"), appointment=appointment)
        bookings.mark_completed(by=Actor.system("visit"), appointment=appointment)
    _tell_rooms(visit)
    return visit


def _tell_rooms(visit: Visit) -> None:
    """Other rooms hear of the steps that they plan from."""
    if visit.registered_at is not None:
        tell("visit.registered", visit)
    if visit.left_at is not None:
        tell("visit.left", visit)


def _kept(visit: Visit) -> Visit:
    try:
        with transaction.atomic():
            visit.save()
    except IntegrityError as error:
        if getattr(error.__cause__, "sqlstate", None) != UNIQUE_VIOLATION:
            raise
        raise Conflict("chair_not_free", _("The chair is taken by another guest.")) from error
    return visit


def _refuse_impossible(times: PaperTimes) -> None:
    given = times.given()
    names = [one.name for one in fields(times)]
    missing = [name for name in names[: names.index(given[-1][0])] if getattr(times, name) is None]
    if missing:
        sentence = _("A time before it is missing.")
        raise RuleRefused("time_missing", sentence, fields={name: [sentence] for name in missing})
    for (_before, earlier), (name, later) in pairwise(given):
        if later < earlier:
            sentence = _("The times are not in the order of the visit.")
            raise RuleRefused("times_out_of_order", sentence, fields={name: [sentence]})
    if given[-1][1] > clock.now():
        sentence = _("This time has not come yet.")
        raise RuleRefused("time_in_future", sentence, fields={given[-1][0]: [sentence]})
