"""The sheet of the morning meeting, and the evening list of tomorrow's bookings: computed from the rows, never typed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from kernel import audit, calendars
from kernel.actions import action
from kernel.context import Actor
from services.appointments import selectors as appointments
from services.appointments.machine import AWAITED
from services.appointments.models import Appointment, AppointmentCard
from services.followup.models import FollowUp, Plan
from services.patients.models import Patient
from services.reception import selectors as reception
from services.reception.machine import HOLDS_CHAIR
from services.reception.models import Visit
from services.records.models import ClinicalNote, Treatment
from services.shift.leftovers import Leftover, gathered
from services.sites.models import Site
from services.sites.selectors import weekly_hours
from services.staff.models import StaffMember

LOOK_AROUND = timedelta(days=60)
# Somebody was treated: from then on a chart, a charge, a next visit and a call belong to the visit (AP-040).
TREATED = (*HOLDS_CHAIR, "left", "at_cashier", "settled", "closed")


@dataclass(frozen=True, slots=True)
class Defect:
    """What is missing of a patient of yesterday, and whose work it is (AP-040)."""

    patient: Patient
    what: str
    owner: str


@dataclass(slots=True)
class Yesterday:
    """A patient of the last opening day: seen or not, what the same-day call said, what is missing."""

    patient: Patient
    doctor: StaffMember
    missed: bool
    state: str | Promise
    visit: Visit | None = None
    calls: list[FollowUp] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the desk presents in the morning (GV-005)."""

    day: date
    before: date | None
    today: list[Appointment]
    yesterday: list[Yesterday]
    reminders: list[Leftover]
    problems: list[Leftover]

    @property
    def booked(self) -> list[tuple[Appointment, int]]:
        """Today's bookings with their length in minutes."""
        return [(one, int((one.ends_at - one.starts_at).total_seconds()) // 60) for one in self.today]

    @property
    def defects(self) -> list[Defect]:
        """Everything that is missing of yesterday, by owner."""
        return sorted((one for row in self.yesterday for one in row.defects), key=lambda one: one.owner)

    @property
    def patients(self) -> list[Patient]:
        """Whoever is named on the sheet."""
        return list({one.patient.pk: one.patient for one in [*self.today, *self.yesterday]}.values())


def morning_sheet(site: Site, day: date) -> Sheet:
    """The sheet of ``site`` for ``day``: bookings in the order of arrival, patients of the last opening day with what
    became of them, unfinished reminders, open problems. A fixed number of queries, however many rows."""
    before = opening_day_before(site, day)
    open_now = gathered(site, day)
    return Sheet(
        day=day,
        before=before,
        today=list(appointments.on_day(site, day)),
        yesterday=_yesterday(site, before) if before is not None else [],
        reminders=[one for one in open_now if one.part == "reminder"],
        problems=[one for one in open_now if one.part == "problem"],
    )


def opening_day_before(site: Site, day: date) -> date | None:
    """The last opening day of ``site`` before ``day``; None when there was none for long."""
    try:
        return calendars.last_opening_day_before(weekly_hours(site, since=day - LOOK_AROUND, until=day), day)
    except calendars.NeverOpen:
        return None


def opening_day_after(site: Site, day: date) -> date | None:
    """The next opening day of ``site`` after ``day``; None when none is planned for long."""
    try:
        return calendars.next_opening_day_after(weekly_hours(site, since=day, until=day + LOOK_AROUND), day)
    except calendars.NeverOpen:
        return None


def bookings_after(site: Site, day: date) -> tuple[date | None, list[Appointment]]:
    """The next opening day after ``day`` and who is expected then, in order (AP-032)."""
    following = opening_day_after(site, day)
    if following is None:
        return None, []
    return following, list(appointments.on_day(site, following, states=AWAITED))


@action(permission="shift.contacts", sensitive=True)
def reveal_contacts(*, by: Actor, site: Site, day: date) -> tuple[date | None, list[Appointment]]:
    """The evening list of the next opening day with whole phone numbers, to be printed; each look is logged (AP-032)."""
    following, rows = bookings_after(site, day)
    for patient in {row.patient.pk: row.patient for row in rows}.values():
        audit.record_read(by=by, target=patient, purpose="evening_list", part="phone")
    return following, rows


def _yesterday(site: Site, day: date) -> list[Yesterday]:
    visits = list(reception.on_day(site, day).order_by("arrived_at", "id"))
    missed = list(appointments.on_day(site, day, states=("no_show",)))
    rows = [
        Yesterday(one.patient, one.doctor, missed=False, state=one.get_state_display(), visit=one) for one in visits
    ]
    rows += [Yesterday(one.patient, one.doctor, missed=True, state=one.get_state_display()) for one in missed]
    calls: dict[int, list[FollowUp]] = defaultdict(list)
    patients = [row.patient.pk for row in rows]
    for call in FollowUp.objects.filter(plan__site=site, plan__patient__in=patients, due_on=day).select_related("plan"):
        calls[call.plan.patient_id].append(call)
    facts = _Facts.of(site, day, visits)
    for row in rows:
        row.calls = calls[row.patient.pk]
        if row.visit is not None and row.visit.state in TREATED:
            row.defects = facts.missing(row.visit)
    return rows


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is known of the visits of a day, asked once for all of them."""

    charted: frozenset[object]
    carded: frozenset[object]
    planned: frozenset[int]
    booked: frozenset[int]

    @classmethod
    def of(cls, site: Site, day: date, visits: list[Visit]) -> _Facts:
        codes, patients = [one.code for one in visits], [one.patient_id for one in visits]
        treated = Treatment.objects.filter(visit_code__in=codes, voided_at__isnull=True).values_list(
            "visit_code", flat=True
        )
        noted = ClinicalNote.objects.filter(visit_code__in=codes).values_list("visit_code", flat=True)
        cards = AppointmentCard.objects.filter(visit_code__in=codes).values_list("visit_code", flat=True)
        plans = Plan.objects.filter(site=site, patient__in=patients, anchor_on=day).values_list("patient_id", flat=True)
        coming = Appointment.objects.filter(patient__in=patients, state__in=AWAITED).values_list(
            "patient_id", flat=True
        )
        return cls(frozenset([*treated, *noted]), frozenset(cards), frozenset(plans), frozenset(coming))

    def missing(self, visit: Visit) -> list[Defect]:
        """The routine items of a treated patient that are not there, each with its owner (AP-040)."""
        found = []
        if visit.code not in self.charted:
            found.append(Defect(visit.patient, _("no entry in the chart"), visit.doctor.name))
        if visit.state not in ("settled", "closed"):
            found.append(Defect(visit.patient, _("not settled at the till"), _("cashier")))
        if visit.code not in self.carded and visit.patient_id not in self.booked:
            found.append(Defect(visit.patient, _("no next visit, and no word that none is needed"), visit.doctor.name))
        if visit.patient_id not in self.planned:
            found.append(Defect(visit.patient, _("no follow-up planned"), _("front desk")))
        return found
