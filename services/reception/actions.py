"""The front desk: check in, announce, explain, lead in, finish, leave, settle, close. Every moment is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from kernel import audit, clock, outbox
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, NotFound, RuleRefused
from services.appointments import actions as bookings
from services.appointments import assignment
from services.appointments.models import Appointment, AppointmentCard
from services.appointments.selectors import card_of_visit
from services.patients.models import Patient
from services.policy import gates
from services.policy.actions import override_gate
from services.policy.models import OverrideRecord
from services.reception import classes, waits
from services.reception.machine import HOLDS_CHAIR, MACHINE, UNSEEN
from services.reception.models import QueueEvent, Visit, WaitExplanation
from services.reception.selectors import with_guests
from services.sites.models import Chair, Site
from services.staff.models import StaffMember

CHAIR_FREE = "reception.chair_free"
NEXT_VISIT = "reception.next_visit"
UNIQUE_VIOLATION = "23505"
# Reasons that the product gives by itself, stored as codes and worded where they are shown.
DECLINED_WAIT, WAIT_TOO_LONG, LEFT_UNSEEN = "declined_wait", "wait_too_long", "left_unseen"


@action(permission="reception.check_in")
def record_arrival(
    *,
    by: Actor,
    site: Site,
    appointment: Appointment | None = None,
    patient: Patient | None = None,
    doctor: StaffMember | None = None,
    vertical: str = "",
    complaint: str = "",
    visit_class: str = "",
    emergency: str = "",
    by_rule: bool = False,
    deviation: str = "",
    deviation_note: str = "",
) -> Visit:
    """Somebody came through the door: a booked patient, or a walk-in with the doctor chosen for them. Not registered yet.

    With ``by_rule`` and no ``doctor`` the rules of assignment choose for a walk-in (AP-007, AP-008). Another doctor than the
    treating one who is here needs a ``deviation``, except in an emergency.

    Raises RuleRefused (``nobody_arrived``, ``doctor_missing``, ``unknown_emergency``, ``deviation_reason_missing``), Conflict (``already_here``,
    ``nobody_free``, ``invalid_transition`` for a booking that is not expected).
    """
    if appointment is not None:
        if appointment.site_id != site.pk:
            raise NotFound("appointment_not_found", _("There is no such booking here."))
        patient, doctor = appointment.patient, doctor or appointment.doctor
        vertical = vertical or (appointment.item.vertical if appointment.item is not None else "")
        visit_class = visit_class or appointment.visit_class
        complaint = complaint or appointment.complaint
    if patient is None:
        raise RuleRefused("nobody_arrived", _("Choose the patient who is here."), fields={"patient": [_("Required")]})
    if doctor is None and not by_rule:
        raise RuleRefused("doctor_missing", _("Choose who sees the patient."), fields={"doctor": [_("Required")]})
    # Two desks that register the same walk-in at once: the second one finds the first one's visit.
    Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    if Visit.objects.filter(site=site, patient=patient, state__in=(*UNSEEN, *HOLDS_CHAIR)).exists():
        raise Conflict("already_here", _("This patient is here already."))
    vertical = vertical or waits.only_vertical()
    waits.check_emergency(emergency, site=site, vertical=vertical)
    case, decision = None, None
    if appointment is not None:
        appointment = bookings.mark_arrived(by=by, appointment=appointment)
    else:
        case = assignment.walk_in(site=site, patient=patient, emergency=bool(emergency), unavailable=with_guests(site))
        decision = assignment.decide(by=by, case=case, doctor=doctor, deviation=deviation, reason=deviation_note)
        doctor = decision.doctor
    assert doctor is not None
    visit = Visit.objects.create(
        site=site,
        patient=patient,
        appointment=appointment,
        doctor=doctor,
        vertical=vertical,
        complaint=complaint,
        emergency=emergency,
        is_first=not Visit.objects.filter(patient=patient).exclude(state__in=("rebooked", "left_unseen")).exists(),
        visit_class=visit_class,
        arrived_at=clock.now(),
    )
    if case is not None and decision is not None:
        assignment.record(by=by, case=case, decision=decision, visit_code=visit.code)
    _note(visit, "arrived", by)
    audit.record(by=by, verb="reception.arrived", target=visit, site=site.code, booked=appointment is not None)
    if emergency:
        waits.call_supervisor(by, visit)
    return visit


@action(permission="reception.check_in")
def register_visit(*, by: Actor, visit: Visit, visit_class: str = "", visit_class_reason: str = "") -> Visit:
    """The registration is complete: the visit has its class, the wait clock starts, and the server alone watches it
    (QU-001, QU-004). Raises RuleRefused as ``classes.settle`` does."""
    MACHINE.move(visit, "registered", by=by)
    classes.settle(by=by, visit=visit, wanted=visit_class, reason=visit_class_reason)
    visit.registered_by_id = by.user_id
    visit.save(update_fields=["registered_by"])
    _note(visit, "registered", by)
    waits.watch(visit)
    tell("visit.registered", visit)
    return visit


@action(permission="reception.check_in")
def check_in(*, by: Actor, site: Site, visit_class: str = "", visit_class_reason: str = "", **arrival: Any) -> Visit:
    """Arrival and registration in one step: three keystrokes for a booked patient. Raises as both of them do."""
    visit = record_arrival(by=by, site=site, **arrival)
    return register_visit(by=by, visit=visit, visit_class=visit_class, visit_class_reason=visit_class_reason)


@action(permission="reception.check_in")
def announce_wait(*, by: Actor, visit: Visit, minutes: int) -> Visit:
    """Tell the patient the expected wait (QU-002). Up to the limit the patient is then waiting; above it the opinion is
    asked first (QU-003).

    Raises Conflict (``wait_is_over``), RuleRefused (``minutes_malformed``).
    """
    visit = lock_visit(visit)
    _refuse_after_wait(visit)
    if not 0 <= minutes <= 24 * 60:
        raise RuleRefused("minutes_malformed", _("Give the wait in minutes."), fields={"minutes": [_("0 to 1440")]})
    visit.announced_wait_minutes, visit.announced_at = minutes, clock.now()
    if visit.state == "registered":
        visit.opinion, visit.opinion_at = "", None
    visit.bump({"announced_wait_minutes", "announced_at", "opinion", "opinion_at"})
    _note(visit, "announced", by, minutes=minutes)
    audit.record(by=by, verb="reception.announced", target=visit, site=visit.site.code, minutes=minutes)
    if visit.state == "registered" and not waits.asks_opinion(visit):
        MACHINE.move(visit, "waiting", by=by)
    return visit


@action(permission="reception.check_in")
def record_opinion(*, by: Actor, visit: Visit, opinion: str, education_topic: str = "", reason: str = "") -> Visit:
    """Store what the patient says to an announced wait (QU-003): who stays, waits (with the topic of the health education
    given), who leaves, is kept as left unseen; who rebooks, gets a new time through ``rebook_visit``.

    Raises Conflict (``wait_is_over``), RuleRefused (``rebook_needs_a_time``).
    """
    visit = lock_visit(visit)
    _refuse_after_wait(visit)
    if opinion == Visit.Opinion.REBOOK:
        raise RuleRefused("rebook_needs_a_time", _("Choose the new time; that records the patient's wish."))
    visit.opinion, visit.opinion_at, visit.education_topic = opinion, clock.now(), education_topic.strip()[:60]
    visit.bump({"opinion", "opinion_at", "education_topic"})
    _note(visit, "opinion", by, opinion=opinion)
    audit.record(by=by, verb="reception.opinion", target=visit, site=visit.site.code, opinion=opinion)
    if opinion == Visit.Opinion.LEAVE:
        return _leave_unseen(by, visit, reason or DECLINED_WAIT)
    if visit.state == "registered":
        MACHINE.move(visit, "waiting", by=by)
    return visit


@action(permission="reception.check_in")
def seat_visit(*, by: Actor, visit: Visit) -> Visit:
    """Let a registered patient wait. Raises RuleRefused (``wait_not_announced``, ``wait_opinion_missing``)."""
    MACHINE.move(visit, "waiting", by=by)
    _note(visit, "waiting", by)
    return visit


@action(permission="reception.explain")
def explain_wait(*, by: Actor, visit: Visit, reason: str, words: str) -> WaitExplanation:
    """Write down that a wait was explained to the patient: who, when, why, in which words (QU-004).

    While the patient waits it heals the wait, late or not, and the next one is due ``wait_reexplain_minutes`` later
    (QU-005). Afterwards it is kept as a late note and changes no figure.

    Raises RuleRefused (``words_missing``), Conflict (``never_waited``).
    """
    visit = lock_visit(visit)
    if visit.registered_at is None:
        raise Conflict("never_waited", _("This patient has not been registered."))
    if not words.strip():
        raise RuleRefused("words_missing", _("Write what was said."), fields={"words": [_("Required")]})
    if reason not in WaitExplanation.Reason.values:
        raise RuleRefused("reason_unknown", _("Choose a reason."), fields={"reason": [_("Required")]})
    now, over = clock.now(), visit.wait_ended_at is not None
    explanation = WaitExplanation.objects.create(
        visit=visit,
        by_id=by.user_id,
        by_name=by.name,
        at=now,
        reason=reason,
        words=words.strip()[:300],
        late_seconds=max(0, int((now - waits.alert_at(visit)).total_seconds())),
        late_note=over,
    )
    audit.record(by=by, verb="reception.explained", target=visit, site=visit.site.code, late_note=over)
    if not over:
        _note(visit, "explained", by, reason=reason)
        waits.explained(by, visit, explanation)
        tell("visit.wait_explained", visit)
    return explanation


@action(permission="reception.lead_in")
def lead_in(*, by: Actor, visit: Visit, chair: Chair | None = None) -> Visit:
    """Lead a waiting patient to a chair (default: the booked one). The previous guest of that chair must have finished
    **and** left the area (QU-008); a supervisor's override lets this very visit pass once.

    Raises Conflict (``chair_not_free``, ``invalid_transition``), RuleRefused (``chair_missing``), NotFound, and what the
    rooms of the slot ``reception.lead_in_checks`` refuse.
    """
    visit = lock_visit(visit)
    chair = chair or visit.chair or (visit.appointment.chair if visit.appointment is not None else None)
    if chair is None:
        raise RuleRefused("chair_missing", _("Choose a chair."), fields={"chair": [_("Choose a chair.")]})
    if chair.site_id != visit.site_id:
        raise NotFound("chair_not_found", _("There is no such chair here."))
    # Whoever leads somebody to this chair waits here for the other who is just doing so.
    Chair.objects.select_for_update(no_key=True).get(pk=chair.pk)
    waits.ask_other_rooms(by, visit)
    override = waits.refuse_occupied(by, visit, chair, gate=CHAIR_FREE)
    with _taken_is_conflict():
        MACHINE.move(visit, "led_in", by=by, chair=chair, override=override)
    waits.over(by, visit)
    _note(visit, "led_in", by, chair=str(chair.code), override=str(override.code) if override else None)
    tell("visit.led_in", visit, wait_seconds=visit.wait_seconds)
    return visit


@action(permission="policy.override")
def override_chair(*, by: Actor, site: Site, visit: Visit, reason: str) -> OverrideRecord:
    """Let one visit be led in although its chair is not free, for a reason (QU-008, ledger 17 G). Raises as
    ``override_gate`` does, and Conflict (``wait_is_over``)."""
    _refuse_after_wait(visit)
    return override_gate(by=by, gate=CHAIR_FREE, subject=visit, site=site, reason=reason)


@action(permission="reception.treat")
def seat_in_chair(*, by: Actor, visit: Visit) -> Visit:
    """The treatment begins; the desk sees it at once (QU-009). Raises Conflict (``invalid_transition``)."""
    MACHINE.move(visit, "in_chair", by=by)
    _follow(visit, by, "in_service")
    _note(visit, "in_chair", by)
    return visit


@action(permission="reception.treat")
def finish_treatment(*, by: Actor, visit: Visit) -> Visit:
    """The treatment is finished; the guest is still in the area and holds the chair.

    Raises Conflict (``invalid_transition``), RuleRefused (``visit_class_missing``) where visits have classes.
    """
    visit = lock_visit(visit)
    classes.refuse_unnamed(by, visit)
    MACHINE.move(visit, "finished", by=by)
    _note(visit, "finished", by)
    tell("visit.finished", visit)
    return visit


@action(permission="reception.leave_area")
def leave_area(*, by: Actor, visit: Visit) -> Visit:
    """The guest has left the treatment area: the chair is free, the cashier is next (QU-009). A next visit that was
    neither booked nor declared unnecessary is counted (AP-004). Raises Conflict (``invalid_transition``)."""
    visit = lock_visit(visit)
    gates.check(
        NEXT_VISIT,
        by=by,
        subject=visit,
        ok=next_visit_settled(visit),
        message=_("The next visit is neither booked nor declared unnecessary."),
    )
    MACHINE.move(visit, "left", by=by)
    _follow(visit, by, "completed")
    _note(visit, "left", by)
    tell("visit.left", visit)
    if visit.charged_at is not None:
        return settle_and_close(visit)
    return visit


@action(permission="reception.settle")
def send_to_cashier(*, by: Actor, visit: Visit) -> Visit:
    """The cashier has taken the patient on. Raises Conflict (``invalid_transition``)."""
    MACHINE.move(visit, "at_cashier", by=by)
    _note(visit, "at_cashier", by)
    return visit


@action(permission="reception.settle")
def settle_visit(*, by: Actor, visit: Visit) -> Visit:
    """What was charged is paid, owed or free with its reason. Raises Conflict (``invalid_transition``)."""
    MACHINE.move(visit, "settled", by=by)
    _note(visit, "settled", by)
    tell("visit.settled", visit)
    return visit


@action(permission="reception.settle")
def note_slip_signed(*, by: Actor, visit: Visit) -> Visit:
    """A charge slip waits for the visit: it is not charged any more if it was (a second payment, CA-048), and whoever has
    left the area is at the cashier's now."""
    visit = lock_visit(visit)
    if visit.charged_at is not None and visit.settled_at is None:
        visit.charged_at = None
        visit.bump({"charged_at"})
    return send_to_cashier(by=by, visit=visit) if visit.state == "left" else visit


