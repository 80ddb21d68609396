"""Referrals between doctors and consultations over distance, over the API."""

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
from services.appointments import referrals, remote, selectors
from services.appointments.lifecycles import CONSULT, REFERRAL, REMOTE
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


class ConsultationIn(StrictSerializer):
    """A question for a colleague of the tenant, or for a partner hospital."""

    site = serializers.UUIDField()
    patient = serializers.UUIDField()
    doctor = serializers.UUIDField()
    colleague = serializers.UUIDField(required=False, allow_null=True, default=None)
    partner = LineField(max_length=80, required=False, allow_blank=True, default="")
    partner_doctor = LineField(max_length=60, required=False, allow_blank=True, default="")
    question = LineField(max_length=2000)
    consent = serializers.BooleanField(default=False)


class ConsultationOut(OutSerializer):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    patient = serializers.UUIDField(source="patient.code")
    doctor = serializers.UUIDField(source="doctor.code")
    colleague = serializers.UUIDField(source="colleague.code", default=None, allow_null=True)
    partner = serializers.CharField()
    partner_doctor = serializers.CharField()
    state = serializers.ChoiceField(choices=REMOTE.choices)
    requested_at = MomentField()
    starts_at = MomentField(allow_null=True)
    ends_at = MomentField(allow_null=True)


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


class Settle(ApiView):
    """Settle what is open of a referral."""

    permissions = {"POST": "appointments.view"}
    inputs = {"POST": SettleIn}
    outputs = {"POST": (200, ReferralOut)}

    def post(self, request: Request, code: UUID) -> Response:
        found = referrals.access_referral(self.actor, code)
        referrals.settle_referral(by=self.actor, referral=found, **_details(self, self.read(request)))
        return self.one(referrals.access_referral(self.actor, code), ReferralOut)


class Consultations(ApiView):
    """Consultations over distance, the latest first; one more question. Question and result are read on the page."""

    permissions = {"GET": CONSULT, "POST": CONSULT}
    inputs = {"POST": ConsultationIn}
    outputs = {"GET": paged(ConsultationOut), "POST": ConsultationOut}
    filters = Filters(
        Code("site", "site__code"),
        Code("patient", "patient__code"),
        Choice("state", "state", list(REMOTE.states)),
        ordering={"requested_at": "requested_at"},
        default="-requested_at",
    )

    def get(self, request: Request) -> Response:
        return self.page(remote.consultations_for(self.actor), ConsultationOut)

    def post(self, request: Request) -> Response:
        data = self.read(request)
        colleague = data.pop("colleague")
        made = remote.request_consultation(
            by=self.actor,
            site=access_site(self.actor, data.pop("site"), CONSULT),
            patient=access_patient(self.actor, data.pop("patient")),
            doctor=access_staff(self.actor, data.pop("doctor")),
            colleague=access_staff(self.actor, colleague) if colleague else None,
            **data,
        )
        return self.one(remote.access_consultation(self.actor, made.code), ConsultationOut, status=201)


def _details(view: ApiView, data: dict[str, Any]) -> dict[str, Any]:
    """``data`` with item and next visit as rows that this caller may name."""
    item, following = data.pop("item"), data.pop("next_appointment")
    return {
        **data,
        "item": access_item(view.actor, item) if item else None,
        "next_appointment": selectors.access_appointment(view.actor, following) if following else None,
    }
