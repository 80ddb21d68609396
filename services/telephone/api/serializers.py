"""What the API of the telephone takes and gives."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from kernel.api.serializers import LineField, MomentField, OutSerializer, StrictSerializer
from kernel.web.formatting import masked_phone
from services.patients.models import Sex
from services.telephone.machines import MESSAGE, PROMISE
from services.telephone.models import Call, Outcome, Promise, Purpose, Way

PROMISED = [choice for choice in Promise.Kind.choices if choice[0] != Promise.Kind.REPLY]


class CallerIn(StrictSerializer):
    site = serializers.UUIDField()
    patient = serializers.UUIDField(required=False, allow_null=True, default=None)
    phone = LineField(max_length=30, required=False, allow_blank=True, default="")


class CallIn(CallerIn):
    direction = serializers.ChoiceField(choices=Call.Direction.choices)
    purpose = serializers.ChoiceField(choices=Purpose.choices)
    outcome = serializers.ChoiceField(choices=Outcome.choices)
    started_at = MomentField(required=False, allow_null=True, default=None)
    caller_name = LineField(max_length=80, required=False, allow_blank=True, default="")
    caller_sex = serializers.ChoiceField(choices=Sex.choices, required=False, allow_blank=True, default="")
    summary = LineField(max_length=1000, required=False, allow_blank=True, default="")
    rings = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=0, max_value=60)
    read_back = serializers.BooleanField(default=False)
    recipient = serializers.UUIDField(required=False, allow_null=True, default=None)
    reachable = LineField(max_length=80, required=False, allow_blank=True, default="")
    alternative = LineField(max_length=300, required=False, allow_blank=True, default="")
    due_at = MomentField(required=False, allow_null=True, default=None)
    way = serializers.ChoiceField(choices=Way.choices, required=False, allow_blank=True, default="")
    consulted = serializers.UUIDField(required=False, allow_null=True, default=None)
    serious = serializers.BooleanField(default=False)
    suggestion = LineField(max_length=300, required=False, allow_blank=True, default="")


class _MaskedPhone(OutSerializer):
    """Lists show enough of a number to tell callers apart."""

    def get_phone_masked(self, row: Any) -> str | None:
        return masked_phone(row.phone) if row.phone else None


class _WholePhone(serializers.Serializer[Any]):
    """One row: the whole number for whoever has to call, which is logged; else masked."""

    phone = serializers.SerializerMethodField()

    def get_phone(self, row: Any) -> str:
        return str(self.context["phone"])


class CallOut(_MaskedPhone):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    started_at = MomentField()
    direction = serializers.CharField()
    purpose = serializers.CharField()
    outcome = serializers.CharField()
    caller_name = serializers.CharField()
    caller_sex = serializers.CharField()
    phone_masked = serializers.SerializerMethodField()
    patient = serializers.UUIDField(source="patient.code", default=None, allow_null=True)
    handler_name = serializers.CharField()
    summary = serializers.CharField()
    rings = serializers.IntegerField(allow_null=True)
    read_back = serializers.BooleanField()
    way = serializers.CharField()
    consulted = serializers.UUIDField(source="consulted.code", default=None, allow_null=True)
    serious = serializers.BooleanField()


class OneCallOut(_WholePhone, CallOut):
    """A call as its page shows it: whoever answers a serious complaint sees the whole number, which is logged."""


class MessageIn(CallerIn):
    recipient = serializers.UUIDField()
    caller_name = LineField(max_length=80, required=False, allow_blank=True, default="")
    caller_sex = serializers.ChoiceField(choices=Sex.choices, required=False, allow_blank=True, default="")
    matter = LineField(max_length=1000)


class MessageOut(_MaskedPhone):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    recipient = serializers.UUIDField(source="recipient.code")
    patient = serializers.UUIDField(source="patient.code", default=None, allow_null=True)
    caller_name = serializers.CharField()
    caller_sex = serializers.CharField()
    phone_masked = serializers.SerializerMethodField()
    matter = serializers.CharField()
    state = serializers.ChoiceField(choices=MESSAGE.choices)
    taken_at = MomentField()
    taken_by_name = serializers.CharField()
    delivered_at = MomentField(allow_null=True)
    acknowledged_at = MomentField(allow_null=True)
    acknowledged_by_name = serializers.CharField()
    closed_at = MomentField(allow_null=True)
    reply = serializers.CharField()


class OneMessageOut(_WholePhone, MessageOut):
    """A message as its page shows it."""


class ReplyIn(StrictSerializer):
    reply = LineField(max_length=1000, required=False, allow_blank=True, default="")


class PromiseIn(CallerIn):
    kind = serializers.ChoiceField(choices=PROMISED)
    customer_name = LineField(max_length=80, required=False, allow_blank=True, default="")
    matter = LineField(max_length=1000)
    reachable = LineField(max_length=80, required=False, allow_blank=True, default="")
    alternative = LineField(max_length=300, required=False, allow_blank=True, default="")
    due_at = MomentField(required=False, allow_null=True, default=None)


class PromiseOut(_MaskedPhone):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    kind = serializers.CharField()
    patient = serializers.UUIDField(source="patient.code", default=None, allow_null=True)
    customer_name = serializers.CharField()
    phone_masked = serializers.SerializerMethodField()
    reachable = serializers.CharField()
    matter = serializers.CharField()
    alternative = serializers.CharField()
    state = serializers.ChoiceField(choices=PROMISE.choices)
    made_at = MomentField()
    made_by_name = serializers.CharField()
    due_at = MomentField()
    answer = serializers.CharField()
    answered_at = MomentField(allow_null=True)
    answered_by_name = serializers.CharField()
    told_at = MomentField(allow_null=True)
    told_by_name = serializers.CharField()
    told_how = serializers.CharField()
    outcome = serializers.CharField()
    outcome_at = MomentField(allow_null=True)
    outcome_by_name = serializers.CharField()


class OnePromiseOut(_WholePhone, PromiseOut):
    """A promise as its page shows it."""


class AnswerIn(StrictSerializer):
    answer = LineField(max_length=2000)


class ToldIn(StrictSerializer):
    customer_told = serializers.BooleanField()
    how = serializers.ChoiceField(choices=Promise.How.choices, default=Promise.How.PHONE)
    note = LineField(max_length=2000, required=False, allow_blank=True, default="")
