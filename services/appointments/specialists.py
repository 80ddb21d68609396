"""Patients who come for a specialist: absent, busy, or to be prepared first by another doctor (AP-021, AP-022, AP-026)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from services.appointments import reminders
from services.appointments.actions import book_appointment, lock_appointment
from services.appointments.machine import AWAITED
from services.appointments.models import Appointment, SpecialistCase
from services.catalogue.models import Item
from services.patients.models import Patient
from services.sites.models import Site
from services.staff.models import StaffMember
from services.staff.selectors import is_on_duty, rest_returns_on, shifts_between
from services.tasks.actions import open_task

BACK = "appointments.specialist_back"
WAITS = "appointments.specialist_awaited"
# Tasks that are a call to a patient: they stand in the list of calls too (FU-019).
CALL_BACKS = (BACK,)


@action(permission="appointments.book")
def note_absent_specialist(
    *, by: Actor, site: Site, patient: Patient, specialist: StaffMember, purpose: str
) -> SpecialistCase:
    """The specialist is not here: keep what the patient came for, and call on the day of the return (AP-021).

    Raises RuleRefused (``purpose_missing``, ``specialist_is_here``, ``specialist_return_unknown``).
    """
    _refuse_without_purpose(purpose)
    now = clock.now()
    if is_on_duty(specialist, site, now, now + timedelta(minutes=1)):
        raise RuleRefused(
            "specialist_is_here",
            _("%(name)s is on duty now. Ask how long the wait will be.") % {"name": specialist.name},
        )
    back_on = rest_returns_on(specialist, site, clock.local(now, site.timezone).date())
    if back_on is None:
        raise RuleRefused(
            "specialist_return_unknown",
            _("The roster does not say when %(name)s is back. Plan the roster first, or offer another doctor.")
            % {"name": specialist.name},
        )
    case = SpecialistCase.objects.create(
        kind=SpecialistCase.Kind.ABSENT, site=site, patient=patient, specialist=specialist, purpose=purpose.strip(),
        back_on=back_on, at=now, by_id=by.user_id,
    )  # fmt: skip
    start, end = clock.day_bounds(back_on, site.timezone)
    first = shifts_between(site, start, end).filter(staff=specialist).exclude(kind="rest").first()
    due = first.starts_at if first is not None else start
    open_task(
        by=by,
        kind=BACK,
        key=str(case.code),
        room="appointments",
        title=gettext_noop("%(specialist)s is back: ask %(subject)s to come"),
        detail=gettext_noop("Came in vain on %(came_at)s"),
        args={"specialist": specialist.name, "came_at": now},
        subject=("patient", patient.code),
        icon="phone",
        due_at=due,
        roles=reminders.ROLES,
        escalates_at=due + timedelta(hours=4),
        escalates_to=reminders.ESCALATES_TO,
        site=site,
        url=("appointments:specialist-case", str(case.code)),
    )
    audit.record(by=by, verb="appointments.specialist_absent", target=case, site=site.code)
    return case


@action(permission="appointments.book")
def note_busy_specialist(
    *,
    by: Actor,
    site: Site,
    patient: Patient,
    specialist: StaffMember,
    purpose: str,
    informed: bool = False,
    estimated_minutes: int | None = None,
    opinion: str = "",
) -> SpecialistCase:
    """The specialist is busy: purpose, that the specialist knows, the estimated wait, and what the patient says to it; all
    four are kept or nothing (AP-022).

    Raises RuleRefused (``purpose_missing``, ``specialist_case_incomplete``).
    """
    _refuse_without_purpose(purpose)
    missing = {
        "informed": not informed,
        "estimated_minutes": estimated_minutes is None,
        "opinion": opinion not in SpecialistCase.Opinion.values,
    }
    if any(missing.values()):
        raise RuleRefused(
            "specialist_case_incomplete",
            _("Inform %(name)s, ask for the wait, and ask the patient: all of it is written down.")
            % {"name": specialist.name},
            fields={name: [_("Required")] for name, lacks in missing.items() if lacks},
        )
    case = SpecialistCase.objects.create(
        kind=SpecialistCase.Kind.BUSY, site=site, patient=patient, specialist=specialist, purpose=purpose.strip(),
        informed_at=clock.now(), estimated_minutes=estimated_minutes, opinion=opinion, at=clock.now(), by_id=by.user_id,
    )  # fmt: skip
    if specialist.user is not None and opinion == SpecialistCase.Opinion.WAIT:
        open_task(
            by=by,
            kind=WAITS,
            key=str(case.code),
            room="appointments",
            title=gettext_noop("%(subject)s waits for you"),
            detail=gettext_noop("Told to wait %(minutes)s minutes"),
            args={"minutes": estimated_minutes},
            subject=("patient", patient.code),
            icon="clock",
            due_at=clock.now() + timedelta(minutes=estimated_minutes or 0),
            assignee=specialist.user,
            site=site,
            url=("appointments:specialist-case", str(case.code)),
        )
    audit.record(by=by, verb="appointments.specialist_busy", target=case, site=site.code)
    return case


@action(permission="appointments.book")
def book_preparation(
    *,
    by: Actor,
    site: Site,
    appointment: Appointment,
    starts_at: datetime,
    doctor: StaffMember,
    units: int | None = None,
    item: Item | None = None,
    channel: str = Appointment.Channel.PHONE,
) -> Appointment:
    """Book the preliminary examination and preparation that comes before the specialist's visit ``appointment``, with
    another doctor (AP-026, AP-027).

    Raises RuleRefused (``not_a_specialist``, ``preparation_by_the_specialist``, ``preparation_too_late``), Conflict
    (``preparation_booked``, ``invalid_transition``) and whatever ``book_appointment`` refuses.
    """
    appointment = lock_appointment(appointment)
    if appointment.state not in AWAITED:
        raise Conflict("invalid_transition", _("This visit has begun or ended."), state=appointment.state)
    if not appointment.doctor.specialties:
        raise RuleRefused("not_a_specialist", _("%(name)s is no specialist.") % {"name": appointment.doctor.name})
    if doctor.pk == appointment.doctor_id:
        raise RuleRefused(
            "preparation_by_the_specialist",
            _("Another doctor examines first; the specialist comes after that."),
            fields={"doctor": [_("Choose another doctor.")]},
        )
    if Appointment.objects.filter(prepares=appointment).exclude(state__in=("cancelled", "no_show")).exists():
        raise Conflict("preparation_booked", _("The preparation of this visit is booked already."))
    Appointment.objects.filter(prepares=appointment).update(prepares=None)
    booked = book_appointment(
        by=by, site=site, patient=appointment.patient, doctor=doctor, starts_at=starts_at, units=units, item=item,
        channel=channel, deviation="referral",
    )  # fmt: skip
    if booked.ends_at > appointment.starts_at:
        raise RuleRefused(
            "preparation_too_late",
            _("The preparation must be over before the specialist's visit begins."),
            fields={"starts_at": [_("Choose an earlier time.")]},
        )
    booked.prepares = appointment
    booked.save(update_fields=["prepares"])
    return booked


def _refuse_without_purpose(purpose: str) -> None:
    if not purpose.strip():
        raise RuleRefused(
            "purpose_missing",
            _("Ask what the patient comes for and write it down."),
            fields={"purpose": [_("Required")]},
        )
