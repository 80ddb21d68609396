"""Refunds over the API: the same actions as their pages; signatures ask for a fresh proof of who signs."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Choice, Code, Day, Filters
from kernel.api.pages import paged
from kernel.api.views import ApiView
from kernel.errors import RuleRefused
from kernel.identity.sign_in import require_recent_authentication
from services.patients.selectors import access_patient
from services.refunds import actions, links, selectors
from services.refunds.api.serializers import (
    ItemsOut,
    OpinionIn,
    PayeeIn,
    PayIn,
    ReasonIn,
    RefundIn,
    RefundOut,
)
from services.refunds.identity import Shown
from services.refunds.machines import REFUND
from services.sites.selectors import access_site, working_site
from services.staff.selectors import staff_of


class Refunds(ApiView):
    """The refund register; and a doctor's new change or refund."""

    permissions = {"GET": "refunds.view", "POST": "refunds.request"}
    inputs = {"POST": RefundIn}
    outputs = {"GET": paged(RefundOut), "POST": RefundOut}
    filters = Filters(
        Choice("state", "state", list(REFUND.states)),
        Code("patient", "patient__code"),
        Code("site", "site__code"),
        Day("from", "refund_on__gte"),
        Day("until", "refund_on__lte"),
        ordering={"filled_at": "filled_at"},
        default="-filled_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.refunds(self.actor), RefundOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        doctor = staff_of(self.actor)
        if doctor is None:
            raise RuleRefused("refund_not_the_doctor", _("A change or refund is begun and signed by a doctor."))
        made = actions.request_refund(
            by=self.actor,
            site=access_site(self.actor, data["site"], "refunds.request"),
            patient=access_patient(self.actor, data["patient"]),
            doctor=doctor,
            reason=data["reason"],
            wanted=[actions.Wanted(**row) for row in data["lines"]],
        )
        return self.one(selectors.access_refund(self.actor, made.code, "refunds.request"), RefundOut, status=201)


class Items(ApiView):
    """What a patient was charged at the caller's site, and what of it can still go back."""

    permissions = {"GET": "refunds.request"}
    outputs = {"GET": ItemsOut}

    def get(self, request: Request, code: UUID) -> Response:
        patient = access_patient(self.actor, code)
        site = working_site(self.actor, None, "refunds.request")
        rows = selectors.items_of(self.actor, site, patient) if site is not None else []
        return self.one({"items": rows}, ItemsOut)


class OneRefund(ApiView):
    """One line of the register."""

    permissions = {"GET": "refunds.view"}
    outputs = {"GET": RefundOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(selectors.access_refund(self.actor, code), RefundOut)


class Opinion(ApiView):
    """The supervisor's opinion and signature; asks for the second factor."""

    permissions = {"POST": "refunds.approve"}
    inputs = {"POST": OpinionIn}
    outputs = {"POST": (200, RefundOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_refund(self.actor, code, "refunds.approve")
        data = self.read(request)
        require_recent_authentication(request, second_factor=True)  # type: ignore[arg-type]
        actions.give_opinion(by=self.actor, site=found.site, refund=found, **data)
        return self.one(selectors.access_refund(self.actor, code, "refunds.approve"), RefundOut)


class Withdraw(ApiView):
    """The doctor takes it back before money moved."""

    permissions = {"POST": "refunds.request"}
    outputs = {"POST": (200, RefundOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_refund(self.actor, code, "refunds.request")
        actions.withdraw(by=self.actor, site=found.site, refund=found)
        return self.one(selectors.access_refund(self.actor, code, "refunds.request"), RefundOut)


class Pay(ApiView):
    """The cashier signs as payer, and the money leaves."""

    permissions = {"POST": "refunds.pay"}
    inputs = {"POST": PayIn}
    outputs = {"POST": (200, RefundOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_refund(self.actor, code, "refunds.pay")
        data = self.read(request)
        require_recent_authentication(request)  # type: ignore[arg-type]
        actions.pay(by=self.actor, site=found.site, refund=found, shown=Shown(**data))
        return self.one(selectors.access_refund(self.actor, code, "refunds.pay"), RefundOut)


class PutOff(ApiView):
    """Not today, and why."""

    permissions = {"POST": "refunds.pay"}
    inputs = {"POST": ReasonIn}
    outputs = {"POST": (200, RefundOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_refund(self.actor, code, "refunds.pay")
        actions.put_off(by=self.actor, site=found.site, refund=found, **self.read(request))
        return self.one(selectors.access_refund(self.actor, code, "refunds.pay"), RefundOut)


class TakeBack(ApiView):
    """The payee did not sign and the money is back."""

    permissions = {"POST": "refunds.pay"}
    outputs = {"POST": (200, RefundOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_refund(self.actor, code, "refunds.pay")
        actions.take_back(by=self.actor, site=found.site, refund=found)
        return self.one(selectors.access_refund(self.actor, code, "refunds.pay"), RefundOut)


class PayeeSignature(ApiView):
    """The payee signs at the till."""

    permissions = {"POST": "refunds.pay"}
    inputs = {"POST": PayeeIn}
    outputs = {"POST": (200, RefundOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_refund(self.actor, code, "refunds.pay")
        actions.sign_as_payee(by=self.actor, site=found.site, refund=found, **self.read(request))
        return self.one(selectors.access_refund(self.actor, code, "refunds.pay"), RefundOut)


class SendLink(ApiView):
    """Text the patient an address under which they confirm what goes back the way it came."""

    permissions = {"POST": "refunds.pay"}
    outputs = {"POST": (200, RefundOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_refund(self.actor, code, "refunds.pay")
        links.send_link(by=self.actor, site=found.site, refund=found)
        return self.one(selectors.access_refund(self.actor, code, "refunds.pay"), RefundOut)


class SealForm(ApiView):
    """Press “cash paid” with today's date, once; the chart is noted and the line closed."""

    permissions = {"POST": "refunds.pay"}
    outputs = {"POST": (200, RefundOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_refund(self.actor, code, "refunds.pay")
        actions.seal(by=self.actor, site=found.site, refund=found)
        return self.one(selectors.access_refund(self.actor, code, "refunds.pay"), RefundOut)
