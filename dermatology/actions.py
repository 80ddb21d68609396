"""Classifying an illness, asking again when it is time, and replanning without duplicates."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dermatology.models import ClassifiedPlan, ClassifiedVisit, IllnessClass
from kernel import audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from services.followup.actions import drop_plans, plan_from
from services.patients.models import Patient
from services.sites.models import Site
from services.staff.models import StaffMember
from services.tasks.actions import open_task


@action(permission="dermatology.classify")
def classify(
    *, by: Actor, site: Site, patient: Patient, doctor: StaffMember, illness: str, illness_class: str
) -> ClassifiedPlan:
    """Start a plan; its class sets the next date (DM-020). Raises RuleRefused (``class_unknown``, ``illness_missing``)."""
    _check_class(illness_class)
    if not illness.strip():
        raise RuleRefused("illness_missing", _("Name the illness."), fields={"illness": [_("Needed.")]})
    plan = ClassifiedPlan.objects.create(
        patient=patient,
        site=site,
        doctor=doctor,
        illness=illness.strip(),
        illness_class=illness_class,
        anchor_on=clock.today(site.timezone),
    )
    _plan_next(by, plan)
    audit.record(by=by, verb="dermatology.classified", target=plan, site=site.code, illness_class=illness_class)
    return plan


@action(permission="dermatology.classify")
def reclassify(*, by: Actor, plan: ClassifiedPlan, illness_class: str) -> ClassifiedPlan:
    """Move a plan to another class: the open date is replaced at once, never doubled (DM-021).

    Raises RuleRefused (``class_unknown``), Conflict (``plan_ended``).
    """
    _check_class(illness_class)
    plan = _locked(plan)
    if plan.illness_class == illness_class:
        return plan
    drop_plans(by=by, source_key=plan.source_key, reason="reclassified")
    plan.illness_class = illness_class
    plan.round += 1
    _plan_next(by, plan)
    audit.record(by=by, verb="dermatology.reclassified", target=plan, site=plan.site.code, illness_class=illness_class)
    return plan


@action(permission="dermatology.follow_up")
def record_visit(
    *,
    by: Actor,
    plan: ClassifiedPlan,
    medication: str,
    development: str,
    advice: str,
    worse: bool = False,
    illness_class: str = "",
) -> ClassifiedVisit:
    """Record what was found (DM-020) and set the next date; a worse course goes to the doctor at once (DM-022).

    Raises RuleRefused (``visit_incomplete``, ``class_unknown``), Conflict (``plan_ended``).
    """
    said = {"medication": medication, "development": development, "advice": advice}
    empty = {name: [_("Needed.")] for name, text in said.items() if not text.strip()}
    if empty:
        raise RuleRefused(
            "visit_incomplete", _("Medication, development and advice all belong to a follow-up visit."), fields=empty
        )
    plan = _locked(plan)
    if illness_class:
        _check_class(illness_class)
        plan.illness_class = illness_class
    now = clock.now()
    visit = ClassifiedVisit.objects.create(
        plan=plan,
        illness_class=plan.illness_class,
        worse=worse,
        recorded_at=now,
        recorded_by=by.name,
        **{k: v.strip() for k, v in said.items()},
    )
    drop_plans(by=by, source_key=plan.source_key, reason="visited")
    plan.round += 1
    plan.anchor_on = clock.local(now, plan.site.timezone).date()
    _plan_next(by, plan)
    if worse:
        _tell_doctor(by, plan, visit)
    audit.record(by=by, verb="dermatology.visited", target=visit, site=plan.site.code, worse=worse)
    return visit


@action(permission="dermatology.classify")
def end_plan(*, by: Actor, plan: ClassifiedPlan, reason: str) -> ClassifiedPlan:
    """End a plan with a reason. Raises RuleRefused (``reason_missing``), Conflict (``plan_ended``)."""
    if not reason.strip():
        raise RuleRefused("reason_missing", _("Say why the plan ends."), fields={"reason": [_("Needed.")]})
    plan = _locked(plan)
    drop_plans(by=by, source_key=plan.source_key, reason="ended")
    plan.ended_on, plan.end_reason, plan.next_due_on = clock.today(plan.site.timezone), reason.strip()[:120], None
    plan.version += 1
    plan.save()
    return plan


def _check_class(illness_class: str) -> None:
    if illness_class not in IllnessClass.values:
        raise RuleRefused(
            "class_unknown", _("The classes are A, B, C and D."), fields={"illness_class": [_("A to D.")]}
        )


def _locked(plan: ClassifiedPlan) -> ClassifiedPlan:
    plan = (
        ClassifiedPlan.objects.select_for_update(of=("self",))
        .select_related("site", "patient", "doctor__user")
        .get(pk=plan.pk)
    )
    if plan.ended_on is not None:
        raise Conflict("plan_ended", _("This plan has ended."), ended_on=plan.ended_on)
    return plan


def _plan_next(by: Actor, plan: ClassifiedPlan) -> None:
    plans = plan_from(
        by=by,
        trigger=f"dermatology.class.{plan.illness_class}",
        source_key=plan.source_key,
        site=plan.site,
        patient=plan.patient,
        doctor=plan.doctor,
        anchor_on=plan.anchor_on,
        room="dermatology",
    )
    dates: list[date] = [followup.due_on for one in plans for followup in one.followups.all()]
    plan.next_due_on = min(dates, default=None)
    plan.version += 1
    plan.save()


def _tell_doctor(by: Actor, plan: ClassifiedPlan, visit: ClassifiedVisit) -> None:
    open_task(
        by=by,
        kind="dermatology.worse",
        key=str(visit.code),
        room="dermatology",
        title=gettext_noop("Worse: %(subject)s, see again soon"),
        due_at=clock.now() + timedelta(hours=1),
        assignee=plan.doctor.user,
        roles=("doctor",),
        site=plan.site,
        subject=("patient", plan.patient.code),
        icon="warn",
        url=("dermatology:plan", str(plan.code)),
    )
