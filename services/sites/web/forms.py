"""Forms of the settings of a branch."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from typing import Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from kernel.calendars import Span, WeeklyHours
from kernel.calendars.hours import MIDNIGHT
from kernel.calendars.hours import WEEKDAYS as WEEKDAY_KEYS
from kernel.web.fields import DateField, TimeField
from services.sites.choosing import CodeChoiceField
from services.sites.models import Chair, LegalEntity, Room, Site

ZONES = ("Asia/Shanghai", "Asia/Urumqi", "Asia/Hong_Kong", "Asia/Macau", "Asia/Taipei", "Asia/Singapore", "Asia/Tokyo")


class EntityForm(forms.ModelForm):
    class Meta:
        model = LegalEntity
        fields = (
            "name", "tax_number", "licence_number", "address", "phone",
            "bank_name", "bank_account", "seal_text", "message_signature",
        )  # fmt: skip
        help_texts = {
            "seal_text": _("What the seal on receipts says."),
            "message_signature": _("Stands in brackets before every message to patients."),
        }


class VersionedForm(forms.ModelForm):
    """A form over a row that others may edit: it brings back the version that was shown."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial.setdefault("version", self.instance.version)


class SiteForm(VersionedForm):
    entity = CodeChoiceField(
        describe=lambda entity: entity.name,
        queryset=LegalEntity.objects.all(),
        label=_("Legal entity"),
        help_text=_("Another one counts from today on; earlier receipts keep theirs."),
    )
    time_zone = forms.CharField(label=_("Time zone"), widget=forms.Select(choices=[(zone, zone) for zone in ZONES]))

    class Meta:
        model = Site
        fields = ("name", "short_name", "slug", "city", "address", "phone", "entity", "time_zone", "order", "is_active")
        help_texts = {
            "slug": _("Part of links and files. It cannot be changed later."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["slug"]
            zones = dict.fromkeys((self.instance.time_zone, *ZONES))
            self.fields["time_zone"].widget = forms.Select(choices=[(zone, zone) for zone in zones])
            self.initial["entity"] = self.instance.entity.code
        else:
            del self.fields["is_active"]


class RoomForm(VersionedForm):
    class Meta:
        model = Room
        fields = ("number", "name", "order", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("number",) if self.instance.pk else ("order", "is_active"):
            del self.fields[name]


class ChairForm(VersionedForm):
    class Meta:
        model = Chair
        fields = ("name", "order", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            del self.fields["order"], self.fields["is_active"]


def _read_spans(*parts: tuple[time | None, time | None]) -> tuple[Span, ...]:
    """The parts of one day, morning first; an empty part means closed. Raises ValueError with what is wrong."""
    spans: list[Span] = []
    for opens, closes in parts:
        if opens is None and closes is None:
            continue
        if opens is None or closes is None:
            raise ValueError(str(_("Write both times or none.")))
        end = closes.hour * 60 + closes.minute or MIDNIGHT  # closing at 00:00 is the end of the day
        start = opens.hour * 60 + opens.minute
        if start >= end:
            raise ValueError(str(_("Closing lies after opening.")))
        if spans and start < spans[-1].end:
            raise ValueError(str(_("The afternoon begins after the morning ends.")))
        spans.append(Span(start, end))
    return tuple(spans)


class HoursForm(forms.Form):
    """A week of opening hours: per day a morning and an afternoon."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, hours: WeeklyHours | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for weekday, key in enumerate(WEEKDAY_KEYS):
            spans = hours.week[weekday] if hours else ()
            for part in range(2):
                span = spans[part] if part < len(spans) else None
                known = {"opens": _wall(span.start), "closes": _wall(span.end)} if span else {}
                for edge in ("opens", "closes"):
                    field = TimeField(required=False, label=f"{WEEKDAYS[weekday]}", initial=known.get(edge))
                    field.widget.attrs["class"] = "control"
                    self.fields[f"{key}_{part}_{edge}"] = field

    def rows(self) -> Iterator[dict[str, Any]]:
        """The days with their four fields, for the table."""
        for weekday, key in enumerate(WEEKDAY_KEYS):
            yield {
                "key": key,
                "label": WEEKDAYS[weekday],
                "fields": [self[f"{key}_{part}_{edge}"] for part in range(2) for edge in ("opens", "closes")],
                "errors": self.errors.get(f"{key}_0_opens", ()) if self.is_bound else (),
            }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        week = []
        for key in WEEKDAY_KEYS:
            morning, afternoon = (
                (cleaned.get(f"{key}_{part}_opens"), cleaned.get(f"{key}_{part}_closes")) for part in range(2)
            )
            try:
                week.append(_read_spans(morning, afternoon))
            except ValueError as error:
                self.add_error(f"{key}_0_opens", str(error))
                week.append(())
        cleaned["hours"] = WeeklyHours(tuple(week))
        return cleaned


class ExceptionForm(forms.Form):
    """A day, or several in a row, that are not as their weekday."""

    day = DateField(label=_("Day"))
    until = DateField(label=_("Until"), required=False)
    opens = TimeField(label=_("Opens"), required=False)
    closes = TimeField(label=_("Closes"), required=False, help_text=_("Both empty: closed all day."))
    reason = forms.CharField(label=_("Reason"), max_length=80)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        try:
            cleaned["spans"] = _read_spans((cleaned.get("opens"), cleaned.get("closes")))
        except ValueError as error:
            self.add_error("opens", str(error))
        return cleaned


def _wall(minute: int) -> time:
    return time(*divmod(minute % MIDNIGHT, 60))
