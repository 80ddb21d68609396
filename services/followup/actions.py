"""Planning follow-ups from what happened, and recording what came of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kernel import audit, calendars, clock, outbox, parameters
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, RuleRefused
from services.appointments.models import Appointment
from services.catalogue.models import Item
from services.followup import holding
from services.followup.machine import DUE, MACHINE, UNDONE
from services.followup.models import Attempt, FollowUp, Plan, Rule
from services.followup.rules import Effective, due_on, is_offset, rules, rules_for
from services.patients.models import Patient
from services.sites.models import Site
from services.sites.selectors import weekly_hours
from services.staff.models import StaffMember
from services.tasks.actions import cancel_task, open_task, reschedule_task, settle_task

CALL = "followup.call"
DOCTOR_ITEM = "followup.doctor_item"
LATEST = time(23, 59)
# Moves what follows from another room's fact: there nobody needs a word for follow-ups.
ENGINE = Actor.system("follow-up")


@action(permission=None, reason="rules plan by themselves from what other rooms have written")
def plan_from(
    *,
    by: Actor,
    trigger: str,
    source_key: str,
    site: Site,
    patient: Patient,
    anchor_on: date,
    doctor: StaffMember | None = None,
    room: str = "",
    item: Item | None = None,
) -> list[Plan]:
    """Start (or move) what the rules say after ``trigger``: one plan per rule and ``source_key``, however often it is said.

    A new ``anchor_on`` moves what is undone and leaves what is done (FU-022). Returns the plans concerned.
    """
    plans = []
    for rule in rules_for(trigger, room=room, item=item.key if item is not None else ""):
        plan, created = Plan.objects.get_or_create(
            rule_key=rule.key,
            source_key=source_key,
            defaults={
                "site": site,
                "patient": patient,
                "doctor": doctor,
                "anchor_on": anchor_on,
                "room": room or rule.room,
                "item": item,
            },
        )
        if created and rule.supersedes:
            _supersede(by, plan)
        plan = Plan.objects.select_for_update(of=("self",)).select_related("site", "patient", "doctor").get(pk=plan.pk)
        if not created and plan.anchor_on != anchor_on:
            plan.anchor_on = anchor_on
            plan.bump({"anchor_on"})
        _spread(by, plan, rule)
        plans.append(plan)
    return plans


@action(permission=None, reason="the room that withdraws its own fact asks for its own word")
def drop_plans(*, by: Actor, source_key: str, reason: str) -> int:
    """Cancel what is undone of the plans of ``source_key``, because the thing never happened; how many.

    Whoever withdraws the thing needs no right to cancel follow-ups.
    """
    undone = FollowUp.objects.select_related("plan__site").filter(plan__source_key=source_key, state__in=UNDONE)
    for followup in undone:
        withdraw(by, followup, reason, moved_by=ENGINE)
    return len(undone)


@action(permission=None, reason="the room in whose record the answer stands asks for its own word")
def answer_plans(*, by: Actor, source_key: str, result: str, note: str = "") -> int:
    """Settle what is due of the plans of ``source_key``, because the answer stands in the record of the room that planned
    it: fine closes it, a problem goes to the doctor (FU-008). How many; what is only planned stays as it is."""
    due = FollowUp.objects.select_related("plan__site").filter(plan__source_key=source_key, state__in=DUE)
    for followup in due:
        Attempt.objects.create(
            followup=followup,
            at=clock.now(),
            day=clock.today(followup.plan.site.timezone),
            channel=Attempt.Channel.VISIT,
            reached=True,
            by_id=by.user_id,
            by_name=by.name,
        )
        if result == FollowUp.Result.PROBLEM:
            _hand_to_doctor(by, followup, note, moved_by=ENGINE)
        else:
            _finish(by, followup, "closed", result=result, note=note, moved_by=ENGINE)
    return len(due)


@action(permission=None, reason="the clock makes due what was planned")
def make_due(*, by: Actor, followup: FollowUp) -> FollowUp:
    """Its day has come: it enters the inbox, also when no phone is known (SC-02). Due by the end of the site's day; a
    same-day call after closing time is carried to the next opening day and marked (FU-023)."""
    followup = lock_followup(followup)
    if followup.state != "planned":
        return followup
    plan, rule = followup.plan, _rule_of(followup)
    hold = holding.hold_on(plan.patient) if rule.promotional else None
    if hold is not None:
        return withdraw(by, followup, hold, moved_by=ENGINE)
    followup.due_at, followup.not_same_day = _due_at(followup)
    followup.round += 1
    followup.bump({"due_at", "not_same_day", "round"})
    reachable = bool(plan.patient.phone) and not plan.patient.untraceable
    MACHINE.move(followup, "due" if reachable else "no_phone", by=ENGINE)
    title = gettext_noop("Call %(subject)s: %(rule)s") if reachable else gettext_noop("No phone: %(subject)s, %(rule)s")
    open_task(
        by=by,
        kind=CALL,
        key=_task_key(followup),
        room=plan.room,
        title=title,
        detail=gettext_noop("After the visit of %(anchor_on)s"),
        args={"rule": str(rule.label), "anchor_on": plan.anchor_on},
        subject=("patient", plan.patient.code),
        icon="phone",
        due_at=followup.due_at,
        roles=rule.roles,
        site=plan.site,
        url=("followup:followup", str(followup.code)),
        closed_in_inbox=False,
    )
    _tell("followup.due", followup)
    return followup


@action(permission="followup.call")
def record_attempt(*, by: Actor, followup: FollowUp, reached: bool, channel: str = Attempt.Channel.PHONE) -> FollowUp:
    """Write down a try. Not reached: it comes back on the next opening day, until ``followup_attempts`` different days
    have been tried; then it is closed as not reached, and stays in every count (FU-016).

    Raises Conflict (``not_due``).
    """
    followup = lock_followup(followup)
    if followup.state not in DUE:
        raise Conflict("not_due", _("This follow-up is not due."), state=followup.state)
    site = followup.plan.site
    today = clock.today(site.timezone)
    Attempt.objects.create(
        followup=followup,
        at=clock.now(),
        day=today,
        channel=channel,
        reached=reached,
        by_id=by.user_id,
        by_name=by.name,
    )
    audit.record(by=by, verb="followup.attempted", target=followup, site=site.code, reached=reached)
    if reached:
        return followup
    days = followup.attempts.filter(reached=False).values("day").distinct().count()
    if days >= parameters.value("followup_attempts", site=site):
        return _finish(by, followup, "closed_unreached", result=FollowUp.Result.UNREACHED)
    if followup.state != "attempting":
        MACHINE.move(followup, "attempting", by=by)
    again = _end_of_day(site, _next_opening_day(site, today))
    reschedule_task(by=by, kind=CALL, key=_task_key(followup), due_at=again)
    return followup


@action(permission="followup.call")
def close_with_result(
    *,
    by: Actor,
    followup: FollowUp,
    result: str,
    note: str = "",
    channel: str = Attempt.Channel.PHONE,
    return_visit: Appointment | None = None,
    refusal_reason: str = "",
    steps: Iterable[str] = (),
    answers: Mapping[str, str] | None = None,
    education_given: bool = False,
    satisfaction: str = "",
    suggestion: str = "",
    suggestion_for: str = "",
) -> FollowUp:
    """Record what a reached patient said (FU-006, FU-007): fine closes it; a problem goes to the doctor and closes with
    the doctor's note (FU-008); severe needs the return visit booked in the call, or why the patient refuses one.

    Where the rule has a protocol, its steps are ticked and its questions answered (FU-005, FU-010), and a patient who is
    fine hears its advice (FU-006). A suggestion goes to its department (FU-011).

    Raises Conflict (``not_due``), RuleRefused (``result_unknown``, ``note_missing``, ``return_visit_missing``,
    ``return_visit_of_another``, ``steps_missing``, ``questions_unanswered``, ``education_missing``,
    ``satisfaction_missing``, ``satisfaction_unknown``).
    """
    followup = lock_followup(followup)
    if followup.state not in DUE:
        raise Conflict("not_due", _("This follow-up is not due."), state=followup.state)
    if result not in (FollowUp.Result.FINE, FollowUp.Result.PROBLEM, FollowUp.Result.SEVERE):
        raise RuleRefused("result_unknown", _("Choose a result."), fields={"result": [_("Required")]})
    if result != FollowUp.Result.FINE and not note.strip():
        raise RuleRefused("note_missing", _("Write what the patient reports."), fields={"note": [_("Required")]})
    if result == FollowUp.Result.SEVERE and return_visit is None and not refusal_reason.strip():
        raise RuleRefused(
            "return_visit_missing",
            _("Book the return visit in the call, or write why the patient refuses it."),
            fields={"return_visit": [_("Required")]},
        )
    if return_visit is not None and return_visit.patient_id != followup.plan.patient_id:
        raise RuleRefused("return_visit_of_another", _("This booking belongs to another patient."))
    protocol = _protocol(followup, result, steps=steps, answers=answers or {}, education_given=education_given)
    if not satisfaction and _rule_of(followup).asks_satisfaction:
        sentence = _("This call asks how satisfied the client is. Choose what was said.")
        raise RuleRefused("satisfaction_missing", sentence, fields={"satisfaction": [sentence]})
    if satisfaction and satisfaction not in FollowUp.Satisfaction.values:
        raise RuleRefused("satisfaction_unknown", _("Choose how satisfied the patient is."))
    Attempt.objects.create(
        followup=followup,
        at=clock.now(),
        day=clock.today(followup.plan.site.timezone),
        channel=channel,
        reached=True,
        by_id=by.user_id,
        by_name=by.name,
    )
    said: dict[str, Any] = {
        **protocol,
        "return_visit": return_visit,
        "refusal_reason": refusal_reason.strip()[:120],
        "satisfaction": satisfaction,
        "suggestion": suggestion.strip(),
        "suggestion_for": suggestion_for if suggestion.strip() else "",
    }
    for name, value in said.items():
        setattr(followup, name, value)
    followup.bump(set(said))
    if followup.suggestion:
        _tell("followup.suggested", followup)
    if result == FollowUp.Result.PROBLEM:
        _hand_to_doctor(by, followup, note.strip())
        return followup
    return _finish(by, followup, "closed", result=result, note=note.strip())


@action(permission="followup.answer")
def answer_problem(*, by: Actor, followup: FollowUp, note: str) -> FollowUp:
    """The doctor has spoken with the patient; only that closes a problem (FU-008). Raises RuleRefused (``note_missing``),
    Conflict (``not_with_doctor``) where no call has found a problem."""
    followup = lock_followup(followup)
    if followup.state != "with_doctor":
        raise Conflict("not_with_doctor", _("No problem of this follow-up waits for a doctor."), state=followup.state)
    if not note.strip():
        raise RuleRefused("note_missing", _("Write what was agreed."), fields={"note": [_("Required")]})
    settle_task(by=by, kind=DOCTOR_ITEM, key=str(followup.code), result="answered")
    return _finish(by, followup, "closed", result=FollowUp.Result.PROBLEM, closing_note=note.strip())


@action(permission="followup.cancel")
def cancel_followup(*, by: Actor, followup: FollowUp, reason: str) -> FollowUp:
    """Do not follow up, for a reason (opted out, deceased, open complaint) (FU-018).

    Raises RuleRefused (``reason_missing``), Conflict (``invalid_transition``).
    """
    followup = lock_followup(followup)
    if not reason.strip():
        raise RuleRefused("reason_missing", _("Say why it is cancelled."), fields={"reason": [_("Required")]})
    return withdraw(by, followup, reason)


@action(permission="followup.manage_rules")
def set_rule(
    *,
    by: Actor,
    key: str,
    trigger: str,
    offsets: Iterable[str],
    roles: Iterable[str],
    label: str = "",
    script: str = "",
    opening_days: bool = True,
    is_active: bool = True,
) -> Rule:
    """Add a rule of the tenant, or change a declared one. What is planned already keeps its days.

    Raises RuleRefused (``offsets_malformed``, ``roles_missing``).
    """
    wanted, people = list(dict.fromkeys(offsets)), list(dict.fromkeys(roles))
    if not wanted or not all(is_offset(offset) for offset in wanted):
        raise RuleRefused(
            "offsets_malformed",
            _("Offsets are D0 (the same day), D7 (days) or M6 (months)."),
            fields={"offsets": [_("For example: D0, D7, M6")]},
        )
    if not people:
        raise RuleRefused("roles_missing", _("Choose who makes the calls."), fields={"roles": [_("Required")]})
    rule, created = Rule.objects.update_or_create(
        key=key,
        defaults={
            "trigger": trigger, "offsets": wanted, "roles": people, "label": label, "script": script,
            "opening_days": opening_days, "is_active": is_active,
        },
    )  # fmt: skip
    if not created:
        Rule.objects.filter(pk=rule.pk).update(version=F("version") + 1)
    audit.record(by=by, verb="followup.rule_set", target=rule, key=key, active=is_active)
    return rule


def lock_followup(followup: FollowUp) -> FollowUp:
    """The follow-up, fresh and locked."""
    return (
        FollowUp.objects.select_for_update(of=("self",))
        .select_related("plan__site", "plan__patient", "plan__doctor")
        .get(pk=followup.pk)
    )


def _spread(by: Actor, plan: Plan, rule: Effective) -> None:
    """One follow-up per offset; the undone ones on the days that count now."""
    site = plan.site
    hours, today = weekly_hours(site, since=plan.anchor_on), clock.today(site.timezone)
    known = {followup.offset: followup for followup in plan.followups.select_for_update()}
    for offset in rule.offsets:
        day = due_on(plan.anchor_on, offset, hours, opening_days=rule.opening_days)
        followup = known.get(offset)
        if followup is None:
            followup = FollowUp.objects.create(plan=plan, offset=offset, due_on=day)
        elif followup.state in UNDONE and followup.due_on != day:
            if followup.state != "planned":
                cancel_task(by=by, kind=CALL, key=_task_key(followup), reason="moved")
                MACHINE.move(followup, "planned", by=ENGINE)
            followup.due_on, followup.due_at = day, None
            followup.bump({"due_on", "due_at"})
        if followup.state == "planned" and followup.due_on <= today:
            make_due(by=by, followup=followup)


def _supersede(by: Actor, plan: Plan) -> None:
    """A later treatment is what the patient is asked about: undone calls of the same rule after earlier ones end."""
    undone = FollowUp.objects.select_related("plan__site", "plan__patient").filter(
        plan__rule_key=plan.rule_key,
        plan__patient=plan.patient_id,
        plan__anchor_on__lte=plan.anchor_on,
        state="planned",
    )
    for followup in undone.exclude(plan=plan):
        withdraw(by, followup, holding.LATER_TREATMENT, moved_by=ENGINE)


def _protocol(
    followup: FollowUp, result: str, *, steps: Iterable[str], answers: Mapping[str, str], education_given: bool
) -> dict[str, Any]:
    """What the rule's protocol wants kept; refuses what is left out."""
    rule = _rule_of(followup)
    ticked = [key for key, _label in rule.steps if key in set(steps)]
    if len(ticked) < len(rule.steps):
        left_out = "；".join(str(label) for key, label in rule.steps if key not in ticked)
        sentence = _("Not done yet: %(steps)s.") % {"steps": left_out}
        raise RuleRefused("steps_missing", sentence, fields={"steps": [sentence]})
    given = {key: answers.get(key, "").strip() for key, _label in rule.questions}
    silent = [key for key, answer in given.items() if not answer]
    if silent:
        raise RuleRefused(
            "questions_unanswered",
            _("Every question of this call is asked and its answer written down."),
            fields={f"ask_{key}": [_("Required")] for key in silent},
        )
    if rule.education and result == FollowUp.Result.FINE and not education_given:
        sentence = _("Give the advice that belongs to this treatment, then tick it.")
        raise RuleRefused("education_missing", sentence, fields={"education_given": [sentence]})
    return {
        "steps": ticked,
        "answers": json.dumps(given, ensure_ascii=False) if given else "",
        "education_given": education_given,
    }


