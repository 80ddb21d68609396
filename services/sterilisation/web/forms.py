"""Forms of the sterilisation log."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.web.fields import SegmentedRadios
from services.reception.models import Visit
from services.sites.models import Site
from services.sterilisation.models import InstrumentSet, Method, Packaging, Steriliser
from services.sterilisation.selectors import free_sets

PASSED = (("yes", pgettext_lazy("indicator", "passed")), ("no", pgettext_lazy("indicator", "failed")))
READ_LATER = (*PASSED, ("", pgettext_lazy("indicator", "read later, or none")))


class LoadForm(forms.Form):
    """What is loaded into which steriliser."""

    steriliser = forms.ModelChoiceField(Steriliser.objects.none(), label=_("Steriliser"), to_field_name="code")
    programme = forms.CharField(label=_("Programme"), max_length=80)
    implants = forms.BooleanField(label=_("Contains implants"), required=False)
    sets = forms.ModelMultipleChoiceField(
        InstrumentSet.objects.none(),
        label=_("Instrument sets"),
        to_field_name="code",
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["steriliser"].queryset = Steriliser.objects.filter(site=site, is_active=True)
        self.fields["steriliser"].label_from_instance = lambda one: f"{one.number} {one.name}"
        self.fields["sets"].queryset = free_sets(site)
        self.fields["sets"].label_from_instance = lambda one: f"{one.number} {one.name}"

    def clean_sets(self) -> list[InstrumentSet]:
        """The chosen sets in their order."""
        return list(self.cleaned_data["sets"])


def _said(value: str) -> bool | None:
    return {"yes": True, "no": False}.get(value)


class ResultForm(forms.Form):
    """What the indicators of a run say."""

    physical = forms.ChoiceField(label=_("Physical indicator"), choices=PASSED, widget=SegmentedRadios)
    chemical = forms.ChoiceField(label=_("Chemical indicator"), choices=PASSED, widget=SegmentedRadios)
    biological = forms.ChoiceField(
        label=_("Biological indicator"), choices=READ_LATER, required=False, widget=SegmentedRadios
    )

    def read(self) -> dict[str, bool | None]:
        """True: passed, False: failed, None: not read yet."""
        return {name: _said(value) for name, value in self.cleaned_data.items()}


class BiologicalForm(forms.Form):
    passed = forms.ChoiceField(label=_("Biological indicator"), choices=PASSED, widget=SegmentedRadios)

    def read(self) -> bool:
        """Has it passed?"""
        return bool(_said(self.cleaned_data["passed"]))


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=200)


class LabelForm(forms.Form):
    """What the scanner reads, or the number as it stands on the label."""

    label = forms.CharField(
        label=_("Label"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off", "data-autofocus": ""})
    )


class UseForm(forms.Form):
    """For whom a pack is opened."""

    visit = forms.ModelChoiceField(Visit.objects.none(), label=_("Guest"), to_field_name="code")

    def __init__(self, *args: Any, visits: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["visit"].queryset = visits
        self.fields["visit"].label_from_instance = lambda one: (
            f"{one.chair.room.number if one.chair is not None else ''} {one.patient.name}".strip()
        )


class SteriliserForm(forms.Form):
    number = forms.CharField(label=_("Number"), max_length=20)
    name = forms.CharField(label=pgettext_lazy("place", "Name"), max_length=80)
    method = forms.ChoiceField(label=_("Method"), choices=Method.choices)


class SetForm(forms.Form):
    number = forms.CharField(label=_("Number"), max_length=20)
    name = forms.CharField(label=pgettext_lazy("place", "Name"), max_length=80)
    packaging = forms.ChoiceField(label=_("Packaging"), choices=Packaging.choices)
    contents = forms.CharField(label=_("Contents"), max_length=300, required=False)
