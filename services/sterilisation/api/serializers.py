"""What the API of sterilisation takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import DayField, LineField, MomentField, OutSerializer, StrictSerializer
from services.sterilisation.machines import LOAD, PACK
from services.sterilisation.models import Indicator, Method, Packaging


class SteriliserIn(StrictSerializer):
    site = serializers.UUIDField()
    number = LineField(max_length=20)
    name = LineField(max_length=80)
    method = serializers.ChoiceField(choices=Method.choices)


class SteriliserOut(OutSerializer):
    code = serializers.UUIDField()
    site = serializers.UUIDField(source="site.code")
    number = serializers.CharField()
    name = serializers.CharField()
    method = serializers.ChoiceField(choices=Method.choices)
    is_active = serializers.BooleanField()


class SetIn(StrictSerializer):
    site = serializers.UUIDField()
    number = LineField(max_length=20)
    name = LineField(max_length=80)
    packaging = serializers.ChoiceField(choices=Packaging.choices)
    contents = LineField(max_length=300, required=False, allow_blank=True, default="")


class SetOut(OutSerializer):
    code = serializers.UUIDField()
    site = serializers.UUIDField(source="site.code")
    number = serializers.CharField()
    name = serializers.CharField()
    packaging = serializers.ChoiceField(choices=Packaging.choices)
    contents = serializers.CharField()
    is_active = serializers.BooleanField()
    is_free = serializers.SerializerMethodField(help_text="It lies in no load, on no shelf and is not blocked")

    def get_is_free(self, row: object) -> bool:
        return not row.live  # type: ignore[attr-defined]


class InUseIn(StrictSerializer):
    in_use = serializers.BooleanField()


class LoadIn(StrictSerializer):
    site = serializers.UUIDField()
    steriliser = serializers.UUIDField()
    programme = LineField(max_length=80)
    implants = serializers.BooleanField(required=False, default=False)
    sets = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=100)


class ResultIn(StrictSerializer):
    physical = serializers.BooleanField(help_text="Has it passed?")
    chemical = serializers.BooleanField(help_text="Has it passed?")
    biological = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="null: read later, or none in this load"
    )


class BiologicalIn(StrictSerializer):
    passed = serializers.BooleanField()


class ReasonIn(StrictSerializer):
    reason = LineField(max_length=200)


class UseIn(StrictSerializer):
    visit = serializers.UUIDField()


class IndicatorOut(OutSerializer):
    kind = serializers.ChoiceField(choices=Indicator.Kind.choices)
    passed = serializers.BooleanField()
    at = MomentField()
    by = serializers.CharField(source="by_name")


class PackOfLoadOut(OutSerializer):
    code = serializers.UUIDField()
    number = serializers.CharField()
    set = serializers.UUIDField(source="instrument_set.code")
    set_name = serializers.CharField(source="instrument_set.name")
    expires_on = DayField()
    state = serializers.ChoiceField(choices=PACK.choices)


class PackOut(PackOfLoadOut):
    load = serializers.UUIDField(source="load.code")
    load_number = serializers.CharField(source="load.number")
    visit = serializers.UUIDField(source="use.visit.code", default=None, allow_null=True)
    patient = serializers.UUIDField(source="use.visit.patient.code", default=None, allow_null=True)
    opened_at = MomentField(source="use.at", default=None, allow_null=True)
    opened_by = serializers.CharField(source="use.by_name", default=None, allow_null=True)


class LoadOut(OutSerializer):
    code = serializers.UUIDField()
    site = serializers.UUIDField(source="site.code")
    number = serializers.CharField()
    steriliser = serializers.UUIDField(source="steriliser.code")
    method = serializers.ChoiceField(choices=Method.choices)
    programme = serializers.CharField()
    implants = serializers.BooleanField()
    state = serializers.ChoiceField(choices=LOAD.choices)
    loaded_by = serializers.CharField(source="loaded_by_name")
    loaded_at = MomentField()
    operator = serializers.CharField(source="operator_name")
    started_at = MomentField(allow_null=True)
    finished_at = MomentField(allow_null=True)
    checker = serializers.CharField(source="checker_name")
    released_at = MomentField(allow_null=True)
    recalled_because = serializers.UUIDField(source="recalled_because.code", default=None, allow_null=True)
    ended_reason = serializers.CharField()
    indicators = IndicatorOut(many=True)
    packs = PackOfLoadOut(many=True)


class TreatedOut(OutSerializer):
    patient = serializers.UUIDField(source="visit.patient.code")
    patient_name = serializers.CharField(source="visit.patient.name")
    visit = serializers.UUIDField(source="visit.code")
    pack = serializers.CharField(source="pack.number")
    load = serializers.CharField(source="pack.load.number")
    at = MomentField()


class TreatedListOut(OutSerializer):
    treated = TreatedOut(many=True)
