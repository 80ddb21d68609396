"""Who learns of a booking: events for other rooms, notes in the inboxes of doctor and assistant."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_noop

from kernel import clock, outbox
from kernel.context import Actor
from services.appointments import reminders
from services.appointments.models import Appointment, AppointmentMove
from services.staff.models import StaffMember
from services.tasks.actions import open_task

TOLD = "appointments.told"


def tell(event: str, appointment: Appointment, **more: Any) -> None:
    """Emit ``event`` about a booking: codes, its day and time, nothing personal."""
    site = appointment.site
    outbox.emit(
        event,
        key=f"appointment:{appointment.code}",
        payload={
            "appointment": str(appointment.code),
            "site": str(site.code),
            "patient": str(appointment.patient.code),
            "doctor": str(appointment.doctor.code),
            "assistant": str(appointment.assistant.code) if appointment.assistant is not None else None,
            "starts_at": appointment.starts_at.isoformat(),
            "day": clock.local(appointment.starts_at, site.timezone).date().isoformat(),
            **more,
        },
    )


def tell_moved(by: Actor, appointment: Appointment, move: AppointmentMove) -> None:
    """Everybody whose day changes learns of the move in their own inbox: who had the booking and who has it now (AP-017)."""
    people = (move.old_doctor, move.old_assistant, move.new_doctor, move.new_assistant)
    for person in {one.pk: one for one in people if one is not None}.values():
        _note(
            by,
            appointment,
            person,
            title=gettext_noop("Visit moved: %(subject)s"),
            detail=gettext_noop("From %(old_at)s, %(old_doctor)s to %(new_at)s, %(new_doctor)s"),
            args={
                "old_at": move.old_starts_at,
                "new_at": move.new_starts_at,
                "old_doctor": move.old_doctor.name,
                "new_doctor": move.new_doctor.name,
            },
            due_at=min(move.old_starts_at, move.new_starts_at),
        )


def tell_wish(by: Actor, appointment: Appointment) -> None:
    """Doctor and assistant learn that the patient wished for somebody like them; the reason is on the booking (AP-023)."""
    for person in (appointment.doctor, appointment.assistant):
        if person is not None:
            _note(
                by,
                appointment,
                person,
                title=gettext_noop("%(subject)s came to you by a wish"),
                detail=gettext_noop("Booked for %(starts_at)s; the reason is written on the booking"),
                args={"starts_at": appointment.starts_at},
                due_at=appointment.starts_at,
                what="wish",
            )


def _note(
    by: Actor,
    appointment: Appointment,
    person: StaffMember,
    *,
    title: str,
    detail: str,
    args: dict[str, Any],
    due_at: Any,
    what: str = "",
) -> None:
    if person.user is None or person.user.pk == by.user_id:
        return
    key = f"{reminders.key_of(appointment)}:{person.number}"
    open_task(
        by=by,
        kind=TOLD,
        key=f"{key}:{what}" if what else key,
        room="appointments",
        title=title,
        detail=detail,
        args=args,
        subject=("patient", appointment.patient.code),
        icon="calendar",
        due_at=due_at,
        assignee=person.user,
        site=appointment.site,
        url=("appointments:appointment", str(appointment.code)),
    )
