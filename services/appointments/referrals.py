"""Patients whom one doctor hands to another: registered part by part at the end of the same visit, clear the same day
(AP-028, DE-016)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import access, audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, NotFound, RuleRefused
from services.appointments import reminders
from services.appointments.lifecycles import REFERRAL
from services.appointments.models import Appointment, Assignment, Referral
from services.catalogue.models import Item
from services.patients.models import Patient
from services.sites.models import Site
from services.staff.models import StaffMember
from services.tasks.actions import open_task, settle_task

OPEN = "appointments.referral_open"
TO_ASK = timedelta(hours=1)
JOINED = ("site", "patient", "from_doctor", "to_doctor", "item", "next_appointment")


@action(permission="appointments.book")
def register_referral(
    *,
    by: Actor,
    site: Site,
    patient: Patient,
    from_doctor: StaffMember,
    to_doctor: StaffMember,
    visit_code: UUID | None = None,
    item: Item | None = None,
    charge_fen: int | None = None,
    next_appointment: Appointment | None = None,
    no_next_reason: str = "",
    question: str = "",
) -> Referral:
    """Register one part of a transfer between doctors. With item, charge and next visit it is settled at once; what is
    missing or unclear (``question``) is asked of the doctor and the assistant, and stays open until then.

    Raises RuleRefused (``referred_to_oneself``, ``not_a_doctor``, ``charge_impossible``), NotFound
    (``appointment_not_found``) for a next visit of somebody else.
    """
    if from_doctor.pk == to_doctor.pk:
        sentence = _("A referral goes to another doctor.")
        raise RuleRefused("referred_to_oneself", sentence, fields={"to_doctor": [sentence]})
    for doctor in (from_doctor, to_doctor):
        if not doctor.is_doctor:
            raise RuleRefused("not_a_doctor", _("%(name)s does not treat patients.") % {"name": doctor.name})
    _refuse_wrong(patient, charge_fen, next_appointment)
    now = clock.now()
    referral = Referral.objects.create(
        site=site, patient=patient, from_doctor=from_doctor, to_doctor=to_doctor, visit_code=visit_code, item=item,
        charge_fen=charge_fen, next_appointment=next_appointment, no_next_reason=no_next_reason.strip()[:120],
        question=question.strip(), day=clock.local(now, site.timezone).date(), registered_at=now,
        registered_by_id=by.user_id,
    )  # fmt: skip
    audit.record(by=by, verb="appointments.referral_registered", target=referral, site=site.code)
    whole = item is not None and charge_fen is not None and (next_appointment is not None or no_next_reason.strip())
    if whole and not question.strip():
        REFERRAL.move(referral, "settled", by=by)
    else:
        _ask(by, referral)
    return referral


@action(permission=None, reason="the state machine names who may: desk, doctor or assistant")
def settle_referral(
    *,
    by: Actor,
    referral: Referral,
    item: Item | None = None,
    charge_fen: int | None = None,
    next_appointment: Appointment | None = None,
    no_next_reason: str = "",
) -> Referral:
    """What was unclear is settled: item, charge and the next visit, or why there is none.

    Raises RuleRefused (``referral_incomplete``, ``charge_impossible``), Conflict (``invalid_transition``).
    """
    _refuse_wrong(referral.patient, charge_fen, next_appointment)
    REFERRAL.move(
        referral, "settled", by=by, item=item, charge_fen=charge_fen, next_appointment=next_appointment,
        no_next_reason=no_next_reason.strip()[:120],
    )  # fmt: skip
    settle_task(by=by, kind=OPEN, key=str(referral.code), result="settled")
    return referral


@action(permission=None, reason="the state machine names who may: desk, doctor or assistant")
def withdraw_referral(*, by: Actor, referral: Referral, reason: str) -> Referral:
    """It was no referral after all. Raises RuleRefused (``reason_missing``), Conflict (``invalid_transition``)."""
    if not reason.strip():
        raise RuleRefused("reason_missing", _("Say why it is withdrawn."), fields={"reason": [_("Required")]})
    REFERRAL.move(referral, "withdrawn", by=by, reason=reason.strip()[:120])
    settle_task(by=by, kind=OPEN, key=str(referral.code), result="withdrawn")
    return referral


@dataclass(frozen=True, slots=True)
class OpenReferral:
    """What keeps a day from being closed: a part whose details are open, or a transfer that nobody registered."""

    patient: Patient
    from_doctor: StaffMember | None
    to_doctor: StaffMember
    referral: Referral | None

    @property
    def text(self) -> str:
        """What is missing, for the closing list."""
        return _("details are open") if self.referral is not None else _("not registered")

    @property
    def url(self) -> str:
        """Where it is settled or registered."""
        if self.referral is not None:
            return reverse("appointments:referral", args=[self.referral.code])
        origin = f"&from_doctor={self.from_doctor.code}" if self.from_doctor is not None else ""
        here = reverse("appointments:referral-new")
        return f"{here}?patient={self.patient.code}&to_doctor={self.to_doctor.code}{origin}"


def open_referrals(site: Site, day: date) -> list[OpenReferral]:
    """What of the referrals of ``site`` blocks the close of ``day`` (AP-028): parts open from this day or an earlier one,
    and patients whom the desk gave to another doctor on this day by referral without registering it. Two queries."""
    rows = Referral.objects.filter(site=site, day__lte=day).select_related("patient", "from_doctor", "to_doctor")
    today_or_open = list(rows.filter(state="open") | rows.filter(day=day))
    found = [
        OpenReferral(row.patient, row.from_doctor, row.to_doctor, row) for row in today_or_open if row.state == "open"
    ]
    registered = {(row.patient_id, row.to_doctor_id) for row in today_or_open if row.day == day}
    return found + [
        OpenReferral(one.patient, one.owner, one.doctor, None)
        for one in _given_by_referral(site, day)
        if (one.patient_id, one.doctor_id) not in registered
    ]


def _given_by_referral(site: Site, day: date) -> Iterable[Assignment]:
    start, end = clock.day_bounds(day, site.timezone)
    rows = Assignment.objects.filter(
        site=site, at__gte=start, at__lt=end, deviation=Assignment.Deviation.REFERRAL, owner__isnull=False
    ).exclude(appointment__prepares__isnull=False)
    known: dict[tuple[int, int], Assignment] = {}
    for one in rows.exclude(appointment__state="cancelled").select_related("patient", "owner", "doctor"):
        known.setdefault((one.patient_id, one.doctor_id), one)
    return known.values()


def referrals_for(actor: Actor) -> QuerySet[Referral]:
    """The referrals of the sites where ``actor`` may see bookings."""
    return access.accessible(Referral.objects.select_related(*JOINED), actor, "appointments.view")


def access_referral(actor: Actor, code: UUID) -> Referral:
    """The referral behind a code from outside. Raises NotFound (``referral_not_found``)."""
    found = referrals_for(actor).filter(code=code).first()
    if found is None:
        raise NotFound("referral_not_found", _("There is no such referral."))
    return found


def _refuse_wrong(patient: Patient, charge_fen: int | None, following: Appointment | None) -> None:
    if charge_fen is not None and charge_fen < 0:
        sentence = _("A charge is not negative.")
        raise RuleRefused("charge_impossible", sentence, fields={"charge_fen": [sentence]})
    if following is not None and following.patient_id != patient.pk:
        raise NotFound("appointment_not_found", _("There is no such booking."))
    if following is not None and following.state in ("cancelled", "no_show"):
        raise Conflict("appointment_given_up", _("This visit was given up. Choose one that is booked."))


def _ask(by: Actor, referral: Referral) -> None:
    due = clock.now() + TO_ASK
    open_task(
        by=by,
        kind=OPEN,
        key=str(referral.code),
        room="appointments",
        title=gettext_noop("Settle the referral of %(subject)s from %(from_doctor)s to %(to_doctor)s"),
        detail=gettext_noop("Item, charge or next visit is unclear; it must be clear before the day is closed"),
        args={"from_doctor": referral.from_doctor.name, "to_doctor": referral.to_doctor.name},
        subject=("patient", referral.patient.code),
        icon="warn",
        due_at=due,
        assignee=referral.from_doctor.user,
        roles=("front_desk", "guide", "assistant"),
        escalates_at=due + 2 * TO_ASK,
        escalates_to=reminders.ESCALATES_TO,
        site=referral.site,
        url=("appointments:referral", str(referral.code)),
        closed_in_inbox=False,
    )