def _rule_of(followup: FollowUp) -> Effective:
    plan = followup.plan
    found = rules().get(plan.rule_key)
    # A rule that is gone still has calls that were promised under it.
    return found or Effective(plan.rule_key, plan.rule_key, plan.room, "", (), ("front_desk",), "", True)


def _due_at(followup: FollowUp) -> tuple[datetime, bool]:
    """(due, not on the same day) in UTC."""
    site, now = followup.plan.site, clock.now()
    end = _end_of_day(site, followup.due_on)
    if now < end:
        return end, False
    if followup.offset == "D0":
        following = _next_opening_day(site, max(followup.due_on, clock.today(site.timezone)))
        return clock.at_local(following, time(12), site.timezone), True
    return max(end, now), False


def _end_of_day(site: Site, day: date) -> datetime:
    """Closing time of the site on ``day``; midnight where it is closed."""
    spans = calendars.open_spans(weekly_hours(site, since=day, until=day), day, site.timezone)
    return spans[-1][1] if spans else clock.at_local(day, LATEST, site.timezone)


def _next_opening_day(site: Site, day: date) -> date:
    try:
        return calendars.next_opening_day_after(weekly_hours(site, since=day), day)
    except calendars.NeverOpen:
        return day + timedelta(days=1)


def _hand_to_doctor(by: Actor, followup: FollowUp, note: str, *, moved_by: Actor | None = None) -> None:
    MACHINE.move(followup, "with_doctor", by=moved_by or by, result=FollowUp.Result.PROBLEM, note=note)
    settle_task(by=by, kind=CALL, key=_task_key(followup), result=FollowUp.Result.PROBLEM)
    _ask_doctor(by, followup)
    _tell("followup.problem", followup)


