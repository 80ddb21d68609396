"""What the API of packages and stored value takes and gives. Amounts are integer fen."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import DayField, LineField, MomentField, OutSerializer, StrictSerializer
from services.prepaid.machines import HOLDING
from services.prepaid.models import Cause, Ending, Kind, StatementLine


class PackageIn(StrictSerializer):
    key = serializers.SlugField(max_length=60)
    name_zh = LineField(max_length=80)
    name_en = LineField(max_length=120, required=False, allow_blank=True, default="")
    price_fen = serializers.IntegerField(min_value=1, max_value=10**10)
    gives = serializers.UUIDField(help_text="The item of which sessions are sold")
    sessions = serializers.IntegerField(min_value=1, max_value=500)
    valid_days = serializers.IntegerField(min_value=1, max_value=3650)


class StoredValueIn(StrictSerializer):
    key = serializers.SlugField(max_length=60)
    name_zh = LineField(max_length=80)
    name_en = LineField(max_length=120, required=False, allow_blank=True, default="")
    price_fen = serializers.IntegerField(min_value=1, max_value=10**10)


class OfferOut(OutSerializer):
    code = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Kind.choices)
    item = serializers.UUIDField(source="item.code")
    name = serializers.CharField(source="item.name")
    gives = serializers.UUIDField(source="gives.code", allow_null=True, default=None)
    sessions = serializers.IntegerField()
    valid_days = serializers.IntegerField()


class HoldingOut(OutSerializer):
    code = serializers.UUIDField()
    number = serializers.CharField()
    kind = serializers.ChoiceField(choices=Kind.choices)
    state = serializers.ChoiceField(choices=HOLDING.choices)
    site = serializers.UUIDField(source="site.code")
    patient = serializers.UUIDField(source="patient.code")
    name = serializers.CharField()
    gives = serializers.UUIDField(source="gives.code", allow_null=True, default=None)
    balance_fen = serializers.IntegerField()
    sessions = serializers.IntegerField()
    sessions_left = serializers.IntegerField()
    valid_until = DayField(allow_null=True)
    opened_at = MomentField()


class StatementOut(OutSerializer):
    number = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=StatementLine.Kind.choices)
    amount_fen = serializers.IntegerField()
    balance_fen = serializers.IntegerField()
    sessions = serializers.IntegerField()
    sessions_left = serializers.IntegerField()
    paper = serializers.CharField()
    at = MomentField()
    by_name = serializers.CharField()


class UseIn(StrictSerializer):
    holding = serializers.UUIDField()
    visit = serializers.UUIDField()
    signer_name = LineField(max_length=80)


class UseOut(OutSerializer):
    code = serializers.UUIDField()
    holding = serializers.UUIDField(source="holding.code")
    visit = serializers.UUIDField(source="visit.code")
    amount_fen = serializers.IntegerField()
    text_hash = serializers.CharField()
    at = MomentField()
    taken_back_at = MomentField(allow_null=True)


class ReasonIn(StrictSerializer):
    reason = LineField(max_length=200)


class ExtendIn(StrictSerializer):
    until = DayField()
    reason = LineField(max_length=200)


class ShareIn(StrictSerializer):
    patient = serializers.UUIDField()
    signer_name = LineField(max_length=80)


class ShareOut(OutSerializer):
    code = serializers.UUIDField()
    holding = serializers.UUIDField(source="holding.code")
    patient = serializers.UUIDField(source="patient.code")
    at = MomentField()
    ended_at = MomentField(allow_null=True)


class TransferIn(StrictSerializer):
    taker = serializers.UUIDField()
    giver_name = LineField(max_length=80)
    taker_name = LineField(max_length=80)


class QuoteIn(StrictSerializer):
    cause = serializers.ChoiceField(choices=Cause.choices)
    amount_fen = serializers.IntegerField(min_value=0, max_value=10**12, required=False, allow_null=True, default=None)


class QuoteOut(OutSerializer):
    rule = serializers.ChoiceField(choices=Ending.Rule.choices)
    balance_fen = serializers.IntegerField()
    used = serializers.IntegerField()
    used_fen = serializers.IntegerField()
    amount_fen = serializers.IntegerField()
    kept_fen = serializers.IntegerField()


class RefundIn(QuoteIn):
    reason = LineField(max_length=400)
    signer_name = LineField(max_length=80)


class EndingOut(OutSerializer):
    refund = serializers.UUIDField(source="refund.code")
    number = serializers.CharField(source="refund.number")
    rule = serializers.ChoiceField(choices=Ending.Rule.choices)
    balance_fen = serializers.IntegerField()
    amount_fen = serializers.IntegerField()
    kept_fen = serializers.IntegerField()


class LiabilityOut(OutSerializer):
    opening_fen = serializers.IntegerField()
    added_fen = serializers.IntegerField()
    used_fen = serializers.IntegerField()
    refunded_fen = serializers.IntegerField()
    closing_fen = serializers.IntegerField()
