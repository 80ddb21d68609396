"""Forms of consultation."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kernel import clock
from kernel.web.fields import DateField, SegmentedRadios, SiteDateTimeField
from services.appointments.machine import AWAITED
from services.appointments.models import Appointment
from services.appointments.selectors import of_patient
from services.catalogue.models import Item
from services.consultation import selectors, transfers
from services.consultation.models import Conduct, Consultation, DoctorTalk, KnowledgeVersion, Question, Transfer
from services.patients.models import Patient, Sex
from services.patients.web.forms import Telephone
from services.reception.models import Visit
from services.sites.models import Site
from services.staff.models import StaffMember


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


class StaffField(forms.ModelChoiceField):
    """A colleague, as people know them."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.number} {obj.name} {obj.post}"


class ItemField(forms.ModelChoiceField):
    """An item of the catalogue by its name."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.name)


class OpenForm(forms.Form):
    """Who comes to be advised. The phone comes first: it finds a known caller while it is typed."""

    phone = Telephone()
    customer_name = forms.CharField(
        label=_("full name"), max_length=80, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    customer_sex = forms.ChoiceField(label=_("Sex"), choices=Sex.choices, required=False, widget=SegmentedRadios)
    age = forms.IntegerField(label=_("age"), min_value=0, max_value=120, required=False)
    patient = forms.ModelChoiceField(queryset=Patient.objects.all(), to_field_name="code", required=False)
    visit = forms.ModelChoiceField(queryset=Visit.objects.none(), to_field_name="code", required=False)
    channel = forms.ChoiceField(
        label=_("channel"), choices=Consultation.Channel.choices, widget=SegmentedRadios, initial="walk_in"
    )
    vertical = forms.ChoiceField(label=_("line of business"), required=False, widget=SegmentedRadios)
    consultant = StaffField(
        label=_("consultant"), queryset=StaffMember.objects.none(), to_field_name="code", required=False
    )
    need = forms.CharField(label=_("what the customer wants"), max_length=500, required=False, widget=_area(2))

    def __init__(self, *args: Any, site: Site, verticals: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        here = StaffMember.objects.filter(sites=site, user__assignments__role__slug="consultant").distinct()
        self.fields["consultant"].queryset = here.order_by("number")  # type: ignore[attr-defined]
        self.fields["visit"].queryset = Visit.objects.filter(site=site)  # type: ignore[attr-defined]
        self.fields["vertical"].choices = verticals  # type: ignore[attr-defined]


class NotesForm(forms.Form):
    """What was said."""

    need = forms.CharField(label=_("what the customer wants"), max_length=1000, required=False, widget=_area(2))
    expectation = forms.CharField(
        label=_("what the customer expects"), max_length=1000, required=False, widget=_area(2)
    )
    concerns = forms.CharField(label=_("what worries the customer"), max_length=1000, required=False, widget=_area(2))
    condition = forms.CharField(label=_("condition in short"), max_length=1000, required=False, widget=_area(2))
    further = forms.ChoiceField(
        label=_("further need"), choices=Consultation.Further.choices, required=False, widget=SegmentedRadios
    )
    advice = forms.CharField(label=_("advice"), max_length=2000, required=False, widget=_area(3))
    mental_care = forms.CharField(
        label=_("state of mind, how it was met"), max_length=1000, required=False, widget=_area(2)
    )
    conduct = forms.MultipleChoiceField(
        label=_("kept to"), choices=Conduct.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    lesson_topic = forms.CharField(label=_("topic of the lesson"), max_length=40, required=False)
    lesson = forms.CharField(label=_("lesson for the team"), max_length=1000, required=False, widget=_area(2))


class RecommendForm(forms.Form):
    """An item and the words in which it is explained; what stays empty comes from its reviewed sheet."""

    item = ItemField(label=_("item"), queryset=Item.objects.none(), to_field_name="code")
    content = forms.CharField(label=_("what is done"), max_length=1000, required=False, widget=_area(2))
    advantages = forms.CharField(label=_("advantages"), max_length=1000, required=False, widget=_area(2))
    risks = forms.CharField(label=_("risks"), max_length=1000, required=False, widget=_area(2))
    precautions = forms.CharField(label=_("precautions"), max_length=1000, required=False, widget=_area(2))

    def __init__(self, *args: Any, vertical: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["item"].queryset = selectors.offered(vertical)  # type: ignore[attr-defined]


class QuestionForm(forms.Form):
    text = forms.CharField(label=_("question"), max_length=500, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    is_complex = forms.BooleanField(label=_("complex: needs literature or a doctor"), required=False)


class AnswerForm(forms.Form):
    """The final answer with its source."""

    source = forms.ChoiceField(label=_("source"), choices=Question.Source.choices, widget=SegmentedRadios)
    answer = forms.CharField(label=_("answer"), max_length=2000, required=False, widget=_area(3))
    reference = forms.CharField(label=_("literature"), max_length=300, required=False)
    standard = forms.ModelChoiceField(
        label=_("standard answer"),
        queryset=KnowledgeVersion.objects.filter(state="approved"),
        to_field_name="code",
        required=False,
        widget=forms.HiddenInput,
    )


class DoctorForm(forms.Form):
    """Which doctor is asked, how, until when."""

    doctor = StaffField(label=_("doctor"), queryset=StaffMember.objects.none(), to_field_name="code")
    mode = forms.ChoiceField(label=_("how"), choices=DoctorTalk.Mode.choices, widget=SegmentedRadios)
    question = forms.ModelChoiceField(
        label=_("question"), queryset=Question.objects.none(), to_field_name="code", required=False
    )
    matter = forms.CharField(label=_("matter"), max_length=1000, required=False, widget=_area(2))
    due_at = SiteDateTimeField(label=_("due"), required=False, help_text=_("Empty: within the usual hours."))

    def __init__(self, *args: Any, consultation: Consultation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["doctor"].queryset = selectors.doctors_to_ask(consultation.site)  # type: ignore[attr-defined]
        questions = consultation.questions.filter(closed_at__isnull=True)
        self.fields["question"].queryset = questions  # type: ignore[attr-defined]
        self.fields["question"].label_from_instance = lambda question: question.text[:60]  # type: ignore[attr-defined]
        self.fields["due_at"].zone = consultation.site.timezone  # type: ignore[attr-defined]


class PassOnForm(forms.Form):
    kind = forms.ChoiceField(label=_("kind"), choices=Transfer.Kind.choices, widget=SegmentedRadios)
    department = forms.ChoiceField(label=_("department"))
    matter = forms.CharField(label=_("matter"), max_length=1000, widget=_area(2))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].choices = [  # type: ignore[attr-defined]
            (one.key, one.label) for one in transfers.departments().values()
        ]


class FeeForm(forms.Form):
    item = ItemField(label=_("fee"), queryset=Item.objects.none(), to_field_name="code")
    doctor = StaffField(label=_("who signs the slip"), queryset=StaffMember.objects.none(), to_field_name="code")

    def __init__(self, *args: Any, consultation: Consultation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["item"].queryset = selectors.offered(consultation.vertical)  # type: ignore[attr-defined]
        self.fields["doctor"].queryset = selectors.doctors_to_ask(consultation.site)  # type: ignore[attr-defined]


class OutcomeForm(forms.Form):
    """How it ended."""

    outcome = forms.ChoiceField(
        label=_("outcome"),
        choices=[
            ("accepted", _("accepted")),
            ("booked", _("booked")),
            ("undecided", _("undecided")),
            ("refused", _("declined")),
        ],
        widget=SegmentedRadios,
    )
    next_step = forms.CharField(label=_("next step"), max_length=300, required=False)
    call_back_on = DateField(label=_("call back on"), required=False)
    appointment = forms.ModelChoiceField(
        label=_("booking"), queryset=Appointment.objects.none(), to_field_name="code", required=False
    )
    refusal = forms.ChoiceField(label=_("reason"), choices=[("", "—"), *Consultation.Refusal.choices], required=False)
    refusal_words = forms.CharField(label=_("in the customer's words"), max_length=300, required=False)

    def __init__(self, *args: Any, consultation: Consultation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if consultation.patient is not None:
            zone = consultation.site.timezone
            coming = of_patient(consultation.patient).filter(state__in=AWAITED)
            self.fields["appointment"].queryset = coming  # type: ignore[attr-defined]
            self.fields["appointment"].label_from_instance = (  # type: ignore[attr-defined]
                lambda booking: f"{clock.local(booking.starts_at, zone):%Y-%m-%d %H:%M} {booking.doctor.name}"
            )


class WithdrawForm(forms.Form):
    reason = forms.CharField(label=_("reason"), max_length=120)


class DoctorAnswerForm(forms.Form):
    answer = forms.CharField(label=_("answer"), max_length=2000, widget=_area(4))


class ToldForm(forms.Form):
    customer_told = forms.BooleanField(label=_("the customer was told and the plan presented"), required=False)


class SettleForm(forms.Form):
    result = forms.CharField(label=_("what was done"), max_length=1000, widget=_area(3))


class WordingForm(forms.Form):
    """A wording of a standard answer."""

    answer_zh = forms.CharField(label=_("answer (Chinese)"), max_length=2000, widget=_area(5))
    answer_en = forms.CharField(label=_("answer (English)"), max_length=2000, required=False, widget=_area(4))
    reference = forms.CharField(label=_("literature"), max_length=300, required=False)


class KnowledgeForm(WordingForm):
    """A question and its first wording."""

    question_zh = forms.CharField(label=_("question (Chinese)"), max_length=120)
    question_en = forms.CharField(label=_("question (English)"), max_length=160, required=False)
    keywords = forms.CharField(label=_("other words for it"), max_length=200, required=False)
    vertical = forms.ChoiceField(label=_("line of business"), required=False, widget=SegmentedRadios)
    field_order = ("question_zh", "question_en", "keywords", "vertical", "answer_zh", "answer_en", "reference")

    def __init__(self, *args: Any, verticals: list[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["vertical"].choices = verticals  # type: ignore[attr-defined]


class RemarkForm(forms.Form):
    remark = forms.CharField(label=_("what is wrong"), max_length=200)


class SheetForm(forms.Form):
    """What a service is."""

    content = forms.CharField(label=_("what is done"), max_length=1000, widget=_area(3))
    advantages = forms.CharField(label=_("advantages"), max_length=1000, required=False, widget=_area(2))
    contraindications = forms.CharField(label=_("not suited for"), max_length=1000, required=False, widget=_area(2))
    risks = forms.CharField(label=_("risks"), max_length=1000, required=False, widget=_area(2))
    precautions = forms.CharField(label=_("precautions"), max_length=1000, required=False, widget=_area(2))
    aftercare = forms.CharField(label=_("aftercare"), max_length=1000, required=False, widget=_area(2))
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
