"""Lists of data drawn in one shape each: facts, timeline, steps, tabs, key figures, charts, board, pager."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django import template
from django.core.paginator import Page
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from kernel.web import charts, formatting
from kernel.web.board import Grid, laned
from kernel.web.board_block import draw_blocks

register = template.Library()


def _pairs(rows: Iterable[Any]) -> list[dict[str, Any]]:
    return [dict(row) if isinstance(row, Mapping) else {"label": row[0], "value": row[1]} for row in rows]


@register.inclusion_tag("web/facts.html")
def facts(rows: Iterable[Any]) -> dict[str, Any]:
    """``{% facts rows %}``: (label, value) or dicts with label, value, icon, tone, url."""
    return {"rows": _pairs(rows)}


@register.inclusion_tag("web/timeline.html")
def timeline(items: Iterable[Mapping[str, Any]], site: Any = None) -> dict[str, Any]:
    """``{% timeline items %}``: dicts with at, icon, title, text, who, tone, url, day (a heading when it changes)."""
    return {"items": list(items), "site": site}


@register.inclusion_tag("web/stepper.html")
def stepper(steps: Iterable[Mapping[str, Any]], site: Any = None) -> dict[str, Any]:
    """``{% stepper steps %}``: dicts with title, who, at, hash, state (done, now, locked, refused), note, body."""
    return {"steps": list(steps), "site": site}


@register.inclusion_tag("web/steps_bar.html")
def steps_bar(steps: Iterable[Mapping[str, Any]], site: Any = None) -> dict[str, Any]:
    """The same steps in one line."""
    return {"steps": list(steps), "site": site}


@register.inclusion_tag("web/tabs.html")
def tabs(items: Iterable[Mapping[str, Any]], current: Any = "", label: Any = "", target: str = "") -> dict[str, Any]:
    """``{% tabs items current=key %}``: dicts with key, label, url, count, tone, icon; ``target`` loads by htmx."""
    return {"items": list(items), "current": str(current), "label": label, "target": target, "look": "tabs"}


@register.inclusion_tag("web/tabs.html")
def segmented(
    items: Iterable[Mapping[str, Any]], current: Any = "", label: Any = "", target: str = ""
) -> dict[str, Any]:
    """The same data as one joined control, for filters of the same list."""
    return {"items": list(items), "current": str(current), "label": label, "target": target, "look": "seg"}


@register.inclusion_tag("web/key_figures.html")
def key_figures(items: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """``{% key_figures items %}``: dicts with label, value, note, tone, icon, url."""
    return {"items": list(items)}


@register.inclusion_tag("web/pager.html", takes_context=True)
def pager(context: Any, page: Page, name: str = "page", target: str = "") -> dict[str, Any]:
    """``{% pager page_obj %}``: keeps the other query arguments."""
    request = context["request"]

    def address(number: int) -> str:
        query = request.GET.copy()
        query[name] = str(number)
        return f"?{query.urlencode()}"

    return {
        "page": page,
        "target": target,
        "first": page.start_index(),
        "last": page.end_index(),
        "total": page.paginator.count,
        "previous": address(page.previous_page_number()) if page.has_previous() else "",
        "next": address(page.next_page_number()) if page.has_next() else "",
        "numbers": [
            (number, address(number) if isinstance(number, int) else "")
            for number in page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
        ],
    }


@register.simple_tag
def spark(values: Iterable[float | None], label: str = "", tone: str = "") -> SafeString:
    """``{% spark values label=_("13 months") %}``: 34 × 14, a dot at the end."""
    return charts.spark(list(values), label=str(label), tone=tone)


@register.inclusion_tag("web/chart.html")
def chart(chart: charts.Chart, twin: str = "folded") -> dict[str, Any]:
    """``{% chart chart %}``: title with period, unit and n, the drawing, its reading and the table twin.

    ``twin`` is ``folded``, ``open`` or ``none`` (when the same table stands on the page anyway).
    """
    return {"chart": chart, "drawing": chart.draw(), "table": chart.table(), "twin": twin}


@register.inclusion_tag("web/board.html")
def board(
    columns: Iterable[Mapping[str, Any]], grid: Grid, now: datetime | None = None, site: Any = None, label: Any = ""
) -> dict[str, Any]:
    """``{% board columns grid now=now site=site %}``: columns hold their blocks; overlapping ones share the width.

    A column is a dict with key, title, note, sub, alert, alert_icon, alert_tone, off, blocks. A block has row, span, state
    and title; it may have word (instead of the state's), item, help, text, note, note_tone, url, code, move_url, clash and
    attributes.
    """
    local = formatting.localised(now, site)
    row = grid.now_row(local) if local is not None else None
    labels = grid.labels()
    return {
        "columns": [{**column, "drawn": draw_blocks(laned(column.get("blocks", ())))} for column in columns],
        "grid": grid,
        "labels": labels,
        # Every column has the same lines; they are written once.
        "lines": format_html_join(
            "",
            '<li class="board-line{} row-start-{}" aria-hidden="true"></li>',
            ((" board-fold" if one.folded else "", one.row) for one in labels),
        ),
        "now_text": formatting.hhmm(local, site) if local else "",
        # A share of the height, because the height of a unit follows the screen.
        "now_at": None if row is None else round(row / grid.rows * 100, 2),
        "label": label,
    }
