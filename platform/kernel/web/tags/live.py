"""What runs with the server's clock: waits, deadlines, countdowns, usage bars."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kernel import clock
from kernel.web import formatting, icons

register = template.Library()


@register.inclusion_tag("web/wait_bar.html")
def wait_bar(
    started_at: datetime,
    ask: int = 15,
    limit: int = 20,
    frozen_at: datetime | None = None,
    hint: bool = True,
    label: Any = "",
    note: Any = "",
) -> dict[str, Any]:
    """``{% wait_bar visit.registered_at %}``: time since registration with marks at ``ask`` and ``limit`` minutes.

    Exactly on a mark is still within it: amber begins after ``ask``, red after ``limit``, to the second.
    """
    seconds = max(0, int(((frozen_at or clock.now()) - started_at).total_seconds()))
    scale = max(30, limit + limit // 2)
    stage = "over" if seconds > limit * 60 else "ask" if seconds > ask * 60 else "calm"
    return {
        "label": label,
        "note": note,
        "started_at": started_at,
        "frozen": frozen_at is not None,
        "ask": ask,
        "limit": limit,
        "scale": scale,
        "seconds": seconds,
        "stage": stage,
        "width": round(min(100.0, seconds / (scale * 60) * 100), 2),
        "ask_x": round(ask / scale * 100, 2),
        "limit_x": round(limit / scale * 100, 2),
        "hint": hint and frozen_at is None,
    }


@register.simple_tag
def deadline(due_at: datetime | None, done: bool = False) -> SafeString | str:
    """``{% deadline task.due_at %}``: "20 min left" or "overdue 1:10", counting on in the browser."""
    if due_at is None:
        return formatting.NONE
    tone, words = formatting.deadline(due_at)
    if done:
        return format_html('<span class="due due-plain">{}</span>', formatting.hhmm(due_at))
    return format_html(
        '<time class="due due-{}" data-deadline datetime="{}">{}</time>', tone, due_at.isoformat(), words
    )


@register.inclusion_tag("web/countdown.html")
def countdown(due_at: datetime, total: int = 15, site: Any = None) -> dict[str, Any]:
    """``{% countdown offer.expires_at total=15 %}``: ring, minutes and seconds left, and the wall-clock end."""
    left = max(0, int((due_at - clock.now()).total_seconds()))
    return {
        "due_at": due_at,
        "total": timedelta(minutes=total).total_seconds(),
        "left": left,
        "share": round(min(100.0, left / (total * 60) * 100), 2) if total else 0,
        "site": site,
        "almost": 0 < left < 120,
    }


@register.simple_tag
def meter(
    used: int | float, limit: int | float | None, label: Any = "", unit: Any = "", warn_at: int = 97
) -> SafeString:
    """``{% meter 146 150 label=_("Seats") %}``: for what can run out; amber from ``warn_at`` percent, red over it."""
    share = 0.0 if not limit else min(100.0, used / limit * 100)
    tone = "full" if limit and used > limit else "warn" if limit and share >= warn_at else "ok"
    words = _("%(used)s of %(limit)s") % {
        "used": formatting.figure(used),
        "limit": formatting.figure(limit) if limit else _("no limit"),
    }
    return format_html(
        '<div class="meter meter-{}"><div class="meter-head"><span>{}</span><span class="num">{}{} {}</span></div>'
        '<svg class="meter-bar" width="100%" height="6" aria-hidden="true">'
        '<rect class="meter-ground" width="100%" height="6" rx="3"/>'
        '<rect class="meter-fill" width="{}%" height="6" rx="3"/></svg></div>',
        tone,
        label,
        icons.draw("warn", size="s") if tone != "ok" else "",
        words,
        unit,
        round(share, 2),
    )
