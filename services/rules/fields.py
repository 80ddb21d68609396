"""The field in which a rule's value is typed, and how it is read: the house's form and headquarters' use the same."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel.registry import Param
from kernel.web.fields import SegmentedRadios, TimeField

NEW_VALUE = _("New value")


def value_field(param: Param, current: Any, *, label: Any = NEW_VALUE) -> forms.Field:
    """The field for a value of ``param``, with the ``current`` stored one in it."""
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


def typed_value(param: Param, typed: Any) -> Any:
    """What was typed into the field of ``param``, ready to be checked by the rule. Raises ValidationError for a table's line
    without a name."""
    if param.kind == "list":
        return [line.strip() for line in typed.splitlines() if line.strip()]
    if param.kind == "table":
        return _table(typed)
    return typed


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
