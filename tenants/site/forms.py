"""Forms of the public site."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel import registry
from tenants.models import slug_shape


def vertical_choices() -> list[tuple[str, Any]]:
    """The lines of business that this build has."""
    return [(key, vertical.label) for key, vertical in registry.verticals().items()]


class SignUpForm(forms.Form):
    """What somebody tells who wants to begin."""

    company = forms.CharField(label=_("Name of your clinic or agency"), max_length=80)
    slug = forms.CharField(
        label=_("Your address"),
        max_length=30,
        validators=[slug_shape],
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    verticals = forms.MultipleChoiceField(
        label=_("What you do"), choices=vertical_choices, widget=forms.CheckboxSelectMultiple
    )
    contact_name = forms.CharField(
        label=_("Your name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    contact_mail = forms.EmailField(
        label=_("Your work mail"), max_length=200, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )

    def clean_slug(self) -> str:
        return str(self.cleaned_data["slug"]).strip().lower()
