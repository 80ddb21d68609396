"""Forms of wallet payments."""

from __future__ import annotations

import re

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel.web.fields import DateField


class ScanForm(forms.Form):
    """The payer's code as the scanner types it, and coupons that make the slip cheaper."""

    payer_code = forms.CharField(
        label=_("Code on the payer's phone"),
        max_length=32,
        widget=forms.TextInput(attrs={"class": "control num", "inputmode": "numeric", "autocomplete": "off"}),
    )
    coupon = forms.CharField(label=_("Coupon"), max_length=120, required=False)

    def coupons(self) -> list[str]:
        """The numbers typed or scanned, apart by spaces or commas."""
        return [one for one in re.split(r"[\s,，、]+", self.cleaned_data.get("coupon") or "") if one]


class DayForm(forms.Form):
    """The day whose bill is fetched."""

    day = DateField(label=_("Day"))


class ReasonForm(forms.Form):
    """Why bill and house differ."""

    reason = forms.CharField(label=_("Reason"), max_length=200)
