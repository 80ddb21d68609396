"""What the API of rules takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import MomentField, OutSerializer, StrictSerializer
from kernel.parameters.models import ScopeKind


class RuleOut(OutSerializer):
    key = serializers.CharField(source="param.key")
    label = serializers.CharField(source="param.label")  # type: ignore[assignment]  # DRF has a label too
    kind = serializers.CharField(source="param.kind")
    value = serializers.JSONField(source="stored")
    decided_by = serializers.ChoiceField(source="source.kind", choices=ScopeKind.choices, default=None, allow_null=True)
    locked_by = serializers.ChoiceField(source="lock.kind", choices=ScopeKind.choices, default=None, allow_null=True)
    held = serializers.BooleanField()
    ledger = serializers.ListField(source="param.ledger", child=serializers.CharField())


class RulesOut(OutSerializer):
    results = RuleOut(many=True)


class ValueOut(OutSerializer):
    code = serializers.UUIDField()
    scope = serializers.ChoiceField(source="scope_kind", choices=ScopeKind.choices)
    scope_code = serializers.CharField()
    value = serializers.JSONField(allow_null=True)
    inherits = serializers.BooleanField()
    locked = serializers.BooleanField()
    effective_from = MomentField()
    set_by = serializers.UUIDField(allow_null=True)
    set_by_name = serializers.CharField()
    set_at = MomentField()


class ScopeIn(StrictSerializer):
    scope = serializers.ChoiceField(choices=[choice for choice in ScopeKind.choices if choice[0] != ScopeKind.CHAIN])
    scope_code = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")


class ValueIn(ScopeIn):
    value = serializers.JSONField()
    effective_from = MomentField(required=False, allow_null=True, default=None)
    locked = serializers.BooleanField(required=False, default=False)


class WithdrawIn(ScopeIn):
    effective_from = MomentField(required=False, allow_null=True, default=None)
