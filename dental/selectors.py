"""Reads of the dental vertical: the chart of teeth, guarantees, classes of visits, models, preparation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Count, F, QuerySet
from django.utils.translation import gettext as _

from dental.machines import AWAITED
from dental.models import (
    ClassDecision,
    LabModel,
    PreparationSet,
    PreparationTick,
    ToothFinding,
    ToothTreatment,
    VisitClass,
)
from dental.preparation import ITEMS, LISTS, ticked
from dental.teeth import LOWER_PERMANENT, LOWER_PRIMARY, SURFACES, UPPER_PERMANENT, UPPER_PRIMARY, sides
from kernel import clock, parameters
from kernel.access import accessible
from kernel.context import Actor
from kernel.errors import NotFound
from services.appointments.models import Appointment
from services.catalogue.models import Item
from services.patients.models import Patient
from services.reception.models import Visit
from services.sites.models import Site
from services.staff.models import StaffMember


@dataclass(frozen=True, slots=True)
class Warranty:
    """What a guarantee says on one day. After it, the original doctor stays the first choice for some days."""

    original: ToothTreatment
    valid: bool
    until: date
    original_doctor: StaffMember
    original_doctor_until: date
    original_doctor_first: bool


def history(actor: Actor, patient: Patient) -> QuerySet[ToothTreatment]:
    """Everything done to a patient's teeth that ``actor`` may see, the latest first."""
    rows = ToothTreatment.objects.filter(patient=patient).select_related(
        "treatment__item", "treatment__doctor", "treatment__site", "helper", "redo_of"
    )
    return accessible(rows, actor, "dental.view", field="treatment__site").order_by("-performed_on", "-id")


def find_warranty(patient: Patient, tooth: int, item: Item, day: date) -> Warranty | None:
    """The guarantee on ``item`` at ``tooth`` as of ``day``; None when it was never done there (DE-009).

    A redo does not begin a new guarantee, and what was struck through guarantees nothing.
    """
    original = (
        ToothTreatment.objects.filter(
            patient=patient,
            tooth=tooth,
            treatment__item=item,
            treatment__voided_at=None,
            redo_of=None,
            performed_on__lte=day,
        )
        .select_related("treatment__doctor", "treatment__item", "treatment__site")
        .order_by("-performed_on", "-id")
        .first()
    )
    return warranty_of(original, day) if original is not None else None


def warranty_of(original: ToothTreatment, day: date) -> Warranty:
    """What the guarantee on ``original`` says on ``day``; the last guaranteed day is included."""
    days = parameters.value("original_doctor_grace_days", site=original.treatment.site.code)
    grace = original.warranty_until + timedelta(days=days)
    return Warranty(
        original=original,
        valid=day <= original.warranty_until,
        until=original.warranty_until,
        original_doctor=original.treatment.doctor,
        original_doctor_until=grace,
        original_doctor_first=day <= grace,
    )


def guaranteed_or_in_grace(patient: Patient, day: date) -> list[Warranty]:
    """Every original treatment whose guarantee, or the grace after it, still holds on ``day``; the latest first."""
    originals = (
        ToothTreatment.objects.filter(patient=patient, redo_of=None, treatment__voided_at=None, performed_on__lte=day)
        .select_related("treatment__doctor", "treatment__item", "treatment__site")
        .order_by("-performed_on", "-id")
    )
    found = (warranty_of(original, day) for original in originals)
    return [warranty for warranty in found if warranty.original_doctor_first]


def access_tooth_treatment(actor: Actor, code: UUID) -> ToothTreatment:
    """One treatment of a tooth. Raises NotFound (``tooth_treatment_not_found``)."""
    rows = ToothTreatment.objects.select_related(
        "patient", "treatment__item", "treatment__doctor", "treatment__site", "redo_of__treatment__item",
        "redo_of__treatment__doctor", "redo_of__treatment__site",
    )  # fmt: skip
    found = accessible(rows, actor, "dental.view", field="treatment__site").filter(code=code).first()
    if found is None:
        raise NotFound("tooth_treatment_not_found", _("There is no such treatment."))
    return found


