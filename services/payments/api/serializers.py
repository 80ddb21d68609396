"""What the API of wallet payments takes and gives. Money is integer fen."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import DayField, FenField, LineField, MomentField, OutSerializer, StrictSerializer
from services.payments.machines import ATTEMPT, GIVE_BACK
from services.payments.models import WALLETS, BillDifference


class OwedIn(StrictSerializer):
    line = serializers.UUIDField()
    owed_fen = FenField(min_value=1)


class DiscountIn(StrictSerializer):
    line = serializers.UUIDField()
    policy = serializers.UUIDField(required=False, allow_null=True, default=None)
    approval = serializers.UUIDField(required=False, allow_null=True, default=None)


class AttemptIn(StrictSerializer):
    slip = serializers.UUIDField()
    payer_code = LineField(max_length=32, help_text="What the payer's phone shows; it is not stored")
    tender = serializers.ChoiceField(
        choices=[(one.value, one.label) for one in WALLETS], required=False, allow_blank=True, default=""
    )
    owed = OwedIn(many=True, required=False, default=list)
    discounts = DiscountIn(many=True, required=False, default=list)
    coupons = serializers.ListField(child=LineField(max_length=40), required=False, default=list, max_length=5)


class AttemptOut(OutSerializer):
    code = serializers.UUIDField()
    site = serializers.UUIDField(source="site.code")
    slip = serializers.UUIDField(source="slip.code")
    tender = serializers.CharField()
    amount_fen = FenField()
    state = serializers.ChoiceField(choices=ATTEMPT.choices)
    error = serializers.CharField(help_text="The acquirer's own code, or why the money goes back")
    transaction_id = serializers.CharField()
    started_at = MomentField()
    ended_at = MomentField(allow_null=True)
    receipt = serializers.UUIDField(source="receipt.code", allow_null=True, default=None)


class GiveBackOut(OutSerializer):
    code = serializers.UUIDField()
    attempt = serializers.UUIDField(source="attempt.code")
    refund = serializers.UUIDField(source="payout.refund.code")
    amount_fen = FenField()
    state = serializers.ChoiceField(choices=GIVE_BACK.choices)
    error = serializers.CharField()
    started_at = MomentField()
    ended_at = MomentField(allow_null=True)


class BillIn(StrictSerializer):
    site = serializers.UUIDField()
    day = DayField()


class BillOut(OutSerializer):
    code = serializers.UUIDField()
    site = serializers.UUIDField(source="site.code")
    entity = serializers.UUIDField(source="entity.code")
    day = DayField()
    lines = serializers.IntegerField()
    paid_fen = FenField()
    returned_fen = FenField()
    fee_fen = serializers.IntegerField()
    open = serializers.IntegerField(help_text="Differences that nobody has resolved")


class DifferenceOut(OutSerializer):
    code = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=BillDifference.Kind.choices)
    what = serializers.CharField(help_text="pay or refund")
    number = serializers.CharField()
    tender = serializers.CharField()
    ours_fen = FenField()
    theirs_fen = FenField()
    resolved_at = MomentField(allow_null=True)
    resolved_by_name = serializers.CharField()
    reason = serializers.CharField()


class ReasonIn(StrictSerializer):
    reason = LineField(max_length=200)


class WantedOut(OutSerializer):
    day = DayField()
