"""Wallet payments over the API: the same actions as their pages."""

from __future__ import annotations

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Choice, Code, Day, Filters, Flag
from kernel.api.pages import paged
from kernel.api.views import ApiView
from services.cashier.access import access_slip
from services.discounts.actions import Wanted
from services.payments import actions, bills, selectors
from services.payments.api.serializers import (
    AttemptIn,
    AttemptOut,
    BillIn,
    BillOut,
    DifferenceOut,
    GiveBackOut,
    ReasonIn,
    WantedOut,
)
from services.payments.machines import ATTEMPT, GIVE_BACK
from services.sites.selectors import access_site


class Attempts(ApiView):
    """Payments by the payer's code; and one more. The answer may still be open: ask for it until it is known."""

    permissions = {"GET": "payments.view", "POST": "payments.take"}
    inputs = {"POST": AttemptIn}
    outputs = {"GET": paged(AttemptOut), "POST": AttemptOut}
    filters = Filters(
        Choice("state", "state", list(ATTEMPT.states)),
        Code("slip", "slip__code"),
        Code("site", "site__code"),
        ordering={"started_at": "started_at"},
        default="-started_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.attempts(self.actor), AttemptOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        slip = access_slip(self.actor, data["slip"], "payments.take")
        made = actions.start_attempt(
            by=self.actor,
            site=slip.site,
            slip=slip,
            payer_code=data["payer_code"],
            tender=data["tender"],
            owed={row["line"]: row["owed_fen"] for row in data["owed"]},
            discounts=[Wanted(**row) for row in data["discounts"]],
            coupons=data["coupons"],
        )
        return self.one(selectors.access_attempt(self.actor, made.code, "payments.take"), AttemptOut, status=201)


class OneAttempt(ApiView):
    """One payment, as far as its result is known."""

    permissions = {"GET": "payments.view"}
    outputs = {"GET": AttemptOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(selectors.access_attempt(self.actor, code), AttemptOut)


class Stop(ApiView):
    """Nobody waits any longer: what was taken is given back."""

    permissions = {"POST": "payments.take"}
    outputs = {"POST": (200, AttemptOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_attempt(self.actor, code, "payments.take")
        actions.stop_attempt(by=self.actor, site=found.site, attempt=found)
        return self.one(selectors.access_attempt(self.actor, code, "payments.take"), AttemptOut)


class Refunds(ApiView):
    """Money on its way back by the route it came."""

    permissions = {"GET": "payments.view"}
    outputs = {"GET": paged(GiveBackOut)}
    filters = Filters(
        Choice("state", "state", list(GIVE_BACK.states)),
        Code("refund", "payout__refund__code"),
        ordering={"started_at": "started_at"},
        default="-started_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.given_back(self.actor), GiveBackOut)


class Again(ApiView):
    """Ask once more for a refund that the acquirer refused."""

    permissions = {"POST": "payments.match"}
    outputs = {"POST": (200, GiveBackOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_give_back(self.actor, code, "payments.match")
        actions.send_again(by=self.actor, site=found.site, give_back=found)
        return self.one(selectors.access_give_back(self.actor, code, "payments.match"), GiveBackOut)


class Bills(ApiView):
    """The matched bills; and asking for the one of a day."""

    permissions = {"GET": "payments.view", "POST": "payments.match"}
    inputs = {"POST": BillIn}
    outputs = {"GET": paged(BillOut), "POST": (202, WantedOut)}
    filters = Filters(
        Code("site", "site__code"),
        Day("from", "day__gte"),
        Day("until", "day__lte"),
        ordering={"day": "day"},
        default="-day",
    )

    def get(self, request: Request) -> Response:
        return self.page(selectors.bills(self.actor), BillOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        site = access_site(self.actor, data["site"], "payments.match")
        bills.ask_for_bill(by=self.actor, site=site, day=data["day"])
        return self.one({"day": data["day"]}, WantedOut, status=202)


class Differences(ApiView):
    """Where a bill and the house differ."""

    permissions = {"GET": "payments.view"}
    outputs = {"GET": paged(DifferenceOut)}
    filters = Filters(
        Flag("open", "resolved_at__isnull", help="Not resolved yet"), ordering={"number": "number"}, default="number"
    )

    def get(self, request: Request, code: UUID) -> Response:
        return self.page(selectors.access_bill(self.actor, code).differences.all(), DifferenceOut)


class Resolve(ApiView):
    """Say why bill and house differ."""

    permissions = {"POST": "payments.match"}
    inputs = {"POST": ReasonIn}
    outputs = {"POST": (200, DifferenceOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_difference(self.actor, code)
        data = self.read(request)
        done = bills.resolve(by=self.actor, site=found.site, difference=found, reason=data["reason"])
        return self.one(done, DifferenceOut)
