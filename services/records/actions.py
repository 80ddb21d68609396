"""Writing charts. What is written stays; mistakes are struck through or corrected by a further note."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from kernel.outbox import emit
from services.catalogue.models import Item
from services.patients.models import Patient
from services.records import reviewing
from services.records.models import ClinicalNote, Treatment
from services.sites.locking import lock_version
from services.sites.models import Site
from services.staff.models import StaffMember


@action(permission="records.write")
def record_treatment(
    *,
    by: Actor,
    site: Site,
    patient: Patient,
    doctor: StaffMember,
    item: Item,
    performed_at: datetime | None = None,
    quantity: int = 1,
    note: str = "",
    visit_code: UUID | None = None,
    assistant: StaffMember | None = None,
    is_sensitive: bool = False,
    from_elsewhere: bool = False,
) -> Treatment:
    """Record that ``doctor`` did ``item`` to ``patient`` at ``performed_at`` (aware; default: now).

    Follow-up, warranty and figures hear of it by "records.treatment_recorded", which carries codes only. A sensitive one
    is read by the treating team only (CR-021). Some entries are looked through by another person (``reviewing``).
    ``from_elsewhere`` is history that an earlier system kept: it counts like any other, but nobody is called about it now
    and nobody looks it through.

    Raises RuleRefused (``not_a_doctor``, ``performed_in_future``, ``quantity_impossible``).
    """
    present = clock.now()
    moment = performed_at or present
    if not doctor.is_doctor:
        sentence = _("%(name)s is not entered as a doctor.") % {"name": doctor.name}
        raise RuleRefused("not_a_doctor", sentence, fields={"doctor": [sentence]})
    if moment > present:
        sentence = _("What has not happened yet is not recorded.")
        raise RuleRefused("performed_in_future", sentence, fields={"performed_at": [sentence]})
    if quantity < 1:
        sentence = _("The quantity is at least one.")
        raise RuleRefused("quantity_impossible", sentence, fields={"quantity": [sentence]})
    treatment = Treatment.objects.create(
        patient=patient,
        site=site,
        doctor=doctor,
        assistant=assistant,
        item=item,
        quantity=quantity,
        performed_at=moment,
        visit_code=visit_code,
        note=note,
        recorded_at=present,
        recorded_by_id=by.user_id,
        is_sensitive=is_sensitive,
    )
    audit.record(
        by=by, verb="records.treatment_recorded", target=treatment, site=site.code, patient=patient.code, item=item.key
    )
    if from_elsewhere:
        return treatment
    reviewing.choose(by=by, entry=treatment)
    emit(
        "records.treatment_recorded",
        key=str(patient.code),
        payload={
            "treatment": str(treatment.code),
            "patient": str(patient.code),
            "site": str(site.code),
            "doctor": str(doctor.code),
            "item": str(item.code),
            "item_key": item.key,
            "vertical": item.vertical,
            "visit": str(visit_code) if visit_code else None,
            "performed_at": moment.isoformat(),
        },
    )
    return treatment


@action(permission="records.write")
def void_treatment(*, by: Actor, treatment: Treatment, reason: str, version: int | None = None) -> Treatment:
    """Strike a treatment through that was entered by mistake; it stays in the chart (CR-010).

    Raises StaleVersion, RuleRefused (``reason_required``), Conflict (``already_voided``).
    """
    treatment = lock_version(treatment, version)
    if not reason.strip():
        sentence = _("Say why it was a mistake.")
        raise RuleRefused("reason_required", sentence, fields={"reason": [sentence]})
    if treatment.voided_at is not None:
        raise Conflict("already_voided", _("This entry is struck through already."))
    treatment.voided_at, treatment.void_reason = clock.now(), reason.strip()
    treatment.bump(["voided_at", "void_reason"])
    audit.record(by=by, verb="records.treatment_voided", target=treatment, site=treatment.site.code)
    emit(
        "records.treatment_voided",
        key=str(treatment.patient.code),
        payload={"treatment": str(treatment.code), "patient": str(treatment.patient.code)},
    )
    return treatment


@action(permission="records.write")
def add_note(
    *,
    by: Actor,
    site: Site,
    patient: Patient,
    author: StaffMember,
    text: str,
    visit_code: UUID | None = None,
    corrects: ClinicalNote | None = None,
    is_sensitive: bool = False,
) -> ClinicalNote:
    """Write a note; with ``corrects`` it stands for an earlier one of the same patient, which stays readable.

    What corrects a sensitive note is sensitive too.

    Raises RuleRefused (``note_empty``, ``note_of_another_patient``), Conflict (``note_already_corrected``).
    """
    if not text.strip():
        sentence = _("An empty note says nothing.")
        raise RuleRefused("note_empty", sentence, fields={"text": [sentence]})
    if corrects is not None:
        # Of two corrections of one note at once the second one sees the first. Notes are append-only, so the file is
        # what is locked.
        lock_version(patient, None)
        if corrects.patient_id != patient.pk:
            raise RuleRefused("note_of_another_patient", _("That note belongs to another chart."))
        if ClinicalNote.objects.filter(corrects=corrects).exists():
            raise Conflict("note_already_corrected", _("This note was corrected already; correct the later one."))
    note = ClinicalNote.objects.create(
        patient=patient,
        site=site,
        author=author,
        text=text.strip(),
        visit_code=visit_code,
        written_at=clock.now(),
        corrects=corrects,
        is_sensitive=is_sensitive or (corrects is not None and corrects.is_sensitive),
    )
    reviewing.choose(by=by, entry=note)
    audit.record(
        by=by,
        verb="records.note_written",
        target=note,
        site=site.code,
        patient=patient.code,
        corrects=corrects.code if corrects is not None else None,
    )
    emit("records.note_written", key=str(patient.code), payload={"note": str(note.code), "patient": str(patient.code)})
    return note
