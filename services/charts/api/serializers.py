"""What the API of paper charts takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import DayField, LineField, MomentField, OutSerializer, StrictSerializer
from services.charts.machines import RELEASE, TRANSCRIPTION
from services.charts.models import ChartPrint, ChartRelease


class ReleaseOut(OutSerializer):
    """A patient asks for their chart."""

    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    patient = serializers.UUIDField(source="patient.code")
    kind = serializers.ChoiceField(choices=ChartRelease.Kind.choices)
    reason = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(choices=RELEASE.choices)
    requested_at = MomentField()
    requested_by = serializers.CharField(source="requested_by_name")
    decided_at = MomentField(allow_null=True)
    decided_by = serializers.CharField(source="decided_by_name", allow_blank=True)
    decision = serializers.CharField(allow_blank=True)
    holds = serializers.ListField(child=serializers.CharField(), help_text="What was in dispute at the decision")
    receiver = serializers.CharField(allow_blank=True)
    receiver_name = serializers.CharField(allow_blank=True)
    handed_at = MomentField(allow_null=True)
    return_on = DayField(allow_null=True)
    returned_at = MomentField(allow_null=True)


class RequestIn(StrictSerializer):
    """What is asked for."""

    site = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=ChartRelease.Kind.choices)
    reason = LineField(
        max_length=300, required=False, allow_blank=True, default="", help_text="Needed for the original"
    )


class RefuseIn(StrictSerializer):
    """Why not."""

    words = LineField(max_length=300, required=False, allow_blank=True, default="")


class HandOutIn(StrictSerializer):
    """Who takes it."""

    receiver = serializers.ChoiceField(choices=ChartRelease.Receiver.choices)
    receiver_name = LineField(max_length=80, required=False, allow_blank=True, default="")
    identity_checked = serializers.BooleanField(required=False, default=False)
    return_on = DayField(required=False, allow_null=True, default=None, help_text="Needed for the original")


class PrintOut(OutSerializer):
    """A chart was looked up or printed."""

    code = serializers.UUIDField()
    site = serializers.UUIDField(source="site.code")
    patient = serializers.UUIDField(source="patient.code")
    act = serializers.ChoiceField(choices=ChartPrint.Act.choices)
    requester = serializers.CharField()
    purpose = serializers.ChoiceField(choices=ChartPrint.Purpose.choices)
    pages = serializers.IntegerField()
    at = MomentField()
    by = serializers.CharField(source="by_name")


class PrintIn(StrictSerializer):
    """For whom and what for."""

    site = serializers.UUIDField()
    act = serializers.ChoiceField(choices=ChartPrint.Act.choices)
    requester = LineField(max_length=80)
    purpose = serializers.ChoiceField(choices=ChartPrint.Purpose.choices)
    pages = serializers.IntegerField(min_value=0, max_value=2000, required=False, default=0)


class TranscriptionOut(OutSerializer):
    """Words of the paper chart under the personal entry stamp."""

    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    patient = serializers.UUIDField(source="patient.code")
    written_on = DayField()
    text = serializers.CharField()
    text_hash = serializers.CharField()
    stamp = serializers.CharField()
    state = serializers.ChoiceField(choices=TRANSCRIPTION.choices)
    entered_at = MomentField()
    difference = serializers.CharField(allow_blank=True)
    verified_at = MomentField(allow_null=True)
    verified_by = serializers.CharField(source="verified_by_name", allow_blank=True)
    returned_at = MomentField(allow_null=True)


class TranscribeIn(StrictSerializer):
    """What is copied."""

    site = serializers.UUIDField()
    written_on = DayField()
    text = serializers.CharField(max_length=8000)


class SeenIn(StrictSerializer):
    """Which words were compared with the paper."""

    seen_hash = LineField(max_length=64)


class DifferenceIn(SeenIn):
    """What differs from the paper."""

    difference = LineField(max_length=500)


class AgainIn(StrictSerializer):
    """The words put right."""

    text = serializers.CharField(max_length=8000)


class StagedOut(OutSerializer):
    """A booked guest and whether the chart lies ready."""

    appointment = serializers.UUIDField(source="appointment.code")
    patient = serializers.UUIDField(source="appointment.patient.code")
    starts_at = MomentField(source="appointment.starts_at")
    pulled_at = MomentField(source="pulled.pulled_at", allow_null=True, default=None)
    pulled_by = serializers.CharField(source="pulled.pulled_by_name", allow_null=True, default=None)


class StagingOut(OutSerializer):
    """The charts of a day in the order of the bookings, and the blank records."""

    day = DayField()
    charts = StagedOut(many=True)
    blanks = serializers.IntegerField(source="stock.count", allow_null=True, default=None)
    blanks_needed = serializers.IntegerField(source="least")


class CountIn(StrictSerializer):
    """How many blank records there are."""

    site = serializers.UUIDField()
    count = serializers.IntegerField(min_value=0, max_value=100_000)


class BlanksOut(OutSerializer):
    """The blank records as last counted."""

    count = serializers.IntegerField()
    counted_at = MomentField()
    counted_by = serializers.CharField(source="counted_by_name")
