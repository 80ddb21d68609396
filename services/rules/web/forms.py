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
from kernel.web.fields import SegmentedRadios, SiteDateTimeField, TimeField
from services.rules import selectors


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
        self.fields["value"] = _value_field(param, current)
        self.fields["effective_from"].zone = tenancy.current().timezone  # type: ignore[attr-defined]

    def clean_value(self) -> Any:
        typed = self.cleaned_data["value"]
        if self.param.kind == "list":
            return [line.strip() for line in typed.splitlines() if line.strip()]
        if self.param.kind == "table":
            return _table(typed)
        return typed

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


def _value_field(param: Param, current: Any) -> forms.Field:
    label = _("New value")
    if param.kind == "bool":
        choices = [("true", _("yes")), ("false", _("no"))]
        return forms.ChoiceField(
            label=label, choices=choices, widget=SegmentedRadios, initial="true" if current else "false"
        )
    if param.kind == "choice":
        return forms.ChoiceField(label=label, choices=[(one, one) for one in param.choices], initial=current)
    if param.kind == "time":
        return TimeField(label=label, initial=current)
    if param.kind == "list":
        return forms.CharField(
            label=label,
            required=False,
            widget=forms.Textarea(attrs={"rows": 5}),
            help_text=_("One per line."),
            initial="\n".join(str(item) for item in current),
        )
    if param.kind == "table":
        lines = (
            f"{name}: {', '.join(map(str, item)) if isinstance(item, list) else item}" for name, item in current.items()
        )
        return forms.CharField(
            label=label,
            required=False,
            widget=forms.Textarea(attrs={"rows": 6}),
            help_text=_("One per line, as name: value; several values with commas."),
            initial="\n".join(lines),
        )
    if param.kind == "text":
        return forms.CharField(label=label, required=False, initial=current, widget=forms.Textarea(attrs={"rows": 3}))
    # Checked by the rule itself, which says what it allows; the keyboard of a phone shows digits.
    return forms.CharField(label=label, initial=current, widget=forms.TextInput(attrs={"inputmode": "decimal"}))


def _table(typed: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for line in typed.splitlines():
        name, colon, rest = line.partition(":")
        if not line.strip():
            continue
        if not colon:
            raise forms.ValidationError(_("Write each line as name: value."))
        parts = [_member(part.strip()) for part in rest.split(",")]
        found[name.strip()] = parts if len(parts) > 1 else parts[0]
    return found


def _member(text: str) -> str | int:
    return int(text) if text.isascii() and text.lstrip("-").isdigit() else text
