"""Forms of guest care: quick entries, and what closes them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.context import Actor
from kernel.web.fields import DateField, SegmentedRadios
from services.catalogue.models import Item
from services.catalogue.selectors import items
from services.guest_care.enquiries import quotes_anything
from services.guest_care.models import Opinion, Post, PriceEnquiry, SpecialRequest, TreatmentReminder
from services.patients.web.forms import Telephone
from services.reception.machine import HOLDS_CHAIR, UNSEEN
from services.reception.models import Visit
from services.reception.selectors import HERE
from services.sites.models import Site
from services.staff.models import StaffMember
from services.staff.selectors import doctors_at, staff_at


def _words(label: Any, *, required: bool = True, rows: int = 2, longest: int = 500) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=longest, required=required, widget=forms.Textarea(attrs={"rows": rows})
    )


def _line(label: Any, *, required: bool = True, longest: int = 80) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=longest, required=required, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class GuestField(forms.ModelChoiceField):
    """Somebody who is in the house."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.patient.name)


class ColleagueField(forms.ModelChoiceField):
    """A colleague as people know them: name, title and what they are good at."""

    def label_from_instance(self, obj: Any) -> str:
        return " ".join(str(part) for part in (obj.name, obj.title, *obj.specialties) if part)


class EntryForm(forms.Form):
    """A quick entry at ``site``. The guest comes last: most entries are about somebody who is standing there."""

    states: tuple[str, ...] = HERE
    needs_guest = False

    def __init__(self, *args: Any, site: Site, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "visit" in self.fields:
            rows = Visit.objects.filter(site=site, state__in=self.states).select_related("patient")
            self.fields["visit"].queryset = rows.order_by("-arrived_at")  # type: ignore[attr-defined]
            self.fields["visit"].required = self.needs_guest


def _guest() -> GuestField:
    return GuestField(label=_("guest"), queryset=Visit.objects.none(), to_field_name="code", required=False)


class LuggageForm(EntryForm):
    tag = _line(_("tag"), longest=12)
    description = _line(_("what it is"), longest=200)
    visit = _guest()
    owner = forms.CharField(
        label=_("owner"), max_length=80, required=False, help_text=_("Left empty: the guest chosen above.")
    )
    at_desk = forms.BooleanField(label=_("lies at the main desk already"), required=False)


class PriceForm(EntryForm):
    """Only who may name a price is offered that."""

    question = _line(_("What was asked?"), longest=500)
    outcome = forms.ChoiceField(
        label=_("what was offered"), choices=PriceEnquiry.Outcome.choices, widget=SegmentedRadios, initial="exam"
    )
    item = forms.ModelChoiceField(label=_("item"), queryset=Item.objects.none(), to_field_name="code", required=False)
    visit = _guest()

    def __init__(self, *args: Any, site: Site, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, site=site, actor=actor, **kwargs)
        offered = items()
        self.fields["item"].queryset = offered  # type: ignore[attr-defined]
        self.fields["item"].label_from_instance = lambda one: one.name  # type: ignore[attr-defined]
        if not quotes_anything(actor, site, offered):
            self.fields["item"].help_text = _("A price is named only once the doctor has signed the charge slip.")
            # Not offered; whoever sends it all the same is refused by the rule, which knows what helps and is audited.
            self.fields["outcome"].widget.choices = [
                (value, label) for value, label in PriceEnquiry.Outcome.choices if value != PriceEnquiry.Outcome.QUOTED
            ]


class AdviceForm(EntryForm):
    question = _words(_("question"), longest=1000)
    answer = _words(_("answer or referral"), longest=1000)
    department = _line(_("department"), required=False, longest=60)
    name = _line(_("name"), required=False)
    phone = Telephone()
    follow_up_on = DateField(label=_("follow up on"), required=False)


class OpinionForm(EntryForm):
    words = _words(_("in their words"), rows=3, longest=2000)
    speaker = forms.ChoiceField(
        label=_("who says it"), choices=Opinion.Speaker.choices, widget=SegmentedRadios, initial="guest"
    )
    speaker_name = _line(_("name"), required=False)
    visit = _guest()


class RequestForm(EntryForm):
    words = _line(_("what the guest wishes for"), longest=500)
    kind = forms.ChoiceField(
        label=_("about"), choices=SpecialRequest.Kind.choices, widget=SegmentedRadios, initial="other"
    )
    visit = _guest()
    guest_name = _line(_("name"), required=False)


class QuestionForm(EntryForm):
    question = _words(_("question"), longest=1000)
    doctor = ColleagueField(label=_("doctor"), queryset=StaffMember.objects.none(), to_field_name="code")
    visit = _guest()
    guest_name = _line(_("name"), required=False)

    def __init__(self, *args: Any, site: Site, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, site=site, actor=actor, **kwargs)
        self.fields["doctor"].queryset = doctors_at(site)  # type: ignore[attr-defined]


class ObservationForm(EntryForm):
    needs_guest = True
    words = _line(_("observation"), longest=300)
    visit = _guest()


class ReminderForm(EntryForm):
    needs_guest = True
    kind = forms.ChoiceField(
        label=_("about"), choices=TreatmentReminder.Kind.choices, widget=SegmentedRadios, initial="prescription"
    )
    words = _line(_("remark"), required=False, longest=500)
    visit = _guest()


class PassForm(EntryForm):
    needs_guest = True
    visit = _guest()
    from_post = forms.ChoiceField(
        label=pgettext_lazy("post", "from"), choices=Post.choices, widget=SegmentedRadios, initial="lobby"
    )
    to_post = forms.ChoiceField(
        label=pgettext_lazy("post", "to"), choices=Post.choices, widget=SegmentedRadios, initial="desk"
    )
    note = _line(_("remark"), required=False, longest=500)


class ReceptionForm(EntryForm):
    stood_up = forms.BooleanField(label=_("stood up at once"), required=False)
    led_to_seat = forms.BooleanField(label=_("led to the reception seats"), required=False)
    name = _line(_("name"), required=False)
    age = forms.IntegerField(label=_("age"), min_value=0, max_value=130, required=False)
    contact = _line(_("contact"), required=False)
    need = _words(_("need"), required=False, longest=1000)
    visit = _guest()


class IntroductionForm(EntryForm):
    needs_guest = True
    states = (*UNSEEN, *HOLDS_CHAIR)
    purpose = _line(_("purpose of the visit"), longest=500)
    precautions = _line(_("special precautions"), required=False, longest=500)
    doctor = ColleagueField(
        label=_("doctor"), queryset=StaffMember.objects.none(), to_field_name="code", required=False,
        help_text=_("Left empty: the doctor of the visit."),
    )  # fmt: skip
    nurse = ColleagueField(label=_("nurse"), queryset=StaffMember.objects.none(), to_field_name="code", required=False)
    chart_handed = forms.BooleanField(label=_("chart handed over with both hands"), required=False)
    visit = _guest()

    def __init__(self, *args: Any, site: Site, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, site=site, actor=actor, **kwargs)
        self.fields["doctor"].queryset = doctors_at(site)  # type: ignore[attr-defined]
        self.fields["nurse"].queryset = staff_at(site).filter(is_assistant=True)  # type: ignore[attr-defined]


class FaultForm(EntryForm):
    words = _line(_("what is wrong"), longest=500)


class CloseRequestForm(forms.Form):
    unmet_reason = forms.ChoiceField(
        label=_("why it cannot be met"), choices=SpecialRequest.Unmet.choices, required=False
    )
    remark = _line(_("remark"), required=False, longest=500)


class RemarkForm(forms.Form):
    remark = _words(_("what follows"), required=False)


class AnswerForm(forms.Form):
    answer = _words(_("answer"), rows=3, longest=2000)


class CarryForm(forms.Form):
    until = DateField(label=_("carry over to"))
    reason = _line(_("reason"), longest=500)


class ResultForm(forms.Form):
    result = _words(_("what came of it"), longest=1000)


class ReasonForm(forms.Form):
    reason = _line(_("reason"), longest=500)


class PlaceForm(forms.Form):
    place = _line(_("where to"), required=False, longest=40)


class ItemForm(forms.Form):
    title_zh = _line(_("name (Chinese)"), longest=60)
    title_en = _line(_("name (English)"), required=False, longest=60)
    words_zh = _words(_("what is said (Chinese)"), required=False, rows=3, longest=1000)
    words_en = _words(_("what is said (English)"), required=False, rows=3, longest=1000)
    is_active = forms.BooleanField(label=_("in force"), required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class PeriodForm(forms.Form):
    first = DateField(label=pgettext_lazy("period", "from"))
    last = DateField(label=pgettext_lazy("period", "to"))
