"""What the API of the day takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import LineField, MomentField, OutSerializer, StrictSerializer
from services.shift.machines import DAY, HANDOVER, INCIDENT, VISITOR
from services.shift.models import Absence, Broadcast, HandOver, ItemEntry, Tick


class DayOut(OutSerializer):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    day = serializers.DateField()
    state = serializers.ChoiceField(choices=DAY.choices)
    opens_at = MomentField()
    closes_at = MomentField()
    opened_at = MomentField(allow_null=True)
    opened_by_name = serializers.CharField()
    closed_at = MomentField(allow_null=True)
    closed_by_name = serializers.CharField()


class TickOut(OutSerializer):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    purpose = serializers.CharField()
    key = serializers.CharField()
    text_zh = serializers.CharField()
    text_en = serializers.CharField()
    mandatory = serializers.BooleanField()
    result = serializers.CharField(help_text="Empty, done or not_done.")
    reason = serializers.CharField()
    at = MomentField(allow_null=True)
    by_name = serializers.CharField()


class TickIn(StrictSerializer):
    """``reason`` is needed where the item is not done."""

    result = serializers.ChoiceField(choices=Tick.Result.choices)
    reason = LineField(max_length=300, required=False, allow_blank=True, default="")


class ArrivalOut(OutSerializer):
    code = serializers.UUIDField()
    day = serializers.DateField(source="day.day")
    user_name = serializers.CharField()
    at = MomentField()
    due_at = MomentField()
    late_minutes = serializers.IntegerField()


class ItemOut(OutSerializer):
    code = serializers.UUIDField()
    site = serializers.UUIDField(source="site.code")
    at = MomentField()
    direction = serializers.ChoiceField(choices=ItemEntry.Direction.choices)
    kind = serializers.ChoiceField(choices=ItemEntry.Kind.choices)
    what = serializers.CharField()
    party = serializers.CharField()
    receiver = serializers.CharField()
    remark = serializers.CharField()
    handler_name = serializers.CharField()


class ItemIn(StrictSerializer):
    site = serializers.UUIDField()
    direction = serializers.ChoiceField(choices=ItemEntry.Direction.choices)
    kind = serializers.ChoiceField(choices=ItemEntry.Kind.choices)
    what = LineField(max_length=120)
    party = LineField(max_length=80)
    receiver = LineField(max_length=80)
    remark = LineField(max_length=500, required=False, allow_blank=True, default="")


class VisitorOut(OutSerializer):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    state = serializers.ChoiceField(choices=VISITOR.choices)
    name = serializers.CharField()
    company = serializers.CharField()
    purpose = serializers.CharField()
    host = serializers.UUIDField(source="host.code")
    arrived_at = MomentField()
    received_at = MomentField(allow_null=True)
    left_at = MomentField(allow_null=True)


class VisitorIn(StrictSerializer):
    site = serializers.UUIDField()
    host = serializers.UUIDField()
    name = LineField(max_length=80)
    company = LineField(max_length=80, required=False, allow_blank=True, default="")
    purpose = LineField(max_length=500)


class BroadcastOut(OutSerializer):
    code = serializers.UUIDField()
    site = serializers.UUIDField(source="site.code")
    at = MomentField()
    kind = serializers.ChoiceField(choices=Broadcast.Kind.choices)
    text = serializers.CharField()
    requested_by = serializers.CharField()
    by_name = serializers.CharField()


class BroadcastIn(StrictSerializer):
    site = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Broadcast.Kind.choices)
    text = LineField(max_length=500)
    requested_by = LineField(max_length=80)


class IncidentOut(OutSerializer):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    state = serializers.ChoiceField(choices=INCIDENT.choices)
    at = MomentField()
    place = serializers.CharField()
    words = serializers.CharField()
    persons = serializers.CharField()
    answered_at = MomentField(allow_null=True)
    answered_by_name = serializers.CharField()
    closed_at = MomentField(allow_null=True)
    outcome = serializers.CharField()


class IncidentIn(StrictSerializer):
    site = serializers.UUIDField()
    place = LineField(max_length=80)
    words = LineField(max_length=1000)
    persons = LineField(max_length=300, required=False, allow_blank=True, default="")


class AbsenceOut(OutSerializer):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    state = serializers.CharField()
    post = serializers.ChoiceField(choices=Absence.Post.choices)
    staff = serializers.UUIDField(source="staff.code")
    cover = serializers.UUIDField(source="cover.code", allow_null=True, default=None)
    reason = serializers.CharField()
    left_at = MomentField()
    back_at = MomentField(allow_null=True)
    left_empty = serializers.BooleanField()


class AwayIn(StrictSerializer):
    site = serializers.UUIDField()
    post = serializers.ChoiceField(choices=Absence.Post.choices)
    cover = serializers.UUIDField(required=False, allow_null=True, default=None)
    reason = LineField(max_length=120)


class LeftoverOut(OutSerializer):
    key = serializers.CharField(source="source", help_text="What kind of thing is open; names it when it is passed on.")
    title = serializers.CharField()
    count = serializers.SerializerMethodField()
    money = serializers.BooleanField(help_text="Blocks the close and is cured, never passed on.")
    reason = serializers.CharField(help_text="Why it was passed on; empty while it stands against the close.")

    def get_count(self, leftover: object) -> int:
        return len(leftover.keys)  # type: ignore[attr-defined]


class HandOverOut(OutSerializer):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    day = serializers.DateField(source="day.day")
    kind = serializers.ChoiceField(choices=HandOver.Kind.choices)
    state = serializers.ChoiceField(choices=HANDOVER.choices)
    given_at = MomentField(allow_null=True)
    given_by_name = serializers.CharField()
    received_at = MomentField(allow_null=True)
    received_by_name = serializers.CharField()


class OneHandOverOut(HandOverOut):
    """With what is open now, while it is being prepared."""

    leftovers = LeftoverOut(many=True)


class BeginIn(StrictSerializer):
    site = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=HandOver.Kind.choices)


class PassOnIn(StrictSerializer):
    key = LineField(max_length=60)
    reason = LineField(max_length=300)


class SignIn(StrictSerializer):
    cash_fen = serializers.IntegerField(min_value=0, max_value=10**12, required=False, allow_null=True, default=None)
    remark = LineField(max_length=1000, required=False, allow_blank=True, default="")
