"""Consultations over distance with a partner's doctor, or a colleague at another site (AP-036)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import access, audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, NotFound, RuleRefused
from services.appointments import locking
from services.appointments.lifecycles import CONSULT, REMOTE
from services.appointments.machine import ACTIVE
from services.appointments.models import Appointment, Block, RemoteConsultation
from services.patients.models import Patient
from services.sites.models import Site
from services.staff.models import StaffMember
from services.tasks.actions import cancel_task, open_task, settle_task

HOLD = "appointments.remote_hold"
JOINED = ("site", "patient", "doctor__user", "colleague__user")
LONGEST = timedelta(hours=4)


@action(permission=CONSULT)
def request_consultation(
    *,
    by: Actor,
    site: Site,
    patient: Patient,
    doctor: StaffMember,
    question: str,
    colleague: StaffMember | None = None,
    partner: str = "",
    partner_doctor: str = "",
    consent: bool = False,
) -> RemoteConsultation:
    """Ask a doctor elsewhere about a patient: a ``colleague`` of the tenant, or a ``partner`` hospital. ``consent`` says that
    the patient agrees to the data being passed on; without it nobody can accept.

    Raises RuleRefused (``question_missing``, ``partner_missing``, ``not_a_doctor``, ``asked_oneself``).
    """
    if not question.strip():
        raise RuleRefused("question_missing", _("Write the question."), fields={"question": [_("Required")]})
    if colleague is None and not partner.strip():
        raise RuleRefused(
            "partner_missing", _("Name the colleague or the partner hospital."), fields={"partner": [_("Required")]}
        )
    for one in (doctor, colleague):
        if one is not None and not one.is_doctor:
            raise RuleRefused("not_a_doctor", _("%(name)s does not treat patients.") % {"name": one.name})
    if colleague is not None and colleague.pk == doctor.pk:
        sentence = _("Ask another doctor.")
        raise RuleRefused("asked_oneself", sentence, fields={"colleague": [sentence]})
    now = clock.now()
    row = RemoteConsultation.objects.create(
        site=site, patient=patient, doctor=doctor, colleague=colleague, partner=partner.strip()[:80],
        partner_doctor=partner_doctor.strip()[:60], question=question.strip(), consented_at=now if consent else None,
        requested_at=now, requested_by_id=by.user_id, requested_by_name=by.name,
    )  # fmt: skip
    audit.record(by=by, verb="appointments.remote_requested", target=row, site=site.code, consent=consent)
    return row


@action(permission=CONSULT)
def note_consent(*, by: Actor, consultation: RemoteConsultation) -> RemoteConsultation:
    """The patient agrees that the data are passed on. Raises Conflict (``consultation_over``)."""
    row = RemoteConsultation.objects.select_for_update(of=("self",)).select_related(*JOINED).get(pk=consultation.pk)
    if row.state in REMOTE.terminal:
        raise Conflict("consultation_over", _("This consultation is over."), state=row.state)
    if row.consented_at is None:
        row.consented_at = clock.now()
        row.bump({"consented_at"})
        audit.record(by=by, verb="appointments.remote_consented", target=row, site=row.site.code)
    return row


@action(permission=None, reason="the state machine names who may")
def accept_consultation(*, by: Actor, consultation: RemoteConsultation, partner_doctor: str = "") -> RemoteConsultation:
    """The other side takes it, and says who answers.

    Raises RuleRefused (``consent_missing``, ``answering_doctor_missing``), Conflict (``invalid_transition``).
    """
    named = partner_doctor.strip() or consultation.partner_doctor or consultation.colleague_id
    if not named:
        sentence = _("Write down who answers there.")
        raise RuleRefused("answering_doctor_missing", sentence, fields={"partner_doctor": [sentence]})
    REMOTE.move(consultation, "accepted", by=by, partner_doctor=partner_doctor.strip()[:60])
    return consultation


@action(permission=None, reason="the state machine names who may")
def schedule_consultation(
    *, by: Actor, consultation: RemoteConsultation, starts_at: datetime, minutes: int
) -> RemoteConsultation:
    """Fix the time; of the doctors who work here it is kept from bookings.

    Raises RuleRefused (``slot_in_the_past``, ``length_impossible``), Conflict (``doctor_taken``, ``invalid_transition``).
    """
    ends_at = starts_at + timedelta(minutes=minutes)
    if starts_at <= clock.now():
        sentence = _("Choose a later time.")
        raise RuleRefused("slot_in_the_past", _("This time has passed."), fields={"starts_at": [sentence]})
    if not timedelta(0) < ends_at - starts_at <= LONGEST:
        sentence = _("A consultation lasts up to 4 hours.")
        raise RuleRefused("length_impossible", sentence, fields={"minutes": [sentence]})
    people = [one for one in (consultation.doctor, consultation.colleague) if one is not None]
    locking.lock_rows(people, [])
    for person in people:
        _refuse_taken(person, starts_at, ends_at)
    REMOTE.move(consultation, "scheduled", by=by, starts_at=starts_at, ends_at=ends_at)
    for person in people:
        Block.objects.create(
            site=consultation.site, staff=person, starts_at=starts_at, ends_at=ends_at, reason=_reason(consultation),
            by_id=by.user_id,
        )  # fmt: skip
        if person.user is not None:
            _tell(by, consultation, person)
    return consultation


@action(permission=None, reason="the state machine names who may: its doctors")
def hold_consultation(*, by: Actor, consultation: RemoteConsultation) -> RemoteConsultation:
    """It took place. Raises RuleRefused (``consultation_to_come``), Forbidden (``not_your_consultation``), Conflict."""
    REMOTE.move(consultation, "held", by=by)
    return consultation


@action(permission=None, reason="the state machine names who may: its doctors")
def record_result(*, by: Actor, consultation: RemoteConsultation, result: str) -> RemoteConsultation:
    """Write down what it brought; only then it is over.

    Raises RuleRefused (``result_missing``), Forbidden (``not_your_consultation``), Conflict (``invalid_transition``).
    """
    REMOTE.move(consultation, "recorded", by=by, result=result)
    for person in (consultation.doctor, consultation.colleague):
        if person is not None:
            settle_task(by=by, kind=HOLD, key=_key(consultation, person), result="recorded")
    return consultation


@action(permission=None, reason="the state machine names who may")
def end_consultation(
    *, by: Actor, consultation: RemoteConsultation, reason: str, refused: bool = False
) -> RemoteConsultation:
    """The partner refuses, or it is not needed any more; the kept time is free again.

    Raises RuleRefused (``reason_missing``), Conflict (``invalid_transition``).
    """
    if not reason.strip():
        raise RuleRefused("reason_missing", _("Say why."), fields={"reason": [_("Required")]})
    REMOTE.move(consultation, "refused" if refused else "cancelled", by=by, reason=reason.strip()[:120])
    for person in (consultation.doctor, consultation.colleague):
        if person is not None:
            cancel_task(by=by, kind=HOLD, key=_key(consultation, person), reason="cancelled")
    kept = Block.objects.filter(site=consultation.site, reason__endswith=_mark(consultation), removed_at=None)
    for block in kept.select_for_update(of=("self",)).select_related("site", "staff"):
        block.removed_at = clock.now()
        block.bump({"removed_at"})
    return consultation


def consultations_for(actor: Actor) -> QuerySet[RemoteConsultation]:
    """The consultations of the sites where ``actor`` may ask for them."""
    return access.accessible(RemoteConsultation.objects.select_related(*JOINED), actor, CONSULT)


def access_consultation(actor: Actor, code: UUID) -> RemoteConsultation:
    """The consultation behind a code from outside. Raises NotFound (``consultation_not_found``)."""
    found = consultations_for(actor).filter(code=code).first()
    if found is None:
        raise NotFound("consultation_not_found", _("There is no such consultation."))
    return found


def _reason(row: RemoteConsultation) -> str:
    """What the board shows in the kept time: a code and no name."""
    return f"{_('Remote consultation')} {_mark(row)}"


def _mark(row: RemoteConsultation) -> str:
    return f"#{row.code.hex[-8:]}"


def _key(row: RemoteConsultation, person: StaffMember) -> str:
    return f"{row.code}:{person.number}"


def _refuse_taken(person: StaffMember, starts_at: datetime, ends_at: datetime) -> None:
    span: dict[str, Any] = {"starts_at__lt": ends_at, "ends_at__gt": starts_at}
    booked = Appointment.objects.filter(state__in=ACTIVE, **span)
    taken = (booked.filter(doctor=person) | booked.filter(assistant=person)).exists()
    if taken or Block.objects.filter(staff=person, removed_at=None, **span).exists():
        raise Conflict(
            "doctor_taken",
            _("%(name)s is taken at that time. Choose another time.") % {"name": person.name},
            staff=str(person.code),
        )


def _tell(by: Actor, row: RemoteConsultation, person: StaffMember) -> None:
    assert row.ends_at is not None
    open_task(
        by=by,
        kind=HOLD,
        key=_key(row, person),
        room="appointments",
        title=gettext_noop("Remote consultation about %(subject)s: hold it and write down the result"),
        detail=gettext_noop("%(starts_at)s"),
        args={"starts_at": row.starts_at},
        subject=("patient", row.patient.code),
        icon="globe",
        due_at=row.ends_at,
        assignee=person.user,
        escalates_at=row.ends_at + timedelta(hours=24),
        escalates_to=("doctor_supervisor", "clinic_director"),
        site=row.site,
        url=("appointments:consultation", str(row.code)),
        closed_in_inbox=False,
    )
