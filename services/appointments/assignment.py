"""Whom a patient sees: the rules in their order, what they propose, and what is written down of the choice.

``assignment_policy`` orders the rules: emergency, original doctor, treating doctor, supervisor, mutual help, rotation. Each
rule says whom it proposes or nothing; the first answer counts. A desk that names a doctor is judged by the same facts:
leaving the treating or the original doctor needs its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, clock, outbox, parameters
from kernel.access import holds
from kernel.context import Actor
from kernel.errors import Conflict, Cure, RuleRefused
from kernel.identity.models import RoleAssignment
from services.appointments import rotation, wishes
from services.appointments.models import Appointment, AppointmentCard, Assignment, KeptTurn
from services.appointments.originals import Earlier
from services.appointments.rotation import Turn
from services.appointments.slots import Availability, Window, unit
from services.patients.models import Patient
from services.sites.models import Site
from services.staff.models import DutyShift, StaffMember
from services.staff.selectors import OnDuty, doctors_at, doctors_on_duty
from services.tasks.actions import open_task

Basis, Deviation = Assignment.Basis, Assignment.Deviation
ASSIGN = "appointments.assign"
DECLINED = "appointments.original_declined"
DISSATISFIED = "appointments.dissatisfied"
SUPERVISES = "doctor_supervisor"


@dataclass(frozen=True, slots=True)
class Proposed:
    """Whom a rule proposes. Without ``doctor`` the supervisor decides. ``owner`` is whose patient it is."""

    basis: str
    doctor: StaffMember | None
    owner: StaffMember | None = None
    turn: Turn | None = None
    until: date | None = None

    @property
    def sentence(self) -> str:
        """The proposal explained, for the desk."""
        words = {"name": self.doctor.name if self.doctor else "", "owner": self.owner.name if self.owner else ""}
        if self.doctor is None:
            return _("%(owner)s no longer works here: the supervisor assigns.") % words
        if self.basis == Basis.ORIGINAL_DOCTOR:
            return _("%(name)s did the earlier treatment and is first choice until %(day)s.") % {
                **words,
                "day": self.until,
            }
        if self.basis == Basis.SINGLE_DOCTOR:
            return _("Treated by %(name)s so far.") % words
        if self.basis == Basis.SUPERVISOR:
            return _("%(owner)s is not on duty: the supervisor %(name)s sees the patient.") % words
        if self.basis == Basis.MUTUAL_HELP:
            return _("%(owner)s is not on duty: %(name)s is free in the next room and helps.") % words
        if self.basis == Basis.EMERGENCY:
            return _("Emergency: %(name)s is the nearest doctor.") % words
        if self.basis == Basis.PREFERENCE:
            return _("%(name)s fits the wish.") % words
        return self._turn_sentence(words)

    def _turn_sentence(self, words: dict[str, str]) -> str:
        if self.turn is not None and self.turn.kept:
            return _("Next by rotation: %(name)s, who was passed over before.") % words
        skipped = self.turn.skipped if self.turn is not None else ()
        if skipped:
            names = ", ".join(doctor.name for doctor in skipped)
            return _("Next by rotation: %(name)s. Busy and next after that: %(skipped)s.") % {**words, "skipped": names}
        return _("Next by rotation: %(name)s.") % words


@dataclass(frozen=True, slots=True)
class Decision:
    """Who it is, by which rule, and what was said about it."""

    doctor: StaffMember
    basis: str
    owner: StaffMember | None = None
    deviation: str = ""
    reason: str = ""
    turn: Turn | None = None
    ring: rotation.Rotation | None = None

    @property
    def helped(self) -> StaffMember | None:
        """Whose patient it is, where the chosen doctor helps out (AP-025)."""
        return self.owner if self.basis in (Basis.MUTUAL_HELP, Basis.SUPERVISOR) else None


@dataclass
class Case:
    """One question of whom to see. Everything is read when a rule asks for it, and once.

    ``window`` is the time that is asked for; without one (a booking whose time is still open) only the day counts.
    ``unavailable`` are doctors who are busy in a way that bookings do not know, as with a guest in their chair. Who
    ``may_wait`` is given to the doctor whose turn it is even if everybody is busy.
    """

    site: Site
    patient: Patient | None
    day: date
    window: Window | None = None
    length: timedelta | None = None
    after: datetime | None = None
    earlier: Earlier | None = None
    emergency: bool = False
    may_wait: bool = False
    wish: str = ""
    wish_value: str = ""
    unavailable: frozenset[int] = field(default_factory=frozenset)
    ignore: Appointment | None = None

    @cached_property
    def duties(self) -> list[OnDuty]:
        """The doctors whose roster of the day gives them a chair, by staff number."""
        return [one for one in doctors_on_duty(self.site, self.day) if _chairs(one)]

    @cached_property
    def doctors(self) -> list[StaffMember]:
        """The ring of the day, by staff number."""
        return [one.staff for one in self.duties]

    @cached_property
    def by_room(self) -> list[StaffMember]:
        """The doctors of the day by the number of their room."""
        return [one.staff for one in sorted(self.duties, key=lambda one: _room_key(_chairs(one)[0]))]

    @cached_property
    def known(self) -> Availability:
        """What is free of everybody on duty, and when the patient's own doctor is."""
        people = self.doctors if self.owner is None else [*self.doctors, self.owner]
        return Availability.read(self.site, self.day, self.day, people=people, ignore=self.ignore)

    @cached_property
    def treating(self) -> StaffMember | None:
        """The treating doctor, while the treatment goes on."""
        return treating_doctor(self.patient) if self.patient is not None else None

    @cached_property
    def here(self) -> set[int]:
        """Which doctors work at the site on the day: the site's roster decides, not the employment alone (AP-042)."""
        return set(doctors_at(self.site, self.day).values_list("pk", flat=True))

    @cached_property
    def owner(self) -> StaffMember | None:
        """Whose patient it is: the original doctor of what makes trouble, else the treating doctor who works here."""
        if self.earlier is not None:
            return self.earlier.doctor
        return self.treating if self.treating is not None and self.treating.pk in self.here else None

    def present(self, doctor: StaffMember) -> bool:
        """Is the doctor on duty at the time that is asked for? While no time is named there is no hurry: yes."""
        return self.window is None or self.known.on_duty(doctor, self.window)

    def free(self, doctor: StaffMember) -> bool:
        """Could the doctor take the patient then (or, without a time, at any time of the day)?"""
        if doctor.pk in self.unavailable:
            return False
        if self.window is not None:
            chair = self.known.chair_of(doctor, self.window)
            return chair is not None and any(w.holds(self.window) for w in self.known.free(doctor, chair))
        step = unit(self.site)
        found = self.known.proposals(doctor, length=self.length or step, step=step, after=self.after or clock.now())
        return next(found, None) is not None


