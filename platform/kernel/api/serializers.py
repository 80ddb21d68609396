"""What goes in and out. Input is strict: a field that is not known, or that only we may set, is refused."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

# Whole numbers beyond this lose digits in JavaScript.
LARGEST_NUMBER = 2**53 - 1
EARLIEST, LATEST = date(1900, 1, 1), date(2200, 12, 31)


class StrictSerializer(serializers.Serializer[Any]):
    """Input. Unknown and read-only fields are refused by name, numbers stay within what JSON carries exactly."""

    is_strict = True

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        for field in fields.values():
            if isinstance(field, serializers.IntegerField):
                if field.max_value is None:
                    field.validators.append(MaxValueValidator(LARGEST_NUMBER))
                if field.min_value is None:
                    field.validators.append(MinValueValidator(-LARGEST_NUMBER))
        return fields

    def to_internal_value(self, data: Any) -> Any:
        if hasattr(data, "keys"):
            writable = {name for name, field in self.fields.items() if not field.read_only}
            strangers = [name for name in data if name not in writable]
            if strangers:
                raise serializers.ValidationError(
                    {str(name)[:80]: [_("This field is not accepted here.")] for name in strangers[:20]},
                    code="unknown_field",
                )
        return super().to_internal_value(data)


class OutSerializer(serializers.Serializer[Any]):
    """Output. It never writes."""

    def to_internal_value(self, data: Any) -> Any:
        raise TypeError("an output serializer takes no input")


class MomentField(serializers.DateTimeField):
    """A moment with its offset; "2026-12-01T09:00:00+08:00". Answers are UTC."""

    default_error_messages = {
        "naive": _("A moment needs its time zone, for example 2026-12-01T09:00:00+08:00."),
        "range": _("This moment lies outside of the years 1900 to 2200."),
    }

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            self.fail("naive")
        if not EARLIEST.year < value.year < LATEST.year:
            self.fail("range")
        return value.astimezone(UTC)

    def to_representation(self, value: datetime) -> str:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


class DayField(serializers.DateField):
    """A calendar day, "2026-12-01"."""

    default_error_messages = {"range": _("This day lies outside of the years 1900 to 2200.")}

    def to_internal_value(self, value: Any) -> date:
        day = super().to_internal_value(value)
        if not EARLIEST <= day <= LATEST:
            self.fail("range")
        return day


class FenField(serializers.IntegerField):
    """An amount of money in fen, never negative unless said so."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", 0)
        kwargs.setdefault("max_value", 10**12)
        super().__init__(**kwargs)


class LineField(serializers.CharField):
    """One line of text: trimmed, composed (NFC), without control characters."""

    default_error_messages = {"control": _("Control characters are not accepted.")}

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = unicodedata.normalize("NFC", super().to_internal_value(data))
        if any(unicodedata.category(letter) == "Cc" for letter in text):
            self.fail("control")
        return text
