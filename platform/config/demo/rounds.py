"""What is done every day beside the visits: calls, the inbox, the reviews of what was let pass."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

from config.demo.engine import settle
from config.demo.house import House
from kernel import clock
from kernel.context import Actor
from services.followup import actions as followup
from services.followup.machine import DUE
from services.followup.models import FollowUp
from services.followup.selectors import protocol_of
from services.policy.actions import review_override
from services.policy.gates import gate
from services.policy.models import OverrideRecord
from services.reception.actions import CHAIR_FREE, override_chair
from services.reception.machine import HOLDS_CHAIR
from services.reception.models import Visit
from services.sites.models import Chair, Site
from services.tasks.actions import complete_task
from services.tasks.models import Task

# What the desk works off by telephone, and what it notes.
WORKED_OFF = {
    "appointments.no_show": "已电话联系，另约时间",
    "appointments.note_received": "已与患者核对预约",
    "dental.orthodontic_slot": "已与专家约定时间并告知患者",
}


def holder(chair: Chair, visit: Visit) -> Visit | None:
    """Who holds ``chair``, besides ``visit``."""
    return Visit.objects.filter(chair=chair, state__in=HOLDS_CHAIR).exclude(pk=visit.pk).first()


def overrides(clinic: House, visit: Visit, held: Visit) -> bool:
    """A supervisor sometimes lets a guest sit down although the one before has not left the area."""
    if held.state != "finished" or Random(f"visit {visit.pk}:override").random() > 0.4:
        return False
    by = clinic.one_of(gate(CHAIR_FREE).overridable_by, "policy.override", visit.site)
    if by is None:
        return False
    override_chair(by=by, site=visit.site, visit=visit, reason="上一位客人正在穿外套，本位客人需按时用药")
    return True


def review_overrides(clinic: House, site: Site, day: date) -> None:
    """On the next morning somebody else judges what was let pass; what is not clear yet waits a day or two."""
    start = clock.day_bounds(day, clinic.zone)[0]
    for record in OverrideRecord.objects.filter(site=site, review=OverrideRecord.Review.OPEN, granted_at__lt=start):
        by = clinic.another("policy.review_exceptions", site, than=record.by_id)
        if by is not None and Random(f"record {record.pk}:{day}").random() < 0.7:
            review_override(by=by, record=record, accepted=True)


def clear_inbox(clinic: House, site: Site, day: date) -> None:
    """The desk writes to most of those who stayed away, and finds most of those who wait for a specialist a time."""
    by: Actor = clinic.who("tasks.work", site, role="front_desk")
    for task in Task.objects.filter(site=site, kind__in=WORKED_OFF, state=Task.State.OPEN):
        if Random(f"task {task.pk}:{day}").random() < 0.7:
            complete_task(by=by, task=task, note=WORKED_OFF[task.kind])


def make_first_calls(clinic: House, site: Site, day: date) -> None:
    """The morning's calls: what stayed from yesterday, and about half of what is due today."""
    for one in _due(site, day):
        if one.due_on < day or Random(f"one {one.pk}:{day}:early").random() < 0.5:
            _call(clinic, site, day, one)


def make_calls(clinic: House, site: Site, day: date) -> None:
    """The afternoon's calls: most are made, some stay for tomorrow."""
    # What has happened by now is what is called about: by noon the day's treatments have planned nothing yet.
    settle()
    for one in _due(site, day):
        _call(clinic, site, day, one)
    waiting = FollowUp.objects.filter(plan__site=site, state="with_doctor").select_related(
        "plan__site", "plan__doctor__user"
    )
    for one in waiting[:4]:
        if one.plan.doctor is not None and Random(f"one {one.pk}:{day}:doctor").random() < 0.5:
            followup.answer_problem(by=clinic.self_of(one.plan.doctor), followup=one, note="已电话指导，三天后复查")


def _due(site: Site, day: date) -> list[FollowUp]:
    rows = FollowUp.objects.filter(plan__site=site, state__in=DUE, due_on__lte=day)
    return list(rows.select_related("plan__site", "plan__patient", "plan__doctor__user").order_by("due_on", "id")[:40])


def _call(clinic: House, site: Site, day: date, one: FollowUp) -> None:
    by = clinic.who("followup.call", site, role="follow_up_caller")
    random = Random(f"one {one.pk}:{day}:{clock.now().hour}")
    chance = random.random()
    if chance < 0.16:
        return
    if chance < 0.28 or not one.plan.patient.phone:
        followup.record_attempt(by=by, followup=one, reached=False)
    elif chance < 0.93 or one.plan.doctor is None:
        followup.close_with_result(by=by, followup=one, result=FollowUp.Result.FINE, note="恢复良好", **_protocol(one))
    elif chance < 0.97:
        followup.close_with_result(
            by=by, followup=one, result=FollowUp.Result.PROBLEM, note="轻微肿胀，询问用药", **_protocol(one)
        )
    else:
        followup.close_with_result(
            by=by,
            followup=one,
            result=FollowUp.Result.SEVERE,
            note="疼痛加重",
            refusal_reason="已去就近医院",
            **_protocol(one),
        )


def _protocol(one: FollowUp) -> dict[str, Any]:
    """What the caller does of the rule's protocol: all of it."""
    rule = protocol_of(one)
    if rule is None:
        return {}
    return {
        "steps": [key for key, _label in rule.steps],
        "answers": {key: "无异常" for key, _label in rule.questions},
        "education_given": bool(rule.education),
    }