def treating_doctor(patient: Patient) -> StaffMember | None:
    """Who keeps the patient until the end (AP-007): the doctor of the last card unless it says that the treatment is
    complete, else of the last completed booking; None for new patients and after the end."""
    card = (
        AppointmentCard.objects.filter(patient=patient).select_related("doctor").order_by("-written_at", "-id").first()
    )
    last = (
        Appointment.objects.filter(patient=patient, state="completed")
        .select_related("doctor")
        .order_by("-starts_at")
        .first()
    )
    if card is not None and (last is None or card.written_at >= last.starts_at):
        return None if card.state == AppointmentCard.State.COMPLETE else card.doctor
    return last.doctor if last is not None else None


def propose(case: Case, *, ring: rotation.Rotation | None = None) -> Proposed | None:
    """What the rules say, in the order of ``assignment_policy``; None when nobody is on duty (or free at the time)."""
    if case.wish and case.earlier is None and not _owner_fits(case):
        able = [one for one in wishes.fitting(case.by_room, case.wish, case.wish_value, case.day) if case.free(one)]
        if able:
            return Proposed(Basis.PREFERENCE, able[0], case.owner)
    for key in parameters.value("assignment_policy", site=case.site):
        rule = RULES.get(key)
        found = rule(case, ring) if rule is not None else None
        if found is not None:
            return found
    return None


