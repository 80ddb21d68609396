"""Form fields and widgets whose meaning is ours: fen, site-local moments, joined choices."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from kernel import money
from kernel.web import formatting


class AmountInput(forms.TextInput):
    """Digits only, right-aligned, a numeric keyboard on the phone; letters stay commands (``data-amount``)."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"inputmode": "decimal", "autocomplete": "off", "data-amount": True, **(attrs or {})})


class FenField(forms.Field):
    """Yuan as typed ("1,050.30", "1050.3"), cleaned to integer fen."""

    widget = AmountInput
    default_error_messages = {
        "invalid": _("Write an amount such as 1050.30."),
        "min_value": _("The amount must be at least %(limit)s."),
        "max_value": _("The amount can be at most %(limit)s."),
    }

    def __init__(self, *, min_value: int | None = 0, max_value: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.min_value = min_value
        self.max_value = max_value

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        try:
            # A comma stands between thousands or is a mistake: "12,50" must not become 1250.
            return money.fen(str(value).replace("，", ","))
        except (ValueError, ArithmeticError) as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error

    def validate(self, value: int | None) -> None:
        super().validate(value)
        if value is None:
            return
        for code, limit, broken in (
            ("min_value", self.min_value, self.min_value is not None and value < self.min_value),
            ("max_value", self.max_value, self.max_value is not None and value > self.max_value),
        ):
            if broken:
                raise ValidationError(self.error_messages[code], code=code, params={"limit": formatting.money(limit)})

    def prepare_value(self, value: Any) -> Any:
        return f"{value // 100}.{value % 100:02d}" if isinstance(value, int) and value >= 0 else value


class DateField(forms.DateField):
    """A day, with the browser's own picker."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class TimeField(forms.TimeField):
    """A site-local time of day, with the browser's own picker."""

    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class SiteDateTimeField(forms.DateTimeField):
    """A moment typed in the site's local time, cleaned to an aware moment.

    A time that does not exist on that day (summer time) is refused by Django's own zone check.
    """

    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")

    def __init__(self, *, timezone: ZoneInfo | str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.zone = timezone

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, datetime):
            return value.astimezone(formatting.zone_of(self.zone)).replace(tzinfo=None)
        return value  # what was typed and could not be read stays as it was typed

    def to_python(self, value: Any) -> datetime | None:
        typed = forms.Field.to_python(self, value)
        if typed in self.empty_values:
            return None
        if isinstance(typed, datetime):
            return typed if typed.tzinfo else typed.replace(tzinfo=formatting.zone_of(self.zone))
        try:
            naive = datetime.fromisoformat(str(typed).strip())
        except ValueError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error
        return naive if naive.tzinfo else naive.replace(tzinfo=formatting.zone_of(self.zone))


class SegmentedRadios(forms.RadioSelect):
    """A few choices side by side; 1–9 choose while the group has the focus, the chosen one carries a tick.

    ``keys`` (value → key) gives choices keys of their own, which work from anywhere on the page.
    """

    def __init__(self, attrs: dict[str, Any] | None = None, choices: Any = (), *, keys: Any = None) -> None:
        super().__init__(attrs, choices)
        self.keys = dict(keys or {})

    def __deepcopy__(self, memo: Any) -> Any:
        copied = super().__deepcopy__(memo)
        copied.keys = dict(self.keys)
        return copied

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        context = self.get_context(name, value, attrs)
        options = [option for group in context["widget"]["optgroups"] for option in group[1]]
        numbered = [
            option | {"number": number if number <= 9 else "", "key": self.keys.get(option["value"], "")}
            for number, option in enumerate((option for option in options if option["value"] != ""), start=1)
        ]
        return SafeString(
            render_to_string("web/widgets/segmented.html", {"widget": context["widget"], "options": numbered})
        )
