"""The telephone over the API: the same actions as its pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Choice, Code, Filters
from kernel.api.pages import paged
from kernel.api.views import ApiView
from services.patients.selectors import access_patient
from services.sites.selectors import access_site
from services.staff.models import StaffMember
from services.staff.selectors import access_staff
from services.telephone import actions, messages, promises, selectors
from services.telephone.api.serializers import (
    AnswerIn,
    CallIn,
    CallOut,
    MessageIn,
    MessageOut,
    OneCallOut,
    OneMessageOut,
    OnePromiseOut,
    PromiseIn,
    PromiseOut,
    ReplyIn,
    ToldIn,
)
from services.telephone.machines import MESSAGE, PROMISE
from services.telephone.models import Outcome, Promise, Purpose
from services.telephone.reading import phone_of_serious, phone_to_call


class _Spoken(ApiView):
    """What operations about somebody on the phone share."""

    def facts(self, request: Request) -> dict[str, Any]:
        """The input with site, patient and recipient as rows that this caller may name."""
        data = self.read(request)
        data["site"] = access_site(self.actor, data["site"], "telephone.log")
        data["patient"] = access_patient(self.actor, data["patient"]) if data["patient"] else None
        if "consulted" in data:
            data["consulted"] = access_staff(self.actor, data["consulted"]) if data["consulted"] else None
        if "recipient" in data:
            data["recipient"] = self.recipient(data["recipient"], data["site"]) if data["recipient"] else None
        return data

    def recipient(self, code: UUID, site: Any) -> StaffMember:
        """A colleague at the site. Raises NotFound (``staff_not_found``)."""
        found = selectors.recipients_at(site).filter(code=code).first()
        return found if found is not None else access_staff(self.actor, code)


class Calls(_Spoken):
    """The log of calls, the latest first, and one more with what it leads to."""

    permissions = {"GET": "telephone.view", "POST": "telephone.log"}
    inputs = {"POST": CallIn}
    outputs = {"GET": paged(CallOut), "POST": CallOut}
    filters = Filters(
        Code("site", "site__code"),
        Code("patient", "patient__code"),
        Choice("purpose", "purpose", Purpose.values),
        Choice("outcome", "outcome", Outcome.values),
        ordering={"started_at": "started_at"},
        default="-started_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.calls_for(self.actor), CallOut)

    def post(self, request: Request) -> Response:
        return self.one(actions.log_call(by=self.actor, **self.facts(request)), CallOut, status=201)


class OneCall(ApiView):
    """One call."""

    permissions = {"GET": "telephone.view"}
    outputs = {"GET": OneCallOut}

    def get(self, request: Request, code: UUID) -> Response:
        call = selectors.access_call(self.actor, code)
        return self.one(call, OneCallOut, phone=phone_of_serious(self.actor, call))


class Messages(_Spoken):
    """Messages: those of the sites one sees, and one's own."""

    permissions = {"GET": "telephone.receive", "POST": "telephone.log"}
    inputs = {"POST": MessageIn}
    outputs = {"GET": paged(MessageOut), "POST": MessageOut}
    filters = Filters(
        Code("site", "site__code"),
        Code("recipient", "recipient__code"),
        Choice("state", "state", list(MESSAGE.states)),
        ordering={"taken_at": "taken_at"},
        default="-taken_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.slips_for(self.actor), MessageOut)

    def post(self, request: Request) -> Response:
        return self.one(messages.take_message(by=self.actor, **self.facts(request)), MessageOut, status=201)


class OneMessage(ApiView):
    """One message."""

    permissions = {"GET": "telephone.receive"}
    outputs = {"GET": OneMessageOut}

    def get(self, request: Request, code: UUID) -> Response:
        slip = selectors.access_slip(self.actor, code)
        return self.one(slip, OneMessageOut, phone=phone_to_call(self.actor, slip))


class Deliver(ApiView):
    """The colleague was told by word of mouth."""

    permissions = {"POST": "telephone.log"}
    outputs = {"POST": (200, MessageOut)}

    def post(self, request: Request, code: UUID) -> Response:
        messages.deliver_message(by=self.actor, slip=selectors.access_slip(self.actor, code))
        return self.one(selectors.access_slip(self.actor, code), MessageOut)


class Acknowledge(ApiView):
    """Who it is for has it."""

    permissions = {"POST": "telephone.receive"}
    outputs = {"POST": (200, MessageOut)}

    def post(self, request: Request, code: UUID) -> Response:
        messages.acknowledge_message(by=self.actor, slip=selectors.access_slip(self.actor, code))
        return self.one(selectors.access_slip(self.actor, code), MessageOut)


class Close(ApiView):
    """The matter is settled, with or without a reply."""

    permissions = {"POST": "telephone.receive"}
    inputs = {"POST": ReplyIn}
    outputs = {"POST": (200, MessageOut)}

    def post(self, request: Request, code: UUID) -> Response:
        slip = selectors.access_slip(self.actor, code)
        messages.close_message(by=self.actor, slip=slip, **self.read(request))
        return self.one(selectors.access_slip(self.actor, code), MessageOut)


class Promises(_Spoken):
    """What customers may count on, the next due first."""

    permissions = {"GET": "telephone.view", "POST": "telephone.log"}
    inputs = {"POST": PromiseIn}
    outputs = {"GET": paged(PromiseOut), "POST": PromiseOut}
    filters = Filters(
        Code("site", "site__code"),
        Code("patient", "patient__code"),
        Choice("state", "state", list(PROMISE.states)),
        Choice("outcome", "outcome", Promise.Outcome.values),
        ordering={"due_at": "due_at"},
        default="due_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.promises_for(self.actor), PromiseOut)

    def post(self, request: Request) -> Response:
        return self.one(promises.make_promise(by=self.actor, **self.facts(request)), PromiseOut, status=201)


class OnePromise(ApiView):
    """One promise."""

    permissions = {"GET": "telephone.view"}
    outputs = {"GET": OnePromiseOut}

    def get(self, request: Request, code: UUID) -> Response:
        promise = selectors.access_promise(self.actor, code)
        return self.one(promise, OnePromiseOut, phone=phone_to_call(self.actor, promise))


class Answer(ApiView):
    """The superior's verified answer for the agent."""

    permissions = {"POST": "telephone.answer"}
    inputs = {"POST": AnswerIn}
    outputs = {"POST": (200, PromiseOut)}

    def post(self, request: Request, code: UUID) -> Response:
        promise = selectors.access_promise(self.actor, code)
        promises.answer_promise(by=self.actor, promise=promise, **self.read(request))
        return self.one(selectors.access_promise(self.actor, code), PromiseOut)


class Told(ApiView):
    """The customer was told: the end of a promise."""

    permissions = {"POST": "telephone.view"}
    inputs = {"POST": ToldIn}
    outputs = {"POST": (200, PromiseOut)}

    def post(self, request: Request, code: UUID) -> Response:
        promise = selectors.access_promise(self.actor, code)
        promises.tell_customer(by=self.actor, promise=promise, **self.read(request))
        return self.one(selectors.access_promise(self.actor, code), PromiseOut)
