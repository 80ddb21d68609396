"""Reading what is due, for one person and across rooms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Window
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from kernel import access, clock, registry
from kernel.context import Actor
from kernel.errors import NotFound
from kernel.identity.models import User
from kernel.web import formatting
from services.tasks.models import Task

WORK = "tasks.work"
SOON = timedelta(minutes=60)
SUBJECT_SLOT = "tasks.subject."
# So many names stand in a line of the inbox.
NAMED = 2


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom or what a task is about, as people call it. A room answers for its types (see ``subjects``)."""

    name: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A task as it is shown: its words filled in, in the reader's language. ``who`` is short enough for a line of a list,
    ``whose`` names every role."""

    task: Task
    title: str
    detail: str
    subject: Subject | None
    url: str
    who: str
    whose: str
    overdue: bool

    @property
    def when(self) -> str:
        """Its due time at its site, with the day unless that is today."""
        zone = formatting.zone_of(self.task.site)
        return _moment(clock.local(self.task.due_at, zone), zone)

    @property
    def closable(self) -> bool:
        """Can it be closed from the inbox?"""
        return self.task.closed_in_inbox


@dataclass(frozen=True, slots=True)
class Bundle:
    """One heading of the inbox and its lines."""

    key: str
    label: str | Promise
    tone: str
    lines: list[Line] = field(default_factory=list)


BUNDLES: tuple[tuple[str, str | Promise, str], ...] = (
    ("overdue", pgettext_lazy("tasks", "Overdue"), "late"),
    ("now", pgettext_lazy("tasks", "Due now"), "warn"),
    ("approval", pgettext_lazy("tasks", "Waiting for my approval"), "info"),
    ("promise", pgettext_lazy("tasks", "Promises"), "vip"),
    ("today", pgettext_lazy("tasks", "Later today"), "plain"),
    ("coming", pgettext_lazy("tasks", "Coming"), "plain"),
)


def visible_tasks(actor: Actor) -> QuerySet[Task]:
    """The open tasks of ``actor``: assigned to them or to whom they stand in for, or meant for one of their roles at
    their sites and taken by nobody. Tasks of a room that is switched off sleep and are not among them (settled 13).

    Raises Forbidden (``permission_denied``).
    """
    access.require(actor, WORK)
    mine = Q(assignee_id=actor.user_id) | Q(assignee__code__in=actor.deputy_for)
    roles = list(actor.roles)
    for_role = Q(assignee__isnull=True, roles__overlap=roles) | Q(
        escalated_at__isnull=False, escalates_to__overlap=roles
    )
    tasks = _awake().filter(state=Task.State.OPEN).filter(mine | (for_role & _sites(actor)))
    return tasks.select_related("assignee", "site").order_by("due_at", "rank_at", "id")


def may_work_on(actor: Actor, task: Task) -> bool:
    """Is ``task`` theirs to work on?"""
    if actor.kind == "system":
        return True
    site = task.site.code if task.site is not None else None
    holder = task.assignee
    if holder is not None and (holder.pk == actor.user_id or holder.code in actor.deputy_for):
        return True
    if actor.can("tasks.assign", site=site):
        return True
    roles = set(task.roles) | (set(task.escalates_to) if task.escalated_at else set())
    return actor.can(WORK, site=site) and bool(roles & actor.roles)


def access_task(actor: Actor, code: UUID) -> Task:
    """The task behind a code from outside, whatever its state. Raises NotFound when missing, foreign or asleep."""
    task = _awake().select_related("assignee", "site", "closed_by").filter(code=code).first()
    if task is None or not may_work_on(actor, task):
        raise NotFound("not_found", _("There is no such task."))
    return task


def lines_of(tasks: Iterable[Task], *, now: datetime | None = None) -> list[Line]:
    """Tasks with their words filled in; one question per type of subject, however many tasks."""
    rows = list(tasks)
    now = now or clock.now()
    known = subjects((row.subject_type, row.subject_code) for row in rows if row.subject_code)
    return [
        _line(row, known.get((row.subject_type, row.subject_code)) if row.subject_code else None, now) for row in rows
    ]


def inbox(actor: Actor, *, only: str = "") -> list[Bundle]:
    """The day of one person: overdue first, then due within the hour, approvals, promises, and what comes later.

    ``only`` narrows to one bundle. Empty bundles are left out.
    """
    now = clock.now()
    bundles = {key: Bundle(key, label, tone) for key, label, tone in BUNDLES}
    for line in lines_of(visible_tasks(actor), now=now):
        bundles[_bundle_of(line, now)].lines.append(line)
    return [bundle for key, bundle in bundles.items() if bundle.lines and only in ("", key)]


def counters(bundles: Iterable[Bundle]) -> dict[str, int]:
    """How many tasks stand under each heading, and ``all``."""
    found = {bundle.key: len(bundle.lines) for bundle in bundles}
    return found | {"all": sum(found.values())}


def due_count(actor: Actor) -> int:
    """How many tasks are overdue or due today: the number at the rail (never "new")."""
    if not access.holds(actor, WORK):
        return 0
    _start, end = clock.day_bounds(clock.today())
    return visible_tasks(actor).filter(due_at__lt=end).count()


def first_tasks(actor: Actor, at_most: int) -> tuple[list[Task], int]:
    """The first visible tasks and, of the same statement, what ``due_count`` says."""
    if not access.holds(actor, WORK):
        return [], 0
    _start, end = clock.day_bounds(clock.today())
    due = Window(Count("pk", filter=Q(due_at__lt=end)))
    tasks = list(visible_tasks(actor).annotate(all_due=due)[:at_most])
    return [*tasks], tasks[0].all_due if tasks else 0


def done_today(actor: Actor) -> int:
    """How many tasks this person closed today."""
    start, end = clock.day_bounds(clock.today())
    return Task.objects.filter(
        closed_by_id=actor.user_id, state=Task.State.DONE, closed_at__gte=start, closed_at__lt=end
    ).count()


def open_for(subject_type: str, code: UUID) -> QuerySet[Task]:
    """The open tasks about one subject (its page, its drawer)."""
    return _awake().filter(subject_type=subject_type, subject_code=code, state=Task.State.OPEN)


def outcome_of_day(kind: str, *, site: Any, day: date) -> tuple[int, int]:
    """(done in time, due) of the tasks of ``kind`` due on the site's ``day``; withdrawn ones do not count.

    In time means before the task would escalate, or before its due time when it never does.
    """
    start, end = clock.day_bounds(day, site.timezone)
    rows = (
        Task.objects.filter(kind=kind, site=site, due_at__gte=start, due_at__lt=end)
        .exclude(state=Task.State.CANCELLED)
        .values_list("due_at", "escalates_at", "closed_at")
    )
    done = sum(1 for due, escalates, closed in rows if closed is not None and closed <= (escalates or due))
    return done, len(rows)


def subjects(pairs: Iterable[tuple[str, UUID | None]]) -> dict[tuple[str, UUID], Subject]:
    """The names behind (type, code).

    A room answers for its types through its slot ``tasks.subject.<type>``: a callable from codes to {code: Subject}.
    """
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for kind, code in pairs:
        if code is not None:
            wanted[kind].add(code)
    found: dict[tuple[str, UUID], Subject] = {}
    for room in registry.active_rooms():
        for kind, codes in wanted.items():
            for path in room.slots.get(SUBJECT_SLOT + kind, ()):
                found |= {(kind, code): subject for code, subject in _resolver(path)(codes).items()}
    return found


@cache
def _resolver(path: str) -> Callable[[set[UUID]], Mapping[UUID, Subject]]:
    return import_string(path)


def _awake() -> QuerySet[Task]:
    return Task.objects.filter(room__in=[room.key for room in registry.active_rooms()])


def _sites(actor: Actor) -> Q:
    sites = actor.sites(WORK)
    return Q() if access.holds_everywhere(actor, WORK) else Q(site__isnull=True) | Q(site__code__in=sites)


def _bundle_of(line: Line, now: datetime) -> str:
    if line.overdue:
        return "overdue"
    if line.task.group != Task.Group.DUE:
        return line.task.group
    if line.task.due_at <= now + SOON:
        return "now"
    zone = formatting.zone_of(line.task.site)
    return "today" if clock.local(line.task.due_at, zone).date() <= clock.today(zone) else "coming"


def _line(task: Task, subject: Subject | None, now: datetime) -> Line:
    whose = [task.assignee.display_name] if task.assignee is not None else _role_labels(task)
    words = _filled(task) | {"subject": subject.name if subject else _("a removed record")}
    return Line(
        task=task,
        title=_fill(task.title, words),
        detail=_fill(task.detail, words),
        subject=subject,
        url=_path(task),
        who=shortened(whose),
        whose=formatting.listed(whose),
        overdue=task.due_at < now,
    )


def _fill(msgid: str, words: Mapping[str, Any]) -> str:
    return _(msgid) % words if msgid else ""


def _filled(task: Task) -> dict[str, Any]:
    zone = formatting.zone_of(task.site)
    words: dict[str, Any] = {}
    for name, value in task.args.items():
        if name.endswith("_at") and isinstance(value, str):
            words[name] = _moment(clock.local(datetime.fromisoformat(value), zone), zone)
        elif name.endswith("_on") and isinstance(value, str):
            words[name] = formatting.day_words(date.fromisoformat(value), today=clock.today(zone))
        else:
            words[name] = value
    return words


def _moment(local: datetime, zone: Any) -> str:
    if local.date() == clock.today(zone):
        return f"{local:%H:%M}"
    return f"{formatting.day_words(local.date(), today=clock.today(zone))} {local:%H:%M}"


def shortened(names: list[str]) -> str:
    """Two names, and how many more there are."""
    first, more = formatting.listed(names[:NAMED]), len(names) - NAMED
    return _("%(names)s and %(n)s more") % {"names": first, "n": more} if more > 0 else first


def _role_labels(task: Task) -> list[str]:
    shown = [*task.roles, *(task.escalates_to if task.escalated_at else ())]
    return [str(role_labels().get(slug, slug)) for slug in dict.fromkeys(shown)]


def colleagues(actor: Actor) -> QuerySet[User]:
    """The people a task may be handed to: everybody with an active account, but oneself."""
    return User.objects.filter(is_active=True).exclude(pk=actor.user_id or 0).order_by("display_name")


def role_labels() -> dict[str, str | Promise]:
    """What the declared roles are called."""
    return {spec.slug: spec.label for room in registry.rooms() for spec in room.roles}


def _path(task: Task) -> str:
    if not task.url_name:
        return ""
    try:
        return reverse(task.url_name, args=task.url_args)
    except NoReverseMatch:
        return ""
