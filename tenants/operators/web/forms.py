"""Forms of the operators' console."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from kernel import registry
from tenants.directory import PLATFORM
from tenants.models import slug_shape
from tenants.site.kinds import kind_for


def kind_choices() -> list[tuple[str, Any]]:
    """The kinds of tenant that this build has; the platform's own tenant is made when it is installed."""
    return [(key, kind.label) for key, kind in registry.kinds().items() if kind.family != PLATFORM]


def vertical_choices() -> list[tuple[str, Any]]:
    """Every vertical that this build has."""
    return [(key, vertical.label) for key, vertical in registry.verticals().items()]


class TenantForm(forms.Form):
    """A tenant to be set up."""

    name = forms.CharField(label=_("Name of the tenant"), max_length=80)
    slug = forms.CharField(
        label=_("Subdomain"),
        max_length=30,
        validators=[slug_shape],
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    chain_name = forms.CharField(
        label=_("Chain"),
        max_length=80,
        help_text=_("An existing one, or the name of a new one. Headquarters and the account belong to the chain."),
        widget=forms.TextInput(attrs={"list": "chains", "autocomplete": "off"}),
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=kind_choices, initial=lambda: kind_for(()))
    verticals = forms.MultipleChoiceField(
        label=_("Verticals"), choices=vertical_choices, widget=forms.CheckboxSelectMultiple, required=False
    )
    time_zone = forms.CharField(label=_("Time zone"), max_length=40, initial="Asia/Shanghai")
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES, initial=settings.LANGUAGE_CODE)
    profile = forms.ChoiceField(
        label=_("Parameters"),
        choices=[("default", _("recommended values")), ("literal", _("values as the manuals word them"))],
        initial="default",
    )
    administrator_name = forms.CharField(label=_("First administrator"), max_length=80, required=False)
    administrator_mail = forms.EmailField(label=_("Mail address"), max_length=200, required=False)

    def clean_slug(self) -> str:
        return str(self.cleaned_data["slug"]).strip().lower()

    def clean_time_zone(self) -> str:
        name = str(self.cleaned_data["time_zone"]).strip()
        if name not in available_timezones():
            raise ValidationError(_("There is no such time zone. Write it like Asia/Shanghai."))
        return name

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("administrator_name") and not data.get("administrator_mail"):
            self.add_error("administrator_mail", _("The invitation needs a mail address."))
        return data

    def order(self) -> dict[str, Any]:
        """What ``order_tenant`` takes."""
        data = self.cleaned_data
        mail = data["administrator_mail"]
        return {
            "name": data["name"],
            "slug": data["slug"],
            "chain_name": data["chain_name"],
            "kind": data["kind"],
            "verticals": tuple(data["verticals"]),
            "time_zone": data["time_zone"],
            "language": data["language"],
            "profile": data["profile"],
            "administrator": (data["administrator_name"] or mail, mail) if mail else None,
        }


class DomainForm(forms.Form):
    """A host name of a tenant's own."""

    host = forms.CharField(
        label=_("Host name"),
        max_length=253,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
