"""Icons, keys, buttons, badges, headings."""

from __future__ import annotations

import secrets
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from kernel import registry
from kernel.web import assets, icons, states
from kernel.web.slots import slot_items
from kernel.web.tags.common import address, css, flat_attributes, hidden_keys, key_attributes, keys_html

register = template.Library()

BUTTONS = {
    "primary": "btn btn-primary",
    "secondary": "btn",
    "danger": "btn btn-danger",
    "quiet": "btn btn-quiet",
}
BUTTON_SIZES = {"s": "btn-s", "m": "", "l": "btn-l"}
TONES = {"plain", "ok", "info", "warn", "late", "vip"}
TONE_ICONS = {"ok": "check", "info": "info", "warn": "warn", "late": "refuse", "vip": "star"}


@register.simple_tag
def front_end(*entries: str) -> SafeString:
    """Script and style of front-end entries: ``{% front_end "app.js" %}``."""
    return assets.tags(*entries)


@register.simple_tag
def icon(name: str, label: str = "", size: str = "m") -> SafeString:
    """``{% icon "clock" %}`` beside a word; ``label=`` when it stands alone."""
    return icons.draw(name, label=label, size=size)


@register.simple_tag
def kbd(keys: str) -> SafeString:
    """``{% kbd "Ctrl Enter" %}``."""
    return keys_html(keys)


def _inner(label: Any, icon_name: str, key: str, *, busy: bool = False) -> SafeString:
    mark = mark_safe('<span class="spinner" aria-hidden="true"></span>') if busy else ""
    if not mark and icon_name:
        mark = icons.draw(icon_name)
    return format_html('{}<span class="btn-word">{}</span>{}', mark, label, hidden_keys(key))


@register.simple_tag
def button(
    label: Any,
    kind: str = "secondary",
    key: str = "",
    icon: str = "",
    size: str = "m",
    locked: Any = "",
    busy: bool = False,
    type: str = "submit",  # noqa: A002  (the attribute's name)
    **extra: Any,
) -> SafeString:
    """``{% button _("Check in") kind="primary" key="C" hx_post=url %}``; ``locked=`` shows why it cannot be pressed."""
    classes = css(extra, BUTTONS[kind], BUTTON_SIZES[size], "btn-locked" if locked else "")
    if locked:
        name = f"why-{secrets.token_hex(4)}"
        return format_html(
            '<span class="locked">'
            '<button type="button" class="{}" aria-disabled="true" aria-describedby="{}">{}</button>'
            '<span class="locked-why" id="{}">{}</span></span>',
            classes, name, _inner(label, "lock", key), name, locked,
        )  # fmt: skip
    return format_html(
        '<button type="{}" class="{}"{}{}{}>{}</button>',
        type,
        classes,
        key_attributes(key),
        flat_attributes(extra),
        mark_safe(' aria-busy="true"') if busy else "",
        _inner(label, icon, key, busy=busy),
    )


@register.simple_tag
def link_button(
    label: Any,
    to: Any,
    kind: str = "secondary",
    key: str = "",
    icon: str = "",
    size: str = "m",
    args: Any = (),
    **extra: Any,
) -> SafeString:
    """``{% link_button _("New") "appointments:new" key="N" %}``."""
    return format_html(
        '<a href="{}" class="{}"{}{}>{}</a>',
        address(to, args),
        css(extra, BUTTONS[kind], BUTTON_SIZES[size]),
        key_attributes(key),
        flat_attributes(extra),
        _inner(label, icon, key),
    )


@register.simple_tag
def state(key: str, text: Any = "", **extra: Any) -> SafeString:
    """``{% state visit.state %}``: icon, word and look together; ``text`` replaces or completes the word."""
    found = states.state(key)
    return format_html(
        '<span class="{}"{}>{}<span>{}</span></span>',
        css(extra, "state", f"state-{found.look}"),
        flat_attributes(extra),
        icons.draw(found.icon, size="s"),
        text or found.label,
    )


