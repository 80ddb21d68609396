"""Recording treatments of teeth, and the free redo under guarantee."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from dental.models import ToothTreatment
from dental.selectors import find_warranty
from dental.teeth import check_tooth, join_surfaces
from kernel import audit, clock, parameters
from kernel.actions import action
from kernel.calendars import add_months_clamped
from kernel.context import Actor
from kernel.errors import RuleRefused
from services.cashier.actions import SlipLine, issue_slip
from services.cashier.models import ChargeSlip, ZeroReason
from services.catalogue.models import Item
from services.patients.models import Patient
from services.records.actions import record_treatment
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
    performed_at: datetime | None = None,
    visit_code: UUID | None = None,
    redo_of: ToothTreatment | None = None,
) -> ToothTreatment:
    """Record what was done to a tooth; its guarantee ends on the anniversary, clamped to the month (DE-009).

    A redo keeps the guarantee of its original. Raises RuleRefused (``unknown_tooth``, ``unknown_surface``,
    ``redo_of_another_tooth``).
    """
    check_tooth(tooth)
    if redo_of is not None and (redo_of.patient_id, redo_of.tooth) != (patient.pk, tooth):
        raise RuleRefused("redo_of_another_tooth", _("A redo treats the same tooth of the same patient."))
    moment = performed_at or clock.now()
    treatment = record_treatment(
        by=by, site=site, patient=patient, doctor=doctor, item=item, performed_at=moment, visit_code=visit_code
    )
    day = clock.local(moment, site.timezone).date()
    months = parameters.value("warranty_months", at=moment, site=site.code)
    row = ToothTreatment.objects.create(
        treatment=treatment,
        patient=patient,
        tooth=tooth,
        surfaces=join_surfaces(surfaces),
        performed_on=day,
        warranty_until=redo_of.warranty_until if redo_of else add_months_clamped(day, months),
        redo_of=redo_of,
    )
    audit.record(by=by, verb="dental.tooth_treated", target=row, site=site.code, tooth=tooth)
    return row


@action(permission="dental.treat")
def redo_under_warranty(
    *, by: Actor, site: Site, original: ToothTreatment, doctor: StaffMember, visit_code: UUID | None = None
) -> tuple[ToothTreatment, ChargeSlip]:
    """Redo a treatment free of charge: the new treatment points to the old one, and the slip is zero (CA-045, DE-009).

    Raises RuleRefused (``warranty_over``) from the day after the last guaranteed one.
    """
    day = clock.today(site.timezone)
    warranty = find_warranty(original.patient, original.tooth, original.treatment.item, day)
    if warranty is None or not warranty.valid:
        raise RuleRefused(
            "warranty_over",
            _("The guarantee ended on %(day)s. The original doctor is still the first choice until %(grace)s.")
            % {
                "day": original.warranty_until,
                "grace": warranty.original_doctor_until if warranty else original.warranty_until,
            },
            warranty_until=original.warranty_until,
        )
    redo = record_tooth_treatment(
        by=by, site=site, patient=original.patient, doctor=doctor, item=original.treatment.item, tooth=original.tooth,
        surfaces=original.surfaces, visit_code=visit_code, redo_of=original,
    )  # fmt: skip
    line = SlipLine(item=original.treatment.item, remark=str(original.tooth), zero_reason=ZeroReason.WARRANTY)
    slip = issue_slip(by=by, site=site, patient=original.patient, doctor=doctor, lines=[line], visit_code=visit_code)
    return redo, slip
