"""Forms of an outage."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel.web.fields import SiteDateTimeField


class WindowForm(forms.Form):
    """From when, until when, why; and why the whole window counts although the server lived."""

    since = SiteDateTimeField(label=_("from"))
    until = SiteDateTimeField(label=_("until"), required=False)
    reason = forms.CharField(label=_("reason"), max_length=200)
    confirmed_reason = forms.CharField(label=_("why the whole window counts"), max_length=200, required=False)


class BlockForm(forms.Form):
    """How many numbers a block holds."""

    size = forms.IntegerField(label=_("how many"), initial=50)
