"""Reads of the dental vertical: the chart of teeth and what is under guarantee."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from dental.models import ToothTreatment
from dental.teeth import LOWER_PERMANENT, LOWER_PRIMARY, UPPER_PERMANENT, UPPER_PRIMARY
from kernel import parameters
from kernel.access import accessible
from kernel.context import Actor
from kernel.errors import NotFound
from services.catalogue.models import Item
from services.patients.models import Patient
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
        "treatment__item", "treatment__doctor", "treatment__site", "redo_of"
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


@dataclass(frozen=True, slots=True)
class Tooth:
    """A tooth of the chart with what was done to it, the latest first."""

    number: int
    treatments: tuple[ToothTreatment, ...]

    @property
    def treated(self) -> bool:
        return bool(self.treatments)

    @property
    def guaranteed_until(self) -> date | None:
        """The latest day on which something at this tooth is still guaranteed; None where nothing was done."""
        return max((row.warranty_until for row in self.treatments), default=None)


def chart(rows: QuerySet[ToothTreatment]) -> list[list[Tooth]]:
    """The chart in four rows as a dentist reads it: upper permanent, upper primary, lower primary, lower permanent."""
    by_tooth: dict[int, list[ToothTreatment]] = defaultdict(list)
    for row in rows:
        if row.treatment.voided_at is None:
            by_tooth[row.tooth].append(row)
    order = (UPPER_PERMANENT, UPPER_PRIMARY, LOWER_PRIMARY, LOWER_PERMANENT)
    return [[Tooth(number, tuple(by_tooth[number])) for number in line] for line in order]
