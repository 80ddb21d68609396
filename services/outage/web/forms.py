"""Forms of an outage."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from kernel import clock
from kernel.identity.models import Desk
from kernel.web.fields import SiteDateTimeField
from services.appointments.models import Appointment
from services.sites.models import Chair, Site
from services.staff.models import StaffMember

PAPER_TIME = re.compile(r"([01]?\d|2[0-3])[:：.]?([0-5]\d)")


class WindowForm(forms.Form):
    """From when, until when, why; and why the whole window counts although the server lived."""

    since = SiteDateTimeField(label=_("from"))
    until = SiteDateTimeField(label=_("until"), required=False)
    reason = forms.CharField(label=_("reason"), max_length=200)
    confirmed_reason = forms.CharField(label=_("why the whole window counts"), max_length=200, required=False)


class BlockForm(forms.Form):
    """How many numbers a block holds."""

    size = forms.IntegerField(label=_("how many"), initial=50)


class DeskForm(forms.Form):
    """Which shared desk keeps the sheet; the one in front of which the person sits is proposed."""

    desk = forms.ChoiceField(label=_("shared desk"))

    def __init__(self, *args: Any, desks: Mapping[str, Desk], here: Desk | None, **kwargs: Any) -> None:
        kwargs["initial"] = {"desk": str(here.code)} if here is not None else None
        super().__init__(*args, **kwargs)
        self.fields["desk"].choices = [(key, one.name) for key, one in desks.items()]  # type: ignore[attr-defined]


class VoidForm(forms.Form):
    """Why a paper receipt is void."""

    reason = forms.CharField(label=_("reason"), max_length=200)


class ReceiptForm(forms.Form):
    """The receipt of the till that a paper receipt became."""

    number = forms.CharField(label=_("number of the receipt"), max_length=40)


class PaperTimeField(forms.CharField):
    """A time of day as it is typed from paper: 0950, 950 or 09:50."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"inputmode": "numeric", "autocomplete": "off", "size": "5"}
        super().__init__(max_length=5, required=False, widget=forms.TextInput(attrs=attrs), **kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        read = PAPER_TIME.fullmatch(text)
        if read is None:
            raise ValidationError(_("Write a time such as 0950."))
        return time(int(read[1]), int(read[2]))


class PaperRow(forms.Form):
    """One line of the paper sheet, in its order. A line without the time of arrival is not entered."""

    patient = forms.CharField(label=_("record number"), max_length=40, required=False)
    doctor = forms.ChoiceField(label=_("seen by"), required=False)
    chair = forms.ChoiceField(label=_("chair"), required=False)
    arrived = PaperTimeField(label=_("arrived"))
    registered = PaperTimeField(label=_("registered"))
    led_in = PaperTimeField(label=_("led in"))
    finished = PaperTimeField(label=_("finished"))
    left = PaperTimeField(label=_("left"))

    def __init__(
        self,
        *args: Any,
        booking: Appointment | None,
        doctors: Mapping[str, StaffMember],
        chairs: Mapping[str, Chair],
        **kwargs: Any,
    ) -> None:
        if booking is not None:
            kwargs["initial"] = {"doctor": str(booking.doctor.code), "chair": str(booking.chair.code)}
        super().__init__(*args, **kwargs)
        self.booking, self.doctors, self.chairs = booking, doctors, chairs
        self.fields["doctor"].choices = [("", "—"), *((key, one.name) for key, one in doctors.items())]  # type: ignore[attr-defined]
        self.fields["chair"].choices = [("", "—"), *((key, one.name) for key, one in chairs.items())]  # type: ignore[attr-defined]
        self.refused = ""

    @property
    def is_blank(self) -> bool:
        """Did nobody write a time here?"""
        return not any(self.data.get(self.add_prefix(name), "").strip() for name in TIMES)

    def moments(self, day: date, site: Site) -> dict[str, datetime]:
        """The times on ``day`` at ``site``, those that are there."""
        given = {name: self.cleaned_data[name] for name in TIMES if self.cleaned_data[name] is not None}
        return {name: clock.at_local(day, at, site.timezone) for name, at in given.items()}

    def clean_arrived(self) -> time:
        """The first time of a line is the one that it needs."""
        found: time | None = self.cleaned_data["arrived"]
        if found is None:
            raise ValidationError(_("A line begins with the arrival."))
        return found


TIMES = ("arrived", "registered", "led_in", "finished", "left")
