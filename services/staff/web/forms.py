"""Forms of people and of the roster."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel import clock
from kernel.web.fields import DateField, SegmentedRadios, TimeField
from services.sites.models import Site
from services.sites.selectors import chairs
from services.staff.models import DutyShift, StaffMember
from services.staff.selectors import staff_at


class StaffForm(forms.ModelForm):
    """Somebody who works here."""

    site = forms.ModelChoiceField(label=_("home site"), queryset=Site.objects.none(), to_field_name="code")
    specialties = forms.CharField(label=_("specialties"), required=False, help_text=_("Separated by commas."))
    languages = forms.CharField(label=_("languages"), required=False, help_text=_("Separated by commas, e.g. en, ja."))
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = StaffMember
        fields = ("name", "number", "post", "title", "gender", "is_doctor", "is_assistant", "phone", "hired_on")
        field_classes = {"hired_on": DateField}
        widgets = {"gender": SegmentedRadios, "hired_on": DateField.widget}
        help_texts = {
            "number": _("Decides the order of the rotation."),
            "phone": _("Seen by the personnel office only, never by patients."),
        }

    def __init__(self, *args: Any, sites: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["gender"].choices = StaffMember.Gender.choices
        self.fields["site"].queryset = sites
        self.fields["site"].label_from_instance = lambda site: site.name
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
    left_on = DateField(label=_("last day"))
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class ShiftForm(forms.Form):
    """A shift of one person on one day, in the site's local time; an end before the start is the next morning."""

    staff = forms.ModelChoiceField(label=_("who"), queryset=StaffMember.objects.none(), to_field_name="code")
    day = DateField(label=_("day"))
    starts = TimeField(label=_("from"))
    ends = TimeField(label=_("until"))
    kind = forms.ChoiceField(label=_("kind"), choices=DutyShift.Kind.choices, widget=SegmentedRadios)
    chair = forms.ModelChoiceField(label=_("chair"), queryset=None, to_field_name="code", required=False)
    note = forms.CharField(label=_("note"), max_length=80, required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, site: Site, shift: DutyShift | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.site = site
        self.fields["staff"].queryset = staff_at(site)
        self.fields["staff"].label_from_instance = lambda staff: f"{staff.number} {staff.name}"
        self.fields["chair"].queryset = chairs(site)
        self.fields["chair"].label_from_instance = lambda chair: chair.name
        if shift is not None:
            del self.fields["staff"]
            start, end = clock.local(shift.starts_at, site.timezone), clock.local(shift.ends_at, site.timezone)
            self.initial |= {
                "day": start.date(),
                "starts": start.time(),
                "ends": end.time(),
                "kind": shift.kind,
                "chair": shift.chair.code if shift.chair else None,
                "note": shift.note,
                "version": shift.version,
            }

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