def _ask_doctor(by: Actor, followup: FollowUp) -> None:
    plan = followup.plan
    doctor = plan.doctor
    open_task(
        by=by,
        kind=DOCTOR_ITEM,
        key=str(followup.code),
        room=plan.room,
        title=gettext_noop("Speak with %(subject)s: a problem after the treatment"),
        detail=gettext_noop("Treated on %(anchor_on)s"),
        args={"anchor_on": plan.anchor_on},
        subject=("patient", plan.patient.code),
        icon="warn",
        group="promise",
        due_at=_end_of_day(plan.site, clock.today(plan.site.timezone)),
        assignee=doctor.user if doctor is not None else None,
        roles=_rule_of(followup).problems_to,
        escalates_at=clock.now() + timedelta(days=1),
        escalates_to=("doctor_supervisor", "clinic_director"),
        site=plan.site,
        url=("followup:followup", str(followup.code)),
        closed_in_inbox=False,
    )


def _finish(
    by: Actor,
    followup: FollowUp,
    state: str,
    *,
    result: str,
    note: str = "",
    closing_note: str = "",
    moved_by: Actor | None = None,
) -> FollowUp:
    MACHINE.move(followup, state, by=moved_by or by, result=result, note=note, closing_note=closing_note)
    followup.closed_by_id = by.user_id
    followup.save(update_fields=["closed_by"])
    settle_task(by=by, kind=CALL, key=_task_key(followup), result=result)
    _tell("followup.closed", followup, result=result)
    return followup


def withdraw(by: Actor, followup: FollowUp, reason: str, *, moved_by: Actor | None = None) -> FollowUp:
    """Cancel a follow-up with its reason and take its call out of the inbox; whoever calls this asked for a word."""
    MACHINE.move(followup, "cancelled", by=moved_by or by, reason=reason.strip()[:120])
    cancel_task(by=by, kind=CALL, key=_task_key(followup), reason="cancelled")
    _tell("followup.cancelled", followup)
    return followup


def _task_key(followup: FollowUp) -> str:
    return f"{followup.code}:{followup.round}"


def _tell(event: str, followup: FollowUp, **more: Any) -> None:
    plan = followup.plan
    outbox.emit(
        event,
        key=f"followup:{followup.code}",
        payload={
            "followup": str(followup.code),
            "rule": plan.rule_key,
            "patient": str(plan.patient.code),
            "site": str(plan.site.code),
            "day": followup.due_on.isoformat(),
            "at": clock.now().isoformat(),
            **more,
        },
    )
