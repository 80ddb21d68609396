"""What the API of outages takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import LineField, MomentField, OutSerializer, StrictSerializer


class WindowIn(StrictSerializer):
    site = serializers.UUIDField()
    since = MomentField()
    until = MomentField(required=False, allow_null=True, default=None)
    reason = LineField(max_length=200)
    confirmed_reason = LineField(max_length=200, required=False, allow_blank=True, default="")


class CloseIn(StrictSerializer):
    until = MomentField(required=False, allow_null=True, default=None)


class WindowOut(OutSerializer):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    since = MomentField()
    until = MomentField(allow_null=True)
    reason = serializers.CharField()
    confirmed_reason = serializers.CharField()
    declared_at = MomentField()
    declared_by_name = serializers.CharField()
    closed_at = MomentField(allow_null=True)


class PaperVisitIn(StrictSerializer):
    patient = serializers.UUIDField(required=False, allow_null=True, default=None)
    appointment = serializers.UUIDField(required=False, allow_null=True, default=None)
    doctor = serializers.UUIDField(required=False, allow_null=True, default=None)
    chair = serializers.UUIDField(required=False, allow_null=True, default=None)
    announced_minutes = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=0, max_value=1440
    )
    arrived = MomentField()
    registered = MomentField(required=False, allow_null=True, default=None)
    led_in = MomentField(required=False, allow_null=True, default=None)
    finished = MomentField(required=False, allow_null=True, default=None)
    left = MomentField(required=False, allow_null=True, default=None)


class PaperVisitOut(OutSerializer):
    code = serializers.UUIDField()
    window = serializers.UUIDField(source="window.code")
    visit = serializers.UUIDField(source="visit.code")
    basis = serializers.CharField()
    at = MomentField()
    by_name = serializers.CharField()


class BlockIn(StrictSerializer):
    site = serializers.UUIDField()
    size = serializers.IntegerField()


class NumberOut(OutSerializer):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="block.site.code")
    number = serializers.CharField()
    standing = serializers.CharField()
    written_at = MomentField(allow_null=True)
    receipt = serializers.UUIDField(source="receipt.code", default=None, allow_null=True)
    entered_at = MomentField(allow_null=True)
    void_at = MomentField(allow_null=True)
    void_reason = serializers.CharField()


class BlockOut(OutSerializer):
    code = serializers.UUIDField()
    site = serializers.UUIDField(source="site.code")
    size = serializers.IntegerField()
    issued_at = MomentField()
    issued_by_name = serializers.CharField()


class NoneIn(StrictSerializer):
    """Nothing is said."""


class ReceiptIn(StrictSerializer):
    receipt = serializers.UUIDField()


class VoidIn(StrictSerializer):
    reason = LineField(max_length=200)


class SheetDeskIn(StrictSerializer):
    site = serializers.UUIDField()
    desk = serializers.UUIDField()


class SheetDeskOut(OutSerializer):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    desk = serializers.UUIDField(source="desk.code")
    name = serializers.CharField(source="desk.name")
    registered_at = MomentField()
    registered_by_name = serializers.CharField()
    withdrawn_at = MomentField(allow_null=True)


class SheetRowOut(OutSerializer):
    time = serializers.CharField()
    patient = serializers.CharField()
    phone = serializers.CharField()
    doctor = serializers.CharField()
    room = serializers.CharField()
    item = serializers.CharField()
    complaint = serializers.CharField()
    note = serializers.CharField()


class SheetOut(OutSerializer):
    day = serializers.DateField()
    as_of = MomentField()
    results = SheetRowOut(many=True)
