"""Forms of the telephone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel import clock
from kernel.web.fields import DateField, SegmentedRadios, SiteDateTimeField
from services.patients.models import Patient, Sex
from services.patients.web.forms import Telephone
from services.sites.models import Site
from services.staff.models import StaffMember
from services.staff.selectors import doctors_at
from services.telephone.actions import LONGEST_CALL
from services.telephone.models import Call, CourtesyCall, Outcome, Promise, Purpose, Way
from services.telephone.selectors import recipients_at


class CallerFields(forms.Form):
    """Who calls. The phone comes first: it finds a known caller while it is typed."""

    phone = Telephone()
    caller_name = forms.CharField(
        label=_("Full name"), max_length=80, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    caller_sex = forms.ChoiceField(label=_("Sex"), choices=Sex.choices, required=False, widget=SegmentedRadios)
    patient = forms.ModelChoiceField(queryset=Patient.objects.all(), to_field_name="code", required=False)


class RecipientField(forms.ModelChoiceField):
    """A colleague with an inbox, as people know them."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.number} {obj.name} {obj.post}"


class CallForm(CallerFields):
    """One call, filled in while it goes on. What is missing is said by the action, in one place."""

    direction = forms.ChoiceField(
        label=_("direction"), choices=Call.Direction.choices, widget=SegmentedRadios, initial="in", required=False
    )
    purpose = forms.ChoiceField(label=_("purpose"), choices=Purpose.choices, widget=SegmentedRadios, required=False)
    outcome = forms.ChoiceField(label=_("outcome"), choices=Outcome.choices, widget=SegmentedRadios, required=False)
    summary = forms.CharField(
        label=_("what it is about"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    rings = forms.IntegerField(label=_("rings"), min_value=0, max_value=60, required=False)
    read_back = forms.BooleanField(label=_("name and phone read back"), required=False)
    recipient = RecipientField(
        label=_("message for"), queryset=StaffMember.objects.none(), to_field_name="code", required=False
    )
    reachable = forms.CharField(label=_("when reachable"), max_length=80, required=False)
    alternative = forms.CharField(label=_("alternative offered"), max_length=300, required=False)
    due_at = SiteDateTimeField(label=_("promised until"), required=False)
    started_at = forms.DateTimeField(required=False, widget=forms.HiddenInput)
    way = forms.ChoiceField(
        label=_("a question: how it was answered"),
        choices=[("", _("by myself")), *(choice for choice in Way.choices if choice[0] != Way.SELF)],
        required=False,
    )
    consulted = forms.ModelChoiceField(
        label=_("which doctor"), queryset=StaffMember.objects.none(), to_field_name="code", required=False
    )
    serious = forms.BooleanField(label=_("serious: to the dean at once"), required=False)
    suggestion = forms.CharField(label=_("what the caller suggests"), max_length=300, required=False)

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["recipient"].queryset = recipients_at(site)  # type: ignore[attr-defined]
        self.fields["consulted"].queryset = doctors_at(site)  # type: ignore[attr-defined]
        self.fields["consulted"].label_from_instance = lambda one: f"{one.number} {one.name}"  # type: ignore[attr-defined]
        self.fields["due_at"].zone = site.timezone  # type: ignore[attr-defined]

    def clean_started_at(self) -> datetime | None:
        """When the form was opened; one that stood open over night says nothing about this call."""
        opened: datetime | None = self.cleaned_data["started_at"]
        return opened if opened is not None and opened > clock.now() - LONGEST_CALL else None

    def facts(self) -> dict[str, Any]:
        """What ``log_call`` takes."""
        return dict(self.cleaned_data)


class MessageForm(CallerFields):
    """A slip for a colleague."""

    recipient = RecipientField(label=_("for whom"), queryset=StaffMember.objects.none(), to_field_name="code")
    matter = forms.CharField(
        label=_("matter"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    field_order = ("recipient", "phone", "caller_name", "caller_sex", "matter")

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["recipient"].queryset = recipients_at(site)  # type: ignore[attr-defined]


class PromiseForm(forms.Form):
    """What a customer may count on."""

    kind = forms.ChoiceField(
        label=_("what is promised"),
        choices=[choice for choice in Promise.Kind.choices if choice[0] != Promise.Kind.REPLY],
        widget=SegmentedRadios,
    )
    phone = Telephone()
    customer_name = forms.CharField(
        label=_("Full name"), max_length=80, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    patient = forms.ModelChoiceField(queryset=Patient.objects.all(), to_field_name="code", required=False)
    matter = forms.CharField(
        label=_("matter"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    reachable = forms.CharField(label=_("when reachable"), max_length=80, required=False)
    alternative = forms.CharField(label=_("alternative offered"), max_length=300, required=False)
    due_at = SiteDateTimeField(
        label=_("promised until"), required=False, help_text=_("For a commitment; a call-back is due by itself.")
    )

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["due_at"].zone = site.timezone  # type: ignore[attr-defined]


class AnswerForm(forms.Form):
    answer = forms.CharField(label=_("verified answer"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class ToldForm(forms.Form):
    """The customer was told, and how."""

    how = forms.ChoiceField(label=_("how"), choices=Promise.How.choices, widget=SegmentedRadios, initial="phone")
    note = forms.CharField(
        label=_("what was said"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    customer_told = forms.BooleanField(label=_("the customer was told"), required=False)


class ReplyForm(forms.Form):
    reply = forms.CharField(
        label=_("reply to the caller"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Whoever took the message passes it on. Leave it empty when nothing has to be told."),
    )


class ScriptForm(forms.Form):
    text_zh = forms.CharField(label=_("text (Chinese)"), max_length=2000, widget=forms.Textarea(attrs={"rows": 6}))
    text_hant = forms.CharField(
        label=_("text (Traditional Chinese)"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 6})
    )
    text_en = forms.CharField(
        label=_("text (English)"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 6})
    )
    is_active = forms.BooleanField(label=_("in force"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class PhraseForm(forms.Form):
    text = forms.CharField(label=_("phrase"), max_length=60)
    instead = forms.CharField(label=_("better"), max_length=120, required=False)


class NuisanceForm(forms.Form):
    phone = Telephone(required=True)
    reason = forms.CharField(label=_("reason"), max_length=120)


class CourtesyForm(forms.Form):
    """An order of courtesy calls: the list as record numbers, one in each line."""

    occasion = forms.CharField(label=_("occasion"), max_length=80)
    words = forms.CharField(label=_("what to say"), max_length=300, required=False)
    due_on = DateField(label=_("until"))
    numbers = forms.CharField(
        label=_("record numbers"), max_length=4000, widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("One in each line."),
    )  # fmt: skip

    def clean_numbers(self) -> list[Patient]:
        """The patients of the list; a number that nobody has is named."""
        wanted = list(dict.fromkeys(self.cleaned_data["numbers"].split()))[:500]
        found = {one.record_number: one for one in Patient.objects.filter(record_number__in=wanted)}
        missing = [number for number in wanted if number not in found]
        if missing:
            raise forms.ValidationError(_("No patient has %(numbers)s.") % {"numbers": ", ".join(missing[:5])})
        return [found[number] for number in wanted]


class CourtesyResultForm(forms.Form):
    result = forms.ChoiceField(choices=CourtesyCall.Result.choices)
    summary = forms.CharField(max_length=300, required=False)
