"""Reading charts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from kernel.access import holds
from kernel.context import Actor
from kernel.errors import NotFound
from services.catalogue.models import Item
from services.patients.models import Patient
from services.patients.restriction import opened_by
from services.records.models import ClinicalNote, Treatment
from services.staff.models import StaffMember

E = TypeVar("E", Treatment, ClinicalNote)


def treatments_of(patient: Patient, *, with_voided: bool = False) -> QuerySet[Treatment]:
    """What was done to ``patient``, the latest first."""
    rows = Treatment.objects.filter(patient=patient).select_related("item__category", "doctor", "assistant", "site")
    return rows if with_voided else rows.filter(voided_at__isnull=True)


def treatments_in_visit(visit_code: UUID) -> QuerySet[Treatment]:
    """What was done during a visit, in the order of doing."""
    return (
        Treatment.objects.filter(visit_code=visit_code, voided_at__isnull=True)
        .select_related("item__category", "doctor", "patient", "site")
        .order_by("performed_at", "id")
    )


def last_treatment(
    patient: Patient, *, item: Item | None = None, doctor: StaffMember | None = None, vertical: str | None = None
) -> Treatment | None:
    """The latest treatment of ``patient``, of an item, by a doctor, or in a line of business."""
    rows = treatments_of(patient)
    if item is not None:
        rows = rows.filter(item=item)
    if doctor is not None:
        rows = rows.filter(doctor=doctor)
    if vertical is not None:
        rows = rows.filter(item__vertical=vertical)
    return rows.first()


def notes_of(patient: Patient) -> QuerySet[ClinicalNote]:
    """The notes about ``patient``, the latest first; a corrected one knows its correction."""
    return ClinicalNote.objects.filter(patient=patient).select_related("author", "site", "corrected_by")


def is_treating(actor: Actor, patient: Patient) -> bool:
    """Does ``actor`` belong to the team that treats ``patient``: did they treat, assist or write in this chart?"""
    if actor.user_id is None:
        return False
    mine = Q(doctor__user_id=actor.user_id) | Q(assistant__user_id=actor.user_id)
    return (
        Treatment.objects.filter(mine, patient=patient).exists()
        or ClinicalNote.objects.filter(patient=patient, author__user_id=actor.user_id).exists()
    )


def may_read_sensitive(actor: Actor, patient: Patient) -> bool:
    """May ``actor`` read what is only for the treating team (CR-021)? Others by exception, with a reason."""
    return actor.kind == "system" or is_treating(actor, patient) or opened_by(actor, patient) is not None


def readable(actor: Actor, patient: Patient, rows: Iterable[E]) -> list[E]:
    """The rows of one chart as ``actor`` may read them: of sensitive ones only that they exist (``withheld``)."""
    found = list(rows)
    hidden = [row for row in found if row.is_sensitive]
    if hidden and not may_read_sensitive(actor, patient):
        for row in hidden:
            row.withheld = True
            if isinstance(row, Treatment):
                row.note = ""
            else:
                row.text = ""
    return found


def listed(actor: Actor, patient: Patient, rows: QuerySet[E]) -> QuerySet[E]:
    """``rows`` of one chart without what ``actor`` may not read, for lists that are handed on."""
    return rows if may_read_sensitive(actor, patient) else rows.filter(is_sensitive=False)


def access_treatment(actor: Actor, code: UUID, word: str = "records.view") -> Treatment:
    """The treatment ``code``, if ``actor`` holds ``word``. Raises NotFound (``treatment_not_found``)."""
    rows = Treatment.objects.select_related("patient", "item__category", "doctor", "assistant", "site")
    found = rows.filter(code=code).first() if holds(actor, word) else None
    if found is None or (found.is_sensitive and not may_read_sensitive(actor, found.patient)):
        raise NotFound("treatment_not_found", _("There is no such treatment."))
    return found


def access_note(actor: Actor, code: UUID, word: str = "records.view") -> ClinicalNote:
    """The note ``code``, if ``actor`` holds ``word``. Raises NotFound (``note_not_found``)."""
    rows = ClinicalNote.objects.select_related("patient", "author", "site")
    found = rows.filter(code=code).first() if holds(actor, word) else None
    if found is None or (found.is_sensitive and not may_read_sensitive(actor, found.patient)):
        raise NotFound("note_not_found", _("There is no such note."))
    return found