def decide(
    *,
    by: Actor,
    case: Case,
    doctor: StaffMember | None = None,
    card: AppointmentCard | None = None,
    deviation: str = "",
    reason: str = "",
    excused: bool = False,
) -> Decision:
    """Who sees the patient: whom the rules name, or the named ``doctor`` if leaving the rules is allowed and explained.

    Without ``doctor`` the ring is locked first, so that two desks at once are given two different doctors. ``excused``
    means that leaving the treating doctor is explained by the act itself.

    Raises RuleRefused (``supervisor_assigns``, ``original_doctor_reason_missing``, ``deviation_reason_missing``) and
    Conflict (``nobody_free``).
    """
    if doctor is not None:
        found = _judged(by, case, doctor, card, deviation, excused)
        if found.basis == Basis.PREFERENCE and case.earlier is not None and not reason.strip():
            raise RuleRefused(
                "original_doctor_reason_missing",
                _("Ask why the patient does not want %(name)s and write it down.") % {"name": case.earlier.doctor.name},
                fields={"deviation_note": [_("Required")]},
            )
        return replace(found, reason=reason.strip()[:200])
    ring = rotation.lock(case.site)
    proposed = propose(case, ring=ring)
    if proposed is None:
        raise Conflict("nobody_free", _("No doctor on duty is free at that time. Choose another time, or a doctor."))
    if proposed.doctor is None:
        raise _supervisor_assigns(proposed.owner)
    return Decision(proposed.doctor, proposed.basis, proposed.owner, turn=proposed.turn, ring=ring)


def record(
    *,
    by: Actor,
    case: Case,
    decision: Decision,
    appointment: Appointment | None = None,
    visit_code: UUID | None = None,
) -> Assignment:
    """Write down who was chosen, and take the turn if rotation chose. In the transaction of the choice."""
    assert case.patient is not None
    row = Assignment.objects.create(
        site=case.site,
        patient=case.patient,
        doctor=decision.doctor,
        owner=decision.owner if decision.owner != decision.doctor else None,
        basis=decision.basis,
        deviation=decision.deviation,
        reason=decision.reason,
        appointment=appointment,
        visit_code=visit_code,
        day=case.day,
        at=clock.now(),
        by_id=by.user_id,
    )
    if decision.turn is not None and decision.ring is not None:
        rotation.take(decision.ring, decision.turn)
    audit.record(by=by, verb="appointments.assigned", target=row, site=case.site.code, basis=decision.basis)
    if case.earlier is not None and decision.basis == Basis.PREFERENCE:
        _report_declined(by, case, row)
    elif decision.deviation == Deviation.DISSATISFIED:
        _report_dissatisfied(by, case, row)
    return row


def walk_in(
    *, site: Site, patient: Patient | None, emergency: bool = False, unavailable: frozenset[int] = frozenset()
) -> Case:
    """The question that a walk-in asks: who takes a routine examination now?"""
    now = clock.now()
    length = unit(site) * parameters.value("exam_units", site=site)
    return Case(
        site=site,
        patient=patient,
        day=clock.local(now, site.timezone).date(),
        window=Window(now, now + length),
        emergency=emergency,
        may_wait=True,
        unavailable=unavailable,
    )


def next_in_ring(site: Site, last: StaffMember | None, kept: Iterable[KeptTurn]) -> Turn | None:
    """Whose turn it is today, busy or not, with the pointer and the kept turns of ``rotation.state_of``; one query."""
    case = Case(site=site, patient=None, day=clock.today(site.timezone))
    return rotation.next_turn(case.doctors, last=last, kept=[one.doctor_id for one in kept], free=lambda _doctor: True)


# --- the rules -----------------------------------------------------------------------------------------------------------


def _owner_fits(case: Case) -> bool:
    wishes.check(case.wish, case.wish_value)
    return case.owner is not None and wishes.fits(case.owner, case.wish, case.wish_value, case.day)


def _emergency(case: Case, ring: rotation.Rotation | None) -> Proposed | None:
    if not case.emergency or not case.by_room:
        return None
    present = [one for one in case.by_room if case.present(one)] or case.by_room
    return Proposed(Basis.EMERGENCY, next((one for one in present if case.free(one)), present[0]))


