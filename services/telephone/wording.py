"""Filling a script in: its variables, and the greeting of the weekend or of a holiday."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from kernel.calendars import working_day

VARIABLE = re.compile(r"\{(\w+)\}")
# What a script may name, and what people call it.
VARIABLES: dict[str, str | Promise] = {
    "clinic": pgettext_lazy("variable", "clinic"),
    "agent": pgettext_lazy("variable", "who speaks"),
    "patient": pgettext_lazy("variable", "caller"),
    "colleague": pgettext_lazy("variable", "colleague"),
    "doctor": pgettext_lazy("variable", "doctor"),
    "date": pgettext_lazy("variable", "day and time"),
    "amount": pgettext_lazy("variable", "amount"),
    "balance": pgettext_lazy("variable", "balance"),
    "greeting": pgettext_lazy("variable", "greeting of the day"),
    "gap": pgettext_lazy("variable", "seconds until the second greeting"),
    "pause": pgettext_lazy("variable", "seconds before the end"),
}
WEEKEND_FROM = 4  # on a Friday one wishes a good weekend
LOOKS_AHEAD = 3
HOLIDAYS: tuple[tuple[tuple[str, ...], str | Promise], ...] = (
    (("Spring Festival", "Chinese New Year", "春节", "除夕"), pgettext_lazy("greeting", "Happy Spring Festival!")),
    (("New Year", "元旦"), pgettext_lazy("greeting", "Happy New Year!")),
    (("Mid-Autumn", "中秋"), pgettext_lazy("greeting", "Happy Mid-Autumn Festival!")),
    (("National Day", "国庆"), pgettext_lazy("greeting", "Happy National Day!")),
    (("Dragon Boat", "端午"), pgettext_lazy("greeting", "A peaceful Dragon Boat Festival!")),
    (("Labor Day", "劳动"), pgettext_lazy("greeting", "Have a good Labour Day!")),
)
# A day of mourning is no feast.
QUIET = ("Tomb", "清明")


def in_language(zh: str, *, hant: str = "", en: str = "") -> str:
    """The words for the reader: English or Traditional Chinese where there are such, else Simplified Chinese."""
    language = (translation.get_language() or "").lower()
    if language.startswith("en"):
        return en or zh
    return hant or zh if language.startswith("zh-hant") else zh


def unknown_variables(text: str) -> list[str]:
    """The names in braces that no script can fill, in their order."""
    return list(dict.fromkeys(name for name in VARIABLE.findall(text) if name not in VARIABLES))


def filled(text: str, values: Mapping[str, object]) -> str:
    """``text`` with its variables: the value, or the variable's own name in brackets where nothing is known yet."""

    def put(match: re.Match[str]) -> str:
        name = match[1]
        value = values.get(name)
        if value or name == "greeting":
            return str(value or "")
        return f"【{VARIABLES[name]}】" if name in VARIABLES else match[0]

    return VARIABLE.sub(put, text).strip()


def closing_greeting(day: date) -> str:
    """What is wished at the end of a call on ``day`` (TC-027): a holiday of these days, else the weekend, else nothing."""
    for ahead in range(LOOKS_AHEAD + 1):
        name = working_day(day + timedelta(days=ahead)).holiday
        if name and not any(word in name for word in QUIET):
            for words, wish in HOLIDAYS:
                if any(word in name for word in words):
                    return str(wish)
    return _("Have a nice weekend!") if day.weekday() >= WEEKEND_FROM else ""
