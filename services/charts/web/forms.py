"""Forms of paper charts."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.web.fields import DateField, SegmentedRadios
from services.charts.models import ChartPrint, ChartRelease


class RequestForm(forms.Form):
    kind = forms.ChoiceField(label=_("what"), choices=ChartRelease.Kind.choices, widget=SegmentedRadios, initial="copy")
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False, help_text=_("Needed for the original."))


class HandOutForm(forms.Form):
    receiver = forms.ChoiceField(
        label=_("who takes it"), choices=ChartRelease.Receiver.choices, widget=SegmentedRadios, initial="patient"
    )
    receiver_name = forms.CharField(label=_("Name of who takes it"), max_length=80, required=False)
    return_on = DateField(label=_("comes back on"), required=False)
    identity_checked = forms.BooleanField(label=_("the identity was checked"), required=False)


class PrintForm(forms.Form):
    act = forms.ChoiceField(label=_("act"), choices=ChartPrint.Act.choices, widget=SegmentedRadios, initial="print")
    requester = forms.CharField(label=_("for whom"), max_length=80)
    purpose = forms.ChoiceField(
        label=pgettext_lazy("data", "Purpose"), choices=ChartPrint.Purpose.choices, widget=SegmentedRadios
    )
    pages = forms.IntegerField(label=_("pages"), min_value=0, max_value=2000, required=False)

    def clean_pages(self) -> int:
        """No number is none."""
        return self.cleaned_data["pages"] or 0


class TranscribeForm(forms.Form):
    written_on = DateField(label=_("Day on the paper"))
    text = forms.CharField(
        label=_("Words of the paper chart"), max_length=8000, widget=forms.Textarea(attrs={"rows": 8})
    )


class AgainForm(forms.Form):
    text = forms.CharField(
        label=_("Words of the paper chart"), max_length=8000, widget=forms.Textarea(attrs={"rows": 8})
    )


class DifferenceForm(forms.Form):
    difference = forms.CharField(label=_("What differs"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
    seen_hash = forms.CharField(max_length=64, widget=forms.HiddenInput)


class CountForm(forms.Form):
    count = forms.IntegerField(label=_("blank records"), min_value=0, max_value=100_000)
