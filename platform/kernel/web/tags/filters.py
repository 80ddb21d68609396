"""Filters: how money, times, phones and figures are written."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import template

from kernel import capitals
from kernel.web import formatting, states

register = template.Library()

register.filter("money", formatting.money)
register.filter("fen", formatting.money)
register.filter("yuan", formatting.yuan)
register.filter("masked_phone", formatting.masked_phone)
register.filter("minutes", formatting.hours_minutes)
register.filter("clockface", formatting.clockface)
register.filter("isomoment", formatting.isomoment)
register.filter("figure", formatting.figure)
register.filter("percent", formatting.percent)
register.filter("listed", formatting.listed)


@register.filter
def signed_money(fen: int | None) -> str:
    """As ``money``, with + before what is added."""
    return formatting.money(fen, sign=True)


@register.filter
def capital(fen: int | None, style: str = "") -> str:
    """Chinese capital amount of a document, whatever the language of the page; ``"traditional"`` for those glyphs."""
    if fen is None:
        return formatting.NONE
    return capitals.capital_amount(fen, traditional=style == "traditional")


@register.filter
def local_time(value: Any, place: Any = None) -> str:
    """09:20 in the site's zone."""
    return formatting.hhmm(value, place)


@register.filter
def local_seconds(value: datetime | None, place: Any = None) -> str:
    """09:20:10 in the site's zone."""
    moment = formatting.localised(value, place)
    return formatting.NONE if moment is None else moment.strftime("%H:%M:%S")


@register.filter
def local_date(value: datetime | date | None, place: Any = None) -> str:
    """2026-12-07 in the site's zone."""
    if value is None:
        return formatting.NONE
    if isinstance(value, datetime):
        value = value.astimezone(formatting.zone_of(place))
    return value.strftime("%Y-%m-%d")


@register.filter
def local_short(value: datetime | None, place: Any = None) -> str:
    """12-07 09:20 in the site's zone."""
    moment = formatting.localised(value, place)
    return formatting.NONE if moment is None else moment.strftime("%m-%d %H:%M")


@register.filter
def local_datetime(value: datetime | None, place: Any = None) -> str:
    """2026-12-07 09:20 in the site's zone."""
    moment = formatting.localised(value, place)
    return formatting.NONE if moment is None else moment.strftime("%Y-%m-%d %H:%M")


@register.filter
def day_words(value: date | datetime | None, place: Any = None) -> str:
    """Today, Tomorrow, 12-07 …"""
    if value is None:
        return formatting.NONE
    if isinstance(value, datetime):
        value = value.astimezone(formatting.zone_of(place)).date()
    return formatting.day_words(value)


@register.filter
def weekday(value: date | datetime | None) -> str:
    """Short name of the weekday."""
    if value is None:
        return formatting.NONE
    return formatting.weekday(value.astimezone(formatting.zone_of()) if isinstance(value, datetime) else value)


@register.filter
def dash(value: Any) -> Any:
    """None and nothing typed read "—"; zero stays zero."""
    return formatting.NONE if value is None or value == "" else value


@register.filter
def item(mapping: Any, key: Any) -> Any:
    """``{{ cells|item:site.code }}``: a key of a dict that a template knows only at run time."""
    return mapping.get(key) if hasattr(mapping, "get") else None


@register.filter
def stateword(key: str) -> Any:
    """The word of a state."""
    return states.state(key).label


@register.filter
def statelook(key: str) -> str:
    """The style modifier of a state."""
    return states.state(key).look


@register.filter
def stateicon(key: str) -> str:
    """The icon name of a state."""
    return states.state(key).icon


@register.filter
def unlocalised(value: Any) -> str:
    """A number as SVG and CSS read it, whatever the language of the page."""
    return str(value)
