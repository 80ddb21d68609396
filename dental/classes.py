"""The six classes of a dental visit: what the history proposes, and who decided otherwise (DE-001 to DE-007)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db.models import Q, prefetch_related_objects
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dental.models import ClassDecision, ExemptReason, ToothTreatment, VisitClass
from dental.teeth import TEETH
from kernel import clock
from kernel.calendars import add_months_clamped
from kernel.context import Actor
from services.catalogue.models import Item
from services.consultation.selectors import advice_seekers
from services.patients.models import Patient
from services.reception.classes import Case, Proposal, VisitClasses
from services.reception.models import Visit
from services.records.models import Treatment
from services.tasks.actions import cancel_task, open_task

# After this many months another tooth or another item makes a first visit again (DE-002).
YEAR = 12
ORTHODONTICS, EXAMINATIONS = "orthodontic", "examination"
# What a staff member's list of specialties calls it.
ORTHODONTIST = "orthodontics"
SPECIALIST_SLOT = "dental.orthodontic_slot"


@dataclass(slots=True)
class Past:
    """What was done to one patient: the last day of all, and each (tooth, item) with its last day; tooth 0 is unknown."""

    last: date | None = None
    done: dict[tuple[int, int], date] = field(default_factory=dict)

    def note(self, tooth: int, item: int, day: date) -> None:
        """One treatment more."""
        self.last = max(self.last or day, day)
        self.done[tooth, item] = max(self.done.get((tooth, item), day), day)

    def same(self, tooth: int, item: Item | None) -> date | None:
        """The last day of the same item at the same tooth; where one of the two is not known, the other decides."""
        days = [
            day
            for (at, what), day in self.done.items()
            if (not tooth or at == tooth or (at == 0 and item is not None)) and (item is None or what == item.pk)
        ]
        return max(days, default=None)


def propose(cases: Sequence[Case]) -> list[Proposal]:
    """The class that the history proposes for each case, with the reason in words: four queries for all of them."""
    prefetch_related_objects([case.item for case in cases if case.item is not None], "category")
    past = _past_of([case.patient for case in cases])
    strangers = {case.patient.pk for case in cases if past[case.patient.pk].last is None and case.item is None}
    asking = advice_seekers(strangers, clock.today())
    return [_proposal(case, past[case.patient.pk], asks=case.patient.pk in asking) for case in cases]


def propose_for_tooth(patient: Patient, day: date, *, tooth: int | None = None, item: Item | None = None) -> Proposal:
    """The class of a visit for this very tooth and item (DE-002, DE-003)."""
    return propose([Case(patient, day, item, detail=str(tooth or ""))])[0]


def _proposal(case: Case, past: Past, *, asks: bool = False) -> Proposal:
    if case.item is not None and case.item.category.key == ORTHODONTICS:
        return Proposal(VisitClass.ORTHODONTIC, "orthodontic_item", _("An orthodontic item is booked."))
    if case.item is not None and case.item.category.key == EXAMINATIONS:
        return Proposal(VisitClass.EXAMINATION, "examination_item", _("Only an examination is booked."))
    if past.last is None and asks and case.item is None and case.day == clock.today():
        sentence = _("For the first time here, and with the consultant, to know teeth, steps and fees.")
        return Proposal(VisitClass.CONSULTATION, "asks_first", sentence)
    if past.last is None:
        return Proposal(VisitClass.FIRST, "never_treated", _("Never treated here."))
    tooth = int(case.detail) if case.detail.isdecimal() and int(case.detail) in TEETH else 0
    said = {"day": past.last}
    if case.continuing:
        return Proposal(VisitClass.RETURN, "continuing", _("The treatment goes on: booked from the last visit's card."))
    if case.day < add_months_clamped(past.last, YEAR):
        return Proposal(VisitClass.RETURN, "within_year", _("Treated here within a year, last on %(day)s.") % said)
    if not tooth and case.item is None:
        sentence = _("Last treated on %(day)s, a year or more ago. If it is the same tooth and item: return visit.")
        return Proposal(VisitClass.FIRST, "unknown_after_year", sentence % said)
    same = past.same(tooth, case.item)
    if same is None:
        sentence = _("Last treated on %(day)s, a year or more ago, and now another tooth or item.")
        return Proposal(VisitClass.FIRST, "other_after_year", sentence % said)
    said["day"] = same
    if tooth and case.item is not None:
        sentence = _("The same item at the same tooth as on %(day)s: a return visit, also after more than a year.")
        return Proposal(VisitClass.RETURN, "same_tooth_item", sentence % said)
    sentence = _("As on %(day)s, more than a year ago. If it is another tooth or another item: first visit.")
    return Proposal(VisitClass.RETURN, "same_as_far_as_known", sentence % said)


def _past_of(patients: Sequence[Patient]) -> dict[int, Past]:
    """What was done to each of these patients' teeth, and what of this line of business was done without a tooth."""
    found: dict[int, Past] = defaultdict(Past)
    pks = {patient.pk for patient in patients}
    teeth = ToothTreatment.objects.filter(patient__in=pks, treatment__voided_at=None)
    with_tooth = set()
    for patient, tooth, treatment, item, day in teeth.values_list(
        "patient_id", "tooth", "treatment_id", "treatment__item_id", "performed_on"
    ):
        found[patient].note(tooth, item, day)
        with_tooth.add(treatment)
    others = Treatment.objects.filter(
        Q(item__vertical="dental") | Q(item__vertical=""), patient__in=pks, voided_at=None
    ).exclude(item__category__key=EXAMINATIONS)
    for row in others.select_related("site").only("patient_id", "item_id", "performed_at", "site"):
        if row.pk not in with_tooth:
            found[row.patient_id].note(0, row.item_id, clock.local(row.performed_at, row.site.timezone).date())
    return found


def decided(by: Actor, visit: Visit, visit_class: str, reason: str, proposal: Proposal) -> None:
    """Keep the decision beside the proposal. An orthodontic visit asks for a specialist's time (DE-007): the patient's
    wish is the complaint, another doctor examines, and the desk finds the time."""
    ClassDecision.objects.create(
        visit=visit,
        visit_class=visit_class,
        exempt_reason=reason,
        proposed=proposal.visit_class,
        because=proposal.because,
        decided_at=clock.now(),
        decided_by_id=by.user_id,
        decided_by_name=by.name,
    )
    if visit_class != VisitClass.ORTHODONTIC:
        cancel_task(by=by, kind=SPECIALIST_SLOT, key=str(visit.code), reason="class_changed")
    elif ORTHODONTIST not in visit.doctor.specialties:
        open_task(
            by=by,
            kind=SPECIALIST_SLOT,
            key=str(visit.code),
            room="dental",
            title=gettext_noop("Find %(subject)s a time with the orthodontist"),
            detail=gettext_noop("After the examination by %(doctor)s; ask for the wish first"),
            args={"doctor": visit.doctor.name},
            subject=("patient", visit.patient.code),
            icon="tooth",
            due_at=clock.now() + timedelta(hours=2),
            roles=("front_desk", "guide", "consultant"),
            site=visit.site,
            url=("reception:visit", str(visit.code)),
        )


VISIT_CLASSES = VisitClasses(
    vertical="dental",
    classes=dict(VisitClass.choices),
    needs_reason=frozenset({VisitClass.EXEMPT.value}),
    reasons=dict(ExemptReason.choices),
    propose=propose,
    decided=decided,
)
