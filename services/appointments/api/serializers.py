"""What the API of bookings takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import DayField, LineField, MomentField, OutSerializer, StrictSerializer
from services.appointments.machine import MACHINE
from services.appointments.models import Appointment, AppointmentMove, ConfirmationAttempt


class AppointmentOut(OutSerializer):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    patient = serializers.UUIDField(source="patient.code")
    doctor = serializers.UUIDField(source="doctor.code")
    chair = serializers.UUIDField(source="chair.code")
    assistant = serializers.UUIDField(source="assistant.code", default=None, allow_null=True)
    item = serializers.UUIDField(source="item.code", default=None, allow_null=True)
    starts_at = MomentField()
    ends_at = MomentField()
    units = serializers.IntegerField()
    state = serializers.ChoiceField(choices=MACHINE.choices)
    confirmed_at = MomentField(allow_null=True)
    arrived_at = MomentField(allow_null=True)
    visit_class = serializers.CharField()
    complaint = serializers.CharField()
    note = serializers.CharField()
    preference = serializers.CharField()
    preference_reason = serializers.CharField()
    channel = serializers.CharField()
    booked_at = MomentField()
    cancelled_at = MomentField(allow_null=True)
    cancel_reason = serializers.CharField()


class BookingIn(StrictSerializer):
    """Length: ``units``, or ``minutes`` in whole units, else the item's or that of a routine examination."""

    site = serializers.UUIDField()
    patient = serializers.UUIDField()
    doctor = serializers.UUIDField()
    starts_at = MomentField()
    units = serializers.IntegerField(min_value=1, max_value=40, required=False, allow_null=True, default=None)
    minutes = serializers.IntegerField(min_value=1, max_value=600, required=False, allow_null=True, default=None)
    chair = serializers.UUIDField(required=False, allow_null=True, default=None)
    assistant = serializers.UUIDField(required=False, allow_null=True, default=None)
    item = serializers.UUIDField(required=False, allow_null=True, default=None)
    channel = serializers.ChoiceField(choices=Appointment.Channel.choices, default=Appointment.Channel.PHONE)
    visit_class = LineField(max_length=24, required=False, allow_blank=True, default="")
    complaint = LineField(max_length=200, required=False, allow_blank=True, default="")
    note = LineField(max_length=300, required=False, allow_blank=True, default="")
    preference = serializers.ChoiceField(
        choices=Appointment.Preference.choices, required=False, allow_blank=True, default=""
    )
    preference_reason = LineField(max_length=120, required=False, allow_blank=True, default="")


class MoveIn(StrictSerializer):
    starts_at = MomentField()
    reason = LineField(max_length=120)
    doctor = serializers.UUIDField(required=False, allow_null=True, default=None)
    chair = serializers.UUIDField(required=False, allow_null=True, default=None)
    assistant = serializers.UUIDField(required=False, allow_null=True, default=None)
    units = serializers.IntegerField(min_value=1, max_value=40, required=False, allow_null=True, default=None)
    asked_by = serializers.ChoiceField(choices=AppointmentMove.Asked.choices, default=AppointmentMove.Asked.PATIENT)


class CancelIn(StrictSerializer):
    reason = LineField(max_length=120)


class ConfirmIn(StrictSerializer):
    result = serializers.ChoiceField(
        choices=[ConfirmationAttempt.Result.CONFIRMED, ConfirmationAttempt.Result.UNREACHABLE]
    )
    channel = serializers.ChoiceField(
        choices=ConfirmationAttempt.Channel.choices, default=ConfirmationAttempt.Channel.PHONE
    )


class ProposalOut(OutSerializer):
    starts_at = MomentField()
    ends_at = MomentField()
    doctor = serializers.UUIDField(source="doctor.code")
    chair = serializers.UUIDField(source="chair.code")
    seams = serializers.IntegerField(help_text="Sides that touch a booking or the edge of the duty; 2 leaves no gap.")


class ProposalsOut(OutSerializer):
    results = ProposalOut(many=True)


class MoveOut(OutSerializer):
    at = MomentField()
    old_starts_at = MomentField()
    new_starts_at = MomentField()
    old_doctor = serializers.UUIDField(source="old_doctor.code")
    new_doctor = serializers.UUIDField(source="new_doctor.code")
    reason = serializers.CharField()
    asked_by = serializers.CharField()


class CardOut(OutSerializer):
    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    patient = serializers.UUIDField(source="patient.code")
    doctor = serializers.UUIDField(source="doctor.code")
    visit = serializers.UUIDField(source="visit_code", allow_null=True)
    state = serializers.CharField()
    units = serializers.IntegerField()
    earliest_on = DayField(allow_null=True)
    latest_on = DayField(allow_null=True)
    appointment = serializers.UUIDField(source="appointment.code", default=None, allow_null=True)
    reason = serializers.CharField()
