"""Booking, moving, confirming, cancelling. Each write locks what it takes before it looks whether it is free."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, outbox
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused, StaleVersion
from services.appointments import controls, locking, reminders
from services.appointments.machine import ACTIVE, AWAITED, MACHINE
from services.appointments.models import (
    Appointment,
    AppointmentCard,
    AppointmentMove,
    Block,
    ConfirmationAttempt,
)
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
    doctor: StaffMember,
    starts_at: datetime,
    units: int | None = None,
    minutes: int | None = None,
    chair: Chair | None = None,
    assistant: StaffMember | None = None,
    item: Item | None = None,
    channel: str = Appointment.Channel.PHONE,
    card: AppointmentCard | None = None,
    **texts: str,
) -> Appointment:
    """Book a visit (AP-002). Length: ``units``, or whole-unit ``minutes``, else the item's, else a routine examination.

    ``chair`` defaults to the one that the roster gives the doctor. ``texts`` are ``TEXT_FIELDS``. With it come one
    confirmation task and one receipt (AP-012, AP-013); an open appointment ``card`` is closed by it (AP-004).

    Raises Conflict (``booking_conflict``) and RuleRefused (``duration_not_whole_units``, ``start_not_on_unit``,
    ``slot_in_the_past``, ``outside_opening_hours``, ``doctor_not_on_duty``, ``assistant_not_on_duty``, ``chair_missing``).
    """
    _only(texts)
    vertical = item.vertical if item is not None else None
    units = controls.units_for(site=site, item=item, units=units, minutes=minutes, vertical=vertical)
    window = controls.window_for(site=site, starts_at=starts_at, units=units, vertical=vertical)
    resources = controls.placed(site=site, doctor=doctor, chair=chair, assistant=assistant, window=window)
    locking.lock(resources)
    controls.refuse_taken(site=site, resources=resources, window=window)
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
        booked_by_id=by.user_id,
        booked_at=clock.now(),
        **texts,
    )
    with locking.overlap_is_conflict(site, resources, window):
        appointment.save(force_insert=True)
    if card is not None:
        _close_card(card, appointment)
    reminders.plan(by=by, appointment=appointment)
    reminders.send_receipt(appointment)
    _tell("appointments.booked", appointment)
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
) -> Appointment:
    """Move a booking to another time, doctor, chair or length, with its reason (AP-017).

    The booking keeps its code; the old slot is kept as a row, the old reminder is withdrawn and one new one made
    (FU-022), doctor and assistant are told. ``chair`` stays where it is while the doctor stays, else the roster answers.

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
    reminders.withdraw_for(by=by, appointment=appointment, reason="moved")
    move = AppointmentMove(
        appointment=appointment,
        old_doctor_id=appointment.doctor_id,
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
        MACHINE.move(appointment, "booked", by=by, resources=resources, window=window, units=units)
    move.save(force_insert=True)
    _tell_staff(by, appointment, move)
    reminders.plan(by=by, appointment=appointment)
    reminders.send_receipt(appointment)
    _tell("appointments.moved", appointment, old_starts_at=move.old_starts_at.isoformat())
    return appointment


@action(permission="appointments.book")
def cancel_appointment(*, by: Actor, appointment: Appointment, reason: str, version: int | None = None) -> Appointment:
    """Give a booking up, with its reason; its reminder and an unsent receipt go with it.

    Raises RuleRefused (``reason_missing``), StaleVersion, Conflict (``invalid_transition``).
    """
    if not reason.strip():
        raise RuleRefused("reason_missing", _("Say why the visit is cancelled."), fields={"reason": [_("Required")]})
    appointment = lock_appointment(appointment, version)
    reminders.withdraw_for(by=by, appointment=appointment, reason="cancelled")
    settle_task(by=by, kind=AFFECTED, key=reminders.key_of(appointment), result="cancelled")
    MACHINE.move(appointment, "cancelled", by=by, reason=reason.strip()[:120])
    _tell("appointments.cancelled", appointment)
    return appointment


@action(permission="appointments.confirm")
def record_confirmation(
    *, by: Actor, appointment: Appointment, result: str, channel: str = ConfirmationAttempt.Channel.PHONE
) -> Appointment:
    """Write down what asking the patient brought: confirmed, or not reached (the task then stays open) (AP-013).

    A changed or cancelled visit is moved or cancelled, which closes the task by itself.

    Raises RuleRefused (``confirmation_needs_act``), Conflict (``invalid_transition``).
    """
    appointment = lock_appointment(appointment)
    if result not in (ConfirmationAttempt.Result.CONFIRMED, ConfirmationAttempt.Result.UNREACHABLE):
        raise RuleRefused("confirmation_needs_act", _("Move or cancel the visit; that records the result."))
    ConfirmationAttempt.objects.create(
        appointment=appointment,
        slot_no=appointment.slot_no,
        channel=channel,
        result=result,
        at=clock.now(),
        by_id=by.user_id,
    )
    if result == ConfirmationAttempt.Result.CONFIRMED:
        if appointment.state != "confirmed":
            MACHINE.move(appointment, "confirmed", by=by)
        reminders.close(by=by, appointment=appointment, result="confirmed")
    elif appointment.state != "unreachable":
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
    """The patient did not come: recorded, with a task to make contact (AP-040). Raises Conflict (``invalid_transition``)."""
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
    _tell("appointments.no_show", appointment)
    return appointment


@action(permission="appointments.block")
def block_time(
    *,
    by: Actor,
    site: Site,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    staff: StaffMember | None = None,
    chair: Chair | None = None,
) -> Block:
    """Keep a person or a chair from being booked. What is booked there already must be moved first.

    Raises RuleRefused (``block_of_nothing``, ``reason_missing``, ``block_ends_first``), Conflict (``block_meets_bookings``).
    """
    if staff is None and chair is None:
        raise RuleRefused("block_of_nothing", _("Choose a person or a chair."))
    if not reason.strip():
        raise RuleRefused("reason_missing", _("Say why the time is blocked."), fields={"reason": [_("Required")]})
    if ends_at <= starts_at:
        raise RuleRefused("block_ends_first", _("The end must be after the beginning."))
    locking.lock_rows([staff] if staff else [], [chair] if chair else [])
    met = Appointment.objects.filter(starts_at__lt=ends_at, ends_at__gt=starts_at, state__in=ACTIVE)
    people = met.filter(doctor=staff) | met.filter(assistant=staff) if staff else met.none()
    count = (people | (met.filter(chair=chair) if chair else met.none())).distinct().count()
    if count:
        raise Conflict(
            "block_meets_bookings",
            _("There are bookings in this time (%(count)s). Move them first.") % {"count": count},
            bookings=count,
        )
    block = Block.objects.create(
        site=site,
        staff=staff,
        chair=chair,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason.strip()[:80],
        by_id=by.user_id,
    )
    audit.record(by=by, verb="appointments.blocked", target=block, site=site.code)
    return block


@action(permission="appointments.block")
def unblock_time(*, by: Actor, block: Block) -> Block:
    """Open a blocked time again."""
    block = Block.objects.select_for_update().get(pk=block.pk)
    if block.removed_at is None:
        block.removed_at = clock.now()
        block.bump({"removed_at"})
        audit.record(by=by, verb="appointments.unblocked", target=block, site=block.site.code)
    return block


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
            MACHINE.move(appointment, "confirmed" if appointment.confirmed_at else "booked", by=by)
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
        .select_related("site", "patient", "doctor", "assistant", "chair", "item")
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


def _tell_staff(by: Actor, appointment: Appointment, move: AppointmentMove) -> None:
    """Doctor and assistant learn of the move, each in their own inbox (AP-017)."""
    for person in (appointment.doctor, appointment.assistant):
        if person is None or person.user is None or person.user.pk == by.user_id:
            continue
        open_task(
            by=by,
            kind="appointments.told",
            key=f"{reminders.key_of(appointment)}:{person.number}",
            room="appointments",
            title=gettext_noop("Visit moved: %(subject)s"),
            detail=gettext_noop("From %(old_at)s to %(new_at)s"),
            args={"old_at": move.old_starts_at, "new_at": move.new_starts_at},
            subject=("patient", appointment.patient.code),
            icon="calendar",
            due_at=min(move.old_starts_at, move.new_starts_at),
            assignee=person.user,
            site=appointment.site,
            url=("appointments:appointment", str(appointment.code)),
        )


def _tell(event: str, appointment: Appointment, **more: Any) -> None:
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
