"""Words that are counted: why there is no phone, how people heard of us. Codes are stored, labels translated."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

Text = str | Promise

ABSENT_REASONS: dict[str, Text] = {
    "declined": pgettext_lazy("no phone", "declines (privacy)"),
    "none": pgettext_lazy("no phone", "has no phone"),
    "unable": pgettext_lazy("no phone", "cannot say now (emergency)"),
    "through_family": pgettext_lazy("no phone", "reached through family"),
}
MEDIA_SOURCES: dict[str, Text] = {
    "recommended": pgettext_lazy("source", "recommended by somebody"),
    "passing": pgettext_lazy("source", "passing by"),
    "search": pgettext_lazy("source", "internet search"),
    "map": pgettext_lazy("source", "map or review app"),
    "social": pgettext_lazy("source", "social media"),
    "advert": pgettext_lazy("source", "advertisement"),
    "employer": pgettext_lazy("source", "employer or insurer"),
    "event": pgettext_lazy("source", "talk or campaign"),
    "referral": pgettext_lazy("source", "referred by a doctor"),
    "other": pgettext_lazy("source", "other"),
}


def absent_reason(stored: str) -> Text:
    """The reason in the reader's language; one in free words as it was written."""
    return ABSENT_REASONS.get(stored, stored)


def media_source(stored: str) -> Text:
    """The source in the reader's language."""
    return MEDIA_SOURCES.get(stored, stored)
