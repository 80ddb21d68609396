"""What the API of gates takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import LineField, MomentField, OutSerializer, StrictSerializer
from services.policy.models import OverrideRecord


class OverrideOut(OutSerializer):
    code = serializers.UUIDField()
    gate = serializers.CharField()
    gate_class = serializers.CharField()
    subject_type = serializers.CharField()
    subject = serializers.UUIDField(source="subject_code")
    site = serializers.UUIDField(source="site.code", default=None, allow_null=True)
    by = serializers.UUIDField(source="by.code")
    as_role = serializers.CharField()
    deputy_of = serializers.CharField()
    reason = serializers.CharField()
    granted_at = MomentField()
    expires_at = MomentField()
    used_at = MomentField(allow_null=True)
    review = serializers.ChoiceField(choices=OverrideRecord.Review.choices)
    review_due_at = MomentField()
    reviewed_by = serializers.UUIDField(source="reviewed_by.code", default=None, allow_null=True)
    reviewed_at = MomentField(allow_null=True)
    review_note = serializers.CharField()


class ReviewIn(StrictSerializer):
    accepted = serializers.BooleanField()
    note = LineField(max_length=300, required=False, allow_blank=True, default="")
