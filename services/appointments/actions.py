"""Booking, moving, confirming, cancelling. Each write locks what it takes before it looks whether it is free."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused, StaleVersion
from services.appointments import assignment, controls, locking, reminders, sessions, talks, telling, wishes
from services.appointments.assignment import Case, Decision
from services.appointments.machine import AWAITED, MACHINE
from services.appointments.models import (
    Appointment,
    AppointmentCard,
    AppointmentMove,
    Assignment,
    BookingGroup,
    ConfirmationAttempt,
)
from services.appointments.originals import earlier_treatments, find_earlier
from services.appointments.slots import Availability, Window
from services.catalogue.models import Item
from services.patients.models import Patient
from services.sites.models import Chair, Site
from services.staff.models import StaffMember
from services.tasks.actions import open_task, settle_task

NO_SHOW = "appointments.no_show"
AFFECTED = "appointments.affected"
TEXT_FIELDS = ("visit_class", "complaint", "note", "preference", "preference_reason")


@action(permission="appointments.book")
def book_appointment(
    *,
    by: Actor,
    site: Site,
    patient: Patient,
    starts_at: datetime,
    doctor: StaffMember | None = None,
    units: int | None = None,
    minutes: int | None = None,
    chair: Chair | None = None,
    assistant: StaffMember | None = None,
    item: Item | None = None,
    channel: str = Appointment.Channel.PHONE,
    card: AppointmentCard | None = None,
    earlier: UUID | None = None,
    deviation: str = "",
    deviation_note: str = "",
    wish_value: str = "",
    wish_refusal: str = "",
    on_spot_reason: str = "",
    said: Iterable[str] | None = None,
    group: BookingGroup | None = None,
    from_elsewhere: bool = False,
    **texts: str,
) -> Appointment:
    """Book a visit (AP-002). Length: ``units``, or whole-unit ``minutes``, else the item's, else a routine examination.

    Without ``doctor`` the rules say who it is (treating doctor, mutual help, rotation, AP-007, AP-008); who names another
    one than the treating doctor gives a ``deviation``, and who passes by the original doctor of an ``earlier`` treatment
    that makes trouble says why in ``deviation_note`` (AP-024). A wish (``preference`` with ``wish_value``) that is not
    granted needs ``wish_refusal`` (AP-023). ``chair`` defaults to the one that the roster gives the doctor. ``texts`` are
    ``TEXT_FIELDS``; ``said`` are the ticks of what was read back and explained (AP-010; None where nobody spoke). With it come one confirmation task and one receipt (AP-012, AP-013); an open appointment ``card`` is
    closed by it (AP-004). Of a ``group`` all visits are told and confirmed at once, by whoever books the group. What was booked
    ``from_elsewhere`` (an earlier system) the patient has heard of there: no receipt leaves, and its doctor needs no explanation.

    Raises Conflict (``booking_conflict``, ``nobody_free``, ``session_full``) and RuleRefused (``duration_not_whole_units``,
    ``start_not_on_unit``, ``slot_in_the_past``, ``outside_opening_hours``, ``doctor_not_on_duty``,
    ``assistant_not_on_duty``, ``chair_missing``, ``deviation_reason_missing``, ``original_doctor_reason_missing``,
    ``supervisor_assigns``, ``wish_value_missing``, ``wish_refusal_missing``, ``not_on_the_spot``).
    """
    _only(texts)
    if on_spot_reason and channel != Appointment.Channel.ON_SPOT:
        raise RuleRefused(
            "not_on_the_spot",
            _("This reason belongs to bookings on the spot."),
            fields={"on_spot_reason": [_("Choose the channel “on the spot”, or no reason.")]},
        )
    vertical = item.vertical if item is not None else None
    units = controls.units_for(site=site, item=item, units=units, minutes=minutes, vertical=vertical)
    window = controls.window_for(site=site, starts_at=starts_at, units=units, vertical=vertical)
    wish = texts.get("preference", "")
    day = clock.local(window.start, site.timezone).date()
    case = Case(
        site=site,
        patient=patient,
        day=day,
        window=window,
        earlier=find_earlier(patient, earlier, day) if earlier is not None else None,
        wish=wish,
        wish_value=wish_value,
    )
    decision = assignment.decide(
        by=by,
        case=case,
        doctor=doctor,
        card=card,
        deviation=deviation,
        reason=deviation_note,
        excused=from_elsewhere or channel == Appointment.Channel.REBOOKED,
    )
    granted = wishes.outcome(decision.doctor, wish, wish_value, wish_refusal, day)
    resources = controls.placed(site=site, doctor=decision.doctor, chair=chair, assistant=assistant, window=window)
    locking.lock(resources)
    controls.refuse_taken(site=site, resources=resources, window=window)
    sessions.refuse_full(site=site, doctor=resources.doctor, window=window)
    appointment = Appointment(
        site=site,
        patient=patient,
        doctor=resources.doctor,
        chair=resources.chair,
        assistant=resources.assistant,
        item=item,
        starts_at=window.start,
        ends_at=window.end,
        units=units,
        channel=channel,
        on_spot_reason=on_spot_reason,
        earlier_code=earlier,
        helps=decision.helped,
        group=group,
        booked_by_id=by.user_id,
        booked_at=clock.now(),
        **granted,
        **texts,
    )
    with locking.overlap_is_conflict(site, resources, window):
        appointment.save(force_insert=True)
    assignment.record(by=by, case=case, decision=decision, appointment=appointment)
    if card is not None:
        _close_card(card, appointment)
    if appointment.wish_outcome == Appointment.Outcome.SATISFIED:
        telling.tell_wish(by, appointment)
    if group is None:
        reminders.plan(by=by, appointment=appointment)
        if not from_elsewhere:
            reminders.send_receipt(appointment)
    if said is not None:
        talks.note_said(by=by, appointment=appointment, said=said)
    talks.hand_to_site(by, appointment)
    telling.tell("appointments.booked", appointment)
    audit.record(by=by, verb="appointments.booked", target=appointment, site=site.code, units=units, channel=channel)
    return appointment


@action(permission="appointments.book")
def move_appointment(
    *,
    by: Actor,
    appointment: Appointment,
    starts_at: datetime,
    reason: str,
    doctor: StaffMember | None = None,
    chair: Chair | None = None,
    assistant: StaffMember | None = None,
    keep_assistant: bool = True,
    units: int | None = None,
    asked_by: str = AppointmentMove.Asked.PATIENT,
    version: int | None = None,
    with_group: bool = False,
) -> Appointment:
    """Move a booking to another time, doctor, chair or length, with its reason (AP-017).

    The booking keeps its code; the old slot is kept as a row, the old reminder is withdrawn and one new one made
    (FU-022), doctor and assistant are told. ``chair`` stays where it is while the doctor stays, else the roster answers.
    ``with_group``: its whole group moves, and whoever moves it tells the group once.

    Raises as ``book_appointment`` does, further RuleRefused (``reason_missing``), StaleVersion and Conflict
    (``invalid_transition``) for a visit that has begun or ended.
    """
    if not reason.strip():
        raise RuleRefused("reason_missing", _("Say why the visit is moved."), fields={"reason": [_("Required")]})
    appointment = lock_appointment(appointment, version)
    site, who = appointment.site, doctor or appointment.doctor
    units = units or appointment.units
    window = controls.window_for(site=site, starts_at=starts_at, units=units, vertical=_vertical(appointment))
    helper = assistant or (appointment.assistant if keep_assistant else None)
    place = chair or (appointment.chair if who.pk == appointment.doctor_id else None)
    resources = controls.placed(site=site, doctor=who, chair=place, assistant=helper, window=window)
    locking.lock(resources)
    controls.refuse_taken(site=site, resources=resources, window=window, ignore=appointment)
    sessions.refuse_full(site=site, doctor=who, window=window, ignore=appointment)
    case, decision = _reassigned(by, appointment, who, window, reason)
    reminders.withdraw_for(by=by, appointment=appointment, reason="moved", with_group=with_group)
    move = AppointmentMove(
        appointment=appointment,
        old_doctor=appointment.doctor,
        old_assistant=appointment.assistant,
        new_assistant=resources.assistant,
        old_chair_id=appointment.chair_id,
        old_starts_at=appointment.starts_at,
        old_ends_at=appointment.ends_at,
        new_doctor=resources.doctor,
        new_chair=resources.chair,
        new_starts_at=window.start,
        new_ends_at=window.end,
        asked_by=asked_by,
        reason=reason.strip()[:120],
        at=clock.now(),
        by_id=by.user_id,
    )
    settle_task(by=by, kind=AFFECTED, key=reminders.key_of(appointment), result="moved")
    with locking.overlap_is_conflict(site, resources, window, ignore=appointment):
        also = _wish_after(appointment, who, case.day) | ({"helps": decision.helped} if decision is not None else {})
        MACHINE.move(appointment, "booked", by=by, resources=resources, window=window, units=units, also=also)
    move.save(force_insert=True)
    if decision is not None:
        assignment.record(by=by, case=case, decision=decision, appointment=appointment)
    telling.tell_moved(by, appointment, move)
    if not with_group:
        reminders.plan(by=by, appointment=appointment)
        reminders.send_receipt(appointment)
    telling.tell("appointments.moved", appointment, old_starts_at=move.old_starts_at.isoformat())
    return appointment


@action(permission="appointments.book")
def cancel_appointment(
    *, by: Actor, appointment: Appointment, reason: str, version: int | None = None, with_group: bool = False
) -> Appointment:
    """Give a booking up, with its reason; its reminder and an unsent receipt go with it. What is left of its group is told
    and asked anew, unless the whole group is given up (``with_group``).

    Raises RuleRefused (``reason_missing``), StaleVersion, Conflict (``patient_is_here`` for somebody whose visit has to end
    first, ``invalid_transition``).
    """
    if not reason.strip():
        raise RuleRefused("reason_missing", _("Say why the visit is cancelled."), fields={"reason": [_("Required")]})
    appointment = lock_appointment(appointment, version)
    if appointment.state == "arrived" and by.kind != "system":
        raise Conflict(
            "patient_is_here", _("This patient is here. End the visit at the front desk: another time, or left unseen.")
        )
    reminders.withdraw_for(by=by, appointment=appointment, reason="cancelled", with_group=with_group)
    settle_task(by=by, kind=AFFECTED, key=reminders.key_of(appointment), result="cancelled")
    MACHINE.move(appointment, "cancelled", by=by, reason=reason.strip()[:120])
    if appointment.group_id is not None and not with_group:
        reminders.plan(by=by, appointment=appointment)
        reminders.send_receipt(appointment)
    telling.tell("appointments.cancelled", appointment)
    return appointment


@action(permission="appointments.confirm")
def record_confirmation(
    *,
    by: Actor,
    appointment: Appointment,
    result: str,
    channel: str = ConfirmationAttempt.Channel.PHONE,
    address: str = "",
) -> Appointment:
    """Write down what asking the patient brought: confirmed, or not reached (the task then stays open) (AP-013). Who was not
    reached about a changed roster stays on its list.

    A changed or cancelled visit is moved or cancelled, which closes the task by itself. ``address`` is what a new patient
    said about where we are: known, or texted, which sends it (AP-014).

    Raises RuleRefused (``confirmation_needs_act``, ``address_not_asked``, ``phone_missing``, ``roster_not_told``), Conflict
    (``invalid_transition``).
    """
    appointment = lock_appointment(appointment)
    if address and (address not in ConfirmationAttempt.Address.values or result != "confirmed"):
        raise RuleRefused("address_not_asked", _("The address is spoken about with who was reached and comes."))
    if result not in (ConfirmationAttempt.Result.CONFIRMED, ConfirmationAttempt.Result.UNREACHABLE):
        raise RuleRefused("confirmation_needs_act", _("Move or cancel the visit; that records the result."))
    ConfirmationAttempt.objects.create(
        appointment=appointment,
        slot_no=appointment.slot_no,
        channel=channel,
        result=result,
        address=address,
        at=clock.now(),
        by_id=by.user_id,
    )
    if address == ConfirmationAttempt.Address.TEXTED:
        talks.text_address(appointment)
    if result == ConfirmationAttempt.Result.CONFIRMED:
        if appointment.state != "confirmed":
            MACHINE.move(appointment, "confirmed", by=by)
        reminders.close(by=by, appointment=appointment, result="confirmed")
    elif appointment.state not in ("unreachable", "affected"):
        MACHINE.move(appointment, "unreachable", by=by)
    return appointment


@action(permission="appointments.attend")
def mark_arrived(*, by: Actor, appointment: Appointment) -> Appointment:
    """The patient is here; what was still to be confirmed is answered by that. Raises Conflict (``invalid_transition``)."""
    MACHINE.move(appointment, "arrived", by=by)
    reminders.close(by=by, appointment=appointment, result="arrived")
    settle_task(by=by, kind=AFFECTED, key=reminders.key_of(appointment), result="arrived")
    return appointment


@action(permission="appointments.attend")
def mark_in_service(*, by: Actor, appointment: Appointment) -> Appointment:
    """The treatment began. Raises Conflict (``invalid_transition``)."""
    MACHINE.move(appointment, "in_service", by=by)
    return appointment


@action(permission="appointments.attend")
def mark_completed(*, by: Actor, appointment: Appointment) -> Appointment:
    """The visit is over. Raises Conflict (``invalid_transition``)."""
    MACHINE.move(appointment, "completed", by=by)
    return appointment


@action(permission="appointments.attend")
def mark_no_show(*, by: Actor, appointment: Appointment) -> Appointment:
    """The patient did not come: recorded, with a task to make contact (AP-040).

    Raises RuleRefused (``visit_to_come``) while its time is not over, Conflict (``invalid_transition``).
    """
    MACHINE.move(appointment, "no_show", by=by)
    reminders.withdraw_for(by=by, appointment=appointment, reason="no_show")
    settle_task(by=by, kind=AFFECTED, key=reminders.key_of(appointment), result="no_show")
    open_task(
        by=by,
        kind=NO_SHOW,
        key=str(appointment.code),
        room="appointments",
        title=gettext_noop("%(subject)s did not come: make contact and offer a new time"),
        detail=gettext_noop("Booked for %(starts_at)s with %(doctor)s"),
        args={"starts_at": appointment.starts_at, "doctor": appointment.doctor.name},
        subject=("patient", appointment.patient.code),
        icon="no-show",
        due_at=clock.now() + timedelta(hours=4),
        roles=reminders.ROLES,
        site=appointment.site,
        url=("appointments:appointment", str(appointment.code)),
    )
    telling.tell("appointments.no_show", appointment)
    return appointment


@action(permission="appointments.write_card")
def write_card(
    *,
    by: Actor,
    site: Site,
    patient: Patient,
    doctor: StaffMember,
    visit_code: UUID | None = None,
    state: str = AppointmentCard.State.OPEN,
    units: int = 1,
    item: Item | None = None,
    earliest_on: date | None = None,
    latest_on: date | None = None,
    note: str = "",
    reason: str = "",
) -> AppointmentCard:
    """Say what comes next for a patient, or that the treatment is complete (AP-004). One card per visit; writing again
    replaces it until it is booked.

    Raises RuleRefused (``reason_missing``) for a patient who declines, Conflict (``card_booked``).
    """
    if state == AppointmentCard.State.DECLINED and not reason.strip():
        raise RuleRefused("reason_missing", _("Say why there is no next visit."), fields={"reason": [_("Required")]})
    card = AppointmentCard.objects.select_for_update().filter(visit_code=visit_code).first() if visit_code else None
    if card is not None and card.state == AppointmentCard.State.BOOKED:
        raise Conflict("card_booked", _("The next visit is booked already. Move the booking instead."))
    values: dict[str, Any] = {
        "doctor": doctor, "state": state, "units": max(1, units), "item": item, "earliest_on": earliest_on,
        "latest_on": latest_on, "note": note, "reason": reason.strip()[:120], "written_at": clock.now(),
        "written_by_id": by.user_id,
    }  # fmt: skip
    if card is None:
        card = AppointmentCard.objects.create(site=site, patient=patient, visit_code=visit_code, **values)
    else:
        for name, value in values.items():
            setattr(card, name, value)
        card.bump()
    audit.record(by=by, verb="appointments.card_written", target=card, site=site.code, state=state)
    return card


@action(permission=None, reason="the roster was changed by somebody who may; bookings follow it")
def follow_roster(*, by: Actor, site: Site, doctor: StaffMember | None = None) -> list[Appointment]:
    """Compare the coming bookings (of one doctor) with the roster. Those it leaves without their doctor are marked, each
    with a task to tell the patient (AP-020); those it gives back are as before. Returns what is newly marked.
    """
    rows = Appointment.objects.select_related("site", "doctor", "patient").filter(
        site=site, starts_at__gt=clock.now(), state__in=AWAITED
    )
    bookings = list(rows.filter(doctor=doctor) if doctor is not None else rows)
    if not bookings:
        return []
    days = [clock.local(row.starts_at, site.timezone).date() for row in bookings]
    doctors = {row.doctor_id: row.doctor for row in bookings}
    known = Availability.read(site, min(days), max(days), people=doctors.values())
    marked = []
    for appointment in bookings:
        on_duty = known.on_duty(appointment.doctor, Window(appointment.starts_at, appointment.ends_at))
        if on_duty and appointment.state == "affected":
            since = appointment.confirmed_at
            MACHINE.move(appointment, "confirmed" if since else "booked", by=by, since=since)
            settle_task(by=by, kind=AFFECTED, key=reminders.key_of(appointment), result="restored")
        elif not on_duty and appointment.state != "affected":
            MACHINE.move(appointment, "affected", by=by)
            _open_affected(by, appointment)
            marked.append(appointment)
    return marked


@action(permission="appointments.confirm")
def acknowledge_affected(*, by: Actor, appointment: Appointment) -> Appointment:
    """The patient was told of the changed roster and comes all the same (AP-020). Raises Conflict (``not_affected``)."""
    appointment = lock_appointment(appointment)
    if appointment.state != "affected":
        raise Conflict("not_affected", _("The roster of this visit has not changed."), state=appointment.state)
    appointment.affected_acknowledged_at = clock.now()
    appointment.bump({"affected_acknowledged_at"})
    settle_task(by=by, kind=AFFECTED, key=reminders.key_of(appointment), result="told")
    audit.record(by=by, verb="appointments.affected_told", target=appointment, site=appointment.site.code)
    return appointment


def lock_appointment(appointment: Appointment, version: int | None = None) -> Appointment:
    """The booking, fresh and locked, if it still is the ``version`` that the editor saw. Raises StaleVersion."""
    locked = (
        Appointment.objects.select_for_update(of=("self",))
        .select_related("site", "patient", "doctor", "assistant", "chair", "item", "group")
        .get(pk=appointment.pk)
    )
    if version is not None and locked.version != version:
        raise StaleVersion(
            "stale_version",
            _("Somebody else changed this visit since you opened it."),
            seen=version,
            now=locked.version,
        )
    return locked


def _open_affected(by: Actor, appointment: Appointment) -> None:
    open_task(
        by=by,
        kind=AFFECTED,
        key=reminders.key_of(appointment),
        room="appointments",
        title=gettext_noop("%(doctor)s is off: tell %(subject)s and rebook"),
        detail=gettext_noop("Booked for %(starts_at)s"),
        args={"starts_at": appointment.starts_at, "doctor": appointment.doctor.name},
        subject=("patient", appointment.patient.code),
        icon="warn",
        due_at=min(clock.now() + timedelta(hours=4), appointment.starts_at),
        roles=reminders.ROLES,
        escalates_at=appointment.starts_at - timedelta(hours=1),
        escalates_to=reminders.ESCALATES_TO,
        site=appointment.site,
        url=("appointments:appointment", str(appointment.code)),
        closed_in_inbox=False,
    )


def _vertical(appointment: Appointment) -> str | None:
    return appointment.item.vertical if appointment.item is not None else None


def _only(texts: Mapping[str, str]) -> None:
    unknown = set(texts) - set(TEXT_FIELDS)
    if unknown:
        raise TypeError(f"a booking has no {', '.join(sorted(unknown))}")


def _close_card(card: AppointmentCard, appointment: Appointment) -> None:
    card = AppointmentCard.objects.select_for_update().get(pk=card.pk)
    if card.state == AppointmentCard.State.BOOKED:
        raise Conflict("card_booked", _("The next visit is booked already. Move the booking instead."))
    card.state, card.appointment = AppointmentCard.State.BOOKED, appointment
    card.bump({"state", "appointment"})


def _reassigned(
    by: Actor, appointment: Appointment, doctor: StaffMember, window: Window, reason: str
) -> tuple[Case, Decision | None]:
    """The choice that lies in a move to another doctor, with the move's reason; None where the doctor stays."""
    site = appointment.site
    day = clock.local(window.start, site.timezone).date()
    case = Case(
        site=site, patient=appointment.patient, day=day, window=window, wish=appointment.preference,
        wish_value=appointment.wish_value, ignore=appointment,
    )  # fmt: skip
    if doctor.pk == appointment.doctor_id:
        return case, None
    if appointment.earlier_code is not None:
        known = earlier_treatments(appointment.patient, day)
        case.earlier = next((one for one in known if one.code == appointment.earlier_code), None)
    moved = Assignment.Deviation.MOVED
    return case, assignment.decide(by=by, case=case, doctor=doctor, deviation=moved, reason=reason)


def _wish_after(appointment: Appointment, doctor: StaffMember, day: date) -> dict[str, str]:
    """What became of the wish when the visit moved to ``doctor``."""
    if not appointment.wish_outcome or doctor.pk == appointment.doctor_id:
        return {}
    refusal = appointment.wish_refusal or Appointment.Refusal.MOVED
    return wishes.outcome(doctor, appointment.preference, appointment.wish_value, refusal, day)
