"""What the register of seals gives out."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import DayField, MomentField, OutSerializer
from services.seals.models import Seal


class UseOut(OutSerializer):
    code = serializers.UUIDField()
    seal = serializers.ChoiceField(choices=Seal.choices)
    site = serializers.UUIDField(source="site.code")
    document = serializers.UUIDField(source="document.code")
    document_kind = serializers.CharField(source="document.kind")
    document_number = serializers.CharField(source="document.number")
    day = DayField()
    at = MomentField()
    by_name = serializers.CharField()
