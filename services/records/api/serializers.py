"""What goes in and out of the API of charts."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import DayField, LineField, MomentField, OutSerializer, StrictSerializer


class TreatmentOut(OutSerializer):
    """Something that was done."""

    code = serializers.UUIDField()
    version = serializers.IntegerField()
    patient = serializers.UUIDField(source="patient.code")
    site = serializers.UUIDField(source="site.code")
    doctor = serializers.UUIDField(source="doctor.code")
    item = serializers.UUIDField(source="item.code")
    item_key = serializers.CharField(source="item.key")
    quantity = serializers.IntegerField()
    performed_at = MomentField()
    visit = serializers.UUIDField(source="visit_code", allow_null=True)
    note = serializers.CharField(allow_blank=True)
    is_sensitive = serializers.BooleanField()
    voided_at = MomentField(allow_null=True)
    void_reason = serializers.CharField(allow_blank=True)


class TreatmentIn(StrictSerializer):
    """Something that was done."""

    patient = serializers.UUIDField()
    site = serializers.UUIDField()
    doctor = serializers.UUIDField()
    item = serializers.UUIDField()
    quantity = serializers.IntegerField(min_value=1, max_value=100, required=False, default=1)
    performed_at = MomentField(required=False, allow_null=True, default=None, help_text="Now by default")
    visit = serializers.UUIDField(required=False, allow_null=True, default=None)
    note = serializers.CharField(max_length=8000, required=False, allow_blank=True, default="")
    is_sensitive = serializers.BooleanField(required=False, default=False, help_text="Only for the treating team")


class NoteOut(OutSerializer):
    """A note."""

    code = serializers.UUIDField()
    patient = serializers.UUIDField(source="patient.code")
    author = serializers.UUIDField(source="author.code")
    text = serializers.CharField()
    is_sensitive = serializers.BooleanField()
    written_at = MomentField()
    visit = serializers.UUIDField(source="visit_code", allow_null=True)
    corrects = serializers.UUIDField(source="corrects.code", allow_null=True, default=None)


class NoteIn(StrictSerializer):
    """A note to write."""

    patient = serializers.UUIDField()
    site = serializers.UUIDField()
    text = serializers.CharField(max_length=8000)
    visit = serializers.UUIDField(required=False, allow_null=True, default=None)
    corrects = serializers.UUIDField(required=False, allow_null=True, default=None)
    is_sensitive = serializers.BooleanField(required=False, default=False, help_text="Only for the treating team")


class ReviewOut(OutSerializer):
    """An entry that another person looks through."""

    code = serializers.UUIDField()
    version = serializers.IntegerField()
    patient = serializers.UUIDField(source="patient.code")
    site = serializers.UUIDField(source="site.code")
    treatment = serializers.UUIDField(source="treatment.code", allow_null=True, default=None)
    note = serializers.UUIDField(source="note.code", allow_null=True, default=None)
    basis = serializers.CharField()
    state = serializers.CharField()
    entered_by = serializers.CharField(source="entered_by_name")
    entered_at = MomentField()
    due_at = MomentField()
    reviewed_by = serializers.CharField(source="reviewed_by_name", allow_blank=True)
    objection = serializers.CharField(allow_blank=True)
    answer = serializers.CharField(allow_blank=True)


class ObjectionIn(StrictSerializer):
    """Why an entry goes back."""

    objection = serializers.CharField(max_length=1000)


class AnswerIn(StrictSerializer):
    """What was put right."""

    answer = serializers.CharField(max_length=1000)


class RetentionOut(OutSerializer):
    """Until when a file must be kept."""

    patient = serializers.UUIDField(source="patient.code")
    record_number = serializers.CharField(source="patient.record_number")
    last_entry_on = DayField(source="last")
    keep_until = DayField(source="until")


class HoldIn(StrictSerializer):
    """Until when a file is kept longer, and why."""

    until = DayField()
    reason = LineField(max_length=300, required=False, allow_blank=True, default="")


class HoldOut(OutSerializer):
    """A file is kept longer."""

    code = serializers.UUIDField()
    patient = serializers.UUIDField(source="patient.code")
    until = DayField()
    reason = serializers.CharField()
    set_at = MomentField()
    set_by = serializers.CharField(source="set_by_name")


class RetentionListOut(OutSerializer):
    """The files that nobody has to keep any longer, the oldest first, at most 200: for a decision, not an act."""

    results = RetentionOut(many=True)
