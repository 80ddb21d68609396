"""My day: what is due, overdue first."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from kernel import clock
from kernel.web.formatting import zone_of
from kernel.web.views import flash, page, polled, redirect_after_post, render_page
from services.tasks import actions, selectors
from services.tasks.models import Task
from services.tasks.web.forms import CarryOverForm, CompleteForm, HandOverForm

SHOWN = {"overdue": ("overdue",), "today": ("now", "today"), "approval": ("approval",), "promise": ("promise",)}
"""The tabs, and the bundles that each shows."""
STACKED_FROM = 3
"""So many open tasks with the same words, day after day, make one line."""


@dataclass(frozen=True, slots=True)
class Stack:
    """The oldest of the tasks that say the same, and how many more there are of it."""

    line: selectors.Line
    more: int


@dataclass(frozen=True, slots=True)
class Heading:
    """A bundle as it is drawn: ``count`` tasks in fewer lines."""

    key: str
    label: Any
    tone: str
    count: int
    stacks: list[Stack]


def badge(request: HttpRequest) -> int:
    """How many tasks of this person are overdue or due today; a page that has counted them already says so in
    ``request.tasks_due``."""
    counted: int | None = getattr(request, "tasks_due", None)
    return selectors.due_count(request.actor) if counted is None else counted


@page(permission="tasks.work")
def my_day(request: HttpRequest) -> HttpResponse:
    return polled(request, "tasks/my_day.html", "tasks/_inbox.html", lambda: _inbox(request))


@page(permission="tasks.work")
def task(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_task(request.actor, code)
    return render_page(request, "tasks/my_day.html", _inbox(request) | _panel(request, found))


@page(permission="tasks.work", methods=("POST",))
def complete(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_task(request.actor, code)
    form = CompleteForm(request.POST)
    if not form.is_valid():
        return _again(request, found, complete_form=form)
    actions.complete_task(by=request.actor, task=found, note=form.cleaned_data["note"])
    flash(request, _("Task done"))
    return redirect_after_post(request, _shown_path(request.POST.get("show", "")))


@page(permission="tasks.work", methods=("POST",))
def take(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_task(request.actor, code)
    actions.take_task(by=request.actor, task=found)
    flash(request, _("The task is yours"))
    return redirect_after_post(request, "tasks:task", code)


@page(permission="tasks.work", methods=("POST",))
def hand_over(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_task(request.actor, code)
    form = HandOverForm(request.POST, people=selectors.colleagues(request.actor))
    if not form.is_valid():
        return _again(request, found, hand_over_form=form)
    actions.hand_over_task(by=request.actor, task=found, **form.cleaned_data)
    flash(request, _("Task handed over"))
    return redirect_after_post(request, "tasks:my-day")


@page(permission="tasks.work", methods=("POST",))
def carry_over(request: HttpRequest, code: UUID) -> HttpResponse:
    found = selectors.access_task(request.actor, code)
    form = CarryOverForm(request.POST, zone=zone_of(found.site))
    if not form.is_valid():
        return _again(request, found, carry_over_form=form)
    actions.carry_over_task(by=request.actor, task=found, **form.cleaned_data)
    flash(request, _("Carried over; it comes back by itself"))
    return redirect_after_post(request, "tasks:my-day")


def _inbox(request: HttpRequest) -> dict[str, Any]:
    bundles = selectors.inbox(request.actor)
    counts = selectors.counters(bundles)
    shown = request.GET.get("show", "")
    like = request.GET.get("like", "")
    labels = {key: label for key, label, _tone in selectors.BUNDLES}
    tabs = [{"key": "", "label": _("All"), "url": _shown_path(""), "count": counts["all"]}]
    for key, keys in SHOWN.items():
        count = sum(counts.get(one, 0) for one in keys)
        tone = "late" if key == "overdue" and count else ""
        label = _("Today") if key == "today" else labels[key]
        tabs.append({"key": key, "label": label, "url": _shown_path(key), "count": count, "tone": tone})
    wanted = SHOWN.get(shown)
    return {
        "bundles": _headings((one for one in bundles if wanted is None or one.key in wanted), like),
        "like": like,
        "shown_value": json.dumps({"show": shown if shown in SHOWN else ""}),
        "total": counts["all"],
        "tabs": tabs,
        "shown": shown,
        "chosen": request.GET.get("task", ""),
        "done": selectors.done_today(request.actor),
        "now": clock.now(),
    }


def _shown_path(shown: str) -> str:
    here = reverse("tasks:my-day")
    return f"{here}?show={shown}" if shown in SHOWN else here


def _headings(bundles: Iterable[selectors.Bundle], like: str) -> list[Heading]:
    """The bundles with what repeats itself in one line each; ``like`` (a task's code) unfolds what says the same."""
    found = []
    for bundle in bundles:
        alike: dict[tuple[str, str], list[selectors.Line]] = {}
        for line in bundle.lines:
            alike.setdefault((line.title, line.who), []).append(line)
        stacks, done = [], set()
        for line in bundle.lines:
            group = alike[(line.title, line.who)]
            if len(group) < STACKED_FROM or like in {str(one.task.code) for one in group}:
                stacks.append(Stack(line, 0))
            elif (line.title, line.who) not in done:
                done.add((line.title, line.who))
                stacks.append(Stack(line, len(group) - 1))
        found.append(Heading(bundle.key, bundle.label, bundle.tone, len(bundle.lines), stacks))
    return found


def _panel(request: HttpRequest, found: Task, **forms: Any) -> dict[str, Any]:
    [line] = selectors.lines_of([found])
    tomorrow = clock.local(clock.now() + timedelta(days=1), zone_of(found.site)).replace(hour=9, minute=0)
    open_now = found.state in (Task.State.OPEN, Task.State.SLEEPING)
    return {
        "chosen": str(found.code),
        "line": line,
        "events": found.events.select_related("by", "to"),
        "is_open": open_now,
        "mine": found.assignee_id == request.actor.user_id,
        "may_close": open_now and found.closed_in_inbox,
        "complete_form": forms.get("complete_form") or CompleteForm(),
        "carry_over_form": forms.get("carry_over_form")
        or CarryOverForm(zone=zone_of(found.site), initial={"until": tomorrow}),
        "hand_over_form": forms.get("hand_over_form") or HandOverForm(people=selectors.colleagues(request.actor)),
    }


def _again(request: HttpRequest, found: Task, **forms: Any) -> HttpResponse:
    """The same page with what is missing, as 422."""
    return render_page(request, "tasks/my_day.html", _inbox(request) | _panel(request, found, **forms), status=422)
