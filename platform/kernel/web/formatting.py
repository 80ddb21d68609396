"""How values are written for people: money, times of a site, phones, figures. Pure functions; the filters wrap them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from kernel import clock, tenancy

MINUS = "−"
NONE = "—"


def zone_of(place: Any = None) -> ZoneInfo:
    """The zone of a site (anything with ``timezone``), a zone, its name, or by default the current tenant's."""
    value = getattr(place, "timezone", place)
    if isinstance(value, ZoneInfo):
        return value
    if isinstance(value, str) and value:
        return ZoneInfo(value)
    tenant = tenancy.current_or_none()
    return tenant.timezone if tenant is not None else ZoneInfo(timezone.get_default_timezone_name())


def localised(value: datetime | None, place: Any = None) -> datetime | None:
    """An aware moment in the site's zone."""
    return None if value is None else value.astimezone(zone_of(place))


def money(fen: int | None, *, sign: bool = False) -> str:
    """Fen as yuan with two decimals: 105030 → "1,050.30"; None → "—"; ``sign`` writes + before what is added."""
    if fen is None:
        return NONE
    whole, rest = divmod(abs(fen), 100)
    mark = MINUS if fen < 0 else "+" if sign and fen > 0 else ""
    return f"{mark}{whole:,}.{rest:02d}"


def yuan(fen: int | None) -> str:
    """As ``money`` with the sign of the currency."""
    if fen is None:
        return NONE
    return f"{MINUS if fen < 0 else ''}¥{money(abs(fen))}"


def masked_phone(phone: str | None) -> str:
    """138****4417: first three and last four digits of a mobile number, last four of anything shorter."""
    digits = re.sub(r"\D", "", phone or "")
    if not digits:
        return NONE
    if len(digits) > 11 and digits.startswith("86"):
        digits = digits[2:]
    if len(digits) >= 10:
        return f"{digits[:3]}****{digits[-4:]}"
    return f"****{digits[-4:]}"


def hours_minutes(minutes: int | None) -> str:
    """Whole minutes in words: 70 → "1 h 10 min"."""
    if minutes is None:
        return NONE
    hours, rest = divmod(abs(int(minutes)), 60)
    mark = MINUS if minutes < 0 else ""
    if hours and rest:
        text = _("%(hours)s h %(minutes)s min") % {"hours": hours, "minutes": rest}
    elif hours:
        text = ngettext("%(hours)s h", "%(hours)s h", hours) % {"hours": hours}
    else:
        text = _("%(minutes)s min") % {"minutes": rest}
    return mark + text


def clockface(seconds: int | float | None) -> str:
    """Seconds as m:ss, or h:mm:ss from an hour on; the way waits are read aloud."""
    if seconds is None:
        return NONE
    total = int(abs(seconds))
    hours, rest = divmod(total, 3600)
    mark = MINUS if seconds < 0 else ""
    if hours:
        return f"{mark}{hours}:{rest // 60:02d}:{rest % 60:02d}"
    return f"{mark}{rest // 60}:{rest % 60:02d}"


def isomoment(value: datetime | None) -> str:
    """For ``data-…`` and ``<time datetime>``: the moment in UTC, to the millisecond."""
    return "" if value is None else value.isoformat(timespec="milliseconds")


def gap(seconds: int | float) -> str:
    """A distance to a deadline: "20 min" within the hour, "2:20" above, "3 d" from two days on."""
    minutes = int(abs(seconds)) // 60
    if minutes < 60:
        return _("%(minutes)s min") % {"minutes": minutes}
    if minutes < 2 * 24 * 60:
        return f"{minutes // 60}:{minutes % 60:02d}"
    return _("%(days)s d") % {"days": minutes // (24 * 60)}


def deadline(due: datetime) -> tuple[str, str]:
    """Tone and words of a deadline now: ("late", "overdue 1:10"), ("warn", "20 min left"), ("plain", "2:20 left")."""
    left = (due - clock.now()).total_seconds()
    if left < 0:
        return "late", _("overdue %(gap)s") % {"gap": gap(left)}
    return ("warn" if left <= 30 * 60 else "plain"), _("%(gap)s left") % {"gap": gap(left)}


def percent(ratio: float | Decimal | None, places: int = 1) -> str:
    """0.0061 → "0.6%"; rounds half up, as the tables of the headquarters do."""
    if ratio is None:
        return NONE
    step = Decimal(1).scaleb(-places)
    value = (Decimal(str(ratio)) * 100).quantize(step, rounding=ROUND_HALF_UP)
    return f"{MINUS if value < 0 else ''}{abs(value)}%"


def figure(value: float | Decimal | None, places: int = 0) -> str:
    """A number with thousands separators; None → "—"."""
    if value is None:
        return NONE
    return f"{MINUS if value < 0 else ''}{abs(value):,.{places}f}"


def day_words(day: date, *, today: date | None = None) -> str:
    """Today, Tomorrow, Yesterday, else month and day of this year or the whole date."""
    today = today or clock.today(zone_of())
    words = {
        today: _("Today"),
        today + timedelta(days=1): _("Tomorrow"),
        today - timedelta(days=1): _("Yesterday"),
    }
    if day in words:
        return words[day]
    return day.strftime("%m-%d") if day.year == today.year else day.isoformat()


def listed(parts: Iterable[object]) -> str:
    """Words one after the other, parted as the language parts them (a Chinese list has its own comma)."""
    return pgettext("between the words of a list", ", ").join(str(part) for part in parts)


def weekday(day: date | datetime) -> str:
    """Short name of the weekday in the language of the page."""
    return date_format(day, "D")


def hhmm(value: datetime | time | None, place: Any = None) -> str:
    """24-hour time; a moment is read in the site's zone, a plain time as it is."""
    if value is None:
        return NONE
    if isinstance(value, datetime):
        value = value.astimezone(zone_of(place))
    return value.strftime("%H:%M")
