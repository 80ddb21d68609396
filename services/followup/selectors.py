"""Reading follow-ups: what is due, for whom, and how it went."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from kernel import access, clock, parameters, registry
from kernel.context import Actor
from kernel.errors import NotFound
from services.followup.machine import DUE
from services.followup.models import FollowUp, OptOut
from services.followup.rules import Effective, rules
from services.patients.models import Patient
from services.sites.models import Site
from services.tasks.selectors import WORK, visible_tasks
from services.tasks.selectors import Line as TaskLine
from services.tasks.selectors import lines_of as task_lines

VARIABLE = re.compile(r"\{(\w+)\}")
VIEW = "followup.view"
JOINED = ("plan__site", "plan__patient", "plan__doctor", "plan__item", "closed_by", "return_visit")


def followups_for(actor: Actor) -> QuerySet[FollowUp]:
    """The follow-ups at the sites where ``actor`` may see them."""
    return access.accessible(FollowUp.objects.select_related(*JOINED), actor, VIEW, field="plan__site")


def access_followup(actor: Actor, code: UUID) -> FollowUp:
    """The follow-up behind a code from outside. Raises NotFound (``followup_not_found``)."""
    found = followups_for(actor).filter(code=code).first()
    if found is None:
        raise NotFound("followup_not_found", _("There is no such follow-up."))
    return found


@dataclass(frozen=True, slots=True)
class Line:
    """A follow-up as the list shows it."""

    followup: FollowUp
    rule: str | Promise
    tries: int

    @property
    def overdue(self) -> bool:
        """Is it past its due time and still open?"""
        row = self.followup
        return row.state in DUE and row.due_at is not None and row.due_at < clock.now()


def listed(actor: Actor, *, show: str = "due", site: Site | None = None) -> QuerySet[FollowUp]:
    """The list behind a tab: ``due``, ``doctor`` (problems waiting for a note), ``planned`` (next 30 days) or ``done``
    (last 30 days), the most urgent first."""
    rows = followups_for(actor).annotate(tries=Count("attempts"))
    if site is not None:
        rows = rows.filter(plan__site=site)
    today = clock.today()
    if show == "doctor":
        return rows.filter(state="with_doctor").order_by("reached_at", "id")
    if show == "planned":
        return rows.filter(state="planned", due_on__lte=today + timedelta(days=30)).order_by("due_on", "id")
    if show == "done":
        done = Q(state__in=["closed", "closed_unreached", "cancelled"], closed_at__gte=clock.now() - timedelta(days=30))
        return rows.filter(done).order_by("-closed_at", "-id")
    return rows.filter(state__in=DUE).order_by("due_at", "id")


def counts(actor: Actor, *, site: Site | None = None) -> dict[str, int]:
    """How many stand behind each tab; one query."""
    rows = followups_for(actor)
    if site is not None:
        rows = rows.filter(plan__site=site)
    today = clock.today()
    return rows.aggregate(
        due=Count("pk", filter=Q(state__in=DUE)),
        doctor=Count("pk", filter=Q(state="with_doctor")),
        planned=Count("pk", filter=Q(state="planned", due_on__lte=today + timedelta(days=30))),
    )


def lines(rows: list[FollowUp]) -> list[Line]:
    """Follow-ups with the words of their rules."""
    known = rules()
    return [
        Line(
            row,
            known[row.plan.rule_key].label if row.plan.rule_key in known else row.plan.rule_key,
            getattr(row, "tries", 0),
        )
        for row in rows
    ]


def protocol_of(followup: FollowUp) -> Effective | None:
    """The rule of a follow-up with its steps and questions; None where it is gone."""
    return rules().get(followup.plan.rule_key)


def script_of(followup: FollowUp, actor: Actor) -> str:
    """What the caller says, in the words of the rule, filled in for this patient (FU-005, FU-009)."""
    rule = rules().get(followup.plan.rule_key)
    return _filled(followup, actor, rule.script) if rule is not None and rule.script else ""


def education_of(followup: FollowUp, actor: Actor) -> str:
    """What a patient who is fine is told after this treatment (FU-006)."""
    rule = rules().get(followup.plan.rule_key)
    return _filled(followup, actor, rule.education) if rule is not None and rule.education else ""


def answers_of(followup: FollowUp) -> list[tuple[str | Promise, str]]:
    """The questions of the protocol with what the patient said."""
    if not followup.answers:
        return []
    rule = rules().get(followup.plan.rule_key)
    labels = dict(rule.questions) if rule is not None else {}
    return [(labels.get(key, key), answer) for key, answer in json.loads(followup.answers).items()]


def departments() -> list[tuple[str, str | Promise]]:
    """To whom a suggestion may go: what the room that tracks suggestions answers with; without one nobody."""
    return [
        (department.key, department.label)
        for room in registry.active_rooms()
        for path in room.slots.get("followup.departments", ())
        for department in import_string(path)().values()
    ]


def call_backs(actor: Actor) -> list[TaskLine]:
    """Call-backs that other rooms owe and that ``actor`` may make: specialists who are back, promises, undecided customers
    (FU-019). A room names its kinds of task in the slot ``followup.call_backs``."""
    kinds = [
        kind
        for room in registry.active_rooms()
        for path in room.slots.get("followup.call_backs", ())
        for kind in import_string(path)
    ]
    if not access.holds(actor, WORK):
        return []
    return task_lines(visible_tasks(actor).filter(kind__in=kinds).order_by("due_at", "id")[:200])


def opt_outs_of_day(site: Site, day: date) -> int:
    """How many patients opted out at ``site`` on its ``day``."""
    start, end = clock.day_bounds(day, site.timezone)
    return OptOut.objects.filter(site=site, at__gte=start, at__lt=end).count()


def opted_out_now(actor: Actor) -> int:
    """How many patients want no promotional calls, at the sites that ``actor`` sees."""
    return access.accessible(OptOut.objects.filter(lifted_at__isnull=True), actor, VIEW).count()


def _filled(followup: FollowUp, actor: Actor, msgid: str) -> str:
    """``msgid`` in the reader's language with its variables: who calls whom about what, and any parameter by its key."""
    plan = followup.plan
    known = {
        "clinic": plan.site.name,
        "agent": actor.name,
        "patient": plan.patient.name,
        "date": f"{plan.anchor_on:%Y-%m-%d}",
        "item": plan.item.name if plan.item is not None else _("treatment"),
        "doctor": plan.doctor.name if plan.doctor is not None else "",
    }

    def put(match: re.Match[str]) -> str:
        name = match[1]
        if name in known:
            return str(known[name])
        return str(parameters.value(name, site=plan.site)) if name in registry.parameters() else match[0]

    return VARIABLE.sub(put, str(_(msgid)))


