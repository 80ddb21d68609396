"""What the API of the correction book takes and gives. Money is integer fen."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import FenField, LineField, MomentField, OutSerializer, StrictSerializer
from services.cashier.api.serializers import HandedOverIn
from services.corrections.machines import CORRECTION
from services.corrections.models import Correction


class OwedIn(StrictSerializer):
    line = serializers.UUIDField()
    owed_fen = FenField()


class EntryIn(StrictSerializer):
    receipt = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Correction.Cause.choices)
    cause = LineField(max_length=300)
    wrong = LineField(max_length=300)
    right = LineField(max_length=300)
    patient = serializers.UUIDField(required=False, allow_null=True, default=None, help_text="The right patient")
    owed = OwedIn(many=True, required=False, allow_null=True, default=None)
    payments = HandedOverIn(many=True, required=False, default=list)


class OpinionIn(StrictSerializer):
    opinion = LineField(max_length=300, required=False, allow_blank=True, default="")


class RejectIn(StrictSerializer):
    opinion = LineField(max_length=300)


class EntryOut(OutSerializer):
    code = serializers.UUIDField()
    number = serializers.CharField()
    site = serializers.UUIDField(source="site.code")
    receipt = serializers.UUIDField(source="receipt.code")
    receipt_number = serializers.CharField(source="receipt.number")
    patient = serializers.UUIDField(source="patient.code")
    former = serializers.UUIDField(source="former.code", allow_null=True, default=None)
    state = serializers.ChoiceField(choices=CORRECTION.choices)
    kind = serializers.ChoiceField(choices=Correction.Cause.choices)
    cause = serializers.CharField()
    wrong = serializers.CharField()
    right = serializers.CharField()
    content_hash = serializers.CharField()
    drafted_at = MomentField()
    cashier_name = serializers.CharField()
    verified_at = MomentField(allow_null=True)
    verified_by_name = serializers.CharField()
    opinion = serializers.CharField()
    applied_at = MomentField(allow_null=True)
    applied_by_name = serializers.CharField()
    reissued = serializers.UUIDField(source="reissued.code", allow_null=True, default=None)
    acknowledged_at = MomentField(allow_null=True)
    acknowledged_by_name = serializers.CharField()
    ticked_at = MomentField(allow_null=True)