SURFACE_PATHS = {
    "up": "2,2 30,2 22,10 10,10",
    "down": "10,22 22,22 30,30 2,30",
    "left": "2,2 10,10 10,22 2,30",
    "right": "30,2 30,30 22,22 22,10",
    "middle": "10,10 22,10 22,22 10,22",
}


@dataclass(frozen=True, slots=True)
class Surface:
    """One surface in the drawing of a tooth: its letter, its outline, and how it looks ("" where nothing is known)."""

    letter: str
    points: str
    look: str


@dataclass(frozen=True, slots=True)
class Tooth:
    """A tooth of the chart with what was done to it and what is found at it now, the latest first."""

    number: int
    treatments: tuple[ToothTreatment, ...]
    findings: tuple[ToothFinding, ...] = ()

    @property
    def treated(self) -> bool:
        return bool(self.treatments)

    @property
    def guaranteed_until(self) -> date | None:
        """The latest day on which something at this tooth is still guaranteed; None where nothing was done."""
        return max((row.warranty_until for row in self.treatments), default=None)

    @property
    def missing(self) -> bool:
        return any(one.kind == ToothFinding.Kind.MISSING for one in self.findings)

    @property
    def surfaces(self) -> list[Surface]:
        """The five surfaces as they are drawn; caries stands above what was filled or treated."""
        looks: dict[str, str] = {}
        for row in self.treatments:
            looks |= dict.fromkeys(row.surfaces, "treated")
        for look in ("filled", "fractured", "caries"):
            for one in self.findings:
                if one.kind == look:
                    looks |= dict.fromkeys(one.surfaces or SURFACES, look)
        places = sides(self.number)
        return [Surface(letter, SURFACE_PATHS[places[letter]], looks.get(letter, "")) for letter in SURFACES]

    @property
    def words(self) -> str:
        """What is found at the tooth now, for a reader: "caries MO, mobile"."""
        return _(", ").join(f"{one.get_kind_display()} {one.surfaces}".strip() for one in self.findings)


def chart(rows: Iterable[ToothTreatment], findings: Iterable[ToothFinding] = ()) -> list[list[Tooth]]:
    """The chart in four rows as a dentist reads it: upper permanent, upper primary, lower primary, lower permanent."""
    by_tooth: dict[int, list[ToothTreatment]] = defaultdict(list)
    for row in rows:
        if row.treatment.voided_at is None:
            by_tooth[row.tooth].append(row)
    noted: dict[int, list[ToothFinding]] = defaultdict(list)
    for one in findings:
        noted[one.tooth].append(one)
    order = (UPPER_PERMANENT, UPPER_PRIMARY, LOWER_PRIMARY, LOWER_PERMANENT)
    return [
        [Tooth(number, tuple(by_tooth[number]), tuple(present(noted[number]))) for number in line] for line in order
    ]


def findings(actor: Actor, patient: Patient) -> QuerySet[ToothFinding]:
    """Everything noted about a patient's teeth that ``actor`` may see, the latest first."""
    rows = ToothFinding.objects.filter(patient=patient).select_related("author", "site")
    return accessible(rows, actor, "dental.view").order_by("-noted_at", "-id")


def findings_of_tooth(patient: Patient, tooth: int) -> list[ToothFinding]:
    """What is found at one tooth now, whoever asks (for rules)."""
    return present(ToothFinding.objects.filter(patient=patient, tooth=tooth).order_by("-noted_at", "-id"))


def present(latest_first: Iterable[ToothFinding]) -> list[ToothFinding]:
    """What still holds of the findings of one tooth: nothing from before "sound", nothing from before "missing", and of
    each kind the latest."""
    found: dict[str, ToothFinding] = {}
    for one in latest_first:
        if one.kind == ToothFinding.Kind.SOUND:
            break
        found.setdefault(one.kind, one)
        if one.kind == ToothFinding.Kind.MISSING:
            break
    if ToothFinding.Kind.IMPLANT in found:
        # An implant stands in the gap: what is said of the place is said of the implant.
        found.pop(ToothFinding.Kind.MISSING, None)
    return list(found.values())


def dentition_of(patient: Patient, day: date) -> str:
    """Which teeth a patient of this age has: "primary" under six, "mixed" under thirteen, else "permanent" (DE-010)."""
    age = patient.age_on(day)
    return "primary" if age < 6 else "mixed" if age < 13 else "permanent"


