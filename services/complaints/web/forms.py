"""Forms of complaints and feedback. What is missing is said by the actions, in one place."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel import registry
from kernel.web.fields import AmountInput, DateField, FenField, SegmentedRadios
from services.complaints import ways
from services.complaints.cases import COLLECTED
from services.complaints.models import Channel, Evidence, Feedback, Principle, Round, Severity
from services.complaints.selectors import people_at
from services.consultation.transfers import departments
from services.followup.models import FollowUp
from services.patients.web.forms import Telephone
from services.sites.models import Site
from services.staff.models import StaffMember
from services.staff.selectors import staff_at
from services.tasks.selectors import role_labels

COMPLAINT = "complaint"
KINDS = [(COMPLAINT, pgettext_lazy("voice", "complaint")), *reversed(Feedback.Kind.choices)]


class Colleague(forms.ModelChoiceField):
    """A colleague, as people know them."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=StaffMember.objects.none(), to_field_name="code", **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.number} {obj.name} {obj.post}"


class Colleagues(forms.ModelMultipleChoiceField):
    """Several colleagues."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=StaffMember.objects.none(), to_field_name="code", **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.number} {obj.name} {obj.post}"


def area(label: Any, *, rows: int = 3, required: bool = False) -> forms.CharField:
    """A text of some lines."""
    return forms.CharField(label=label, max_length=2000, required=required, widget=forms.Textarea(attrs={"rows": rows}))


def category_choices(*, empty: Any = "—") -> list[tuple[str, Any]]:
    """Categories under their main category."""
    found: dict[str, list[tuple[str, Any]]] = {key: [] for key in ways.MAIN}
    for one in ways.categories().values():
        found[one.main].append((one.key, one.label))
    return [("", empty), *((ways.MAIN[key], rows) for key, rows in found.items() if rows)]  # type: ignore[list-item]


class CaseFields(forms.Form):
    """What only a complaint has."""

    category = forms.ChoiceField(label=_("what it is about"), required=False)
    severity = forms.ChoiceField(
        label=_("how serious"), choices=Severity.choices, initial="ordinary", required=False, widget=SegmentedRadios
    )
    treatment = area(_("treatment situation"), rows=2)
    accused = Colleagues(label=_("whom it concerns"), required=False)
    promised = forms.BooleanField(label=_("a reply was promised, and until when"), required=False)

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].choices = category_choices()  # type: ignore[attr-defined]
        self.fields["accused"].queryset = staff_at(site).order_by("number")  # type: ignore[attr-defined]


class IntakeForm(CaseFields):
    """The one intake, filled in while the customer speaks."""

    kind = forms.ChoiceField(label=_("kind"), choices=KINDS, initial=COMPLAINT, required=False, widget=SegmentedRadios)
    channel = forms.ChoiceField(label=_("how it reached us"), choices=Channel.choices, initial="desk", required=False)
    vertical = forms.ChoiceField(label=_("line of business"), required=False)
    phone = Telephone()
    name = forms.CharField(label=_("Name"), max_length=80, required=False)
    contact = forms.CharField(label=_("other contact"), max_length=120, required=False)
    matter = area(_("what was said"))
    field_order = (
        "kind", "channel", "phone", "name", "contact", "matter", "category", "severity", "treatment", "accused", "vertical",
        "promised",
    )  # fmt: skip

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, site=site, **kwargs)
        lines = [(one.key, one.label) for one in registry.active_verticals()]
        if len(lines) > 1:
            self.fields["vertical"].choices = [("", "—"), *lines]  # type: ignore[attr-defined]
        else:
            del self.fields["vertical"]


class UpgradeForm(CaseFields):
    """What turns feedback into a complaint."""

    phone = Telephone()
    name = forms.CharField(label=_("Name"), max_length=80, required=False)


class SolveForm(forms.Form):
    solution = area(_("what was done for the customer"))


class AssignForm(forms.Form):
    handler = Colleague(label=_("handler"), required=False)
    words = forms.CharField(label=_("words for the hand-over"), max_length=500, required=False)

    def __init__(self, *args: Any, site: Site, again: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["handler"].queryset = people_at(site)  # type: ignore[attr-defined]
        if not again:
            del self.fields["words"]


class TeamForm(forms.Form):
    lead = Colleague(label=_("lead"))
    members = Colleagues(label=_("members"), required=False)

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("lead", "members"):
            self.fields[name].queryset = people_at(site)  # type: ignore[attr-defined]


class ConcernedForm(forms.Form):
    staff = Colleague(label=_("whom it concerns"))

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["staff"].queryset = staff_at(site).order_by("number")  # type: ignore[attr-defined]


class EvidenceForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("kind"), choices=[one for one in Evidence.Kind.choices if one[0] in COLLECTED], required=False
    )
    words = area(_("what it says"))


class PrincipleForm(forms.Form):
    key = forms.ChoiceField(label=_("point of the guide"), choices=Principle.Key.choices)
    words = forms.CharField(label=_("note"), max_length=500, required=False)


class DetermineForm(forms.Form):
    cause = area(_("cause"))
    department = forms.ChoiceField(label=_("responsible department"), required=False)
    responsible = Colleague(label=_("or person"), required=False)
    opinion = area(_("how it should be handled"))

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = [(one.key, one.label) for one in departments().values()]
        self.fields["department"].choices = [("", "—"), *rows]  # type: ignore[attr-defined]
        self.fields["responsible"].queryset = staff_at(site).order_by("number")  # type: ignore[attr-defined]


class RemedyForm(forms.Form):
    kind = forms.ChoiceField(label=_("what is offered"), required=False)
    words = forms.CharField(label=_("what exactly"), max_length=500, required=False)
    amount_fen = FenField(
        label=_("amount, for a compensation"), min_value=0, required=False,
        widget=AmountInput(attrs={"class": "control num"}),
    )  # fmt: skip
    staff = Colleague(label=_("who does it"), required=False)
    due_on = DateField(label=_("until"), required=False)

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [("", "—"), *ways.remedies().items()]  # type: ignore[attr-defined]
        self.fields["staff"].queryset = staff_at(site).order_by("number")  # type: ignore[attr-defined]


class DecideForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=200, required=False)


class DoneForm(forms.Form):
    done_on = DateField(label=_("done on"), required=False)
    declined = forms.BooleanField(label=_("the customer declined it"), required=False)


class ReplyForm(forms.Form):
    how = forms.ChoiceField(label=_("how"), choices=Round.How.choices, initial="phone", widget=SegmentedRadios)
    words = area(_("what the customer was told"))


class WordsForm(forms.Form):
    words = area(_("what the customer said"), rows=2)


class MediateForm(forms.Form):
    mediator = forms.CharField(label=_("mediator"), max_length=120, required=False)
    mediation_on = DateField(label=_("date of the mediation"), required=False)


class MediationResultForm(forms.Form):
    result = area(_("result of the mediation"))


class FollowUpForm(forms.Form):
    satisfaction = forms.ChoiceField(
        label=_("how satisfied"), choices=FollowUp.Satisfaction.choices, required=False, widget=SegmentedRadios
    )
    words = area(_("what the customer said"), rows=2)


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)


class AssignFeedbackForm(forms.Form):
    department = forms.ChoiceField(label=_("department"), required=False)
    responsible = Colleague(label=_("person"), required=False)

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = [(one.key, one.label) for one in departments().values()]
        self.fields["department"].choices = [("", "—"), *rows]  # type: ignore[attr-defined]
        self.fields["responsible"].queryset = people_at(site)  # type: ignore[attr-defined]


class MeasureForm(forms.Form):
    measure = area(_("what was done about it"))


class AnswerForm(forms.Form):
    answer = area(_("what the customer was told"))


class ConfirmForm(forms.Form):
    satisfied = forms.TypedChoiceField(
        label=_("is the customer content?"),
        choices=[("yes", _("content")), ("no", _("not content"))],
        coerce=lambda text: text == "yes",
        empty_value=None,
        required=False,
        widget=SegmentedRadios,
    )


class RouteForm(forms.Form):
    channel = forms.ChoiceField(label=_("channel"), choices=[("", _("any")), *Channel.choices], required=False)
    category = forms.ChoiceField(label=_("category"), required=False)
    severity = forms.ChoiceField(label=_("how serious"), choices=[("", _("any")), *Severity.choices], required=False)
    roles = forms.MultipleChoiceField(label=_("who receives them"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].choices = category_choices(empty=_("any"))  # type: ignore[attr-defined]
        self.fields["roles"].choices = sorted(role_labels().items())  # type: ignore[attr-defined]


class PeriodForm(forms.Form):
    first = DateField(label=_("from"))
    last = DateField(label=_("until"))


class ReviewForm(PeriodForm):
    """Cause and measure of every category that has closed cases."""

    common = area(_("common problems"), rows=2)

    def __init__(self, *args: Any, site: Site, categories: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.categories = categories
        for key in categories:
            self.fields[f"cause_{key}"] = area(_("cause"), rows=2, required=True)
            self.fields[f"measure_{key}"] = area(_("measure"), rows=2, required=True)
            person = Colleague(label=_("who puts it to work"))
            person.queryset = people_at(site)
            self.fields[f"responsible_{key}"] = person
            self.fields[f"due_on_{key}"] = DateField(label=_("until"))


class DoneWordsForm(forms.Form):
    words = forms.CharField(label=_("what was put to work"), max_length=300, required=False)
