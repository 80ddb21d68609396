"""Receipt and confirmation of a booking: planned with it, withdrawn with it, made anew when it moves (AP-012, AP-013, FU-022)."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.utils.translation import gettext_noop

from kernel import calendars, clock, messaging, parameters
from kernel.context import Actor
from kernel.messaging.actions import withdraw
from kernel.messaging.models import Message
from services.appointments.machine import AWAITED
from services.appointments.models import Appointment, BookingGroup
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
    """Open the confirmation task of the present slot, or the one of its group; asked twice it stays one (FU-022)."""
    if appointment.group is not None:
        return plan_group(by=by, group=appointment.group)
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
    """The confirmation brought a result; a group's one is closed when every visit of it has one."""
    settle_task(by=by, kind=CONFIRM, key=key_of(appointment), result=result)
    if appointment.group is not None and all(row.is_confirmed for row in awaited_of(appointment.group)):
        settle_task(by=by, kind=CONFIRM, key=group_key(appointment.group), result=result)


def withdraw_for(*, by: Actor, appointment: Appointment, reason: str, with_group: bool = False) -> None:
    """The present slot is given up: nobody asks about it any more, and a receipt that has not left does not leave.

    What a group was told of it is withdrawn too, unless its whole group goes (``with_group``), which is told once, or
    others of it are still expected on the day somebody did not come.
    """
    cancel_task(by=by, kind=CONFIRM, key=key_of(appointment), reason=reason)
    settle_task(by=by, kind=ASKED, key=key_of(appointment), result=reason)
    if appointment.group is None:
        withdraw(key=_receipt_key(appointment))
        return
    others = any(row.pk != appointment.pk for row in awaited_of(appointment.group))
    if not with_group and (reason != "no_show" or not others):
        withdraw_group(by=by, group=appointment.group, reason=reason)


def send_receipt(appointment: Appointment) -> Message | None:
    """Queue the receipt of the present slot, once (AP-012); None for patients without phone or consent. A group gets one."""
    if appointment.group is not None:
        return send_group_receipt(appointment.group)
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


# --- groups: one receipt and one confirmation for all ----------------------------------------------------------------


def group_key(group: BookingGroup) -> str:
    """What the group was told last: after a change it is something else."""
    return f"group:{group.code}:{group.notice_no}"


def awaited_of(group: BookingGroup) -> list[Appointment]:
    """The visits of a group that are still expected, by time."""
    rows = Appointment.objects.filter(group=group, state__in=AWAITED)
    return list(rows.select_related("site", "patient", "doctor", "chair").order_by("starts_at", "id"))


def plan_group(*, by: Actor, group: BookingGroup) -> Task | None:
    """Open the one confirmation of a group, by its earliest visit; None when nothing is left to ask about."""
    visits = awaited_of(group)
    times = confirmation_times(visits[0]) if visits else None
    if times is None:
        return None
    due, escalates = times
    contact = group.contact
    return open_task(
        by=by,
        kind=CONFIRM,
        key=group_key(group),
        room="appointments",
        title=gettext_noop("Confirm the visits booked together: %(subject)s")
        if contact is not None
        else gettext_noop("Confirm the visits booked together: %(group)s"),
        detail=gettext_noop("%(visits)s visits, the first one %(starts_at)s"),
        args={"starts_at": visits[0].starts_at, "visits": len(visits), "group": group.name},
        subject=("patient", contact.code) if contact is not None else None,
        icon="phone",
        due_at=due,
        rank_at=visits[0].starts_at,
        escalates_at=escalates,
        escalates_to=ESCALATES_TO,
        roles=ROLES,
        site=group.site,
        url=("appointments:group", str(group.code)),
        closed_in_inbox=False,
    )


def withdraw_group(*, by: Actor, group: BookingGroup, reason: str) -> None:
    """What the group was told no longer holds: the confirmation goes, and a receipt that has not left does not leave."""
    group.refresh_from_db(fields=["notice_no", "version"], from_queryset=BookingGroup.objects.select_for_update())
    cancel_task(by=by, kind=CONFIRM, key=group_key(group), reason=reason)
    withdraw(key=_group_receipt_key(group))
    group.notice_no += 1
    group.bump({"notice_no"})


def send_group_receipt(group: BookingGroup) -> Message | None:
    """Queue one receipt that lists the visits of a group, to its contact (AP-012); None without phone or consent."""
    contact, site = group.contact, group.site
    phone = contact.phone if contact is not None else group.contact_phone
    visits = awaited_of(group)
    if not visits or not phone or (contact is not None and contact.message_consent is False):
        return None
    return messaging.send(
        channel=Message.Channel.SMS,
        to=phone,
        template="group_receipt",
        context={
            "site": site.name,
            "visits": [
                {
                    "at": f"{clock.local(row.starts_at, site.timezone):%Y-%m-%d %H:%M}",
                    "patient": row.patient.name,
                    "doctor": row.doctor.name,
                }
                for row in visits
            ],
            "address": site.address,
            "phone": site.phone,
        },
        key=_group_receipt_key(group),
        language=(contact.language or None) if contact is not None else None,
    )


def group_receipt_of(group: BookingGroup) -> Message | None:
    """The receipt of what the group was told last, with its delivery state."""
    return Message.objects.filter(key=_group_receipt_key(group)).first()


def _group_receipt_key(group: BookingGroup) -> str:
    return f"booking-receipt:{group_key(group)}"


def _receipt_key(appointment: Appointment) -> str:
    if appointment.group is not None:
        return _group_receipt_key(appointment.group)
    return f"booking-receipt:{key_of(appointment)}"
