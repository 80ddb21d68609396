"""Forms of the chart."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.web.fields import DateField


class NoteForm(forms.Form):
    text = forms.CharField(
        label=pgettext_lazy("record", "Note"), max_length=8000, widget=forms.Textarea(attrs={"rows": 5})
    )
    is_sensitive = forms.BooleanField(label=_("Only for the treating team"), required=False)
    corrects = forms.UUIDField(required=False, widget=forms.HiddenInput)


class VoidForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=120)
    version = forms.IntegerField(widget=forms.HiddenInput)


class ObjectionForm(forms.Form):
    objection = forms.CharField(label=_("What is wrong"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))


class AnswerForm(forms.Form):
    answer = forms.CharField(label=_("What you put right"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))


class HoldForm(forms.Form):
    """Keeping a file longer, by its record number."""

    record_number = forms.CharField(label=_("Record number"), max_length=24)
    until = DateField(label=_("Until"))
    reason = forms.CharField(label=_("Reason"), max_length=300)
