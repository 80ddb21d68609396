"""How a call is dealt with: questions without pretending, complaints up to the dean, suggestions to the department
(TC-009, TC-010, TC-015)."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, outbox
from kernel.context import Actor
from kernel.errors import RuleRefused
from services.staff.models import StaffMember
from services.tasks.actions import open_task
from services.telephone.callers import Caller, require_full_name, require_phone
from services.telephone.models import OWES, Call, Outcome, Purpose, Suggestion, Way

SERIOUS, SUGGESTED = "telephone.serious_complaint", "telephone.suggestion"
DEPARTMENT = ("department_head", "service_supervisor", "supervisor")
AT_ONCE = timedelta(minutes=15)
TO_CONSIDER = timedelta(days=3)
# What settles a complaint on the phone, or hands it to whoever must: anything else leaves the caller alone with it.
RESOLVED = (Outcome.ANSWERED, Outcome.BOOKED, *OWES)
INVITED = (Outcome.BOOKED, Outcome.NOT_BOOKED)


def way_of(purpose: str, outcome: str, way: str, consulted: StaffMember | None) -> str:
    """How a question was dealt with, for the record; "" for calls that ask nothing.

    Raises RuleRefused (``question_without_next_step``, ``consulted_missing``, ``invitation_without_booking``).
    """
    if purpose != Purpose.CONSULTATION:
        return ""
    if outcome == Outcome.ENDED:
        sentence = _(
            "A question does not just end: answer it, bring the doctor, invite the caller, or promise a call-back."
        )
        raise RuleRefused("question_without_next_step", sentence, fields={"outcome": [sentence]})
    if way == Way.DOCTOR and (consulted is None or not consulted.is_doctor):
        sentence = _("Which doctor answered?")
        raise RuleRefused("consulted_missing", sentence, fields={"consulted": [sentence]})
    if way == Way.INVITED and outcome not in INVITED:
        sentence = _("Offer the caller a time and note whether it was booked.")
        raise RuleRefused("invitation_without_booking", sentence, fields={"outcome": [sentence]})
    if way in Way.values:
        return way
    if outcome == Outcome.ANSWERED:
        return Way.SELF.value
    return Way.INVITED.value if outcome in INVITED else ""


def refuse_unresolved(caller: Caller, purpose: str, outcome: str, serious: bool) -> None:
    """A complaint is settled or handed on, and a serious one has a name and a number.

    Raises RuleRefused (``complaint_unresolved``, ``serious_without_complaint``, ``full_name_missing``, ``phone_missing``).
    """
    if serious and purpose != Purpose.COMPLAINT:
        sentence = _("Only a complaint goes to the dean at once.")
        raise RuleRefused("serious_without_complaint", sentence, fields={"serious": [sentence]})
    if purpose != Purpose.COMPLAINT:
        return
    if serious:
        require_full_name(caller)
        require_phone(caller)
    if outcome not in RESOLVED:
        sentence = _("Not resolved on the phone: take full name and phone and forward it, the director answers.")
        raise RuleRefused("complaint_unresolved", sentence, fields={"outcome": [sentence]})


def tell_dean(by: Actor, call: Call) -> None:
    """A serious complaint reaches the dean at once (TC-010)."""
    open_task(
        by=by,
        kind=SERIOUS,
        key=str(call.code),
        room="telephone",
        title=gettext_noop("Serious complaint by phone"),
        detail=gettext_noop("Called %(called_at)s; name, number and what happened are written there"),
        args={"called_at": call.started_at},
        subject=("patient", call.patient.code) if call.patient is not None else None,
        icon="complaint",
        due_at=clock.now() + AT_ONCE,
        roles=("dean",),
        escalates_at=clock.now() + AT_ONCE,
        escalates_to=("clinic_director",),
        site=call.site,
        url=("telephone:call", str(call.code)),
    )
    payload = {"call": str(call.code), "site": str(call.site.code)}
    outbox.emit("telephone.serious_complaint", key=str(call.code), payload=payload)


def forward_suggestion(by: Actor, call: Call, words: str) -> Suggestion:
    """Keep what a customer would like and give it to the department (TC-015)."""
    row = Suggestion.objects.create(site=call.site, call=call, words=words, at=clock.now(), by_name=by.name)
    open_task(
        by=by,
        kind=SUGGESTED,
        key=str(row.code),
        room="telephone",
        title=gettext_noop("A customer suggests something"),
        detail=gettext_noop("Noted %(noted_at)s"),
        args={"noted_at": row.at},
        icon="message",
        due_at=clock.now() + TO_CONSIDER,
        roles=DEPARTMENT,
        site=call.site,
        url=("telephone:call", str(call.code)),
    )
    audit.record(by=by, verb="telephone.suggested", target=row, site=call.site.code)
    return row
