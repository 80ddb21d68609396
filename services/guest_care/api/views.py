"""Guest care over the API: the same actions as its pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Choice, Code, Filters
from kernel.api.pages import paged
from kernel.api.views import ApiView
from services.catalogue.selectors import access_item
from services.guest_care import actions, enquiries, machine, queue, selectors, wishes
from services.guest_care.api import serializers as s
from services.guest_care.models import (
    AdviceSeeker,
    DeviceFault,
    GuestPass,
    Luggage,
    OpenQuestion,
    Opinion,
    PriceEnquiry,
    ServiceStep,
    SpecialRequest,
    Ticket,
    TreatmentReminder,
)
from services.sites.selectors import access_site
from services.staff.selectors import access_staff

VIEW, LOG = "guest_care.view", "guest_care.log"


def _filters(*more: Any) -> Filters:
    return Filters(
        Code("site", "site__code"), Code("visit", "visit__code"), *more, ordering={"at": "at"}, default="-at"
    )


class _Care(ApiView):
    """What the operations of guest care share."""

    def facts(self, request: Request, word: str = LOG) -> dict[str, Any]:
        """The input with site and visit as rows that this caller may name."""
        data = self.read(request)
        data["site"] = access_site(self.actor, data["site"], word)
        if "visit" in data:
            data["visit"] = selectors.access_visit(self.actor, data["visit"]) if data["visit"] else None
        return data


class LuggageList(_Care):
    """Luggage in custody, and taking in one more piece."""

    permissions = {"GET": VIEW, "POST": LOG}
    inputs = {"POST": s.LuggageIn}
    outputs = {"GET": paged(s.LuggageOut), "POST": s.LuggageOut}
    filters = _filters(Choice("state", "state", list(machine.LUGGAGE.states)))

    def get(self, request: Request) -> Response:
        return self.page(selectors.rows_for(self.actor, Luggage), s.LuggageOut)

    def post(self, request: Request) -> Response:
        return self.one(wishes.deposit_luggage(by=self.actor, **self.facts(request)), s.LuggageOut, status=201)


class LuggageAtDesk(_Care):
    """The lobby has carried the piece to the main desk."""

    permissions = {"POST": LOG}
    outputs = {"POST": (200, s.LuggageOut)}

    def post(self, request: Request, code: UUID) -> Response:
        row = selectors.access_row(self.actor, Luggage, code)
        return self.one(wishes.carry_to_desk(by=self.actor, luggage=row), s.LuggageOut)


class LuggageReturned(_Care):
    """The piece was given back."""

    permissions = {"POST": LOG}
    inputs = {"POST": s.ReturnIn}
    outputs = {"POST": (200, s.LuggageOut)}

    def post(self, request: Request, code: UUID) -> Response:
        row = selectors.access_row(self.actor, Luggage, code)
        return self.one(wishes.return_luggage(by=self.actor, luggage=row, **self.read(request)), s.LuggageOut)


class PriceEnquiries(_Care):
    """Who asked for a price and what was offered."""

    permissions = {"GET": VIEW, "POST": LOG}
    inputs = {"POST": s.PriceIn}
    outputs = {"GET": paged(s.PriceOut), "POST": s.PriceOut}
    filters = _filters(Choice("outcome", "outcome", PriceEnquiry.Outcome.values))

    def get(self, request: Request) -> Response:
        return self.page(selectors.rows_for(self.actor, PriceEnquiry).select_related("item"), s.PriceOut)

    def post(self, request: Request) -> Response:
        data = self.facts(request)
        data["item"] = access_item(self.actor, data["item"]) if data["item"] else None
        return self.one(enquiries.log_price_enquiry(by=self.actor, **data), s.PriceOut, status=201)


class AdviceSeekers(_Care):
    """Who asked for advice, and one more."""

    permissions = {"GET": VIEW, "POST": LOG}
    inputs = {"POST": s.AdviceIn}
    outputs = {"GET": paged(s.AdviceOut), "POST": s.AdviceOut}
    filters = _filters(Choice("state", "state", list(machine.ADVICE.states)))

    def get(self, request: Request) -> Response:
        return self.page(selectors.rows_for(self.actor, AdviceSeeker), s.AdviceOut)

    def post(self, request: Request) -> Response:
        return self.one(enquiries.log_advice(by=self.actor, **self.facts(request)), s.AdviceOut, status=201)


class AdviceFollowed(_Care):
    """Somebody who asked for advice was followed up."""

    permissions = {"POST": LOG}
    inputs = {"POST": s.ResultIn}
    outputs = {"POST": (200, s.AdviceOut)}

    def post(self, request: Request, code: UUID) -> Response:
        row = selectors.access_row(self.actor, AdviceSeeker, code)
        return self.one(enquiries.follow_advice_up(by=self.actor, advice=row, **self.read(request)), s.AdviceOut)


class Opinions(_Care):
    """Opinions of guests and families, and one more for the duty superior."""

    permissions = {"GET": VIEW, "POST": LOG}
    inputs = {"POST": s.OpinionIn}
    outputs = {"GET": paged(s.OpinionOut), "POST": s.OpinionOut}
    filters = _filters(Choice("state", "state", list(machine.OPINION.states)))

    def get(self, request: Request) -> Response:
        return self.page(selectors.rows_for(self.actor, Opinion), s.OpinionOut)

    def post(self, request: Request) -> Response:
        return self.one(wishes.take_opinion(by=self.actor, **self.facts(request)), s.OpinionOut, status=201)


class AcknowledgeOpinion(_Care):
    """The duty superior has read it."""

    permissions = {"POST": "guest_care.acknowledge"}
    inputs = {"POST": s.RemarkIn}
    outputs = {"POST": (200, s.OpinionOut)}

    def post(self, request: Request, code: UUID) -> Response:
        row = selectors.access_row(self.actor, Opinion, code)
        return self.one(wishes.acknowledge_opinion(by=self.actor, opinion=row, **self.read(request)), s.OpinionOut)


class Requests(_Care):
    """Special requests, and one more."""

    permissions = {"GET": VIEW, "POST": LOG}
    inputs = {"POST": s.RequestIn}
    outputs = {"GET": paged(s.RequestOut), "POST": s.RequestOut}
    filters = _filters(Choice("state", "state", list(machine.REQUEST.states)))

    def get(self, request: Request) -> Response:
        return self.page(selectors.rows_for(self.actor, SpecialRequest), s.RequestOut)

    def post(self, request: Request) -> Response:
        return self.one(wishes.take_request(by=self.actor, **self.facts(request)), s.RequestOut, status=201)


class CloseRequest(_Care):
    """The wish was met, or could not be, with the reason."""

    permissions = {"POST": LOG}
    inputs = {"POST": s.CloseIn}
    outputs = {"POST": (200, s.RequestOut)}

    def post(self, request: Request, code: UUID) -> Response:
        row = selectors.access_row(self.actor, SpecialRequest, code)
        return self.one(wishes.close_request(by=self.actor, request=row, **self.read(request)), s.RequestOut)


class Questions(_Care):
    """Questions to doctors, and one more."""

    permissions = {"GET": VIEW, "POST": LOG}
    inputs = {"POST": s.QuestionIn}
    outputs = {"GET": paged(s.QuestionOut), "POST": s.QuestionOut}
    filters = _filters(Choice("state", "state", list(machine.QUESTION.states)))

    def get(self, request: Request) -> Response:
        return self.page(selectors.rows_for(self.actor, OpenQuestion).select_related("doctor"), s.QuestionOut)

    def post(self, request: Request) -> Response:
        data = self.facts(request)
        data["doctor"] = access_staff(self.actor, data["doctor"])
        return self.one(wishes.ask_doctor(by=self.actor, **data), s.QuestionOut, status=201)


class AnswerQuestion(_Care):
    """The doctor's answer for the desk."""

    permissions = {"POST": "guest_care.answer"}
    inputs = {"POST": s.AnswerIn}
    outputs = {"POST": (200, s.QuestionOut)}

    def post(self, request: Request, code: UUID) -> Response:
        row = selectors.access_row(self.actor, OpenQuestion, code)
        return self.one(wishes.answer_question(by=self.actor, question=row, **self.read(request)), s.QuestionOut)


