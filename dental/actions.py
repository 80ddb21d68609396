"""Recording treatments and findings of teeth, and the free redo under guarantee."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from django.utils.translation import gettext as _

from dental.models import ToothFinding, ToothTreatment
from dental.selectors import findings_of_tooth, warranty_of
from dental.teeth import check_tooth, join_surfaces
from kernel import audit, clock, parameters
from kernel.actions import action
from kernel.calendars import add_months_clamped
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from services.cashier.actions import SlipLine, issue_slip
from services.cashier.models import ChargeSlip, ZeroReason
from services.catalogue.models import Item
from services.patients.models import Patient
from services.records.actions import record_treatment
from services.sites.locking import lock_version
from services.sites.models import Site
from services.staff.models import StaffMember


@action(permission="dental.treat")
def record_tooth_treatment(
    *,
    by: Actor,
    site: Site,
    patient: Patient,
    doctor: StaffMember,
    item: Item,
    tooth: int,
    surfaces: Iterable[str] = (),
    helper: StaffMember | None = None,
    performed_at: datetime | None = None,
    visit_code: UUID | None = None,
    redo_of: ToothTreatment | None = None,
    warranty_until: date | None = None,
    from_elsewhere: bool = False,
) -> ToothTreatment:
    """Record what was done to a tooth; its guarantee ends on the anniversary, clamped to the month (DE-009, DE-010).

    ``helper`` is another doctor who helped. A redo keeps the guarantee of its original. ``from_elsewhere`` is history that
    an earlier system kept; ``warranty_until`` is what the patient was promised there. Raises RuleRefused (``unknown_tooth``, ``unknown_surface``, ``item_of_another_vertical``, ``redo_of_another_tooth``,
    ``helper_not_a_doctor``, ``helper_is_the_doctor`` and those of a treatment).
    """
    check_tooth(tooth)
    if item.vertical not in ("", "dental"):
        sentence = _("“%(item)s” is nothing that is done to a tooth.") % {"item": item.name}
        raise RuleRefused("item_of_another_vertical", sentence, fields={"item": [sentence]})
    if redo_of is not None and (redo_of.patient_id, redo_of.tooth) != (patient.pk, tooth):
        raise RuleRefused("redo_of_another_tooth", _("A redo treats the same tooth of the same patient."))
    _check_helper(helper, doctor)
    moment = performed_at or clock.now()
    treatment = record_treatment(
        by=by, site=site, patient=patient, doctor=doctor, item=item, performed_at=moment, visit_code=visit_code,
        from_elsewhere=from_elsewhere,
    )  # fmt: skip
    day = clock.local(moment, site.timezone).date()
    months = parameters.value("warranty_months", at=moment, site=site.code)
    promised = warranty_until or add_months_clamped(day, months)
    row = ToothTreatment.objects.create(
        treatment=treatment,
        patient=patient,
        tooth=tooth,
        surfaces=join_surfaces(surfaces),
        helper=helper,
        performed_on=day,
        warranty_until=redo_of.warranty_until if redo_of else promised,
        redo_of=redo_of,
    )
    audit.record(by=by, verb="dental.tooth_treated", target=row, site=site.code, tooth=tooth)
    return row


@action(permission="dental.treat")
def note_finding(
    *,
    by: Actor,
    site: Site,
    patient: Patient,
    author: StaffMember,
    tooth: int,
    kind: str,
    surfaces: Iterable[str] = (),
    visit_code: UUID | None = None,
) -> ToothFinding:
    """Write down what was seen at a tooth (DE-010). It is never edited: "sound" ends what was noted before.

    Raises RuleRefused (``unknown_tooth``, ``unknown_surface``, ``unknown_finding``, ``finding_of_the_whole_tooth``,
    ``tooth_is_missing``, ``not_a_doctor``).
    """
    check_tooth(tooth)
    letters = join_surfaces(surfaces)
    if kind not in ToothFinding.Kind.values:
        raise RuleRefused("unknown_finding", _("Choose what was found."), fields={"kind": [_("Required")]})
    if letters and kind not in ToothFinding.ON_SURFACES:
        sentence = _("“%(finding)s” is true of the whole tooth; leave the surfaces empty.") % {
            "finding": ToothFinding.Kind(kind).label
        }
        raise RuleRefused("finding_of_the_whole_tooth", sentence, fields={"surfaces": [sentence]})
    if not author.is_doctor:
        sentence = _("%(name)s is not entered as a doctor.") % {"name": author.name}
        raise RuleRefused("not_a_doctor", sentence, fields={"author": [sentence]})
    lock_version(patient, None)
    gone = any(one.kind == ToothFinding.Kind.MISSING for one in findings_of_tooth(patient, tooth))
    if gone and kind not in ToothFinding.OF_A_GAP:
        sentence = _("Tooth %(tooth)s is noted as missing. Note “sound” first if that was a mistake.") % {
            "tooth": tooth
        }
        raise RuleRefused("tooth_is_missing", sentence, fields={"tooth": [sentence]})
    row = ToothFinding.objects.create(
        patient=patient, site=site, author=author, tooth=tooth, surfaces=letters, kind=kind, visit_code=visit_code,
        noted_at=clock.now(),
    )  # fmt: skip
    audit.record(by=by, verb="dental.finding_noted", target=row, site=site.code, tooth=tooth, kind=kind)
    return row


@action(permission="dental.treat")
def redo_under_warranty(
    *, by: Actor, site: Site, original: ToothTreatment, doctor: StaffMember, visit_code: UUID | None = None
) -> tuple[ToothTreatment, ChargeSlip]:
    """Redo a treatment free of charge: the new treatment points to the old one, and the slip is zero (CA-045, DE-009).

    The redo of a redo belongs to the first treatment, whose guarantee it keeps. Raises RuleRefused (``warranty_over``)
    from the day after the last guaranteed one, Conflict (``treatment_voided``) for one that was struck through.
    """
    original = original.redo_of or original
    if original.treatment.voided_at is not None:
        raise Conflict("treatment_voided", _("This treatment was struck through; nothing is guaranteed."))
    warranty = warranty_of(original, clock.today(site.timezone))
    if not warranty.valid:
        said = {"day": warranty.until, "grace": warranty.original_doctor_until}
        raise RuleRefused(
            "warranty_over",
            _("The guarantee ended on %(day)s. The original doctor is still the first choice until %(grace)s.") % said
            if warranty.original_doctor_first
            else _("The guarantee ended on %(day)s.") % said,
            warranty_until=warranty.until,
        )
    redo = record_tooth_treatment(
        by=by, site=site, patient=original.patient, doctor=doctor, item=original.treatment.item, tooth=original.tooth,
        surfaces=original.surfaces, visit_code=visit_code, redo_of=original,
    )  # fmt: skip
    line = SlipLine(item=original.treatment.item, remark=str(original.tooth), zero_reason=ZeroReason.WARRANTY)
    slip = issue_slip(by=by, site=site, patient=original.patient, doctor=doctor, lines=[line], visit_code=visit_code)
    return redo, slip


def _check_helper(helper: StaffMember | None, doctor: StaffMember) -> None:
    if helper is None:
        return
    if not helper.is_doctor:
        sentence = _("%(name)s is not entered as a doctor.") % {"name": helper.name}
        raise RuleRefused("helper_not_a_doctor", sentence, fields={"helper": [sentence]})
    if helper.pk == doctor.pk:
        sentence = _("The treating doctor is not the helping one.")
        raise RuleRefused("helper_is_the_doctor", sentence, fields={"helper": [sentence]})