def _original_doctor(case: Case, ring: rotation.Rotation | None) -> Proposed | None:
    if case.earlier is None:
        return None
    original = case.earlier.doctor
    if original.pk not in case.here:
        return Proposed(Basis.SUPERVISOR, None, original)
    if not case.present(original):
        return None
    return Proposed(Basis.ORIGINAL_DOCTOR, original, original, until=case.earlier.first_until)


def _single_doctor(case: Case, ring: rotation.Rotation | None) -> Proposed | None:
    if case.treating is None or case.treating.pk not in case.here or not case.present(case.treating):
        return None
    return Proposed(Basis.SINGLE_DOCTOR, case.treating, case.treating)


def _supervisor(case: Case, ring: rotation.Rotation | None) -> Proposed | None:
    if case.owner is None:
        return None
    now = clock.now()
    users = {one.user_id for one in case.doctors if one.user_id is not None}
    leading = set(
        RoleAssignment.objects.filter(user_id__in=users, role__slug=SUPERVISES, starts_at__lte=now)
        .exclude(ends_at__lte=now)
        .values_list("user_id", flat=True)
    )
    for one in case.doctors:
        if one.user_id in leading and one.pk != case.owner.pk and case.free(one):
            return Proposed(Basis.SUPERVISOR, one, case.owner)
    return None


def _mutual_help(case: Case, ring: rotation.Rotation | None) -> Proposed | None:
    if case.owner is None:
        return None
    for one in case.by_room:
        if one.pk != case.owner.pk and case.free(one):
            return Proposed(Basis.MUTUAL_HELP, one, case.owner)
    return None


def _rotation(case: Case, ring: rotation.Rotation | None) -> Proposed | None:
    if case.owner is not None or not case.doctors:
        return None
    last, kept = (ring.last, list(ring.kept.all())) if ring is not None else rotation.state_of(case.site)
    keys = [turn.doctor_id for turn in kept]
    turn = rotation.next_turn(case.doctors, last=last, kept=keys, free=case.free)
    if turn is None and case.may_wait:
        turn = rotation.next_turn(case.doctors, last=last, kept=keys, free=case.present)
    return Proposed(Basis.ROTATION, turn.doctor, turn=turn) if turn is not None else None


RULES: dict[str, Callable[[Case, rotation.Rotation | None], Proposed | None]] = {
    "emergency": _emergency,
    "original_doctor": _original_doctor,
    "single_doctor": _single_doctor,
    "supervisor": _supervisor,
    "mutual_help": _mutual_help,
    "rotation": _rotation,
}


def _judged(
    by: Actor, case: Case, doctor: StaffMember, card: AppointmentCard | None, deviation: str, excused: bool
) -> Decision:
    """What it means that the desk names this doctor."""
    if case.emergency:
        return Decision(doctor, Basis.EMERGENCY)
    if case.earlier is not None:
        return _judged_original(by, case, doctor, case.earlier.doctor, deviation)
    treating = case.owner
    if treating is None:
        return Decision(doctor, _wished(case, doctor))
    if doctor.pk == treating.pk or (card is not None and card.doctor_id == doctor.pk):
        return Decision(doctor, Basis.SINGLE_DOCTOR, treating)
    if not case.present(treating):
        return Decision(doctor, Basis.MUTUAL_HELP, treating)
    if case.wish and not deviation:
        deviation = Deviation.SPECIALTY if case.wish == wishes.Wish.SPECIALTY else Deviation.PATIENT_WISH
    if not deviation and not excused:
        raise RuleRefused(
            "deviation_reason_missing",
            _("%(name)s treats this patient. Say why somebody else takes over.") % {"name": treating.name},
            fields={"deviation": [_("Required")]},
            treating=str(treating.code),
        )
    by_reason = {Deviation.PATIENT_WISH: Basis.PREFERENCE, Deviation.SPECIALTY: Basis.SPECIALIST}
    return Decision(
        doctor, by_reason.get(Deviation(deviation), Basis.CHOICE) if deviation else Basis.CHOICE, treating, deviation
    )


