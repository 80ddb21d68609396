"""What goes in and out of the API of patients. Phones leave masked; the whole number has its own operation."""

from __future__ import annotations

from rest_framework import serializers

from kernel import clock
from kernel.api.serializers import DayField, LineField, MomentField, OutSerializer, StrictSerializer
from kernel.web.formatting import masked_phone
from services.patients.models import Patient, Sex


class PatientRowOut(OutSerializer):
    """A patient in a list."""

    code = serializers.UUIDField()
    record_number = serializers.CharField()
    name = serializers.CharField()
    sex = serializers.ChoiceField(choices=Sex.choices)
    age = serializers.SerializerMethodField()
    phone_masked = serializers.SerializerMethodField()
    untraceable = serializers.BooleanField(help_text="No phone: cannot be asked later how it went")

    def get_age(self, patient: Patient) -> int:
        return patient.age_on(clock.today())

    def get_phone_masked(self, patient: Patient) -> str | None:
        return masked_phone(patient.phone) if patient.phone else None


class PatientOut(PatientRowOut):
    """A patient's file."""

    version = serializers.IntegerField()
    birth_date = DayField(allow_null=True)
    birth_year = serializers.IntegerField()
    birth_is_approximate = serializers.BooleanField()
    phone_absent_reason = serializers.CharField(allow_blank=True)
    unreachable_since = DayField(allow_null=True)
    address = serializers.CharField(allow_blank=True)
    occupation = serializers.CharField(allow_blank=True)
    media_source = serializers.CharField(allow_blank=True)
    language = serializers.CharField(allow_blank=True)
    form_of_address = serializers.CharField(allow_blank=True)
    alert = serializers.CharField(allow_blank=True)
    is_special = serializers.BooleanField()
    message_consent = serializers.BooleanField(allow_null=True)
    site = serializers.UUIDField(source="site.code", help_text="Where the file was opened")
    created_at = MomentField()
    contact_verified_at = MomentField(allow_null=True)


class DetailsIn(StrictSerializer):
    """What may be said besides the minimum."""

    address = LineField(max_length=200, required=False, allow_blank=True)
    id_number = LineField(max_length=30, required=False, allow_blank=True)
    occupation = LineField(max_length=60, required=False, allow_blank=True)
    media_source = LineField(max_length=40, required=False, allow_blank=True)
    language = LineField(max_length=12, required=False, allow_blank=True)
    form_of_address = LineField(max_length=40, required=False, allow_blank=True)
    alert = LineField(max_length=200, required=False, allow_blank=True)
    is_special = serializers.BooleanField(required=False)
    message_consent = serializers.BooleanField(required=False, allow_null=True)


class PatientIn(DetailsIn):
    """A file to open. What the rule demands (name, sex, age, phone or why there is none) is said by its code."""

    site = serializers.UUIDField()
    name = LineField(max_length=80, required=False, allow_blank=True, default="")
    sex = serializers.ChoiceField(choices=Sex.choices, required=False, allow_blank=True, default="")
    birth_date = DayField(required=False, allow_null=True, default=None)
    stated_age = serializers.IntegerField(min_value=0, max_value=150, required=False, allow_null=True, default=None)
    phone = LineField(max_length=30, required=False, allow_blank=True, default="")
    phone_absent_reason = LineField(
        max_length=80,
        required=False,
        allow_blank=True,
        default="",
        help_text="declined, none, unable, through_family, or other words",
    )
    confirmed_new = serializers.BooleanField(
        required=False, default=False, help_text="The proposed files are other people: open a new one"
    )


class PatientChangesIn(DetailsIn):
    """What shall be changed in a file."""

    name = LineField(max_length=80, required=False)
    sex = serializers.ChoiceField(choices=Sex.choices, required=False)
    birth_date = DayField(required=False)
    stated_age = serializers.IntegerField(min_value=0, max_value=150, required=False)
    phone = LineField(max_length=30, required=False, allow_blank=True)
    phone_absent_reason = LineField(max_length=80, required=False, allow_blank=True)
    unreachable_since = DayField(required=False, allow_null=True)


class PurposeIn(StrictSerializer):
    """What a look at the whole number is for; needed only where the caller's role gives no purpose."""

    purpose = LineField(max_length=40, required=False, allow_blank=True, default="")


class PhoneOut(OutSerializer):
    """The whole number."""

    phone = serializers.CharField(allow_blank=True)


class ContactChangeOut(OutSerializer):
    """A correction of phone or address."""

    code = serializers.UUIDField()
    field = serializers.CharField()
    old_value = serializers.SerializerMethodField()
    new_value = serializers.SerializerMethodField()
    changed_at = MomentField()
    changed_by = serializers.CharField(source="changed_by_name")

    def get_old_value(self, change: object) -> str:
        return _shown(change, change.old_value)  # type: ignore[attr-defined]

    def get_new_value(self, change: object) -> str:
        return _shown(change, change.new_value)  # type: ignore[attr-defined]


def _shown(change: object, value: str) -> str:
    return masked_phone(value) if value and change.field == "phone" else value  # type: ignore[attr-defined]
