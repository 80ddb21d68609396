"""Forms of the chart."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class NoteForm(forms.Form):
    text = forms.CharField(
        label=pgettext_lazy("record", "Note"), max_length=8000, widget=forms.Textarea(attrs={"rows": 5})
    )
    corrects = forms.UUIDField(required=False, widget=forms.HiddenInput)


class VoidForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=120)
    version = forms.IntegerField(widget=forms.HiddenInput)
