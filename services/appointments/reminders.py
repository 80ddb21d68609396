"""Receipt and confirmation of a booking: planned with it, withdrawn with it, made anew when it moves (AP-012, AP-013, FU-022)."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.utils.translation import gettext_noop

from kernel import calendars, clock, messaging, parameters
from kernel.context import Actor
from kernel.messaging.actions import withdraw
from kernel.messaging.models import Message
from services.appointments.models import Appointment
from services.sites.selectors import weekly_hours
from services.tasks.actions import cancel_task, open_task, settle_task
from services.tasks.models import Task

CONFIRM = "appointments.confirm"
# The patient asked for another time by their link.
ASKED = "appointments.asked_to_move"
ROLES = ("front_desk", "guide", "phone_agent", "customer_service")
ESCALATES_TO = ("supervisor", "clinic_director")
# Asking before this long ago serves nobody: a booking for right now is its own confirmation.
LOOK_BACK_DAYS = 60


def key_of(appointment: Appointment) -> str:
    """The reminder of one slot of one booking: after a move it is another one."""
    return f"{appointment.code}:{appointment.slot_no}"


def confirmation_times(appointment: Appointment) -> tuple[datetime, datetime] | None:
    """(due, escalates) of the confirmation, in UTC; None when the visit is too near to ask.

    Due by the end of the last opening day before the visit (``reminder_lead_days`` of them, ledger 17 P); it escalates
    at noon of the day itself (``reminder_catchup_deadline``), or ``reminder_min_lead`` minutes before the visit if that
    is earlier (FU-002). What is booked after its due time is due when it escalates.
    """
    site, now = appointment.site, clock.now()
    zone = site.timezone
    day = clock.local(appointment.starts_at, zone).date()
    catch_up: time = parameters.value("reminder_catchup_deadline", site=site)
    lead: int = parameters.value("reminder_min_lead", site=site)
    escalates = min(clock.at_local(day, catch_up, zone), appointment.starts_at - timedelta(minutes=lead))
    if escalates <= now:
        return None
    hours = weekly_hours(site, since=day - timedelta(days=LOOK_BACK_DAYS), until=day)
    before = day
    try:
        for _step in range(parameters.value("reminder_lead_days", site=site)):
            before = calendars.last_opening_day_before(hours, before)
        due = calendars.open_spans(hours, before, zone)[-1][1]
    except calendars.NeverOpen:
        due = escalates
    return (due if now < due < escalates else escalates), escalates


def plan(*, by: Actor, appointment: Appointment) -> Task | None:
    """Open the confirmation task of the present slot; asked twice it stays one (FU-022)."""
    times = confirmation_times(appointment)
    if times is None:
        return None
    due, escalates = times
    return open_task(
        by=by,
        kind=CONFIRM,
        key=key_of(appointment),
        room="appointments",
        title=gettext_noop("Confirm the visit of %(subject)s"),
        detail=gettext_noop("%(starts_at)s, %(doctor)s, %(units)s units"),
        args={"starts_at": appointment.starts_at, "doctor": appointment.doctor.name, "units": appointment.units},
        subject=("patient", appointment.patient.code),
        icon="phone",
        due_at=due,
        rank_at=appointment.starts_at,
        escalates_at=escalates,
        escalates_to=ESCALATES_TO,
        roles=ROLES,
        site=appointment.site,
        url=("appointments:appointment", str(appointment.code)),
        closed_in_inbox=False,
    )


def close(*, by: Actor, appointment: Appointment, result: str) -> None:
    """The confirmation brought a result."""
    settle_task(by=by, kind=CONFIRM, key=key_of(appointment), result=result)


def withdraw_for(*, by: Actor, appointment: Appointment, reason: str) -> None:
    """The present slot is given up: nobody asks about it any more, and a receipt that has not left does not leave."""
    cancel_task(by=by, kind=CONFIRM, key=key_of(appointment), reason=reason)
    settle_task(by=by, kind=ASKED, key=key_of(appointment), result=reason)
    withdraw(key=_receipt_key(appointment))


def send_receipt(appointment: Appointment) -> Message | None:
    """Queue the receipt of the present slot, once (AP-012); None for patients without phone or consent."""
    patient, site = appointment.patient, appointment.site
    if not patient.phone or patient.message_consent is False:
        return None
    local = clock.local(appointment.starts_at, site.timezone)
    return messaging.send(
        channel=Message.Channel.SMS,
        to=patient.phone,
        template="booking_receipt",
        context={
            "site": site.name,
            "day": local.date(),
            "time": f"{local:%H:%M}",
            "doctor": appointment.doctor.name,
            "address": site.address,
            "phone": site.phone,
        },
        key=_receipt_key(appointment),
        language=patient.language or None,
    )


def receipt_of(appointment: Appointment) -> Message | None:
    """The receipt of the present slot with its delivery state."""
    return Message.objects.filter(key=_receipt_key(appointment)).first()


def _receipt_key(appointment: Appointment) -> str:
    return f"booking-receipt:{key_of(appointment)}"
