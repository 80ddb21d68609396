"""What goes in and out of the API of sites."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import DayField, LineField, OutSerializer, StrictSerializer


class SiteOut(OutSerializer):
    """A branch."""

    code = serializers.UUIDField()
    version = serializers.IntegerField()
    slug = serializers.CharField()
    name = serializers.CharField()
    short_name = serializers.CharField()
    city = serializers.CharField()
    address = serializers.CharField(allow_blank=True)
    phone = serializers.CharField(allow_blank=True)
    time_zone = serializers.CharField()
    order = serializers.IntegerField()
    is_active = serializers.BooleanField()
    entity = serializers.CharField(source="entity.name", help_text="Name of the legal entity")


class SiteIn(StrictSerializer):
    """What of a branch may be changed."""

    name = LineField(max_length=80, required=False)
    short_name = LineField(max_length=20, required=False)
    city = LineField(max_length=40, required=False)
    address = LineField(max_length=200, required=False, allow_blank=True)
    phone = LineField(max_length=40, required=False, allow_blank=True)
    order = serializers.IntegerField(min_value=0, max_value=30_000, required=False)


class ChairOut(OutSerializer):
    """A bookable chair."""

    code = serializers.UUIDField()
    name = serializers.CharField()
    room_no = serializers.CharField()
    room = serializers.CharField(source="room.name")
    order = serializers.IntegerField()


class ChairListOut(OutSerializer):
    """The chairs of a branch in the order of the board."""

    results = ChairOut(many=True)


class SpanOut(OutSerializer):
    """An open stretch, as moments."""

    opens_at = serializers.DateTimeField()
    closes_at = serializers.DateTimeField()


class DayOut(OutSerializer):
    """One day of a branch; no spans: closed."""

    day = DayField()
    spans = SpanOut(many=True)


class HoursOut(OutSerializer):
    """The opening hours of a branch, day by day."""

    results = DayOut(many=True)
