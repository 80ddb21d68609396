"""What several tag modules share: attributes from keyword arguments, keys, urls."""

from __future__ import annotations

from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

SYMBOLS = {
    "Enter": "↵", "Backspace": "⌫", "Up": "↑", "Down": "↓", "Left": "←", "Right": "→", "Tab": "Tab",
}  # fmt: skip
SPOKEN = {"Ctrl": "Control", "Esc": "Escape"}
MODIFIERS = ("Ctrl", "Alt", "Shift", "Meta")


def flat_attributes(extra: dict[str, Any]) -> SafeString:
    """Keyword arguments as attributes: ``hx_post`` → ``hx-post``; None and False are left out, True stands alone."""
    parts = []
    for name, value in extra.items():
        if value is None or value is False:
            continue
        attribute = name.rstrip("_").replace("_", "-")
        parts.append(f" {attribute}" if value is True else f' {attribute}="{escape(value)}"')
    return mark_safe("".join(parts))  # noqa: S308  (every value is escaped above)


def css(extra: dict[str, Any], *names: str) -> str:
    """The classes of a component plus the caller's own (taken out of ``extra``)."""
    return " ".join(part for part in (*names, str(extra.pop("class", ""))) if part)


def keys_html(keys: str) -> SafeString:
    """Keys as they are printed on buttons: a chord in one box, a sequence in several."""
    words = str(keys).split()
    if not words:
        return mark_safe("")
    if words[0] in MODIFIERS:
        return format_html("<kbd>{}</kbd>", " ".join(SYMBOLS.get(word, word) for word in words))
    return format_html_join("", "<kbd>{}</kbd>", ((SYMBOLS.get(word, word),) for word in words))


def key_attributes(keys: str | None) -> SafeString:
    """``data-key`` for the key map and ``aria-keyshortcuts`` for readers."""
    if not keys:
        return mark_safe("")
    words = keys.split()
    spoken = "+".join(SPOKEN.get(word, word) for word in words) if words[0] in MODIFIERS else " ".join(words)
    return format_html(' data-key="{}" aria-keyshortcuts="{}"', keys, spoken)


def hidden_keys(keys: str | None) -> SafeString:
    """The keys printed inside a control; readers get them from ``aria-keyshortcuts``."""
    if not keys:
        return mark_safe("")
    return format_html('<span class="keys" aria-hidden="true">{}</span>', keys_html(keys))


def address(to: Any, args: Any = ()) -> str:
    """A path as it is, an object's own address, or a url name with ``args``. Raises NoReverseMatch for other names."""
    if hasattr(to, "get_absolute_url"):
        return str(to.get_absolute_url())
    text = str(to)
    if text.startswith(("/", "#", "?", "http://", "https://", "tel:", "mailto:")):
        return text
    if not text:
        raise NoReverseMatch("a link needs an address")
    return reverse(text, args=args if isinstance(args, list | tuple) else [args])
