"""What the API of consultation takes and gives."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from kernel.api.serializers import DayField, LineField, MomentField, OutSerializer, StrictSerializer
from kernel.web.formatting import masked_phone
from services.consultation.machines import CONSULTATION, TALK
from services.consultation.models import Conduct, Consultation, DoctorTalk, Question
from services.consultation.success import Definition
from services.patients.models import Sex


def _words(length: int = 1000) -> serializers.CharField:
    return LineField(max_length=length, required=False, allow_blank=True, default="")


class OpenIn(StrictSerializer):
    site = serializers.UUIDField()
    channel = serializers.ChoiceField(choices=Consultation.Channel.choices)
    patient = serializers.UUIDField(required=False, allow_null=True, default=None)
    customer_name = _words(80)
    customer_sex = serializers.ChoiceField(choices=Sex.choices, required=False, allow_blank=True, default="")
    phone = _words(30)
    age = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=0, max_value=120)
    vertical = _words(30)
    need = _words(500)


class ConsultationOut(OutSerializer):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    vertical = serializers.CharField()
    patient = serializers.UUIDField(source="patient.code", default=None, allow_null=True)
    customer_name = serializers.CharField()
    phone_masked = serializers.SerializerMethodField()
    repeats = serializers.UUIDField(source="origin.code", default=None, allow_null=True)
    consultant = serializers.UUIDField(source="consultant.code", default=None, allow_null=True)
    channel = serializers.CharField()
    state = serializers.ChoiceField(choices=CONSULTATION.choices)
    opened_at = MomentField()
    started_at = MomentField(allow_null=True)
    need = serializers.CharField()
    expectation = serializers.CharField()
    concerns = serializers.CharField()
    condition = serializers.CharField()
    further = serializers.CharField()
    advice = serializers.CharField()
    next_step = serializers.CharField()
    call_back_on = DayField(allow_null=True)
    refusal = serializers.CharField()
    concluded_at = MomentField(allow_null=True)
    understood_at = MomentField(allow_null=True)
    fee_settled_at = MomentField(allow_null=True)

    def get_phone_masked(self, row: Any) -> str | None:
        return masked_phone(row.phone) if row.phone else None


class NotesIn(StrictSerializer):
    need = _words()
    expectation = _words()
    concerns = _words()
    condition = _words()
    further = serializers.ChoiceField(
        choices=Consultation.Further.choices, required=False, allow_blank=True, default=""
    )
    advice = _words(2000)
    mental_care = _words()
    conduct = serializers.ListField(
        child=serializers.ChoiceField(choices=Conduct.choices), required=False, default=list, max_length=8
    )


class RecommendIn(StrictSerializer):
    item = serializers.UUIDField()
    content = _words()
    advantages = _words()
    risks = _words()
    precautions = _words()


class RecommendationOut(OutSerializer):
    code = serializers.UUIDField()
    item = serializers.UUIDField(source="item.code")
    content = serializers.CharField()
    advantages = serializers.CharField()
    risks = serializers.CharField()
    precautions = serializers.CharField()
    price_fen = serializers.IntegerField()


class QuestionIn(StrictSerializer):
    text = LineField(max_length=500)
    is_complex = serializers.BooleanField(default=False)


class QuestionOut(OutSerializer):
    code = serializers.UUIDField()
    text = serializers.CharField()
    is_complex = serializers.BooleanField()
    answer = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    reference = serializers.CharField()
    asked_at = MomentField()
    closed_at = MomentField(allow_null=True)


class AnswerIn(StrictSerializer):
    source = serializers.ChoiceField(choices=Question.Source.choices)  # type: ignore[assignment]
    answer = _words(2000)
    reference = _words(300)
    standard = serializers.UUIDField(required=False, allow_null=True, default=None)


class ConcludeIn(StrictSerializer):
    outcome = serializers.ChoiceField(choices=["booked", "accepted", "undecided", "refused"])
    next_step = _words(300)
    call_back_on = DayField(required=False, allow_null=True, default=None)
    refusal = serializers.ChoiceField(
        choices=Consultation.Refusal.choices, required=False, allow_blank=True, default=""
    )
    refusal_words = _words(300)
    appointment = serializers.UUIDField(required=False, allow_null=True, default=None)


class WithdrawIn(StrictSerializer):
    reason = _words(120)


class TalkIn(StrictSerializer):
    doctor = serializers.UUIDField()
    mode = serializers.ChoiceField(choices=DoctorTalk.Mode.choices)
    matter = _words(1000)
    question = serializers.UUIDField(required=False, allow_null=True, default=None)
    due_at = MomentField(required=False, allow_null=True, default=None)


class TalkOut(OutSerializer):
    code = serializers.UUIDField()
    consultation = serializers.UUIDField(source="consultation.code")
    question = serializers.UUIDField(source="question.code", default=None, allow_null=True)
    doctor = serializers.UUIDField(source="doctor.code")
    mode = serializers.CharField()
    matter = serializers.CharField()
    state = serializers.ChoiceField(choices=TALK.choices)
    due_at = MomentField()
    answer = serializers.CharField()
    answered_at = MomentField(allow_null=True)
    presented_at = MomentField(allow_null=True)


class TalkAnswerIn(StrictSerializer):
    answer = LineField(max_length=2000)


class ToldIn(StrictSerializer):
    customer_told = serializers.BooleanField()


class StandardAnswerOut(OutSerializer):
    code = serializers.UUIDField()
    question = serializers.CharField(source="item.question")
    answer = serializers.CharField()
    reference = serializers.CharField()
    number = serializers.IntegerField()


class DefinitionOut(OutSerializer):
    """How a month is counted: it keeps the definition with which it began."""

    days = serializers.IntegerField()
    bookings = serializers.BooleanField()
    taken_back_counts = serializers.SerializerMethodField()

    def get_taken_back_counts(self, definition: Definition) -> bool:
        return not definition.keeps


class ConsultantRateOut(OutSerializer):
    consultant = serializers.UUIDField(source="consultant.code")
    firsts = serializers.IntegerField()
    successes = serializers.IntegerField()
    repetitions = serializers.IntegerField()
    percent = serializers.FloatField(allow_null=True)


class RateOut(OutSerializer):
    month = serializers.CharField()
    firsts = serializers.IntegerField(source="rate.firsts")
    successes = serializers.IntegerField(source="rate.successes")
    repetitions = serializers.IntegerField(source="rate.repetitions")
    percent = serializers.FloatField(source="rate.percent", allow_null=True)
    consultants = ConsultantRateOut(many=True)
    definition = DefinitionOut(allow_null=True)
