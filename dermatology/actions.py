"""Classifying an illness, asking again when it is time, and replanning without duplicates."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dermatology.models import ClassifiedPlan, ClassifiedVisit, IllnessClass
from kernel import access, audit, clock
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from services.followup.actions import answer_plans, drop_plans, plan_from
from services.followup.machine import UNDONE
from services.followup.models import FollowUp
from services.patients.models import Patient
from services.sites.locking import lock_version
from services.sites.models import Site
from services.staff.models import StaffMember
from services.tasks.actions import open_task


@action(permission="dermatology.classify")
def classify(
    *, by: Actor, site: Site, patient: Patient, doctor: StaffMember, illness: str, illness_class: str
) -> ClassifiedPlan:
    """Start a plan; its class sets the next date (DM-020).

    Raises RuleRefused (``class_unknown``, ``illness_missing``, ``not_a_doctor``), Conflict (``plan_running``) for an
    illness of this patient that is followed up already.
    """
    _check_class(illness_class)
    if not illness.strip():
        raise RuleRefused("illness_missing", _("Name the illness."), fields={"illness": [_("Needed.")]})
    if not doctor.is_doctor:
        raise RuleRefused("not_a_doctor", _("Illnesses are classified by the treating doctor."))
    # Of two who classify one patient at once the second one sees the plan of the first.
    lock_version(patient, None)
    running = ClassifiedPlan.objects.filter(patient=patient, illness__iexact=illness.strip(), ended_on=None).first()
    if running is not None:
        raise Conflict(
            "plan_running", _("This illness is followed up already. Change the class of its plan."), plan=running.code
        )
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

    The new interval counts from today, so that no date lies behind the decision that made it. Raises RuleRefused (``class_unknown``), Conflict (``plan_ended``).
    """
    _check_class(illness_class)
    plan = _locked(by, plan, "dermatology.classify")
    if plan.illness_class == illness_class:
        return plan
    drop_plans(by=by, source_key=plan.source_key, reason="reclassified")
    plan.illness_class = illness_class
    _next_round(by, plan, clock.today(plan.site.timezone))
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

    What was due is answered by it; a visit before its day replaces the call that was planned. Raises RuleRefused (``visit_incomplete``, ``class_unknown``), Conflict (``plan_ended``).
    """
    said = {"medication": medication, "development": development, "advice": advice}
    empty = {name: [_("Needed.")] for name, text in said.items() if not text.strip()}
    if empty:
        raise RuleRefused(
            "visit_incomplete", _("Medication, development and advice all belong to a follow-up visit."), fields=empty
        )
    plan = _locked(by, plan, "dermatology.follow_up")
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
    result = FollowUp.Result.PROBLEM if worse else FollowUp.Result.FINE
    answered = answer_plans(by=by, source_key=plan.source_key, result=result, note=visit.development)
    drop_plans(by=by, source_key=plan.source_key, reason="visited")
    _next_round(by, plan, clock.local(now, plan.site.timezone).date())
    if worse and not answered:
        _tell_doctor(by, plan, visit)
    audit.record(by=by, verb="dermatology.visited", target=visit, site=plan.site.code, worse=worse)
    return visit


@action(permission="dermatology.classify")
def end_plan(*, by: Actor, plan: ClassifiedPlan, reason: str) -> ClassifiedPlan:
    """End a plan with a reason. Raises RuleRefused (``reason_missing``), Conflict (``plan_ended``)."""
    if not reason.strip():
        raise RuleRefused("reason_missing", _("Say why the plan ends."), fields={"reason": [_("Needed.")]})
    plan = _locked(by, plan, "dermatology.classify")
    drop_plans(by=by, source_key=plan.source_key, reason="ended")
    plan.ended_on, plan.end_reason, plan.next_due_on = clock.today(plan.site.timezone), reason.strip()[:120], None
    plan.version += 1
    plan.save()
    audit.record(by=by, verb="dermatology.plan_ended", target=plan, site=plan.site.code)
    return plan


@action(permission=None, reason="the engine tells that the call of a plan has ended")
def go_on(*, by: Actor, plan: ClassifiedPlan, source_key: str, day: date, unreached: bool = False) -> ClassifiedPlan:
    """The call of the round ``source_key`` ended without a visit record: the next date counts from ``day``, and a patient
    who was not reached becomes the doctor's task, so that nobody drops out of sight (DM-021). An older round changes
    nothing."""
    plan = _found(plan)
    if plan.ended_on is not None or plan.source_key != source_key or _undone(plan):
        return plan
    if unreached:
        _tell_missed(by, plan)
    _next_round(by, plan, day)
    return plan


@action(permission=None, reason="the engine tells that the call of a plan was cancelled")
def stop_asking(*, by: Actor, plan: ClassifiedPlan, source_key: str) -> ClassifiedPlan:
    """The call of the round ``source_key`` was cancelled for a reason: the plan stays and has no next date until a visit
    or another class gives it one."""
    plan = _found(plan)
    if plan.ended_on is None and plan.source_key == source_key and not _undone(plan):
        plan.next_due_on = None
        plan.bump({"next_due_on"})
    return plan


def _check_class(illness_class: str) -> None:
    if illness_class not in IllnessClass.values:
        raise RuleRefused(
            "class_unknown", _("The classes are A, B, C and D."), fields={"illness_class": [_("A to D.")]}
        )


def _found(plan: ClassifiedPlan) -> ClassifiedPlan:
    return (
        ClassifiedPlan.objects.select_for_update(of=("self",))
        .select_related("site", "patient", "doctor__user")
        .get(pk=plan.pk)
    )


def _undone(plan: ClassifiedPlan) -> bool:
    return FollowUp.objects.filter(plan__source_key=plan.source_key, state__in=(*UNDONE, "with_doctor")).exists()


def _locked(by: Actor, plan: ClassifiedPlan, word: str) -> ClassifiedPlan:
    # The word counts at the site of the plan, which the decorator of the action does not see.
    access.require(by, word, site=plan.site.code)
    plan = _found(plan)
    if plan.ended_on is not None:
        raise Conflict("plan_ended", _("This plan has ended."), ended_on=plan.ended_on)
    return plan


def _next_round(by: Actor, plan: ClassifiedPlan, anchor_on: date) -> None:
    plan.round += 1
    plan.anchor_on = anchor_on
    _plan_next(by, plan)


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


def _tell_missed(by: Actor, plan: ClassifiedPlan) -> None:
    open_task(
        by=by,
        kind="dermatology.missed",
        key=plan.source_key,
        room="dermatology",
        title=gettext_noop("Not reached: %(subject)s, decide how to go on"),
        due_at=clock.now() + timedelta(days=1),
        assignee=plan.doctor.user,
        roles=("doctor",),
        site=plan.site,
        subject=("patient", plan.patient.code),
        icon="phone",
        url=("dermatology:plan", str(plan.code)),
    )
