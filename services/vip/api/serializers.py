"""What the API of VIP cards, vouchers and measures takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import DayField, LineField, MomentField, OutSerializer, StrictSerializer
from services.vip.machines import CARD, VOUCHER
from services.vip.models import Reason


class RangeIn(StrictSerializer):
    site = serializers.UUIDField()
    first = LineField(max_length=40, help_text="First serial of the range")
    last = LineField(max_length=40, required=False, allow_blank=True, default="", help_text="Last serial, included")
    custodian = serializers.UUIDField(help_text="Code of the colleague who keeps the cards")


class RangeOut(OutSerializer):
    cards = serializers.IntegerField()


class ProposeIn(StrictSerializer):
    holder_name = LineField(max_length=80, required=False, allow_blank=True, default="")
    patient = serializers.UUIDField(required=False, allow_null=True, default=None)
    reason = serializers.ChoiceField(choices=Reason.choices)
    words = LineField(max_length=200, required=False, allow_blank=True, default="")


class WordsIn(StrictSerializer):
    words = LineField(max_length=200, required=False, allow_blank=True, default="")


class ReplaceIn(StrictSerializer):
    blank = serializers.UUIDField(help_text="The card in stock that takes its place")


class UseIn(StrictSerializer):
    site = serializers.UUIDField()
    serial = LineField(max_length=40)
    receipt = serializers.UUIDField()


class CardOut(OutSerializer):
    code = serializers.UUIDField()
    serial = serializers.CharField()
    site = serializers.UUIDField(source="site.code")
    custodian = serializers.CharField(source="custodian.name")
    state = serializers.ChoiceField(choices=CARD.choices)
    holder_name = serializers.CharField(source="holder")
    patient = serializers.UUIDField(source="patient.code", allow_null=True, default=None)
    reason = serializers.CharField()
    uses = serializers.IntegerField()
    allowed_uses = serializers.IntegerField()
    valid_until = DayField(allow_null=True)
    signed_by = serializers.CharField(source="signed_by_name")
    signed_at = MomentField(allow_null=True)
    signed_hash = serializers.CharField()
    issued_by = serializers.CharField(source="issued_by_name")
    issued_at = MomentField(allow_null=True)
    replaces = serializers.CharField(source="replaces.serial", allow_null=True, default=None)


class UsedOut(OutSerializer):
    """What the till learns of a card that was shown: no more than its count."""

    serial = serializers.CharField()
    state = serializers.ChoiceField(choices=CARD.choices)
    uses = serializers.IntegerField()
    allowed_uses = serializers.IntegerField()
    valid_until = DayField(allow_null=True)


class PackageIn(StrictSerializer):
    partner = LineField(max_length=80)
    name_zh = LineField(max_length=80)
    name_en = LineField(max_length=120, required=False, allow_blank=True, default="")
    starts_on = DayField()
    ends_on = DayField(required=False, allow_null=True, default=None)


class PackageOut(OutSerializer):
    code = serializers.UUIDField()
    partner = serializers.CharField()
    name = serializers.CharField()
    starts_on = DayField()
    ends_on = DayField(allow_null=True)


class VoucherIn(StrictSerializer):
    package = serializers.UUIDField()
    number = LineField(max_length=40)
    holder_name = LineField(max_length=80)
    id_number = LineField(max_length=40, required=False, allow_blank=True, default="")
    phone_last_four = serializers.RegexField(r"^[0-9]{4}$", required=False, allow_blank=True, default="")


class CheckIn(StrictSerializer):
    site = serializers.UUIDField()
    number = LineField(max_length=40)
    patient = serializers.UUIDField(help_text="Whose treatment it is")
    in_person = serializers.BooleanField(help_text="False: a relative shows it")
    name = LineField(max_length=80, help_text="Name of whoever shows the voucher")
    id_number = LineField(max_length=40, required=False, allow_blank=True, default="")
    phone_last_four = serializers.RegexField(r"^[0-9]{4}$", required=False, allow_blank=True, default="")


class VoucherOut(OutSerializer):
    code = serializers.UUIDField()
    number = serializers.CharField()
    package = serializers.UUIDField(source="package.code")
    state = serializers.ChoiceField(choices=VOUCHER.choices)
    entered_at = MomentField()
    checked_at = MomentField(allow_null=True)
    checked_by = serializers.CharField(source="checked_by_name")
    identified_by = serializers.CharField()
    used_at = MomentField(allow_null=True)


class MeasureIn(StrictSerializer):
    name_zh = LineField(max_length=80)
    name_en = LineField(max_length=120, required=False, allow_blank=True, default="")
    starts_on = DayField()
    ends_on = DayField(required=False, allow_null=True, default=None)


class MeasureOut(OutSerializer):
    code = serializers.UUIDField()
    name = serializers.CharField()
    starts_on = DayField()
    ends_on = DayField(allow_null=True)


class EndIn(StrictSerializer):
    ends_on = DayField()


class TellIn(StrictSerializer):
    site = serializers.UUIDField()
    patient = serializers.UUIDField()


class ToldOut(OutSerializer):
    code = serializers.UUIDField()
    measures = serializers.ListField(child=serializers.CharField())
    at = MomentField()
    by = serializers.CharField(source="by_name")
