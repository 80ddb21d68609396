"""The form that sets a rule: its field for the value follows the kind of the rule."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel import registry, tenancy
from kernel.context import ALL, Actor
from kernel.parameters.scopes import SITE, VERTICAL, Scope
from kernel.registry import Param
from kernel.web.fields import SiteDateTimeField
from services.rules import selectors
from services.rules.fields import typed_value, value_field


class RuleForm(forms.Form):
    """A new value, for whom, and from when on."""

    scope = forms.ChoiceField(label=_("For whom"))
    value = forms.CharField(label=_("New value"), required=False)
    effective_from = SiteDateTimeField(label=_("From when on"), required=False, help_text=_("Empty means now."))
    locked = forms.BooleanField(
        label=_("Lock it"),
        required=False,
        help_text=_("Narrower scopes may then tighten this value and not loosen it."),
    )

    def __init__(self, *args: Any, param: Param, actor: Actor, current: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.param = param
        self.fields["scope"].choices = scope_choices(actor)  # type: ignore[attr-defined]
        self.fields["value"] = value_field(param, current)
        self.fields["effective_from"].zone = tenancy.current().timezone  # type: ignore[attr-defined]

    def clean_value(self) -> Any:
        return typed_value(self.param, self.cleaned_data["value"])

    def clean_effective_from(self) -> datetime | None:
        return self.cleaned_data["effective_from"] or None

    @property
    def chosen_scope(self) -> tuple[str, str]:
        """Kind and code of the scope."""
        kind, _colon, code = self.cleaned_data["scope"].partition(":")
        return kind, code


def scope_choices(actor: Actor) -> list[tuple[str, str]]:
    """The scopes that ``actor`` may set, the widest first."""
    choices = []
    if actor.sites("parameters.set") is ALL:
        choices.append(("tenant", str(selectors.write_scope(Scope.tenant()))))
    choices += [(f"{SITE}:{site.code}", site.short_name) for site in selectors.sites_to_set(actor)]
    if actor.sites("parameters.set") is ALL:
        choices += [(f"{VERTICAL}:{one.key}", str(one.label)) for one in registry.active_verticals()]
    return choices
