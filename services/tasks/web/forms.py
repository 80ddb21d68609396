"""Forms of the inbox."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel.identity.models import User
from kernel.web.fields import SiteDateTimeField

LATEST_YEAR = 2200


class CompleteForm(forms.Form):
    note = forms.CharField(
        label=_("note"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("May stay empty."),
    )


class CarryOverForm(forms.Form):
    until = SiteDateTimeField(label=_("until"))
    reason = forms.CharField(label=_("reason"), max_length=200)

    def __init__(self, *args: Any, zone: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["until"].zone = zone  # type: ignore[attr-defined]

    def clean_until(self) -> Any:
        until = self.cleaned_data["until"]
        if until.year > LATEST_YEAR:
            raise forms.ValidationError(_("This day lies outside of the calendar."))
        return until


class HandOverForm(forms.Form):
    to = forms.ModelChoiceField(label=_("to"), queryset=User.objects.none(), to_field_name="code")
    note = forms.CharField(label=_("note"), max_length=200, required=False)

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = people
        self.fields["to"].label_from_instance = lambda user: user.display_name
