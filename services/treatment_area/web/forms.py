"""Forms of the treatment area."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kernel.access import holds
from kernel.context import Actor
from kernel.web.fields import SegmentedRadios
from services.reception.models import Visit
from services.reception.selectors import HERE
from services.sites.models import Site
from services.treatment_area.companions import BY_AGE, other_grounds
from services.treatment_area.models import AccompanyingRelative, Concern, Feedback, Ground, Priority


def _words(label: Any, *, required: bool = True, rows: int = 2) -> forms.CharField:
    return forms.CharField(label=label, max_length=500, required=required, widget=forms.Textarea(attrs={"rows": rows}))


class AdmitForm(forms.Form):
    """Who wants to come in with the guest of ``visit``; a ground only beside the age, and only one that ``by`` may give."""

    name = forms.CharField(label=_("name of the relative"), max_length=80)
    relation = forms.ChoiceField(label=_("relation to the guest"), choices=AccompanyingRelative.Relation.choices)
    ground = forms.ChoiceField(label=_("ground"), required=False)
    note = forms.CharField(label=_("remark"), max_length=500, required=False)

    def __init__(self, *args: Any, visit: Visit, by: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        beside = [one for one in other_grounds(visit) if one in Ground.values and one not in BY_AGE]
        ground, none = self.fields["ground"], ("", _("age, or the doctor's medical need"))
        ground.choices = [none, *((one, Ground(one).label) for one in beside)]  # type: ignore[attr-defined]
        if not holds(by, "treatment_area.nurse_reason", site=visit.site.code):
            # Not offered; whoever sends it all the same is refused by the rule.
            ground.widget.choices = [none, *((one, Ground(one).label) for one in beside if one != Ground.NURSE_REASON)]


class RefuseForm(forms.Form):
    name = forms.CharField(label=_("name of the relative"), max_length=80)
    relation = forms.ChoiceField(label=_("relation to the guest"), choices=AccompanyingRelative.Relation.choices)
    refusal = forms.ChoiceField(label=_("why not"), choices=AccompanyingRelative.Refusal.choices)
    words = forms.CharField(label=_("remark"), max_length=500, required=False)


class NeedForm(forms.Form):
    reason = _words(_("medical need"))


class TakeOverForm(forms.Form):
    remark = _words(_("condition of the guest"), required=False)


class FeedbackForm(forms.Form):
    about = forms.ChoiceField(
        label=_("subject of the feedback"), choices=Feedback.About.choices, widget=SegmentedRadios
    )
    is_good = forms.TypedChoiceField(
        label=_("to standard"),
        choices=[("yes", pgettext_lazy("answer", "yes")), ("no", pgettext_lazy("answer", "no"))],
        coerce=lambda value: value == "yes",
        widget=SegmentedRadios,
    )
    words = _words(_("what was seen"), required=False)


class NoteForm(forms.Form):
    text = _words(_("note"))


class ReplyForm(forms.Form):
    reply = _words(_("reply"))


class PriorityForm(forms.Form):
    reason = forms.ChoiceField(label=_("reason"), choices=Priority.Reason.choices, widget=SegmentedRadios)
    condition = _words(_("condition to hand over"), required=False)


class PatrolForm(forms.Form):
    needs = _words(_("needs"), required=False)


class ConcernForm(forms.Form):
    """A concern, about a guest who is in the house or about nobody in particular."""

    kind = forms.ChoiceField(label=pgettext_lazy("concern", "what it is about"), choices=Concern.Kind.choices)
    visit = forms.ModelChoiceField(
        label=_("guest"), queryset=Visit.objects.none(), to_field_name="code", required=False
    )
    words = _words(_("what happened"))
    to = forms.ChoiceField(
        label=_("reported to"), choices=Concern.To.choices, widget=SegmentedRadios, initial=Concern.To.HEAD_NURSE
    )

    def __init__(self, *args: Any, site: Site, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Visit.objects.filter(site=site, state__in=HERE).select_related("patient")
        self.fields["visit"].queryset = rows  # type: ignore[attr-defined]
        self.fields["visit"].label_from_instance = lambda one: one.patient.name  # type: ignore[attr-defined]


class ResolveForm(forms.Form):
    resolution = _words(_("what was done"))


class SheetForm(forms.Form):
    remark = _words(_("opinions and incidents"), required=False, rows=3)
