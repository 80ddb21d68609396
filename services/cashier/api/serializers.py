"""What the till's API takes and gives. Money is integer fen."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import FenField, LineField, MomentField, OutSerializer, StrictSerializer
from kernel.capitals import capital_amount
from services.cashier.models import Tender, ZeroReason


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
    doctor = serializers.UUIDField(source="doctor.code")
    visit = serializers.UUIDField(source="visit_code", allow_null=True)
    signed_at = MomentField()
    lines = LineOut(many=True)


class OwedIn(StrictSerializer):
    line = serializers.UUIDField()
    owed_fen = FenField(min_value=1)


class ChargeIn(StrictSerializer):
    tender = serializers.ChoiceField(choices=Tender.choices)
    tendered_fen = FenField()
    card_last_four = serializers.RegexField(r"^[0-9]{4}$", required=False, allow_blank=True, default="")
    owed = OwedIn(many=True, required=False, default=list)


class PaymentOut(OutSerializer):
    tender = serializers.CharField()
    amount_fen = FenField()
    tendered_fen = FenField()
    change_fen = FenField()
    card_last_four = serializers.CharField()


class ReceiptLineOut(OutSerializer):
    line = serializers.UUIDField(source="line.code")
    name = serializers.CharField(source="line.item_name")
    received_fen = FenField()
    owed_fen = FenField()


class ReceiptOut(OutSerializer):
    code = serializers.UUIDField()
    number = serializers.CharField()
    site = serializers.UUIDField(source="site.code")
    patient = serializers.UUIDField(source="patient.code")
    receivable_fen = FenField()
    received_fen = FenField()
    owed_fen = FenField()
    capitals = serializers.SerializerMethodField()
    issued_at = MomentField()
    cashier_name = serializers.CharField()
    document = serializers.UUIDField(source="document.code")
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


class SettleIn(StrictSerializer):
    amount_fen = FenField(min_value=1)
    tendered_fen = FenField(required=False, allow_null=True, default=None)
    tender = serializers.ChoiceField(choices=Tender.choices)
    card_last_four = serializers.RegexField(r"^[0-9]{4}$", required=False, allow_blank=True, default="")


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
        source="line.slip.receipt.code", default=None, allow_null=True, help_text="The receipt that used it up"
    )
