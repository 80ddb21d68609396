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
from kernel.web.waiting import draw_wait

register = template.Library()


@register.simple_tag
def wait_bar(
    started_at: datetime,
    ask: int = 15,
    limit: int = 20,
    frozen_at: datetime | None = None,
    hint: bool = True,
    label: Any = "",
    note: Any = "",
) -> SafeString:
    """``{% wait_bar visit.registered_at %}``: time since registration with marks at ``ask`` and ``limit`` minutes;
    ``frozen_at`` ends it."""
    return draw_wait(
        started_at,
        until=frozen_at or clock.now(),
        ask=ask,
        limit=limit,
        running=frozen_at is None,
        hint=hint,
        label=label,
        note=note,
    )


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
