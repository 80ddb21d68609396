"""Follow-ups over the API: the same actions as their pages."""

from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Choice, Code, Day, Filters, Text
from kernel.api.pages import paged
from kernel.api.views import ApiView
from services.appointments.selectors import access_appointment
from services.followup import actions, selectors, wishes
from services.followup.api.serializers import (
    AnswerIn,
    AttemptIn,
    AttemptOut,
    CancelIn,
    ContactIn,
    FollowUpOut,
    ResultIn,
)
from services.followup.machine import MACHINE


class FollowUps(ApiView):
    """Follow-ups, the next due first."""

    permissions = {"GET": "followup.view"}
    outputs = {"GET": paged(FollowUpOut)}
    filters = Filters(
        Code("site", "plan__site__code"),
        Code("patient", "plan__patient__code"),
        Choice("state", "state", list(MACHINE.states)),
        Text("rule", "plan__rule_key"),
        Day("due_from", "due_on__gte"),
        Day("due_until", "due_on__lte"),
        ordering={"due_on": "due_on"},
        default="due_on",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.followups_for(self.actor), FollowUpOut)


class OneFollowUp(ApiView):
    """One follow-up."""

    permissions = {"GET": "followup.view"}
    outputs = {"GET": FollowUpOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(selectors.access_followup(self.actor, code), FollowUpOut)


class _Shown(ApiView):
    """What operations on one follow-up share."""

    outputs = {"POST": (200, FollowUpOut)}

    def shown(self, code: UUID) -> Response:
        return self.one(selectors.access_followup(self.actor, code), FollowUpOut)


class Attempts(ApiView):
    """The tries of a follow-up, and one more."""

    permissions = {"GET": "followup.view", "POST": "followup.call"}
    inputs = {"POST": AttemptIn}
    outputs = {"GET": paged(AttemptOut), "POST": FollowUpOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.page(selectors.access_followup(self.actor, code).attempts.order_by("at"), AttemptOut)

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_followup(self.actor, code)
        actions.record_attempt(by=self.actor, followup=found, **self.read(request))
        return self.one(selectors.access_followup(self.actor, code), FollowUpOut, status=201)


class Result(_Shown):
    """What the reached patient said."""

    permissions = {"POST": "followup.call"}
    inputs = {"POST": ResultIn}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_followup(self.actor, code)
        data = self.read(request)
        booked = data.pop("return_visit")
        actions.close_with_result(
            by=self.actor,
            followup=found,
            return_visit=access_appointment(self.actor, booked) if booked else None,
            **data,
        )
        return self.shown(code)


class Answer(_Shown):
    """The doctor's note that closes a problem."""

    permissions = {"POST": "followup.answer"}
    inputs = {"POST": AnswerIn}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_followup(self.actor, code)
        actions.answer_problem(by=self.actor, followup=found, **self.read(request))
        return self.shown(code)


class Contact(_Shown):
    """Phone or address as they were corrected in the call; the old ones stay in the history of the file."""

    permissions = {"POST": "followup.call"}
    inputs = {"POST": ContactIn}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_followup(self.actor, code)
        wishes.correct_contact(by=self.actor, followup=found, **self.read(request))
        return self.shown(code)


class Cancel(_Shown):
    """Do not follow up, for a reason."""

    permissions = {"POST": "followup.cancel"}
    inputs = {"POST": CancelIn}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_followup(self.actor, code)
        actions.cancel_followup(by=self.actor, followup=found, **self.read(request))
        return self.shown(code)
