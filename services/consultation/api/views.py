"""Consultation over the API: the same actions as its pages."""

from __future__ import annotations

import re
from datetime import date
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from kernel import clock
from kernel.api.filters import Choice, Code, Filters, Parameter
from kernel.api.pages import paged
from kernel.api.views import ApiView
from services.appointments.selectors import access_appointment
from services.catalogue.selectors import access_item
from services.consultation import actions, selectors, success, talks
from services.consultation.api.serializers import (
    AnswerIn,
    ConcludeIn,
    ConsultationOut,
    NotesIn,
    OpenIn,
    QuestionIn,
    QuestionOut,
    RateOut,
    RecommendationOut,
    RecommendIn,
    StandardAnswerOut,
    TalkAnswerIn,
    TalkIn,
    TalkOut,
    ToldIn,
    WithdrawIn,
)
from services.consultation.machines import CONSULTATION, TALK
from services.consultation.models import KnowledgeVersion
from services.patients.selectors import access_patient
from services.sites.selectors import access_site, working_site
from services.staff.selectors import access_staff


class Month(Parameter):
    """A month of this century, "2026-12"; the first of its days."""

    schema = {"type": "string", "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])$"}

    def parse(self, text: str) -> date:
        if not re.fullmatch(self.schema["pattern"], text):
            self.refuse(_("This is not a month, for example 2026-12."))
        return date.fromisoformat(f"{text}-01")


