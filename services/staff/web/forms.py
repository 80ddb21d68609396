"""Forms of people and of the roster."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel import clock
from kernel.web.fields import DateField, SegmentedRadios, TimeField
from services.sites.choosing import CodeChoiceField, offer
from services.sites.models import Site
from services.sites.selectors import chairs
from services.staff.models import DutyShift, StaffMember
from services.staff.selectors import staff_at


class StaffForm(forms.ModelForm):
    """Somebody who works here."""

    site = CodeChoiceField(describe=lambda site: site.name, label=_("Home site"))
    gender = forms.ChoiceField(label=_("Gender"), choices=StaffMember.Gender.choices, widget=SegmentedRadios)
    birth_year = forms.IntegerField(label=_("Year of birth"), required=False, min_value=1920, max_value=2100)
    specialties = forms.CharField(label=_("Specialties"), required=False, help_text=_("Separated by commas."))
    languages = forms.CharField(label=_("Languages"), required=False, help_text=_("Separated by commas, e.g. en, ja."))
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = StaffMember
        fields = (
            "name", "number", "post", "title", "gender", "birth_year", "is_doctor", "is_assistant", "phone", "hired_on",
        )  # fmt: skip
        field_classes = {"hired_on": DateField}
        widgets = {"hired_on": DateField.widget}
        help_texts = {
            "number": _("Decides the order of the rotation."),
            "phone": _("Seen by the personnel office only, never by patients."),
        }

    def __init__(self, *args: Any, sites: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "site", sites)
        if self.instance.pk:
            del self.fields["site"]
            self.initial["version"] = self.instance.version
        for name in ("specialties", "languages"):
            self.initial[name] = ", ".join(getattr(self.instance, name))

    def clean_specialties(self) -> list[str]:
        return _listed(self.cleaned_data["specialties"])

    def clean_languages(self) -> list[str]:
        return _listed(self.cleaned_data["languages"])


class LeavingForm(forms.Form):
    left_on = DateField(label=_("Last day"))
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class ShiftForm(forms.Form):
    """A shift of one person on one day, in the site's local time; an end before the start is the next morning."""

    staff = CodeChoiceField(describe=lambda staff: f"{staff.number} {staff.name}", label=_("Who"))
    day = DateField(label=_("Day"))
    starts = TimeField(label=_("From"))
    ends = TimeField(label=_("Until"))
    kind = forms.ChoiceField(label=_("Kind"), choices=DutyShift.Kind.choices, widget=SegmentedRadios)
    chair = CodeChoiceField(describe=lambda chair: chair.name, label=_("Chair"), required=False)
    note = forms.CharField(label=pgettext_lazy("shift", "Note"), max_length=80, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, site: Site, shift: DutyShift | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.site = site
        offer(self, "staff", staff_at(site))
        offer(self, "chair", chairs(site))
        if shift is not None:
            del self.fields["staff"]
            start, end = clock.local(shift.starts_at, site.timezone), clock.local(shift.ends_at, site.timezone)
            self.initial.update(
                day=start.date(),
                starts=start.time(),
                ends=end.time(),
                kind=shift.kind,
                chair=shift.chair.code if shift.chair else None,
                note=shift.note,
                version=shift.version,
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        day, starts, ends = (cleaned.get(name) for name in ("day", "starts", "ends"))
        if day and starts is not None and ends is not None:
            cleaned["starts_at"] = _moment(datetime.combine(day, starts), self.site)
            last_day = day + timedelta(days=1) if ends <= starts else day
            cleaned["ends_at"] = _moment(datetime.combine(last_day, ends), self.site)
        return cleaned

    def facts(self) -> dict[str, Any]:
        """What the action takes."""
        return {name: self.cleaned_data[name] for name in ("starts_at", "ends_at", "kind", "chair", "note")}


def _listed(text: str) -> list[str]:
    return [part for word in text.replace("，", ",").split(",") if (part := word.strip())]


def _moment(local: datetime, site: Site) -> datetime:
    return clock.at_local(local.date(), time(local.hour, local.minute), site.timezone)
