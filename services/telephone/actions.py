"""Logging calls and marking numbers that only disturb. Messages, promises and scripts have files of their own."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from kernel import audit, clock, outbox
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from services.patients.models import Patient
from services.sites.models import Site
from services.staff.models import StaffMember
from services.telephone import handling, messages, phrases, promises
from services.telephone.callers import Caller, is_nuisance, phone_of, read_caller, require_full_name, require_phone
from services.telephone.models import (
    OWES,
    SPEECHLESS,
    Call,
    CourtesyCall,
    NuisanceNumber,
    Outcome,
    Promise,
    Purpose,
    Way,
)

# Whoever writes a call down later than this has a clock that is wrong.
LONGEST_CALL = timedelta(hours=12)
MOST_RINGS = 60
PROMISE_OF = {
    Outcome.WILL_CALL_BACK: Promise.Kind.QUESTION,
    Outcome.FORWARDED: Promise.Kind.REQUEST,
    Outcome.PROMISED: Promise.Kind.COMMITMENT,
}


@action(permission="telephone.log")
def log_call(
    *,
    by: Actor,
    site: Site,
    direction: str,
    purpose: str,
    outcome: str,
    started_at: datetime | None = None,
    caller_name: str = "",
    caller_sex: str = "",
    phone: str = "",
    summary: str = "",
    patient: Patient | None = None,
    rings: int | None = None,
    read_back: bool = False,
    recipient: StaffMember | None = None,
    reachable: str = "",
    alternative: str = "",
    due_at: datetime | None = None,
    way: str = "",
    consulted: StaffMember | None = None,
    serious: bool = False,
    suggestion: str = "",
    courtesy: CourtesyCall | None = None,
) -> Call:
    """Write a call down (TC-001) together with what it leads to: a message, a call-back, a forwarded request, a promise.

    Either all of it is stored or nothing: "will call back" without a full name and a phone is refused (TC-012), a
    booking needs name and phone read back (TC-023). Silent and nuisance calls need no words; a nuisance call marks its
    number, unless a patient has it (TC-021). ``started_at`` defaults to now.

    A question does not just end: it was answered (``way``: by oneself, by the doctor ``consulted``, or by inviting the
    caller to the clinic), or it has a next step (TC-009). A complaint that is not resolved on the phone is forwarded to
    the director; a ``serious`` one reaches the dean at once (TC-010). A ``suggestion`` goes to the department (TC-015).
    Outgoing greetings are made where a superior ordered them (``courtesy``, TC-031).

    Raises RuleRefused (``purpose_unknown``, ``outcome_unknown``, ``outcome_not_possible``, ``summary_missing``,
    ``read_back_missing``, ``time_impossible``, ``recipient_missing``, ``question_without_next_step``,
    ``consulted_missing``, ``invitation_without_booking``, ``complaint_unresolved``, ``serious_without_complaint``,
    ``courtesy_not_ordered`` and what messages and promises refuse).
    """
    caller = read_caller(name=caller_name, sex=caller_sex, phone=phone, patient=patient)
    now = clock.now()
    began = started_at or now
    _refuse_impossible(direction, purpose, outcome, began, now, rings)
    _refuse_gaps(caller, purpose, outcome, summary=summary, read_back=read_back, recipient=recipient)
    way = handling.way_of(purpose, outcome, way, consulted)
    handling.refuse_unresolved(caller, purpose, outcome, serious)
    if direction == Call.Direction.OUT and purpose == Purpose.GREETING and courtesy is None:
        sentence = _("Greetings are called where a superior ordered them. Open the list of the order.")
        raise RuleRefused("courtesy_not_ordered", sentence, fields={"purpose": [sentence]})
    call = Call.objects.create(
        site=site,
        started_at=began,
        logged_at=now,
        direction=direction,
        purpose=purpose,
        outcome=outcome,
        caller_name=caller.name,
        caller_sex=caller.sex,
        phone=caller.phone,
        patient=caller.patient,
        handler_id=by.user_id,
        handler_name=by.name,
        summary=summary.strip(),
        rings=rings,
        read_back=read_back,
        way=way,
        consulted=consulted if way == Way.DOCTOR else None,
        serious=serious,
    )
    who: dict[str, Any] = {"by": by, "site": site, "phone": caller.phone, "patient": caller.patient, "call": call}
    if recipient is not None and outcome == Outcome.MESSAGE:
        messages.take_message(
            recipient=recipient, caller_name=caller.name, caller_sex=caller.sex, matter=summary, **who
        )
    elif outcome in OWES:
        promises.make_promise(
            kind=PROMISE_OF[Outcome(outcome)], customer_name=caller.name, matter=summary, reachable=reachable,
            alternative=alternative, due_at=due_at, **who,
        )  # fmt: skip
    if serious:
        handling.tell_dean(by, call)
    if suggestion.strip():
        handling.forward_suggestion(by, call, suggestion.strip())
    if purpose == Purpose.NUISANCE and caller.phone and not _is_a_patients(caller.phone):
        _mark(by, caller.phone, summary.strip() or _("nuisance call"))
    phrases.nudge(by=by, subject=call, texts=(summary, alternative))
    audit.record(by=by, verb="telephone.call_logged", target=call, site=site.code, purpose=purpose, outcome=outcome)
    payload = {"call": str(call.code), "site": str(site.code), "purpose": purpose, "outcome": outcome}
    if caller.patient is not None:
        payload["patient"] = str(caller.patient.code)
    outbox.emit("telephone.call_logged", key=str(call.code), payload=payload)
    return call


@action(permission="telephone.log")
def mark_nuisance(*, by: Actor, phone: str, reason: str) -> NuisanceNumber:
    """Mark a number that only disturbs; who answers it sees the mark while typing (TC-021).

    Raises RuleRefused (``phone_missing``, ``phone_invalid``, ``reason_missing``, ``number_of_a_patient``), Conflict
    (``already_marked``).
    """
    number = phone_of(phone)
    require_phone(Caller(phone=number))
    if not reason.strip():
        raise RuleRefused("reason_missing", _("Say why."), fields={"reason": [_("Required")]})
    if _is_a_patients(number):
        sentence = _("This is the number of a patient. A complaint is no nuisance: write it down as one.")
        raise RuleRefused("number_of_a_patient", sentence, fields={"phone": [sentence]})
    marked = _mark(by, number, reason.strip())
    if marked is None:
        raise Conflict("already_marked", _("This number is marked already."))
    return marked


@action(permission="telephone.manage")
def lift_nuisance(*, by: Actor, number: NuisanceNumber) -> NuisanceNumber:
    """Take the mark off. Raises Conflict (``already_lifted``)."""
    number = NuisanceNumber.objects.select_for_update().get(pk=number.pk)
    if number.lifted_at is not None:
        raise Conflict("already_lifted", _("The mark was taken off already."))
    number.lifted_at, number.lifted_by_name = clock.now(), by.name
    number.bump({"lifted_at", "lifted_by_name"})
    audit.record(by=by, verb="telephone.nuisance_lifted", target=number)
    return number


def _mark(by: Actor, number: str, reason: str) -> NuisanceNumber | None:
    """The new mark; None for a number that has one, also when somebody else sets it at this moment."""
    if is_nuisance(number):
        return None
    try:
        with transaction.atomic():
            marked = NuisanceNumber.objects.create(
                phone=number, reason=reason[:120], marked_at=clock.now(), marked_by_name=by.name
            )
    except IntegrityError:
        return None
    audit.record(by=by, verb="telephone.nuisance_marked", target=marked)
    return marked


def _is_a_patients(phone: str) -> bool:
    return Patient.objects.filter(phone_index__marks=phone).exists()


def _refuse_impossible(
    direction: str, purpose: str, outcome: str, began: datetime, now: datetime, rings: int | None
) -> None:
    if direction not in Call.Direction.values:
        raise RuleRefused("direction_unknown", _("Incoming or outgoing?"), fields={"direction": [_("Required")]})
    if purpose not in Purpose.values:
        raise RuleRefused("purpose_unknown", _("Choose what the call was about."), fields={"purpose": [_("Required")]})
    if outcome not in Outcome.values:
        raise RuleRefused("outcome_unknown", _("Choose how the call ended."), fields={"outcome": [_("Required")]})
    if (purpose in SPEECHLESS) and outcome != Outcome.ENDED:
        sentence = _("A silent or nuisance call just ends.")
        raise RuleRefused("outcome_not_possible", sentence, fields={"outcome": [sentence]})
    if not now - LONGEST_CALL <= began <= now + timedelta(minutes=1):
        sentence = _("A call is written down on the same day, after it began.")
        raise RuleRefused("time_impossible", sentence, fields={"started_at": [sentence]})
    if rings is not None and not 0 <= rings <= MOST_RINGS:
        sentence = _("Count the rings before the call was answered.")
        raise RuleRefused("rings_impossible", sentence, fields={"rings": [sentence]})


def _refuse_gaps(
    caller: Caller, purpose: str, outcome: str, *, summary: str, read_back: bool, recipient: StaffMember | None
) -> None:
    # What keeps a promise from being written down is said first: the caller may still be on the line (TC-012).
    if outcome in OWES:
        require_full_name(caller)
        require_phone(caller)
    if outcome == Outcome.BOOKED:
        require_phone(caller)
        if not read_back:
            sentence = _("Read name and phone back to the caller before you end the call.")
            raise RuleRefused("read_back_missing", sentence, fields={"read_back": [sentence]})
    if outcome == Outcome.MESSAGE and recipient is None:
        raise RuleRefused("recipient_missing", _("For whom is the message?"), fields={"recipient": [_("Required")]})
    if purpose not in SPEECHLESS and not summary.strip():
        raise RuleRefused("summary_missing", _("Write what it is about."), fields={"summary": [_("Required")]})
