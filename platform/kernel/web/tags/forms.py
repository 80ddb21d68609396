"""Forms: label above, star, help and error below, and errors that say how to cure them."""

from __future__ import annotations

from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kernel.web import icons
from kernel.web.fields import AmountInput, SegmentedRadios

register = template.Library()

PLAIN_CONTROLS = (forms.CheckboxInput, forms.RadioSelect, forms.CheckboxSelectMultiple, forms.FileInput)


def _control_class(widget: forms.Widget) -> str:
    if isinstance(widget, forms.CheckboxInput):
        return "checkbox"
    if isinstance(widget, forms.FileInput):
        return "file-input"
    if isinstance(widget, forms.Textarea):
        return "control control-text"
    if isinstance(widget, forms.Select) and not isinstance(widget, forms.RadioSelect):
        return "control control-select"
    if isinstance(widget, forms.NumberInput | AmountInput):
        return "control num"
    return "" if isinstance(widget, PLAIN_CONTROLS) else "control"


def _render(bound: BoundField, described: str, extra: dict[str, Any]) -> SafeString:
    attrs: dict[str, Any] = {
        name.replace("_", "-"): value for name, value in extra.items() if value not in (None, False)
    }
    classes = " ".join(
        part for part in (_control_class(bound.field.widget), bound.field.widget.attrs.get("class", "")) if part
    )
    if classes:
        attrs["class"] = classes
    if isinstance(bound.field.widget, forms.Textarea) and bound.field.widget.attrs.get("rows", "10") == "10":
        attrs["rows"] = 3  # Django's ten rows push the buttons off the screen
    if described:
        attrs["aria-describedby"] = described
    if bound.errors:
        attrs["aria-invalid"] = "true"
    return bound.as_widget(attrs=attrs)


@register.simple_tag
def field(
    bound: BoundField, width: str = "", suffix: Any = "", hint: Any = "", label: Any = "", **extra: Any
) -> SafeString:
    """``{% field form.phone hint=_("may be empty with a reason") width="half" %}``."""
    if bound.is_hidden:
        return format_html("{}{}", bound.as_widget(), "")
    name = bound.id_for_label or bound.auto_id or bound.html_name
    help_text = hint or bound.help_text
    help_id, error_id = f"{name}-help", f"{name}-error"
    described = " ".join(part for part in (help_id if help_text else "", error_id if bound.errors else "") if part)
    star = ""
    if bound.field.required and not isinstance(bound.field.widget, forms.CheckboxInput):
        star = format_html(
            '<span class="star" aria-hidden="true">*</span><span class="sr-only"> {}</span>', _("required")
        )
    control = _render(bound, described, extra)
    if suffix:
        control = format_html('<span class="with-suffix">{}<span class="suffix">{}</span></span>', control, suffix)
    words = label or bound.label
    notes = format_html(
        "{}{}",
        format_html('<p class="hint" id="{}">{}</p>', help_id, help_text) if help_text else "",
        format_html(
            '<p class="error" id="{}">{}<span>{}</span></p>',
            error_id,
            icons.draw("warn", size="s"),
            format_html_join(" ", "{}", ((error,) for error in bound.errors)),
        )
        if bound.errors
        else "",
    )
    classes = " ".join(
        part for part in ("field", f"field-{width}" if width else "", "field-bad" if bound.errors else "") if part
    )
    if isinstance(bound.field.widget, forms.CheckboxInput):
        return format_html(
            '<div class="{} field-check"><label class="check-line" for="{}">{}<span>{}</span></label>{}</div>',
            classes, name, control, words, notes,
        )  # fmt: skip
    if bound.field.widget.use_fieldset or isinstance(bound.field.widget, SegmentedRadios):
        return format_html(
            '<fieldset class="{}" id="{}"{}><legend class="label">{}{}</legend>{}{}</fieldset>',
            classes,
            f"{name}-group",
            format_html(' aria-describedby="{}"', described) if described else "",
            words, star, control, notes,
        )  # fmt: skip
    return format_html(
        '<div class="{}"><label class="label" for="{}">{}{}</label>{}{}</div>',
        classes,
        name,
        words,
        star,
        control,
        notes,
    )


@register.simple_tag
def fields(form: forms.BaseForm) -> SafeString:
    """``{% fields form %}``: every visible field in order, hidden ones at the end."""
    visible = format_html_join("", "{}", ((field(bound),) for bound in form.visible_fields()))
    hidden = format_html_join("", "{}", ((bound.as_widget(),) for bound in form.hidden_fields()))
    return format_html("{}{}", visible, hidden)


@register.simple_tag
def form_errors(form: forms.BaseForm) -> SafeString:
    """``{% form_errors form %}``: how many entries need attention, with links, and what belongs to none of them."""
    if not form.is_bound or not form.errors:
        return mark_safe("")
    links = [
        (bound.id_for_label or f"{bound.auto_id}-group", bound.label, bound.errors[0])
        for bound in form.visible_fields()
        if bound.errors
    ]
    general = [(message,) for message in form.non_field_errors()]
    general += [(message,) for bound in form.hidden_fields() for message in bound.errors]
    title = ngettext("%(n)s entry needs attention", "%(n)s entries need attention", len(links)) % {"n": len(links)}
    return format_html(
        '<div class="form-errors" role="alert" tabindex="-1" data-autofocus>{}<div>{}{}<ul>{}</ul></div></div>',
        icons.draw("warn"),
        format_html("<strong>{}</strong>", title) if links else "",
        format_html_join("", "<p>{}</p>", general),
        format_html_join("", '<li><a href="#{}">{}</a> {}</li>', links),
    )
