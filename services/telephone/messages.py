"""Messages for colleagues: taken, passed on, acknowledged by who they are for, settled with a reply."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, outbox, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import RuleRefused
from services.patients.models import Patient, Sex
from services.sites.models import Site
from services.staff.models import StaffMember
from services.tasks.actions import open_task, settle_task
from services.telephone import promises
from services.telephone.callers import Caller, read_caller, require_phone
from services.telephone.machines import MESSAGE
from services.telephone.models import Call, MessageSlip

TASK = "telephone.message"
SUPERIORS = ("supervisor", "service_supervisor", "duty_superior")


@action(permission="telephone.log")
def take_message(
    *,
    by: Actor,
    site: Site,
    recipient: StaffMember,
    matter: str,
    caller_name: str = "",
    caller_sex: str = "",
    phone: str = "",
    patient: Patient | None = None,
    call: Call | None = None,
) -> MessageSlip:
    """Write a slip for ``recipient`` and lay it into their inbox, due after ``message_minutes`` (TC-006, TC-007).

    Raises RuleRefused (``recipient_without_inbox``, ``name_missing``, ``sex_missing``, ``phone_missing``,
    ``phone_invalid``, ``matter_missing``).
    """
    caller = read_caller(name=caller_name, sex=caller_sex, phone=phone, patient=patient)
    _refuse_gaps(caller, recipient, matter)
    now = clock.now()
    slip = MessageSlip.objects.create(
        site=site,
        call=call,
        patient=caller.patient,
        recipient=recipient,
        caller_name=caller.name,
        caller_sex=caller.sex,
        phone=caller.phone,
        matter=matter.strip(),
        taken_at=now,
        taken_by_id=by.user_id,
        taken_by_name=by.name,
    )
    due = now + timedelta(minutes=parameters.value("message_minutes", site=site))
    open_task(
        by=by,
        kind=TASK,
        key=str(slip.code),
        room="telephone",
        title=gettext_noop("A message for you"),
        detail=gettext_noop("Taken %(taken_at)s"),
        args={"taken_at": now},
        subject=("patient", caller.patient.code) if caller.patient is not None else None,
        icon="message",
        due_at=due,
        assignee=recipient.user,
        site=site,
        escalates_at=due,
        escalates_to=SUPERIORS,
        url=("telephone:message", str(slip.code)),
        closed_in_inbox=False,
    )
    audit.record(by=by, verb="telephone.message_taken", target=slip, site=site.code, recipient=str(recipient.code))
    return slip


@action(permission="telephone.log")
def deliver_message(*, by: Actor, slip: MessageSlip) -> MessageSlip:
    """Note that it was passed on by word of mouth or by phone. Raises Conflict (``invalid_transition``)."""
    MESSAGE.move(slip, "delivered", by=by)
    return slip


@action(permission="telephone.receive")
def acknowledge_message(*, by: Actor, slip: MessageSlip) -> MessageSlip:
    """It has reached who it is for. Raises Forbidden (``slip_not_yours``), Conflict (``invalid_transition``)."""
    MESSAGE.move(slip, "acknowledged", by=by)
    settle_task(by=by, kind=TASK, key=str(slip.code), result="acknowledged")
    return slip


@action(permission="telephone.receive")
def close_message(*, by: Actor, slip: MessageSlip, reply: str = "") -> MessageSlip:
    """The matter is settled. A ``reply`` for the caller is owed to them from now on, by who took the message (TC-032).

    Raises Forbidden (``slip_not_yours``), Conflict (``invalid_transition``).
    """
    MESSAGE.move(slip, "closed", by=by, reply=reply.strip())
    if reply.strip():
        promises.owe_reply(by=by, slip=slip, reply=reply.strip())
    outbox.emit(
        "telephone.message_closed",
        key=str(slip.code),
        payload={"message": str(slip.code), "site": str(slip.site.code)},
    )
    return slip


def _refuse_gaps(caller: Caller, recipient: StaffMember, matter: str) -> None:
    if recipient.user is None or not recipient.user.is_active:
        sentence = _("This person has no inbox. Choose somebody who can tell them, for example their superior.")
        raise RuleRefused("recipient_without_inbox", sentence, fields={"recipient": [sentence]})
    if not caller.name:
        raise RuleRefused("name_missing", _("Who calls?"), fields={"caller_name": [_("Required")]})
    if caller.sex not in Sex.values:
        raise RuleRefused(
            "sex_missing", _("Choose how the caller is addressed."), fields={"caller_sex": [_("Required")]}
        )
    require_phone(caller)
    if not matter.strip():
        raise RuleRefused("matter_missing", _("Write what it is about."), fields={"summary": [_("Required")]})
