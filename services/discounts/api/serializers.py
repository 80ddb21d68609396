"""What the API of discounts takes and gives. Rates are what is paid of the price, in basis points: 9000 = 90 %."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import DayField, LineField, MomentField, OutSerializer, StrictSerializer
from services.discounts.machines import APPROVAL, COUPON


class RateField(serializers.IntegerField):
    """Basis points of the price that are paid."""

    def __init__(self, **kwargs: object) -> None:
        kwargs.setdefault("help_text", "What is paid of the price, in basis points: 9000 = 90 %")
        super().__init__(min_value=1, max_value=9999, **kwargs)  # type: ignore[arg-type]


class PolicyIn(StrictSerializer):
    name_zh = LineField(max_length=80)
    name_en = LineField(max_length=120, required=False, allow_blank=True, default="")
    rate_bp = RateField()
    item = serializers.UUIDField(required=False, allow_null=True, default=None)
    category = LineField(
        max_length=40, required=False, allow_blank=True, default="", help_text="Key of a line of the daily report"
    )
    roles = serializers.ListField(
        child=LineField(max_length=40), required=False, default=list, max_length=20, help_text="Who may grant it"
    )
    coupon_only = serializers.BooleanField(required=False, default=False)
    starts_on = DayField()
    ends_on = DayField(required=False, allow_null=True, default=None)


class PolicyOut(OutSerializer):
    code = serializers.UUIDField()
    name = serializers.CharField()
    rate_bp = serializers.IntegerField()
    item = serializers.UUIDField(source="item.code", allow_null=True, default=None)
    category = serializers.CharField(source="category.key", allow_null=True, default=None)
    roles = serializers.ListField(child=serializers.CharField())
    coupon_only = serializers.BooleanField()
    starts_on = DayField()
    ends_on = DayField(allow_null=True)


class EndIn(StrictSerializer):
    ends_on = DayField()


class CouponIn(StrictSerializer):
    policy = serializers.UUIDField()
    number = LineField(max_length=40)
    patient = serializers.UUIDField(required=False, allow_null=True, default=None)
    valid_until = DayField(required=False, allow_null=True, default=None)


class CouponOut(OutSerializer):
    code = serializers.UUIDField()
    number = serializers.CharField()
    policy = serializers.UUIDField(source="policy.code")
    state = serializers.ChoiceField(choices=COUPON.choices)
    valid_until = DayField(allow_null=True)
    issued_at = MomentField()
    used_at = MomentField(allow_null=True)
    receipt_number = serializers.CharField()


class RequestOut(OutSerializer):
    code = serializers.UUIDField()
    site = serializers.UUIDField(source="site.code")
    slip = serializers.UUIDField(source="slip_code")
    line = serializers.UUIDField(source="line_code")
    rate_bp = serializers.IntegerField()
    reason = serializers.CharField()
    state = serializers.ChoiceField(choices=APPROVAL.choices)
    asked_at = MomentField()
    asked_by = serializers.CharField(source="asked_by_name")
    decided_at = MomentField(allow_null=True)
    decided_by = serializers.CharField(source="decided_by_name")
    words = serializers.CharField()


class DecideIn(StrictSerializer):
    approve = serializers.BooleanField()
    words = LineField(max_length=200, required=False, allow_blank=True, default="")
