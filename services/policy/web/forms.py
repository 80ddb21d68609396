"""Forms of the exception report."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel.web.fields import SegmentedRadios


class ReviewForm(forms.Form):
    """Accepted or objected to; an objection needs its words."""

    verdict = forms.ChoiceField(
        label=_("verdict"),
        choices=[("accepted", _("Accepted")), ("objected", _("Objected to"))],
        widget=SegmentedRadios,
    )
    note = forms.CharField(
        label=_("note"),
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("An objection needs one."),
    )
