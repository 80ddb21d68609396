"""Forms of the patient's file."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel.web.fields import DateField, SegmentedRadios
from services.patients.choices import ABSENT_REASONS, MEDIA_SOURCES
from services.patients.models import Patient, PatientRelation, Sex

OTHER = "other"
NOT_ASKED, AGREES, REFUSES = "", "yes", "no"
CONSENT = ((AGREES, _("agrees")), (REFUSES, _("does not want any")))


class Telephone(forms.CharField):
    """A phone as it is typed; the action brings it into its one spelling."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"type": "tel", "inputmode": "tel", "autocomplete": "off"})
        super().__init__(**{"max_length": 30, "required": False, "label": _("Phone"), "widget": widget, **kwargs})


class ContactFields(forms.Form):
    """Phone or the reason for its absence, and the address."""

    phone = Telephone()
    absent = forms.ChoiceField(
        label=_("If there is none, why"),
        required=False,
        choices=[("", "—"), *ABSENT_REASONS.items(), (OTHER, _("another reason"))],
    )
    absent_words = forms.CharField(label=_("The reason in words"), max_length=80, required=False)
    address = forms.CharField(label=_("Address"), max_length=200, required=False)

    def reason(self) -> str:
        """What is stored as the reason for a missing phone."""
        chosen = self.cleaned_data.get("absent", "")
        return self.cleaned_data.get("absent_words", "") if chosen in (OTHER, "") else chosen


class DetailFields(forms.Form):
    """What may be said about a patient besides the minimum."""

    form_of_address = forms.CharField(label=_("Form of address"), max_length=40, required=False)
    language = forms.CharField(label=_("Language"), max_length=12, required=False)
    occupation = forms.CharField(label=_("Occupation"), max_length=60, required=False)
    media_source = forms.ChoiceField(
        label=_("How they heard of us"), required=False, choices=[("", "—"), *MEDIA_SOURCES.items()]
    )
    id_number = forms.CharField(label=_("ID number"), max_length=30, required=False)
    message_consent = forms.ChoiceField(
        label=_("Messages to the patient"), required=False, choices=[(NOT_ASKED, _("not asked yet")), *CONSENT]
    )
    alert = forms.CharField(
        label=_("Alert"), max_length=200, required=False, help_text=_("Shown on every screen before treatment.")
    )
    is_special = forms.BooleanField(label=_("Special circumstances"), required=False)

    def details(self) -> dict[str, Any]:
        """What the actions take."""
        taken = {name: self.cleaned_data[name] for name in DetailFields.base_fields}
        taken["message_consent"] = {AGREES: True, REFUSES: False}.get(taken["message_consent"])
        return taken


class IdentityFields(forms.Form):
    """Name, sex and age: the least that opens a file (FD-002). What is missing is said by the action, in one place."""

    name = forms.CharField(
        label=_("Name"), max_length=80, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    sex = forms.ChoiceField(label=_("Sex"), choices=Sex.choices, required=False, widget=SegmentedRadios)
    stated_age = forms.IntegerField(label=_("Age"), min_value=0, max_value=130, required=False)
    birth_date = DateField(label=_("Or date of birth"), required=False)


class RegistrationForm(IdentityFields, ContactFields, DetailFields):
    """Opening a file."""

    confirmed_new = forms.BooleanField(required=False, widget=forms.HiddenInput)

    field_order = tuple(name for part in (IdentityFields, ContactFields, DetailFields) for name in part.base_fields)

    def star_what_is_needed(self) -> None:
        """Mark what no file can do without. Only for the eye: the rule is kept, and its refusal logged, by the action."""
        for name in ("name", "sex"):
            self.fields[name].required = True

    def facts(self) -> dict[str, Any]:
        """What ``register_patient`` takes."""
        kept = ("name", "sex", "stated_age", "birth_date", "phone", "address")
        return {
            **{name: self.cleaned_data[name] for name in kept},
            "phone_absent_reason": self.reason(),
            **self.details(),
        }


class RelativeForm(RegistrationForm):
    """Opening a file for a relative of somebody whose file is open."""

    kind = forms.ChoiceField(label=_("Relation"), choices=PatientRelation.Kind.choices)
    shares_phone = forms.BooleanField(label=_("The same phone"), required=False)
    pays = forms.BooleanField(label=_("Pays for the new one"), required=False)
    is_guardian = forms.BooleanField(label=_("Legal guardian of the new one"), required=False)

    field_order = ("kind", "shares_phone", "pays", "is_guardian", *RegistrationForm.field_order)

    def relation(self) -> dict[str, Any]:
        """What ``register_relative`` takes besides the facts."""
        return {name: self.cleaned_data[name] for name in ("kind", "shares_phone", "pays", "is_guardian")}


class VersionField(forms.Form):
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class FileForm(IdentityFields, DetailFields, VersionField):
    """Changing what is known of a patient, besides the contact."""

    @staticmethod
    def initial_of(patient: Patient) -> dict[str, Any]:
        consent = NOT_ASKED if patient.message_consent is None else AGREES if patient.message_consent else REFUSES
        named = ("name", "sex", "birth_date", "form_of_address", "language", "occupation", "media_source")
        return {
            **{name: getattr(patient, name) for name in (*named, "id_number", "alert", "is_special", "version")},
            "message_consent": consent,
        }

    def facts(self) -> dict[str, Any]:
        """What ``update_patient`` takes; an age that was not typed leaves the known one alone."""
        kept = ("name", "sex", "stated_age", "birth_date")
        return {**{name: self.cleaned_data[name] for name in kept}, **self.details()}


class ContactForm(ContactFields, VersionField):
    """Correcting phone and address."""

    @staticmethod
    def initial_of(patient: Patient) -> dict[str, Any]:
        known = patient.phone_absent_reason in ABSENT_REASONS
        return {
            "phone": patient.phone,
            "address": patient.address,
            "absent": patient.phone_absent_reason if known else (OTHER if patient.phone_absent_reason else ""),
            "absent_words": "" if known else patient.phone_absent_reason,
            "version": patient.version,
        }


class RelationForm(forms.Form):
    """A relative: by record number if there is a file, else by name."""

    kind = forms.ChoiceField(label=_("Relation"), choices=PatientRelation.Kind.choices)
    record_number = forms.CharField(
        label=_("Record number"), max_length=24, required=False, help_text=_("If the relative has a file here.")
    )
    name = forms.CharField(label=_("Or name"), max_length=80, required=False)
    phone = Telephone()
    is_payer = forms.BooleanField(label=_("Pays"), required=False)
    is_guardian = forms.BooleanField(label=_("Legal guardian"), required=False)
