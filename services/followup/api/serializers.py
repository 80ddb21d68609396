"""What the API of follow-ups takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import DayField, LineField, MomentField, OutSerializer, StrictSerializer
from services.followup.machine import MACHINE
from services.followup.models import Attempt, FollowUp


class FollowUpOut(OutSerializer):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    rule = serializers.CharField(source="plan.rule_key")
    site = serializers.UUIDField(source="plan.site.code")
    patient = serializers.UUIDField(source="plan.patient.code")
    doctor = serializers.UUIDField(source="plan.doctor.code", default=None, allow_null=True)
    anchor_on = DayField(source="plan.anchor_on")
    offset = serializers.CharField()
    due_on = DayField()
    due_at = MomentField(allow_null=True)
    state = serializers.ChoiceField(choices=MACHINE.choices)
    not_same_day = serializers.BooleanField()
    result = serializers.CharField()
    note = serializers.CharField()
    doctor_note = serializers.CharField()
    steps = serializers.ListField(child=serializers.CharField())
    education_given = serializers.BooleanField()
    satisfaction = serializers.CharField()
    suggestion = serializers.CharField()
    return_visit = serializers.UUIDField(source="return_visit.code", default=None, allow_null=True)
    refusal_reason = serializers.CharField()
    closed_at = MomentField(allow_null=True)
    cancel_reason = serializers.CharField()


class AttemptIn(StrictSerializer):
    reached = serializers.BooleanField()
    channel = serializers.ChoiceField(choices=Attempt.Channel.choices, default=Attempt.Channel.PHONE)


class AttemptOut(OutSerializer):
    code = serializers.UUIDField()
    at = MomentField()
    day = DayField()
    channel = serializers.CharField()
    reached = serializers.BooleanField()
    by_name = serializers.CharField()


class ResultIn(StrictSerializer):
    result = serializers.ChoiceField(choices=[FollowUp.Result.FINE, FollowUp.Result.PROBLEM, FollowUp.Result.SEVERE])
    note = LineField(max_length=1000, required=False, allow_blank=True, default="")
    channel = serializers.ChoiceField(choices=Attempt.Channel.choices, default=Attempt.Channel.PHONE)
    return_visit = serializers.UUIDField(required=False, allow_null=True, default=None)
    refusal_reason = LineField(max_length=120, required=False, allow_blank=True, default="")
    steps = serializers.ListField(child=LineField(max_length=40), required=False, default=list, max_length=20)
    answers = serializers.DictField(child=LineField(max_length=200), required=False, default=dict)
    education_given = serializers.BooleanField(default=False)
    satisfaction = serializers.ChoiceField(
        choices=FollowUp.Satisfaction.choices, required=False, allow_blank=True, default=""
    )
    suggestion = LineField(max_length=500, required=False, allow_blank=True, default="")
    suggestion_for = LineField(max_length=40, required=False, allow_blank=True, default="")


class AnswerIn(StrictSerializer):
    note = LineField(max_length=1000)


class ContactIn(StrictSerializer):
    """What the patient corrected; what stays empty is not changed."""

    phone = LineField(max_length=40, required=False, allow_blank=True, default="")
    address = LineField(max_length=200, required=False, allow_blank=True, default="")


class CancelIn(StrictSerializer):
    reason = LineField(max_length=120)