def _wished(case: Case, doctor: StaffMember) -> str:
    """A wish decided, if the named doctor is what was wished for; else the desk did."""
    if not case.wish:
        return Basis.CHOICE
    wishes.check(case.wish, case.wish_value)
    if not wishes.fits(doctor, case.wish, case.wish_value, case.day):
        return Basis.CHOICE
    return Basis.SPECIALIST if case.wish == wishes.Wish.SPECIALTY else Basis.PREFERENCE


def _judged_original(by: Actor, case: Case, doctor: StaffMember, original: StaffMember, deviation: str) -> Decision:
    if original.pk not in case.here:
        if not holds(by, ASSIGN, site=case.site.code):
            raise _supervisor_assigns(original)
        return Decision(doctor, Basis.SUPERVISOR, original)
    if doctor.pk == original.pk:
        return Decision(doctor, Basis.ORIGINAL_DOCTOR, original)
    if not case.present(original):
        return Decision(doctor, Basis.MUTUAL_HELP, original)
    return Decision(doctor, Basis.PREFERENCE, original, deviation or Deviation.DISSATISFIED)


def _supervisor_assigns(owner: StaffMember | None) -> RuleRefused:
    name = owner.name if owner is not None else ""
    return RuleRefused(
        "supervisor_assigns",
        _("%(name)s, who did the earlier treatment, does not work here any more. The supervisor assigns the patient.")
        % {"name": name},
        cures=(Cure(_("Let the supervisor book it"), role="supervisor"),),
        original=str(owner.code) if owner is not None else None,
    )


def _report_declined(by: Actor, case: Case, row: Assignment) -> None:
    """The clinic director learns that a patient declines the original doctor, and a complaint can be opened (AP-024)."""
    assert case.earlier is not None
    _report(
        by,
        row,
        kind=DECLINED,
        event="appointments.original_declined",
        title=gettext_noop("%(subject)s declines the original doctor %(original)s"),
        within=timedelta(hours=24),
        roles=("clinic_director",),
        earlier=str(case.earlier.code),
    )


def _report_dissatisfied(by: Actor, case: Case, row: Assignment) -> None:
    """The supervisor of the doctors learns at once that a patient is dissatisfied and changes the doctor (AP-029)."""
    _report(
        by,
        row,
        kind=DISSATISFIED,
        event="appointments.dissatisfied",
        title=gettext_noop("%(subject)s is dissatisfied and leaves %(original)s"),
        within=timedelta(minutes=15),
        roles=(SUPERVISES,),
    )


def _report(
    by: Actor,
    row: Assignment,
    *,
    kind: str,
    event: str,
    title: str,
    within: timedelta,
    roles: tuple[str, ...],
    **more: str,
) -> None:
    """A task for whoever answers for it, and an event with codes alone from which a complaint can be opened."""
    assert row.owner is not None
    due = clock.now() + within
    open_task(
        by=by,
        kind=kind,
        key=str(row.code),
        room="appointments",
        title=title,
        detail=gettext_noop("Now sees %(doctor)s; the reason is written on the booking"),
        args={"original": row.owner.name, "doctor": row.doctor.name},
        subject=("patient", row.patient.code),
        icon="warn",
        due_at=due,
        escalates_at=due,
        escalates_to=("clinic_director",),
        roles=roles,
        site=row.site,
        url=("appointments:appointment", str(row.appointment.code)) if row.appointment is not None else (),
    )
    outbox.emit(
        event,
        key=f"assignment:{row.code}",
        payload={
            "assignment": str(row.code),
            "site": str(row.site.code),
            "patient": str(row.patient.code),
            "original": str(row.owner.code),
            "doctor": str(row.doctor.code),
            "appointment": str(row.appointment.code) if row.appointment is not None else None,
            "visit": str(row.visit_code) if row.visit_code is not None else None,
            **more,
        },
    )


def _chairs(one: OnDuty) -> list[DutyShift]:
    return [shift for shift in one.shifts if shift.kind == DutyShift.Kind.CLINIC and shift.chair_id is not None]


def _room_key(shift: DutyShift) -> tuple[int, str]:
    """Rooms as people count them: 2 before 10."""
    assert shift.chair is not None
    number = shift.chair.room.number
    digits = "".join(filter(str.isdigit, number))
    return (int(digits) if digits else 1_000_000, number)
