"""What goes in and out of the API of patients. Phones leave masked; the whole number has its own operation."""

from __future__ import annotations

from datetime import datetime

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from kernel import clock
from kernel.api.serializers import DayField, LineField, MomentField, OutSerializer, StrictSerializer
from kernel.web.formatting import masked_phone
from services.patients.exporting import stored_files
from services.patients.machines import EXPORT
from services.patients.merging import undo_until
from services.patients.models import Patient, PatientExport, PatientMerge, PatientRelation, Sex


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


class RestrictionOut(OutSerializer):
    """Processing of a file was restricted."""

    code = serializers.UUIDField()
    patient = serializers.UUIDField(source="patient.code")
    reason = serializers.CharField()
    until = MomentField()
    restricted_at = MomentField()
    restricted_by = serializers.CharField(source="restricted_by_name")
    lifted_at = MomentField(allow_null=True)
    lifted_by = serializers.CharField(source="lifted_by_name", allow_blank=True)
    lift_reason = serializers.CharField(allow_blank=True)


class ReasonIn(StrictSerializer):
    """Why. What the rule demands is said by its code."""

    reason = LineField(max_length=300, required=False, allow_blank=True, default="")


class RestrictIn(ReasonIn):
    """Until when, and why."""

    until = MomentField()


class ExceptionIn(ReasonIn):
    """Why a restricted file is opened, and where."""

    site = serializers.UUIDField()


class ExceptionOut(OutSerializer):
    """A restricted file is open to the caller for a while; somebody else reviews it."""

    code = serializers.UUIDField()
    patient = serializers.UUIDField(source="subject_code")
    granted_at = MomentField()
    expires_at = MomentField()
    review_due_at = MomentField()


class MergeIn(ReasonIn):
    """The file that is merged into the one of the address."""

    merged = serializers.UUIDField()


class MergeOut(OutSerializer):
    """Two files of one person became one."""

    code = serializers.UUIDField()
    version = serializers.IntegerField()
    survivor = serializers.UUIDField(source="survivor.code")
    merged = serializers.UUIDField(source="merged.code")
    reason = serializers.CharField()
    merged_at = MomentField()
    merged_by = serializers.CharField(source="merged_by_name")
    undo_until = serializers.SerializerMethodField()
    undone_at = MomentField(allow_null=True)
    undone_by = serializers.CharField(source="undone_by_name", allow_blank=True)

    def get_undo_until(self, merge: PatientMerge) -> datetime:
        until: datetime = undo_until(merge)
        return until


class AskExportIn(StrictSerializer):
    """What for, and on what ground."""

    purpose = serializers.ChoiceField(choices=PatientExport.Purpose.choices)
    words = LineField(
        max_length=300, required=False, allow_blank=True, default="", help_text="Not needed when the patient asks"
    )


class RefusalIn(StrictSerializer):
    """Why not."""

    refusal = LineField(max_length=300, required=False, allow_blank=True, default="")


class ExportFileOut(OutSerializer):
    """A file that can be fetched under ``/files/<code>/``."""

    code = serializers.UUIDField()
    name = serializers.CharField()
    sha256 = serializers.CharField()


class ExportOut(OutSerializer):
    """Everything that is kept about one patient: asked for by one person, released by another."""

    code = serializers.UUIDField()
    version = serializers.IntegerField()
    patient = serializers.UUIDField(source="patient.code")
    purpose = serializers.ChoiceField(choices=PatientExport.Purpose.choices)
    words = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(choices=EXPORT.choices)
    asked_at = MomentField()
    asked_by = serializers.CharField(source="asked_by_name")
    decided_at = MomentField(allow_null=True)
    decided_by = serializers.CharField(source="decided_by_name", allow_blank=True)
    refusal = serializers.CharField(allow_blank=True)
    expires_at = MomentField(allow_null=True)


class ReleasedOut(ExportOut):
    """The same for whoever releases, with the files that can be fetched."""

    files = serializers.SerializerMethodField()

    @extend_schema_field(ExportFileOut(many=True))
    def get_files(self, export: PatientExport) -> list[dict[str, object]]:
        return [ExportFileOut(stored).data for stored in stored_files(export)]


class RelationOut(OutSerializer):
    """A relative of the file."""

    code = serializers.UUIDField()
    relative = serializers.UUIDField(source="relative.code", allow_null=True, default=None)
    name = serializers.CharField(source="display_name")
    kind = serializers.ChoiceField(choices=PatientRelation.Kind.choices)
    is_payer = serializers.BooleanField()
    is_guardian = serializers.BooleanField()


class RelationIn(StrictSerializer):
    """A relative, with or without a file here."""

    kind = serializers.ChoiceField(choices=PatientRelation.Kind.choices)
    relative = serializers.UUIDField(required=False, allow_null=True, default=None)
    name = LineField(max_length=80, required=False, allow_blank=True, default="")
    phone = LineField(max_length=30, required=False, allow_blank=True, default="")
    is_payer = serializers.BooleanField(required=False, default=False)
    is_guardian = serializers.BooleanField(required=False, default=False)