@action(permission="reception.settle")
def note_charged(*, by: Actor, visit: Visit) -> Visit:
    """The till has charged every slip of the visit: it is settled as soon as the guest has left the area, and closed when
    it is known what comes next."""
    visit = lock_visit(visit)
    if visit.charged_at is None:
        visit.charged_at = clock.now()
        visit.bump({"charged_at"})
    return settle_and_close(visit) if visit.state in ("left", "at_cashier") else visit


@action(permission="reception.close")
def close_visit(*, by: Actor, visit: Visit) -> Visit:
    """The visit is over in every book. Raises Conflict (``invalid_transition``)."""
    MACHINE.move(visit, "closed", by=by)
    _note(visit, "closed", by)
    tell("visit.closed", visit)
    return visit


@action(permission="reception.check_in")
def rebook_visit(
    *,
    by: Actor,
    visit: Visit,
    starts_at: datetime,
    doctor: StaffMember | None = None,
    chair: Chair | None = None,
    units: int | None = None,
    reason: str = "",
) -> Visit:
    """The patient will not wait longer and gets a new time (AP-030). The visit stays, ended by the wait (QU-022).

    Raises Conflict (``wait_is_over``) and whatever ``book_appointment`` refuses.
    """
    visit = lock_visit(visit)
    _refuse_after_wait(visit)
    old = visit.appointment
    booked = bookings.book_appointment(
        by=by,
        site=visit.site,
        patient=visit.patient,
        doctor=doctor or visit.doctor,
        starts_at=starts_at,
        chair=chair,
        units=units or (old.units if old is not None else None),
        item=old.item if old is not None else None,
        assistant=None,
        channel=Appointment.Channel.REBOOKED,
        visit_class=visit.visit_class,
        complaint=visit.complaint,
    )
    if old is not None:
        bookings.cancel_appointment(by=Actor.system("visit"), appointment=old, reason=WAIT_TOO_LONG)
    visit.opinion, visit.opinion_at, visit.rebooked_as = Visit.Opinion.REBOOK, clock.now(), booked
    visit.save(update_fields=["opinion", "opinion_at", "rebooked_as"])
    MACHINE.move(visit, "rebooked", by=by, reason=(reason.strip() or WAIT_TOO_LONG)[:120])
    waits.over(by, visit)
    _note(visit, "rebooked", by, appointment=str(booked.code))
    tell("visit.rebooked", visit)
    return visit


