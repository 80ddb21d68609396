"""Forms of the register of devices and of damage and loss."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.web.fields import DateField, SegmentedRadios
from services.catalogue.selectors import items
from services.equipment.models import DamageReport, Device, DeviceType
from services.sites.models import Room, Site


class ItemsField(forms.ModelMultipleChoiceField):
    """Treatments by name."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


def _items() -> ItemsField:
    return ItemsField(
        items(), label=_("Treatments that need it"), to_field_name="code", required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip


class DeviceForm(forms.Form):
    """A device, its kind and where it stands."""

    type = forms.ModelChoiceField(DeviceType.objects.none(), label=_("Kind of device"), to_field_name="code")
    number = forms.CharField(label=_("Number"), max_length=20)
    name = forms.CharField(label=pgettext_lazy("place", "Name"), max_length=80, required=False)
    serial = forms.CharField(label=_("Serial number"), max_length=60, required=False)
    room = forms.ModelChoiceField(Room.objects.none(), label=_("Room"), to_field_name="code", required=False)
    next_due_on = DateField(label=_("Next maintenance"), required=False)

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["type"].queryset = DeviceType.objects.all()
        self.fields["type"].label_from_instance = lambda one: one.name
        self.fields["room"].queryset = Room.objects.filter(site=site, is_active=True)
        self.fields["room"].label_from_instance = lambda one: f"{one.number} {one.name}"
        self.fields["items"] = _items()


class LinkForm(forms.Form):
    """The treatments that need a device."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["items"] = _items()


class FaultForm(forms.Form):
    words = forms.CharField(label=_("What is wrong"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class MaintenanceForm(forms.Form):
    words = forms.CharField(
        label=_("What was done and found"), max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )


class CloseForm(forms.Form):
    remark = forms.CharField(label=_("What was done"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class DamageForm(forms.Form):
    """What of the instruments is damaged or lost, when and how."""

    kind = forms.ChoiceField(label=_("Kind"), choices=DamageReport.Kind.choices, widget=SegmentedRadios)
    instrument = forms.CharField(label=_("Instrument"), max_length=120, required=False)
    device = forms.ModelChoiceField(
        Device.objects.none(), label=_("From the register"), to_field_name="code", required=False
    )
    happened_on = DateField(label=_("Date"))
    person = forms.CharField(label=_("Person"), max_length=80, required=False)
    event = forms.CharField(label=_("What happened"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["device"].queryset = Device.objects.filter(site=site).exclude(state="written_off")
        self.fields["device"].label_from_instance = lambda one: f"{one.number} {one.name}"


class OpinionForm(forms.Form):
    opinion = forms.CharField(label=_("Preliminary opinion"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class DecisionForm(forms.Form):
    outcome = forms.ChoiceField(label=_("What follows"), choices=DamageReport.Outcome.choices, widget=SegmentedRadios)
    decision = forms.CharField(label=_("Decision"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class DoneForm(forms.Form):
    done = forms.CharField(label=_("What was done"), max_length=300)
