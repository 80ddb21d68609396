"""Feedback, the matrix and the analyses over the API."""

from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Choice, Code, Filters
from kernel.api.pages import paged
from kernel.api.views import ApiView
from services.complaints import feedback as acts
from services.complaints import intake, reviews, routing, selectors
from services.complaints.api import serializers as form
from services.complaints.api.views import site_of, speaker_of
from services.complaints.machines import FEEDBACK
from services.complaints.models import Feedback
from services.complaints.reviews import Found


class Feedbacks(ApiView):
    """Feedback that the caller deals with; and new one."""

    permissions = {"GET": "complaints.view", "POST": "complaints.receive"}
    inputs = {"POST": form.FeedbackIn}
    outputs = {"GET": paged(form.FeedbackOut), "POST": form.FeedbackStateOut}
    filters = Filters(
        Choice("state", "state", list(FEEDBACK.states)),
        Choice("kind", "kind", list(Feedback.Kind.values)),
        Code("site", "site__code"),
        ordering={"collected_at": "collected_at", "due_on": "due_on"},
        default="-collected_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.feedbacks(self.actor), form.FeedbackOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        site = site_of(self, data.pop("site"), "complaints.receive")
        visit = data.pop("visit")
        made = intake.collect_feedback(
            by=self.actor,
            site=site,
            speaker=speaker_of(self, data.pop("speaker", None)),
            visit=selectors.visit_at(self.actor, visit, site) if visit is not None else None,
            **data,
        )
        return self.one(made, form.FeedbackStateOut, status=201)


class OneFeedback(ApiView):
    """One row of feedback."""

    permissions = {"GET": "complaints.view"}
    outputs = {"GET": form.FeedbackOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(selectors.access_feedback(self.actor, code), form.FeedbackOut)


class AssignFeedback(ApiView):
    """To a department and a person."""

    permissions = {"POST": "complaints.assign"}
    inputs = {"POST": form.AssignFeedbackIn}
    outputs = {"POST": (200, form.FeedbackStateOut)}

    def post(self, request: Request, code: UUID) -> Response:
        row, data = selectors.access_feedback(self.actor, code), self.read(request)
        person = selectors.colleague(row.site, data["responsible"])
        made = acts.assign_feedback(by=self.actor, feedback=row, department=data["department"], responsible=person)
        return self.one(made, form.FeedbackStateOut)


class ProcessFeedback(ApiView):
    """What was done about it, by the person responsible."""

    permissions = {"POST": "complaints.view"}
    inputs = {"POST": form.MeasureIn}
    outputs = {"POST": (200, form.FeedbackStateOut)}

    def post(self, request: Request, code: UUID) -> Response:
        row = selectors.access_feedback(self.actor, code)
        return self.one(acts.process_feedback(by=self.actor, feedback=row, **self.read(request)), form.FeedbackStateOut)


class TellFeedback(ApiView):
    """The customer was told."""

    permissions = {"POST": "complaints.receive"}
    inputs = {"POST": form.AnswerIn}
    outputs = {"POST": (200, form.FeedbackStateOut)}

    def post(self, request: Request, code: UUID) -> Response:
        row = selectors.access_feedback(self.actor, code)
        return self.one(acts.tell_customer(by=self.actor, feedback=row, **self.read(request)), form.FeedbackStateOut)


class ConfirmFeedback(ApiView):
    """Finished, and whether the customer is content."""

    permissions = {"POST": "complaints.view"}
    inputs = {"POST": form.ConfirmIn}
    outputs = {"POST": (200, form.FeedbackStateOut)}

    def post(self, request: Request, code: UUID) -> Response:
        row = selectors.access_feedback(self.actor, code)
        return self.one(acts.confirm_feedback(by=self.actor, feedback=row, **self.read(request)), form.FeedbackStateOut)


class UpgradeFeedback(ApiView):
    """It is a complaint after all."""

    permissions = {"POST": "complaints.receive"}
    inputs = {"POST": form.UpgradeIn}
    outputs = {"POST": form.StateOut}

    def post(self, request: Request, code: UUID) -> Response:
        row, data = selectors.access_feedback(self.actor, code), self.read(request)
        made = intake.upgrade_feedback(
            by=self.actor,
            feedback=row,
            speaker=speaker_of(self, data.pop("speaker", None)),
            accused=selectors.colleagues(row.site, data.pop("accused")),
            **data,
        )
        return self.one(made, form.StateOut, status=201)


class Routes(ApiView):
    """The matrix of who receives which complaints; a line is added or changed."""

    permissions = {"GET": "complaints.manage", "POST": "complaints.manage"}
    inputs = {"POST": form.RouteIn}
    outputs = {"GET": paged(form.RouteOut), "POST": (200, form.RouteOut)}
    filters = Filters(ordering={"channel": "channel"}, default="channel")

    def get(self, request: Request) -> Response:
        return self.page(selectors.routes(), form.RouteOut)

    def post(self, request: Request) -> Response:
        return self.one(routing.set_route(by=self.actor, **self.read(request)), form.RouteOut)


class Reviews(ApiView):
    """The periodic analyses; and a new one."""

    permissions = {"GET": "complaints.analyse", "POST": "complaints.analyse"}
    inputs = {"POST": form.ReviewIn}
    outputs = {"GET": paged(form.ReviewOut), "POST": form.ReviewOut}
    filters = Filters(Code("site", "site__code"), ordering={"first": "first"}, default="-first")

    def get(self, request: Request) -> Response:
        return self.page(selectors.reviews(self.actor), form.ReviewOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        site = site_of(self, data.pop("site"), "complaints.analyse")
        found = [
            Found(**{**row, "responsible": selectors.colleague(site, row["responsible"])})
            for row in data.pop("findings")
        ]
        made = reviews.analyse(by=self.actor, site=site, findings=found, **data)
        return self.one(selectors.access_review(self.actor, made.code), form.ReviewOut, status=201)