@action(permission="reception.check_in")
def leave_unseen(*, by: Actor, visit: Visit, reason: str) -> Visit:
    """The patient left without being seen: kept with the wait until then and the reason (QU-022).

    Raises RuleRefused (``reason_missing``), Conflict (``wait_is_over``).
    """
    visit = lock_visit(visit)
    _refuse_after_wait(visit)
    if not reason.strip():
        raise RuleRefused("reason_missing", _("Say why the patient left."), fields={"reason": [_("Required")]})
    return _leave_unseen(by, visit, reason)


@action(permission="reception.check_in")
def mark_emergency(*, by: Actor, visit: Visit, condition: str) -> Visit:
    """A waiting patient is an emergency: first in the queue, and the supervisor knows at once (QU-007).

    Raises RuleRefused (``unknown_emergency``) for a condition that is not on the list, Conflict (``wait_is_over``).
    """
    visit = lock_visit(visit)
    _refuse_after_wait(visit)
    waits.check_emergency(condition, site=visit.site, vertical=visit.vertical, needed=True)
    visit.emergency = condition
    visit.bump({"emergency"})
    _note(visit, "emergency", by, condition=condition)
    audit.record(by=by, verb="reception.emergency", target=visit, site=visit.site.code, condition=condition)
    waits.call_supervisor(by, visit)
    return visit


