"""The inbox over the API: the same actions as its pages."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Choice, Code, Filters, Text
from kernel.api.pages import DEFAULT_SIZE, LARGEST_SIZE, PAGE, PAGE_SIZE, paged
from kernel.api.views import ApiView
from kernel.errors import NotFound
from services.tasks import actions, selectors
from services.tasks.api.serializers import CarryOverIn, CompleteIn, HandOverIn, TaskOut
from services.tasks.models import Task


class _TaskView(ApiView):
    """What operations on one task share."""

    outputs = {"GET": TaskOut, "POST": (200, TaskOut)}

    def shown(self, task: Task) -> Response:
        [line] = selectors.lines_of([selectors.access_task(self.actor, task.code)])
        return Response(TaskOut(line).data)


class Tasks(ApiView):
    """The caller's open tasks, overdue first."""

    permissions = {"GET": "tasks.work"}
    outputs = {"GET": paged(TaskOut)}
    filters = Filters(
        Text("kind", "kind"),
        Code("site", "site__code"),
        Choice("group", "group", Task.Group.values),
        Code("subject", "subject_code"),
    )

    def get(self, request: Request) -> Response:
        rows = self.filtered(selectors.visible_tasks(self.actor))
        number = PAGE.read(request.query_params) or 1
        size = min(PAGE_SIZE.read(request.query_params) or DEFAULT_SIZE, LARGEST_SIZE)
        count = rows.count()
        lines = selectors.lines_of(rows[(number - 1) * size : number * size])
        return Response(
            {
                "count": count,
                "page": number,
                "page_size": size,
                "pages": max(1, -(-count // size)),
                "results": TaskOut(lines, many=True).data,
            }
        )


class OneTask(_TaskView):
    """One task."""

    permissions = {"GET": "tasks.work"}

    def get(self, request: Request, code: UUID) -> Response:
        return self.shown(selectors.access_task(self.actor, code))


class Complete(_TaskView):
    """Close a task."""

    permissions = {"POST": "tasks.work"}
    inputs = {"POST": CompleteIn}

    def post(self, request: Request, code: UUID) -> Response:
        task = selectors.access_task(self.actor, code)
        return self.shown(actions.complete_task(by=self.actor, task=task, **self.read(request)))


class Take(_TaskView):
    """Take a task that is meant for one's role."""

    permissions = {"POST": "tasks.work"}

    def post(self, request: Request, code: UUID) -> Response:
        return self.shown(actions.take_task(by=self.actor, task=selectors.access_task(self.actor, code)))


class HandOver(_TaskView):
    """Give a task to a colleague. The answer shows it as it is then, also when it is no longer the caller's."""

    permissions = {"POST": "tasks.work"}
    inputs = {"POST": HandOverIn}

    def post(self, request: Request, code: UUID) -> Response:
        task = selectors.access_task(self.actor, code)
        data = self.read(request)
        person = selectors.colleagues(self.actor).filter(code=data["to"]).first()
        if person is None:
            raise NotFound("person_not_found", _("There is no such colleague."))
        done = actions.hand_over_task(by=self.actor, task=task, to=person, note=data["note"])
        return Response(TaskOut(selectors.lines_of([done])[0]).data)


class CarryOver(_TaskView):
    """Put a task aside until later, with a reason."""

    permissions = {"POST": "tasks.work"}
    inputs = {"POST": CarryOverIn}

    def post(self, request: Request, code: UUID) -> Response:
        task = selectors.access_task(self.actor, code)
        return self.shown(actions.carry_over_task(by=self.actor, task=task, **self.read(request)))
