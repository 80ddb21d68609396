"""What the API of refunds takes and gives. Money is integer fen."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from kernel.api.serializers import DayField, FenField, LineField, MomentField, OutSerializer, StrictSerializer
from kernel.capitals import capital_amount
from services.refunds.machines import REFUND
from services.refunds.models import Payee, ProxyReason, Refund, RefundSignature
from services.refunds.selectors import standing


class WantedIn(StrictSerializer):
    line = serializers.UUIDField(help_text="The charge line")
    amount_fen = FenField(default=0, help_text="What of it goes back; 0 where only the text changes")
    changed_to = LineField(max_length=120, required=False, allow_blank=True, default="")


class RefundIn(StrictSerializer):
    site = serializers.UUIDField()
    patient = serializers.UUIDField()
    reason = serializers.CharField(max_length=1000)
    lines = WantedIn(many=True)


class OpinionIn(StrictSerializer):
    approve = serializers.BooleanField()
    opinion = serializers.CharField(max_length=500)


class ReasonIn(StrictSerializer):
    reason = LineField(max_length=200)


class PayIn(StrictSerializer):
    payee = serializers.ChoiceField(choices=Payee.choices)
    name = LineField(max_length=80)
    birth_date = DayField(required=False, allow_null=True, default=None)
    phone_last_four = serializers.RegexField(r"^[0-9]{4}$", required=False, allow_blank=True, default="")
    id_number = LineField(max_length=40, required=False, allow_blank=True, default="")
    identity_document = LineField(max_length=120, required=False, allow_blank=True, default="")
    proxy_reason = serializers.ChoiceField(choices=ProxyReason.choices, required=False, allow_blank=True, default="")


class PayeeIn(StrictSerializer):
    signer_name = LineField(max_length=80)
    strokes = serializers.CharField(required=False, allow_blank=True, default="", max_length=60_000)


class SignatureOut(OutSerializer):
    part = serializers.ChoiceField(choices=RefundSignature.Part.choices)
    name = serializers.CharField()
    at = MomentField()
    text_hash = serializers.CharField()
    by_link = serializers.BooleanField()


class RefundLineOut(OutSerializer):
    line = serializers.UUIDField(source="line.code")
    name = serializers.CharField(source="line.item_name")
    amount_fen = FenField()
    changed_to = serializers.CharField()


class PartOut(OutSerializer):
    tender = serializers.CharField()
    amount_fen = FenField()


class RefundOut(OutSerializer):
    code = serializers.UUIDField()
    number = serializers.CharField()
    site = serializers.UUIDField(source="site.code")
    patient = serializers.UUIDField(source="patient.code")
    state = serializers.ChoiceField(choices=REFUND.choices)
    refund_on = DayField()
    reason = serializers.CharField()
    first_visit_on = DayField()
    paid_total_fen = FenField()
    amount_fen = FenField()
    capitals = serializers.SerializerMethodField()
    doctor = serializers.UUIDField(source="doctor.code")
    opinion = serializers.CharField()
    lines = RefundLineOut(many=True)
    signatures = serializers.SerializerMethodField()
    ways = serializers.SerializerMethodField(help_text="How it went back")
    paid_on = serializers.SerializerMethodField(help_text="The business day of the payout")
    payee_signs = serializers.SerializerMethodField(help_text="False where no money moves: the field is disabled")
    put_off_on = DayField(allow_null=True)
    document = serializers.UUIDField(source="document.code", allow_null=True, default=None)

    def get_capitals(self, refund: Refund) -> str:
        return capital_amount(refund.amount_fen, currency=True)

    def get_signatures(self, refund: Refund) -> list[dict[str, Any]]:
        payout = standing(refund)
        kept = (None, payout.pk if payout is not None else None)
        rows = [one for one in refund.signatures.all() if one.payout_id in kept]
        return list(SignatureOut(rows, many=True).data)

    def get_ways(self, refund: Refund) -> list[dict[str, Any]]:
        payout = standing(refund)
        return list(PartOut(payout.parts.all(), many=True).data) if payout is not None else []

    def get_paid_on(self, refund: Refund) -> str | None:
        payout = standing(refund)
        return payout.day.isoformat() if payout is not None else None

    def get_payee_signs(self, refund: Refund) -> bool:
        return bool(refund.amount_fen)


class ItemOut(OutSerializer):
    line = serializers.UUIDField(source="line.code")
    name = serializers.CharField(source="line.item_name")
    receipt = serializers.UUIDField(source="receipt.code")
    receipt_number = serializers.CharField(source="receipt.number")
    received_fen = FenField()
    refunded_fen = FenField()
    left_fen = FenField()


class ItemsOut(OutSerializer):
    items = ItemOut(many=True)
