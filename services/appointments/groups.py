"""Booking several people at once, all or nothing, and moving, confirming or giving up what was booked together.

Everybody whose time may be taken is locked first, people before chairs like everywhere; only then is looked for the common
time, so that of two desks the second one is told the next time that is free for all, and nothing of its group is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext as _

from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused, StaleVersion
from services.appointments import actions, controls, locking, reminders
from services.appointments.assignment import treating_doctor
from services.appointments.group_models import BookingGroup
from services.appointments.group_slots import Arrangement, Common, Misfit, Search, Wanted
from services.appointments.models import Appointment, AppointmentCard, AppointmentMove, ConfirmationAttempt
from services.appointments.slots import Proposal
from services.patients.families import payers_of
from services.patients.models import Patient
from services.patients.names import name_for
from services.patients.phones import canonical_phone
from services.sites.models import Site
from services.staff.models import StaffMember
from services.staff.selectors import doctors_at

MOST = 12
FEWEST = 2
# How a group comes to be booked: cards and the waiting list are about one patient.
CHANNELS = (Appointment.Channel.PHONE, Appointment.Channel.ON_SPOT, Appointment.Channel.ONLINE)


@action(permission="appointments.book")
def book_group(
    *,
    by: Actor,
    site: Site,
    wanted: Sequence[Wanted],
    starts_at: datetime,
    arrangement: str = Arrangement.SIDE_BY_SIDE,
    name: str = "",
    contact: Patient | None = None,
    contact_name: str = "",
    contact_phone: str = "",
    channel: str = Appointment.Channel.PHONE,
    deviation: str = "",
    deviation_note: str = "",
) -> BookingGroup:
    """Book a visit for each of ``wanted`` from ``starts_at`` on, ``arrangement`` as named: all of them or none.

    ``contact`` is told for all, by one receipt and one confirmation; without one, somebody known by name and phone speaks
    for a group with a ``name``. ``deviation`` explains for everybody who leaves the treating doctor.

    Raises RuleRefused (``group_too_small``, ``group_too_big``, ``member_twice``, ``group_contact_missing``,
    ``contact_outside_group``, ``phone_invalid``, ``start_not_on_unit``, ``slot_in_the_past``), Conflict (``group_conflict`` with the next common time)
    and whatever a single booking is refused for.
    """
    _refuse_odd(wanted)
    _refuse_stranger(contact, [one.patient for one in wanted])
    contact_phone = _told(contact, name, contact_name, contact_phone)
    controls.window_for(site=site, starts_at=starts_at, units=wanted[0].units)
    found = _common(by, Search(site, wanted, arrangement, after=starts_at), starts_at)
    group = BookingGroup.objects.create(
        site=site,
        name=name.strip(),
        contact=contact,
        contact_name="" if contact is not None else contact_name.strip(),
        contact_phone="" if contact is not None else contact_phone,
        arrangement=arrangement,
        booked_by_id=by.user_id,
        booked_at=clock.now(),
    )
    cards = _open_cards(site, wanted)
    for one, slot in zip(wanted, found.slots, strict=True):
        actions.book_appointment(
            card=cards.pop((one.patient.pk, slot.doctor.pk), None),
            by=by,
            site=site,
            patient=one.patient,
            starts_at=slot.starts_at,
            doctor=slot.doctor,
            chair=slot.chair,
            units=one.units,
            item=one.item,
            channel=channel,
            deviation=deviation,
            deviation_note=deviation_note,
            group=group,
        )
    reminders.plan_group(by=by, group=group)
    reminders.send_group_receipt(group)
    audit.record(by=by, verb="appointments.group_booked", target=group, site=site.code, visits=len(wanted))
    return group


@action(permission="appointments.book")
def move_group(
    *,
    by: Actor,
    group: BookingGroup,
    starts_at: datetime,
    reason: str,
    asked_by: str = AppointmentMove.Asked.PATIENT,
    version: int | None = None,
) -> BookingGroup:
    """Move every visit of ``group`` that is still expected, with the doctors they have, to ``starts_at`` on: all or none.

    Raises RuleRefused (``reason_missing`` and those of a booking), StaleVersion, Conflict (``group_over``,
    ``group_conflict`` with the next common time).
    """
    if not reason.strip():
        raise RuleRefused("reason_missing", _("Say why the visits are moved."), fields={"reason": [_("Required")]})
    group, visits = _expected(group, version)
    controls.window_for(site=group.site, starts_at=starts_at, units=visits[0].units)
    search = search_again(group, visits, after=starts_at)
    found = _common(by, search, starts_at)
    reminders.withdraw_group(by=by, group=group, reason="moved")
    waiting = list(zip(visits, found.slots, strict=True))
    while waiting:
        # A visit moves when none of its own group still holds the place it goes to.
        ready = next((pair for pair in waiting if not any(_in_the_way(pair, other[0]) for other in waiting)), None)
        if ready is None:
            raise _refusal(by, search, Misfit(search.wanted[0], starts_at))
        waiting.remove(ready)
        visit, slot = ready
        actions.move_appointment(
            by=by,
            appointment=visit,
            starts_at=slot.starts_at,
            reason=reason,
            doctor=slot.doctor,
            chair=slot.chair,
            asked_by=asked_by,
            with_group=True,
        )
    reminders.plan_group(by=by, group=group)
    reminders.send_group_receipt(group)
    audit.record(by=by, verb="appointments.group_moved", target=group, site=group.site.code, visits=len(visits))
    return group


@action(permission="appointments.book")
def cancel_group(*, by: Actor, group: BookingGroup, reason: str, version: int | None = None) -> BookingGroup:
    """Give up every visit of ``group`` that is still expected.

    Raises RuleRefused (``reason_missing``), StaleVersion, Conflict (``group_over``).
    """
    if not reason.strip():
        raise RuleRefused("reason_missing", _("Say why the visits are cancelled."), fields={"reason": [_("Required")]})
    group, visits = _expected(group, version)
    reminders.withdraw_group(by=by, group=group, reason="cancelled")
    for visit in visits:
        actions.cancel_appointment(by=by, appointment=visit, reason=reason, with_group=True)
    audit.record(by=by, verb="appointments.group_cancelled", target=group, site=group.site.code, visits=len(visits))
    return group


@action(permission="appointments.confirm")
def confirm_group(
    *, by: Actor, group: BookingGroup, result: str, channel: str = ConfirmationAttempt.Channel.PHONE
) -> BookingGroup:
    """Write down what asking the contact brought, for every visit that is still expected (AP-013).

    Raises Conflict (``group_over``) and what ``record_confirmation`` raises.
    """
    group, visits = _expected(group, None)
    for visit in visits:
        actions.record_confirmation(by=by, appointment=visit, result=result, channel=channel)
    return group


def contacts_of(members: Sequence[Patient]) -> list[Patient]:
    """Who may be told for all ``members`` without asking further: who pays for one of them first, then themselves."""
    return list({one.pk: one for one in [*payers_of(members), *members]}.values())


def with_usual_doctors(site: Site, asked: Sequence[Wanted]) -> list[Wanted]:
    """``asked`` with the treating doctor for whoever names nobody, if that one works at ``site``; else it stays open."""
    here = set(doctors_at(site).values_list("pk", flat=True))
    found = []
    for one in asked:
        usual = treating_doctor(one.patient) if one.doctor is None else None
        found.append(replace(one, doctor=usual) if usual is not None and usual.pk in here else one)
    return found


def search_again(group: BookingGroup, visits: Sequence[Appointment], *, after: datetime) -> Search:
    """Common times for the visits of a group that give up theirs, with the doctors they have."""
    wanted = [Wanted(visit.patient, visit.units, visit.doctor, visit.item) for visit in visits]
    return Search(group.site, wanted, group.arrangement, after=after, leaving={visit.pk for visit in visits})


def _expected(group: BookingGroup, version: int | None) -> tuple[BookingGroup, list[Appointment]]:
    """The group and its expected visits, locked."""
    group = BookingGroup.objects.select_for_update(of=("self",)).select_related("site", "contact").get(pk=group.pk)
    if version is not None and group.version != version:
        raise StaleVersion(
            "stale_version",
            _("Somebody else changed this group since you opened it."),
            seen=version,
            now=group.version,
        )
    visits = [actions.lock_appointment(visit) for visit in reminders.awaited_of(group)]
    if not visits:
        raise Conflict("group_over", _("None of these visits is still expected."))
    return group, visits


def _common(by: Actor, search: Search, starts_at: datetime) -> Common:
    """The common slots at ``starts_at``, with everybody and everything that they take locked.

    Raises Conflict (``group_conflict``).
    """
    locking.lock_rows(search.doctors, search.chairs)
    search.read()
    found = search.at(starts_at)
    if isinstance(found, Misfit):
        raise _refusal(by, search, found)
    return found


def _refusal(by: Actor, search: Search, misfit: Misfit) -> Conflict:
    following = next(search.all(), None)
    zone = search.site.timezone
    words = {"name": name_for(by, misfit.wanted.patient), "at": controls.moment(misfit.at, zone)}
    if following is not None:
        words["next"] = controls.moment(following.starts_at, zone)
        message = _("%(at)s: no free place for %(name)s. The next time for all: %(next)s.") % words
    else:
        message = _("%(at)s: no free place for %(name)s, and no time for all in the next weeks.") % words
    doctor: StaffMember | None = misfit.wanted.doctor
    return Conflict(
        "group_conflict",
        message,
        patient=str(misfit.wanted.patient.code),
        doctor=str(doctor.code) if doctor is not None else None,
        next_starts_at=following.starts_at.isoformat() if following is not None else None,
    )


def _in_the_way(pair: tuple[Appointment, Proposal], other: Appointment) -> bool:
    visit, slot = pair
    if other.pk == visit.pk:
        return False
    shared = other.doctor_id == slot.doctor.pk or other.chair_id == slot.chair.pk
    return shared and slot.starts_at < other.ends_at and other.starts_at < slot.ends_at


def _refuse_odd(wanted: Sequence[Wanted]) -> None:
    if len(wanted) < FEWEST:
        raise RuleRefused("group_too_small", _("A group is at least two people. Add somebody, or book a single visit."))
    if len(wanted) > MOST:
        raise RuleRefused("group_too_big", _("At most %(most)s people are booked at once.") % {"most": MOST}, most=MOST)
    if len({one.patient.pk for one in wanted}) < len(wanted):
        raise RuleRefused("member_twice", _("Somebody stands in the list twice."))


def _refuse_stranger(contact: Patient | None, members: Sequence[Patient]) -> None:
    # The receipt lists everybody's visit: it leaves the group only to who pays for one of them.
    if contact is not None and contact.pk not in {one.pk for one in contacts_of(members)}:
        sentence = _("Whoever is told for all is one of the group, or pays for one of them.")
        raise RuleRefused("contact_outside_group", sentence, fields={"contact": [sentence]})


def _told(contact: Patient | None, name: str, contact_name: str, contact_phone: str) -> str:
    """The phone of a contact without a file, in its one spelling; "" for one who has a file."""
    if contact is not None:
        return ""
    missing = {"name": not name.strip(), "contact_name": not contact_name.strip()}
    if any(missing.values()):
        raise RuleRefused(
            "group_contact_missing",
            _("Choose who is told for all, or name the group and who speaks for it."),
            fields={field: [_("Required")] for field, lacks in missing.items() if lacks},
        )
    if not contact_phone.strip():
        return ""
    plain = canonical_phone(contact_phone)
    if plain is None:
        sentence = _("This is no phone number. Check the digits.")
        raise RuleRefused("phone_invalid", sentence, fields={"contact_phone": [sentence]})
    return plain


def _open_cards(site: Site, wanted: Iterable[Wanted]) -> dict[tuple[int, int], AppointmentCard]:
    """What the doctors said about the next visits and is not booked yet, by patient and doctor, the newest card of each
    (AP-004): a visit of the group with that doctor closes it, as every booking does."""
    rows = AppointmentCard.objects.filter(
        site=site, patient__in=[one.patient for one in wanted], state=AppointmentCard.State.OPEN
    ).order_by("pk")
    return {(row.patient_id, row.doctor_id): row for row in rows}
