"""What the API of the front desk takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import LineField, MomentField, OutSerializer, StrictSerializer
from services.appointments.models import Assignment
from services.reception.machine import MACHINE
from services.reception.models import Visit, WaitExplanation


class VisitOut(OutSerializer):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    patient = serializers.UUIDField(source="patient.code")
    doctor = serializers.UUIDField(source="doctor.code")
    chair = serializers.UUIDField(source="chair.code", default=None, allow_null=True)
    appointment = serializers.UUIDField(source="appointment.code", default=None, allow_null=True)
    vertical = serializers.CharField()
    visit_class = serializers.CharField()
    is_first = serializers.BooleanField()
    state = serializers.ChoiceField(choices=MACHINE.choices)
    emergency = serializers.CharField()
    arrived_at = MomentField()
    registered_at = MomentField(allow_null=True)
    announced_wait_minutes = serializers.IntegerField(allow_null=True)
    opinion = serializers.CharField()
    education_topic = serializers.CharField()
    led_in_at = MomentField(allow_null=True)
    in_chair_at = MomentField(allow_null=True)
    finished_at = MomentField(allow_null=True)
    left_at = MomentField(allow_null=True)
    settled_at = MomentField(allow_null=True)
    closed_at = MomentField(allow_null=True)
    ended_at = MomentField(allow_null=True)
    end_reason = serializers.CharField()
    wait_seconds = serializers.IntegerField(allow_null=True, help_text="Registration to lead-in; null while it runs.")


class WaitingOut(OutSerializer):
    """A line of the waiting list; ``stage`` is calm, ask (over what is told without asking) or over."""

    visit = serializers.UUIDField(source="visit.code")
    patient = serializers.UUIDField(source="visit.patient.code")
    registered_at = MomentField(source="visit.registered_at")
    emergency = serializers.CharField(source="visit.emergency")
    stage = serializers.ChoiceField(choices=["calm", "ask", "over"])
    ask_minutes = serializers.IntegerField(source="ask")
    limit_minutes = serializers.IntegerField(source="limit")
    needs_announcement = serializers.BooleanField()
    needs_opinion = serializers.BooleanField()
    needs_explanation = serializers.BooleanField()
    blocked_by = serializers.UUIDField(source="blocked_by.code", default=None, allow_null=True)


class WaitingListOut(OutSerializer):
    at = MomentField(help_text="The server's time of this answer")
    results = WaitingOut(many=True)


class CheckInIn(StrictSerializer):
    """A booked patient (``appointment``), or a walk-in (``patient`` and ``doctor``)."""

    site = serializers.UUIDField()
    appointment = serializers.UUIDField(required=False, allow_null=True, default=None)
    patient = serializers.UUIDField(required=False, allow_null=True, default=None)
    doctor = serializers.UUIDField(required=False, allow_null=True, default=None)
    vertical = serializers.SlugField(max_length=30, required=False, allow_blank=True, default="")
    visit_class = LineField(max_length=24, required=False, allow_blank=True, default="")
    visit_class_reason = LineField(max_length=24, required=False, allow_blank=True, default="")
    complaint = LineField(max_length=200, required=False, allow_blank=True, default="")
    deviation = serializers.ChoiceField(
        choices=Assignment.Deviation.choices, required=False, allow_blank=True, default=""
    )
    deviation_note = LineField(max_length=200, required=False, allow_blank=True, default="")
    emergency = serializers.SlugField(max_length=40, required=False, allow_blank=True, default="")
    registered = serializers.BooleanField(default=True, help_text="False: only arrived, to be registered.")
    by_rule = serializers.BooleanField(default=False, help_text="Without a doctor the rules of assignment choose.")


class ClassIn(StrictSerializer):
    visit_class = LineField(max_length=24)
    reason = LineField(max_length=24, required=False, allow_blank=True, default="")


class ClassOut(OutSerializer):
    """What a visit is, what the history proposes and why, and what may be chosen."""

    visit_class = serializers.CharField()
    proposed = serializers.CharField()
    because = serializers.CharField()
    why = serializers.CharField()
    classes = serializers.ListField(child=serializers.CharField())
    reasons = serializers.ListField(child=serializers.CharField())


class AnnounceIn(StrictSerializer):
    minutes = serializers.IntegerField(min_value=0, max_value=1440)


class OpinionIn(StrictSerializer):
    opinion = serializers.ChoiceField(choices=Visit.Opinion.choices)
    education_topic = LineField(max_length=60, required=False, allow_blank=True, default="")
    reason = LineField(max_length=120, required=False, allow_blank=True, default="")


class ExplainIn(StrictSerializer):
    reason = serializers.ChoiceField(choices=WaitExplanation.Reason.choices)
    words = LineField(max_length=300)


class ExplanationOut(OutSerializer):
    code = serializers.UUIDField()
    at = MomentField()
    by_name = serializers.CharField()
    reason = serializers.CharField()
    words = serializers.CharField()
    late_seconds = serializers.IntegerField(help_text="How long after the alert it came; 0 is in time.")
    late_note = serializers.BooleanField(help_text="Written after the wait was over: it changes no figure.")


class LeadInIn(StrictSerializer):
    chair = serializers.UUIDField(required=False, allow_null=True, default=None)


class ReasonIn(StrictSerializer):
    reason = LineField(max_length=120)


class OverrideIn(StrictSerializer):
    reason = LineField(max_length=300)


class OverriddenOut(OutSerializer):
    code = serializers.UUIDField()
    gate = serializers.CharField()
    subject = serializers.UUIDField(source="subject_code")
    as_role = serializers.CharField()
    reason = serializers.CharField()
    granted_at = MomentField()
    expires_at = MomentField()
    review_due_at = MomentField()


class RebookIn(StrictSerializer):
    starts_at = MomentField()
    doctor = serializers.UUIDField(required=False, allow_null=True, default=None)
    chair = serializers.UUIDField(required=False, allow_null=True, default=None)
    units = serializers.IntegerField(min_value=1, max_value=40, required=False, allow_null=True, default=None)
    reason = LineField(max_length=120, required=False, allow_blank=True, default="")


class EmergencyIn(StrictSerializer):
    condition = serializers.SlugField(max_length=40)
