"""Discounts over the API: the same actions as their pages. The till asks for one at its own slip."""

from __future__ import annotations

from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Choice, Code, Filters
from kernel.api.pages import paged
from kernel.api.views import ApiView
from kernel.errors import NotFound
from services.catalogue.selectors import access_item, categories
from services.discounts import actions, selectors
from services.discounts.api.serializers import (
    CouponIn,
    CouponOut,
    DecideIn,
    EndIn,
    PolicyIn,
    PolicyOut,
    RequestOut,
)
from services.discounts.machines import APPROVAL, COUPON
from services.patients.selectors import access_patient


class Policies(ApiView):
    """The finance policy, and another line of it."""

    permissions = {"GET": "discounts.view", "POST": "discounts.manage"}
    inputs = {"POST": PolicyIn}
    outputs = {"GET": paged(PolicyOut), "POST": PolicyOut}

    def get(self, request: Request) -> Response:
        return self.page(selectors.policies(), PolicyOut)

    def post(self, request: Request) -> Response:
        """Add a line; lines are ended, never edited."""
        data = self.read(request)
        item, category = data.pop("item"), data.pop("category")
        if category and not categories().filter(key=category).exists():
            raise NotFound("category_not_found", _("There is no such category."))
        policy = actions.set_policy(
            by=self.actor,
            item=access_item(self.actor, item) if item else None,
            category=categories().get(key=category) if category else None,
            **data,
        )
        return self.one(policy, PolicyOut, status=201)


class EndPolicy(ApiView):
    """The last day of a line of the policy."""

    permissions = {"POST": "discounts.manage"}
    inputs = {"POST": EndIn}
    outputs = {"POST": (200, PolicyOut)}

    def post(self, request: Request, code: UUID) -> Response:
        policy = selectors.access_policy(self.actor, code, "discounts.manage")
        return self.one(actions.end_policy(by=self.actor, policy=policy, **self.read(request)), PolicyOut)


class Coupons(ApiView):
    """Coupons with the receipts at whose stubs they lie, and another one."""

    permissions = {"GET": "discounts.view", "POST": "discounts.manage"}
    inputs = {"POST": CouponIn}
    outputs = {"GET": paged(CouponOut), "POST": CouponOut}
    filters = Filters(Choice("state", "state", list(COUPON.states)))

    def get(self, request: Request) -> Response:
        return self.page(selectors.coupons(self.actor), CouponOut)

    def post(self, request: Request) -> Response:
        """Register a coupon that is handed out."""
        data = self.read(request)
        policy = selectors.access_policy(self.actor, data.pop("policy"), "discounts.manage")
        patient = data.pop("patient")
        coupon = actions.issue_coupon(
            by=self.actor, policy=policy, patient=access_patient(self.actor, patient) if patient else None, **data
        )
        return self.one(coupon, CouponOut, status=201)


class WithdrawCoupon(ApiView):
    """A coupon counts no more."""

    permissions = {"POST": "discounts.manage"}
    outputs = {"POST": (200, CouponOut)}

    def post(self, request: Request, code: UUID) -> Response:
        coupon = selectors.access_coupon(self.actor, code, "discounts.manage")
        return self.one(actions.withdraw_coupon(by=self.actor, coupon=coupon), CouponOut)


class Requests(ApiView):
    """What tills asked for outside the policy."""

    permissions = {"GET": "discounts.view"}
    outputs = {"GET": paged(RequestOut)}
    filters = Filters(Choice("state", "state", list(APPROVAL.states)), Code("slip", "slip_code"))

    def get(self, request: Request) -> Response:
        return self.page(selectors.approvals(self.actor), RequestOut)


class OneRequest(ApiView):
    """One request."""

    permissions = {"GET": "discounts.view"}
    outputs = {"GET": RequestOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(selectors.access_approval(self.actor, code), RequestOut)


class Decide(ApiView):
    """Allow or refuse what somebody else asked for."""

    permissions = {"POST": "discounts.approve"}
    inputs = {"POST": DecideIn}
    outputs = {"POST": (200, RequestOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = selectors.access_approval(self.actor, code, "discounts.approve")
        data = self.read(request)
        actions.decide(by=self.actor, site=found.site, approval=found, **data)
        return self.one(selectors.access_approval(self.actor, code, "discounts.approve"), RequestOut)
