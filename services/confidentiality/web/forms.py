"""Forms of confidentiality."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.identity.selectors import roles
from kernel.web.fields import DateField, SegmentedRadios
from services.confidentiality.models import CompanyDocument, Device
from services.staff.models import StaffMember


class StaffField(forms.ModelChoiceField):
    """Somebody who works here."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.number} {obj.name}"


def _staff(label: Any) -> StaffField:
    return StaffField(label=label, queryset=StaffMember.objects.none(), to_field_name="code", empty_label=None)


class EditForm(forms.Form):
    text = forms.CharField(label=_("Text"), max_length=40_000, widget=forms.Textarea(attrs={"rows": 14}))
    audience = forms.MultipleChoiceField(
        label=_("For which roles"), widget=forms.CheckboxSelectMultiple, required=False
    )
    may_download = forms.BooleanField(label=_("may be taken along as a marked file"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["audience"].choices = [(role.slug, role.label) for role in roles()]  # type: ignore[attr-defined]


class PublishForm(EditForm):
    title = forms.CharField(label=_("Title"), max_length=80)
    kind = forms.ChoiceField(label=_("Kind"), choices=CompanyDocument.Kind.choices, widget=SegmentedRadios)
    field_order = ("title", "kind", "text", "audience", "may_download")


class TextForm(forms.Form):
    text = forms.CharField(label=_("Text"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 14}))


class PeopleForm(forms.Form):
    """A form about somebody among ``people``."""

    def __init__(self, *args: Any, people: QuerySet[StaffMember], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("staff", "holder"):
            if name in self.fields:
                self.fields[name].queryset = people  # type: ignore[attr-defined]


class SignForm(PeopleForm):
    staff = _staff(_("Who signs"))
    signed_on = DateField(label=_("Signed on"), required=False)


class EducationForm(PeopleForm):
    staff = _staff(_("Who took part"))
    topic = forms.CharField(label=_("Topic"), max_length=120)
    held_on = DateField(label=_("Held on"))
    evidence = forms.CharField(
        label=_("Evidence"), max_length=200, help_text=_("Sheet of signatures, test, certificate"), required=False
    )


class DeviceForm(PeopleForm):
    kind = forms.ChoiceField(label=_("Kind"), choices=Device.Kind.choices, widget=SegmentedRadios)
    label = forms.CharField(label=_("Label"), max_length=80)
    serial = forms.CharField(label=_("Serial number"), max_length=60)
    holder = _staff(_("Holder"))
    encryption = forms.ChoiceField(label=_("Encryption"), choices=Device.Encryption.choices, widget=SegmentedRadios)


class CheckForm(PeopleForm):
    holder = _staff(_("Holder"))
    encryption = forms.ChoiceField(label=_("Encryption"), choices=Device.Encryption.choices, widget=SegmentedRadios)
    state = forms.ChoiceField(
        label=pgettext_lazy("device", "What becomes of it"), choices=Device.State.choices, widget=SegmentedRadios
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