class AnswerToldGuest(_Care):
    """The answer was brought back: the end of a question."""

    permissions = {"POST": LOG}
    outputs = {"POST": (200, s.QuestionOut)}

    def post(self, request: Request, code: UUID) -> Response:
        row = selectors.access_row(self.actor, OpenQuestion, code)
        return self.one(wishes.bring_answer_back(by=self.actor, question=row), s.QuestionOut)


class CarryQuestion(_Care):
    """The lead of the shift carries a question over, with a reason."""

    permissions = {"POST": "guest_care.carry_over"}
    inputs = {"POST": s.CarryIn}
    outputs = {"POST": (200, s.QuestionOut)}

    def post(self, request: Request, code: UUID) -> Response:
        row = selectors.access_row(self.actor, OpenQuestion, code)
        return self.one(wishes.carry_question_over(by=self.actor, question=row, **self.read(request)), s.QuestionOut)


class PassGuest(_Care):
    """Pass a guest to another post."""

    permissions = {"POST": "guest_care.pass"}
    inputs = {"POST": s.PassIn}
    outputs = {"POST": s.PassOut}

    def post(self, request: Request, code: UUID) -> Response:
        visit = selectors.access_visit(self.actor, code)
        return self.one(actions.pass_guest(by=self.actor, visit=visit, **self.read(request)), s.PassOut, status=201)


