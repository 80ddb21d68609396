"""What the API of bookings takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import DayField, LineField, MomentField, OutSerializer, StrictSerializer
from services.appointments.machine import MACHINE
from services.appointments.models import Appointment, AppointmentMove, Assignment, ConfirmationAttempt, SpecialistCase
from services.appointments.talks import TICKS

SAID = list(TICKS)


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
    wish_value = serializers.CharField()
    wish_outcome = serializers.CharField()
    wish_refusal = serializers.CharField()
    on_spot_reason = serializers.CharField()
    earlier = serializers.UUIDField(source="earlier_code", allow_null=True)
    helps = serializers.UUIDField(source="helps.code", default=None, allow_null=True)
    group = serializers.UUIDField(source="group.code", default=None, allow_null=True)
    channel = serializers.CharField()
    booked_at = MomentField()
    cancelled_at = MomentField(allow_null=True)
    cancel_reason = serializers.CharField()
    affected_told_at = MomentField(
        source="affected_acknowledged_at", allow_null=True, help_text="When the patient heard of the changed roster."
    )


class BookingIn(StrictSerializer):
    """Length: ``units``, or ``minutes`` in whole units, else the item's or that of a routine examination.

    Without ``doctor`` the rules of assignment choose. Another one than the treating doctor needs ``deviation``.
    """

    site = serializers.UUIDField()
    patient = serializers.UUIDField()
    doctor = serializers.UUIDField(required=False, allow_null=True, default=None)
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
    wish_value = LineField(max_length=40, required=False, allow_blank=True, default="")
    wish_refusal = serializers.ChoiceField(
        choices=Appointment.Refusal.choices, required=False, allow_blank=True, default=""
    )
    deviation = serializers.ChoiceField(
        choices=Assignment.Deviation.choices, required=False, allow_blank=True, default=""
    )
    deviation_note = LineField(max_length=200, required=False, allow_blank=True, default="")
    on_spot_reason = serializers.ChoiceField(
        choices=Appointment.OnSpotReason.choices, required=False, allow_blank=True, default=""
    )
    earlier = serializers.UUIDField(required=False, allow_null=True, default=None)
    said = serializers.ListField(
        child=serializers.ChoiceField(choices=SAID), required=False, allow_null=True, default=None, max_length=len(SAID)
    )


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
    address = serializers.ChoiceField(
        choices=ConfirmationAttempt.Address.choices, required=False, allow_blank=True, default=""
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


class ProposedOut(OutSerializer):
    """Whom the rules propose. Without ``doctor`` the supervisor assigns; ``basis`` is empty when nobody is free."""

    basis = serializers.CharField()
    doctor = serializers.UUIDField(allow_null=True)
    owner = serializers.UUIDField(allow_null=True)
    explanation = serializers.CharField()
    skipped = serializers.ListField(child=serializers.UUIDField(), help_text="Busy now; they keep their turn.")


class AssignmentOut(OutSerializer):
    code = serializers.UUIDField()
    at = MomentField()
    day = DayField()
    site = serializers.UUIDField(source="site.code")
    patient = serializers.UUIDField(source="patient.code")
    doctor = serializers.UUIDField(source="doctor.code")
    owner = serializers.UUIDField(source="owner.code", default=None, allow_null=True)
    basis = serializers.ChoiceField(choices=Assignment.Basis.choices)
    deviation = serializers.CharField()
    appointment = serializers.UUIDField(source="appointment.code", default=None, allow_null=True)
    visit = serializers.UUIDField(source="visit_code", allow_null=True)


class SpecialistCaseIn(StrictSerializer):
    """Of a busy specialist ``informed``, ``estimated_minutes`` and ``opinion`` are needed too."""

    site = serializers.UUIDField()
    patient = serializers.UUIDField()
    specialist = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=SpecialistCase.Kind.choices)
    purpose = LineField(max_length=200)
    informed = serializers.BooleanField(default=False)
    estimated_minutes = serializers.IntegerField(
        min_value=0, max_value=600, required=False, allow_null=True, default=None
    )
    opinion = serializers.ChoiceField(
        choices=SpecialistCase.Opinion.choices, required=False, allow_blank=True, default=""
    )


class SpecialistCaseOut(OutSerializer):
    code = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=SpecialistCase.Kind.choices)
    site = serializers.UUIDField(source="site.code")
    patient = serializers.UUIDField(source="patient.code")
    specialist = serializers.UUIDField(source="specialist.code")
    purpose = serializers.CharField()
    back_on = DayField(allow_null=True)
    informed_at = MomentField(allow_null=True)
    estimated_minutes = serializers.IntegerField(allow_null=True)
    opinion = serializers.CharField()
    at = MomentField()


class PreparationIn(StrictSerializer):
    starts_at = MomentField()
    doctor = serializers.UUIDField()
    units = serializers.IntegerField(min_value=1, max_value=40, required=False, allow_null=True, default=None)
