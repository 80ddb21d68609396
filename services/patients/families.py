"""Families: who belongs together, who pays for whom, whose phone is shared (ledger 17 P "Families and groups")."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from kernel.actions import action
from kernel.context import Actor
from kernel.errors import RuleRefused
from services.patients.actions import add_relation, register_patient
from services.patients.models import Patient, PatientRelation, Sex
from services.sites.models import Site

Kind = PatientRelation.Kind
# A family is looked for over so many steps: the sister's child's father belongs to it.
STEPS = 3
MOST = 12
MUTUAL = {
    Kind.MOTHER: Kind.CHILD,
    Kind.FATHER: Kind.CHILD,
    Kind.SPOUSE: Kind.SPOUSE,
    Kind.SIBLING: Kind.SIBLING,
    Kind.GRANDPARENT: Kind.GRANDCHILD,
    Kind.GRANDCHILD: Kind.GRANDPARENT,
}


@action(permission="patients.register")
def register_relative(
    *,
    by: Actor,
    site: Site,
    patient: Patient,
    kind: str,
    shares_phone: bool = False,
    pays: bool = False,
    is_guardian: bool = False,
    confirmed_new: bool = False,
    **facts: Any,
) -> Patient:
    """Open a file for the ``kind`` of ``patient`` (e.g. the child), with the relation, in one step.

    ``shares_phone`` writes the phone of ``patient`` into it: once the relation is said, one phone for several people is no
    doubt about who they are; the same name and year of birth still is. ``pays`` and ``is_guardian`` say that ``patient``
    pays and decides for the new one. ``facts`` are those of ``register_patient``.

    Raises RuleRefused (``no_phone_to_share``) and what ``register_patient`` and ``add_relation`` raise.
    """
    if shares_phone:
        if not patient.phone:
            sentence = _("There is no phone in this file that could be shared.")
            raise RuleRefused("no_phone_to_share", sentence, fields={"shares_phone": [sentence]})
        facts |= {"phone": patient.phone, "phone_absent_reason": ""}
    relative = register_patient(by=by, site=site, family=patient, confirmed_new=confirmed_new, **facts)
    add_relation(
        by=by,
        patient=relative,
        relative=patient,
        kind=seen_from_the_other(kind, patient.sex),
        is_payer=pays,
        is_guardian=is_guardian,
    )
    return relative


def seen_from_the_other(kind: str, sex: str) -> str:
    """What somebody of ``sex`` is to their own ``kind``: the child's mother or father, the spouse's spouse."""
    if kind == Kind.CHILD:
        return {Sex.FEMALE: Kind.MOTHER, Sex.MALE: Kind.FATHER}.get(sex, Kind.GUARDIAN)  # type: ignore[call-overload,no-any-return]
    return MUTUAL.get(kind, Kind.OTHER)  # type: ignore[call-overload,no-any-return]


def family_files(patient: Patient) -> list[Patient]:
    """The files of one family, ``patient`` first: related in either direction, over some steps; one query a step."""
    known = {patient.pk: patient}
    edge = [patient.pk]
    for _step in range(STEPS):
        rows = relations_among(edge)
        edge = []
        for one in (person for row in rows for person in (row.patient, row.relative)):
            if one is not None and one.pk not in known and one.merged_into_id is None:
                known[one.pk] = one
                edge.append(one.pk)
        if not edge or len(known) >= MOST:
            break
    return list(known.values())[:MOST]


def relations_among(keys: Iterable[int]) -> list[PatientRelation]:
    """The relations between files in which one of ``keys`` stands on either side."""
    wanted = list(keys)
    rows = PatientRelation.objects.filter(Q(patient__in=wanted) | Q(relative__in=wanted), relative__isnull=False)
    return list(rows.select_related("patient", "relative"))


def sharing_phone(patient: Patient) -> list[Patient]:
    """Other files with the phone of ``patient``."""
    if not patient.phone:
        return []
    rows = Patient.objects.filter(phone_index__marks=patient.phone, merged_into__isnull=True).exclude(pk=patient.pk)
    return list(rows.order_by("id")[:MOST])


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of a family as one file sees them: what they are to it, who pays, who decides, whose phone it is."""

    patient: Patient
    kind: str
    payer: str
    pays_for: tuple[str, ...]
    guardians: tuple[str, ...]
    shares_phone: bool

    @property
    def kind_label(self) -> str:
        return str(Kind(self.kind).label) if self.kind else ""


def members_of(patient: Patient) -> list[Member]:
    """The family of ``patient`` with files here, themselves first."""
    files = family_files(patient)
    keys = [one.pk for one in files]
    rows = list(PatientRelation.objects.filter(patient__in=keys).select_related("patient", "relative"))
    kinds = {
        row.patient_id: seen_from_the_other(row.kind, row.patient.sex) for row in rows if row.relative_id == patient.pk
    }
    kinds |= {row.relative_id: row.kind for row in rows if row.patient_id == patient.pk and row.relative_id is not None}
    return [
        Member(
            patient=one,
            kind="" if one.pk == patient.pk else kinds.get(one.pk, ""),
            payer=next((row.display_name for row in rows if row.patient_id == one.pk and row.is_payer), ""),
            pays_for=tuple(row.patient.name for row in rows if row.relative_id == one.pk and row.is_payer),
            guardians=tuple(row.display_name for row in rows if row.patient_id == one.pk and row.is_guardian),
            shares_phone=bool(one.phone) and any(o.phone == one.phone for o in files if o.pk != one.pk),
        )
        for one in files
    ]


def payers_of(patients: Iterable[Patient]) -> list[Patient]:
    """Who has a file and pays for one of ``patients``."""
    rows = PatientRelation.objects.filter(patient__in=list(patients), is_payer=True, relative__isnull=False)
    people = [row.relative for row in rows.select_related("relative")]
    return list({one.pk: one for one in people if one is not None}.values())