class Passes(_Care):
    """Guests who were passed from post to post."""

    permissions = {"GET": VIEW}
    outputs = {"GET": paged(s.PassOut)}
    filters = _filters(Choice("state", "state", list(machine.PASS.states)))

    def get(self, request: Request) -> Response:
        return self.page(selectors.rows_for(self.actor, GuestPass), s.PassOut)


class TakeGuest(_Care):
    """The colleague of the other post has the guest."""

    permissions = {"POST": "guest_care.pass"}
    outputs = {"POST": (200, s.PassOut)}

    def post(self, request: Request, code: UUID) -> Response:
        row = selectors.access_row(self.actor, GuestPass, code)
        return self.one(actions.take_guest(by=self.actor, handed=row), s.PassOut)


class WithdrawPass(_Care):
    """The guest stays, or has gone on."""

    permissions = {"POST": "guest_care.pass"}
    outputs = {"POST": (200, s.PassOut)}

    def post(self, request: Request, code: UUID) -> Response:
        row = selectors.access_row(self.actor, GuestPass, code)
        return self.one(actions.withdraw_pass(by=self.actor, handed=row), s.PassOut)


class Reminders(_Care):
    """Prescriptions and injections that must not be forgotten."""

    permissions = {"GET": VIEW}
    outputs = {"GET": paged(s.ReminderOut)}
    filters = _filters(Choice("state", "state", list(machine.REMINDER.states)))

    def get(self, request: Request) -> Response:
        return self.page(selectors.rows_for(self.actor, TreatmentReminder), s.ReminderOut)


class SetReminder(_Care):
    """The guest needs a prescription or an injection."""

    permissions = {"POST": "guest_care.remind"}
    inputs = {"POST": s.ReminderIn}
    outputs = {"POST": s.ReminderOut}

    def post(self, request: Request, code: UUID) -> Response:
        visit = selectors.access_visit(self.actor, code)
        return self.one(
            wishes.set_reminder(by=self.actor, visit=visit, **self.read(request)), s.ReminderOut, status=201
        )


class FinishReminder(_Care):
    """It was handed over or given."""

    permissions = {"POST": VIEW}
    outputs = {"POST": (200, s.ReminderOut)}

    def post(self, request: Request, code: UUID) -> Response:
        row = selectors.access_row(self.actor, TreatmentReminder, code)
        return self.one(wishes.finish_reminder(by=self.actor, reminder=row), s.ReminderOut)


class WithdrawReminder(_Care):
    """It is not needed any more, for a reason."""

    permissions = {"POST": "guest_care.inject"}
    inputs = {"POST": s.WithdrawIn}
    outputs = {"POST": (200, s.ReminderOut)}

    def post(self, request: Request, code: UUID) -> Response:
        row = selectors.access_row(self.actor, TreatmentReminder, code)
        return self.one(wishes.withdraw_reminder(by=self.actor, reminder=row, **self.read(request)), s.ReminderOut)


