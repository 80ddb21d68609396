"""What the API of guest care takes and gives."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from kernel.api.serializers import DayField, LineField, MomentField, OutSerializer, StrictSerializer
from kernel.web.formatting import masked_phone
from services.guest_care.models import Opinion, Post, PriceEnquiry, SpecialRequest, TreatmentReminder


def _free(longest: int) -> LineField:
    return LineField(max_length=longest, required=False, allow_blank=True, default="")


class NotedOut(OutSerializer):
    """Where, about whose visit, when and by whom."""

    code = serializers.UUIDField()
    site = serializers.UUIDField(source="site.code")
    visit = serializers.UUIDField(source="visit.code", default=None, allow_null=True)
    at = MomentField()
    by_name = serializers.CharField()


class AtSiteIn(StrictSerializer):
    site = serializers.UUIDField()
    visit = serializers.UUIDField(required=False, allow_null=True, default=None)


class LuggageIn(AtSiteIn):
    tag = LineField(max_length=12)
    description = LineField(max_length=200)
    owner = _free(80)
    at_desk = serializers.BooleanField(default=False)


class ReturnIn(StrictSerializer):
    returned_to = _free(80)


class LuggageOut(NotedOut):
    version = serializers.IntegerField()
    tag = serializers.CharField()
    description = serializers.CharField()
    owner = serializers.CharField()
    state = serializers.CharField()
    at_desk_at = MomentField(allow_null=True)
    returned_at = MomentField(allow_null=True)
    returned_by_name = serializers.CharField()


class PriceIn(AtSiteIn):
    """``quoted`` is for who may name prices, with the item."""

    question = LineField(max_length=500)
    outcome = serializers.ChoiceField(choices=PriceEnquiry.Outcome.choices)
    item = serializers.UUIDField(required=False, allow_null=True, default=None)


class PriceOut(NotedOut):
    question = serializers.CharField()
    outcome = serializers.CharField()
    item = serializers.UUIDField(source="item.code", default=None, allow_null=True)
    is_quoted = serializers.SerializerMethodField()

    def get_is_quoted(self, enquiry: PriceEnquiry) -> bool:
        """Was a price named? The price itself stands in the catalogue, for who may see it."""
        return enquiry.quoted_fen is not None


class AdviceIn(StrictSerializer):
    site = serializers.UUIDField()
    question = LineField(max_length=1000)
    answer = LineField(max_length=1000)
    name = _free(80)
    phone = _free(40)
    department = _free(60)
    follow_up_on = DayField(required=False, allow_null=True, default=None)


class ResultIn(StrictSerializer):
    result = LineField(max_length=1000)


class AdviceOut(NotedOut):
    version = serializers.IntegerField()
    name = serializers.CharField()
    phone = serializers.SerializerMethodField()
    question = serializers.CharField()
    answer = serializers.CharField()
    department = serializers.CharField()
    follow_up_on = DayField(allow_null=True)
    state = serializers.CharField()
    result = serializers.CharField()
    followed_at = MomentField(allow_null=True)

    def get_phone(self, advice: Any) -> str:
        """Masked; the whole number stands on the page of who calls."""
        return masked_phone(str(advice.phone)) if advice.phone else ""


class OpinionIn(AtSiteIn):
    speaker = serializers.ChoiceField(choices=Opinion.Speaker.choices)
    speaker_name = _free(80)
    words = serializers.CharField(max_length=2000)


class RemarkIn(StrictSerializer):
    remark = _free(500)


class OpinionOut(NotedOut):
    version = serializers.IntegerField()
    speaker = serializers.CharField()
    speaker_name = serializers.CharField()
    words = serializers.CharField()
    state = serializers.CharField()
    acknowledged_at = MomentField(allow_null=True)
    acknowledged_by_name = serializers.CharField()
    remark = serializers.CharField()


class RequestIn(AtSiteIn):
    kind = serializers.ChoiceField(choices=SpecialRequest.Kind.choices)
    words = LineField(max_length=500)
    guest_name = _free(80)


class CloseIn(StrictSerializer):
    met = serializers.BooleanField()
    unmet_reason = serializers.ChoiceField(
        choices=SpecialRequest.Unmet.choices, required=False, allow_blank=True, default=""
    )
    remark = _free(500)


class RequestOut(NotedOut):
    version = serializers.IntegerField()
    kind = serializers.CharField()
    words = serializers.CharField()
    guest_name = serializers.CharField()
    state = serializers.CharField()
    unmet_reason = serializers.CharField()
    closed_at = MomentField(allow_null=True)


class QuestionIn(AtSiteIn):
    doctor = serializers.UUIDField()
    question = LineField(max_length=1000)
    guest_name = _free(80)


class WithdrawIn(StrictSerializer):
    reason = LineField(max_length=500)


class AnswerIn(StrictSerializer):
    answer = LineField(max_length=2000)


class CarryIn(StrictSerializer):
    until = DayField()
    reason = LineField(max_length=500)


class QuestionOut(NotedOut):
    version = serializers.IntegerField()
    doctor = serializers.UUIDField(source="doctor.code")
    question = serializers.CharField()
    guest_name = serializers.CharField()
    due_at = MomentField()
    state = serializers.CharField()
    answer = serializers.CharField()
    answered_at = MomentField(allow_null=True)
    told_at = MomentField(allow_null=True)


class PassIn(StrictSerializer):
    from_post = serializers.ChoiceField(choices=Post.choices)
    to_post = serializers.ChoiceField(choices=Post.choices)
    note = _free(500)


class PassOut(NotedOut):
    version = serializers.IntegerField()
    from_post = serializers.CharField()
    to_post = serializers.CharField()
    state = serializers.CharField()
    acknowledged_at = MomentField(allow_null=True)
    acknowledged_by_name = serializers.CharField()
    withdrawn_at = MomentField(allow_null=True)


class ReminderIn(StrictSerializer):
    kind = serializers.ChoiceField(choices=TreatmentReminder.Kind.choices)
    words = _free(500)


class ReminderOut(NotedOut):
    version = serializers.IntegerField()
    kind = serializers.CharField()
    words = serializers.CharField()
    state = serializers.CharField()
    closed_at = MomentField(allow_null=True)
    reason = serializers.CharField(help_text="Why it was withdrawn.")


class StepIn(StrictSerializer):
    item = serializers.UUIDField()
    remark = _free(500)


class StepOut(NotedOut):
    item = serializers.CharField(source="item.key")
    remark = serializers.CharField()


class PlaceIn(StrictSerializer):
    place = _free(40)


class NextIn(StrictSerializer):
    site = serializers.UUIDField()
    place = _free(40)


class TicketOut(NotedOut):
    version = serializers.IntegerField()
    day = DayField()
    number = serializers.IntegerField()
    state = serializers.CharField()
    called_at = MomentField(allow_null=True)


class FaultIn(StrictSerializer):
    site = serializers.UUIDField()
    words = LineField(max_length=500)


class FaultOut(NotedOut):
    version = serializers.IntegerField()
    words = serializers.CharField()
    state = serializers.CharField()
    repaired_at = MomentField(allow_null=True)
