"""The block of a board, drawn in Python: a full day has hundreds, and a template takes ten times as long for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from django.utils.html import conditional_escape as esc
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from kernel.web import icons
from kernel.web.board import SUBCOLUMNS
from kernel.web.states import state


def draw_blocks(blocks: Iterable[Mapping[str, Any]]) -> SafeString:
    """The list items of one column. What a block may hold is said at ``{% board %}``."""
    return mark_safe("".join(_block(block) for block in blocks))  # noqa: S308  # every part below is escaped


@lru_cache(maxsize=256)
def _state(key: str, language: str | None) -> tuple[str, str, str]:
    """(look, icon, word) of a state in one language, ready to be written."""
    drawn = state(key)
    return esc(drawn.look), icons.draw(drawn.icon, size="s"), esc(str(drawn.label))


def _block(block: Mapping[str, Any]) -> str:
    look, icon, word = _state(block["state"], get_language())
    word = esc(block.get("word") or word)
    title, item, span, lanes = esc(block["title"]), esc(block.get("item") or ""), block["span"], block["lanes"]
    narrow = lanes != SUBCOLUMNS
    css = f"bk bk-{look}{' bk-one' if span == 1 else ''}{' bk-clash' if block.get('clash') else ''}"
    marks = "".join(f' {esc(name)}="{esc(value)}"' for name, value in (block.get("attributes") or {}).items())
    if block.get("move_url"):
        marks = f' data-move-url="{esc(block["move_url"])}"{marks}'
    if block.get("code"):
        marks = f' data-code="{esc(block["code"])}"{marks}'
    line = f"{icon}<strong>{title}</strong>"
    if item:
        line += f'<span class="bk-item">{item}</span>'
    if block.get("help"):
        line += f'<span class="bk-with">{esc(block["help"])}</span>'
    if span == 1 or not narrow:
        line += f'<span class="bk-state">{word}</span>'
    return (
        f'<li class="row-start-{block["row"]} row-span-{span} col-start-{block["lane"]} col-span-{lanes} bk-cell">'
        f'<a class="{css}" href="{esc(block.get("url") or "#")}"{marks} title="{title} {item} · {word}" data-block '
        f'data-span="{span}"><span class="bk-line">{line}</span>{_more(block, word, narrow) if span > 1 else ""}</a></li>'
    )


def _more(block: Mapping[str, Any], word: str, narrow: bool) -> str:
    """The second line of a block that is high enough for one."""
    text = f"<strong>{word}</strong> " if narrow else ""
    text += esc(block.get("text") or "")
    if block.get("note"):
        text += f' <strong class="bk-note tone-{esc(block.get("note_tone") or "plain")}">{esc(block["note"])}</strong>'
    return f'<span class="bk-more">{text}</span>'
