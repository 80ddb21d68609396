"""What the escort API takes and gives. Before acceptance an offer tells nothing that would identify the client."""

from __future__ import annotations

from rest_framework import serializers

from escort.models import Milestone
from kernel.api.serializers import DayField, FenField, LineField, MomentField, OutSerializer, StrictSerializer


class OrderIn(StrictSerializer):
    site = serializers.UUIDField()
    patient = serializers.UUIDField()
    customer_name = LineField(max_length=40)
    customer_phone = LineField(max_length=20)
    hospital = serializers.UUIDField()
    department = LineField(max_length=60, required=False, allow_blank=True, default="")
    item = serializers.UUIDField()
    pickup_place = LineField(max_length=120)
    starts_at = MomentField()
    ends_at = MomentField()
    needs = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class OrderOut(OutSerializer):
    code = serializers.UUIDField()
    number = serializers.CharField()
    state = serializers.CharField()
    site = serializers.UUIDField(source="site.code")
    patient = serializers.UUIDField(source="patient.code")
    patient_name = serializers.CharField(source="patient.name")
    customer_name = serializers.CharField()
    customer_phone = serializers.CharField()
    hospital = serializers.CharField(source="hospital.name")
    department = serializers.CharField()
    pickup_place = serializers.CharField()
    needs = serializers.CharField()
    starts_at = MomentField()
    ends_at = MomentField()
    price_fen = FenField(allow_null=True)
    registration_number = serializers.CharField()
    route = serializers.CharField()
    reconfirmed_at = MomentField(allow_null=True)
    late_minutes = serializers.IntegerField(allow_null=True)
    cancel_reason = serializers.CharField()


class StepIn(StrictSerializer):
    step = serializers.ChoiceField(choices=["withdraw", "release", "cancel", "archive"])
    reason = LineField(max_length=200, required=False, allow_blank=True, default="")


class CardOut(OutSerializer):
    number = serializers.CharField()
    hospital = serializers.CharField()
    item = serializers.CharField()
    starts_at = MomentField()
    ends_at = MomentField()
    late_minutes = serializers.IntegerField(allow_null=True)
    reported_on_time = serializers.BooleanField()


class CardsOut(OutSerializer):
    cards = CardOut(many=True)


class AgreementIn(StrictSerializer):
    price_fen = FenField()
    cancellation_terms = LineField(max_length=200, required=False, allow_blank=True, default="")


class SignIn(StrictSerializer):
    party = serializers.ChoiceField(choices=["customer", "company"])


class AgreementOut(OutSerializer):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    content_hash = serializers.CharField()
    price_fen = FenField()
    customer_signed_at = MomentField(allow_null=True)
    company_signed_at = MomentField(allow_null=True)


class OfferIn(StrictSerializer):
    companions = serializers.ListField(child=serializers.UUIDField(), max_length=200)


class OfferOut(OutSerializer):
    code = serializers.UUIDField()
    state = serializers.CharField()
    hospital = serializers.CharField(source="order.hospital.name")
    pickup_place = serializers.CharField(source="order.pickup_place")
    starts_at = MomentField(source="order.starts_at")
    ends_at = MomentField(source="order.ends_at")
    offered_at = MomentField()
    expires_at = MomentField()
    conditional = serializers.ListField(child=serializers.DictField())


class ManagerOfferOut(OfferOut):
    companion = serializers.UUIDField(source="companion.code")


class AssignmentOut(OutSerializer):
    order = serializers.UUIDField(source="order.code")
    companion = serializers.UUIDField(source="companion.code")
    assigned_at = MomentField()


class PreparationIn(StrictSerializer):
    contacted_note = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    registration_number = LineField(max_length=40, required=False, allow_blank=True, default="")
    route = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    reconfirmed = serializers.BooleanField(required=False, default=False)


class MilestoneIn(StrictSerializer):
    key = serializers.UUIDField(help_text="Made by the phone; the same key is stored once")
    kind = serializers.ChoiceField(choices=Milestone.Kind.choices)
    happened_at = MomentField()
    place = LineField(max_length=120, required=False, allow_blank=True, default="")
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class MilestoneOut(OutSerializer):
    code = serializers.UUIDField()
    kind = serializers.CharField()
    happened_at = MomentField()
    stored_at = MomentField()


class ReportIn(StrictSerializer):
    text = serializers.CharField(max_length=8000)
    client_condition = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class ReportOut(OutSerializer):
    code = serializers.UUIDField()
    filed_at = MomentField()
    on_time = serializers.BooleanField()


class PaperOut(OutSerializer):
    kind = serializers.CharField()
    valid_from = DayField()
    valid_until = DayField(allow_null=True)


class CompanionOut(OutSerializer):
    code = serializers.UUIDField()
    number = serializers.CharField(source="staff.number")
    name = serializers.CharField(source="staff.name")
    state = serializers.CharField()
    papers = PaperOut(source="qualifications", many=True)


class HospitalOut(OutSerializer):
    code = serializers.UUIDField()
    name = serializers.CharField()
    city = serializers.CharField()
    address = serializers.CharField()
