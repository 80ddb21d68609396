"""What the inbox's API takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import LineField, MomentField, OutSerializer, StrictSerializer


class TaskOut(OutSerializer):
    """A task with its words filled in, in the language of the request."""

    code = serializers.UUIDField(source="task.code")
    kind = serializers.CharField(source="task.kind")
    group = serializers.CharField(source="task.group")
    state = serializers.CharField(source="task.state")
    title = serializers.CharField()
    detail = serializers.CharField()
    subject_type = serializers.CharField(source="task.subject_type")
    subject = serializers.UUIDField(source="task.subject_code", allow_null=True)
    site = serializers.UUIDField(source="task.site.code", default=None, allow_null=True)
    assignee = serializers.UUIDField(source="task.assignee.code", default=None, allow_null=True)
    roles = serializers.ListField(source="task.roles", child=serializers.CharField())
    due_at = MomentField(source="task.due_at")
    overdue = serializers.BooleanField()
    escalated_at = MomentField(source="task.escalated_at", allow_null=True)
    result = serializers.CharField(source="task.result")
    closed_at = MomentField(source="task.closed_at", allow_null=True)
    closable = serializers.BooleanField(help_text="False: it closes by itself when the work is done in its room.")
    url = serializers.CharField(help_text="Path of the page where the work is done, empty when there is none.")


class CompleteIn(StrictSerializer):
    note = LineField(max_length=500, required=False, allow_blank=True, default="")


class HandOverIn(StrictSerializer):
    to = serializers.UUIDField(help_text="Code of the person")
    note = LineField(max_length=200, required=False, allow_blank=True, default="")


class CarryOverIn(StrictSerializer):
    until = MomentField()
    reason = LineField(max_length=200)
