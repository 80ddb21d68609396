"""Forms of the front desk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel import parameters, registry
from kernel.web.fields import DateField, SegmentedRadios
from services.appointments.models import Appointment, AppointmentCard, Assignment
from services.appointments.selectors import expected_on
from services.appointments.web.forms import SlotFields
from services.catalogue.selectors import items
from services.patients.models import Patient
from services.reception.classes import VisitClasses, classes_of
from services.reception.models import WaitExplanation
from services.sites.models import Site
from services.sites.selectors import chairs, today
from services.staff.models import StaffMember
from services.staff.selectors import doctors_at


class CheckInForm(forms.Form):
    """A booked patient, or a walk-in with whoever sees them."""

    appointment = forms.ModelChoiceField(queryset=Appointment.objects.none(), to_field_name="code", required=False)
    patient = forms.ModelChoiceField(queryset=Patient.objects.all(), to_field_name="code", required=False)
    doctor = forms.ModelChoiceField(
        label=_("seen by"), queryset=StaffMember.objects.none(), to_field_name="code", required=False
    )
    vertical = forms.ChoiceField(label=_("line of business"), required=False)
    complaint = forms.CharField(label=_("chief complaint"), max_length=200, required=False)
    emergency = forms.ChoiceField(label=_("emergency"), required=False)
    deviation = forms.ChoiceField(
        label=_("why not the treating doctor"),
        choices=[("", _("does not apply")), *Assignment.Deviation.choices],
        required=False,
    )
    deviation_note = forms.CharField(label=_("what the patient says about it"), max_length=200, required=False)
    visit_class = forms.ChoiceField(label=_("class of the visit"), required=False)
    visit_class_reason = forms.ChoiceField(label=_("reason of the class"), required=False)

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["appointment"].queryset = expected_on(site, today(site))  # type: ignore[attr-defined]
        self.fields["doctor"].queryset = doctors_at(site)  # type: ignore[attr-defined]
        self.fields["doctor"].empty_label = _("as the rules say")  # type: ignore[attr-defined]
        self.fields["doctor"].label_from_instance = lambda doctor: f"{doctor.number} {doctor.name}"  # type: ignore[attr-defined]
        active = registry.active_verticals()
        if len(active) > 1:
            self.fields["vertical"].choices = [(one.key, one.label) for one in active]  # type: ignore[attr-defined]
        else:
            del self.fields["vertical"]
        conditions = parameters.value("emergency_list", site=site)
        self.fields["emergency"].choices = [("", _("no")), *((key, condition(key)) for key in conditions)]  # type: ignore[attr-defined]
        known = [found for one in active if (found := classes_of(one.key)) is not None]
        if not known:
            del self.fields["visit_class"], self.fields["visit_class_reason"]
            return
        self.fields["visit_class"].choices = [("", _("as proposed")), *_merged(one.classes for one in known)]  # type: ignore[attr-defined]
        self.fields["visit_class_reason"].choices = [("", "—"), *_merged(one.reasons for one in known)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("appointment") is None and cleaned.get("patient") is None:
            self.add_error("patient", _("Choose a booked patient, or find the one who is here."))
        return cleaned

    def facts(self) -> dict[str, Any]:
        """What ``check_in`` takes: the booking alone, or the walk-in."""
        said = {name: self.cleaned_data.get(name, "") for name in ("emergency", "visit_class", "visit_class_reason")}
        if self.cleaned_data["appointment"] is not None:
            return said | {"appointment": self.cleaned_data["appointment"]}
        return (
            said
            | {"by_rule": True}
            | {name: self.cleaned_data.get(name) or None for name in ("patient", "doctor")}
            | {
                name: self.cleaned_data.get(name, "")
                for name in ("vertical", "complaint", "deviation", "deviation_note")
            }
        )


class ClassForm(forms.Form):
    """The class of a visit, and the reason where the class needs one."""

    visit_class = forms.ChoiceField(label=_("class of the visit"))
    visit_class_reason = forms.ChoiceField(label=_("reason of the class"), required=False)

    def __init__(self, *args: Any, known: VisitClasses, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["visit_class"].choices = list(known.classes.items())  # type: ignore[attr-defined]
        self.fields["visit_class_reason"].choices = [("", "—"), *known.reasons.items()]  # type: ignore[attr-defined]


def _merged(choices: Iterable[Mapping[str, Any]]) -> list[tuple[str, Any]]:
    """The choices of several lines of business, each once."""
    return list({key: label for one in choices for key, label in one.items()}.items())


EMERGENCIES = {
    "trauma": _("trauma"),
    "jaw_fracture": _("jaw fracture"),
    "acute_pulpitis": _("acute pulpitis"),
    "jaw_dislocation": _("dislocation of the jaw joint"),
}


def condition(key: str) -> Any:
    """What a condition of the emergency list is called; one that the tenant added is its own name."""
    return EMERGENCIES.get(key, key.replace("_", " "))


class AnnounceForm(forms.Form):
    minutes = forms.IntegerField(label=_("expected wait"), min_value=0, max_value=1440)


class OpinionForm(forms.Form):
    opinion = forms.ChoiceField(
        label=_("the patient"),
        choices=[("stay", _("stays")), ("leave", _("leaves"))],
        widget=SegmentedRadios,
    )
    education_topic = forms.CharField(label=_("topic of the health education"), max_length=60, required=False)


class ExplainForm(forms.Form):
    reason = forms.ChoiceField(label=_("reason"), choices=WaitExplanation.Reason.choices, widget=SegmentedRadios)
    words = forms.CharField(label=_("what was said"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class LeadInForm(forms.Form):
    chair: forms.ModelChoiceField[Any] = forms.ModelChoiceField(
        label=_("chair"), queryset=None, to_field_name="code", required=False
    )

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["chair"].queryset = chairs(site)  # type: ignore[attr-defined]
        self.fields["chair"].label_from_instance = lambda chair: chair.name  # type: ignore[attr-defined]


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("reason"), max_length=120)


class OverrideForm(forms.Form):
    reason = forms.CharField(label=_("reason"), max_length=300)


class EmergencyForm(forms.Form):
    condition = forms.ChoiceField(label=_("condition"))

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        keys = parameters.value("emergency_list", site=site)
        self.fields["condition"].choices = [(key, condition(key)) for key in keys]  # type: ignore[attr-defined]


class RebookForm(SlotFields):
    reason = forms.CharField(label=_("reason"), max_length=120, required=False)


class CardForm(forms.Form):
    """What comes next for the patient."""

    state = forms.ChoiceField(
        label=_("next visit"),
        choices=[choice for choice in AppointmentCard.State.choices if choice[0] != AppointmentCard.State.BOOKED],
        widget=SegmentedRadios,
    )
    item: forms.ModelChoiceField[Any] = forms.ModelChoiceField(
        label=_("item"), queryset=None, to_field_name="code", required=False
    )
    units = forms.IntegerField(label=_("units"), min_value=1, max_value=40, initial=1)
    earliest_on = DateField(label=_("not before"), required=False)
    latest_on = DateField(label=_("not after"), required=False)
    reason = forms.CharField(label=_("reason, if declined"), max_length=120, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["item"].queryset = items()  # type: ignore[attr-defined]
        self.fields["item"].label_from_instance = lambda item: item.name  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("earliest_on"), cleaned.get("latest_on")
        if first and last and last < first:
            self.add_error("latest_on", _("The last day lies before the first."))
        return cleaned
