"""What the API of consents takes and gives."""

from __future__ import annotations

from rest_framework import serializers

from kernel.api.serializers import DayField, LineField, MomentField, OutSerializer, StrictSerializer
from services.consents.machines import CONSENT
from services.consents.models import Consent, ConsentTemplate, Reason


class TemplateOut(OutSerializer):
    """A form, with the words that are in force."""

    code = serializers.UUIDField()
    version = serializers.IntegerField()
    key = serializers.CharField()
    title = serializers.CharField()
    purpose = serializers.ChoiceField(choices=ConsentTemplate.Purpose.choices)
    vertical = serializers.CharField(allow_blank=True)
    is_active = serializers.BooleanField()


class TemplateVersionOut(OutSerializer):
    """Words as they were published."""

    code = serializers.UUIDField()
    template = serializers.UUIDField(source="template.code")
    title = serializers.CharField(source="template.title")
    purpose = serializers.ChoiceField(source="template.purpose", choices=ConsentTemplate.Purpose.choices)
    number = serializers.IntegerField()
    text = serializers.CharField()
    text_hash = serializers.CharField()
    published_at = MomentField()
    published_by = serializers.CharField(source="published_by_name")


class TemplateIn(StrictSerializer):
    """A new form and its first words."""

    key = serializers.SlugField(max_length=60)
    title = LineField(max_length=80)
    purpose = serializers.ChoiceField(choices=ConsentTemplate.Purpose.choices)
    text = serializers.CharField(max_length=8000)


class PublishIn(StrictSerializer):
    """Other words of a form."""

    text = serializers.CharField(max_length=8000)


class ConsentOut(OutSerializer):
    """A signature under words that do not change any more."""

    code = serializers.UUIDField()
    version = serializers.IntegerField()
    patient = serializers.UUIDField(source="patient.code")
    site = serializers.UUIDField(source="site.code")
    signed_version = serializers.UUIDField(source="version_signed.code")
    title = serializers.CharField(source="version_signed.template.title")
    purpose = serializers.ChoiceField(source="version_signed.template.purpose", choices=ConsentTemplate.Purpose.choices)
    number = serializers.IntegerField(source="version_signed.number")
    text_hash = serializers.CharField()
    signer = serializers.ChoiceField(choices=Consent.Signer.choices)
    signer_name = serializers.CharField()
    relation = serializers.CharField(allow_blank=True)
    how = serializers.ChoiceField(choices=Consent.How.choices)
    scope = serializers.CharField(allow_blank=True)
    ends_on = DayField(allow_null=True)
    state = serializers.ChoiceField(choices=CONSENT.choices)
    signed_at = MomentField()
    taken_by = serializers.CharField(source="taken_by_name")
    withdrawn_at = MomentField(allow_null=True)


class TakeIn(StrictSerializer):
    """Who signs which words."""

    site = serializers.UUIDField()
    signed_version = serializers.UUIDField(help_text="The words in force, from `forms/`")
    signer = serializers.ChoiceField(choices=Consent.Signer.choices)
    how = serializers.ChoiceField(choices=Consent.How.choices, required=False, default=Consent.How.PAPER)
    identity_checked = serializers.BooleanField(required=False, default=False)
    guardian = serializers.UUIDField(
        required=False, allow_null=True, default=None, help_text="The relation of the file that is marked as guardian"
    )
    signer_name = LineField(max_length=80, required=False, allow_blank=True, default="", help_text="With a proxy")
    scope = LineField(max_length=500, required=False, allow_blank=True, default="")
    ends_on = DayField(required=False, allow_null=True, default=None)


class WithdrawIn(StrictSerializer):
    """What the patient said."""

    words = LineField(max_length=300, required=False, allow_blank=True, default="")


class DisclosureOut(OutSerializer):
    """What a third party was told."""

    code = serializers.UUIDField()
    patient = serializers.UUIDField(source="patient.code")
    site = serializers.UUIDField(source="site.code")
    recipient = serializers.CharField()
    what = serializers.CharField()
    reason = serializers.ChoiceField(choices=Reason.choices)
    words = serializers.CharField(allow_blank=True)
    consent = serializers.UUIDField(source="consent.code", allow_null=True, default=None)
    disclosed_at = MomentField()
    disclosed_by = serializers.CharField(source="by_name")


class DiscloseIn(StrictSerializer):
    """What a third party is going to be told."""

    site = serializers.UUIDField()
    recipient = LineField(max_length=120)
    what = LineField(max_length=500)
    reason = serializers.ChoiceField(choices=Reason.choices)
    words = LineField(max_length=300, required=False, allow_blank=True, default="", help_text="Without a consent")
    consent = serializers.UUIDField(required=False, allow_null=True, default=None)
