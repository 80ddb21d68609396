"""Forms of classified follow-up."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from dermatology.models import IllnessClass
from kernel.web.fields import SegmentedRadios


class ClassifyForm(forms.Form):
    """Illness and class."""

    illness = forms.CharField(label=_("Illness"), max_length=80)
    illness_class = forms.ChoiceField(label=_("Class"), choices=IllnessClass.choices, widget=SegmentedRadios)


class VisitForm(forms.Form):
    """What was found."""

    medication = forms.CharField(label=_("Medication"), widget=forms.Textarea(attrs={"rows": 2}))
    development = forms.CharField(label=_("Development"), widget=forms.Textarea(attrs={"rows": 2}))
    advice = forms.CharField(label=_("Advice"), widget=forms.Textarea(attrs={"rows": 2}))
    worse = forms.BooleanField(label=_("Worse than before: tell the doctor at once"), required=False)
    illness_class = forms.ChoiceField(
        label=_("Class from now on"), choices=[("", _("unchanged")), *IllnessClass.choices], required=False
    )
