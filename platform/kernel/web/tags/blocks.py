"""Blocks that hold content: tables, dialogs, drawers, empty, loading and failed states."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from kernel.errors import DomainError
from kernel.web import icons, refusals
from kernel.web.tags.common import css, flat_attributes, keys_html

register = template.Library()

DENSITIES = {"tight": "tbl-tight", "normal": "", "touch": "tbl-touch"}


@register.simple_block_tag
def data_table(
    content: str,
    caption: Any,
    density: str = "normal",
    total: int | None = None,
    shown: int | None = None,
    show_caption: bool = False,
    **extra: Any,
) -> SafeString:
    """``{% data_table caption=_("Receipts") density="tight" %}<thead>…{% enddata_table %}``."""
    count = ""
    if total is not None and shown is not None and shown < total:
        text = _("%(shown)s of %(total)s rows are shown") % {"shown": shown, "total": total}
        count = format_html('<p class="table-count">{}</p>', text)
    return format_html(
        '<div class="table-block">{}<div class="table-wrap" role="region" aria-label="{}" tabindex="0">'
        '<table class="{}"{}>'
        '<caption class="{}">{}</caption>{}</table></div></div>',
        count,
        caption,
        css(extra, "tbl", DENSITIES[density]),
        flat_attributes(extra),
        "grid-caption" if show_caption else "sr-only",
        caption,
        mark_safe(content),  # noqa: S308
    )


def _quiet(css_class: str, icon_name: str, title: Any, content: str, role: str) -> SafeString:
    return format_html(
        '<div class="quiet {}"{}>{}<p class="quiet-title">{}</p><div class="quiet-body">{}</div></div>',
        css_class,
        mark_safe(f' role="{role}"') if role else "",  # noqa: S308  (a constant of this module)
        icons.draw(icon_name, size="l"),
        title,
        mark_safe(content.strip()),  # noqa: S308
    )


@register.simple_block_tag
def empty(content: str, title: Any, icon: str = "inbox") -> SafeString:
    """``{% empty _("Nobody is waiting") %}what comes next, buttons{% endempty %}``."""
    return _quiet("quiet-empty", icon, title, content, "")


@register.simple_block_tag
def failed(content: str, title: Any, icon: str = "warn") -> SafeString:
    """``{% failed _("The list could not be read") %}buttons{% endfailed %}``."""
    return _quiet("quiet-failed", icon, title, content, "alert")


@register.simple_tag
def loading(rows: int = 3, text: Any = "") -> SafeString:
    """``{% loading rows=4 text=_("Reading 300 rows") %}``: bars and words, never a spinner without words."""
    bars = format_html_join("", '<span class="bar bar-{}"></span>', ((number % 3,) for number in range(int(rows))))
    return format_html(
        '<div class="quiet quiet-loading" role="status"><div class="bars" aria-hidden="true">{}</div><p>{}</p></div>',
        bars,
        text or _("Loading…"),
    )


def _overlay(kind: str, content: str, name: str, title: Any, sub: Any, url: str, extra: dict[str, Any]) -> SafeString:
    body = mark_safe(content)  # noqa: S308
    if url:
        body = format_html(
            '<div data-load="{}" id="{}-body">{}</div>', url, name, loading(3) if not content.strip() else body
        )
    return format_html(
        '<dialog id="{}" class="{}" aria-labelledby="{}-title"{}><div class="overlay-box">'
        '<header class="overlay-head"><div><h2 id="{}-title">{}</h2>{}</div>'
        '<button type="button" class="btn btn-quiet btn-icon" data-close>{}'
        '<span class="keys" aria-hidden="true">{}</span>'
        "</button></header>{}</div></dialog>",
        name,
        css(extra, kind),
        name,
        flat_attributes(extra),
        name,
        title,
        format_html('<p class="overlay-sub">{}</p>', sub) if sub else "",
        icons.draw("close", label=_("Close")),
        keys_html("Esc"),
        body,
    )


@register.simple_block_tag
def dialog(content: str, name: str, title: Any, sub: Any = "", url: str = "", **extra: Any) -> SafeString:
    """``{% dialog "void" title=_("Void receipt") %}…{% enddialog %}``: only for acts that cannot be taken back."""
    return _overlay("dialog", content, name, title, sub, url, extra)


@register.simple_block_tag
def drawer(content: str, name: str, title: Any, sub: Any = "", url: str = "", **extra: Any) -> SafeString:
    """``{% drawer "checkin" title=_("Check-in") %}…{% enddrawer %}``: entry beside the board; folding keeps it."""
    return _overlay("drawer", content, name, title, sub, url, extra)


@register.simple_tag(takes_context=True)
def refusal(context: Any, error: DomainError | refusals.Refusal | str | None) -> SafeString:
    """``{% refusal error %}``: the one shape of a refusal, from a caught ``DomainError``."""
    if error is None or isinstance(error, str):  # a name that the context does not hold is drawn as nothing
        return mark_safe("")
    drawn = refusals.describe(error, context.get("request")) if isinstance(error, DomainError) else error
    return mark_safe(render_to_string("web/_refusal.html", {"refusal": drawn}))  # noqa: S308  (a rendered template)


@register.simple_tag
def refusal_slot() -> SafeString:
    """``{% refusal_slot %}``: where a refusal of this form, drawer or page appears, above its footer."""
    return mark_safe('<div class="refusal-slot" data-refusal-slot aria-live="assertive"></div>')
