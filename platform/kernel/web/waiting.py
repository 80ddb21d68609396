"""The bar of a wait, drawn in Python: a full waiting room has a hundred of them, asked for every few seconds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.html import conditional_escape as esc
from django.utils.safestring import SafeString, mark_safe

from kernel.web import formatting

HINT = '<p class="wait-hint" data-wait-hint></p>'


def draw_wait(
    started_at: datetime,
    *,
    until: datetime,
    ask: int,
    limit: int,
    running: bool = True,
    hint: bool = False,
    label: Any = "",
    note: Any = "",
) -> SafeString:
    """The time from ``started_at`` to ``until`` with marks at ``ask`` and ``limit`` minutes.

    Exactly on a mark is still within it: amber begins after ``ask``, red after ``limit``, to the second. While it is
    ``running`` the browser counts on; ``hint`` leaves a place for its words.
    """
    seconds = max(0, int((until - started_at).total_seconds()))
    scale = max(30, limit + limit // 2)
    stage = "over" if seconds > limit * 60 else "ask" if seconds > ask * 60 else "calm"
    width = round(min(100.0, seconds / (scale * 60) * 100), 2)
    who = f'<span class="wait-who"><strong>{esc(label)}</strong> <span class="wait-note">{esc(note)}</span></span>'
    return mark_safe(  # noqa: S308  # numbers, words of this module, and what is escaped above
        f'<div class="wait wait-{stage}" {"data-wait" if running else ""} data-from="{formatting.isomoment(started_at)}"'
        f' data-ask="{ask}" data-limit="{limit}" data-scale="{scale}">'
        f'<div class="wait-head">{who if label else ""}'
        f'<span class="wait-time" data-wait-time>{formatting.clockface(seconds)}</span></div>'
        '<svg class="wait-bar" width="100%" height="24" aria-hidden="true">'
        '<rect class="wait-ground" y="2" width="100%" height="6" rx="2"/>'
        f'<rect class="wait-fill" data-wait-fill y="2" width="{width}%" height="6" rx="2"/>'
        f"{_mark(ask, scale)}{_mark(limit, scale)}</svg>"
        f"{HINT if hint and running else ''}</div>"
    )


def _mark(minutes: int, scale: int) -> str:
    x = round(minutes / scale * 100, 2)
    return (
        f'<rect class="wait-tick" x="{x}%" width="1" height="11"/>'
        f'<text class="wait-mark" x="{x}%" y="23" text-anchor="middle">{minutes}</text>'
    )
