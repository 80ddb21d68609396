"""Forms of the dental vertical: treatments and findings of teeth, models at the laboratory, lists of preparation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from dental.models import LabModel, PreparationSet, ToothFinding
from dental.teeth import SURFACES, TEETH
from kernel.web.fields import DateField, SegmentedRadios
from services.appointments.machine import AWAITED
from services.appointments.models import Appointment
from services.catalogue.models import Item
from services.patients.models import Patient
from services.sites.models import Site
from services.staff.models import StaffMember
from services.staff.selectors import doctors_at


def _person(doctor: StaffMember) -> str:
    return f"{doctor.number} {doctor.name}"


class ToothForm(forms.Form):
    """Tooth, surfaces and item; another doctor who helped."""

    tooth = forms.IntegerField(label=_("Tooth (FDI)"), min_value=11, max_value=85)
    surfaces = forms.MultipleChoiceField(
        label=_("Surfaces"),
        choices=[(letter, letter) for letter in SURFACES],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    item = forms.ModelChoiceField(Item.objects.none(), label=_("Item"), to_field_name="code")
    helper = forms.ModelChoiceField(
        StaffMember.objects.none(), label=_("Helping doctor"), to_field_name="code", required=False
    )

    def __init__(self, *args: Any, site: Site | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["item"].queryset = Item.objects.filter(vertical="dental", is_active=True)
        self.fields["item"].label_from_instance = lambda item: item.name
        if site is None:
            del self.fields["helper"]
            return
        self.fields["helper"].queryset = doctors_at(site)
        self.fields["helper"].label_from_instance = _person


class FindingForm(forms.Form):
    """What is found at a tooth."""

    tooth = forms.IntegerField(label=_("Tooth (FDI)"), min_value=11, max_value=85)
    kind = forms.ChoiceField(label=_("Finding"), choices=ToothFinding.Kind.choices)
    surfaces = forms.MultipleChoiceField(
        label=_("Surfaces"),
        choices=[(letter, letter) for letter in SURFACES],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


class TeethField(forms.CharField):
    """Teeth as they are written: "36 37" or "36, 37"; cleaned to numbers."""

    def clean(self, value: Any) -> list[int]:
        text = super().clean(value)
        words = [word for word in re.split(r"[\s,，、;；]+", text) if word]
        wrong = [word for word in words if not (word.isascii() and word.isdigit() and int(word) in TEETH)]
        if wrong:
            raise ValidationError(_("11 to 48 or 51 to 85."), code="unknown_tooth")
        return [int(word) for word in words]


class FittingForm(forms.Form):
    """The booking at which a model is fitted."""

    appointment = forms.ModelChoiceField(
        Appointment.objects.none(),
        label=_("Fitting"),
        to_field_name="code",
        required=False,
        empty_label=_("not booked"),
    )

    def __init__(self, *args: Any, site: Site, patient: Patient, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["appointment"].queryset = Appointment.objects.filter(
            site=site, patient=patient, state__in=AWAITED
        ).select_related("doctor", "site")
        self.fields["appointment"].label_from_instance = lambda one: (
            f"{one.starts_at.astimezone(one.site.timezone):%Y-%m-%d %H:%M} {one.doctor.name}"
        )


class ModelForm(FittingForm):
    """A new model: the work, the teeth, the impression."""

    work = forms.ChoiceField(label=_("Work"), choices=LabModel.Work.choices)
    teeth = TeethField(label=_("Teeth (FDI)"), max_length=120, required=False)
    doctor = forms.ModelChoiceField(StaffMember.objects.none(), label=_("Doctor"), to_field_name="code")
    impression_on = DateField(label=_("Impression on"))
    note = forms.CharField(label=_("Note"), max_length=300, required=False)
    field_order = ("work", "teeth", "doctor", "impression_on", "appointment", "note")

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, site=site, **kwargs)
        self.fields["doctor"].queryset = doctors_at(site)
        self.fields["doctor"].label_from_instance = _person


class SendForm(forms.Form):
    lab = forms.CharField(label=_("Laboratory"), max_length=80)
    handler = forms.CharField(label=_("Taken away by"), max_length=60)
    due_on = DateField(label=_("Due back on"))


class ReceiveForm(forms.Form):
    handler = forms.CharField(label=_("Brought by"), max_length=60)


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=120)


class PreparationForm(forms.Form):
    kind = forms.ChoiceField(label=_("List"), choices=PreparationSet.Kind.choices)
    specialist = forms.ModelChoiceField(
        StaffMember.objects.none(), label=_("Attending specialist"), to_field_name="code"
    )

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["specialist"].queryset = doctors_at(site)
        self.fields["specialist"].label_from_instance = _person


class PeriodForm(forms.Form):
    """From and until, both included; at most a year."""

    first = DateField(label=_("From"))
    last = DateField(label=_("Until"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first: date | None = cleaned.get("first")
        last: date | None = cleaned.get("last")
        if first and last and not 0 <= (last - first).days <= 366:
            self.add_error("last", _("Choose at most a year, the last day after the first."))
        return cleaned


class HealthForm(forms.Form):
    """Each question with yes or no, and the words of a yes."""

    def __init__(self, *args: Any, questions: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked = tuple(questions)
        for key, label in questions.items():
            self.fields[key] = forms.ChoiceField(
                label=label, choices=[("no", _("no")), ("yes", _("yes"))], widget=SegmentedRadios
            )
            self.fields[f"{key}_words"] = forms.CharField(label=_("which, since when"), max_length=120, required=False)

    @property
    def pairs(self) -> list[tuple[Any, Any]]:
        """Each question beside its words, for drawing."""
        return [(self[key], self[f"{key}_words"]) for key in self.asked]

    def answers(self) -> dict[str, str | None]:
        """What ``record_questionnaire`` takes."""
        said = self.cleaned_data
        return {key: said[f"{key}_words"] if said[key] == "yes" else None for key in self.asked}
