"""What the API of confidentiality takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import DayField, LineField, MomentField, OutSerializer, StrictSerializer
from services.confidentiality.models import CompanyDocument, Device, DocumentAccess


class DocumentOut(OutSerializer):
    """A company document in a list."""

    code = serializers.UUIDField()
    version = serializers.IntegerField()
    title = serializers.CharField()
    kind = serializers.ChoiceField(choices=CompanyDocument.Kind.choices)
    may_download = serializers.BooleanField()
    published_at = MomentField()
    published_by = serializers.CharField(source="published_by_name")


class OpenedOut(DocumentOut):
    """A company document that was opened; show the mark across it."""

    text = serializers.CharField()
    mark = serializers.SerializerMethodField(help_text="Who reads, and when")

    def get_mark(self, document: CompanyDocument) -> str:
        return str(self.context["mark"])


class PublishIn(StrictSerializer):
    """A document and who may read it."""

    title = LineField(max_length=80)
    kind = serializers.ChoiceField(choices=CompanyDocument.Kind.choices)
    text = serializers.CharField(max_length=40_000)
    audience = serializers.ListField(child=serializers.SlugField(max_length=60), max_length=60)
    may_download = serializers.BooleanField(required=False, default=False)


class ReviseIn(StrictSerializer):
    """Other words, or other readers."""

    text = serializers.CharField(max_length=40_000)
    audience = serializers.ListField(child=serializers.SlugField(max_length=60), max_length=60)
    may_download = serializers.BooleanField(required=False, default=False)


class AccessOut(OutSerializer):
    """Somebody opened it or took it along."""

    code = serializers.UUIDField()
    act = serializers.ChoiceField(choices=DocumentAccess.Act.choices)
    text_hash = serializers.CharField()
    at = MomentField()
    by = serializers.CharField(source="by_name")


class TextOut(OutSerializer):
    """The words of the agreement."""

    code = serializers.UUIDField()
    number = serializers.IntegerField()
    text = serializers.CharField()
    text_hash = serializers.CharField()
    published_at = MomentField()


class TextIn(StrictSerializer):
    """Other words of the agreement."""

    text = serializers.CharField(max_length=20_000)


class AgreementOut(OutSerializer):
    """Somebody signed."""

    code = serializers.UUIDField()
    version = serializers.IntegerField()
    staff = serializers.UUIDField(source="staff.code")
    number = serializers.IntegerField(source="text_signed.number")
    text_hash = serializers.CharField()
    signed_on = DayField()
    valid_until = DayField()
    witnessed_by = serializers.CharField(source="witnessed_by_name")
    ended_on = DayField(allow_null=True)
    end_reason = serializers.CharField(allow_blank=True)


class SignIn(StrictSerializer):
    """Who signs which words."""

    staff = serializers.UUIDField()
    text_signed = serializers.UUIDField(help_text="The words in force, from `agreements/texts/`")
    signed_on = DayField(required=False, allow_null=True, default=None)


class EndIn(StrictSerializer):
    """Why it ends."""

    reason = LineField(max_length=200, required=False, allow_blank=True, default="")


class DeviceOut(OutSerializer):
    """A device that holds data."""

    code = serializers.UUIDField()
    version = serializers.IntegerField()
    site = serializers.UUIDField(source="site.code")
    kind = serializers.ChoiceField(choices=Device.Kind.choices)
    label = serializers.CharField()  # type: ignore[assignment]
    serial = serializers.CharField()
    holder = serializers.UUIDField(source="holder.code")
    encryption = serializers.ChoiceField(choices=Device.Encryption.choices)
    state = serializers.ChoiceField(choices=Device.State.choices)
    checked_on = DayField()
    check_due_on = DayField()
    checked_by = serializers.CharField(source="checked_by_name")


class DeviceIn(StrictSerializer):
    """A device to register."""

    site = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Device.Kind.choices)
    label = LineField(max_length=80)  # type: ignore[assignment]
    serial = LineField(max_length=60)
    holder = serializers.UUIDField()
    encryption = serializers.ChoiceField(choices=Device.Encryption.choices)


class CheckIn(StrictSerializer):
    """What a look at it showed."""

    holder = serializers.UUIDField()
    encryption = serializers.ChoiceField(choices=Device.Encryption.choices)
    state = serializers.ChoiceField(choices=Device.State.choices)


class EducationOut(OutSerializer):
    """Somebody was instructed."""

    code = serializers.UUIDField()
    staff = serializers.UUIDField(source="staff.code")
    topic = serializers.CharField()
    held_on = DayField()
    evidence = serializers.CharField()
    recorded_at = MomentField()
    recorded_by = serializers.CharField(source="recorded_by_name")


class EducationIn(StrictSerializer):
    """Who was instructed in what, with the evidence."""

    staff = serializers.UUIDField()
    topic = LineField(max_length=120)
    held_on = DayField()
    evidence = LineField(max_length=200, required=False, allow_blank=True, default="")
