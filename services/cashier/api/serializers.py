"""What the till's API takes and gives. Money is integer fen."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from kernel.api.serializers import FenField, LineField, MomentField, OutSerializer, StrictSerializer
from kernel.capitals import capital_amount
from services.books.models import Tender
from services.cashier.models import ZeroReason


class SlipLineIn(StrictSerializer):
    item = serializers.UUIDField(help_text="Code of a catalogue item")
    quantity = serializers.IntegerField(min_value=1, max_value=99, default=1)
    remark = LineField(max_length=60, required=False, allow_blank=True, default="")
    zero_reason = serializers.ChoiceField(choices=ZeroReason.choices, required=False, allow_blank=True, default="")


class SlipIn(StrictSerializer):
    site = serializers.UUIDField()
    patient = serializers.UUIDField()
    visit = serializers.UUIDField(required=False, allow_null=True, default=None)
    lines = SlipLineIn(many=True, allow_empty=True)


class LineOut(OutSerializer):
    code = serializers.UUIDField()
    item = serializers.UUIDField(source="item.code")
    name = serializers.CharField(source="item_name")
    quantity = serializers.IntegerField()
    unit_price_fen = FenField()
    amount_fen = FenField()
    remark = serializers.CharField()
    zero_reason = serializers.CharField()


class SlipOut(OutSerializer):
    code = serializers.UUIDField()
    number = serializers.CharField()
    state = serializers.CharField()
    site = serializers.UUIDField(source="site.code")
    patient = serializers.UUIDField(source="patient.code")
    kind = serializers.CharField(help_text="treatment, or goods sold without a doctor's slip")
    doctor = serializers.UUIDField(source="doctor.code", allow_null=True, default=None)
    visit = serializers.UUIDField(source="visit_code", allow_null=True)
    signed_at = MomentField()
    lines = LineOut(many=True)


class OwedIn(StrictSerializer):
    line = serializers.UUIDField()
    owed_fen = FenField(min_value=1)


class HandedOverIn(StrictSerializer):
    """What the payer gives by one tender."""

    tender = serializers.ChoiceField(choices=Tender.choices)
    tendered_fen = FenField()
    card_last_four = serializers.RegexField(r"^[0-9]{4}$", required=False, allow_blank=True, default="")
    reference = LineField(
        max_length=64,
        required=False,
        allow_blank=True,
        default="",
        help_text="What the other side calls it: settlement number, voucher, transfer, prepaid account",
    )


class MoneyIn(StrictSerializer):
    """Money by one tender in the fields of the bill itself, or by several in ``payments``; not both."""

    tender = serializers.ChoiceField(choices=Tender.choices, required=False)
    tendered_fen = FenField(required=False, allow_null=True, default=None)
    card_last_four = serializers.RegexField(r"^[0-9]{4}$", required=False, allow_blank=True, default="")
    reference = LineField(max_length=64, required=False, allow_blank=True, default="")
    payments = HandedOverIn(many=True, required=False, default=list)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        single = attrs.get("tender") is not None
        if single == bool(attrs["payments"]):
            raise serializers.ValidationError({"tender": _("Name one tender here, or several in payments.")})
        return attrs


class DiscountWantedIn(StrictSerializer):
    line = serializers.UUIDField()
    policy = serializers.UUIDField(required=False, allow_null=True, default=None)
    approval = serializers.UUIDField(required=False, allow_null=True, default=None)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs["policy"] is None) == (attrs["approval"] is None):
            raise serializers.ValidationError({"policy": _("Name a line of the policy or an approval.")})
        return attrs


class ChargeIn(MoneyIn):
    owed = OwedIn(many=True, required=False, default=list)
    discounts = DiscountWantedIn(many=True, required=False, default=list)
    coupons = serializers.ListField(child=LineField(max_length=40), required=False, default=list, max_length=5)


class AskDiscountIn(StrictSerializer):
    line = serializers.UUIDField()
    rate_bp = serializers.IntegerField(
        min_value=1, max_value=9999, help_text="What is paid of the price, in basis points: 9000 = 90 %"
    )
    reason = LineField(max_length=200)


class AskDiscountOut(OutSerializer):
    code = serializers.UUIDField(help_text="The request; charge the line with it once it is approved")
    state = serializers.CharField()


class PaymentOut(OutSerializer):
    tender = serializers.CharField()
    amount_fen = FenField()
    tendered_fen = FenField()
    change_fen = FenField()
    card_last_four = serializers.CharField()
    reference = serializers.CharField()


class ReceiptLineOut(OutSerializer):
    line = serializers.UUIDField(source="line.code")
    name = serializers.CharField(source="line.item_name")
    discount_fen = FenField()
    rate_bp = serializers.IntegerField(help_text="What is paid of the price, in basis points: 9000 = 90 %")
    received_fen = FenField()
    owed_fen = FenField()


class ReceiptOut(OutSerializer):
    code = serializers.UUIDField()
    number = serializers.CharField()
    site = serializers.UUIDField(source="site.code")
    patient = serializers.UUIDField(source="patient.code")
    receivable_fen = FenField(help_text="At the prices of the day; less discount it is received plus owed")
    discount_fen = FenField()
    received_fen = FenField()
    owed_fen = FenField()
    capitals = serializers.SerializerMethodField()
    issued_at = MomentField()
    cashier_name = serializers.CharField()
    document = serializers.UUIDField(source="document.code")
    void_at = MomentField(source="void.at", allow_null=True, default=None)
    replaces = serializers.UUIDField(source="replaces.code", allow_null=True, default=None)
    replaced_by = serializers.UUIDField(source="replaced_by.code", allow_null=True, default=None)
    lines = ReceiptLineOut(many=True)
    payments = PaymentOut(many=True)

    def get_capitals(self, receipt: object) -> str:
        return capital_amount(receipt.received_fen, currency=True)  # type: ignore[attr-defined]


class ArrearOut(OutSerializer):
    code = serializers.UUIDField()
    patient = serializers.UUIDField(source="patient.code")
    item = serializers.CharField(source="line.item_name")
    receipt = serializers.CharField(source="receipt.number")
    owed_fen = FenField()
    settled_fen = FenField()
    arose_at = MomentField()
    reported_at = MomentField(allow_null=True)
    settled_at = MomentField(allow_null=True)


class GoodsIn(StrictSerializer):
    item = serializers.UUIDField()
    quantity = serializers.IntegerField(min_value=1, max_value=99, default=1)


class SaleIn(MoneyIn):
    site = serializers.UUIDField()
    patient = serializers.UUIDField()
    goods = GoodsIn(many=True)
    coupons = serializers.ListField(child=LineField(max_length=40), required=False, default=list, max_length=5)


class SettleIn(MoneyIn):
    amount_fen = FenField(min_value=1)


class DispatchIn(StrictSerializer):
    site = serializers.UUIDField()
    staff = serializers.UUIDField(help_text="The colleague")
    patient = serializers.UUIDField(help_text="Their own file as a patient")
    item = serializers.UUIDField()
    fee_fen = FenField()


class DispatchOut(OutSerializer):
    code = serializers.UUIDField()
    number = serializers.CharField()
    site = serializers.UUIDField(source="site.code")
    staff = serializers.UUIDField(source="staff.code")
    patient = serializers.UUIDField(source="patient.code")
    item = serializers.UUIDField(source="item.code")
    fee_fen = FenField()
    issued_at = MomentField()
    issued_by = serializers.CharField(source="issued_by_name")
    state = serializers.ChoiceField(choices=["open", "used"])
    used_at = MomentField(allow_null=True)
    receipt = serializers.UUIDField(
        source="receipt.code", default=None, allow_null=True, help_text="The receipt that used it up"
    )