class Consultations(ApiView):
    """Consultations, the latest first, and one more customer on the list."""

    permissions = {"GET": "consultation.view", "POST": "consultation.open"}
    inputs = {"POST": OpenIn}
    outputs = {"GET": paged(ConsultationOut), "POST": ConsultationOut}
    filters = Filters(
        Code("site", "site__code"),
        Code("patient", "patient__code"),
        Code("consultant", "consultant__code"),
        Choice("state", "state", list(CONSULTATION.states)),
        ordering={"opened_at": "opened_at"},
        default="-opened_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.consultations_for(self.actor), ConsultationOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        data["site"] = access_site(self.actor, data["site"], "consultation.open")
        data["patient"] = access_patient(self.actor, data["patient"]) if data["patient"] else None
        return self.one(actions.open_consultation(by=self.actor, **data), ConsultationOut, status=201)


class OneConsultation(ApiView):
    """One consultation."""

    permissions = {"GET": "consultation.view"}
    outputs = {"GET": ConsultationOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(selectors.access_consultation(self.actor, code), ConsultationOut)


class _Shown(ApiView):
    """What operations on one consultation share."""

    permissions = {"POST": "consultation.consult"}
    outputs = {"POST": (200, ConsultationOut)}

    def shown(self, code: UUID) -> Response:
        return self.one(selectors.access_consultation(self.actor, code), ConsultationOut)


class Start(_Shown):
    """The conversation begins."""

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_consultation(self.actor, code)
        actions.start_consultation(by=self.actor, consultation=found)
        return self.shown(code)


class Left(_Shown):
    """The customer went before anybody spoke with them."""

    permissions = {"POST": "consultation.open"}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_consultation(self.actor, code)
        return self.one(actions.note_left(by=self.actor, consultation=found), ConsultationOut)


class Notes(_Shown):
    """What was said."""

    inputs = {"POST": NotesIn}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_consultation(self.actor, code)
        actions.write_down(by=self.actor, consultation=found, **self.read(request))
        return self.shown(code)


class Recommendations(ApiView):
    """What is recommended, and one more."""

    permissions = {"GET": "consultation.view", "POST": "consultation.consult"}
    inputs = {"POST": RecommendIn}
    outputs = {"GET": paged(RecommendationOut), "POST": RecommendationOut}

    def get(self, request: Request, code: UUID) -> Response:
        rows = selectors.access_consultation(self.actor, code).recommendations.select_related("item").order_by("id")
        return self.page(rows, RecommendationOut)

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_consultation(self.actor, code)
        data = self.read(request)
        data["item"] = access_item(self.actor, data["item"])
        return self.one(actions.recommend(by=self.actor, consultation=found, **data), RecommendationOut, status=201)


class Questions(ApiView):
    """What the customer asked, and one more."""

    permissions = {"GET": "consultation.view", "POST": "consultation.consult"}
    inputs = {"POST": QuestionIn}
    outputs = {"GET": paged(QuestionOut), "POST": QuestionOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.page(selectors.access_consultation(self.actor, code).questions.order_by("asked_at"), QuestionOut)

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_consultation(self.actor, code)
        noted = talks.note_question(by=self.actor, consultation=found, **self.read(request))
        return self.one(noted, QuestionOut, status=201)


class AnswerQuestion(ApiView):
    """The final answer of a question, with its source."""

    permissions = {"POST": "consultation.consult"}
    inputs = {"POST": AnswerIn}
    outputs = {"POST": (200, QuestionOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_question(self.actor, code)
        data = self.read(request)
        standard: KnowledgeVersion | None = None
        if data["standard"]:
            standard = selectors.access_version(self.actor, data["standard"])
        data["standard"] = standard
        return self.one(talks.answer_question(by=self.actor, question=found, **data), QuestionOut)


class Understood(_Shown):
    """The customer understood what is recommended."""

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_consultation(self.actor, code)
        actions.confirm_understanding(by=self.actor, consultation=found)
        return self.shown(code)


class Conclude(_Shown):
    """How it ended."""

    inputs = {"POST": ConcludeIn}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_consultation(self.actor, code)
        data = self.read(request)
        booked = data.pop("appointment")
        actions.conclude(
            by=self.actor,
            consultation=found,
            appointment=access_appointment(self.actor, booked) if booked else None,
            **data,
        )
        return self.shown(code)


class Withdraw(_Shown):
    """The customer takes back what they accepted, before the treatment."""

    inputs = {"POST": WithdrawIn}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_consultation(self.actor, code)
        actions.withdraw_acceptance(by=self.actor, consultation=found, **self.read(request))
        return self.shown(code)


class TalksOfOne(ApiView):
    """The doctors who were asked for one customer, and one more."""

    permissions = {"GET": "consultation.view", "POST": "consultation.consult"}
    inputs = {"POST": TalkIn}
    outputs = {"GET": paged(TalkOut), "POST": TalkOut}

    def get(self, request: Request, code: UUID) -> Response:
        found = selectors.access_consultation(self.actor, code)
        return self.page(selectors.talks_for(self.actor).filter(consultation=found).order_by("asked_at", "pk"), TalkOut)

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_consultation(self.actor, code)
        data = self.read(request)
        data["doctor"] = access_staff(self.actor, data["doctor"])
        data["question"] = selectors.access_question(self.actor, data["question"]) if data["question"] else None
        return self.one(talks.ask_doctor(by=self.actor, consultation=found, **data), TalkOut, status=201)


class Talks(ApiView):
    """Questions that doctors answer, the next due first."""

    permissions = {"GET": "consultation.view"}
    outputs = {"GET": paged(TalkOut)}
    filters = Filters(
        Code("site", "consultation__site__code"),
        Choice("state", "state", list(TALK.states)),
        ordering={"due_at": "due_at"},
        default="due_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.talks_for(self.actor), TalkOut)


class LeadTalk(ApiView):
    """The customer is with the doctor, face to face."""

    permissions = {"POST": "consultation.consult"}
    outputs = {"POST": (200, TalkOut)}

    def post(self, request: Request, code: UUID) -> Response:
        talk = selectors.access_talk(self.actor, code)
        return self.one(talks.lead_to_doctor(by=self.actor, talk=talk), TalkOut)


class TalkTold(ApiView):
    """The customer heard the doctor's answer: the end of the conversation with the doctor."""

    permissions = {"POST": "consultation.consult"}
    inputs = {"POST": ToldIn}
    outputs = {"POST": (200, TalkOut)}

    def post(self, request: Request, code: UUID) -> Response:
        talk = selectors.access_talk(self.actor, code)
        return self.one(talks.bring_back(by=self.actor, talk=talk, **self.read(request)), TalkOut)


class AnswerTalk(ApiView):
    """The doctor's answer."""

    permissions = {"POST": "consultation.answer"}
    inputs = {"POST": TalkAnswerIn}
    outputs = {"POST": (200, TalkOut)}

    def post(self, request: Request, code: UUID) -> Response:
        talk = selectors.access_talk(self.actor, code)
        return self.one(talks.give_answer(by=self.actor, talk=talk, **self.read(request)), TalkOut)


class Answers(ApiView):
    """The standard answers in force."""

    permissions = {"GET": "consultation.view"}
    outputs = {"GET": paged(StandardAnswerOut)}

    def get(self, request: Request) -> Response:
        return self.page(selectors.standard_answers(self.actor), StandardAnswerOut)


class SuccessRate(ApiView):
    """The success rate of a month at a site, as a whole and by consultant."""

    permissions = {"GET": "consultation.see_success"}
    outputs = {"GET": RateOut}
    filters = Filters(
        Month("month", None, help="The month, as 2026-12; this one by default"),
        Code("site", None, help="The branch; where the caller works by default"),
    )

    def get(self, request: Request) -> Response:
        self.filters.check(request.query_params)
        month, code = (parameter.read(request.query_params) for parameter in self.filters.parameters)
        word = "consultation.see_success"
        site = access_site(self.actor, code, word) if code else working_site(self.actor, None, word)
        month = month or clock.today(site.timezone if site is not None else None)
        whole, rows = success.rates_of_month(site, month) if site is not None else (success.Rate(None), [])
        definition = success.definition_of(site, month) if site is not None else None
        return self.one(success.MonthRate(f"{month:%Y-%m}", whole, rows, definition), RateOut)
