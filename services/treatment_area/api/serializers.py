"""What the API of the treatment area takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import LineField, MomentField, OutSerializer, StrictSerializer
from services.treatment_area.machine import CONCERN, NOTE, PRIORITY, RELATIVE
from services.treatment_area.models import AccompanyingRelative, Concern, Feedback, Ground, Priority


class RelativeOut(OutSerializer):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    visit = serializers.UUIDField(source="visit.code")
    name = serializers.CharField()
    relation = serializers.CharField()
    state = serializers.ChoiceField(choices=RELATIVE.choices)
    ground = serializers.CharField(help_text="Why the relative may be inside; empty when refused.")
    refusal = serializers.CharField(help_text="Why the relative stayed outside; empty when admitted.")
    note = serializers.CharField()
    asked_at = MomentField()
    in_at = MomentField(allow_null=True)
    out_at = MomentField(allow_null=True)


class AdmitIn(StrictSerializer):
    """``ground`` only beside the age: what the tenant admits further. A doctor's medical need is used by itself."""

    name = LineField(max_length=80)
    relation = serializers.ChoiceField(choices=AccompanyingRelative.Relation.choices)
    ground = serializers.ChoiceField(choices=Ground.choices, required=False, allow_blank=True, default="")
    note = LineField(max_length=500, required=False, allow_blank=True, default="")


class RefuseIn(StrictSerializer):
    name = LineField(max_length=80)
    relation = serializers.ChoiceField(choices=AccompanyingRelative.Relation.choices)
    refusal = serializers.ChoiceField(choices=AccompanyingRelative.Refusal.choices)
    words = LineField(max_length=500, required=False, allow_blank=True, default="")


class NeedIn(StrictSerializer):
    reason = LineField(max_length=500)


class NeedOut(OutSerializer):
    code = serializers.UUIDField()
    visit = serializers.UUIDField(source="visit.code")
    reason = serializers.CharField()
    at = MomentField()
    by_name = serializers.CharField()


class TakeOverIn(StrictSerializer):
    remark = LineField(max_length=500, required=False, allow_blank=True, default="")


class FloorEntryOut(OutSerializer):
    code = serializers.UUIDField()
    visit = serializers.UUIDField(source="visit.code")
    given_by_name = serializers.CharField()
    received_by_name = serializers.CharField()
    remark = serializers.CharField()
    signed_at = MomentField()


class FeedbackIn(StrictSerializer):
    about = serializers.ChoiceField(choices=Feedback.About.choices)
    is_good = serializers.BooleanField()
    words = LineField(max_length=500, required=False, allow_blank=True, default="")


class FeedbackOut(OutSerializer):
    code = serializers.UUIDField()
    visit = serializers.UUIDField(source="visit.code")
    about = serializers.CharField()
    is_good = serializers.BooleanField()
    words = serializers.CharField()
    at = MomentField()
    by_name = serializers.CharField()


class NoteIn(StrictSerializer):
    text = LineField(max_length=500)


class ReplyIn(StrictSerializer):
    reply = LineField(max_length=500)


class NoteOut(OutSerializer):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    visit = serializers.UUIDField(source="visit.code")
    doctor = serializers.UUIDField(source="doctor.code")
    text = serializers.CharField()
    state = serializers.ChoiceField(choices=NOTE.choices)
    sent_at = MomentField()
    sent_by_name = serializers.CharField()
    reply = serializers.CharField()
    replied_at = MomentField(allow_null=True)
    replied_by_name = serializers.CharField()
    reply_seconds = serializers.IntegerField(allow_null=True, help_text="Sending to answer; null while there is none.")
    escalated_at = MomentField(allow_null=True)
    withdrawn_at = MomentField(allow_null=True)


class PriorityIn(StrictSerializer):
    reason = serializers.ChoiceField(choices=Priority.Reason.choices)
    condition = LineField(max_length=500, required=False, allow_blank=True, default="")


class PriorityOut(OutSerializer):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    visit = serializers.UUIDField(source="visit.code")
    reason = serializers.CharField()
    condition = serializers.CharField()
    state = serializers.ChoiceField(choices=PRIORITY.choices)
    raised_at = MomentField()
    accompanied_at = MomentField(allow_null=True)
    ended_at = MomentField(allow_null=True)


class ConcernIn(StrictSerializer):
    site = serializers.UUIDField()
    visit = serializers.UUIDField(required=False, allow_null=True, default=None)
    kind = serializers.ChoiceField(choices=Concern.Kind.choices)
    to = serializers.ChoiceField(choices=Concern.To.choices, default=Concern.To.HEAD_NURSE)
    words = LineField(max_length=500)


class ResolveIn(StrictSerializer):
    resolution = LineField(max_length=500)


class ConcernOut(OutSerializer):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    visit = serializers.UUIDField(source="visit.code", default=None, allow_null=True)
    kind = serializers.CharField()
    to = serializers.CharField()
    words = serializers.CharField()
    state = serializers.ChoiceField(choices=CONCERN.choices)
    reported_at = MomentField()
    reported_by_name = serializers.CharField()
    resolution = serializers.CharField()
    resolved_at = MomentField(allow_null=True)
    resolution_seconds = serializers.IntegerField(allow_null=True, help_text="Report to resolution; null while open.")