def settle_and_close(visit: Visit) -> Visit:
    """Settle a charged visit, and close it unless its next visit is still open (the desk then sees to it)."""
    till = Actor.system("till")
    visit = settle_visit(by=till, visit=visit)
    return close_visit(by=till, visit=visit) if next_visit_settled(visit) else visit


def next_visit_settled(visit: Visit) -> bool:
    """Is it known what comes next: booked, complete or declined?"""
    card = card_of_visit(visit.code)
    return card is not None and card.state != AppointmentCard.State.OPEN


def lock_visit(visit: Visit) -> Visit:
    """The visit, fresh and locked."""
    return (
        Visit.objects.select_for_update(of=("self",))
        .select_related("site", "patient", "doctor", "chair", "appointment__chair", "appointment__item")
        .get(pk=visit.pk)
    )


def _leave_unseen(by: Actor, visit: Visit, reason: str) -> Visit:
    MACHINE.move(visit, "left_unseen", by=by, reason=reason.strip()[:120])
    if visit.appointment is not None:
        bookings.cancel_appointment(by=Actor.system("visit"), appointment=visit.appointment, reason=LEFT_UNSEEN)
    waits.over(by, visit)
    _note(visit, "left_unseen", by)
    tell("visit.left_unseen", visit)
    return visit


