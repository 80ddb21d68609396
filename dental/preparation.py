"""What lies ready before a specialist begins: lists that are ticked off; a missing item blocks "prepared" (DE-011, DE-012)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dental.machines import PREPARATION
from dental.models import PreparationSet, PreparationTick
from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from services.patients.models import Patient
from services.sites.locking import lock_version
from services.sites.models import Site
from services.staff.models import StaffMember

ITEMS: Mapping[str, str | Promise] = {
    "full_exam": gettext_lazy("Full oral examination"),
    "record": gettext_lazy("Examination record written"),
    "panoramic": gettext_lazy("Panoramic film"),
    "lateral": gettext_lazy("Lateral film of the skull"),
    "study_models": gettext_lazy("Study models"),
    "front_photo": gettext_lazy("Photograph from the front"),
    "side_photo": gettext_lazy("Photograph from the side"),
    "plan": gettext_lazy("Plan requested from the attending specialist"),
}
LISTS: Mapping[str, tuple[str, ...]] = {
    "implant": ("full_exam", "record", "panoramic", "plan"),
    "orthodontic": (
        "full_exam", "record", "panoramic", "lateral", "study_models", "front_photo", "side_photo", "plan",
    ),
}  # fmt: skip


@action(permission="dental.prepare")
def start_preparation(*, by: Actor, site: Site, patient: Patient, kind: str, specialist: StaffMember) -> PreparationSet:
    """Begin the list of one kind for a patient and the attending specialist.

    Raises RuleRefused (``unknown_preparation``, ``not_a_doctor``), Conflict (``preparation_running``).
    """
    if kind not in LISTS:
        raise RuleRefused("unknown_preparation", _("Choose what is prepared."), fields={"kind": [_("Required")]})
    if not specialist.is_doctor:
        sentence = _("%(name)s is not entered as a doctor.") % {"name": specialist.name}
        raise RuleRefused("not_a_doctor", sentence, fields={"specialist": [sentence]})
    lock_version(patient, None)
    _refuse_second(patient, kind)
    row = PreparationSet.objects.create(
        patient=patient, site=site, kind=kind, specialist=specialist, opened_at=clock.now()
    )
    audit.record(by=by, verb="dental.preparation_started", target=row, site=site.code, kind=kind)
    return row


@action(permission="dental.prepare")
def tick(*, by: Actor, preparation: PreparationSet, item: str, there: bool = True) -> PreparationSet:
    """Say that an item of the list is there, or is not there after all; a prepared set that lost an item is open again.

    Raises RuleRefused (``not_on_the_list``), Conflict (``preparation_over``, ``preparation_running``).
    """
    row = _locked(preparation)
    if item not in LISTS[row.kind]:
        raise RuleRefused("not_on_the_list", _("This is not on the list."), fields={"item": [_("Required")]})
    if row.state == "withdrawn" or (row.state == "prepared" and there):
        raise Conflict("preparation_over", _("This list is closed."), state=row.state)
    if (item in ticked(row)) == there:
        return row
    PreparationTick.objects.create(
        preparation=row, item=item, there=there, at=clock.now(), by_id=by.user_id, by_name=by.name
    )
    audit.record(by=by, verb="dental.preparation_ticked", target=row, site=row.site.code, item=item, there=there)
    if row.state == "prepared":
        _refuse_second(row.patient, row.kind)
        PREPARATION.move(row, "open", by=by)
    return row


@action(permission="dental.prepare")
def mark_prepared(*, by: Actor, preparation: PreparationSet) -> PreparationSet:
    """Everything is there. Raises RuleRefused (``preparation_incomplete``), Conflict (``invalid_transition``)."""
    row = _locked(preparation)
    PREPARATION.move(row, "prepared", by=by)
    return row


@action(permission="dental.prepare")
def withdraw_preparation(*, by: Actor, preparation: PreparationSet, reason: str) -> PreparationSet:
    """Nothing is prepared any more. Raises RuleRefused (``reason_missing``), Conflict (``invalid_transition``)."""
    if not reason.strip():
        raise RuleRefused("reason_missing", _("Say why."), fields={"reason": [_("Required")]})
    row = _locked(preparation)
    PREPARATION.move(row, "withdrawn", by=by, reason=reason.strip()[:120])
    return row


def ticked(preparation: PreparationSet) -> dict[str, PreparationTick]:
    """What is there, by item, with who found it and when. No query if the ticks are prefetched."""
    found: dict[str, PreparationTick] = {}
    for one in preparation.ticks.all():
        if one.there:
            found[one.item] = one
        else:
            found.pop(one.item, None)
    return found


def refuse_incomplete(preparation: PreparationSet) -> RuleRefused | None:
    """What stands against "prepared": the refusal that names the missing items (``preparation_incomplete``)."""
    there = ticked(preparation)
    missing = [item for item in LISTS[preparation.kind] if item not in there]
    if not missing:
        return None
    names = _(", ").join(str(ITEMS[item]) for item in missing)
    return RuleRefused("preparation_incomplete", _("Still missing: %(items)s.") % {"items": names}, missing=missing)


def _refuse_second(patient: Patient, kind: str) -> None:
    running = PreparationSet.objects.filter(patient=patient, kind=kind, state="open").first()
    if running is not None:
        raise Conflict("preparation_running", _("This list is open for the patient already."), preparation=running.code)


def _locked(preparation: PreparationSet) -> PreparationSet:
    lock_version(preparation, None)
    return PreparationSet.objects.select_related("patient", "site", "specialist").get(pk=preparation.pk)
