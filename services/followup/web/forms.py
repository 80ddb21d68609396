"""Forms of follow-ups."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.web.fields import SegmentedRadios
from services.appointments.models import Appointment
from services.followup.models import Attempt, FollowUp
from services.followup.rules import Effective
from services.followup.selectors import departments
from services.patients.web.forms import Telephone
from services.tasks.selectors import role_labels


class AttemptForm(forms.Form):
    channel = forms.ChoiceField(
        label=_("channel"), choices=Attempt.Channel.choices, widget=SegmentedRadios, initial="phone"
    )


class ResultForm(forms.Form):
    """What the reached patient said."""

    result = forms.ChoiceField(
        label=_("result"),
        choices=[choice for choice in FollowUp.Result.choices if choice[0] != FollowUp.Result.UNREACHED],
        widget=SegmentedRadios,
    )
    channel = forms.ChoiceField(
        label=_("channel"), choices=Attempt.Channel.choices, widget=SegmentedRadios, initial="phone"
    )
    note = forms.CharField(
        label=_("what the patient said"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )
    return_visit = forms.ModelChoiceField(
        label=_("return visit"), queryset=Appointment.objects.none(), to_field_name="code", required=False
    )
    refusal_reason = forms.CharField(label=_("why no return visit"), max_length=120, required=False)
    satisfaction = forms.ChoiceField(
        label=_("satisfaction"), choices=FollowUp.Satisfaction.choices, required=False, widget=SegmentedRadios
    )
    suggestion = forms.CharField(label=_("suggestion"), max_length=500, required=False)
    suggestion_for = forms.ChoiceField(label=_("for the department"), required=False)

    def __init__(self, *args: Any, followup: FollowUp, coming: Any, protocol: Effective | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._add_protocol(protocol)
        self.fields["suggestion_for"].choices = [("", "—"), *departments()]  # type: ignore[attr-defined]
        self.fields["return_visit"].queryset = coming  # type: ignore[attr-defined]
        zone = followup.plan.site.timezone
        self.fields["return_visit"].label_from_instance = (  # type: ignore[attr-defined]
            lambda booking: f"{booking.starts_at.astimezone(zone):%Y-%m-%d %H:%M} {booking.doctor.name}"
        )

    def _add_protocol(self, protocol: Effective | None) -> None:
        """Steps, questions and advice of the rule come first; that they are all there is said by the action."""
        fields: dict[str, forms.Field] = {}
        self.asked = [key for key, _label in protocol.questions] if protocol is not None else []
        if protocol is not None and protocol.steps:
            fields["steps"] = forms.MultipleChoiceField(
                label=_("done in the call"),
                choices=list(protocol.steps),
                required=False,
                widget=forms.CheckboxSelectMultiple,
            )
        for key, label in protocol.questions if protocol is not None else ():
            fields[f"ask_{key}"] = forms.CharField(label=str(label), max_length=200, required=False)
        after: dict[str, forms.Field] = {}
        if protocol is not None and protocol.education:
            after["education_given"] = forms.BooleanField(label=_("health advice given"), required=False)
        self.fields = {**fields, **self.fields, **after}

    def facts(self) -> dict[str, Any]:
        """What ``close_with_result`` takes."""
        data = dict(self.cleaned_data)
        data["answers"] = {key: data.pop(f"ask_{key}") for key in self.asked}
        return data


class ContactForm(forms.Form):
    """What was corrected in the call. Nothing is shown beforehand: a whole number is seen in the file only, and logged."""

    phone = Telephone()
    address = forms.CharField(
        label=_("Address"), max_length=200, required=False, help_text=_("What stays empty is not changed.")
    )


class AnswerForm(forms.Form):
    note = forms.CharField(label=_("the doctor's note"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))


class CancelForm(forms.Form):
    reason = forms.CharField(label=_("reason"), max_length=120)


class RuleForm(forms.Form):
    """A rule of the tenant. Offsets as D0, D7, M6."""

    label = forms.CharField(label=pgettext_lazy("rule", "Name"), max_length=120, required=False)
    offsets = forms.CharField(
        label=_("days"), help_text=_("D0 the same day, D7 seven days later, M6 six months later.")
    )
    roles = forms.MultipleChoiceField(label=_("who calls"), widget=forms.CheckboxSelectMultiple)
    script = forms.CharField(
        label=_("script"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Empty: the words that come with the rule."),
    )
    opening_days = forms.BooleanField(label=_("moves to the next opening day"), required=False)
    is_active = forms.BooleanField(label=_("in force"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["roles"].choices = list(role_labels().items())  # type: ignore[attr-defined]

    def clean_offsets(self) -> list[str]:
        return [
            part.strip().upper() for part in self.cleaned_data["offsets"].replace("，", ",").split(",") if part.strip()
        ]
