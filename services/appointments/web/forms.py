"""Forms of bookings. Times are typed in the site's local time and cleaned to moments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel import clock, parameters
from kernel.web.fields import DateField, SegmentedRadios, SiteDateTimeField, TimeField
from services.appointments.groups import CHANNELS
from services.appointments.models import Appointment, AppointmentMove, Assignment, BookingGroup, ConfirmationAttempt
from services.appointments.originals import Earlier
from services.appointments.talks import TICKS
from services.appointments.wishes import choices_at
from services.catalogue.selectors import items
from services.patients.models import Patient
from services.sites.models import Site
from services.sites.selectors import chairs
from services.staff.models import StaffMember
from services.staff.selectors import doctors_at, staff_at

WORDS = (
    "complaint", "note", "preference", "preference_reason", "wish_value", "wish_refusal", "deviation", "deviation_note",
    "on_spot_reason",
)  # fmt: skip
# Days beyond these are slips of the keyboard, and arithmetic with them may leave the calendar.
YEARS = range(2000, 2201)


def read_slot(text: str) -> datetime | None:
    """The moment of an offered slot as its radio button carries it; None for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None and moment.year in YEARS else None


def read_day(text: str) -> date | None:
    """A day of the address; None for anything else."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in YEARS else None


def _people(field: forms.ModelChoiceField) -> None:
    field.label_from_instance = lambda obj: f"{obj.number} {obj.name}"  # type: ignore[method-assign]


class SlotFields(forms.Form):
    """Where and when: doctor, chair, assistant, and one of the offered slots or a day and a time."""

    doctor = forms.ModelChoiceField(label=_("doctor"), queryset=StaffMember.objects.none(), to_field_name="code")
    units = forms.IntegerField(label=_("units"), min_value=1, max_value=40, required=False)
    assistant = forms.ModelChoiceField(
        label=_("assistant"), queryset=StaffMember.objects.none(), to_field_name="code", required=False
    )
    chair: forms.ModelChoiceField[Any] = forms.ModelChoiceField(
        label=_("chair"), queryset=None, to_field_name="code", required=False, help_text=_("Empty: as the roster says.")
    )
    slot = forms.CharField(required=False, widget=forms.HiddenInput)
    day = DateField(label=_("day"), required=False)
    time = TimeField(label=_("time"), required=False)

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.site = site
        self.fields["doctor"].queryset = doctors_at(site)  # type: ignore[attr-defined]
        self.fields["assistant"].queryset = staff_at(site).filter(is_assistant=True)  # type: ignore[attr-defined]
        self.fields["chair"].queryset = chairs(site)  # type: ignore[attr-defined]
        self.fields["chair"].label_from_instance = lambda chair: chair.name  # type: ignore[attr-defined]
        for name in ("doctor", "assistant"):
            _people(self.fields[name])  # type: ignore[arg-type]
        self.fields["units"].help_text = _("1 unit = %(minutes)s minutes") % {
            "minutes": parameters.value("unit_minutes", site=site)
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        day, wall = cleaned.get("day"), cleaned.get("time")
        if cleaned.get("slot"):
            moment = read_slot(cleaned["slot"])
            if moment is None:
                raise forms.ValidationError(_("This slot cannot be read. Choose again."))
            cleaned["starts_at"] = moment
        elif day and wall is not None and day.year in YEARS:
            cleaned["starts_at"] = clock.at_local(day, wall, self.site.timezone)
        else:
            self.add_error("day", _("Choose a slot, or a day and a time."))
        return cleaned

    def placing(self) -> dict[str, Any]:
        """What the actions take of these fields."""
        return {name: self.cleaned_data.get(name) for name in ("doctor", "units", "assistant", "chair", "starts_at")}


class BookingForm(SlotFields):
    """A new booking."""

    patient = forms.ModelChoiceField(
        label=_("patient"), queryset=Patient.objects.all(), to_field_name="code", widget=forms.HiddenInput
    )
    item: forms.ModelChoiceField[Any] = forms.ModelChoiceField(
        label=_("item"), queryset=None, to_field_name="code", required=False
    )
    channel = forms.ChoiceField(
        label=_("channel"),
        choices=[choice for choice in Appointment.Channel.choices if choice[0] != Appointment.Channel.REBOOKED],
        widget=SegmentedRadios,
    )
    complaint = forms.CharField(label=_("chief complaint"), max_length=200, required=False)
    note = forms.CharField(label=_("remarks"), max_length=300, required=False)
    preference = forms.ChoiceField(
        label=_("wish"), choices=[("", _("none")), *Appointment.Preference.choices], required=False
    )
    wish_value = forms.ChoiceField(label=_("what exactly"), required=False)
    preference_reason = forms.CharField(label=_("reason of the wish"), max_length=120, required=False)
    wish_refusal = forms.ChoiceField(
        label=_("why the wish is refused"), choices=[("", _("granted")), *Appointment.Refusal.choices], required=False
    )
    deviation = forms.ChoiceField(
        label=_("why not the treating doctor"),
        choices=[
            ("", _("does not apply")),
            *(one for one in Assignment.Deviation.choices if one[0] != Assignment.Deviation.MOVED),
        ],
        required=False,
    )
    deviation_note = forms.CharField(label=_("what the patient says about it"), max_length=200, required=False)
    on_spot_reason = forms.ChoiceField(
        label=_("why on the spot"),
        choices=[("", _("does not apply")), *Appointment.OnSpotReason.choices],
        required=False,
    )
    earlier = forms.ChoiceField(label=_("trouble with an earlier treatment"), required=False)
    said = forms.MultipleChoiceField(
        label=_("read back and explained"),
        choices=list(TICKS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("The first four on the phone with somebody new; the last three always."),
    )

    def __init__(self, *args: Any, site: Site, earlier: Sequence[Earlier] = (), **kwargs: Any) -> None:
        super().__init__(*args, site=site, **kwargs)
        # Without a doctor the rules say who it is.
        self.fields["doctor"].required = False
        self.fields["doctor"].empty_label = _("as the rules say")  # type: ignore[attr-defined]
        self.fields["wish_value"].choices = [("", _("does not apply")), *choices_at(site)]  # type: ignore[attr-defined]
        self.fields["earlier"].choices = [  # type: ignore[attr-defined]
            ("", _("none")),
            *((str(one.code), f"{one.label} {one.doctor.name} {one.guaranteed_until}") for one in earlier),
        ]
        self.fields["item"].queryset = items()  # type: ignore[attr-defined]
        self.fields["item"].label_from_instance = lambda item: item.name  # type: ignore[attr-defined]

    def facts(self) -> dict[str, Any]:
        """What ``book_appointment`` takes."""
        words = {name: self.cleaned_data[name] for name in WORDS}
        return {
            "earlier": UUID(self.cleaned_data["earlier"]) if self.cleaned_data["earlier"] else None,
            "patient": self.cleaned_data["patient"],
            "item": self.cleaned_data["item"],
            "channel": self.cleaned_data["channel"],
            "said": self.cleaned_data["said"],
            **self.placing(),
            **words,
        }


class MoveForm(SlotFields):
    """Another slot for a booking, with its reason."""

    reason = forms.CharField(label=_("reason"), max_length=120)
    asked_by = forms.ChoiceField(label=_("asked by"), choices=AppointmentMove.Asked.choices, widget=SegmentedRadios)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class CommonTime(forms.Form):
    """One of the offered common times, or a day and a time."""

    slot = forms.CharField(required=False, widget=forms.HiddenInput)
    day = DateField(label=_("day"), required=False)
    time = TimeField(label=_("time"), required=False)

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.site = site

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        day, wall = cleaned.get("day"), cleaned.get("time")
        moment = read_slot(cleaned.get("slot") or "")
        if moment is None and day and wall is not None and day.year in YEARS:
            moment = clock.at_local(day, wall, self.site.timezone)
        if moment is None:
            self.add_error("day", _("Choose a common time, or a day and a time."))
        cleaned["starts_at"] = moment
        return cleaned


class GroupForm(CommonTime):
    """What is said once for everybody who is booked together."""

    arrangement = forms.ChoiceField(label=_("how"), choices=BookingGroup.Arrangement.choices, widget=SegmentedRadios)
    name = forms.CharField(label=_("name of the group"), max_length=60, required=False)
    contact = forms.ChoiceField(
        label=_("who is told for all"), required=False, help_text=_("Gets one message and one call for all visits.")
    )
    contact_name = forms.CharField(label=_("who speaks for the group"), max_length=80, required=False)
    contact_phone = forms.CharField(label=_("phone"), max_length=30, required=False)
    channel = forms.ChoiceField(
        label=_("channel"),
        choices=[choice for choice in Appointment.Channel.choices if choice[0] in CHANNELS],
        widget=SegmentedRadios,
    )
    deviation = forms.ChoiceField(
        label=_("why not the treating doctor"),
        choices=[
            ("", _("does not apply")),
            *(one for one in Assignment.Deviation.choices if one[0] != Assignment.Deviation.MOVED),
        ],
        required=False,
    )
    deviation_note = forms.CharField(label=_("what the patients say about it"), max_length=200, required=False)

    def __init__(self, *args: Any, members: Sequence[Patient], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {str(one.code): one for one in members}
        self.fields["contact"].choices = [  # type: ignore[attr-defined]
            *((code, one.name) for code, one in self.people.items()),
            ("", _("somebody without a file")),
        ]

    def facts(self) -> dict[str, Any]:
        """What ``book_group`` takes besides the visits."""
        said = ("arrangement", "name", "contact_name", "contact_phone", "channel", "deviation", "deviation_note")
        return {
            **{name: self.cleaned_data[name] for name in said},
            "starts_at": self.cleaned_data["starts_at"],
            "contact": self.people.get(self.cleaned_data["contact"]),
        }


class MemberForm(forms.Form):
    """One visit of a group: doctor, length, item. ``patient`` is whose."""

    patient: Patient

    doctor = forms.ModelChoiceField(
        label=_("doctor"), queryset=StaffMember.objects.none(), to_field_name="code", required=False
    )
    units = forms.IntegerField(label=_("units"), min_value=1, max_value=40)
    item: forms.ModelChoiceField[Any] = forms.ModelChoiceField(
        label=_("item"), queryset=None, to_field_name="code", required=False
    )

    def __init__(self, *args: Any, doctors: Any, goods: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["doctor"].queryset = doctors  # type: ignore[attr-defined]
        self.fields["doctor"].empty_label = _("treating doctor, else who is free")  # type: ignore[attr-defined]
        self.fields["item"].queryset = goods  # type: ignore[attr-defined]
        self.fields["item"].label_from_instance = lambda item: item.name  # type: ignore[attr-defined]
        _people(self.fields["doctor"])  # type: ignore[arg-type]


class GroupMoveForm(CommonTime):
    """Another common time for a group, with its reason."""

    reason = forms.CharField(label=_("reason"), max_length=120)
    asked_by = forms.ChoiceField(label=_("asked by"), choices=AppointmentMove.Asked.choices, widget=SegmentedRadios)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def facts(self) -> dict[str, Any]:
        """What ``move_group`` takes."""
        return {name: self.cleaned_data[name] for name in ("starts_at", "reason", "asked_by", "version")}


class DropForm(forms.Form):
    """A block dropped on the board: which column, which row; the reason comes with the second step."""

    column = forms.UUIDField(required=False)
    at = forms.IntegerField(required=False, min_value=0, max_value=500)
    slot = forms.CharField(required=False)
    day = DateField(required=False)
    reason = forms.CharField(max_length=120, required=False)
    asked_by = forms.ChoiceField(choices=AppointmentMove.Asked.choices, required=False)
    version = forms.IntegerField(required=False)


class CancelForm(forms.Form):
    reason = forms.CharField(label=_("reason"), max_length=120)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class ConfirmForm(forms.Form):
    result = forms.ChoiceField(choices=[("confirmed", _("Confirmed")), ("unreachable", _("Not reached"))])
    channel = forms.ChoiceField(
        choices=[("phone", _("by phone")), ("sms", _("text message")), ("other", _("otherwise"))]
    )
    address = forms.ChoiceField(choices=[("", ""), *ConfirmationAttempt.Address.choices], required=False)


class BlockForm(forms.Form):
    """A time at which a person or a chair is not booked."""

    staff = forms.ModelChoiceField(
        label=_("who"), queryset=StaffMember.objects.none(), to_field_name="code", required=False
    )
    chair: forms.ModelChoiceField[Any] = forms.ModelChoiceField(
        label=_("chair"), queryset=None, to_field_name="code", required=False
    )
    starts_at = SiteDateTimeField(label=_("from"))
    ends_at = SiteDateTimeField(label=_("until"))
    reason = forms.CharField(label=_("reason"), max_length=80)

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["staff"].queryset = staff_at(site)  # type: ignore[attr-defined]
        _people(self.fields["staff"])  # type: ignore[arg-type]
        self.fields["chair"].queryset = chairs(site)  # type: ignore[attr-defined]
        self.fields["chair"].label_from_instance = lambda chair: chair.name  # type: ignore[attr-defined]
        for name in ("starts_at", "ends_at"):
            self.fields[name].zone = site.timezone  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in ("starts_at", "ends_at"):
            if cleaned.get(name) and cleaned[name].year not in YEARS:
                self.add_error(name, _("This day lies outside of the calendar."))
        return cleaned
