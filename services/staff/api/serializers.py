"""What goes in and out of the API of staff. A private phone is in none of it (CR-020)."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import LineField, MomentField, OutSerializer, StrictSerializer
from services.staff.models import DutyShift


class StaffOut(OutSerializer):
    """A colleague, as everybody may know them."""

    code = serializers.UUIDField()
    number = serializers.CharField()
    name = serializers.CharField()
    post = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    gender = serializers.CharField()
    is_doctor = serializers.BooleanField()
    is_assistant = serializers.BooleanField()
    specialties = serializers.ListField(child=serializers.CharField())
    languages = serializers.ListField(child=serializers.CharField())
    home_site = serializers.UUIDField(source="home_site.code")


class ShiftOut(OutSerializer):
    """A stretch of the roster."""

    code = serializers.UUIDField()
    version = serializers.IntegerField()
    staff = serializers.UUIDField(source="staff.code")
    site = serializers.UUIDField(source="site.code")
    chair = serializers.UUIDField(source="chair.code", allow_null=True, default=None)
    starts_at = MomentField()
    ends_at = MomentField()
    kind = serializers.ChoiceField(choices=DutyShift.Kind.choices)
    note = serializers.CharField(allow_blank=True)


class OnDutyOut(OutSerializer):
    """Somebody on duty and the shifts of the day."""

    staff = StaffOut()
    shifts = ShiftOut(many=True)


class DutyOut(OutSerializer):
    """Who is on duty, by staff number."""

    results = OnDutyOut(many=True)


class ShiftIn(StrictSerializer):
    """A shift to plan."""

    site = serializers.UUIDField()
    staff = serializers.UUIDField()
    chair = serializers.UUIDField(required=False, allow_null=True, default=None)
    starts_at = MomentField()
    ends_at = MomentField()
    kind = serializers.ChoiceField(choices=DutyShift.Kind.choices, default=DutyShift.Kind.CLINIC)
    note = LineField(max_length=80, required=False, allow_blank=True, default="")