def rule_label(followup: FollowUp) -> str | Promise:
    """What the rule is called."""
    rule = rules().get(followup.plan.rule_key)
    return rule.label if rule is not None else followup.plan.rule_key


def of_patient(patient: Patient) -> QuerySet[FollowUp]:
    """Every follow-up of a patient, the latest first."""
    return FollowUp.objects.filter(plan__patient=patient).select_related(*JOINED).order_by("-due_on", "-id")


def due_count(actor: Actor) -> int:
    """How many are due now: the number at the rail."""
    return followups_for(actor).filter(state__in=DUE).count() if access.holds(actor, VIEW) else 0


def outcome_of_day(site: Site, day: date) -> tuple[int, int]:
    """(done on time, due) of the follow-ups due on the site's ``day``. On time: the patient was reached, or everything
    was tried, by the end of that day; what was cancelled does not count, what had to be carried over is late (FU-023)."""
    _start, end = clock.day_bounds(day, site.timezone)
    rows = (
        FollowUp.objects.filter(plan__site=site, due_on=day)
        .exclude(state__in=["cancelled", "planned"])
        .values_list("closed_at", "reached_at", "not_same_day")
    )
    done = 0
    for closed, reached, carried in rows:
        moment = reached or closed
        done += moment is not None and moment < end and not carried
    return done, len(rows)
