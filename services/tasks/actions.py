"""Opening, working on and closing what is due. Each write leaves an event and an audit entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from kernel import audit, clock, outbox, timers
from kernel.actions import action
from kernel.context import Actor
from kernel.errors import Conflict, Forbidden, NotFound, RuleRefused
from kernel.identity.models import User
from services.sites.models import Site
from services.tasks.models import Task, TaskEvent

ESCALATE = "tasks.escalate"
WAKE = "tasks.wake"
ROOMS = "a room opens and closes its tasks inside its own action, which asks for its own word"


@action(permission=None, reason=ROOMS)
def open_task(
    *,
    by: Actor,
    kind: str,
    key: str,
    room: str,
    title: str,
    due_at: datetime,
    roles: Iterable[str] = (),
    assignee: User | None = None,
    site: Site | None = None,
    detail: str = "",
    args: Mapping[str, Any] | None = None,
    subject: tuple[str, UUID] | None = None,
    group: str = Task.Group.DUE,
    icon: str = "task",
    url: tuple[str, ...] = (),
    rank_at: datetime | None = None,
    escalates_at: datetime | None = None,
    escalates_to: Iterable[str] = (),
    closed_in_inbox: bool = True,
) -> Task:
    """Open the task ``kind``/``key``, or return the one that exists already, whatever became of it (idempotent).

    ``title`` and ``detail`` are English msgids, filled from ``args`` when shown: a name ending in ``_at`` holds an ISO
    moment, one ending in ``_on`` an ISO day. ``subject`` is (type, code) and gives ``%(subject)s``. ``url`` is a url name
    and its arguments. At ``escalates_at`` the roles of ``escalates_to`` see it too (AP-013, QU-004).

    Raises ValueError for a task that nobody would see.
    """
    people = list(dict.fromkeys(roles))
    if not people and assignee is None:
        raise ValueError(f"{kind}: a task needs a role or a person")
    task, created = Task.objects.get_or_create(
        kind=kind,
        key=key,
        defaults={
            "room": room,
            "group": group,
            "title": title,
            "detail": detail,
            "args": _plain(args or {}),
            "icon": icon,
            "subject_type": subject[0] if subject else "",
            "subject_code": subject[1] if subject else None,
            "url_name": url[0] if url else "",
            "url_args": [str(part) for part in url[1:]],
            "site": site,
            "assignee": assignee,
            "roles": people,
            "closed_in_inbox": closed_in_inbox,
            "opened_at": clock.now(),
            "due_at": due_at,
            "rank_at": rank_at or due_at,
            "escalates_at": escalates_at,
            "escalates_to": list(dict.fromkeys(escalates_to)),
        },
    )
    if created:
        if task.escalates_at:
            _plan_escalation(task)
        audit.record(by=by, verb="tasks.opened", target=task, site=_site(task), kind=kind)
    return task


@action(permission="tasks.work")
def complete_task(*, by: Actor, task: Task, result: str = "done", note: str = "") -> Task:
    """Close a task from the inbox.

    Raises Forbidden (``not_your_task``), Conflict (``task_closed``) and RuleRefused (``task_closed_elsewhere``) for a
    task whose real act lies in its room.
    """
    task = _locked(task)
    _refuse_strangers(by, task)
    if not task.closed_in_inbox:
        raise RuleRefused(
            "task_closed_elsewhere", _("This task closes by itself when the work is done. Open it and do it there.")
        )
    return _close(task, by=by, state=Task.State.DONE, result=result, note=note)


@action(permission=None, reason=ROOMS)
def settle_task(*, by: Actor, kind: str, key: str, result: str = "done", note: str = "") -> Task | None:
    """Close the open task ``kind``/``key`` because its work was done in the room; None when none is open."""
    task = _find(kind, key)
    return _close(task, by=by, state=Task.State.DONE, result=result, note=note) if task else None


@action(permission=None, reason=ROOMS)
def cancel_task(*, by: Actor, kind: str, key: str, reason: str) -> Task | None:
    """Withdraw the open task ``kind``/``key`` because it has lost its reason; None when none is open (FU-022)."""
    task = _find(kind, key)
    return _close(task, by=by, state=Task.State.CANCELLED, result="withdrawn", note=reason) if task else None


@action(permission="tasks.work")
def take_task(*, by: Actor, task: Task) -> Task:
    """Take a task that is meant for a role. Raises Forbidden (``not_your_task``), Conflict (``task_taken``)."""
    task = _locked(task)
    _refuse_strangers(by, task)
    if task.assignee_id == by.user_id:
        return task
    if task.assignee_id is not None and not by.can("tasks.assign", site=_site(task)):
        # Asked for anew: a row that waited for its lock still carries the assignee from before the wait.
        holder = User.objects.get(pk=task.assignee_id)
        raise Conflict("task_taken", _("%(name)s has taken this task already.") % {"name": holder.display_name})
    _note(task, "taken", by=by, to=by.user_id)
    task.assignee_id = by.user_id
    task.bump({"assignee"})
    audit.record(by=by, verb="tasks.taken", target=task, site=_site(task), kind=task.kind)
    return task


@action(permission="tasks.work")
def hand_over_task(*, by: Actor, task: Task, to: User, note: str = "") -> Task:
    """Give a task to another person. Whoever holds it may, and whoever assigns work at the site.

    Raises Forbidden (``not_your_task``), RuleRefused (``unknown_person``).
    """
    task = _locked(task)
    if task.assignee_id != by.user_id and not by.can("tasks.assign", site=_site(task)):
        _refuse_strangers(by, task)
        if task.assignee_id is not None:
            raise Forbidden(
                "not_your_task", _("Only the person who holds this task, or a supervisor, may hand it over.")
            )
    if not to.is_active:
        raise RuleRefused("unknown_person", _("This person does not work here any more."))
    _note(task, "handed_over", by=by, to=to.pk, note=note)
    task.assignee = to
    task.bump({"assignee"})
    audit.record(by=by, verb="tasks.handed_over", target=task, site=_site(task), kind=task.kind, to=str(to.code))
    return task


@action(permission="tasks.work")
def carry_over_task(*, by: Actor, task: Task, until: datetime, reason: str) -> Task:
    """Put a task aside until a later moment, with a reason; it comes back by itself and keeps its due time.

    Raises Forbidden (``not_your_task``), RuleRefused (``reason_missing``, ``carry_over_too_late``).
    """
    task = _locked(task)
    _refuse_strangers(by, task)
    if not reason.strip():
        raise RuleRefused("reason_missing", _("Say why the task is carried over."), fields={"reason": [_("Required")]})
    if until <= clock.now():
        raise RuleRefused(
            "carry_over_too_late", _("Choose a later time."), fields={"until": [_("Choose a later time.")]}
        )
    _note(task, "carried_over", by=by, note=reason.strip()[:200])
    task.state, task.sleeps_until = Task.State.SLEEPING, until
    task.bump({"state", "sleeps_until"})
    timers.schedule(WAKE, str(task.code), until)
    audit.record(by=by, verb="tasks.carried_over", target=task, site=_site(task), kind=task.kind)
    return task


@action(permission=None, reason=ROOMS)
def reschedule_task(
    *, by: Actor, kind: str, key: str, due_at: datetime, escalates_at: datetime | None = None
) -> Task | None:
    """Move the open task ``kind``/``key`` to another due time; None when none is open."""
    task = _find(kind, key)
    if task is None:
        return None
    task.due_at = task.rank_at = due_at
    task.escalates_at = escalates_at
    task.bump({"due_at", "rank_at", "escalates_at"})
    _plan_escalation(task)
    return task


def escalate(*, by: Actor, code: UUID) -> None:
    """Show an open task to its second line of roles too. What is closed or already escalated stays as it is."""
    task = Task.objects.select_for_update().filter(code=code).first()
    if task is None or task.state not in (Task.State.OPEN, Task.State.SLEEPING) or task.escalated_at:
        return
    task.escalated_at = clock.now()
    task.state = Task.State.OPEN  # what is late enough to escalate is not put aside any more
    task.bump({"escalated_at", "state"})
    _note(task, "escalated", by=by)
    audit.record(by=by, verb="tasks.escalated", target=task, site=_site(task), kind=task.kind, to=task.escalates_to)


def wake(*, by: Actor, code: UUID) -> None:
    """Bring a carried-over task back into the inbox."""
    task = Task.objects.select_for_update().filter(code=code, state=Task.State.SLEEPING).first()
    if task is None:
        return
    task.state = Task.State.OPEN
    task.bump({"state"})
    _note(task, "woken", by=by)


def _plan_escalation(task: Task) -> None:
    if task.escalates_at and task.escalates_to and not task.escalated_at:
        timers.schedule(ESCALATE, str(task.code), task.escalates_at)
    else:
        timers.cancel(ESCALATE, str(task.code))


def _close(task: Task, *, by: Actor, state: str, result: str, note: str) -> Task:
    if task.state not in (Task.State.OPEN, Task.State.SLEEPING):
        raise Conflict("task_closed", _("This task is closed already."), state=task.state)
    # Most tasks never wait for a timer: only one that may be there is looked for.
    escalates, sleeps = task.escalates_at is not None and task.escalated_at is None, task.sleeps_until is not None
    task.state, task.result, task.note = state, result, note
    task.closed_at, task.closed_by_id, task.sleeps_until = clock.now(), by.user_id, None
    task.bump({"state", "result", "note", "closed_at", "closed_by", "sleeps_until"})
    if escalates:
        timers.cancel(ESCALATE, str(task.code))
    if sleeps:
        timers.cancel(WAKE, str(task.code))
    verb = "tasks.completed" if state == Task.State.DONE else "tasks.withdrawn"
    audit.record(by=by, verb=verb, target=task, site=_site(task), kind=task.kind, result=result)
    if task.site is not None:
        outbox.emit(
            "tasks.closed",
            key=f"task:{task.code}",
            payload={
                "task": str(task.code),
                "kind": task.kind,
                "site": str(task.site.code),
                "result": result,
                "due_at": task.due_at.isoformat(),
            },
        )
    return task


def _find(kind: str, key: str) -> Task | None:
    waiting = (Task.State.OPEN, Task.State.SLEEPING)
    return Task.objects.select_for_update().filter(kind=kind, key=key, state__in=waiting).first()


def _locked(task: Task) -> Task:
    found = Task.objects.select_for_update(of=("self",)).select_related("assignee", "site").filter(pk=task.pk).first()
    if found is None:
        raise NotFound("not_found", _("There is no such task."))
    if found.state not in (Task.State.OPEN, Task.State.SLEEPING):
        raise Conflict("task_closed", _("This task is closed already."), state=found.state)
    return found


def _refuse_strangers(by: Actor, task: Task) -> None:
    from services.tasks.selectors import may_work_on

    if not may_work_on(by, task):
        raise Forbidden("not_your_task", _("This task belongs to somebody else."))


def _note(task: Task, what: str, *, by: Actor, to: int | None = None, note: str = "") -> None:
    TaskEvent.objects.create(task=task, at=clock.now(), what=what, by_id=by.user_id, to_id=to, note=note)


def _site(task: Task) -> UUID | None:
    return task.site.code if task.site is not None else None


def _plain(args: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else str(value) if isinstance(value, UUID) else value
        for name, value in args.items()
    }
