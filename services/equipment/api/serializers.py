"""What the API of equipment takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import DayField, LineField, MomentField, OutSerializer, StrictSerializer
from services.equipment.machines import DAMAGE, DEVICE, FAULT
from services.equipment.models import DamageReport


class TypeOut(OutSerializer):
    code = serializers.UUIDField()
    key = serializers.CharField()
    name = serializers.CharField()
    capability = serializers.CharField()
    maintenance_days = serializers.IntegerField()


class DeviceIn(StrictSerializer):
    site = serializers.UUIDField()
    type = serializers.UUIDField()
    number = LineField(max_length=20)
    name = LineField(max_length=80, required=False, allow_blank=True, default="")
    serial = LineField(max_length=60, required=False, allow_blank=True, default="")
    room = serializers.UUIDField(required=False, allow_null=True, default=None)
    items = serializers.ListField(child=serializers.UUIDField(), required=False, default=list, max_length=100)
    next_due_on = DayField(required=False, allow_null=True, default=None)


class TreatmentsIn(StrictSerializer):
    items = serializers.ListField(child=serializers.UUIDField(), max_length=100)


class WordsIn(StrictSerializer):
    words = LineField(max_length=300)


class CloseIn(StrictSerializer):
    repaired = serializers.BooleanField(help_text="false: the device is given up")
    remark = LineField(max_length=300)


class DeviceOut(OutSerializer):
    code = serializers.UUIDField()
    site = serializers.UUIDField(source="site.code")
    type = serializers.UUIDField(source="type.code")
    capability = serializers.CharField(source="type.capability")
    number = serializers.CharField()
    name = serializers.CharField()
    serial = serializers.CharField()
    room = serializers.UUIDField(source="room.code", default=None, allow_null=True)
    items = serializers.SerializerMethodField()
    next_due_on = DayField(allow_null=True)
    state = serializers.ChoiceField(choices=DEVICE.choices)

    def get_items(self, row: object) -> list[str]:
        return [str(one.code) for one in row.items.all()]  # type: ignore[attr-defined]


class FaultOut(OutSerializer):
    code = serializers.UUIDField()
    site = serializers.UUIDField(source="site.code")
    device = serializers.UUIDField(source="device.code")
    state = serializers.ChoiceField(choices=FAULT.choices)
    words = serializers.CharField()
    at = MomentField()
    by = serializers.CharField(source="by_name")
    closed_at = MomentField(allow_null=True)
    closed_by = serializers.CharField(source="closed_by_name")
    remark = serializers.CharField()
    downtime = serializers.IntegerField(help_text="Whole minutes; of an open ticket until now")


class DamageIn(StrictSerializer):
    site = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=DamageReport.Kind.choices)
    instrument = LineField(max_length=120, required=False, allow_blank=True, default="")
    device = serializers.UUIDField(required=False, allow_null=True, default=None)
    happened_on = DayField()
    person = LineField(max_length=80, required=False, allow_blank=True, default="")
    event = serializers.CharField(max_length=500)


class OpinionIn(StrictSerializer):
    opinion = serializers.CharField(max_length=500)


class DecisionIn(StrictSerializer):
    outcome = serializers.ChoiceField(choices=DamageReport.Outcome.choices)
    decision = serializers.CharField(max_length=500)


class DoneIn(StrictSerializer):
    done = LineField(max_length=300)


class DamageOut(OutSerializer):
    code = serializers.UUIDField()
    site = serializers.UUIDField(source="site.code")
    number = serializers.CharField()
    device = serializers.UUIDField(source="device.code", default=None, allow_null=True)
    instrument = serializers.CharField()
    kind = serializers.ChoiceField(choices=DamageReport.Kind.choices)
    happened_on = DayField()
    event = serializers.CharField()
    person = serializers.CharField()
    state = serializers.ChoiceField(choices=DAMAGE.choices)
    reported_by = serializers.CharField(source="reported_by_name")
    reported_at = MomentField()
    opinion = serializers.CharField()
    opinion_by = serializers.CharField(source="opinion_by_name")
    outcome = serializers.CharField()
    decision = serializers.CharField()
    decided_by = serializers.CharField(source="decided_by_name")
    done = serializers.CharField()
