"""Patients of the day who need somebody to arrange: booked for today (AP-031), or come without a time (AP-019)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import access, audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Forbidden, NotFound, RuleRefused
from services.appointments.actions import lock_appointment
from services.appointments.assignment import treating_doctor
from services.appointments.lifecycles import ARRANGEMENT
from services.appointments.machine import AWAITED
from services.appointments.models import Appointment, Arrangement, UnplannedArrival
from services.patients.models import Patient
from services.sites.models import Site
from services.staff.models import DutyShift, StaffMember
from services.staff.selectors import doctors_at, is_on_duty, shifts_between
from services.tasks.actions import open_task, settle_task

ASKED, DIFFICULT, KNOW = "appointments.arrange", "appointments.arrange_difficult", "appointments.day_patient"
UNPLANNED, COMES = "appointments.unplanned", "appointments.unplanned_comes"
ENGINE = Actor.system("arrangements")
SUPERVISORS = ("supervisor", "doctor_supervisor", "duty_superior")
AT_ONCE = timedelta(minutes=15)


# --- booked for today -----------------------------------------------------------------------------------------------


@action(permission="appointments.book")
def ask_duty_doctor(*, by: Actor, appointment: Appointment) -> Arrangement:
    """Ask the duty doctor of the administration to arrange a patient who is booked for today (AP-031). While nobody has that
    duty it goes to the clinic director at once. Asked twice for a slot, it stays one.

    Raises RuleRefused (``not_today``), Conflict (``invalid_transition``) for a visit that is not expected any more.
    """
    appointment = lock_appointment(appointment)
    site, now = appointment.site, clock.now()
    if appointment.state not in AWAITED:
        raise Conflict("invalid_transition", _("This visit has begun or ended."), state=appointment.state)
    if clock.local(appointment.starts_at, site.timezone).date() != clock.today(site.timezone):
        raise RuleRefused("not_today", _("Only patients who are booked for today are arranged this way."))
    known = Arrangement.objects.filter(appointment=appointment, slot_no=appointment.slot_no).first()
    if known is not None:
        return known
    duty = administration_doctor(site)
    row = Arrangement.objects.create(
        site=site, appointment=appointment, slot_no=appointment.slot_no, administrator=duty, asked_at=now,
        asked_by_id=by.user_id,
    )  # fmt: skip
    audit.record(by=by, verb="appointments.arrangement_asked", target=row, site=site.code)
    if duty is None or duty.user is None:
        return _to_director(ENGINE, row, _("nobody has administration duty now"))
    _open(by, row, ASKED, gettext_noop("Arrange %(subject)s, booked for today"), assignee=duty.user)
    return row


@action(
    permission=None, reason="the state machine names who may: desk and duty doctor, after a difficulty the director"
)
def arrange(*, by: Actor, arrangement: Arrangement) -> Arrangement:
    """It is arranged; the doctor in person is asked to acknowledge. Raises Conflict (``invalid_transition``), Forbidden
    (``transition_forbidden``)."""
    ARRANGEMENT.move(arrangement, "arranged", by=by)
    for kind in (ASKED, DIFFICULT):
        settle_task(by=by, kind=kind, key=str(arrangement.code), result="arranged")
    doctor = arrangement.appointment.doctor
    title = gettext_noop("Your patient %(subject)s is booked for today: acknowledge")
    _open(by, arrangement, KNOW, title, assignee=doctor.user, roles=("front_desk",))
    return arrangement


@action(permission=None, reason="the state machine names who may: desk and duty doctor")
def report_difficulty(*, by: Actor, arrangement: Arrangement, difficulty: str) -> Arrangement:
    """It cannot be arranged so: the clinic director has to. Raises RuleRefused (``difficulty_missing``), Conflict
    (``invalid_transition``)."""
    if not difficulty.strip():
        raise RuleRefused(
            "difficulty_missing", _("Say what makes it difficult."), fields={"difficulty": [_("Required")]}
        )
    return _to_director(by, arrangement, difficulty.strip())


@action(permission="appointments.book")
def note_told(*, by: Actor, arrangement: Arrangement) -> Arrangement:
    """The doctor was told in person: one of two. Raises Conflict (``not_arranged``)."""
    arrangement = _locked_arranged(arrangement)
    if arrangement.told_at is None:
        arrangement.told_at, arrangement.told_by_name = clock.now(), by.name
        arrangement.bump({"told_at", "told_by_name"})
        audit.record(by=by, verb="appointments.doctor_told", target=arrangement, site=arrangement.site.code)
    return _inform(by, arrangement)


@action(permission="appointments.view")
def acknowledge_arrangement(*, by: Actor, arrangement: Arrangement) -> Arrangement:
    """The doctor of the visit, or who stands in for them, acknowledges in the system: the other of two.

    Raises Forbidden (``not_your_patient``), Conflict (``not_arranged``).
    """
    arrangement = _locked_arranged(arrangement)
    user = arrangement.appointment.doctor.user
    if user is None or (user.pk != by.user_id and user.code not in by.deputy_for):
        raise Forbidden("not_your_patient", _("Only the doctor of the visit acknowledges it."))
    if arrangement.acknowledged_at is None:
        arrangement.acknowledged_at = clock.now()
        arrangement.bump({"acknowledged_at"})
        audit.record(by=by, verb="appointments.doctor_acknowledged", target=arrangement, site=arrangement.site.code)
    return _inform(by, arrangement)


def administration_doctor(site: Site) -> StaffMember | None:
    """The doctor who has administration duty at this moment, by staff number; None while nobody has."""
    now = clock.now()
    shifts = shifts_between(site, now, now + timedelta(minutes=1)).filter(
        kind=DutyShift.Kind.ADMINISTRATION, staff__is_doctor=True
    )
    first = shifts.order_by("staff__number").first()
    return first.staff if first is not None else None


def arrangement_of(appointment: Appointment) -> Arrangement | None:
    """The arrangement of the present slot."""
    rows = Arrangement.objects.select_related("site", "administrator", "appointment__doctor__user")
    return rows.filter(appointment=appointment, slot_no=appointment.slot_no).first()


def access_arrangement(actor: Actor, code: UUID) -> Arrangement:
    """The arrangement behind a code from outside. Raises NotFound (``arrangement_not_found``)."""
    rows = Arrangement.objects.select_related("site", "appointment__doctor__user", "appointment__patient")
    found = access.accessible(rows, actor, "appointments.view").filter(code=code).first()
    if found is None:
        raise NotFound("arrangement_not_found", _("There is no such arrangement."))
    return found


def _inform(by: Actor, row: Arrangement) -> Arrangement:
    if row.state == "arranged" and row.told_at is not None and row.acknowledged_at is not None:
        ARRANGEMENT.move(row, "informed", by=ENGINE)
        settle_task(by=by, kind=KNOW, key=str(row.code), result="informed")
    return row


def _locked_arranged(row: Arrangement) -> Arrangement:
    rows = Arrangement.objects.select_for_update(of=("self",))
    row = rows.select_related("site", "appointment__doctor__user", "appointment__patient").get(pk=row.pk)
    if row.state not in ("arranged", "informed"):
        raise Conflict("not_arranged", _("This visit is not arranged yet."), state=row.state)
    return row


def _to_director(by: Actor, row: Arrangement, difficulty: str) -> Arrangement:
    ARRANGEMENT.move(row, "difficult", by=by, difficulty=difficulty)
    settle_task(by=by, kind=ASKED, key=str(row.code), result="difficult")
    title = gettext_noop("Difficult to arrange: %(subject)s, booked for today")
    _open(by, row, DIFFICULT, title, roles=("clinic_director",))
    return row


def _open(by: Actor, row: Arrangement, kind: str, title: str, **who: object) -> None:
    appointment = row.appointment
    due = min(clock.now() + AT_ONCE, max(appointment.starts_at, clock.now()))
    open_task(
        by=by,
        kind=kind,
        key=str(row.code),
        room="appointments",
        title=title,
        detail=gettext_noop("%(starts_at)s, %(doctor)s"),
        args={"starts_at": appointment.starts_at, "doctor": appointment.doctor.name},
        subject=("patient", appointment.patient.code),
        icon="calendar",
        due_at=due,
        escalates_at=due,
        escalates_to=("clinic_director",),
        site=row.site,
        url=("appointments:appointment", str(appointment.code)),
        closed_in_inbox=False,
        **who,  # type: ignore[arg-type]
    )


# --- come without a time --------------------------------------------------------------------------------------------


@action(permission="appointments.attend")
def note_unplanned(*, by: Actor, site: Site, patient: Patient, purpose: str) -> UnplannedArrival:
    """A patient under treatment comes without a time (AP-019): what for is asked first. The attending doctor sees them if
    on duty; else the supervisor has a task to arrange.

    Raises RuleRefused (``purpose_missing``, ``no_attending_doctor``).
    """
    if not purpose.strip():
        raise RuleRefused(
            "purpose_missing",
            _("Ask what the patient comes for and write it down."),
            fields={"purpose": [_("Required")]},
        )
    attending = treating_doctor(patient)
    if attending is None:
        raise RuleRefused(
            "no_attending_doctor", _("Nobody treats this patient at present. Check them in like somebody new.")
        )
    now = clock.now()
    here = is_on_duty(attending, site, now, now + timedelta(minutes=1))
    row = UnplannedArrival.objects.create(
        site=site, patient=patient, purpose=purpose.strip(), attending=attending, sees=attending if here else None, at=now,
        by_id=by.user_id, arranged_at=now if here else None, arranged_by_name=by.name if here else "",
    )  # fmt: skip
    if here:
        _tell_who_sees(by, row)
    else:
        _ask_supervisor(by, row)
    audit.record(by=by, verb="appointments.unplanned", target=row, site=site.code, attending_here=here)
    return row


@action(permission="appointments.assign")
def arrange_unplanned(*, by: Actor, arrival: UnplannedArrival, doctor: StaffMember) -> UnplannedArrival:
    """The supervisor says who sees the patient whose attending doctor rests.

    Raises Conflict (``arranged_already``), RuleRefused (``doctor_not_on_duty``).
    """
    row = UnplannedArrival.objects.select_for_update(of=("self",)).select_related("site", "patient").get(pk=arrival.pk)
    if row.sees_id is not None:
        raise Conflict("arranged_already", _("Somebody sees this patient already."))
    now = clock.now()
    if not doctors_at(row.site).filter(pk=doctor.pk).exists() or not is_on_duty(
        doctor, row.site, now, now + timedelta(minutes=1)
    ):
        raise RuleRefused(
            "doctor_not_on_duty",
            _("%(name)s is not on duty here at that time.") % {"name": doctor.name},
            fields={"doctor": [_("Choose somebody who is here.")]},
        )
    row.sees, row.arranged_at, row.arranged_by_name = doctor, now, by.name
    row.bump({"sees", "arranged_at", "arranged_by_name"})
    settle_task(by=by, kind=UNPLANNED, key=str(row.code), result="arranged")
    _tell_who_sees(by, row)
    audit.record(by=by, verb="appointments.unplanned_arranged", target=row, site=row.site.code)
    return row


def unplanned_arrivals(site: Site) -> QuerySet[UnplannedArrival]:
    """Who came without a time, the latest first."""
    return UnplannedArrival.objects.filter(site=site).select_related("patient", "attending", "sees")


def access_unplanned(actor: Actor, code: UUID) -> UnplannedArrival:
    """The arrival behind a code from outside. Raises NotFound (``arrival_not_found``)."""
    rows = UnplannedArrival.objects.select_related("site", "patient", "attending", "sees")
    found = access.accessible(rows, actor, "appointments.view").filter(code=code).first()
    if found is None:
        raise NotFound("arrival_not_found", _("There is no such arrival."))
    return found


def _tell_who_sees(by: Actor, row: UnplannedArrival) -> None:
    assert row.sees is not None
    if row.sees.user is None or row.sees.user.pk == by.user_id:
        return
    open_task(
        by=by,
        kind=COMES,
        key=str(row.code),
        room="appointments",
        title=gettext_noop("%(subject)s has come to you without a time"),
        detail=gettext_noop("Arrived %(came_at)s; what for is written there"),
        args={"came_at": row.at},
        subject=("patient", row.patient.code),
        icon="person",
        due_at=clock.now() + AT_ONCE,
        assignee=row.sees.user,
        site=row.site,
        url=("appointments:unplanned-one", str(row.code)),
    )


def _ask_supervisor(by: Actor, row: UnplannedArrival) -> None:
    due = clock.now() + AT_ONCE
    open_task(
        by=by,
        kind=UNPLANNED,
        key=str(row.code),
        room="appointments",
        title=gettext_noop("%(subject)s came without a time and %(attending)s rests: arrange"),
        detail=gettext_noop("Arrived %(came_at)s; what for is written there"),
        args={"attending": row.attending.name, "came_at": row.at},
        subject=("patient", row.patient.code),
        icon="warn",
        due_at=due,
        roles=SUPERVISORS,
        escalates_at=due,
        escalates_to=("clinic_director",),
        site=row.site,
        url=("appointments:unplanned-one", str(row.code)),
        closed_in_inbox=False,
    )