class Steps(_Care):
    """The steps of the service of one visit, and one more."""

    permissions = {"GET": VIEW, "POST": LOG}
    inputs = {"POST": s.StepIn}
    outputs = {"GET": paged(s.StepOut), "POST": s.StepOut}

    def get(self, request: Request, code: UUID) -> Response:
        visit = selectors.access_visit(self.actor, code)
        rows = selectors.rows_for(self.actor, ServiceStep).filter(visit=visit).select_related("item")
        return self.page(rows, s.StepOut)

    def post(self, request: Request, code: UUID) -> Response:
        visit = selectors.access_visit(self.actor, code)
        data = self.read(request)
        item = selectors.access_item(self.actor, data.pop("item"))
        return self.one(actions.note_step(by=self.actor, visit=visit, item=item, **data), s.StepOut, status=201)


class Tickets(_Care):
    """The numbers of the queue."""

    permissions = {"GET": VIEW}
    outputs = {"GET": paged(s.TicketOut)}
    filters = _filters(Choice("state", "state", list(machine.TICKET.states)))

    def get(self, request: Request) -> Response:
        return self.page(selectors.rows_for(self.actor, Ticket), s.TicketOut)


class GiveTicket(_Care):
    """Give a waiting guest the next number."""

    permissions = {"POST": "guest_care.queue"}
    outputs = {"POST": s.TicketOut}

    def post(self, request: Request, code: UUID) -> Response:
        visit = selectors.access_visit(self.actor, code)
        return self.one(queue.give_ticket(by=self.actor, visit=visit), s.TicketOut, status=201)


class CallNext(_Care):
    """Call the next number of a site."""

    permissions = {"POST": "guest_care.queue"}
    inputs = {"POST": s.NextIn}
    outputs = {"POST": (200, s.TicketOut)}

    def post(self, request: Request) -> Response:
        data = self.facts(request, "guest_care.queue")
        return self.one(queue.call_next(by=self.actor, **data), s.TicketOut)


class CallTicket(_Care):
    """Call this number, or call it again."""

    permissions = {"POST": "guest_care.queue"}
    inputs = {"POST": s.PlaceIn}
    outputs = {"POST": (200, s.TicketOut)}

    def post(self, request: Request, code: UUID) -> Response:
        row = selectors.access_row(self.actor, Ticket, code)
        return self.one(queue.call_ticket(by=self.actor, ticket=row, **self.read(request)), s.TicketOut)


class SkipTicket(_Care):
    """The called guest is not there."""

    permissions = {"POST": "guest_care.queue"}
    outputs = {"POST": (200, s.TicketOut)}

    def post(self, request: Request, code: UUID) -> Response:
        row = selectors.access_row(self.actor, Ticket, code)
        return self.one(queue.skip_ticket(by=self.actor, ticket=row), s.TicketOut)


class Faults(_Care):
    """Faults of the calling screen, and reporting one."""

    permissions = {"GET": VIEW, "POST": "guest_care.queue"}
    inputs = {"POST": s.FaultIn}
    outputs = {"GET": paged(s.FaultOut), "POST": s.FaultOut}
    filters = Filters(
        Code("site", "site__code"),
        Choice("state", "state", list(machine.FAULT.states)),
        ordering={"at": "at"},
        default="-at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.rows_for(self.actor, DeviceFault), s.FaultOut)

    def post(self, request: Request) -> Response:
        data = self.facts(request, "guest_care.queue")
        return self.one(queue.report_fault(by=self.actor, **data), s.FaultOut, status=201)


class FaultRepaired(_Care):
    """The screen calls again."""

    permissions = {"POST": "guest_care.queue"}
    inputs = {"POST": s.RemarkIn}
    outputs = {"POST": (200, s.FaultOut)}

    def post(self, request: Request, code: UUID) -> Response:
        row = selectors.access_row(self.actor, DeviceFault, code)
        return self.one(queue.repair_device(by=self.actor, fault=row, **self.read(request)), s.FaultOut)
