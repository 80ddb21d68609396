"""Answering a booking without an account: by a secret address, once, until the visit begins (AP-013).

Whoever has the address learns time, site and the first character of the name, and nothing else.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, messaging
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, NotFound, RuleRefused
from kernel.identity.links import absolute, matches, new_secret, secret_hash
from kernel.messaging.models import Message
from services.appointments import actions, reminders
from services.appointments.models import Appointment, ConfirmationAttempt, ConfirmationLink
from services.tasks.actions import open_task

PURPOSE = "appointment-answer"
ASKED = reminders.ASKED
# Does what the holder of the secret asks for: they have no words of their own.
LINK = Actor.system("confirmation-link")
# With a changed roster the time on the page may be wrong: that is told by a person.
OPEN_STATES = ("booked", "confirmed", "unreachable")


@action(permission="appointments.confirm")
def send_link(*, by: Actor, appointment: Appointment) -> ConfirmationLink:
    """Text the patient the address under which they answer for the present slot. A new one takes the place of one that
    nobody used.

    Raises RuleRefused (``phone_missing``, ``message_not_wanted``), Conflict (``link_useless``) for a visit that is not
    expected any more.
    """
    appointment = actions.lock_appointment(appointment)
    patient, site = appointment.patient, appointment.site
    if appointment.state not in OPEN_STATES or appointment.starts_at <= clock.now():
        raise Conflict("link_useless", _("This visit cannot be answered by a link. Call the patient."))
    if not patient.phone:
        raise RuleRefused("phone_missing", _("No phone number is known."))
    if patient.message_consent is False:
        raise RuleRefused("message_not_wanted", _("This patient does not want messages. Call instead."))
    secret = new_secret()
    unused = ConfirmationLink.objects.filter(appointment=appointment, used_at__isnull=True)
    unused.filter(expires_at__gt=clock.now()).update(expires_at=clock.now())
    link = ConfirmationLink.objects.create(
        appointment=appointment,
        slot_no=appointment.slot_no,
        secret_hash=secret_hash(PURPOSE, secret),
        made_at=clock.now(),
        made_by_id=by.user_id,
        expires_at=appointment.starts_at,
    )
    local = clock.local(appointment.starts_at, site.timezone)
    messaging.send(
        channel=Message.Channel.SMS,
        to=patient.phone,
        template="booking_link",
        context={
            "site": site.name,
            "day": local.date(),
            "time": f"{local:%H:%M}",
            "link": absolute("appointments:answer", link.code, secret),
        },
        key=f"booking-link:{link.code}",
        language=patient.language or None,
    )
    audit.record(by=by, verb="appointments.link_sent", target=appointment, site=site.code)
    return link


def open_link(code: UUID, secret: str) -> ConfirmationLink:
    """The link behind an address, answered or not. Raises NotFound (``link_not_found``): unknown, expired, of a slot that
    was given up, or a visit that is not expected any more; all of them look alike."""
    found = (
        ConfirmationLink.objects.select_related("appointment__site", "appointment__patient").filter(code=code).first()
    )
    if found is None or not matches(PURPOSE, secret, found.secret_hash) or not _leads_somewhere(found):
        raise NotFound("link_not_found", _("This address leads nowhere any more. Please call the clinic."))
    return found


@action(permission=None, reason="the secret of the address is the proof")
def answer_link(*, by: Actor, code: UUID, secret: str, answer: str, half: str = "") -> ConfirmationLink:
    """The patient comes, does not come, or asks for another time (``half`` of the day); once per slot.

    Raises NotFound (``link_not_found``), Conflict (``link_used``), RuleRefused (``answer_unknown``).
    """
    if answer not in ConfirmationLink.Answer.values or half not in ("", *ConfirmationLink.Half.values):
        raise RuleRefused("answer_unknown", _("Please choose one of the answers."))
    actions.lock_appointment(open_link(code, secret).appointment)
    link = open_link(code, secret)
    if link.used_at is not None:
        raise Conflict("link_used", _("You have answered already. Please call the clinic if something changes."))
    appointment = link.appointment
    link.used_at, link.answer, link.half = clock.now(), answer, half if answer == "move" else ""
    link.save(update_fields=["used_at", "answer", "half"])
    if answer == ConfirmationLink.Answer.CONFIRMED:
        sms = ConfirmationAttempt.Channel.SMS
        actions.record_confirmation(by=LINK, appointment=appointment, result="confirmed", channel=sms)
    elif answer == ConfirmationLink.Answer.CANCELLED:
        actions.cancel_appointment(by=LINK, appointment=appointment, reason=_("cancelled by the patient's link"))
    else:
        _ask_for_another_time(link)
    audit.record(
        by=by, verb="appointments.link_answered", target=appointment, site=appointment.site.code, answer=answer
    )
    return link


def masked_name(name: str) -> str:
    """The first character of a name, the rest hidden."""
    return f"{name[:1]}＊＊"


def _leads_somewhere(link: ConfirmationLink) -> bool:
    appointment = link.appointment
    if link.used_at is not None:
        return clock.now() < link.expires_at
    same_slot = link.slot_no == appointment.slot_no and appointment.state in OPEN_STATES
    return same_slot and clock.now() < link.expires_at


def _ask_for_another_time(link: ConfirmationLink) -> None:
    appointment = link.appointment
    due = min(clock.now() + timedelta(hours=2), appointment.starts_at)
    details = {
        "": gettext_noop("Booked for %(starts_at)s with %(doctor)s"),
        "morning": gettext_noop("Booked for %(starts_at)s with %(doctor)s; rather in the morning"),
        "afternoon": gettext_noop("Booked for %(starts_at)s with %(doctor)s; rather in the afternoon"),
    }
    open_task(
        by=LINK,
        kind=ASKED,
        key=reminders.key_of(appointment),
        room="appointments",
        title=gettext_noop("%(subject)s asks for another time: call and move the visit"),
        detail=details[link.half],
        args={"starts_at": appointment.starts_at, "doctor": appointment.doctor.name},
        subject=("patient", appointment.patient.code),
        icon="calendar",
        due_at=due,
        roles=reminders.ROLES,
        escalates_at=due,
        escalates_to=reminders.ESCALATES_TO,
        site=appointment.site,
        url=("appointments:appointment", str(appointment.code)),
        closed_in_inbox=False,
    )


def latest_of(appointment: Appointment) -> ConfirmationLink | None:
    """The link that was sent last for the present slot."""
    return ConfirmationLink.objects.filter(appointment=appointment, slot_no=appointment.slot_no).last()