@register.simple_tag
def badge(label: Any, tone: str = "plain", icon: str = "", **extra: Any) -> SafeString:
    """``{% badge _("Paid") tone="ok" icon="check" %}``. A tone always brings an icon: colour never stands alone."""
    chosen = icon or TONE_ICONS.get(tone, "")
    return format_html(
        '<span class="{}"{}>{}<span>{}</span></span>',
        css(extra, "badge", f"tone-{tone if tone in TONES else 'plain'}"),
        flat_attributes(extra),
        icons.draw(chosen, size="s") if chosen else "",
        label,
    )


@register.simple_tag
def vertical_dot(key: str, text: bool = True) -> SafeString:
    """``{% vertical_dot "…" %}``: small square in the vertical's colour, with its name."""
    vertical = registry.verticals().get(key)
    if vertical is None:
        return mark_safe("")
    name = vertical.short or vertical.label
    if text:
        return format_html('<span class="vdot ground-{}">{}</span>', vertical.colour, name)
    return format_html(
        '<span class="vdot vdot-bare ground-{}" role="img" aria-label="{}"></span>', vertical.colour, name
    )


@register.simple_block_tag
def page_header(content: str, title: Any, count: Any = None, subtitle: Any = "", back: Any = "") -> SafeString:
    """``{% page_header title count=11 %}buttons{% endpage_header %}``: the one h1 of the page."""
    return format_html(
        '<header class="page-head"><div class="page-title">{}<h1>{}</h1>{}{}</div>'
        '<div class="page-acts">{}</div></header>',
        format_html('<a class="back" href="{}">{}</a>', address(back), icons.draw("arrow-left", label=_("Back")))
        if back
        else "",
        title,
        format_html('<span class="page-count">{}</span>', count) if count is not None else "",
        format_html('<p class="page-sub">{}</p>', subtitle) if subtitle else "",
        mark_safe(content.strip()),  # noqa: S308  (rendered by the template)
    )


@register.simple_block_tag
def section(
    content: str, title: Any, count: Any = None, note: Any = "", tone: str = "", level: int = 2, **extra: Any
) -> SafeString:
    """``{% section _("Waiting") count=3 tone="late" %}…{% endsection %}``: a heading on a line, never a card."""
    heading = f"h{int(level)}"
    return format_html(
        '<section class="{}"{}><div class="sec-head"><{} class="sec-title">{}{}</{}>{}</div>{}</section>',
        css(extra, "sec", f"sec-{tone}" if tone else ""),
        flat_attributes(extra),
        heading,
        title,
        format_html(' <span class="sec-count">{}</span>', count) if count is not None else "",
        heading,
        format_html('<div class="sec-note">{}</div>', note) if note else "",
        mark_safe(content),  # noqa: S308
    )


@register.simple_block_tag
def notice(content: str, tone: str = "info", title: Any = "", icon: str = "", **extra: Any) -> SafeString:
    """``{% notice tone="warn" title=_("…") %}text{% endnotice %}``: an explanation beside the work."""
    return format_html(
        '<div class="{}"{}>{}<div class="notice-body">{}{}</div></div>',
        css(extra, "notice", f"notice-{tone}"),
        flat_attributes(extra),
        icons.draw(icon or TONE_ICONS.get(tone, "info")),
        format_html("<strong>{}</strong> ", title) if title else "",
        mark_safe(content),  # noqa: S308
    )


class SlotItems(list[Any]):
    """What a slot holds: iterate over it, or print its html contributions."""

    def __html__(self) -> str:
        return "".join(str(item.get("html", "") if isinstance(item, dict) else item) for item in self)

    __str__ = __html__


@register.simple_tag(takes_context=True)
def slot(context: Any, name: str, **values: Any) -> SlotItems:
    """``{% slot "patient.tabs" patient=patient as items %}`` or printed at once."""
    return SlotItems(slot_items(name, context["request"], **values))


@register.simple_tag
def keys_bar(*pairs: Any) -> SafeString:
    """``{% keys_bar "J K" _("next, previous") "Enter" _("open") %}`` at the right of the footer bar."""
    parts = [
        format_html('<span class="keys-item">{}{}</span>', keys_html(keys), word)
        for keys, word in zip(pairs[::2], pairs[1::2], strict=True)
    ]
    return format_html('<div class="keys-bar">{}</div>', mark_safe("".join(parts)))  # noqa: S308  (each part escaped)
