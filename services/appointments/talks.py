"""What is said to a patient around a booking: read back, explained, and where we are (AP-010, AP-011, AP-014, AP-033)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from kernel import audit, clock, messaging
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import RuleRefused
from kernel.messaging.models import Message
from services.appointments import reminders
from services.appointments.models import Appointment, AppointmentCard, Assignment, BookingTalk
from services.patients.models import Patient
from services.policy import gates
from services.staff.selectors import staff_of
from services.tasks.actions import open_task

GATE = "appointments.booking_talk"
RECEIVE = "appointments.note_received"
# What a new patient hears on the phone before the call ends (AP-010); what everybody is told (AP-011).
READ_BACK = {
    "name_read_back": gettext_lazy("name read back"),
    "phone_read_back": gettext_lazy("phone read back"),
    "time_read_back": gettext_lazy("day and time read back"),
    "reminder_told": gettext_lazy("told that we call the day before"),
}
EXPLAINED = {
    "time_explained": gettext_lazy("time explained"),
    "place_explained": gettext_lazy("place explained"),
    "precautions_explained": gettext_lazy("precautions explained"),
}
TICKS = READ_BACK | EXPLAINED
KEPT = ("arrived", "in_service", "completed")
TO_COMPLETE = timedelta(minutes=30)


def is_new(patient: Patient) -> bool:
    """Was the patient never here: no kept booking, no card, no walk-in? Three short queries at most."""
    return not (
        Appointment.objects.filter(patient=patient, state__in=KEPT).exists()
        or AppointmentCard.objects.filter(patient=patient).exists()
        or Assignment.objects.filter(patient=patient, visit_code__isnull=False).exists()
    )


def wanted_of(appointment: Appointment) -> Mapping[str, Promise]:
    """What must be said about this booking, with its words: reading back belongs to new patients on the phone."""
    on_the_phone = appointment.channel == Appointment.Channel.PHONE
    return TICKS if on_the_phone and is_new(appointment.patient) else EXPLAINED


def unsaid(appointment: Appointment) -> Mapping[str, Promise]:
    """What of it nobody has ticked yet, in its order."""
    talk = BookingTalk.objects.filter(appointment=appointment).first()
    return {name: words for name, words in wanted_of(appointment).items() if talk is None or not getattr(talk, name)}


@action(permission="appointments.book")
def note_said(*, by: Actor, appointment: Appointment, said: Iterable[str]) -> BookingTalk:
    """Tick what was read back and explained (AP-010, AP-011). What a new patient on the phone was not told is counted as a
    nudge: the slot is kept first, and the booking shows what is still to be said.

    Raises RuleRefused (``tick_unknown``).
    """
    ticks = set(said)
    if ticks - set(TICKS):
        raise RuleRefused("tick_unknown", _("There is no such tick."), fields={"said": [_("Choose from the list.")]})
    talk, created = BookingTalk.objects.select_for_update().get_or_create(
        appointment=appointment, defaults={"at": clock.now(), "by_id": by.user_id}
    )
    for name in ticks:
        setattr(talk, name, True)
    talk.bump(ticks)
    if created:
        gates.check(GATE, by=by, subject=appointment, ok=not unsaid(appointment), message="")
    audit.record(by=by, verb="appointments.said", target=appointment, site=appointment.site.code, said=sorted(ticks))
    return talk


def text_address(appointment: Appointment) -> Message:
    """Queue where we are, once per slot. The patient asked for it on the phone, which is their consent to this message.

    Raises RuleRefused (``phone_missing``, ``address_missing``).
    """
    patient, site = appointment.patient, appointment.site
    if not patient.phone:
        raise RuleRefused("phone_missing", _("No phone number is known. Tell the address on the phone."))
    if not site.address:
        raise RuleRefused("address_missing", _("The address of the site is not entered. Ask the administrator."))
    return messaging.send(
        channel=Message.Channel.SMS,
        to=patient.phone,
        template="site_address",
        context={"site": site.name, "address": site.address, "phone": site.phone},
        key=f"site-address:{reminders.key_of(appointment)}",
        language=patient.language or None,
    )


def hand_to_site(by: Actor, appointment: Appointment) -> None:
    """Who books for another site than their own hands their notes over: its desk completes the confirmation (AP-033)."""
    booker = staff_of(by)
    if booker is None or booker.home_site_id == appointment.site_id:
        return
    open_task(
        by=by,
        kind=RECEIVE,
        key=str(appointment.code),
        room="appointments",
        title=gettext_noop("Booked for you by %(booker)s: complete the confirmation of %(subject)s"),
        detail=gettext_noop("%(starts_at)s, %(doctor)s; what the patient wishes is written on the booking"),
        args={"booker": booker.name, "starts_at": appointment.starts_at, "doctor": appointment.doctor.name},
        subject=("patient", appointment.patient.code),
        icon="message",
        due_at=min(clock.now() + TO_COMPLETE, appointment.starts_at),
        roles=("front_desk", "guide"),
        escalates_at=min(clock.now() + 4 * TO_COMPLETE, appointment.starts_at),
        escalates_to=reminders.ESCALATES_TO,
        site=appointment.site,
        url=("appointments:appointment", str(appointment.code)),
    )