# --- classes of visits ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClassRow:
    """How many visits of each class one doctor had."""

    doctor: str
    number: str
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def cells(self) -> list[int]:
        """The counts in the order of the classes."""
        return [self.counts.get(key, 0) for key in VisitClass.values]


def class_statistics(site: Site, first: date, last: date) -> list[ClassRow]:
    """Visits by doctor and class that were registered from ``first`` to ``last`` (local days, both included) (DE-008).

    Who left unseen or rebooked was not seen by a doctor and does not count.
    """
    start, _end = clock.day_bounds(first, site.timezone)
    _start, end = clock.day_bounds(last, site.timezone)
    rows = (
        Visit.objects.filter(
            site=site, registered_at__gte=start, registered_at__lt=end, visit_class__in=VisitClass.values,
            vertical="dental",
        )
        .exclude(state__in=("rebooked", "left_unseen"))
        .values_list("doctor__number", "doctor__name", "visit_class")
        .annotate(count=Count("pk"))
        .order_by("doctor__number")
    )  # fmt: skip
    counted: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for number, name, visit_class, count in rows:
        counted[number, name][visit_class] = count
    return [ClassRow(name, number, counts) for (number, name), counts in counted.items()]


def decisions_of(visit: Visit) -> QuerySet[ClassDecision]:
    """Who gave a visit which class, the latest first."""
    return ClassDecision.objects.filter(visit=visit).order_by("-decided_at", "-id")


# --- models at the laboratory -----------------------------------------------------------------------------------------

MODEL_JOINED = ("site", "patient", "doctor", "appointment__doctor")


def models_for(actor: Actor) -> QuerySet[LabModel]:
    """The models of the sites where ``actor`` may see them."""
    return accessible(LabModel.objects.select_related(*MODEL_JOINED), actor, "dental.view_models")


def register(actor: Actor, site: Site, show: str, today: date) -> QuerySet[LabModel]:
    """The register of a site: "open" (on the way), "overdue", "ready" (checked, to be fitted) or "all"; due first."""
    rows = models_for(actor).filter(site=site)
    if show == "overdue":
        rows = rows.filter(state="sent", due_on__lt=today)
    elif show == "ready":
        rows = rows.filter(state="checked")
    elif show == "open":
        rows = rows.filter(state__in=(*AWAITED, "lost"))
    return rows.order_by(F("due_on").asc(nulls_last=True), "-id")


def access_model(actor: Actor, code: UUID) -> LabModel:
    """One model. Raises NotFound (``model_not_found``)."""
    found = models_for(actor).filter(code=code).first()
    if found is None:
        raise NotFound("model_not_found", _("There is no such model."))
    return found


def unready_models(appointment: Appointment) -> list[LabModel]:
    """The models that are to be fitted at this visit and are not received and checked yet (DE-021)."""
    rows = LabModel.objects.filter(appointment=appointment, state__in=(*AWAITED, "lost"))
    return list(rows.select_related("site").order_by("id"))


# --- preparation ------------------------------------------------------------------------------------------------------


def preparations_for(actor: Actor) -> QuerySet[PreparationSet]:
    """The prepared sets of the sites where ``actor`` may see them, with their ticks."""
    rows = PreparationSet.objects.select_related("patient", "site", "specialist").prefetch_related("ticks")
    return accessible(rows, actor, "dental.view")


def access_preparation(actor: Actor, code: UUID) -> PreparationSet:
    """One set. Raises NotFound (``preparation_not_found``)."""
    found = preparations_for(actor).filter(code=code).first()
    if found is None:
        raise NotFound("preparation_not_found", _("There is no such list."))
    return found


@dataclass(frozen=True, slots=True)
class ListLine:
    """An item of a list, and the tick that says it is there."""

    item: str
    label: str
    tick: PreparationTick | None


def list_lines(preparation: PreparationSet) -> list[ListLine]:
    """The list of a set in its order."""
    there = ticked(preparation)
    return [ListLine(item, str(ITEMS[item]), there.get(item)) for item in LISTS[preparation.kind]]
