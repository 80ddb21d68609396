"""Recording a procedure, its aftercare sheet and its post-op plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from aesthetics.models import Procedure, ProcedureTemplate
from kernel import access, audit, clock, outbox
from kernel.actions import action
from kernel.audit.models import AuditEntry
from kernel.context import Actor
from kernel.errors import Conflict, Cure, RuleRefused
from services.followup.actions import plan_from, set_rule
from services.followup.machine import MACHINE
from services.followup.models import FollowUp
from services.patients.models import Patient
from services.policy import gates
from services.sites.models import Site
from services.staff.models import StaffMember
from services.staff.selectors import staff_of

CHART_READ = "aesthetics.chart_read"
CALLERS = ("nurse", "follow_up_caller", "doctor")


@action(permission="aesthetics.manage_templates")
def ensure_template(
    *,
    by: Actor,
    key: str,
    name_zh: str,
    name_en: str,
    offsets: Sequence[str],
    wound: str,
    diet: str,
    rest: str,
    medication: str,
) -> ProcedureTemplate:
    """The template ``key``, written with its follow-up rule if it is missing; one that exists stays as the tenant left it."""
    found = ProcedureTemplate.objects.filter(key=key).first()
    if found is not None:
        return found
    template = ProcedureTemplate.objects.create(
        key=key,
        name_zh=name_zh,
        name_en=name_en,
        offsets=list(offsets),
        wound=wound,
        diet=diet,
        rest=rest,
        medication=medication,
    )
    set_rule(
        by=by,
        key=f"postop-{key}",
        trigger=template.trigger,
        offsets=offsets,
        roles=CALLERS,
        label=name_zh,
        opening_days=False,
    )
    return template


@action(permission="aesthetics.perform")
def record_procedure(
    *,
    by: Actor,
    site: Site,
    patient: Patient,
    doctor: StaffMember,
    template: ProcedureTemplate,
    performed_at: datetime | None = None,
    visit_code: UUID | None = None,
) -> Procedure:
    """Record that a procedure was done; its plan of follow-ups begins at the local day (AE-015).

    Whoever performs it has read the chart before, on the same day (CR-024).

    Raises RuleRefused (``performed_in_the_future``, ``not_a_doctor``, ``template_inactive``, ``chart_not_read``).
    """
    if not doctor.is_doctor:
        raise RuleRefused("not_a_doctor", _("Procedures are recorded by the treating doctor."))
    if not template.is_active:
        raise RuleRefused("template_inactive", _("This procedure is not offered any more."))
    moment = _past(performed_at or clock.now())
    gates.check(
        CHART_READ,
        by=by,
        subject=patient,
        ok=by.kind == "system" or chart_was_read(by, patient, site, moment),
        code="chart_not_read",
        message=_("Open the chart with what was done and written before; only then the service starts."),
        cures=(Cure(_("Open the chart"), url=_page_of_chart(patient)),),
    )
    procedure = Procedure.objects.create(
        template=template, patient=patient, site=site, doctor=doctor, performed_at=moment, visit_code=visit_code
    )
    _plan(by, procedure)
    audit.record(by=by, verb="aesthetics.procedure_recorded", target=procedure, site=site.code, template=template.key)
    outbox.emit(
        "aesthetics.procedure_recorded",
        key=f"procedure:{procedure.code}",
        payload={"procedure": str(procedure.code), "site": str(site.code), "at": moment.isoformat()},
    )
    return procedure


@action(permission="aesthetics.perform")
def move_procedure(*, by: Actor, procedure: Procedure, performed_at: datetime) -> Procedure:
    """Correct the date; only follow-ups that are undone move with it, and none is doubled (AE-015, FU-022).

    Raises RuleRefused (``performed_in_the_future``), Conflict (``procedure_completed``).
    """
    procedure = _open(by, procedure)
    procedure.performed_at = _past(performed_at)
    procedure.version += 1
    procedure.save()
    _plan(by, procedure)
    audit.record(by=by, verb="aesthetics.procedure_moved", target=procedure, site=procedure.site.code)
    return procedure


@action(permission="aesthetics.give_aftercare")
def give_aftercare(*, by: Actor, procedure: Procedure) -> Procedure:
    """Hand out the aftercare sheet: a doctor and a nurse each do, in either order (AE-007); the first time counts.

    Raises RuleRefused (``not_staff``).
    """
    staff = staff_of(by)
    if staff is None:
        raise RuleRefused("not_staff", _("The sheet is handed out by a doctor or a nurse of the clinic."))
    procedure = _locked(by, procedure, "aesthetics.give_aftercare")
    now = clock.now()
    if staff.is_doctor:
        procedure.aftercare_by_doctor = procedure.aftercare_by_doctor or now
    else:
        procedure.aftercare_by_nurse = procedure.aftercare_by_nurse or now
    procedure.version += 1
    procedure.save()
    audit.record(by=by, verb="aesthetics.aftercare_given", target=procedure, site=procedure.site.code)
    return procedure


@action(permission="aesthetics.give_aftercare")
def acknowledge_aftercare(*, by: Actor, procedure: Procedure) -> Procedure:
    """The client has understood the sheet. Raises RuleRefused (``aftercare_incomplete``) before both have given it (AE-007)."""
    procedure = _locked(by, procedure, "aesthetics.give_aftercare")
    if procedure.acknowledged_at is not None:
        return procedure
    missing = [
        name
        for name, at in (("doctor", procedure.aftercare_by_doctor), ("nurse", procedure.aftercare_by_nurse))
        if at is None
    ]
    if missing:
        raise RuleRefused(
            "aftercare_incomplete",
            _("Doctor and nurse both hand out the aftercare sheet before it is acknowledged."),
            missing=missing,
        )
    procedure.acknowledged_at = clock.now()
    procedure.version += 1
    procedure.save()
    audit.record(by=by, verb="aesthetics.aftercare_acknowledged", target=procedure, site=procedure.site.code)
    return procedure


@action(permission="aesthetics.perform")
def complete_procedure(*, by: Actor, procedure: Procedure) -> Procedure:
    """Close the follow-up of a procedure (AE-013).

    Raises Conflict (``procedure_completed``; ``followups_open`` while one is undone or waits for a doctor's note).
    """
    procedure = _open(by, procedure)
    still_open = FollowUp.objects.filter(plan__source_key=procedure.source_key, state__in=MACHINE.open).count()
    if still_open:
        raise Conflict(
            "followups_open", _("%(count)s follow-ups are still open.") % {"count": still_open}, open=still_open
        )
    procedure.state = Procedure.State.COMPLETED
    procedure.version += 1
    procedure.save()
    audit.record(by=by, verb="aesthetics.completed", target=procedure, site=procedure.site.code)
    return procedure


def chart_was_read(by: Actor, patient: Patient, site: Site, moment: datetime) -> bool:
    """Did ``by`` read the chart of ``patient`` on the local day of ``moment``, before it? The log of reads is the receipt."""
    start = clock.day_bounds(clock.local(moment, site.timezone).date(), site.timezone)[0]
    reads = AuditEntry.objects.filter(verb="read", target_code=patient.code, actor_code=by.code, data__part="chart")
    return reads.filter(at__gte=start, at__lte=moment).exists()


def _page_of_chart(patient: Patient) -> str | None:
    """Where it is read; outside of a request there are no pages."""
    try:
        return reverse("records:chart", args=[patient.code])
    except NoReverseMatch:
        return None


def _past(moment: datetime) -> datetime:
    if moment > clock.now():
        sentence = _("A procedure is recorded after it was done.")
        raise RuleRefused("performed_in_the_future", sentence, fields={"performed_at": [sentence]})
    return moment


def _open(by: Actor, procedure: Procedure) -> Procedure:
    procedure = _locked(by, procedure, "aesthetics.perform")
    if procedure.state == Procedure.State.COMPLETED:
        raise Conflict("procedure_completed", _("The follow-up of this procedure is closed."))
    return procedure


def _locked(by: Actor, procedure: Procedure, word: str) -> Procedure:
    # The word counts at the site of the procedure, which the decorator of the action does not see.
    access.require(by, word, site=procedure.site.code)
    return (
        Procedure.objects.select_for_update(of=("self",))
        .select_related("site", "patient", "doctor", "template")
        .get(pk=procedure.pk)
    )


def _plan(by: Actor, procedure: Procedure) -> None:
    plan_from(
        by=by,
        trigger=procedure.template.trigger,
        source_key=procedure.source_key,
        site=procedure.site,
        patient=procedure.patient,
        doctor=procedure.doctor,
        anchor_on=clock.local(procedure.performed_at, procedure.site.timezone).date(),
        room="aesthetics",
    )
