"""Referrals between doctors over the API."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.api.filters import Choice, Code, Filters
from kernel.api.pages import paged
from kernel.api.serializers import LineField, MomentField, OutSerializer, StrictSerializer
from kernel.api.views import ApiView
from services.appointments import referrals, selectors
from services.appointments.lifecycles import REFERRAL
from services.catalogue.selectors import access_item
from services.patients.selectors import access_patient
from services.sites.selectors import access_site
from services.staff.selectors import access_staff


class _Details(StrictSerializer):
    item = serializers.UUIDField(required=False, allow_null=True, default=None)
    charge_fen = serializers.IntegerField(min_value=0, max_value=10**11, required=False, allow_null=True, default=None)
    next_appointment = serializers.UUIDField(required=False, allow_null=True, default=None)
    no_next_reason = LineField(max_length=120, required=False, allow_blank=True, default="")


class SettleIn(_Details):
    """Item, charge in fen, and the next visit or why there is none."""


class WithdrawIn(StrictSerializer):
    reason = LineField(max_length=120)


class ReferralIn(_Details):
    """One part of a transfer between doctors; what is missing is asked of the doctor."""

    site = serializers.UUIDField()
    patient = serializers.UUIDField()
    from_doctor = serializers.UUIDField()
    to_doctor = serializers.UUIDField()
    visit_code = serializers.UUIDField(required=False, allow_null=True, default=None)
    question = LineField(max_length=300, required=False, allow_blank=True, default="")


class ReferralOut(OutSerializer):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    patient = serializers.UUIDField(source="patient.code")
    from_doctor = serializers.UUIDField(source="from_doctor.code")
    to_doctor = serializers.UUIDField(source="to_doctor.code")
    item = serializers.UUIDField(source="item.code", default=None, allow_null=True)
    charge_fen = serializers.IntegerField(allow_null=True)
    next_appointment = serializers.UUIDField(source="next_appointment.code", default=None, allow_null=True)
    no_next_reason = serializers.CharField()
    state = serializers.ChoiceField(choices=REFERRAL.choices)
    day = serializers.DateField()
    registered_at = MomentField()
    settled_at = MomentField(allow_null=True, help_text="When it was settled or withdrawn.")
    withdrawn_reason = serializers.CharField()


class Referrals(ApiView):
    """Referrals between doctors, the latest first; one more part."""

    permissions = {"GET": "appointments.view", "POST": "appointments.book"}
    inputs = {"POST": ReferralIn}
    outputs = {"GET": paged(ReferralOut), "POST": ReferralOut}
    filters = Filters(
        Code("site", "site__code"),
        Code("patient", "patient__code"),
        Choice("state", "state", list(REFERRAL.states)),
        ordering={"registered_at": "registered_at"},
        default="-registered_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(referrals.referrals_for(self.actor), ReferralOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        made = referrals.register_referral(
            by=self.actor,
            site=access_site(self.actor, data.pop("site"), "appointments.book"),
            patient=access_patient(self.actor, data.pop("patient")),
            from_doctor=access_staff(self.actor, data.pop("from_doctor")),
            to_doctor=access_staff(self.actor, data.pop("to_doctor")),
            **_details(self, data),
        )
        return self.one(referrals.access_referral(self.actor, made.code), ReferralOut, status=201)


class OneReferral(ApiView):
    """One part of a transfer."""

    permissions = {"GET": "appointments.view"}
    outputs = {"GET": ReferralOut}

    def get(self, request: Request, code: UUID) -> Response:
        return self.one(referrals.access_referral(self.actor, code), ReferralOut)


class Settle(ApiView):
    """Settle what is open of a referral."""

    permissions = {"POST": "appointments.view"}
    inputs = {"POST": SettleIn}
    outputs = {"POST": (200, ReferralOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = referrals.access_referral(self.actor, code)
        referrals.settle_referral(by=self.actor, referral=found, **_details(self, self.read(request)))
        return self.one(referrals.access_referral(self.actor, code), ReferralOut)


class Withdraw(ApiView):
    """It was no referral after all, for a reason."""

    permissions = {"POST": "appointments.view"}
    inputs = {"POST": WithdrawIn}
    outputs = {"POST": (200, ReferralOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = referrals.access_referral(self.actor, code)
        referrals.withdraw_referral(by=self.actor, referral=found, **self.read(request))
        return self.one(referrals.access_referral(self.actor, code), ReferralOut)


def _details(view: ApiView, data: dict[str, Any]) -> dict[str, Any]:
    """``data`` with item and next visit as rows that this caller may name."""
    item, following = data.pop("item"), data.pop("next_appointment")
    return {
        **data,
        "item": access_item(view.actor, item) if item else None,
        "next_appointment": selectors.access_appointment(view.actor, following) if following else None,
    }
