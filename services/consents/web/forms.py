"""Forms of consents and disclosures."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from kernel.web.fields import DateField, SegmentedRadios
from services.consents.models import Consent, ConsentTemplate, Reason, TemplateVersion
from services.consents.selectors import guardians_of, in_force, versions_to_sign
from services.patients.models import Patient, PatientRelation


class VersionField(forms.ModelChoiceField):
    """The words that are signed."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.template.title} · {gettext('version %(n)s') % {'n': obj.number}}"


class GuardianField(forms.ModelChoiceField):
    """Who decides for the patient."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.display_name} ({obj.get_kind_display()})"


class ConsentField(forms.ModelChoiceField):
    """A consent on whose ground something is told."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.version_signed.template.title} · {obj.signed_at:%Y-%m-%d} · {obj.scope[:40]}"


class TakeForm(forms.Form):
    """A signature."""

    version_signed = VersionField(
        label=pgettext_lazy("consent", "Form"),
        queryset=TemplateVersion.objects.none(),
        to_field_name="code",
        empty_label=None,
    )
    scope = forms.CharField(
        label=_("For what exactly"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    signer = forms.ChoiceField(label=_("Signed by"), choices=Consent.Signer.choices, widget=SegmentedRadios)
    guardian = GuardianField(
        label=_("Legal guardian"), queryset=PatientRelation.objects.none(), to_field_name="code", required=False
    )
    signer_name = forms.CharField(label=_("Name on the proxy"), max_length=80, required=False)
    how = forms.ChoiceField(label=_("how"), choices=Consent.How.choices, widget=SegmentedRadios, initial="paper")
    ends_on = DateField(label=_("Ends on"), required=False)
    identity_checked = forms.BooleanField(label=_("the identity of who signs was checked"), required=False)

    def __init__(self, *args: Any, patient: Patient, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version_signed"].queryset = versions_to_sign()  # type: ignore[attr-defined]
        self.fields["guardian"].queryset = guardians_of(patient)  # type: ignore[attr-defined]
        self.fields["guardian"].empty_label = "—"  # type: ignore[attr-defined]
        if not self.fields["guardian"].queryset.exists() and self.initial.get("signer") != "guardian":  # type: ignore[attr-defined]
            # Nobody is known who could be chosen; a guardian is written down on the page of the family first.
            del self.fields["guardian"]


class DiscloseForm(forms.Form):
    """What is told to whom."""

    recipient = forms.CharField(label=_("To whom"), max_length=120)
    what = forms.CharField(
        label=pgettext_lazy("disclosure", "What"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
    reason = forms.ChoiceField(label=_("Why"), choices=Reason.choices, widget=SegmentedRadios)
    consent = ConsentField(
        label=_("On which consent"), queryset=Consent.objects.none(), to_field_name="code", required=False
    )
    words = forms.CharField(
        label=_("Ground in words"), max_length=300, required=False, help_text=_("Needed where there is no consent.")
    )

    def __init__(self, *args: Any, patient: Patient, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["consent"].queryset = in_force(patient, ConsentTemplate.Purpose.DISCLOSURE)  # type: ignore[attr-defined]


class TemplateForm(forms.Form):
    """A new form."""

    key = forms.SlugField(label=_("Short name"), max_length=60, help_text=_("Small letters, digits and hyphens."))
    title = forms.CharField(label=pgettext_lazy("document", "Title"), max_length=80)
    purpose = forms.ChoiceField(
        label=pgettext_lazy("data", "Purpose"), choices=ConsentTemplate.Purpose.choices, widget=SegmentedRadios
    )
    text = forms.CharField(label=_("Text"), max_length=8000, widget=forms.Textarea(attrs={"rows": 8}))


class PublishForm(forms.Form):
    """New words of a form."""

    text = forms.CharField(label=_("Text"), max_length=8000, widget=forms.Textarea(attrs={"rows": 12}))
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