def _refuse_after_wait(visit: Visit) -> None:
    if visit.state not in UNSEEN:
        raise Conflict(
            "wait_is_over", _("The wait of this patient is over; what was recorded stays as it is."), state=visit.state
        )


def _follow(visit: Visit, by: Actor, state: str) -> None:
    """The booking follows its visit, as far as it is not there already (a treatment may finish without its start)."""
    booking = visit.appointment
    if booking is None:
        return
    booking.refresh_from_db(fields=["state"])
    system = Actor.system("visit")
    if state == "in_service" and booking.state == "arrived":
        bookings.mark_in_service(by=system, appointment=booking)
    elif state == "completed" and booking.state in ("arrived", "in_service"):
        bookings.mark_completed(by=system, appointment=booking)


def _note(visit: Visit, what: str, by: Actor, **data: Any) -> None:
    QueueEvent.objects.create(
        visit=visit,
        at=clock.now(),
        what=what,
        by_id=by.user_id,
        by_name=by.name,
        data={k: v for k, v in data.items() if v is not None},
    )


@contextmanager
def _taken_is_conflict() -> Iterator[None]:
    """The database's own refusal of a second guest in one chair, as the refusal of the gate."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if getattr(error.__cause__, "sqlstate", None) != UNIQUE_VIOLATION:
            raise
        raise Conflict("chair_not_free", _("Somebody else was just led to this chair.")) from error


def tell(event: str, visit: Visit, **more: Any) -> None:
    """Emit what happened, in codes only."""
    zone = visit.site.timezone
    outbox.emit(
        event,
        key=f"visit:{visit.code}",
        payload={
            "visit": str(visit.code),
            "patient": str(visit.patient.code),
            "site": str(visit.site.code),
            "doctor": str(visit.doctor.code),
            "vertical": visit.vertical,
            "appointment": str(visit.appointment.code) if visit.appointment is not None else None,
            "day": clock.local(visit.arrived_at, zone).date().isoformat(),
            "at": clock.now().isoformat(),
            **more,
        },
    )
