"""What the search answers."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import OutSerializer


class HitOut(OutSerializer):
    """One thing that was found."""

    kind = serializers.CharField(help_text="patient, staff, item, command, …")
    code = serializers.UUIDField(allow_null=True)
    title = serializers.CharField()
    subtitle = serializers.CharField(allow_blank=True)
    url = serializers.CharField(help_text="Its page")
    state = serializers.CharField(allow_blank=True, help_text="The present state of a patient, e.g. waiting")


class SearchOut(OutSerializer):
    """What was found, by the rooms that were asked."""

    query = serializers.CharField(allow_blank=True)
    results = HitOut(many=True)
